"""The child process that opens files of other projects.

`python -m pix2pix.checkpoints.importers.child FILE ANSWER KIND [NETWORK]`. Its memory and CPU time are
limited and its environment holds no secrets. It writes plain tensors to ANSWER, or a sentence that
describes the error.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pix2pix.checkpoints.checkpoint import (
    ALLOWED_GLOBALS,
    FORMAT,
    VERSION,
    Checkpoint,
    check_pickle,
    read_tensors,
    to_checkpoint,
)
from pix2pix.checkpoints.importers import BEGUN
from pix2pix.checkpoints.importers.layouts import recognise
from pix2pix.checkpoints.importers.safe_tensors import is_safetensors, read_safetensors, write_safetensors
from pix2pix.checkpoints.pict import is_pict, read_pict
from pix2pix.errors import CheckpointError
from pix2pix.imaging.tensors import are_finite
from pix2pix.runtime.files import write_text
from pix2pix.runtime.out_of_memory import is_out_of_memory

ROOM = 1_000_000_000
"""Bytes that reading may take beside four times the file size: for its float32 copy, our
copy and the output."""
SECONDS = 20
LEGACY = re.compile(
    rb"\x80[\x02-\x05](?:\x95.{8})?\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", re.DOTALL
)
"""The start of torch's files from before they were zip archives, with any pickle protocol."""
LEGACY_PICKLES = 5
ALLOWED = ALLOWED_GLOBALS | {"torch._utils _rebuild_parameter", "torch Size", "torch device"}


def limit_memory(path: Path) -> int:
    """Limits the memory of this process from here on and returns the limit in bytes; 0 where the
    system has none."""
    room = ROOM + 4 * path.stat().st_size
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        taken = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + room, taken + room))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        return room
    return 0


def read_content(path: Path) -> Any:
    """Reads a file of any supported kind, recognised by its first bytes: dicts, plain values and tensors."""
    with path.open("rb") as file:
        start = file.read(64)
    if LEGACY.match(start):
        return _read_legacy(path)
    if is_safetensors(path):
        return read_safetensors(path)[0]
    if is_pict(path):
        return read_pict(path)
    return read_tensors(path, ALLOWED)


def _read_legacy(path: Path) -> Any:
    with path.open("rb") as file:
        for _ in range(LEGACY_PICKLES):
            check_pickle(path, file, allowed=ALLOWED)
    try:
        with path.open("rb") as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise CheckpointError(f"{path} is damaged: it cannot be read to its end. Get it again.") from error


def check_tensors(content: Any, largest: int) -> None:
    """Checks tensors before anything is computed with them.

    Raises `CheckpointError` where one is larger than its storage or not finite, or where all together are
    larger than `largest` bytes.
    """
    tensors = list(_tensors(content))
    if sum(value.numel() * value.element_size() for value in tensors) > largest:
        raise CheckpointError(
            f"claims more numbers than a file of {largest:,} bytes can hold. It is not used."
        )
    for value in tensors:
        if value.untyped_storage().nbytes() < value.numel() * value.element_size():
            raise CheckpointError(
                f"holds a tensor that claims {value.numel():,} numbers and stores fewer. It is not used."
            )
        if not are_finite([value]):
            raise CheckpointError(
                "holds numbers that are not finite. The model is broken: take an earlier one."
            )


def _tensors(content: Any, depth: int = 0) -> Any:
    if isinstance(content, Tensor):
        yield content
    elif isinstance(content, Mapping) and depth < 8:
        for value in content.values():
            yield from _tensors(value, depth + 1)


def open_file(path: Path, answer: Path, *, kind: str, network: str = "") -> None:
    """Reads, recognises and converts a file, and writes the answer as safetensors; `network` chooses
    one of several."""
    content = read_content(path)
    if isinstance(content, dict) and content.get("format") == FORMAT and kind == "generator":
        _hand_over_own(to_checkpoint(content, path), answer)
        return
    try:
        # A .pict has a byte a weight, and torch's files share storages between names.
        check_tensors(content, 5 * path.stat().st_size)
        found = recognise(content, kind, network=network)
    except CheckpointError as error:
        raise CheckpointError(f"{path} {error}") from error
    words = {"kind": found.kind, "project": found.project, "facts": json.dumps(found.facts)}
    words |= {"network": found.network, "left_out": found.left_out}
    write_safetensors(answer, found.weights, metadata=words)


def _hand_over_own(checkpoint: Checkpoint, answer: Path) -> None:
    """Writes one of our checkpoints as an answer: its description beside its weights."""
    described = {
        "format": FORMAT,
        "version": VERSION,
        "config": checkpoint.config.to_dict(),
        "about": checkpoint.about,
    }
    write_safetensors(answer, checkpoint.weights, metadata={FORMAT: json.dumps(described)})


def main(file: str, answer: str, kind: str, network: str = "") -> int:
    """Returns the exit code: 0 with converted tensors in `answer`, 1 with a sentence in it."""
    path = Path(file)
    torch.set_num_threads(1)
    limit_memory(path)
    Path(answer).with_name(BEGUN).touch()
    try:
        open_file(path, Path(answer), kind=kind, network=network)
    except CheckpointError as error:
        write_text(answer, str(error))
        return 1
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        write_text(
            answer,
            f"{path} asks for more memory than a file of {path.stat().st_size:,} bytes needs. It is "
            "not opened.",
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
