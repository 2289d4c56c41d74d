"""The folders of models and runs: beside the page, or on a Space's persistent storage where it has one.

PIX2PIX_STORE  a folder that lasts; on a Space /data, if that exists
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pix2pix.runtime.file_cache import FileCache
from pix2pix.runtime.files import write_text

SPACE_STORAGE = "/data"
SHIPPED_RECORD = ".brought"
"""File with names and SHA-256 sums of the shipped models that were copied to the store, so that one deleted
there is not copied again."""


@dataclass(frozen=True)
class Places:
    """The folders of a page."""

    checkpoints: Path
    runs: Path


def find_places(environment: Mapping[str, str] = os.environ, here: str | Path = "") -> Places:
    """Returns the folders in the store, with the shipped models copied there; else those below `here`.

    `here` is by default the working folder. A store that cannot be written to counts as none.
    """
    store = environment.get("PIX2PIX_STORE") or (SPACE_STORAGE if environment.get("SPACE_ID") else "")
    beside = Places(Path(here) / "checkpoints", Path(here) / "runs")
    if not store or not Path(store).is_dir() or not os.access(store, os.W_OK):
        return beside
    places = Places(Path(store) / "checkpoints", Path(store) / "runs")
    places.checkpoints.mkdir(exist_ok=True)
    places.runs.mkdir(exist_ok=True)
    _copy_shipped_models(beside.checkpoints, places.checkpoints)
    return places


def _copy_shipped_models(shipped: Path, kept: Path) -> None:
    """Copies the shipped models into the store, unless the record says that they were copied before."""
    record = kept / SHIPPED_RECORD
    known = _read_record(kept)
    for path in sorted(shipped.glob("*.pth")):
        sign = f"{_hash(path)} {path.name}"
        if sign not in known:
            part = kept / f"{path.name}.part"
            shutil.copyfile(path, part)
            part.replace(kept / path.name)
            known.add(sign)
    write_text(record, "\n".join(sorted(known)) + "\n")


_hashes: FileCache[str] = FileCache(100)


def is_copied(path: Path) -> bool:
    """Whether a file is a shipped model that was copied to the store, and is still the same."""
    known = _read_record(path.parent)
    if not any(sign.endswith(f" {path.name}") for sign in known):
        return False
    return f"{_hashes.read(path, _hash)} {path.name}" in known


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_record(folder: Path) -> set[str]:
    record = folder / SHIPPED_RECORD
    return set(record.read_text(encoding="utf-8").splitlines()) if record.exists() else set()
