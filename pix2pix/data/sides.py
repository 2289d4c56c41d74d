"""Two sides of pictures without pairs, in each common layout.

A side is a `PairFolder` of single photos: splits, value ranges, kinds and checks are those of pairs.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from PIL import Image

from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.data.kinds import Looks, look
from pix2pix.data.layouts import is_double, name_wholes
from pix2pix.data.names import FAMILIES, SPLITS, families_in, side_word, split_and_rest
from pix2pix.data.pairs import Pair, PairFolder, Problem, read_pair, split_pairs, with_levels
from pix2pix.data.scan import Found, scan
from pix2pix.errors import ConfigError, DataError
from pix2pix.runtime.files import read_header
from pix2pix.runtime.paths import quoted
from pix2pix.settings import Levels

Half = Literal["left", "right"]
FEWEST = 2
"""Training pictures that a side has at least."""
TWO = 2
NAMED = 4
WAY_OUT = (
    "name two folders (pix2pix train A_FOLDER B_FOLDER --method cyclegan), or one with two folders in it, "
    "such as A and B"
)


@dataclass(frozen=True)
class Sides:
    """The pictures of both sides, A first, and how many of them look like halves of pairs."""

    root: Path
    a: PairFolder
    b: PairFolder
    names: tuple[str, str]
    """What the sides are called where they lie, such as `trainA`."""
    partners: int
    """Pictures of A with a partner of the same name in B."""
    problems: tuple[Problem, ...]
    """Files that are left out, with those of both sides."""

    @property
    def both(self) -> tuple[PairFolder, PairFolder]:
        """Returns both sides."""
        return self.a, self.b

    @property
    def counts(self) -> tuple[int, int]:
        """Returns the number of pictures of each side."""
        return len(self.a.pairs), len(self.b.pairs)

    @property
    def look_like_pairs(self) -> bool:
        """Whether most pictures of the smaller side have a partner of the same name."""
        return 2 * self.partners > min(self.counts)

    def turned(self) -> Sides:
        """Returns the same with the sides exchanged."""
        return replace(self, a=self.b, b=self.a, names=self.names[::-1])


@dataclass(frozen=True)
class _Files:
    """The files of one side before they are looked at; `half` states which part of each is meant."""

    name: str
    root: Path
    files: Sequence[Found]
    half: Half | None = None


@dataclass(frozen=True)
class _Sorted:
    """The files of both sides, and those of none."""

    a: _Files
    b: _Files
    partners: int
    strays: Sequence[Found] = ()


def look_at_sides(sides: Sides, config: TrainConfig) -> Looks:
    """Returns what the pictures of both sides are: side a as source, side b as target; kinds that the
    settings state are not questioned."""
    # Each picture is both halves of its pair; the half that is not meant is stated, so not looked at.
    a = look(sides.a, config.source, target="photo")
    b = look(sides.b, config.target, target="photo")
    return replace(a, target=b.source, target_palette=b.palette)


def read_picture(picture: Pair) -> Image.Image:
    """Returns the picture, read with its range. Raises `DataError` where its file is broken."""
    return read_pair(picture)[0]


def open_config_sides(config: TrainConfig, model: ModelConfig | None = None) -> Sides:
    """Finds the two sides that the settings name, exchanged for the direction BtoA.

    The ranges of deep pictures that `model` knows come before those of the settings. Raises `DataError`, with
    what was searched and found, where there are no two sides.
    """
    if config.make != "none":
        raise ConfigError(
            f"make is {config.make}, and without pairs both sides are pictures that are there. Leave make "
            "out, or train with pairs (--method pix2pix)."
        )
    levels = config.ranges()
    known = (model.source_levels, model.target_levels) if model else (None, None)
    sides = find_sides(config.data, config.data_b, seed=config.seed, layout=config.layout)
    sides = sides.turned() if config.direction == "BtoA" else sides
    return replace(
        sides,
        a=_with_range(sides.a, known[0] or levels[0]),
        b=_with_range(sides.b, known[1] or levels[1]),
    )


def find_sides(data: str | Path, data_b: str | Path = "", *, seed: int = 0, layout: str = "auto") -> Sides:
    """Finds the two sides in one folder or in two. Reads names and headers. Errors as `open_config_sides`."""
    if data_b:
        found = _two_folders(Path(data), Path(data_b))
        problems = [problem for side in found for problem in side[1]]
        parted = _Sorted(found[0][0], found[1][0], _count_partners(found[0][0].files, found[1][0].files))
    else:
        files, problems = scan(Path(data))
        parted = _sort(Path(data), files, problems=problems, layout=layout)
    problems += [
        Problem(file.path.relative_to(parted.a.root).as_posix(), _no_side(file, parted), "stray")
        for file in parted.strays
    ]
    sides = [_open(side, seed=seed) for side in (parted.a, parted.b)]
    for name, side in zip((parted.a.name, parted.b.name), sides, strict=True):
        _refuse_few(name, side, parted.a.root if not data_b else Path(data))
        problems += side.problems
    return Sides(
        Path(data),
        sides[0],
        sides[1],
        (parted.a.name, parted.b.name),
        parted.partners,
        tuple(dict.fromkeys(problems)),
    )


def _no_side(file: Found, parted: _Sorted) -> str:
    where = f"{parted.a.name} or {parted.b.name}"
    return f"{file.path.name} is on neither side; put it into {where}, or take it away."


def _with_range(side: PairFolder, levels: Levels | None) -> PairFolder:
    return with_levels(side, levels, levels)


def _two_folders(a: Path, b: Path) -> tuple[tuple[_Files, list[Problem]], tuple[_Files, list[Problem]]]:
    """Returns the files of each folder, with what is left out of it."""
    real = [Path(os.path.realpath(folder)) for folder in (a, b)]
    if real[0] == real[1]:
        raise DataError(
            f"{a} and {b} are the same folder: a model would learn to change nothing. Name two folders."
        )
    for inner, outer, names in ((real[0], real[1], (a, b)), (real[1], real[0], (b, a))):
        if outer in inner.parents:
            raise DataError(
                f"{names[0]} lies in {names[1]}, so its pictures would be on both sides. Name two folders of "
                "which none lies in the other."
            )
    words = [folder.name for folder in real]
    if words[0].casefold() == words[1].casefold():
        words = ["/".join(folder.parts[-2:]) for folder in real]
    sides = []
    for folder, name in zip((a, b), words, strict=True):
        files, problems = scan(folder)
        if not files:
            left_out = "".join(f" {problem}" for problem in problems[:1])
            raise DataError(
                f"{folder} has no picture that can be read (PNG, JPEG, WebP, BMP, TIFF). Choose another "
                f"folder.{left_out}"
            )
        inside = [replace(problem, file=f"{folder.name}/{problem.file}") for problem in problems]
        sides.append((_Files(name, folder.parent, files), inside))
    return sides[0], sides[1]


def _sort(root: Path, found: list[Found], *, problems: Sequence[Problem], layout: str) -> _Sorted:
    """Returns the sides of one folder: by words in folder names, by two folders of any names, by suffixes,
    or the halves of pictures side by side."""
    if not found:
        left_out = "".join(f" {problem}" for problem in problems[:1])
        raise DataError(
            f"{root} has no picture that can be read (PNG, JPEG, WebP, BMP, TIFF). Choose another "
            f"folder.{left_out}"
        )
    ways: dict[str, tuple[Callable[[Path, list[Found]], _Sorted | None], ...]] = {
        "folders": (_by_words, _by_two_folders),
        "suffixes": (_by_suffixes,),
        "side-by-side": (_by_halves,),
    }
    if layout == "side-by-side":
        return _halves(root, found)
    for way in ways.get(layout) or tuple(way for several in ways.values() for way in several):
        parted = way(root, found)
        if parted:
            return parted
    raise DataError(_one_side(root, found))


def _one_side(root: Path, found: Sequence[Found]) -> str:
    """Returns why there are no two sides in a folder."""
    members = _groups(found)
    groups = [folder for folder in members if folder]
    if len(groups) > TWO:
        listed = ", ".join(groups[:NAMED]) + (
            f" and {len(groups) - NAMED:,} more" if len(groups) > NAMED else ""
        )
        first, second = (members[group][0].path.parent for group in groups[:TWO])
        return (
            f"{root} has {len(groups):,} folders of pictures ({listed}), and two sides are needed. Name two "
            f"of them: pix2pix train {quoted(first)} {quoted(second)} --method cyclegan."
        )
    count = f"{len(found):,} picture{'s' * (len(found) != 1)}"
    return f"{root} has {count} and no second side. Training without pairs takes two: {WAY_OUT}."


def _by_words(root: Path, found: list[Found]) -> _Sorted | None:
    """Returns the sides that words such as A and B, before and after in folder names state."""
    parts = {part for folders in {file.folders for file in found} for part in folders}
    best: _Sorted | None = None
    for family in families_in(parts):
        for nth in range(max(1, max((file.hits(family) for file in found), default=0))):
            placed = [file.placed(family, nth) for file in found]
            parted = _by_side(root, placed, name=partial(_folder_of, family=family))
            if parted and (best is None or len(parted.strays) < len(best.strays)):
                best = parted
    return best


def _by_side(
    root: Path, placed: Sequence[Found], *, name: Callable[[Sequence[Found]], str]
) -> _Sorted | None:
    """Returns the sides that files state; None where one is empty. `name` gives what a side is called."""
    a, b = ([file for file in placed if file.side == side] for side in (0, 1))
    if not (a and b):
        return None
    return _Sorted(
        _Files(name(a), root, [file.whole() for file in a]),
        _Files(name(b), root, [file.whole() for file in b]),
        _count_partners(a, b),
        [file for file in placed if file.side is None],
    )


def _folder_of(files: Sequence[Found], *, family: int) -> str:
    """Returns the name of the folder that states the side of the first training picture."""
    first = next((file for file in files if file.split in (None, "train")), files[0])
    inner = first.folders[first.wrapping :]
    return next((folder for folder in inner if side_word(folder, family) == first.side), "/".join(inner))


def _groups(found: Sequence[Found]) -> dict[str, list[Found]]:
    """Returns the files by the first folder above them that distinguishes pictures and states no split.

    Where each of these folders is named after a split too, as train_horse is, it is one of that split.
    """
    inner = [
        next((name for name in file.folders[file.wrapping :] if name.casefold() not in SPLITS), "")
        for file in found
    ]
    parted = [split_and_rest(name) for name in inner]
    groups: defaultdict[str, list[Found]] = defaultdict(list)
    are_split = all(split for (split, _), name in zip(parted, inner, strict=True) if name)
    for file, name, (split, rest) in zip(found, inner, parted, strict=True):
        if name and are_split:
            key = "/".join(part for part in file.key.split("/") if part != name)
            groups[rest].append(replace(file, split=split, key=key))
        else:
            key = "/".join(part for part in file.key.split("/") if not name or part != name)
            groups[name].append(replace(file, key=key))
    return groups


def _by_two_folders(root: Path, found: list[Found]) -> _Sorted | None:
    """Returns the sides in the only two folders with pictures, whatever these are called."""
    groups = _groups(found)
    strays = groups.pop("", [])
    if len(groups) != TWO:
        return None
    (first, a), (second, b) = groups.items()  # as they are met, which is in the order of names
    return _Sorted(
        _Files(first, root, [file.whole() for file in a]),
        _Files(second, root, [file.whole() for file in b]),
        _count_partners(a, b),
        strays,
    )


def _by_suffixes(root: Path, found: list[Found]) -> _Sorted | None:
    """Returns the sides of pictures whose names all end with one, as x_A and y_B."""
    for family in range(len(FAMILIES)):
        placed = [file for file in (each.whole().by_suffix(family) for each in found) if file]
        parted = None
        if len(placed) == len(found):
            parted = _by_side(root, placed, name=lambda files: f"_{'AB'[files[0].side or 0]}")
        if parted:
            return parted
    return None


def _by_halves(root: Path, found: list[Found]) -> _Sorted | None:
    """Returns the halves of pictures side by side, if most are twice as wide as high."""
    return _halves(root, found) if 2 * sum(map(is_double, found)) > len(found) else None


def _halves(root: Path, found: Sequence[Found]) -> _Sorted:
    wholes = [file.whole() for file in found]
    return _Sorted(
        _Files("the left halves", root, wholes, "left"),
        _Files("the right halves", root, wholes, "right"),
        len(wholes),
    )


def _count_partners(a: Iterable[Found], b: Iterable[Found]) -> int:
    """Returns how many files of A have one of the same split and name in B."""
    keys = [{(file.split, file.key.casefold()) for file in files} for files in (a, b)]
    return len(keys[0] & keys[1])


def _open(files: _Files, *, seed: int) -> PairFolder:
    """Returns a side with its splits; reads the header of each file."""
    pictures: list[tuple[str | None, Pair]] = []
    problems: list[Problem] = []
    for match in name_wholes(list(files.files)):
        path = match.a.path
        file = path.relative_to(files.root).as_posix()
        try:
            head = read_header(path)
        except DataError as error:
            problems.append(Problem(file, str(error), "unreadable"))
            continue
        width, height = head.size
        if files.half and width != 2 * height:
            cause = f"{path.name} is {width} x {height}; a side-by-side pair is twice as wide as it is high."
            problems.append(Problem(file, cause, "shape"))
            continue
        size = (height, height) if files.half else (width, height)
        picture = Pair(match.name, path, None, files.half, size, head.is_deep, head.is_deep)
        pictures.append((match.a.split, picture))
    has_others = any(split in ("val", "test") for split, _ in pictures)
    train, val, test, drawn = split_pairs(pictures, seed, draw=not has_others)
    return PairFolder(files.root, "photos", "AtoB", "none", train, val, test, tuple(problems), drawn)


def _refuse_few(name: str, side: PairFolder, root: Path) -> None:
    """Raises `DataError` where a side has too few training pictures to learn from."""
    count = len(side.train) + (len(side.val) if side.drawn else 0)
    if count >= FEWEST:
        return
    if not side.pairs:
        first = f" {side.problems[0]}" if side.problems else ""
        raise DataError(f"{name} of {root} has no picture that can be used.{first}")
    if not count:
        splits = " and ".join(split for split in ("val", "test") if getattr(side, split))
        raise DataError(
            f"{name} of {root} has no training pictures, only {len(side.pairs):,} in {splits}. To train on "
            "them, call a folder train."
        )
    raise DataError(
        f"{name} of {root} has 1 training picture, and a side takes many: what its pictures have in common "
        "is what is learned. Add some; hundreds are usual."
    )
