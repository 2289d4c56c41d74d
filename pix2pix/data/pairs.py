"""Pairs of pictures in a folder, in each layout that people have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from PIL import Image

from pix2pix.augment import seed_of
from pix2pix.config import Kind
from pix2pix.data.scan import Found, Problem, scan
from pix2pix.data.sources import make_source
from pix2pix.errors import DataError
from pix2pix.files import read_image, read_size
from pix2pix.images import resize

__all__ = ["Pair", "PairFolder", "Problem", "open_pairs"]

T = TypeVar("T")
Layout = Literal["side by side", "two folders", "two suffixes", "photos"]
LARGEST_VALIDATION = 50
LOOKED_FOR = (
    "two pictures side by side in one (twice as wide as high), two folders (A and B, trainA and trainB, input and target,"
    " source and target) and two suffixes (x_A.png and x_B.jpg)"
)


@dataclass(frozen=True)
class Pair:
    """A source and its target: two files, the halves of one (`target` is None, `half` says where the source is), or one photo."""

    name: str
    source: Path
    target: Path | None = None
    half: Literal["left", "right"] | None = None
    size: tuple[int, int] | None = None
    """Width and height of each half, as the file's header says."""


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

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All of them, training pairs first."""
        return self.train + self.val + self.test

    def load(self, pair: Pair, size: int | None = None, kinds: tuple[Kind, Kind] = ("photo", "photo")) -> tuple[Image.Image, Image.Image]:
        """Source and target as RGB pictures, resized to `size` x `size` if given; `DataError` where a file is broken."""
        source, target = read_pair(pair)
        if size is not None:
            source, target = (resize(half, (size, size), kind) for half, kind in zip((source, target), kinds, strict=True))
        if self.make != "none":
            source = make_source(target, self.make, seed_of(pair.name))
        return source, target


def read_pair(pair: Pair) -> tuple[Image.Image, Image.Image]:
    """The two pictures of a pair; for a single photo both are the photo."""
    source = read_image(pair.source)
    if pair.target:
        target = _of_half(read_image, pair.target)
        if source.size != target.size:
            raise DataError(_unequal(pair.source, source.size, pair.target, target.size))
        return source, target
    if pair.half is None:
        return source, source
    middle = source.width // 2
    left, right = source.crop((0, 0, middle, source.height)), source.crop((middle, 0, 2 * middle, source.height))
    return (left, right) if pair.half == "left" else (right, left)


def _of_half(read: Callable[[Path], T], file: Path) -> T:
    """What `read` gives. Problems of a pair are told of its first file; that it is the second which is broken has to be said."""
    try:
        return read(file)
    except DataError as error:
        raise DataError(f"{file.parent.name}/{error}") from error


def open_pairs(folder: str | Path, direction: str = "AtoB", make: str = "none", seed: int = 0) -> PairFolder:
    """Finds the pairs in a folder, whatever their layout; with `make`, the photos whose sources are made on the fly.

    Looks at names and headers only. `DataError` says what was looked for and found where there is no pair.
    """
    root = Path(folder)
    found, problems = scan(root)
    layout, matches, strays = _matches(found, make)
    pairs: list[tuple[str | None, Pair]] = []
    unequal = []
    for match in matches:
        fit = match.look(layout)
        if fit.problem:
            unequal += [match.to_pair(layout, direction)] if fit.kind == "unequal" else []
            problems.append(Problem(match.a.path.relative_to(root).as_posix(), fit.problem, fit.kind))
        else:
            pairs.append((match.a.split, match.to_pair(layout, direction, fit.size)))
    problems += [Problem(stray.path.relative_to(root).as_posix(), cause, kind) for stray, cause, kind in strays]
    if not pairs:
        raise DataError(_nothing(root, found, problems, make))
    train, val, test, drawn = _split(pairs, seed)
    return PairFolder(root, layout, direction, make, train, val, test, tuple(problems), drawn, tuple(unequal))


@dataclass(frozen=True)
class _Fit:
    """The size of the halves of a pair, or why it is none, and which kind of problem that is."""

    size: tuple[int, int] | None = None
    problem: str = ""
    kind: str = ""


@dataclass(frozen=True)
class _Match:
    """Two files that belong together by their names, or one that holds a pair or a photo."""

    a: Found
    b: Found | None = None

    def look(self, layout: Layout) -> _Fit:
        """The size of the halves, as the headers tell, or why this is no pair."""
        try:
            width, height = read_size(self.a.path)
            other = _of_half(read_size, self.b.path) if self.b else None
        except DataError as error:
            return _Fit(problem=str(error), kind="unreadable")
        if self.b and other and other != (width, height):
            return _Fit(problem=_unequal(self.a.path, (width, height), self.b.path, other), kind="unequal")
        if layout == "side by side" and width != 2 * height:
            odd = "an odd width cannot be halved" if width % 2 else "a side-by-side pair is twice as wide as it is high"
            problem = f"{self.a.path.name} is {width} x {height}; {odd}. Mend it, or put the halves into two folders, A and B."
            return _Fit(problem=problem, kind="shape")
        return _Fit((height, height) if layout == "side by side" else (width, height))

    def to_pair(self, layout: Layout, direction: str, size: tuple[int, int] | None = None) -> Pair:
        forward = direction == "AtoB"
        if self.b:
            source, target = (self.a, self.b) if forward else (self.b, self.a)
            return Pair(self.a.key, source.path, target.path, size=size)
        return Pair(self.a.key, self.a.path, half=None if layout == "photos" else "left" if forward else "right", size=size)


def _unequal(a: Path, size: tuple[int, int], b: Path, other: tuple[int, int]) -> str:
    first, second = f"{a.parent.name}/{a.name}", f"{b.parent.name}/{b.name}"
    return f"{first} is {size[0]} x {size[1]}, {second} is {other[0]} x {other[1]}; the two halves of a pair are of one size. Resize one."


Strays = list[tuple[Found, str, str]]
"""A file, why it is in no pair, and the kind of that problem."""


def _matches(found: list[Found], make: str) -> tuple[Layout, list[_Match], Strays]:
    """The layout that most files take part in."""
    if make != "none":
        return "photos", [_Match(file.whole()) for file in found], []
    by_folder, folder_strays = _by_side(found)
    by_suffix, suffix_strays = _by_side([file.by_suffix() or file for file in found if file.side is None])
    layout: Layout = "two folders" if len(by_folder) >= len(by_suffix) else "two suffixes"
    matches, strays = (by_folder, folder_strays) if layout == "two folders" else (by_suffix, suffix_strays)
    if 4 * len(matches) < len(found):
        whole = [_Match(file.whole()) for file in found]
        if not matches or sum(not match.look("side by side").problem for match in whole) > 2 * len(matches):
            return "side by side", whole, []
    return layout, matches, strays


def _by_side(found: Iterable[Found]) -> tuple[list[_Match], Strays]:
    """Files of side A with those of side B of the same split and key, and those that are left over."""
    sides: tuple[dict[tuple[str | None, str], Found], ...] = ({}, {})
    strays: Strays = []
    for file in found:
        if file.side is None:
            cause = f"{file.path.name} belongs to neither half; put it into one of the two folders, or give it a suffix."
            strays.append((file, cause, "stray"))
        elif (file.split, file.key) in sides[file.side]:
            kept = sides[file.side][file.split, file.key].path.name
            strays.append((file, f"{file.path.name} has the same name as {kept}, which is used. Rename one of them.", "twin"))
        else:
            sides[file.side][file.split, file.key] = file
    matches = [_Match(a, sides[1][place]) for place, a in sides[0].items() if place in sides[1]]
    matches = matches or _by_suffix_too(sides) or _in_any_case(sides)
    used = {id(file) for match in matches for file in (match.a, match.b)}
    alone = [file for side in sides for file in side.values() if id(file) not in used]
    strays += [(file, f"{file.path.name} has no partner in the other half. Add it, or take this one away.", "unpaired") for file in alone]
    return matches, strays


def _by_suffix_too(sides: tuple[dict[tuple[str | None, str], Found], ...]) -> list[_Match]:
    """Pairs such as A/x_A.png and B/x_B.png, where folders and suffixes both say the side."""
    targets = {(b.split, ending.key): b for b in sides[1].values() if (ending := b.by_suffix()) and ending.side == 1}
    endings = [(a, a.by_suffix()) for a in sides[0].values()]
    return [
        _Match(a, targets[a.split, ending.key]) for a, ending in endings if ending and ending.side == 0 and (a.split, ending.key) in targets
    ]


def _in_any_case(sides: tuple[dict[tuple[str | None, str], Found], ...]) -> list[_Match]:
    """Pairs such as A/House0.png and B/house0.png."""
    targets = {(split, key.casefold()): b for (split, key), b in sides[1].items()}
    return [_Match(a, targets[split, key.casefold()]) for (split, key), a in sides[0].items() if (split, key.casefold()) in targets]


def _split(pairs: list[tuple[str | None, Pair]], seed: int) -> tuple[tuple[Pair, ...], tuple[Pair, ...], tuple[Pair, ...], bool]:
    """Training, validation and test pairs as their folders say; validation pairs are drawn where none are named."""
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


def _nothing(root: Path, found: list[Found], problems: list[Problem], make: str) -> str:
    """The sentence for a folder without a pair: what was looked for, what is there, what to do."""
    if not found:
        return f"{root} has no picture that can be read (PNG, JPEG, WebP, BMP, TIFF). Choose another folder."
    unequal = [problem for problem in problems if problem.kind == "unequal"]
    if unequal:
        halves = "the halves of the only pair are" if len(unequal) == 1 else f"the halves of all {len(unequal):,} pairs are"
        return f"{root} has no pair that can be used: {halves} of two sizes. {unequal[0].cause}"
    first = " ".join(str(problem) for problem in problems[:1])
    if make != "none":
        return f"{root} has no photo that can be used; of {len(found)} file{'s' * (len(found) != 1)}: {first}"
    names = [[file.path.name for file in found if file.side == side] for side in (0, 1)]
    if all(names):
        return (
            f"{root} has no pairs: {len(names[0]):,} and {len(names[1]):,} pictures in its two halves, and no name stands in both"
            f" (such as {names[0][0]} and {names[1][0]}). Give the two halves of a pair the same name."
        )
    return (
        f"{root} has no pairs. Looked for {LOOKED_FOR}; found {len(found)} single picture{'s' * (len(found) != 1)}. {first}"
        " For photos without partners choose what to make from them: gray, edges, mask or lowres."
    )
