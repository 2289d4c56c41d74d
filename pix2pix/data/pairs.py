"""Pairs of pictures in a folder, in each common layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from PIL import Image

from pix2pix.config import Kind, ModelConfig, TrainConfig
from pix2pix.data.layouts import Layout, Match, match_files
from pix2pix.data.made_sources import make_source
from pix2pix.data.scan import Problem, scan
from pix2pix.data.shortfall import nothing_found
from pix2pix.errors import ConfigError, DataError
from pix2pix.imaging.tensors import resize, usual_levels
from pix2pix.runtime.files import read_header, read_image, read_range
from pix2pix.seeding import seed_of
from pix2pix.settings import Levels

__all__ = ["Pair", "PairFolder", "Problem", "open_pairs"]

T = TypeVar("T")
LARGEST_VALIDATION = 50
MOST_MEASURED = 2000
"""Deep pictures of a side whose values are looked at, each read whole."""


@dataclass(frozen=True)
class Pair:
    """A source and its target: two files, one photo, or the halves of one file (`target` is None).

    `half` states which half is the source.
    """

    name: str
    source: Path
    target: Path | None = None
    half: Literal["left", "right"] | None = None
    size: tuple[int, int] | None = None
    """Width and height of each half, from the file's header."""
    source_is_deep: bool = False
    target_is_deep: bool = False
    """Whether a half has values of more than 8 bits."""
    source_levels: Levels | None = None
    target_levels: Levels | None = None
    """Values shown as black and white in deep halves, the same for all pictures of a side; None for
    each file's own."""

    @property
    def files(self) -> tuple[Path, Path]:
        """The files of source and target, which may be the same."""
        return self.source, self.target or self.source


@dataclass(frozen=True)
class PairFolder:
    """The pairs of a folder by split, and the files that did not fit."""

    root: Path
    layout: Layout
    direction: str
    make: str
    train: tuple[Pair, ...]
    val: tuple[Pair, ...]
    test: tuple[Pair, ...]
    problems: tuple[Problem, ...]
    drawn: bool
    """Whether the validation pairs were drawn at random, because there is no folder of them."""
    unequal: tuple[Pair, ...] = ()
    """Pairs of two files that are left out, because their sizes differ."""
    unreadable: tuple[Pair, ...] = ()
    """Pairs that are left out, because one of their files cannot be read."""
    stated: str = "auto"
    """The layout that was asked for; `auto` where it was looked for."""
    has_stated_levels: tuple[bool, bool] = (False, False)
    """Whether the range of deep sources and targets was given, and not found in them."""

    @property
    def levels(self) -> tuple[Levels | None, Levels | None]:
        """What is black and white in deep sources and targets; None where there are none."""
        return self.pairs[0].source_levels, self.pairs[0].target_levels

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs, training pairs first."""
        return self.train + self.val + self.test

    @cached_property
    def _splits(self) -> dict[Pair, str]:
        return {pair: split for split in ("train", "val", "test") for pair in getattr(self, split)}

    def split_of(self, pair: Pair) -> str:
        """Returns `train`, `val` or `test`."""
        return self._splits[pair]

    def key_of(self, pair: Pair) -> str:
        """Returns the name with the split, such as `val/house2`, since a name may occur in each split."""
        return f"{self._splits[pair]}/{pair.name}"

    @property
    def has_split_folders(self) -> bool:
        """Whether the splits are folders of their own, so that a name may occur in several of them."""
        return not self.drawn and bool(self.val or self.test)

    def load(
        self, pair: Pair, size: int | None = None, kinds: tuple[Kind, Kind] = ("photo", "photo")
    ) -> tuple[Image.Image, Image.Image]:
        """Returns source and target as RGB pictures, resized to `size` x `size` if given.

        Raises `DataError` where a file is broken.
        """
        source, target = read_pair(pair)
        if size is not None:
            source, target = (
                resize(half, (size, size), kind=kind)
                for half, kind in zip((source, target), kinds, strict=True)
            )
        if self.make != "none":
            source = make_source(target, self.make, seed_of(pair.name))
        return source, target


def read_pair(
    pair: Pair, read: Callable[[Path, Levels | None], Image.Image] = read_image
) -> tuple[Image.Image, Image.Image]:
    """Returns the two pictures of a pair, each file read with its range by `read`; for a single
    photo it twice."""
    source = read(pair.source, pair.source_levels)
    if pair.target:
        target = _of_half(lambda file: read(file, pair.target_levels), pair.target)
        if source.size != target.size:
            raise DataError(_unequal(pair.source, source.size, b=pair.target, other=target.size))
        return source, target
    if pair.half is None:
        return source, source
    both = source if pair.target_levels == pair.source_levels else read(pair.source, pair.target_levels)
    middle = source.width // 2
    left = (0, 0, middle, source.height)
    right = (middle, 0, 2 * middle, source.height)
    first, second = (left, right) if pair.half == "left" else (right, left)
    return source.crop(first), both.crop(second)


def _of_half(read: Callable[[Path], T], file: Path) -> T:
    """Returns what `read` returns; errors name the file's folder, since a problem is listed under
    the first file."""
    try:
        return read(file)
    except DataError as error:
        raise DataError(f"{file.parent.name}/{error}") from error


def open_pairs(
    folder: str | Path,
    direction: str = "AtoB",
    make: str = "none",
    seed: int = 0,
    layout: str = "auto",
    *,
    source_levels: Levels | None = None,
    target_levels: Levels | None = None,
) -> PairFolder:
    """Finds the pairs in a folder; with `make`, the photos whose sources are made on the fly.

    `layout` is `side-by-side`, `folders` or `suffixes`; `auto` is the one that explains most pictures.
    Pictures of more than 8 bits are read with `source_levels` and `target_levels` as black and white; without
    them with the range of all pictures of a side. Reads names and headers, and pixels only where a range is
    to be measured. Raises `DataError`, with what was searched and found, where there is no pair.
    """
    root = Path(folder)
    found, problems = scan(root)
    matched = match_files(found, layout, single=make != "none")
    pairs: list[tuple[str | None, Pair]] = []
    unequal = []
    unreadable = []
    for match in matched.matches:
        fit = _look(match, matched.layout)
        if fit.problem:
            unequal += [_to_pair(match, matched.layout, direction=direction)] if fit.kind == "unequal" else []
            unreadable += (
                [_to_pair(match, matched.layout, direction=direction)] if fit.kind == "unreadable" else []
            )
            problems.append(Problem(match.a.path.relative_to(root).as_posix(), fit.problem, fit.kind))
        else:
            pair = _to_pair(match, matched.layout, direction=direction, size=fit.size)
            deep = fit.is_deep if direction == "AtoB" else fit.is_deep[::-1]
            pairs.append((match.a.split, replace(pair, source_is_deep=deep[0], target_is_deep=deep[1])))
    problems += [
        Problem(stray.file.path.relative_to(root).as_posix(), stray.cause, stray.kind)
        for stray in matched.strays
    ]
    if not pairs:
        raise DataError(nothing_found(root, found, problems=problems, make=make, layout=layout))
    train, val, test, drawn = split_pairs(pairs, seed)
    found_pairs = PairFolder(
        root,
        matched.layout,
        direction,
        make,
        train,
        val,
        test,
        tuple(problems),
        drawn,
        tuple(unequal),
        tuple(unreadable),
        layout,
    )
    return with_levels(found_pairs, source_levels, target_levels)


def open_config_pairs(config: TrainConfig, model: ModelConfig | None = None) -> PairFolder:
    """Finds the pairs that the settings name. The ranges of deep pictures that `model` knows come before
    those of the settings. Errors as `open_pairs`."""
    if config.paired_test:
        raise ConfigError(
            "paired_test is for training without pairs (--method cyclegan): pairs have their own validation."
        )
    if config.data_b:
        raise ConfigError(
            "two folders are two sides without pairs: train on them with --method cyclegan, or name one "
            "folder that has both halves of the pairs in it."
        )
    levels = config.ranges()
    known = (model.source_levels, model.target_levels) if model else (None, None)
    return open_pairs(
        config.data,
        config.direction,
        config.make,
        config.seed,
        config.layout,
        source_levels=known[0] or levels[0],
        target_levels=known[1] or levels[1],
    )


def with_levels(folder: PairFolder, source: Levels | None, target: Levels | None) -> PairFolder:
    """Returns the same pairs with deep halves read with these values as black and white; None for the
    range of all.

    Halves of one file have one range, unless two are given. A photo is the target, whatever source is made of
    it, so the target's range counts.
    """
    is_one_file = folder.pairs[0].target is None
    if folder.layout == "photos":
        source = target = target or source
    elif is_one_file:
        source, target = source or target, target or source
    stated = (source is not None, target is not None)
    source = _choose_levels(folder, 0, stated=source)
    target = source if is_one_file and not stated[1] else _choose_levels(folder, 1, stated=target)

    def leveled(pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
        return tuple(replace(pair, source_levels=source, target_levels=target) for pair in pairs)

    if not (source or target):
        return replace(folder, has_stated_levels=stated)
    return replace(
        folder,
        train=leveled(folder.train),
        val=leveled(folder.val),
        test=leveled(folder.test),
        has_stated_levels=stated,
    )


def deep_files(pairs: Sequence[Pair], side: int) -> list[Path]:
    """Returns the sources (side 0) or targets (side 1) that have more than 8 bits."""
    return [pair.files[side] for pair in pairs if (pair.target_is_deep if side else pair.source_is_deep)]


def _choose_levels(folder: PairFolder, side: int, *, stated: Levels | None) -> Levels | None:
    """Returns one range for the deep pictures of a side: the stated one, or that of all or of
    `MOST_MEASURED` of them.

    None where none is deep.
    """
    deep = deep_files(folder.pairs, side)
    if stated or not deep:
        return stated if deep else None
    count = min(len(deep), MOST_MEASURED)
    return _levels_of([deep[place * len(deep) // count] for place in range(count)])


def _levels_of(files: list[Path]) -> Levels | None:
    found: list[Levels] = []
    is_float = False
    for file in files:
        with suppress(DataError):  # reported when the pair is read
            levels, floating = read_range(file)
            found += [levels] if levels else []
            is_float |= floating
    if not found:
        return None
    return usual_levels(min(low for low, _ in found), max(high for _, high in found), is_float=is_float)


@dataclass(frozen=True)
class _Fit:
    """The size of the halves of a pair, or why it is none, and which kind of problem that is."""

    size: tuple[int, int] | None = None
    problem: str = ""
    kind: str = ""
    is_deep: tuple[bool, bool] = (False, False)
    """Whether the first and the second half have more than 8 bits."""


def _look(match: Match, layout: Layout) -> _Fit:
    """Returns the size of the halves from the files' headers, or why this is no pair."""
    try:
        head = read_header(match.a.path)
        other_head = _of_half(read_header, match.b.path) if match.b else None
    except DataError as error:
        return _Fit(problem=str(error), kind="unreadable")
    width, height = head.size
    other = other_head.size if other_head else None
    is_deep = (head.is_deep, (other_head or head).is_deep)
    if match.b and other and other != (width, height):
        return _Fit(
            problem=_unequal(match.a.path, (width, height), b=match.b.path, other=other), kind="unequal"
        )
    if layout == "side by side" and width != 2 * height:
        odd = (
            "an odd width cannot be halved"
            if width % 2
            else "a side-by-side pair is twice as wide as it is high"
        )
        problem = (
            f"{match.a.path.name} is {width} x {height}; {odd}. Mend it, or put the halves into two folders,"
            " A and B."
        )
        return _Fit(problem=problem, kind="shape")
    return _Fit((height, height) if layout == "side by side" else (width, height), is_deep=is_deep)


def _to_pair(match: Match, layout: Layout, *, direction: str, size: tuple[int, int] | None = None) -> Pair:
    forward = direction == "AtoB"
    if match.b:
        source, target = (match.a, match.b) if forward else (match.b, match.a)
        return Pair(match.name, source.path, target.path, size=size)
    return Pair(
        match.name,
        match.a.path,
        half=None if layout == "photos" else "left" if forward else "right",
        size=size,
    )


def _unequal(a: Path, size: tuple[int, int], *, b: Path, other: tuple[int, int]) -> str:
    first = f"{a.parent.name}/{a.name}"
    second = f"{b.parent.name}/{b.name}"
    return (
        f"{first} is {size[0]} x {size[1]}, {second} is {other[0]} x {other[1]}; the two halves of a pair"
        " are of one size. Resize one."
    )


def split_pairs(
    pairs: Sequence[tuple[str | None, Pair]], seed: int, *, draw: bool = True
) -> tuple[tuple[Pair, ...], tuple[Pair, ...], tuple[Pair, ...], bool]:
    """Returns training, validation and test pairs by their folders, and whether validation pairs were drawn,
    as they are where none are named, if `draw`."""
    train, val, test = ([pair for split, pair in pairs if split == name] for name in ("train", "val", "test"))
    # Beside train/ and val/, pictures of no split are training pairs.
    train += [pair for split, pair in pairs if split is None]
    drawn = draw and not val and len(train) > 1
    if drawn:
        # By name, so that a few more pairs move none of the others into another split.
        ranked = sorted(train, key=lambda pair: seed_of(seed, pair.name))
        chosen = {id(pair) for pair in ranked[: min(LARGEST_VALIDATION, max(1, round(len(train) / 10)))]}
        val = [pair for pair in train if id(pair) in chosen]
        train = [pair for pair in train if id(pair) not in chosen]
    return tuple(train), tuple(val), tuple(test), drawn
