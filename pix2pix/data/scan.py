"""Scans a folder: its pictures with the split, side and key that their paths state, and what is left out."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePath

from pix2pix.data.names import FAMILIES, is_system_folder, normalized, place_folder, suffix_pattern
from pix2pix.errors import DataError, naming
from pix2pix.runtime.files import IMAGE_SUFFIXES

# fmt: off
DOCUMENTS = {
    ".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".html", ".htm", ".css", ".js",
    ".yaml", ".yml", ".toml", ".ini",
    ".cfg", ".log", ".py", ".ipynb", ".sh", ".bat", ".pdf", ".doc", ".docx", ".rtf", ".odt", ".xls",
    ".xlsx", ".url", ".webloc", ".lnk",
    ".db", ".part", ".crdownload",
}
PICTURES_NOT_READ = {
    "", ".gif", ".heic", ".heif", ".avif", ".jp2", ".j2k", ".jxl", ".psd", ".svg", ".tga", ".exr", ".hdr",
    ".pfm", ".pcx", ".ico", ".dds",
    ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raw", ".npy", ".npz", ".dcm", ".nii", ".gz", ".mat", ".h5",
    ".hdf5", ".pt", ".svs", ".fits",
}
# fmt: on
"""Suffixes of files that may lie beside pictures and are no pictures: these are not mentioned."""
LARGEST_COUNT = 1_000
"""Limit to which the pictures of a skipped folder are counted."""
NAMED = 3


@dataclass(frozen=True)
class Problem:
    """A file that does not fit, and a sentence with the cause."""

    file: str
    cause: str
    kind: str = "unreadable"
    """`unreadable`, `unread` (a format that is not read), `unpaired`, `stray`, `twin`, `unequal`
    (halves), `shape` (no two squares), or `skipped` (what is no picture, folders of systems and of runs,
    links: no fault of the data)."""

    def __str__(self) -> str:
        return naming(self.file, self.cause)


@dataclass(frozen=True)
class Found:
    """A picture file: `key` is its path without split, side and extension; sides are 0 (A), 1 (B) or
    None (not stated)."""

    path: Path
    split: str | None
    side: int | None
    key: str
    name: str
    """The path without split and extension; unlike `key`, it includes the side."""
    folders: tuple[str, ...] = ()
    """The folders between the root and the file."""
    wrapping: int = 0
    """How many of them contain all pictures."""

    def whole(self) -> Found:
        """Returns the same file as a picture that is no half of a pair."""
        return replace(self, side=None, key=self.name)

    def by_suffix(self, family: int = 0) -> Found | None:
        """Returns the file with the side that ends its name, as in x_A.png; None where none does."""
        match = suffix_pattern(family).fullmatch(self.key)
        return replace(self, side=FAMILIES[family][match[2].casefold()], key=match[1]) if match else None

    def placed(self, family: int = 0, nth: int = 0) -> Found:
        """Returns the file interpreted with another group of side words, or another of several such words
        in its path."""
        return _found(self.path, self.folders, wrapping=self.wrapping, family=family, nth=nth)

    def hits(self, family: int) -> int:
        """Returns how many folders of its path state a side."""
        return _placed(self.folders, self.wrapping, family, 0).hits


_placed = lru_cache(maxsize=4096)(place_folder)


def scan(root: Path) -> tuple[list[Found], list[Problem]]:
    """Returns all pictures below `root` in the order of their names, and what is left out."""
    if not root.exists():
        raise DataError(f"{root} does not exist; give a folder of pictures.")
    if not root.is_dir():
        raise DataError(f"{root} is a file; give a folder of pictures (unpack an archive first).")
    walk = _Walk(root)
    files = list(walk.files(root))
    pictures = [
        (path, folders) for path, folders, is_special in files if not is_special and _is_picture(path.name)
    ]
    special = [path for path, _, is_special in files if is_special and _is_picture(path.name)]
    cause = "it is a pipe or a device, not a file; put the picture itself there."
    problems = [Problem(path.relative_to(root).as_posix(), cause) for path in special]
    problems += unread(
        path.relative_to(root).as_posix() for path, _, _ in files if not _is_picture(path.name)
    )
    wrapping = len(_common([folders for _, folders in pictures]))
    return [_found(path, folders, wrapping=wrapping) for path, folders in pictures], problems + walk.skipped


def _is_picture(name: str) -> bool:
    return name.lower().endswith(IMAGE_SUFFIXES)


def _found(path: Path, folders: tuple[str, ...], *, wrapping: int, family: int = 0, nth: int = 0) -> Found:
    place = _placed(folders, wrapping, family, nth)
    stem = normalized(path.name.rpartition(".")[0])
    return Found(
        path,
        place.split,
        place.side,
        "/".join((*place.rest, stem)),
        "/".join((*place.named, stem)),
        folders,
        wrapping,
    )


def _common(folders: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Returns the folders that contain all pictures."""
    if not folders:
        return ()
    first = min(folders)
    last = max(folders)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first[:same]


def unread(files: Iterable[str]) -> list[Problem]:
    """Returns a problem for each format that is not read, with the number of files; documents
    are not mentioned."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for file in files:
        path = PurePath(file)
        suffix = path.suffix.lower()
        if suffix not in DOCUMENTS and not path.name.startswith(".") and (suffix or not path.name.isupper()):
            groups[suffix].append(file)
    return [_unread(suffix, group) for suffix, group in groups.items()]


def _unread(suffix: str, files: list[str]) -> Problem:
    way_out = (
        f"save {'it' if len(files) == 1 else 'them'} as {', '.join(IMAGE_SUFFIXES[:2])} or"
        f" {IMAGE_SUFFIXES[3]}."
    )
    what = f"{suffix} is not read" if suffix else "a file without a suffix, such as .png, is not read"
    if len(files) > 1:
        others = ", ".join(files[1:NAMED]) + (
            f" and {len(files) - NAMED:,} more" if len(files) > NAMED else ""
        )
        what += f", {len(files):,} files in all ({files[0]}, {others})"
    if suffix not in PICTURES_NOT_READ:
        return Problem(files[0], f"{what}, as it is no picture.", "skipped")
    return Problem(files[0], f"{what}; {way_out}", "unread")


def _is_special(entry: os.DirEntry[str]) -> bool:
    """Whether it is neither a file nor a dangling link: reading a pipe would wait for ever."""
    return not entry.is_file() and Path(entry.path).exists()


@dataclass
class _Walk:
    """One walk through a folder, and what it skipped."""

    root: Path
    skipped: list[Problem] = field(default_factory=list)
    first_paths: dict[tuple[str, str | None, int | None], str] = field(default_factory=dict)
    """The first path of each real folder, by the split and side that its path states."""

    def files(
        self, folder: Path, above: frozenset[str] = frozenset()
    ) -> Iterator[tuple[Path, tuple[str, ...], bool]]:
        """Yields files below a folder, sorted, with the names of the folders above, and whether they are
        pipes or devices.

        A folder that several paths lead to is read once for each split and side that they state. So a link
        from `val` to `test` gives pictures for both, and a loop ends.
        """
        real = os.path.realpath(folder)
        folders = tuple(map(normalized, folder.relative_to(self.root).parts))
        place = place_folder(folders)
        key = real, place.split, place.side
        if real in above or key in self.first_paths:
            first = "the folder around it" if real in above else self.first_paths[key]
            self._skip(folder, f"it is the same folder as {first}, which is read already.")
            return
        self.first_paths[key] = folder.relative_to(self.root).as_posix()
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: _natural(entry.name))
        hidden = [entry.name for entry in entries if _is_hidden_picture(entry)]
        if hidden:
            self._skip(folder / hidden[0], f"hidden pictures are not read, {len(hidden):,} in this folder.")
        for entry in entries:
            if entry.is_dir():
                if not self._passes_over(entry):
                    yield from self.files(Path(entry.path), above | {real})
            elif not entry.name.startswith("."):
                yield Path(entry.path), folders, _is_special(entry)

    def _passes_over(self, entry: os.DirEntry[str]) -> bool:
        """Whether the folder belongs to a system or a run; it is reported if there are pictures in it."""
        is_system = is_system_folder(entry.name)
        is_run = is_run_folder(entry.path)
        if not (is_system or is_run):
            return False
        count = count_pictures(entry.path)
        if count:
            what = "a folder of the system" if is_system else "the folder of a training run"
            self._skip(Path(entry.path), f"{what} is not read; {count_in_words(count)} in it.")
        return True

    def _skip(self, path: Path, cause: str) -> None:
        self.skipped.append(Problem(path.relative_to(self.root).as_posix(), cause, "skipped"))


def _is_hidden_picture(entry: os.DirEntry[str]) -> bool:
    """Whether it is a picture like .x.png; ._x.png is what macOS leaves in archives."""
    name = entry.name
    return (
        name.startswith(".")
        and not name.startswith("._")
        and name.lower().endswith(IMAGE_SUFFIXES)
        and not entry.is_dir()
    )


def is_run_folder(folder: str | Path) -> bool:
    """Whether a training run of ours is there, whose samples are no data."""
    return all(Path(folder, name).is_file() for name in ("config.json", "status.json"))


def count_pictures(folder: str | Path) -> int:
    """Returns the number of pictures below a folder, at most `LARGEST_COUNT`; links are not followed."""
    count = 0
    for _, _, files in os.walk(folder):
        count += sum(name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith("._") for name in files)
        if count >= LARGEST_COUNT:
            return LARGEST_COUNT
    return count


def count_in_words(count: int) -> str:
    """Returns a count in words: `1 picture lies`, `4 pictures lie`, with a mark where it
    reached the limit."""
    at_least = "at least " if count >= LARGEST_COUNT else ""
    return f"{at_least}{count:,} picture{'s lie' if count != 1 else ' lies'}"


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Returns a sort key with which 2.png comes before 10.png."""
    return [
        (0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part)
        for part in re.split(r"([0-9]+)", name)
    ]
