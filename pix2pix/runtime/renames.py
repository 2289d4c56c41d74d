"""Renaming a file over another one, as each system allows it."""

from __future__ import annotations

import os
import time
from pathlib import Path

IS_WINDOWS = os.name == "nt"
PAUSES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Seconds between tries to rename a file over one that is being read."""


def replace_file(part: Path, path: Path) -> None:
    """Renames a file over another one. Windows refuses while a reader has that open, which readers of ours
    have for an instant."""
    for pause in PAUSES if IS_WINDOWS else ():
        try:
            part.replace(path)
            return
        except PermissionError:
            time.sleep(pause)
    part.replace(path)


def flush_folder(folder: Path) -> None:
    """Makes a rename survive a power cut; on Windows a folder cannot be opened, and need not be."""
    if IS_WINDOWS:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
