"""Writes what `torch.save` writes, in a third of its time and without stopping other threads.

torch computes the checksums of the zip archive byte by byte and holds the interpreter meanwhile: 2 s for the
0.7 GB of a state at width 64, in which a training beside it would stand still. zlib does it in 0.3 s.
"""

from __future__ import annotations

import struct
import threading
import zipfile
import zlib
from typing import Any, BinaryIO

import torch

CHUNK = 1 << 24
LOCAL_HEADER = struct.Struct("<4s22xHH")
"""Signature, then the lengths of name and extra field, of the header before an entry's data."""
CENTRAL_HEADER = struct.Struct("<4s24xHHH12x")
"""Signature, then the lengths of name, extra field and comment, of an entry in the table of contents."""
CENTRAL_CHECKSUM = 16
DESCRIPTOR_CHECKSUM = 4
"""Places of the checksum in the table of contents, and in the descriptor behind the data."""

_turn = threading.Lock()


def save(content: Any, file: BinaryIO) -> None:
    """Writes the archive that `torch.save(content, file)` writes; `file` is empty and open for reading, too.

    One entry differs: torch's id of the archive, which it makes of checksums, and which nothing reads.
    """
    with _turn:  # the option is the whole program's
        before = torch.serialization.get_crc32_options()
        torch.serialization.set_crc32_options(False)
        try:
            torch.save(content, file)
        finally:
            torch.serialization.set_crc32_options(before)
    if before:
        _add_checksums(file)


def _add_checksums(file: BinaryIO) -> None:
    archive = zipfile.ZipFile(file)
    place = archive.start_dir
    for entry in archive.infolist():
        file.seek(entry.header_offset)
        signature, name, extra = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
        begin = entry.header_offset + LOCAL_HEADER.size + name + extra
        file.seek(place)
        listed, *lengths = CENTRAL_HEADER.unpack(file.read(CENTRAL_HEADER.size))
        if (signature, listed) != (b"PK\x03\x04", b"PK\x01\x02"):
            raise RuntimeError("torch.save has written another form of zip archive than is known here")
        checksum = struct.pack("<I", _checksum(file, begin, size=entry.file_size))
        for where in (place + CENTRAL_CHECKSUM, begin + entry.file_size + DESCRIPTOR_CHECKSUM):
            file.seek(where)
            file.write(checksum)
        place += CENTRAL_HEADER.size + sum(lengths)
    file.seek(0, 2)


def _checksum(file: BinaryIO, begin: int, *, size: int) -> int:
    file.seek(begin)
    value = 0
    while size:
        chunk = file.read(min(CHUNK, size))
        if not chunk:
            raise EOFError("the file is shorter than its table of contents says")
        value = zlib.crc32(chunk, value)
        size -= len(chunk)
    return value
