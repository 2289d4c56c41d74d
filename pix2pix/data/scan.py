"""What lies in a folder of pictures: split, side and key of each file, read from its path alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pix2pix.errors import DataError, naming
from pix2pix.files import IMAGE_SUFFIXES

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
SIDES = {"a": 0, "b": 1, "input": 0, "inputs": 0, "source": 0, "sources": 0, "target": 1, "targets": 1}
OTHER_PICTURES = {".gif", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".psd", ".svg", ".tga", ".exr", ".dng", ".cr2", ".nef", ".arw"}
SPLIT_AND_SIDE = re.compile(rf"({'|'.join(SPLITS)})[ _-]?({'|'.join(SIDES)})")
SUFFIX = re.compile(rf"(.+)[_-]({'|'.join(SIDES)})", re.IGNORECASE)


@dataclass(frozen=True)
class Problem:
    """A file that does not fit, and why, in a sentence."""

    file: str
    cause: str
    kind: str = "unreadable"
    """`unreadable`, `unread` (a format that is not read), `unpaired`, `stray`, `twin`, `unequal` (halves) or `shape` (no two squares)."""

    def __str__(self) -> str:
        return naming(self.file, self.cause)


@dataclass(frozen=True)
class Found:
    """A picture file: `key` is its path without split, side and extension; sides are 0 (A) and 1 (B), None where no folder says so."""

    path: Path
    split: str | None
    side: int | None
    key: str
    name: str
    """The path without split and extension: unlike `key`, the side is still in it."""

    def whole(self) -> Found:
        """The same as a picture that is no half of anything."""
        return replace(self, side=None, key=self.name)

    def by_suffix(self) -> Found | None:
        """The same with the side that ends the file's name, as in x_A.png; None where none does."""
        match = SUFFIX.fullmatch(self.key)
        return replace(self, side=SIDES[match[2].casefold()], key=match[1]) if match else None


def scan(root: Path) -> tuple[list[Found], list[Problem]]:
    """All pictures below `root` in the order of their names, and the files that are pictures of a format that is not read."""
    if not root.exists():
        raise DataError(f"{root} does not exist; give a folder of pictures.")
    if not root.is_dir():
        raise DataError(f"{root} is a file; give a folder of pictures (unpack an archive first).")
    found, problems = [], []
    for path in _walk(root, set()):
        suffix = path.suffix.lower()
        if suffix in IMAGE_SUFFIXES and _is_special(path):
            cause = "it is a pipe or a device, not a file; put the picture itself there."
            problems.append(Problem(path.relative_to(root).as_posix(), cause))
        elif suffix in IMAGE_SUFFIXES:
            found.append(_place(root, path))
        elif suffix in OTHER_PICTURES:
            cause = f"{suffix} is not read; save it as {', '.join(IMAGE_SUFFIXES[:2])} or {IMAGE_SUFFIXES[3]}."
            problems.append(Problem(path.relative_to(root).as_posix(), cause, "unread"))
    return found, problems


def _is_special(path: Path) -> bool:
    """Whether it is neither a file nor a link that leads nowhere: reading a pipe waits for ever."""
    return path.exists() and not path.is_file()


def _walk(folder: Path, seen: set[str]) -> Iterator[Path]:
    """Files below a folder, sorted. Links to folders are followed, once each, so that a loop ends."""
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: _natural(entry.name))
    for entry in entries:
        # .DS_Store, ._1.jpg and __MACOSX are what a Mac leaves in archives.
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path), seen)
        else:
            yield Path(entry.path)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sorts 2.png before 10.png."""
    return [(0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part) for part in re.split(r"([0-9]+)", name)]


def _place(root: Path, path: Path) -> Found:
    split: str | None = None
    side: int | None = None
    rest, named = [], []
    for part in path.relative_to(root).parts[:-1]:
        word = part.casefold()
        if word not in SPLITS or split is not None:
            named.append(part)
        both = SPLIT_AND_SIDE.fullmatch(word)
        if both and split is None and side is None:
            split, side = SPLITS[both[1]], SIDES[both[2]]
        elif word in SPLITS and split is None:
            split = SPLITS[word]
        elif word in SIDES and side is None:
            side = SIDES[word]
        else:
            rest.append(part)
    return Found(path, split, side, "/".join([*rest, path.stem]), "/".join([*named, path.stem]))
