"""The validation sources of the run that a model came from: its own examples.

Those of a run lie in its folder. Those of a model that was kept lie in `checkpoints/.examples/<file>/`, and
go with it when it is renamed, deleted or restored. They are part of no file of weights, and pushed nowhere.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from pix2pix.runs.own_examples import examples_of_run
from pix2pix.runtime.files import no_space
from pix2pix.ui.shared.model_library import Model

FOLDER = ".examples"
MOST = 8


def folder_of(path: Path) -> Path:
    """Returns the folder of a kept model's own examples; it may not be there."""
    return path.parent / FOLDER / path.name


def own_examples(model: Model) -> list[Path]:
    """Returns the model's own examples, none where it has none."""
    folder = examples_of_run(model.path) if model.is_run else folder_of(model.path)
    return sorted(folder.glob("*.png"))[:MOST]


def copy_examples(model: Path, kept: Path) -> None:
    """Copies the own examples of a run's model for the file that it is kept as, in place of older ones.
    Raises `NoSpaceError` on a full disk."""
    found, folder = examples_of_run(model), folder_of(kept)
    shutil.rmtree(folder, ignore_errors=True)
    if not found.is_dir():
        return
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        shutil.copytree(found, part)
        part.rename(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise no_space(folder, error, name=kept.name) from error


def move_examples(checkpoints: Path, name: str, other: str) -> None:
    """Gives the own examples of the file `name` to `other`, if there are any."""
    folder = checkpoints / FOLDER
    if (folder / name).is_dir():
        with suppress(OSError):  # not even a full disk may keep a model from being renamed
            shutil.rmtree(folder / other, ignore_errors=True)
            (folder / name).rename(folder / other)


def drop_examples(checkpoints: Path, names: set[str]) -> None:
    """Deletes the own examples of these names."""
    for name in names:
        shutil.rmtree(checkpoints / FOLDER / name, ignore_errors=True)
