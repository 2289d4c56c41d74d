"""Exports a checkpoint as safetensors: the weights in `FILE`, and the description in
`config.json` beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from pix2pix.checkpoints.checkpoint import FORMAT, VERSION, Checkpoint, check_weights
from pix2pix.errors import CheckpointError, DataError
from pix2pix.imaging.tensors import are_finite
from pix2pix.runtime.files import write_bytes, write_text

CONFIG = "config.json"


def write_safetensors(path: str | Path, checkpoint: Checkpoint, half: bool = False) -> Path:
    """Writes both files, checks that the weights read back bit for bit, and returns the path
    of the description.

    The header of `path` holds the description too. Raises `CheckpointError` or `DataError` where that fails,
    or where another project's `config.json` is there.
    """
    from safetensors.torch import load, save

    path = Path(path)
    check_weights(checkpoint.config, checkpoint.weights, where=str(path))
    _check_free(path.with_name(CONFIG))
    weights = {name: _narrow(value, half) for name, value in checkpoint.weights.items()}
    if not are_finite(weights.values()):
        raise CheckpointError(
            f"{path}: some weights are larger than half precision holds (65504). Export without --half."
        )
    described = describe(checkpoint)
    write_bytes(path, save(weights, {"format": "pt", FORMAT: json.dumps(described)}))
    try:
        written = load(path.read_bytes())
    except OSError as error:
        raise CheckpointError(
            f"{path} was written and cannot be read back: {(error.strerror or str(error)).lower()}."
        ) from error
    if not all(torch.equal(written[name], value) for name, value in weights.items()):
        raise CheckpointError(f"{path} reads back otherwise than it was written. Is the disk in order?")
    write_text(path.with_name(CONFIG), json.dumps(described, indent=2) + "\n")
    return path.with_name(CONFIG)


def describe(checkpoint: Checkpoint) -> dict[str, Any]:
    """Returns what a `.pth` holds beside its weights, as plain values."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "config": checkpoint.config.to_dict(),
        "about": checkpoint.about,
    }


def _narrow(value: torch.Tensor, half: bool) -> torch.Tensor:
    kind = torch.float16 if half and value.is_floating_point() else value.dtype
    return value.detach().to("cpu", kind).contiguous()


def _check_free(path: Path) -> None:
    """Raises `DataError` where another project's config.json is there, which is not replaced."""
    if not path.exists():
        return
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"{path} is there already, and cannot be read: {(error.strerror or str(error)).lower()}."
        ) from error
    except ValueError:
        known = None
    if not isinstance(known, dict) or known.get("format") != FORMAT:
        raise DataError(
            f"{path} is there already, and describes something else. Write the weights into a folder "
            "of their own."
        )
