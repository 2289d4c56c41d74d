"""Reads and writes safetensors files with the safetensors library, and turns its errors into sentences."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pix2pix.checkpoints.checkpoint import FORMAT, Checkpoint, to_checkpoint
from pix2pix.errors import CheckpointError
from pix2pix.runtime.files import utf8_name

LARGEST_HEADER = 20_000_000
MOST_TENSORS = 10_000
DESCRIPTION = "config.json"


def is_safetensors(path: Path) -> bool:
    """Whether the file begins with a plausible header length and a brace."""
    with path.open("rb") as file:
        start = file.read(9)
    return len(start) == 9 and start[8:] == b"{" and struct.unpack("<Q", start[:8])[0] < LARGEST_HEADER


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Reads all tensors (copies, on the CPU) and the metadata. Raises `CheckpointError` for
    a damaged file."""
    try:
        with utf8_name(path) as name, safe_open(name, "pt", device="cpu") as file:
            keys = list(file.keys())
            if len(keys) > MOST_TENSORS:
                raise CheckpointError(
                    f"{path} names {len(keys):,} tensors, and no network that is read here has "
                    f"{MOST_TENSORS:,}."
                )
            # The library maps the file into memory: a file that shrinks later must
            # not take the process with it.
            return {key: file.get_tensor(key).clone() for key in keys}, dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged: {_cause(path, error)}") from error


def _cause(path: Path, error: Exception) -> str:
    text = str(error)
    size = path.stat().st_size
    if re.search(
        r"invalid ?offset|incomplete ?(?:metadata|buffer)|buffer not fully covered", text, re.IGNORECASE
    ):
        return f"its table of contents names other bytes of numbers than the file of {size:,} bytes holds."
    if re.search(r"header ?(?:too|length)|header (?:is )?too", text, re.IGNORECASE):
        return f"its header is longer than the file, which has {size:,} bytes in all."
    detail = text.removeprefix("Error while deserializing header: ")
    return f"its header cannot be read: its table of contents makes no sense ({detail:.120})."


def write_safetensors(path: Path, tensors: Mapping[str, Tensor], *, metadata: Mapping[str, str]) -> None:
    """Writes tensors and metadata. Tensors that share memory are copied, since the format has no sharing."""
    taken: set[int] = set()
    whole = {}
    for name, value in tensors.items():
        place = value.untyped_storage().data_ptr()
        whole[name] = value.contiguous().clone() if place in taken else value.contiguous()
        taken.add(place)
    save_file(whole, path, dict(metadata))


def own_description(path: Path) -> dict[str, Any] | None:
    """Returns the description of our model from the header, or `config.json` beside it; None for others.

    Raises `CheckpointError` for a damaged file.
    """
    try:
        with utf8_name(path) as name, safe_open(name, "pt") as file:
            text = (file.metadata() or {}).get(FORMAT)
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged: {_cause(path, error)}") from error
    beside = path.with_name(DESCRIPTION)
    try:
        if text is None and beside.is_file() and beside.stat().st_size < LARGEST_HEADER:
            text = beside.read_text(encoding="utf-8")
        described = json.loads(text) if isinstance(text, str) else None
    except (OSError, ValueError, RecursionError):
        return None
    return described if isinstance(described, dict) and described.get("format") == FORMAT else None


def read_own(path: Path, described: dict[str, Any]) -> Checkpoint:
    """Reads one of our checkpoints that is stored as safetensors."""
    tensors, _ = read_safetensors(path)
    return to_checkpoint(described | {"weights": tensors}, path)
