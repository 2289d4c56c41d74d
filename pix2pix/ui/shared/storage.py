"""Where a page keeps its models and runs: beside it, or on a Space's persistent storage where it has one.

PIX2PIX_STORE  a folder that lasts; on a Space /data, if that is there
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pix2pix.runtime.files import write_text

SPACE_STORAGE = "/data"
BROUGHT = ".brought"
"""Names and checksums of models that came along and were put into the store: one that was
deleted there does not come back."""


@dataclass(frozen=True)
class Places:
    """The folders of a page."""

    checkpoints: Path
    runs: Path


def find_places(environment: Mapping[str, str] = os.environ, here: str | Path = "") -> Places:
    """The folders below the store, with the models that came along; without a store those below
    `here`, the working folder."""
    store = environment.get("PIX2PIX_STORE") or (SPACE_STORAGE if environment.get("SPACE_ID") else "")
    beside = Places(Path(here) / "checkpoints", Path(here) / "runs")
    if not store or not Path(store).is_dir() or not os.access(store, os.W_OK):
        return beside
    places = Places(Path(store) / "checkpoints", Path(store) / "runs")
    places.checkpoints.mkdir(exist_ok=True)
    places.runs.mkdir(exist_ok=True)
    _bring_models(beside.checkpoints, places.checkpoints)
    return places


def _bring_models(shipped: Path, kept: Path) -> None:
    """Copies models that came along and were not brought before."""
    record = kept / BROUGHT
    known = set(record.read_text(encoding="utf-8").splitlines()) if record.exists() else set()
    for path in sorted(shipped.glob("*.pth")):
        sign = f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.name}"
        if sign not in known:
            part = kept / f"{path.name}.part"
            shutil.copyfile(path, part)
            part.replace(kept / path.name)
            known.add(sign)
    write_text(record, "\n".join(sorted(known)) + "\n")
