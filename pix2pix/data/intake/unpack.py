"""Unpacks pictures from untrusted archives or files: every entry is checked, every picture decoded
and written again."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from zipfile import ZipFile, ZipInfo

from PIL import Image

from pix2pix.data.intake.archive import Limits, open_archive
from pix2pix.data.intake.archive_names import clean_paths
from pix2pix.data.scan import Problem, unread
from pix2pix.errors import DataError, NoSpaceError
from pix2pix.imaging.tensors import is_deep
from pix2pix.runtime.files import IMAGE_SUFFIXES, SAVE_OPTIONS, decode_deep, decode_image, no_space
from pix2pix.runtime.progress import Progress

GROWTH = 2
"""Bound of the growth in size: a JPEG saved again at quality 95 is at most about twice as large."""
RESERVE = 200e6
"""Bytes of the disk that stay free."""
GROUP = 64
MOST_ARCHIVES = 8
"""Archives that are brought together."""
FASTER_PNG = 3
NAMED = 3


@dataclass(frozen=True)
class Unpacked:
    """The written pictures, those left out with causes, and the names of files that are no pictures."""

    count: int
    left_out: tuple[Problem, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Item:
    """A file to be read: its path in the new folder, its size in bytes, and how to read it."""

    name: str
    size: int
    read: Callable[[], bytes]


def unpack(
    archive: Path, out: Path, *, limits: Limits | None = None, progress: Progress | None = None
) -> Unpacked:
    """Writes the pictures of a zip archive into the new folder `out`: JPEG as JPEG (quality 95),
    others as PNG.

    All names, sizes and kinds are checked before anything is written. Raises `DataError` or `NoSpaceError`
    with the cause; `out` does not exist then. `progress` is called with (done, of).
    """
    return _unpack({"": archive}, out, limits=limits or Limits(), progress=progress)


def unpack_several(
    archives: Sequence[Path], out: Path, *, limits: Limits | None = None, progress: Progress | None = None
) -> Unpacked:
    """Writes the pictures of several archives likewise, each into a folder of its name: two sides, or splits.

    All together are held to the limits of one.
    """
    if len(archives) > MOST_ARCHIVES:
        raise DataError(
            f"{len(archives)} archives are more than {MOST_ARCHIVES}. Pack their folders as one zip archive."
        )
    named: dict[str, Path] = {}
    for archive in archives:
        (place,) = clean_paths([[archive.stem.strip(" .") or "pictures"]])
        if place.casefold() in {name.casefold() for name in named}:
            raise DataError(f"{archive.name} was brought twice. Give the two archives two names.")
        named[place] = archive
    return _unpack(named, out, limits=limits or Limits(), progress=progress)


def _unpack(
    archives: Mapping[str, Path], out: Path, *, limits: Limits, progress: Progress | None
) -> Unpacked:
    """Writes the pictures of archives, each below its key, a folder in `out`; "" is `out` itself."""
    items: list[_Item] = []
    skipped: list[Problem] = []
    with ExitStack() as stack:
        for place, archive in archives.items():
            opened, contents = stack.enter_context(open_archive(archive, limits))
            above = f"{place}/" if place else ""
            items += [
                _Item(above + name, info.file_size, partial(_read_entry, opened, info))
                for name, info in contents.entries
            ]
            skipped += [replace(problem, file=above + problem.file) for problem in contents.skipped]
        what = " and ".join(archive.name for archive in archives.values())
        _check_all(what, items, limits=limits)
        written = _write_all(what, items, out=out, limits=limits, progress=progress)
        return replace(written, left_out=(*skipped, *written.left_out))


def _check_all(what: str, items: Sequence[_Item], *, limits: Limits) -> None:
    """Raises `DataError` where several archives together are beyond what one may be."""
    total = sum(item.size for item in items)
    if len(items) > limits.entries or total > limits.unpacked:
        raise DataError(
            f"{what} have {len(items):,} files with {total / 1e9:,.1f} GB together; {limits.entries:,} and "
            f"{limits.unpacked / 1e9:,.0f} GB are the most. Bring fewer pictures."
        )


def copy_pictures(
    files: Mapping[str, Path], out: Path, *, limits: Limits | None = None, progress: Progress | None = None
) -> Unpacked:
    """Writes single files likewise: their paths below `out`, and where they are now."""
    items = [_Item(name, path.stat().st_size, path.read_bytes) for name, path in files.items()]
    limits = limits or Limits()
    if len(items) > limits.entries:
        raise DataError(
            f"{len(items):,} files are more than {limits.entries:,}, which is the most. Bring fewer."
        )
    large = next((item for item in items if item.size > limits.picture), None)
    if large:
        raise DataError(
            f"{large.name} has {large.size / 1e6:,.0f} MB, more than {limits.picture / 1e6:,.0f}. Make "
            "it smaller."
        )
    return _write_all(f"{len(items):,} files", items, out=out, limits=limits, progress=progress)


def _read_entry(opened: ZipFile, info: ZipInfo) -> bytes:
    try:
        return opened.read(info)
    except Exception as error:  # noqa: BLE001  # damage shows as zlib.error, BadZipFile, EOFError, OSError, ...
        raise DataError(
            f"{PurePosixPath(info.filename).name} is damaged in the archive. Pack it anew, or leave it out."
        ) from error


def check_space(folder: Path, needed: float, *, what: str) -> None:
    """Raises `NoSpaceError` with both numbers where `needed` bytes do not fit beside what must stay free."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    if needed + RESERVE > free:
        raise NoSpaceError(
            f"{what} needs about {needed / 1e6:,.0f} MB unpacked, and {RESERVE / 1e6:,.0f} MB are "
            "to stay free;"
            f" {free / 1e6:,.0f} MB are free. Make room, or bring fewer pictures."
        )


def _write_all(
    what: str, items: Sequence[_Item], *, out: Path, limits: Limits, progress: Progress | None
) -> Unpacked:
    """Decodes and writes all pictures beside `out`, then renames the folder."""
    pictures = [item for item in items if PurePosixPath(item.name).suffix.lower() in IMAGE_SUFFIXES]
    others = [item.name for item in items if PurePosixPath(item.name).suffix.lower() not in IMAGE_SUFFIXES]
    if not pictures:
        raise DataError(_nothing(what, others))
    check_space(out, GROWTH * sum(item.size for item in pictures), what=what)
    part = out.with_name(out.name + ".part")
    try:
        problems = _write_pictures(_with_places(pictures, part), limits, progress=progress)
        if len(problems) == len(pictures):
            raise DataError(
                f"none of the {len(pictures):,} pictures of {what} can be read. {problems[0].cause}"
            )
        part.replace(out)
    except OSError as error:
        raise no_space(out, error, name=out.name) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Unpacked(len(pictures) - len(problems), (*unread(others), *problems), tuple(others))


def _with_places(pictures: Sequence[_Item], folder: Path) -> list[tuple[_Item, Path]]:
    """Returns each picture with its new path, without suffix: `x` for x.jpg.

    Where one folder has x.jpg and x.bmp, every x of all folders keeps its suffix in its name, as x.bmp.png:
    none replaces another, and which of them are a pair does not depend on their order.
    """
    stems = [item.name[: -len(PurePosixPath(item.name).suffix)] for item in pictures]
    count = Counter(map(str.casefold, stems))
    twins = {PurePosixPath(stem).name for stem, number in count.items() if number > 1}
    taken: set[str] = set()
    placed = []
    for item, stem in zip(pictures, stems, strict=True):
        place = item.name if PurePosixPath(stem).name.casefold() in twins else stem
        while place.casefold() in taken:
            place += "-2"
        taken.add(place.casefold())
        placed.append((item, folder / place))
    return placed


def _write_pictures(
    work: Sequence[tuple[_Item, Path]], limits: Limits, *, progress: Progress | None
) -> list[Problem]:
    """Writes all pictures, a few at a time; returns those that cannot be read."""
    problems: list[Problem] = []
    pixels = 0
    rest = iter(work)
    done = 0
    for folder in {place.parent for _, place in work}:
        folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1), "pix2pix-unpack") as pool:
        while group := list(islice(rest, GROUP)):
            for result in pool.map(_write_anew, group):
                problems += [result] if isinstance(result, Problem) else []
                pixels += result if isinstance(result, int) else 0
            done += len(group)
            if pixels > limits.pixels:
                raise DataError(
                    f"the pictures have more than {limits.pixels / 1e9:,.0f} thousand million pixels. Make "
                    "them smaller."
                )
            if progress:
                progress(done, len(work))
    return problems


def _write_anew(work: tuple[_Item, Path]) -> int | Problem:
    """Writes a picture and returns its number of pixels, or the problem."""
    item, place = work
    try:
        data = item.read()
        name = PurePosixPath(item.name).name
        deep = decode_deep(data, name)
        image = deep or decode_image(data, name)
    except DataError as error:
        return Problem(item.name, str(error), "unreadable")
    save_quickly(place, image, jpeg=data[:2] == b"\xff\xd8")
    return image.width * image.height


def save_quickly(place: Path, image: Image.Image, *, jpeg: bool) -> None:
    """Saves as `place` plus .jpg or .png without flushing, for folders that are renamed when
    they are complete."""
    if is_deep(image):
        # With the values that it has: what is black and white is decided for the set, not for each picture.
        image.save(place.with_name(place.name + ".tif"), "TIFF", compression="tiff_adobe_deflate")
    elif jpeg:
        image.save(place.with_name(place.name + ".jpg"), "JPEG", **SAVE_OPTIONS[".jpg"])
    else:
        image.save(place.with_name(place.name + ".png"), "PNG", compress_level=FASTER_PNG)


def _nothing(what: str, others: Sequence[str]) -> str:
    if not others:
        return f"{what} is empty: there is no picture in it. Bring PNG, JPEG, WebP, BMP or TIFF pictures."
    first = ", ".join(PurePosixPath(name).name for name in others[:NAMED]) + (
        " and others" if len(others) > NAMED else ""
    )
    return f"{what} has no picture that can be read (PNG, JPEG, WebP, BMP, TIFF), only {first}."
