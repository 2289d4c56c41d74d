"""Renaming and deleting models in the folder of checkpoints, so that two people who
do it at once lose nothing."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from pix2pix.errors import CheckpointError
from pix2pix.ui.shared.model_library import ModelLibrary, key_of
from pix2pix.ui.shared.run_actions import check_name

_one_at_a_time = threading.Lock()


def find_file(library: ModelLibrary, key: object) -> Path:
    """The file with that key in the folder of checkpoints, a broken one too.
    Looked up, never used as a path."""
    listing = library.listing()
    paths = [model.path for model in listing.models if not model.is_run] + [
        path for path, _ in listing.broken
    ]
    found = next((path for path in paths if key_of(path) == key and path.parent == library.checkpoints), None)
    if found is None:
        raise CheckpointError(
            f"the model {str(key)[:100]!r} is not there any more: somebody has renamed or deleted it."
        )
    return found


def version_of(path: Path) -> str:
    """Another one whenever the file is written anew; empty where it is gone."""
    try:
        return f"{path.stat().st_mtime:.6f}"
    except FileNotFoundError:
        return ""


def rename(library: ModelLibrary, key: object, *, name: object) -> str:
    """Gives a model another name; its new key. A name that is taken is never taken over,
    and the file keeps its ending."""
    with _one_at_a_time:
        path = find_file(library, key)
        wanted = check_name(check_name(str(name or ""), "a model").removesuffix(path.suffix), "a model")
        target = path.with_name(wanted + path.suffix)
        if target != path:
            _move(path, target)
    return key_of(target)


def _move(path: Path, target: Path) -> None:
    """A rename that fails where `target` is there, also where another program makes it at the same moment."""
    try:
        os.link(path, target)
    except FileExistsError:
        _change_case(path, target)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{path.name} is not there any more: somebody has renamed or deleted it."
        ) from error
    except OSError:  # a disk that knows no second name for a file
        _move_without_links(path, target)
    else:
        path.unlink(missing_ok=True)


def _change_case(path: Path, target: Path) -> None:
    """On a disk that does not tell `House` from `house`, the two are one file, and may be renamed."""
    if path.name.casefold() != target.name.casefold() or not path.samefile(target):
        raise CheckpointError(f"{target.name} is there already. Choose another name.")
    path.rename(target)


def _move_without_links(path: Path, target: Path) -> None:
    try:
        target.open("xb").close()
    except FileExistsError as error:
        raise CheckpointError(f"{target.name} is there already. Choose another name.") from error
    except OSError as error:
        raise CheckpointError(f"{path.name} could not be renamed: {error.strerror}.") from error
    path.replace(target)


def delete(library: ModelLibrary, key: object, *, version: object) -> str:
    """Deletes a model for good; its file's name. `version` is that of the file that was
    looked at: a newer one stays."""
    with _one_at_a_time:
        path = find_file(library, key)
        if version_of(path) != version:
            raise CheckpointError(
                f"{path.name} has been written anew since you looked. Look again before you delete it."
            )
        try:
            path.unlink()
        except OSError as error:
            raise CheckpointError(f"{path.name} could not be deleted: {error.strerror}.") from error
    return path.name
