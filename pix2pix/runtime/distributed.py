"""Several processes that train as one: those that torchrun started."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

ENVIRONMENT = {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}


@dataclass(frozen=True)
class Place:
    """The rank of this process among those that train together, from torchrun's environment."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    """Number among the processes of this machine: the GPU that it takes."""


def own_place() -> Place:
    """Returns the place of this process; that of a process alone where torchrun started none."""
    read = {name: int(os.environ.get(name, default)) for name, default in ENVIRONMENT.items()}
    return Place(read["RANK"], read["WORLD_SIZE"], read["LOCAL_RANK"])


def is_first() -> bool:
    """Whether this is the process that decides, evaluates and writes."""
    return own_place().rank == 0


def wait_for_first() -> None:
    """Waits until all processes have reached this call."""
    if dist.is_initialized():
        dist.barrier()


def average_over_processes(tensors: Sequence[Tensor]) -> None:
    """Replaces each of these contiguous tensors by its mean over all processes."""
    works = [dist.all_reduce(tensor, async_op=True) for tensor in tensors]
    for work in works:
        work.wait()
    torch._foreach_div_(list(tensors), dist.get_world_size())


@contextmanager
def joined_processes() -> Iterator[None]:
    """Joins the processes that torchrun started, if it did."""
    if own_place().world == 1 or dist.is_initialized():
        yield
        return
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, timeout=timedelta(minutes=10))
    try:
        yield
    finally:
        dist.destroy_process_group()


def leave_signals_to_first() -> None:
    """Ignores signals in all processes but the first, which passes a stop on to them in their common step."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
