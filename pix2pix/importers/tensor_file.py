"""safetensors, read and written: a length, a table of contents as JSON, and the numbers. There is nothing in it that could be run.

Our own checkpoints may come in it, and it is how the process that opens a stranger's file hands over what it found.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from pix2pix.checkpoint import FORMAT, Checkpoint, to_checkpoint
from pix2pix.errors import CheckpointError

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
LARGEST_HEADER = 20_000_000
MOST_TENSORS = 10_000
DESCRIPTION = "config.json"


def is_tensor_file(path: Path) -> bool:
    """Whether it begins like one: a length that can be, and a brace."""
    with path.open("rb") as file:
        start = file.read(9)
    return len(start) == 9 and start[8:] == b"{" and struct.unpack("<Q", start[:8])[0] < LARGEST_HEADER


def read_tensor_file(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and the words beside them; `CheckpointError` in one sentence for a file that is damaged."""
    with path.open("rb") as file:
        header = _read_header(path, file)
        data = bytearray(file.read())
    words = header.pop("__metadata__", {})
    words = {str(name): value for name, value in words.items() if isinstance(value, str)} if isinstance(words, dict) else {}
    try:
        spans = {name: _span(entry) for name, entry in header.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged: its table of contents makes no sense ({error!r:.80}).") from error
    held = sum(end - start for _, _, start, end in spans.values())
    if held != len(data) or any(end > len(data) for _, _, _, end in spans.values()) or len(spans) > MOST_TENSORS:
        raise CheckpointError(f"{path} is damaged: its table of contents names {held:,} bytes of numbers, and {len(data):,} follow.")
    return {name: _view(data, span) for name, span in spans.items()}, words


def _read_header(path: Path, file: BinaryIO) -> dict[str, Any]:
    """The table of contents."""
    start, size = file.read(8), path.stat().st_size
    length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if not 2 <= length <= min(LARGEST_HEADER, size - 8):
        raise CheckpointError(f"{path} is damaged: its header should have {length:,} bytes, and the file has {size:,} in all.")
    try:
        header = json.loads(file.read(length))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged: its header cannot be read.") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{path} is damaged: its header is no table of contents.")
    return header


def _span(entry: Mapping[str, Any]) -> tuple[torch.dtype, list[int], int, int]:
    dtype, shape, (start, end) = DTYPES[entry["dtype"]], entry["shape"], entry["data_offsets"]
    if not all(type(number) is int and number >= 0 for number in (*shape, start, end)) or len(shape) > 8:
        raise ValueError("a size is no whole number")
    if end - start != prod(shape) * dtype.itemsize:
        raise ValueError("a tensor's size is not that of its shape")
    return dtype, shape, start, end


def _view(data: bytearray, span: tuple[torch.dtype, list[int], int, int]) -> Tensor:
    dtype, shape, start, end = span
    if start == end:
        return torch.zeros(shape, dtype=dtype)
    return torch.frombuffer(data, dtype=dtype, count=prod(shape), offset=start).reshape(shape)


def write_tensor_file(file: BinaryIO, tensors: Mapping[str, Tensor], words: Mapping[str, str]) -> None:
    """The tensors, and words beside them."""
    header: dict[str, Any] = {"__metadata__": dict(words)}
    place = 0
    for name, value in tensors.items():
        end = place + value.numel() * value.element_size()
        header[name] = {"dtype": NAMES[value.dtype], "shape": list(value.shape), "data_offsets": [place, end]}
        place = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # numbers begin at a multiple of 8
    file.write(struct.pack("<Q", len(text)) + text)
    for value in tensors.values():
        file.write(value.contiguous().reshape(-1).view(torch.uint8).numpy().data if value.numel() else b"")


def own_description(path: Path) -> dict[str, Any] | None:
    """What a file of ours says of its model: in its header, or in `config.json` beside it; None for a file of others."""
    with path.open("rb") as file:
        words = _read_header(path, file).get("__metadata__", {})
    text = words.get(FORMAT) if isinstance(words, dict) else None
    beside = path.with_name(DESCRIPTION)
    try:
        if text is None and beside.is_file() and beside.stat().st_size < LARGEST_HEADER:
            text = beside.read_text(encoding="utf-8")
        described = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return described if isinstance(described, dict) and described.get("format") == FORMAT else None


def read_own(path: Path, described: dict[str, Any]) -> Checkpoint:
    """A checkpoint of ours that came as safetensors."""
    tensors, _ = read_tensor_file(path)
    return to_checkpoint(described | {"weights": tensors}, path)
