"""Writes what `torch.save` writes, in a third of its time and without stopping other threads.

torch computes the checksums of the zip archive byte by byte and holds the interpreter meanwhile: 2 s for the
0.7 GB of a state at width 64, in which a training beside it would stand still. zlib does it in 0.3 s.
"""

from __future__ import annotations

import mmap
import struct
import threading
import zipfile
import zlib
from typing import Any, BinaryIO

import torch

CHECKSUM = struct.Struct("<I")
LOCAL_HEADER = struct.Struct("<4s22xHH")
"""Signature, then the lengths of name and extra field, of the header before an entry's data."""
CENTRAL_HEADER = struct.Struct("<4s24xHHH12x")
"""Signature, then the lengths of name, extra field and comment, of an entry in the table of contents."""
CENTRAL_CHECKSUM = 16
DESCRIPTOR_CHECKSUM = 4
"""Places of the checksum in the table of contents, and in the descriptor behind the data."""

_turn = threading.Lock()


def save(content: Any, file: BinaryIO) -> None:
    """Writes the archive that `torch.save(content, file)` writes; `file` is empty, on a disk, and open for
    reading, too.

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
    file.flush()
    archive = zipfile.ZipFile(file)
    place = archive.start_dir
    # Not by writes: a model has some hundred places, and what is mapped needs no copy to be summed.
    with mmap.mmap(file.fileno(), 0) as held, memoryview(held) as data:
        for entry in archive.infolist():
            signature, name, extra = LOCAL_HEADER.unpack_from(data, entry.header_offset)
            listed, *lengths = CENTRAL_HEADER.unpack_from(data, place)
            if (signature, listed) != (b"PK\x03\x04", b"PK\x01\x02"):
                raise RuntimeError("torch.save has written another form of zip archive than is known here")
            begin = entry.header_offset + LOCAL_HEADER.size + name + extra
            end = begin + entry.file_size
            with data[begin:end] as content:
                checksum = zlib.crc32(content)
            for where in (place + CENTRAL_CHECKSUM, end + DESCRIPTOR_CHECKSUM):
                CHECKSUM.pack_into(data, where, checksum)
            place += CENTRAL_HEADER.size + sum(lengths)
    file.seek(0, 2)
