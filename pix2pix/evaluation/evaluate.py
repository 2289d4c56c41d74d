"""Evaluates a model on held-out pairs: metrics of each picture against its target, and of all together."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pix2pix.config import SPLITS
from pix2pix.data.clipping import SIDES, clipped_shares, clipping_note
from pix2pix.data.kinds import look
from pix2pix.data.pairs import Pair, PairFolder, Problem, open_pairs
from pix2pix.errors import ConfigError, DataError
from pix2pix.evaluation.measures import Colours, EvaluatedPair, LabelScore, Measure
from pix2pix.evaluation.metrics import measure_pair
from pix2pix.inference.translator import MODES, Translator
from pix2pix.runtime.progress import Progress


@dataclass(frozen=True)
class PictureScores:
    """The scores of one pair: name, split, metrics by name, and the seconds of its translation."""

    name: str
    scores: dict[str, float]
    seconds: float = 0.0
    split: str = ""

    @property
    def key(self) -> str:
        """The name with the split, such as `val/house2`, since a name may occur in each split."""
        return f"{self.split}/{self.name}"


@dataclass(frozen=True)
class Scores:
    """The scores of a model on a split. All metrics are of pictures in [0, 1] at 8 bits a
    channel, as saved."""

    split: str
    mode: str
    size: int | None
    """Side of the compared pictures in pixels; None where each has its own (mode `native`)."""
    pictures: tuple[PictureScores, ...]
    means: dict[str, float]
    seconds_per_picture: float
    """Seconds of the translation alone, without reading and measuring."""
    problems: tuple[Problem, ...] = ()
    overall: dict[str, float] = field(default_factory=dict)
    """Measures over all pictures together, by name: colours, segmentation, FID."""
    notes: tuple[str, ...] = ()
    """Sentences about pictures with values outside the range that the model was trained with."""

    def __repr__(self) -> str:
        means = ", ".join(f"{name} {value:.4g}" for name, value in self.means.items())
        return f"<Scores of {self.count} {self.split} pairs: {means}>"

    @property
    def count(self) -> int:
        """The number of pictures measured."""
        return len(self.pictures)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON; the row of a picture holds its split, name and metrics."""
        return {
            "split": self.split,
            "mode": self.mode,
            "size": self.size,
            "count": self.count,
            "means": self.means,
            "overall": self.overall,
            "seconds_per_picture": self.seconds_per_picture,
            "pictures": [
                {"split": row.split, "name": row.name, **row.scores, "seconds": row.seconds}
                for row in self.pictures
            ],
            "problems": [{"file": problem.file, "cause": problem.cause} for problem in self.problems],
            "notes": list(self.notes),
        }

    def to_csv(self) -> str:
        """Returns CSV with one line for each picture below the names of the columns."""
        columns = list(dict.fromkeys(name for row in self.pictures for name in row.scores))
        text = io.StringIO()
        writer = csv.DictWriter(text, ["split", "name", *columns, "seconds"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {"split": row.split, "name": row.name, **row.scores, "seconds": row.seconds}
            for row in self.pictures
        )
        return text.getvalue()


def open_evaluation_pairs(
    translator: Translator, data: str | Path, *, direction: str | None = None, layout: str | None = None
) -> PairFolder:
    """Returns the pairs of a folder as the model was trained on them.

    They have its direction and layout (unless given), made sources, seed, and the ranges of pictures of more
    than 8 bits. With the seed, a folder without splits is divided as in training: the validation pairs are
    those that training left out.
    """
    about = translator.about
    direction = direction or str(about.get("direction", "AtoB"))
    seed = about.get("seed", 0)
    settings = about.get("settings")
    layout = layout or str(settings.get("layout", "auto") if isinstance(settings, dict) else "auto")
    return open_pairs(
        data,
        direction,
        str(about.get("make", "none")),
        seed if isinstance(seed, int) else 0,
        layout,
        source_levels=translator.config.source_levels,
        target_levels=translator.config.target_levels,
    )


def evaluate(
    translator: Translator | str | Path,
    pairs: PairFolder | str | Path,
    split: str | None = None,
    progress: Progress | None = None,
    mode: str = "fit",
) -> Scores:
    """Translates the pairs of a split and measures how near they come to their targets.

    Model and pairs may be paths: `evaluate("model.pth", "pairs")`.

    The split is test where there are such pairs, else val, else train; `all` takes each pair. Mode `fit`
    compares at the size that the model was trained at, `native` at the size of the pictures. A pair that
    cannot be read is among the `problems` of the result.
    """
    model = translator if isinstance(translator, Translator) else Translator.load(translator)
    return Evaluation(model, pairs, split=split, mode=mode).run(progress=progress)


class Evaluation:
    """An evaluation that is about to run: its model, pairs, split and mode. `evaluate` is its short form."""

    def __init__(
        self,
        translator: Translator,
        pairs: PairFolder | str | Path,
        *,
        split: str | None = None,
        mode: str = "fit",
    ) -> None:
        if mode not in MODES:
            raise ConfigError(f"mode is {mode!r}; choose one of {', '.join(MODES)}.")
        self.translator = translator
        self.mode = mode
        self.folder = pairs if isinstance(pairs, PairFolder) else open_evaluation_pairs(translator, pairs)
        self.split, self.pairs = _choose(self.folder, split)

    def run(self, measures: Sequence[Measure] = (), progress: Progress | None = None) -> Scores:
        """Measures each pair once, with these measures and the default ones."""
        measures = (Colours(), *self._score_labels(), *measures)
        rows: list[PictureScores] = []
        problems: list[Problem] = []
        for done, pair in enumerate(self.pairs, 1):
            try:
                rows.append(self._look_at(pair, measures))
            except DataError as error:
                problems.append(Problem(pair.source.relative_to(self.folder.root).as_posix(), str(error)))
            if progress:
                progress(done, len(self.pairs))
        if not rows:
            raise DataError(
                f"none of the {len(self.pairs)} {self.split} pairs of {self.folder.root} could be measured. "
                f"The first: {problems[0]}"
            )
        overall = {name: value for measure in measures for name, value in measure.result().items()}
        size = self.translator.config.size if self.mode == "fit" else None
        seconds = sum(row.seconds for row in rows) / len(rows)
        return Scores(
            self.split,
            self.mode,
            size,
            tuple(rows),
            _means(rows),
            seconds,
            tuple(problems),
            overall,
            tuple(self._clipping_notes()),
        )

    def _clipping_notes(self) -> Iterator[str]:
        for side, (noun, levels) in enumerate(zip(SIDES, self.folder.levels, strict=True)):
            shares = clipped_shares(self.folder, side, pairs=self.pairs)
            note = clipping_note(shares.values(), levels, noun=noun)
            if note:
                yield note

    def _score_labels(self) -> list[Measure]:
        """Returns the measure of classes, for a model whose pictures are label maps."""
        if self.translator.config.target != "labels":
            return []
        palette = look(self.folder, self.translator.config.source, target="labels").target_palette
        return [LabelScore(palette)] if len(palette) > 1 else []

    def _look_at(self, pair: Pair, measures: Sequence[Measure]) -> PictureScores:
        config = self.translator.config
        size = config.size if self.mode == "fit" else None
        source, target = self.folder.load(pair, size, (config.source, config.target))
        begin = time.perf_counter()
        fake = self.translator(source, mode=self.mode)
        seconds = time.perf_counter() - begin
        if config.target == "gray":
            target = target.convert("L").convert("RGB")
        evaluated = EvaluatedPair(self.folder, pair, source, fake, target, config.out_channels)
        scores = measure_pair(*evaluated.tensors)
        for measure in measures:
            scores |= measure.see(evaluated)
        return PictureScores(pair.name, scores, seconds, self.folder.split_of(pair))


def _means(rows: Sequence[PictureScores]) -> dict[str, float]:
    """Returns the mean of each metric over the pictures that have it: small ones have no MS-SSIM."""
    names = dict.fromkeys(name for row in rows for name in row.scores)
    found = {name: [row.scores[name] for row in rows if name in row.scores] for name in names}
    return {name: sum(values) / len(values) for name, values in found.items()}


def _choose(folder: PairFolder, split: str | None) -> tuple[str, tuple[Pair, ...]]:
    by_name = {"test": folder.test, "val": folder.val, "train": folder.train, "all": folder.pairs}
    if split is None:
        split = next(name for name in SPLITS if by_name[name] or name == "all")
    if split not in by_name:
        raise ConfigError(f"split is {split!r}; choose one of {', '.join(SPLITS)}.")
    if not by_name[split]:
        counts = ", ".join(f"{len(by_name[name])} {name}" for name in ("train", "val", "test"))
        raise DataError(f"{folder.root} has no {split} pairs; it has {counts}. Choose another split.")
    return split, by_name[split]
