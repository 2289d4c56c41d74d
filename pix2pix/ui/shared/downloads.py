"""Copies of a run's files for download: written to disk in small pieces, deleted after `KEPT` seconds."""

from __future__ import annotations

import shutil
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from pix2pix.errors import NoSpaceError, RunError
from pix2pix.runs.run import Run
from pix2pix.runtime.files import write_atomically

PLACE = Path(tempfile.gettempdir()) / "pix2pix-downloads"
KEPT = 900
"""Seconds that a file stays here; Gradio makes its own copy at once."""
PIECE = 1 << 20
LEFT_OUT = {"lock", "lock.held", "stop", "sample", "owner"}


def stage_model(run: Run) -> Path:
    """Copies the newest model of a run to a file named after the run, NAME.pth; of a run with several models
    all of them into NAME-models.zip, as NAME.pth and NAME_BtoA.pth.

    Raises `RunError` where it has saved none.
    """
    if not run.model_path.exists():
        raise RunError(f"{run.name} has saved no model yet. Wait for its first save.")
    names = {path: f"{run.name}{path.stem.removeprefix(run.model_path.stem)}.pth" for path in run.models()}
    if len(names) == 1:
        return stage_file(run.model_path, f"{run.name}.pth")
    return _stage_zip(f"{run.name}-models.zip", names)


def stage_file(path: Path, name: str) -> Path:
    """Copies a file into a new folder for downloads, as `name`."""
    target = _new_place(path.stat().st_size) / name
    shutil.copyfile(path, target)
    return target


def stage_run(run: Run) -> Path:
    """Writes the whole run into a zip file with one folder of the run's name, in constant memory."""
    files = [
        path
        for path in sorted(run.path.rglob("*"))
        if path.is_file() and path.name not in LEFT_OUT and path.suffix != ".part"
    ]
    return _stage_zip(
        f"{run.name}.zip", {path: f"{run.name}/{path.relative_to(run.path).as_posix()}" for path in files}
    )


def _stage_zip(name: str, files: Mapping[Path, str]) -> Path:
    """Writes files into a new zip file, each under its name there."""
    target = _new_place(sum(path.stat().st_size for path in files)) / name
    write_zip(target, files)
    return target


def write_zip(target: Path, files: Mapping[Path, str]) -> None:
    """Writes files into a zip file, each under its name there; errors as `write_atomically`."""

    def write(file: BinaryIO) -> None:
        # Weights do not get smaller, and pictures are packed already: storing is as
        # small, and many times as quick.
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for path, inside in files.items():
                _add(archive, path, name=inside)

    write_atomically(target, write)


def _add(archive: zipfile.ZipFile, path: Path, *, name: str) -> None:
    try:
        with (
            path.open("rb") as source,
            archive.open(zipfile.ZipInfo.from_file(path, name), "w", force_zip64=True) as target,
        ):
            shutil.copyfileobj(source, target, PIECE)
    except FileNotFoundError:  # replaced or removed by its trainer meanwhile
        return


def _new_place(needed: int) -> Path:
    PLACE.mkdir(parents=True, exist_ok=True)
    for old in PLACE.iterdir():
        if time.time() - old.stat().st_mtime > KEPT:
            shutil.rmtree(old, ignore_errors=True)
    free = shutil.disk_usage(PLACE).free
    # Gradio's own copy needs the same room again.
    if free < 2 * needed:
        raise NoSpaceError(
            f"no space left: the download needs {2 * needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} "
            "MB are free."
        )
    return Path(tempfile.mkdtemp(dir=PLACE))
