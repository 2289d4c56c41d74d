"""Recognises errors that mean that memory ran out."""

from __future__ import annotations

import gc

import torch

from pix2pix.errors import RunError

WORDS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "cannot allocate memory",
    "unable to allocate",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the device or the machine ran out of memory; on a CPU torch raises a plain RuntimeError."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in WORDS)


def smaller_batch(batch: int, size: int, *, width: int) -> int:
    """Returns half the batch. Raises `RunError` where it cannot be halved."""
    if batch == 1:
        raise RunError(
            f"memory ran out with a single pair of {size} x {size} pixels at width {width}."
            " Take a smaller width or size, or end other programs."
        )
    return batch // 2


def free_unused() -> None:
    """Frees memory that nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
