"""Deleted models: they lie aside for ten minutes, can be restored, and are then gone."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pix2pix.errors import CheckpointError
from pix2pix.ui.shared.own_examples import drop_examples, move_examples

FOLDER = ".deleted"
"""Folder inside `checkpoints/` with one folder for each deleted file, named by a random token."""
KEPT_S = 600.0
"""Seconds for which a deleted file can be restored."""


@dataclass(frozen=True)
class Deleted:
    """A file that can still be restored."""

    token: str
    path: Path
    seconds_left: float


def set_aside(path: Path) -> str:
    """Moves a file aside and returns the token with which `restore_model` finds it. Raises `OSError`."""
    token = secrets.token_hex(8)
    place = path.parent / FOLDER / token
    place.mkdir(parents=True)
    try:
        path.rename(place / path.name)
    except OSError:
        place.rmdir()
        raise
    move_examples(path.parent, path.name, token)
    timer = threading.Timer(KEPT_S + 1, sweep, [path.parent])
    timer.daemon = True
    timer.start()
    return token


def list_deleted(checkpoints: Path) -> list[Deleted]:
    """Returns the files that can be restored, the last deleted first."""
    now = time.time()
    found = []
    with suppress(FileNotFoundError):
        for place in (checkpoints / FOLDER).iterdir():
            with suppress(OSError):  # restored or swept away between two looks
                left = place.stat().st_mtime + KEPT_S - now
                found += [Deleted(place.name, path, left) for path in place.iterdir() if left > 0]
    return sorted(found, key=lambda each: each.seconds_left, reverse=True)


def restore_model(checkpoints: Path, token: object) -> Path:
    """Moves a deleted file back and returns its path.

    Raises `CheckpointError` where it is gone, or another file has taken its name.
    """
    found = next((each for each in list_deleted(checkpoints) if each.token == token), None)
    if found is None:
        raise CheckpointError(
            f"this model is gone: a deleted one can be restored for {KEPT_S / 60:.0f} minutes."
        )
    target = checkpoints / found.path.name
    if target.exists():
        raise CheckpointError(f"{target.name} is there already. Rename that one, then restore this one.")
    found.path.rename(target)
    move_examples(checkpoints, found.token, target.name)
    with suppress(OSError):
        found.path.parent.rmdir()
    return target


def sweep(checkpoints: Path) -> None:
    """Removes the files that can no longer be restored."""
    kept = {each.token for each in list_deleted(checkpoints)}
    with suppress(FileNotFoundError):
        for place in (checkpoints / FOLDER).iterdir():
            if place.name not in kept:
                shutil.rmtree(place, ignore_errors=True)
                drop_examples(checkpoints, {place.name})
