"""Pairs of pictures in a folder, in each layout that people have."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from PIL import Image

from pix2pix.config import Kind
from pix2pix.data.layouts import Layout, Match, match_files
from pix2pix.data.made_sources import make_source
from pix2pix.data.scan import Problem, scan
from pix2pix.data.shortfall import nothing_found
from pix2pix.errors import DataError
from pix2pix.imaging.tensors import Levels, resize, usual_levels
from pix2pix.runtime.files import read_header, read_image, read_range
from pix2pix.seeding import seed_of

__all__ = ["Pair", "PairFolder", "Problem", "open_pairs"]

T = TypeVar("T")
LARGEST_VALIDATION = 50
MOST_MEASURED = 2000
"""Deep pictures of a side whose values are looked at, each read whole."""


@dataclass(frozen=True)
class Pair:
    """A source and its target: two files, the halves of one (`target` is None, `half` says where
    the source is), or one photo."""

    name: str
    source: Path
    target: Path | None = None
    half: Literal["left", "right"] | None = None
    size: tuple[int, int] | None = None
    """Width and height of each half, as the file's header says."""
    is_deep: bool = False
    """A half has values of more than 8 bits."""
    source_levels: Levels | None = None
    target_levels: Levels | None = None
    """What is black and white in deep halves: one range for all pictures of a side. Without it by
    the usual range of each file."""


@dataclass(frozen=True)
class PairFolder:
    """The pairs of a folder, by split, and the files that did not fit."""

    root: Path
    layout: Layout
    direction: str
    make: str
    train: tuple[Pair, ...]
    val: tuple[Pair, ...]
    test: tuple[Pair, ...]
    problems: tuple[Problem, ...]
    drawn: bool
    """Whether the validation pairs were drawn from the others, for want of a folder of their own."""
    unequal: tuple[Pair, ...] = ()
    """Pairs of two files that are left out, because they are not of one size."""
    unreadable: tuple[Pair, ...] = ()
    """Pairs that are left out, because one of their files cannot be read."""
    stated: str = "auto"
    """The layout that was asked for; `auto` where it was looked for."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All of them, training pairs first."""
        return self.train + self.val + self.test

    @cached_property
    def _splits(self) -> dict[Pair, str]:
        return {pair: split for split in ("train", "val", "test") for pair in getattr(self, split)}

    def split_of(self, pair: Pair) -> str:
        """`train`, `val` or `test`."""
        return self._splits[pair]

    def key_of(self, pair: Pair) -> str:
        """`val/house2`: the name with the split, which is one pair's alone; a
        name may stand in each split."""
        return f"{self._splits[pair]}/{pair.name}"

    @property
    def has_split_folders(self) -> bool:
        """The splits are folders of their own, so that a name may stand in several of them."""
        return not self.drawn and bool(self.val or self.test)

    def load(
        self, pair: Pair, size: int | None = None, kinds: tuple[Kind, Kind] = ("photo", "photo")
    ) -> tuple[Image.Image, Image.Image]:
        """Source and target as RGB pictures, resized to `size` x `size` if given;
        `DataError` where a file is broken."""
        source, target = read_pair(pair)
        if size is not None:
            source, target = (
                resize(half, (size, size), kind=kind)
                for half, kind in zip((source, target), kinds, strict=True)
            )
        if self.make != "none":
            source = make_source(target, self.make, seed_of(pair.name))
        return source, target


def read_pair(pair: Pair) -> tuple[Image.Image, Image.Image]:
    """The two pictures of a pair; for a single photo both are the photo."""
    source = read_image(pair.source, pair.source_levels)
    if pair.target:
        target = _of_half(lambda file: read_image(file, pair.target_levels), pair.target)
        if source.size != target.size:
            raise DataError(_unequal(pair.source, source.size, b=pair.target, other=target.size))
        return source, target
    if pair.half is None:
        return source, source
    middle = source.width // 2
    left = source.crop((0, 0, middle, source.height))
    right = source.crop((middle, 0, 2 * middle, source.height))
    return (left, right) if pair.half == "left" else (right, left)


def _of_half(read: Callable[[Path], T], file: Path) -> T:
    """What `read` gives. Problems of a pair are told of its first file; that it is the second
    which is broken has to be said."""
    try:
        return read(file)
    except DataError as error:
        raise DataError(f"{file.parent.name}/{error}") from error


def open_pairs(
    folder: str | Path, direction: str = "AtoB", make: str = "none", seed: int = 0, layout: str = "auto"
) -> PairFolder:
    """Finds the pairs in a folder; with `make`, the photos whose sources are made on the fly.

    `layout` is `side-by-side`, `folders` or `suffixes`; `auto` takes the one that explains most pictures.
    Looks at names and headers only. `DataError` says what was looked for and found where there is no pair.
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
            pairs.append((match.a.split, replace(pair, is_deep=fit.is_deep)))
    problems += [
        Problem(stray.file.path.relative_to(root).as_posix(), stray.cause, stray.kind)
        for stray in matched.strays
    ]
    if not pairs:
        raise DataError(nothing_found(root, found, problems=problems, make=make, layout=layout))
    train, val, test, drawn = _split(pairs, seed)
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
    return with_levels(found_pairs, *find_levels(found_pairs))


def with_levels(folder: PairFolder, source: Levels | None, target: Levels | None) -> PairFolder:
    """The same pairs, read with these values as black and white of their deep halves;
    None leaves a side as it is."""

    def leveled(pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
        return tuple(
            replace(
                pair, source_levels=source or pair.source_levels, target_levels=target or pair.target_levels
            )
            for pair in pairs
        )

    if not (source or target):
        return folder
    return replace(folder, train=leveled(folder.train), val=leveled(folder.val), test=leveled(folder.test))


def find_levels(folder: PairFolder) -> tuple[Levels | None, Levels | None]:
    """One range for the deep pictures of each side, of all of them or of `MOST_MEASURED` spread
    evenly; None where none is deep."""
    deep = [pair for pair in folder.pairs if pair.is_deep]
    chosen = [
        deep[place * len(deep) // min(len(deep), MOST_MEASURED)]
        for place in range(min(len(deep), MOST_MEASURED))
    ]
    sides = [[pair.source for pair in chosen], [pair.target for pair in chosen if pair.target]]
    source, target = (_levels_of(files) for files in sides)
    is_one_file = bool(chosen) and chosen[0].target is None
    return source, source if is_one_file else target


def _levels_of(files: list[Path]) -> Levels | None:
    found: list[Levels] = []
    is_float = False
    for file in files:
        with suppress(DataError):  # told when the pair is read
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
    is_deep: bool = False


def _look(match: Match, layout: Layout) -> _Fit:
    """The size of the halves, as the headers tell, or why this is no pair."""
    try:
        head = read_header(match.a.path)
        other_head = _of_half(read_header, match.b.path) if match.b else None
    except DataError as error:
        return _Fit(problem=str(error), kind="unreadable")
    width, height = head.size
    other = other_head.size if other_head else None
    is_deep = head.is_deep or bool(other_head and other_head.is_deep)
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


def _split(
    pairs: list[tuple[str | None, Pair]], seed: int
) -> tuple[tuple[Pair, ...], tuple[Pair, ...], tuple[Pair, ...], bool]:
    """Training, validation and test pairs as their folders say; validation pairs are
    drawn where none are named."""
    train, val, test = ([pair for split, pair in pairs if split == name] for name in ("train", "val", "test"))
    # Beside train/ and val/, pictures of no split are training pairs.
    train += [pair for split, pair in pairs if split is None]
    drawn = not val and len(train) > 1
    if drawn:
        # By name, so that a few more pairs move none of the others into another split.
        ranked = sorted(train, key=lambda pair: seed_of(seed, pair.name))
        chosen = {id(pair) for pair in ranked[: min(LARGEST_VALIDATION, max(1, round(len(train) / 10)))]}
        val = [pair for pair in train if id(pair) in chosen]
        train = [pair for pair in train if id(pair) not in chosen]
    return tuple(train), tuple(val), tuple(test), drawn
