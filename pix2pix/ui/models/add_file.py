"""Adds a file of weights that a visitor uploads, and corrects what a model takes and makes.

Both read the file in a child process, as everything that somebody sent, and write a checkpoint of our own.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from pix2pix.checkpoints.checkpoint import Checkpoint, save_checkpoint
from pix2pix.checkpoints.importers import SUFFIXES, is_own, read_any
from pix2pix.config import Kind, PaletteEntry
from pix2pix.errors import CheckpointError, ConfigError
from pix2pix.imaging.palette import FACADES, MAPS
from pix2pix.ui.models.deleted import set_aside
from pix2pix.ui.models.rename_delete import check_not_shipped, find_file, version_of
from pix2pix.ui.shared.model_library import ModelLibrary, key_of
from pix2pix.ui.shared.run_actions import LONGEST_NAME

Palette = tuple[PaletteEntry, ...]
KNOWN: dict[str, Palette] = {"facades": FACADES, "maps": MAPS}
KEEP = "keep"
"""Choice of a palette that leaves it as it is."""
HALF_BYTES = 3
"""Bytes for each weight below which a file stores them with 16 bits."""
_one_at_a_time = threading.Lock()


def add_file(library: ModelLibrary, path: Path, *, name: str) -> str:
    """Checks the weights in an uploaded file and adds them to `checkpoints/`; returns the key of the model.

    `name` is the file's name on the visitor's machine; a number is added where it is taken. Raises
    `CheckpointError` where the file holds no model that can be used.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise CheckpointError(f"{name[:80]} is no file of weights; they end in {', '.join(SUFFIXES)}.")
    checkpoint = _read(path, name)
    with _one_at_a_time:
        target = _free_place(library.checkpoints, to_stem(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        save_checkpoint(target, checkpoint, _is_half(path, checkpoint))
    return key_of(target)


def _read(path: Path, name: str) -> Checkpoint:
    try:
        return read_any(path, apart=True)
    except CheckpointError as error:
        raise CheckpointError(str(error).replace(str(path), name[:80])) from None


def to_stem(name: str) -> str:
    """Returns a name for a model from that of a file: letters, digits, spaces, dots and dashes."""
    stem = unicodedata.normalize("NFKC", Path(name).stem)
    clean = re.sub(r"\.{2,}", ".", re.sub(r"[^\w .-]+", "-", stem)).strip(" .-_")
    return clean[: LONGEST_NAME - 4].rstrip(" .-_") or "model"


def _free_place(folder: Path, stem: str) -> Path:
    for number in range(1, 1000):
        place = folder / (f"{stem}.pth" if number == 1 else f"{stem}-{number}.pth")
        if not place.exists():
            return place
    raise CheckpointError(f"there are a thousand models named {stem}. Remove some.")


def _is_half(path: Path, checkpoint: Checkpoint) -> bool:
    return path.stat().st_size < HALF_BYTES * sum(weight.numel() for weight in checkpoint.weights.values())


def palettes_of(library: ModelLibrary) -> dict[str, tuple[str, Palette]]:
    """Returns title and classes of each palette that a model can be given, by id: known ones, and those of
    the other models."""
    found = {key: (f"{key} ({len(palette)} classes)", palette) for key, palette in KNOWN.items()}
    for model in library.listing().models:
        palette = model.config.palette
        if palette and palette not in [known for _, known in found.values()]:
            found[f"of {model.key}"] = (f"as {model.title} ({len(palette)} classes)", palette)
    return found


def set_kind(
    library: ModelLibrary, key: str, *, version: str, source: str, target: str, palette: str = KEEP
) -> str:
    """Corrects what a model takes (`source`, and the `palette` of it) and makes (`target`); returns its key.

    The file is written anew. Weights of another project become a checkpoint of our own beside them, and
    the old file is deleted, to be restored for a while. Raises `CheckpointError` or `ConfigError` where the
    file has changed since `version`, comes with pix2pix, or a value is none of the choices.
    """
    kinds = get_args(Kind)
    for kind in (source, target):
        if kind not in kinds:
            raise ConfigError(f"{kind[:40]!r} is no kind of picture; choose one of {', '.join(kinds)}.")
    choices = palettes_of(library)
    if palette != KEEP and palette not in choices:
        raise ConfigError(f"{palette[:40]!r} is no palette here; choose one of {', '.join(choices)}.")
    with _one_at_a_time:
        path = find_file(library, key)
        check_not_shipped(library, path, "changed")
        if version_of(path) != version:
            raise CheckpointError(f"{path.name} has been written anew since you looked. Look again.")
        checkpoint = _read(path, path.name)
        classes = checkpoint.config.palette if palette == KEEP else choices[palette][1]
        palette_of_labels = classes if source == "labels" else ()
        changed: dict[str, Any] = {"source": source, "target": target, "palette": palette_of_labels}
        config = replace(checkpoint.config, **changed)
        is_half = _is_half(path, checkpoint)
        own = is_own(path)
        target_path = path if own else _free_place(path.parent, to_stem(path.name))
        save_checkpoint(target_path, replace(checkpoint, config=config), is_half)
        if not own:
            set_aside(path)
    return key_of(target_path)
