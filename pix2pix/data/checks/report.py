"""The report on a folder of pictures: what is in it, what is wrong with it, and what to do about it."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from pix2pix.config import Kind, PaletteEntry, TrainConfig
from pix2pix.data.checks.alignment import common_shift
from pix2pix.data.checks.findings import (
    SIMPLE,
    Facts,
    Finding,
    Sampled,
    find,
    guess_direction,
    look_closely,
    other_way_round,
)
from pix2pix.data.checks.turns import find_turned
from pix2pix.data.kinds import Looks, look
from pix2pix.data.pairs import Pair, PairFolder, Problem, open_config_pairs, read_pair
from pix2pix.errors import DataError
from pix2pix.imaging.palette import EXACT_COLORS, Pixels, has_class_numbers
from pix2pix.runtime.progress import Progress
from pix2pix.settings import Levels

MANY = 3
SAMPLED = 40
SIDES = {
    "side by side": ("on the left", "on the right"),
    "two folders": ("in A", "in B"),
    "two suffixes": ("in _A", "in _B"),
}
PLURALS: dict[Kind, str] = {
    "labels": "labels",
    "photo": "photos",
    "gray": "gray pictures",
    "edges": "edges",
    "mask": "photos with holes",
    "lowres": "blurred photos",
}
"""Files named in the text of one finding; `to_dict` has all."""


@dataclass(frozen=True)
class Half:
    """The kind of the pictures of one side; `colors` is the number of classes, for labels."""

    kind: Kind
    colors: int
    palette: tuple[PaletteEntry, ...]
    levels: Levels | None = None
    """The values shown as black and white in pictures of more than 8 bits."""


@dataclass(frozen=True)
class Report:
    """The result of `pix2pix inspect`."""

    folder: str
    layout: str
    direction: str
    guessed_direction: str
    """The direction, reversed where the halves look as if they were the other way round."""
    counts: dict[str, int]
    drawn: bool
    """Whether the validation pairs were drawn at random from the training pairs."""
    sizes: tuple[tuple[int, int, int], ...]
    """(width, height, number of pairs) of a half, most frequent first."""
    source: Half
    target: Half
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    """Files that are left out, each with its cause."""
    stated: str = "auto"
    """The layout that was asked for."""
    folders: tuple[str, str] = ("A", "B")
    """Names of the folders of the two sides, where there are two."""

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON."""
        return dataclasses.asdict(self)

    def text(self) -> str:
        """Returns the report as about ten lines of text; `str` gives it too."""
        total = sum(self.counts.values())
        (width, height, _) = self.sizes[0]
        more = (
            f" and {len(self.sizes) - 1} other size{'s' * (len(self.sizes) > 2)}"
            if len(self.sizes) > 1
            else ""
        )
        counts = ", ".join(f"{count} {split}" for split, count in self.counts.items() if count)
        drawn = " (val drawn by seed)" if self.drawn else ""
        noun = (
            ("photo" if self.layout == "photos" else "pair")
            + "s" * (total != 1)
            + f", {self.layout}" * (self.layout != "photos")
        )
        lines = [f"{total} {noun}, halves {width} x {height}{more}", f"splits: {counts}{drawn}"]
        lines += [
            f"{name}: {half_text(half)}" for name, half in (("source", self.source), ("target", self.target))
        ]
        lines += [f"! {finding.what} {finding.remedy}{file_list(finding.files)}" for finding in self.findings]
        lines += [f"left out: {problem}" for problem in self.problems]
        return "\n".join(lines)

    __str__ = text

    def headline(self) -> str:
        """Returns one line: `212 pairs, side by side, 512 x 256, labels on the right: 9 colours`."""
        total = sum(self.counts.values())
        (width, height, _) = self.sizes[0]
        if self.layout == "photos":
            return f"{total:,} photo{'s' * (total != 1)}, {width} x {height}"
        width *= 2 if self.layout == "side by side" else 1
        places = (
            SIDES[self.layout]
            if self.layout != "two folders"
            else tuple(f"in {folder}" for folder in self.folders)
        )
        first, second = (self.source, self.target) if self.direction == "AtoB" else (self.target, self.source)
        halves = [
            f"{PLURALS[half.kind]} {place}"
            for half, place in ((first, places[0]), (second, places[1]))
            if half.kind in SIMPLE
        ]
        halves = halves if first.kind != second.kind else [f"{PLURALS[first.kind]} on both sides"]
        colors = (
            f": {max(first.colors, second.colors)} colours" if "labels" in (first.kind, second.kind) else ""
        )
        return (
            f"{total:,} pair{'s' * (total != 1)}, {self.layout}, {width} x {height},"
            f" {' and '.join(halves)}{colors}"
        )

    def turned(self) -> Report:
        """Returns the report with sources and targets exchanged."""
        direction = "BtoA" if self.direction == "AtoB" else "AtoB"
        found = tuple(other_way_round(finding) for finding in self.findings if finding.key != "reversed")
        return dataclasses.replace(
            self, direction=direction, source=self.target, target=self.source, findings=found
        )


def half_text(half: Half) -> str:
    """Returns the kind of a side, with the classes of labels."""
    if half.kind != "labels":
        return half.kind
    return f"labels, {half.colors} colours: " + ", ".join(
        f"{name} ({r}, {g}, {b})" for name, (r, g, b) in half.palette
    )


def file_list(files: tuple[str, ...]) -> str:
    """Returns the first files in brackets; "" for none."""
    rest = f" and {len(files) - MANY} more" if len(files) > MANY else ""
    return f" [{', '.join(files[:MANY])}{rest}]" if files else ""


def inspect_folder(folder: str | Path, progress: Progress | None = None, **settings: Any) -> Report:
    """Opens a folder as training would, reads every picture once, and returns the report.

    `settings` are the training settings of how the data is arranged and what it is, such as `direction` or
    `layout`; `progress` is called with the number of pairs done, and of all.
    """
    config = TrainConfig(data=str(folder), **settings)
    pairs = open_config_pairs(config)
    looks = look(pairs, config.source, target=config.target)
    return dataclasses.replace(inspect_pairs(pairs, looks, progress=progress), folder=str(folder))


def inspect_pairs(pairs: PairFolder, looks: Looks, *, progress: Progress | None = None) -> Report:
    """Reads every picture of pairs that were found and sampled already, and returns the report."""
    facts: dict[str, Facts] = {}
    problems = list(pairs.problems)
    for done, (file, result) in enumerate(read_all(pairs, partial(look_closely, looks=looks)), 1):
        if isinstance(result, DataError):
            problems.append(Problem(file, str(result)))
        else:
            facts[file] = result
        if progress:
            progress(done, len(pairs.pairs))
    sizes = Counter(fact.size for fact in facts.values())
    scores = {file: fact.turn_scores for file, fact in facts.items() if fact.turn_scores}
    sampled = dataclasses.replace(_sample_closely(pairs, looks), turned=find_turned(pairs, scores))
    return Report(
        folder=str(pairs.root),
        layout=pairs.layout,
        direction=pairs.direction,
        guessed_direction=guess_direction(pairs, looks),
        counts={"train": len(pairs.train), "val": len(pairs.val), "test": len(pairs.test)},
        drawn=pairs.drawn,
        sizes=tuple((width, height, count) for (width, height), count in sizes.most_common()),
        source=Half(looks.source, len(looks.palette), looks.palette, pairs.levels[0]),
        target=Half(looks.target, len(looks.target_palette), looks.target_palette, pairs.levels[1]),
        findings=tuple(find(pairs, looks, facts=facts, sampled=sampled)),
        problems=tuple(problems),
        stated=pairs.stated,
        folders=_side_folders(pairs),
    )


def _side_folders(pairs: PairFolder) -> tuple[str, str]:
    """Returns the names of the folders in which the halves of a pair differ, side A first."""
    first = pairs.pairs[0]
    if pairs.layout != "two folders" or first.target is None:
        return "A", "B"
    halves = (first.source, first.target) if pairs.direction == "AtoB" else (first.target, first.source)
    above = [half.relative_to(pairs.root).parts[:-1] for half in halves]
    return next(((a, b) for a, b in zip(*above, strict=False) if a != b), ("A", "B"))


def read_all(
    pairs: PairFolder, look_at: Callable[[str, Pair], Facts]
) -> Iterator[tuple[str, Facts | DataError]]:
    """Yields the facts of every pair in order, by its split, reading a few at a time."""
    work = [(split, pair) for split in ("train", "val", "test") for pair in getattr(pairs, split)]

    def read(item: tuple[str, Pair]) -> tuple[str, Facts | DataError]:
        split, pair = item
        file = pair.source.relative_to(pairs.root).as_posix()
        try:
            return file, look_at(split, pair)
        except DataError as error:
            return file, error

    workers = min(4, os.cpu_count() or 1)
    rest = iter(work)
    with ThreadPoolExecutor(workers, "pix2pix-inspect") as pool:
        while group := list(islice(rest, 64)):
            yield from pool.map(read, group)


def _sample_closely(pairs: PairFolder, looks: Looks) -> Sampled:
    """Examines some pairs together, at full size."""
    if pairs.make != "none":
        return Sampled()
    sampled = []
    step = max(1, len(pairs.pairs) // SAMPLED)
    for pair in pairs.pairs[::step][:SAMPLED]:
        try:
            source, target = read_pair(pair)
        except DataError:  # named among the problems already
            continue
        sampled.append((np.asarray(source), np.asarray(target)))
    labels = [(0, looks.palette), (1, looks.target_palette)]
    shades = [
        (_shades([halves[side] for halves in sampled]), len(palette)) for side, palette in labels if palette
    ]
    numbers = tuple(
        bool(sampled) and has_class_numbers([halves[side] for halves in sampled]) for side in (0, 1)
    )
    return Sampled(*max(shades, default=(0, 0)), common_shift(sampled), (numbers[0], numbers[1]))


def _shades(pictures: list[Pixels]) -> int:
    """Returns the number of different colours in label pictures, where there are more than a drawing
    has; else 0."""
    few = pictures[:: max(1, len(pictures) // 8)]
    count = len(
        np.unique(np.concatenate([np.unique(picture.reshape(-1, 3), axis=0) for picture in few]), axis=0)
    )
    return count if count > EXACT_COLORS else 0
