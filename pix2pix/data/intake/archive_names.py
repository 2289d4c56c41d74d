"""Names of the files in zip archives: decoded, made safe, and made unique."""

from __future__ import annotations

import io
import itertools
import re
import struct
import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from zipfile import ZipInfo

from pix2pix.data.names import normalized

UTF8_FLAG = 0x800
CENTRAL = b"PK\x01\x02"
"""Signature of an entry in the table of contents."""
UNICODE_PATH = 0x7075
"""Extra field of Info-ZIP: the name in UTF-8, with a checksum of the other one that it stands for."""
DOS_FOLDER = 0x10
ENCODINGS = ("cp932", "gbk", "big5", "cp949", "cp437", "cp850", "cp866", "cp1252")
"""Encodings of names beside UTF-8. cp437 is the format's own, and decodes all bytes."""
UNSAFE = re.compile(r'[<>:"|?*\x01-\x1f\x7f]')


def decoded_names(infos: Sequence[ZipInfo]) -> list[str]:
    """Returns the path of each entry with `/` between folders; a folder's ends with one.

    The UTF-8 mark and the extra field of Info-ZIP are trusted. Other names are UTF-8 if they can be; the rest
    are all decoded with the one encoding that fits best, so that equal bytes are equal names.
    """
    names = [_stated_name(info) for info in infos]
    unknown = [raw_name(info) for info, name in zip(infos, names, strict=True) if name is None]
    encoding = guess_encoding(unknown)
    decoded = [
        raw_name(info).decode(encoding, "replace") if name is None else name
        for info, name in zip(infos, names, strict=True)
    ]
    return [_as_path(name, info) for name, info in zip(decoded, infos, strict=True)]


def raw_name(info: ZipInfo) -> bytes:
    """Returns the bytes of the name in the archive."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & UTF8_FLAG else "cp437", "surrogateescape")


class Unmarked(io.BufferedReader):
    """A zip archive without false UTF-8 marks on names, with which Python would open none of the files."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        return _without_false_marks(data) if data.startswith(CENTRAL) else data


def _without_false_marks(table: bytes) -> bytes:
    """Returns the table of contents, which Python reads in one piece, without false marks."""
    changed = bytearray(table)
    place = 0
    while table.startswith(CENTRAL, place) and len(table) >= place + 46:
        flags = struct.unpack_from("<H", table, place + 8)[0]
        lengths = struct.unpack_from("<HHH", table, place + 28)
        try:
            table[place + 46 : place + 46 + lengths[0]].decode("utf-8")
        except UnicodeDecodeError:
            struct.pack_into("<H", changed, place + 8, flags & ~UTF8_FLAG)
        place += 46 + sum(lengths)
    return bytes(changed)


def _stated_name(info: ZipInfo) -> str | None:
    """Returns the name where the archive states its encoding; None else."""
    raw = raw_name(info)
    if info.flag_bits & UTF8_FLAG or raw.isascii():
        return info.orig_filename
    extra = _unicode_path(info.extra, raw)
    if extra is not None:
        return extra
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Returns the name in the extra field, if that is complete and belongs to this name."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        data = extra[4 : 4 + length]
        extra = extra[4 + length :]
        if kind == UNICODE_PATH and len(data) == length > 5:
            version, checksum = struct.unpack("<BI", data[:5])
            try:
                return data[5:].decode("utf-8") if version == 1 and checksum == zlib.crc32(raw) else None
            except UnicodeDecodeError:
                return None
    return None


def guess_encoding(names: Iterable[bytes]) -> str:
    """Returns the encoding that decodes all names, with the fewest unlikely characters."""
    different = sorted(set(names))
    best = "cp437"
    least = float("inf")
    for encoding in ENCODINGS if different else ():
        try:
            texts = [name.decode(encoding) for name in different]
        except UnicodeDecodeError:
            continue
        oddness = sum(map(_oddness, texts))
        if oddness < least:
            best = encoding
            least = oddness
    return best


def _oddness(text: str) -> float:
    """Returns how unlikely a name is, by its characters beyond ASCII."""
    total = 0.0
    for letter in text:
        if letter.isascii():
            continue
        script = unicodedata.name(letter, "")
        if not unicodedata.category(letter).startswith(("L", "M", "N")) and not script.startswith(
            ("FULLWIDTH", "IDEOGRAPHIC")
        ):
            total += 2
        elif script.startswith(("HALFWIDTH", "GREEK", "SUPERSCRIPT", "FEMININE", "MASCULINE")):
            total += 1
    # Latin words have no ideographs in them: these stand among their own kind.
    return total + sum(
        _is_wide(first) and _is_small(second) or _is_small(first) and _is_wide(second)
        for first, second in pairwise(text)
    )


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in ("W", "F")


def _is_small(letter: str) -> bool:
    return letter.isascii() and letter.islower()


def _as_path(name: str, info: ZipInfo) -> str:
    """Returns the name with `/` for backslashes, after decoding, since a character may contain that byte."""
    path = normalized(name).replace("\\", "/")
    is_folder = bool(info.external_attr & DOS_FOLDER) and info.file_size == 0
    return path + "/" if is_folder and not path.endswith("/") else path


def clean_paths(paths: Sequence[Sequence[str]]) -> list[str]:
    """Returns the paths, given by their parts, without characters that some systems do not allow.

    Stems and folders that differ in such characters alone get a number, the same wherever they occur: halves
    of a pair stay together.
    """
    split = [[*path[:-1], *_stem_and_suffix(path[-1])] if path else ["", ""] for path in paths]
    stems = {part.casefold() for path in split for part in path[:-1]}
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for stem in sorted(
        stems, key=lambda stem: (UNSAFE.search(stem) is not None, stem)
    ):  # what is clean keeps its name
        groups[UNSAFE.sub("_", stem)].append(stem)
    ends: dict[str, str] = {}
    for safe, group in groups.items():
        numbers = (number for number in itertools.count(2) if f"{safe}-{number}" not in groups)
        ends |= {stem: f"-{next(numbers)}" if place else "" for place, stem in enumerate(group)}
    return [
        "/".join([UNSAFE.sub("_", part) + ends[part.casefold()] for part in path[:-1]])
        + UNSAFE.sub("_", path[-1])
        for path in split
    ]


def _stem_and_suffix(name: str) -> tuple[str, str]:
    suffix = PurePosixPath(name).suffix
    return name[: len(name) - len(suffix)], suffix
