"""Reads the rows of a run's metrics.jsonl, and reads on where the file has only grown since the last time.

A page asks once a second for as long as a run trains: the whole file each time would be most of its work.
"""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from pix2pix.runs.saved_state import is_count

Row = dict[str, Any]

MOST_FILES = 8
"""Files whose rows are kept in memory; those asked for longest ago are dropped first."""
MARK_LENGTH = 256
"""Bytes before the place where reading goes on that must be the same as before."""

_kept: OrderedDict[str, _ReadSoFar] = OrderedDict()
_lock = threading.Lock()


@dataclass
class _ReadSoFar:
    """The rows of all complete lines of a file up to `end`, in bytes."""

    file: tuple[int, int]
    """Device and inode: a file that was replaced has others."""
    end: int = 0
    mark: bytes = b""
    """The last bytes before `end`."""
    rows: list[Row] = field(default_factory=list)


def read_rows(path: Path) -> list[Row]:
    """Returns the rows of the file, not to be changed, without lines that are none. Raises `OSError`."""
    key = str(path.resolve())
    with _lock, path.open("rb") as file:
        known = _kept.pop(key, None)
        so_far = known if known and _has_only_grown(file, known) else _ReadSoFar(_identity(file))
        file.seek(so_far.end)
        added = file.read()
        whole, newline, last = added.rpartition(b"\n")
        so_far.rows.extend(_to_rows(whole))
        so_far.end += len(whole) + len(newline)
        so_far.mark = (so_far.mark + whole + newline)[-MARK_LENGTH:]
        _kept[key] = so_far
        while len(_kept) > MOST_FILES:
            _kept.popitem(last=False)
        # A last line without its end may be half of one, and is looked at again.
        return [*so_far.rows, *_to_rows(last)]


def _identity(file: BinaryIO) -> tuple[int, int]:
    facts = os.fstat(file.fileno())
    return facts.st_dev, facts.st_ino


def _has_only_grown(file: BinaryIO, known: _ReadSoFar) -> bool:
    """Whether the file begins with all that was read of it before, by its length, identity and last bytes."""
    if known.file != _identity(file) or os.fstat(file.fileno()).st_size < known.end:
        return False
    file.seek(known.end - len(known.mark))
    return file.read(len(known.mark)) == known.mark


def _to_rows(text: bytes) -> Iterator[Row]:
    for line in text.decode("utf-8", errors="replace").splitlines():
        with suppress(ValueError, RecursionError):
            row = json.loads(line)
            # All other values are plotted: one that is no number would break the plots.
            if (
                isinstance(row, dict)
                and is_count(row.get("step"))
                and all(isinstance(value, (int, float)) for value in row.values())
            ):
                yield row
