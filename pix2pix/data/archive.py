"""Zip archives of strangers: what is in them, and whether that is fit to be unpacked. Nothing is written here."""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pix2pix.errors import DataError

Entry = tuple[str, ZipInfo]

ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".cab", ".iso")
OTHER_ARCHIVES = {b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive", b"\x1f\x8b": "a gzip file", b"BZh": "a bzip2 file"}
UTF8_FLAG, ENCRYPTED_FLAG = 0x800, 0x1
END, END_64 = b"PK\x05\x06", b"PK\x06\x06"
LONGEST_COMMENT = 65_535
SMALL = 1_000_000
"""Bytes below which no ratio is a bomb: flat label maps as BMP shrink a thousandfold too."""
UNSAFE = re.compile(r'[<>:"|?*\x01-\x1f\x7f]')
LONGEST_PART = 200
BYTES_AN_ENTRY = 250
"""Of an archive's table of contents, generously."""


@dataclass(frozen=True)
class Limits:
    """What an upload may be at most."""

    entries: int = 50_000
    unpacked: float = 8e9
    """Bytes in all."""
    picture: float = 200e6
    """Bytes of one file."""
    ratio: float = 200
    """Times that something may be larger than it is packed."""
    depth: int = 8
    pixels: float = 40e9


@contextmanager
def open_archive(path: Path, limits: Limits) -> Iterator[tuple[ZipFile, list[Entry]]]:
    """An archive that was looked through, and its files by safe relative names; `DataError` says what is wrong with it."""
    _check_contents_table(path, limits)
    try:
        archive = ZipFile(path)
    except (BadZipFile, UnicodeDecodeError, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{path.name} is a damaged zip archive. Pack the pictures anew.") from error
    with archive:
        yield archive, _check_entries(path.name, archive.infolist(), limits)


def _check_contents_table(path: Path, limits: Limits) -> None:
    """Looks at the archive's end before anything of it is held in memory: a table of a million entries would be."""
    with path.open("rb") as file:
        head = file.read(4)
        size = file.seek(0, 2)
        file.seek(max(0, size - LONGEST_COMMENT - 22))
        tail = file.read()
    place = tail.rfind(END)
    if place < 0 or len(tail) < place + 22:
        known = next((what for magic, what in OTHER_ARCHIVES.items() if head.startswith(magic)), "")
        raise DataError(f"{path.name} is {known or 'damaged or'}{',' if known else ''} no zip archive. Pack the pictures as zip.")
    _, count, table = struct.unpack("<HHI", tail[place + 8 : place + 16])
    far = tail.rfind(END_64, 0, place)
    if far >= 0 and len(tail) >= far + 48:
        count, table = struct.unpack("<QQ", tail[far + 32 : far + 48])
    if count > limits.entries or table > limits.entries * BYTES_AN_ENTRY:
        raise DataError(f"{path.name} has {count:,} entries; {limits.entries:,} are the most. Pack fewer pictures.")


def _check_entries(archive: str, infos: Sequence[ZipInfo], limits: Limits) -> list[Entry]:
    if len(infos) > limits.entries:
        raise DataError(f"{archive} has {len(infos):,} entries; {limits.entries:,} are the most. Pack fewer pictures.")
    entries: list[Entry] = []
    for info in infos:
        name = _safe_name(archive, info, limits)
        _check_kind(archive, info)
        # .DS_Store, ._1.jpg and __MACOSX are what a Mac leaves in archives.
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
        if not info.is_dir() and name and not hidden:
            _check_size(archive, info, limits)
            entries.append((name, info))
    _check_total(archive, [info for _, info in entries], limits)
    _check_twins(archive, [name for name, _ in entries])
    return entries


def _safe_name(archive: str, info: ZipInfo, limits: Limits) -> str:
    """The entry's path, which stays below the folder that it is unpacked to."""
    name = unicodedata.normalize("NFC", _decoded(archive, info)).replace("\\", "/")
    shown = repr(name[:80])
    if "\0" in info.orig_filename:
        raise DataError(f"{archive} has a name with a zero byte in it, {shown}. Pack the pictures anew.")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise DataError(f"{archive} has an absolute path, {shown}, which would lead out of its folder. Pack the pictures anew.")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise DataError(f"{archive} has a path with '..', {shown}, which would lead out of its folder. Pack the pictures anew.")
    if len(parts) > limits.depth:
        raise DataError(f"{archive} has folders {len(parts) - 1} deep, {shown}; {limits.depth - 1} are the most. Pack it flatter.")
    if any(len(part.encode()) > LONGEST_PART for part in parts):
        raise DataError(f"{archive} has a name longer than {LONGEST_PART} bytes, {shown}. Rename that file.")
    return UNSAFE.sub("_", "/".join(parts))


def _decoded(archive: str, info: ZipInfo) -> str:
    """The name as text. Without the mark for UTF-8 it may be UTF-8 all the same (macOS), or anything."""
    if info.flag_bits & UTF8_FLAG or info.orig_filename.isascii():
        return info.filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError as error:
        raise DataError(
            f"{archive} has a name that is not in UTF-8, perhaps {info.filename[:80]!r}. Rename it, or pack with UTF-8 names."
        ) from error


def _check_kind(archive: str, info: ZipInfo) -> None:
    mode, name = info.external_attr >> 16, info.filename[:80]
    if stat.S_ISLNK(mode):
        raise DataError(f"{archive} has a link, {name!r}, instead of a file. Pack the pictures themselves.")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(f"{archive} has {name!r}, which is no ordinary file. Pack pictures only.")
    if info.flag_bits & ENCRYPTED_FLAG:
        raise DataError(f"{archive} is encrypted. Pack the pictures without a password.")
    if info.filename.lower().endswith(ARCHIVES):
        raise DataError(f"{archive} has another archive in it, {name!r}. Unpack that first, and pack its pictures.")
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise DataError(f"{archive} is packed in a way that few programs read (method {info.compress_type}). Pack it as an ordinary zip.")


def _check_size(archive: str, info: ZipInfo, limits: Limits) -> None:
    if info.file_size > limits.picture:
        raise DataError(
            f"{archive} has {info.filename[:80]!r} with {info.file_size / 1e6:,.0f} MB;"
            f" {limits.picture / 1e6:,.0f} MB are the most for one file."
        )
    if info.file_size > SMALL and info.file_size > limits.ratio * info.compress_size:
        ratio = info.file_size / max(1, info.compress_size)
        raise DataError(
            f"{archive} has {info.filename[:80]!r}, which would grow {ratio:,.0f} times; pictures do not. Leave it out, or pack it anew."
        )


def _check_total(archive: str, infos: Sequence[ZipInfo], limits: Limits) -> None:
    total, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    if total > limits.unpacked:
        raise DataError(f"{archive} has {total / 1e9:,.1f} GB unpacked; {limits.unpacked / 1e9:,.0f} GB are the most. Pack fewer pictures.")
    if total > 10 * SMALL and total > limits.ratio * packed:
        raise DataError(f"{archive} would grow {total / max(1, packed):,.0f} times; pictures do not. Pack it anew.")


def _check_twins(archive: str, names: Sequence[str]) -> None:
    """No file twice, also not but for case: on many disks x.png and X.png are one file. No file that is a folder too."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(name.casefold(), name)
        if first is not name:
            raise DataError(f"{archive} has {first!r} and {name!r}, one file on many disks. Rename one of them.")
    for name in names:
        folder = next((part for part in _folders(name.casefold()) if part in seen), None)
        if folder:
            raise DataError(f"{archive} has {seen[folder]!r} as a file and as a folder. Rename one of them.")


def _folders(name: str) -> Iterator[str]:
    parts = name.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))
