"""Checks untrusted zip archives: what is in them, and whether that may be unpacked. Nothing
is written here."""

from __future__ import annotations

import re
import stat
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pix2pix.data.intake.archive_names import Unmarked, clean_paths, decoded_names
from pix2pix.data.names import is_system_folder
from pix2pix.data.scan import Problem, count_in_words
from pix2pix.errors import DataError
from pix2pix.runtime.files import IMAGE_SUFFIXES

ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".cab", ".iso")
OTHER_ARCHIVES = {
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
}
ENCRYPTED_FLAG = 0x1
END = b"PK\x05\x06"
END_64 = b"PK\x06\x06"
LONGEST_COMMENT = 65_535
SMALL = 1_000_000
"""Bytes below which no ratio is a bomb: flat label maps as BMP compress a thousandfold too."""
LONGEST_PART = 200
BYTES_AN_ENTRY = 250
"""Generous bound of bytes per entry in an archive's table of contents."""


@dataclass(frozen=True)
class Limits:
    """Limits of an upload."""

    entries: int = 50_000
    unpacked: float = 8e9
    """Bytes in all."""
    picture: float = 200e6
    """Bytes of one file."""
    ratio: float = 200
    """Ratio of unpacked to packed size."""
    depth: int = 8
    pixels: float = 40e9


@dataclass(frozen=True)
class Contents:
    """The files of an archive by safe relative names, and the folders that are skipped."""

    entries: list[tuple[str, ZipInfo]]
    skipped: tuple[Problem, ...] = ()


@contextmanager
def open_archive(path: Path, limits: Limits) -> Iterator[tuple[ZipFile, Contents]]:
    """Provides a checked archive and its files by safe relative names. Raises `DataError` where it may
    not be unpacked."""
    _check_contents_table(path, limits)
    with Unmarked(_opened(path)) as file:
        try:
            archive = ZipFile(file)
        except (BadZipFile, UnicodeDecodeError, OSError, ValueError, NotImplementedError) as error:
            raise DataError(f"{path.name} is a damaged zip archive. Pack the pictures anew.") from error
        with archive:
            yield archive, _check_entries(path.name, archive.infolist(), limits=limits)


def _check_contents_table(path: Path, limits: Limits) -> None:
    """Checks the archive's end before it is read into memory, since a table of a million entries would be."""
    head, tail = _ends_of(path)
    place = tail.rfind(END)
    if place < 0 or len(tail) < place + 22:
        known = next((what for magic, what in OTHER_ARCHIVES.items() if head.startswith(magic)), "")
        raise DataError(
            f"{path.name} is {known or 'damaged or'}{',' if known else ''} no zip archive. Pack the "
            "pictures as zip."
        )
    _, count, table = struct.unpack("<HHI", tail[place + 8 : place + 16])
    far = tail.rfind(END_64, 0, place)
    if far >= 0 and len(tail) >= far + 48:
        count, table = struct.unpack("<QQ", tail[far + 32 : far + 48])
    if count > limits.entries or table > limits.entries * BYTES_AN_ENTRY:
        raise DataError(
            f"{path.name} has {count:,} entries; {limits.entries:,} are the most. Pack fewer pictures."
        )


def _ends_of(path: Path) -> tuple[bytes, bytes]:
    """Returns the first 4 bytes, and the last ones, which hold the position of the table of contents."""
    with _opened(path) as file:
        head = file.read(4)
        size = file.seek(0, 2)
        file.seek(max(0, size - LONGEST_COMMENT - 22))
        return head, file.read()


def _opened(path: Path) -> FileIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise DataError(
            f"{path.name} cannot be read: {(error.strerror or str(error)).lower()}. Mend that, "
            "then try again."
        ) from error


def _check_entries(archive: str, infos: Sequence[ZipInfo], *, limits: Limits) -> Contents:
    if len(infos) > limits.entries:
        raise DataError(
            f"{archive} has {len(infos):,} entries; {limits.entries:,} are the most. Pack fewer pictures."
        )
    entries: list[tuple[list[str], ZipInfo]] = []
    for name, info in zip(decoded_names(infos), infos, strict=True):
        parts = _safe_parts(archive, name, info=info, limits=limits)
        _check_kind(archive, name, info=info)
        if parts and not name.endswith("/"):
            entries.append((parts, info))
    kept, skipped = _pass_over(entries)
    for _, info in kept:
        _check_size(archive, info, limits=limits)
    _check_total(archive, [info for _, info in kept], limits=limits)
    _check_twins(archive, ["/".join(parts) for parts, _ in kept])
    names = clean_paths([parts for parts, _ in kept])
    return Contents([(name, info) for name, (_, info) in zip(names, kept, strict=True)], skipped)


Parts = list[tuple[list[str], ZipInfo]]


def _pass_over(entries: Parts) -> tuple[Parts, tuple[Problem, ...]]:
    """Drops leftovers of systems (.DS_Store, ._1.jpg, @eaDir) and folders of runs; reports folders with
    pictures in them."""
    files = {"/".join(parts) for parts, _ in entries}
    runs = {name.rpartition("/")[0] for name in files if name.endswith("/config.json")}
    runs = {folder for folder in runs if f"{folder}/status.json" in files}
    skipped: Counter[tuple[str, str]] = Counter()
    kept: Parts = []
    for parts, info in entries:
        folders = ["/".join(parts[:count]) for count in range(1, len(parts))]
        system = next(
            (folder for folder, part in zip(folders, parts, strict=False) if is_system_folder(part)), None
        )
        run = next((folder for folder in folders if folder in runs), None)
        if system is None and run is None and not parts[-1].startswith("."):
            kept.append((parts, info))
        elif parts[-1].lower().endswith(IMAGE_SUFFIXES) and not parts[-1].startswith("._"):
            what = (
                "a folder of the system"
                if system
                else "the folder of a training run"
                if run
                else "a hidden picture"
            )
            skipped[system or run or "/".join(parts), what] += 1
    causes = [
        (file, f"{what} is not read" + (f"; {count_in_words(count)} in it." if "folder" in what else "."))
        for (file, what), count in skipped.items()
    ]
    return kept, tuple(Problem(file, cause, "skipped") for file, cause in causes)


def _safe_parts(archive: str, name: str, *, info: ZipInfo, limits: Limits) -> list[str]:
    """Returns the parts of an entry's path, which stays below the folder that it is unpacked to."""
    shown = repr(name[:80])
    if "\0" in info.orig_filename:
        raise DataError(f"{archive} has a name with a zero byte in it, {shown}. Pack the pictures anew.")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise DataError(
            f"{archive} has an absolute path, {shown}, which would lead out of its folder. Pack the "
            "pictures anew."
        )
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise DataError(
            f"{archive} has a path with '..', {shown}, which would lead out of its folder. Pack the "
            "pictures anew."
        )
    if not name.lower().endswith(IMAGE_SUFFIXES):
        return parts  # is not written, whatever its name
    if len(parts) > limits.depth:
        raise DataError(
            f"{archive} has folders {len(parts) - 1} deep, {shown}; {limits.depth - 1} are the most. Pack "
            "it flatter."
        )
    if any(len(part.encode()) > LONGEST_PART for part in parts):
        raise DataError(f"{archive} has a name longer than {LONGEST_PART} bytes, {shown}. Rename that file.")
    return parts


def _check_kind(archive: str, path: str, *, info: ZipInfo) -> None:
    mode = info.external_attr >> 16
    name = path[:80]
    if stat.S_ISLNK(mode):
        raise DataError(f"{archive} has a link, {name!r}, instead of a file. Pack the pictures themselves.")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(f"{archive} has {name!r}, which is no ordinary file. Pack pictures only.")
    if info.flag_bits & ENCRYPTED_FLAG:
        raise DataError(f"{archive} is encrypted. Pack the pictures without a password.")
    if path.lower().endswith(ARCHIVES):
        raise DataError(
            f"{archive} has another archive in it, {name!r}. Unpack that first, and pack its pictures."
        )
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise DataError(
            f"{archive} is packed in a way that few programs read (method {info.compress_type}). Pack it as "
            "an ordinary zip."
        )


def _check_size(archive: str, info: ZipInfo, *, limits: Limits) -> None:
    if info.file_size > limits.picture:
        raise DataError(
            f"{archive} has {info.filename[:80]!r} with {info.file_size / 1e6:,.0f} MB;"
            f" {limits.picture / 1e6:,.0f} MB are the most for one file."
        )
    if info.file_size > SMALL and info.file_size > limits.ratio * info.compress_size:
        ratio = info.file_size / max(1, info.compress_size)
        raise DataError(
            f"{archive} has {info.filename[:80]!r}, which would grow {ratio:,.0f} times; pictures do not. "
            "Leave it out, or pack it anew."
        )


def _check_total(archive: str, infos: Sequence[ZipInfo], *, limits: Limits) -> None:
    total = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if total > limits.unpacked:
        raise DataError(
            f"{archive} has {total / 1e9:,.1f} GB unpacked; {limits.unpacked / 1e9:,.0f} GB are the most. "
            "Pack fewer pictures."
        )
    if total > 10 * SMALL and total > limits.ratio * packed:
        raise DataError(
            f"{archive} would grow {total / max(1, packed):,.0f} times; pictures do not. Pack it anew."
        )


def _check_twins(archive: str, names: Sequence[str]) -> None:
    """Raises `DataError` for a name that occurs twice, also in another case, or is both a
    file and a folder."""
    spellings: dict[str, str] = {}
    for name in names:
        first = spellings.setdefault(name.casefold(), name)
        if first is not name:
            raise DataError(
                f"{archive} has {first!r} and {name!r}, one file on many disks. Rename one of them."
            )
    for name in names:
        folder = next((part for part in _folders(name.casefold()) if part in spellings), None)
        if folder:
            raise DataError(
                f"{archive} has {spellings[folder]!r} as a file and as a folder. Rename one of them."
            )


def _folders(name: str) -> Iterator[str]:
    parts = name.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))
