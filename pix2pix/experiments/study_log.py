"""Finished sessions of the perceptual study, one line of JSON each in `studies/<data>.jsonl`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pix2pix.experiments.study import Record
from pix2pix.runtime.files import append_line
from pix2pix.runtime.paths import slug

LONGEST_NAME = 60


@dataclass(frozen=True)
class SavedSession:
    """The saved sessions of a folder, oldest first, and one sentence for each file with unreadable lines."""

    records: tuple[Record, ...]
    problems: tuple[str, ...]


def file_of(studies: Path, data: str) -> Path:
    """Returns the path of the file with the sessions on a data set."""
    plain = slug(data, "pictures", longest=LONGEST_NAME)
    return studies / f"{plain}.jsonl"


def keep(studies: Path, record: Record) -> None:
    """Appends a session to its file. Raises `Pix2PixError` where it cannot be written."""
    append_line(file_of(studies, record.data), json.dumps(record.to_dict()))


def read_sessions(studies: Path) -> SavedSession:
    """Reads all sessions of a folder. A damaged line is skipped and counted; the other
    lines are still read."""
    records: list[Record] = []
    problems: list[str] = []
    for path in sorted(studies.glob("*.jsonl")):
        try:
            found, damaged = _read(path)
        except OSError as error:
            problems.append(f"{path.name} cannot be read: {error.strerror or error}.")
            continue
        records += found
        if damaged:
            lines = "1 damaged line was" if damaged == 1 else f"{damaged} damaged lines were"
            problems.append(f"{path.name}: {lines} left out.")
    return SavedSession(tuple(sorted(records, key=lambda record: record.date)), tuple(problems))


def _read(path: Path) -> tuple[list[Record], int]:
    """Returns the sessions of a file and the number of damaged lines."""
    records = []
    damaged = 0
    known = set()
    for line in path.read_bytes().splitlines():
        try:
            record = Record.from_dict(json.loads(line))
        except (ValueError, RecursionError):
            damaged += bool(line.strip())
            continue
        if record.session not in known:  # a file put together from two may have a session twice
            known.add(record.session)
            records.append(record)
    return records, damaged
