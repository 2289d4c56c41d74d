"""Renames and deletes models in `checkpoints/`, without losing a file when two people do it
at the same time."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from pix2pix.errors import CheckpointError
from pix2pix.ui.models.deleted import set_aside
from pix2pix.ui.models.provenance import is_shipped
from pix2pix.ui.shared.model_library import ModelLibrary, key_of, to_version
from pix2pix.ui.shared.own_examples import move_examples
from pix2pix.ui.shared.run_actions import check_name

_one_at_a_time = threading.Lock()


def check_not_shipped(library: ModelLibrary, path: Path, act: str) -> None:
    """Raises `CheckpointError` where the file is one of the models that come with pix2pix."""
    model = next((model for model in library.listing().models if model.path == path), None)
    if model and is_shipped(model):
        raise CheckpointError(
            f"{path.name} comes with pix2pix and cannot be {act} on the page. Do it "
            f"in the folder {library.checkpoints.name} itself."
        )


def find_file(library: ModelLibrary, key: object) -> Path:
    """Returns the file with that key in `checkpoints/`, usable or not.

    Raises `CheckpointError` where there is none. The key is looked up in the list and never used as a path.
    """
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
    """Returns the modification time as text, "" where the file does not exist."""
    try:
        return to_version(path.stat().st_mtime)
    except FileNotFoundError:
        return ""


def rename(library: ModelLibrary, key: object, *, name: object) -> str:
    """Renames a model and returns its new key; the ending of the file stays.

    Raises `CheckpointError` where the name is taken, `ConfigError` where it is no valid name.
    """
    with _one_at_a_time:
        path = find_file(library, key)
        check_not_shipped(library, path, "renamed")
        wanted = check_name(check_name(str(name or ""), "a model").removesuffix(path.suffix), "a model")
        target = path.with_name(wanted + path.suffix)
        if target != path:
            _move(path, target)
            move_examples(path.parent, path.name, target.name)
    return key_of(target)


def _move(path: Path, target: Path) -> None:
    """Renames a file, and fails where `target` exists, even if another program creates it
    at the same moment."""
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
    """Renames a file on a disk that ignores case, where `House` and `house` are one file.

    Raises `CheckpointError` where `target` is another file.
    """
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
    """Deletes a model's file and returns the token with which it can be restored for a while.

    `version` is the one that the visitor saw: raises `CheckpointError` where the file has been written since,
    and where it comes with pix2pix.
    """
    with _one_at_a_time:
        path = find_file(library, key)
        check_not_shipped(library, path, "deleted")
        if version_of(path) != version:
            raise CheckpointError(
                f"{path.name} has been written anew since you looked. Look again before you delete it."
            )
        try:
            return set_aside(path)
        except OSError as error:
            raise CheckpointError(f"{path.name} could not be deleted: {error.strerror}.") from error
