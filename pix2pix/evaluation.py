"""How good a model is on pairs that it has not seen: L1, PSNR and SSIM against the targets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from pix2pix.config import SPLITS
from pix2pix.data.pairs import Pair, PairFolder, Problem, open_pairs
from pix2pix.errors import ConfigError, DataError
from pix2pix.images import to_tensor
from pix2pix.metrics import METRICS
from pix2pix.translator import MODES, Translator

Progress = Callable[[int, int], None]
"""Called with the number of pictures done, and of all."""


@dataclass(frozen=True)
class PictureScores:
    """One pair: its name, and each metric by name."""

    name: str
    scores: dict[str, float]


@dataclass(frozen=True)
class Scores:
    """What a model reached on a split. All metrics are of pictures in [0, 1], at 8 bits a channel, as they would be saved."""

    split: str
    mode: str
    size: int | None
    """Side of the compared pictures in pixels; None where each has its own (mode `native`)."""
    pictures: tuple[PictureScores, ...]
    means: dict[str, float]
    seconds_per_picture: float
    """Of the translation alone, without reading and measuring."""
    problems: tuple[Problem, ...] = ()

    @property
    def count(self) -> int:
        """Pictures measured."""
        return len(self.pictures)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON: a row a picture has its name beside its metrics."""
        return {
            "split": self.split,
            "mode": self.mode,
            "size": self.size,
            "count": self.count,
            "means": self.means,
            "seconds_per_picture": self.seconds_per_picture,
            "pictures": [{"name": row.name, **row.scores} for row in self.pictures],
            "problems": [{"file": problem.file, "cause": problem.cause} for problem in self.problems],
        }


def open_evaluation_pairs(translator: Translator, data: str | Path, direction: str | None = None) -> PairFolder:
    """The pairs of a folder, as the model was trained on them: its direction (unless given), made sources, and seed.

    With the seed, a folder without splits falls apart as it did in training: the validation pairs are those that training left out.
    """
    about = translator.about
    direction = direction or str(about.get("direction", "AtoB"))
    seed = about.get("seed", 0)
    return open_pairs(data, direction, str(about.get("make", "none")), seed if isinstance(seed, int) else 0)


def evaluate(
    translator: Translator, pairs: PairFolder | str | Path, split: str | None = None, progress: Progress | None = None, mode: str = "fit"
) -> Scores:
    """Translates the pairs of a split and measures how near they come to their targets.

    The split is test where there are such pairs, else val, else train; `all` takes each pair. Mode `fit` compares at the size that the
    model was trained at, `native` at the size of the pictures. A pair that cannot be read is among the `problems` of the result.
    """
    if mode not in MODES:
        raise ConfigError(f"mode is {mode!r}; choose one of {', '.join(MODES)}.")
    folder = pairs if isinstance(pairs, PairFolder) else open_evaluation_pairs(translator, pairs)
    split, chosen = _choose(folder, split)
    rows: list[PictureScores] = []
    problems: list[Problem] = []
    seconds = 0.0
    for done, pair in enumerate(chosen, 1):
        try:
            source, target = _load(translator, folder, pair, mode)
            begin = time.perf_counter()
            fake = translator(source, mode=mode)
            seconds += time.perf_counter() - begin
            rows.append(PictureScores(pair.name, _measure(fake, target, translator.config.out_channels)))
        except DataError as error:
            problems.append(Problem(pair.source.relative_to(folder.root).as_posix(), str(error)))
        if progress:
            progress(done, len(chosen))
    if not rows:
        raise DataError(f"none of the {len(chosen)} {split} pairs of {folder.root} could be measured. The first: {problems[0]}")
    means = {name: sum(row.scores[name] for row in rows) / len(rows) for name in METRICS}
    size = translator.config.size if mode == "fit" else None
    return Scores(split, mode, size, tuple(rows), means, seconds / len(rows), tuple(problems))


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


def _load(translator: Translator, folder: PairFolder, pair: Pair, mode: str) -> tuple[Image.Image, Image.Image]:
    config = translator.config
    return folder.load(pair, config.size if mode == "fit" else None, (config.source, config.target))


def _measure(fake: Image.Image, target: Image.Image, channels: int) -> dict[str, float]:
    pictures = to_tensor(fake, channels), to_tensor(target, channels)
    return {name: metric(*pictures)[0] for name, metric in METRICS.items()}
