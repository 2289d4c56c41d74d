"""Computes the passes of a training ahead: in a thread, in processes that read pictures, or where the
pictures are."""

from __future__ import annotations

import itertools
import multiprocessing
import signal
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from pix2pix.config import TrainConfig
from pix2pix.data.prefetch import prefetched
from pix2pix.data.scan import Problem
from pix2pix.errors import ConfigError
from pix2pix.imaging.tensors import Batch, to_unit
from pix2pix.seeding import seed_of


class Source(Protocol):
    """Gives each pass as a function of its number. Sent to other processes where pictures are streamed."""

    config: TrainConfig

    @property
    def device(self) -> torch.device:
        """Returns where the pictures are."""

    @property
    def is_streamed(self) -> bool:
        """Whether pictures are read from the disk each time."""

    def pixels(self, step: int, micro: int = 0, rank: int = 0, world: int = 1) -> tuple[Tensor, ...]:
        """Returns this process's share of one pass: images by name, each uint8 (b, C, size, size)."""

    def take_problems(self) -> list[Problem]:
        """Returns files that could not be read since the last call."""

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Takes in what another process could not read."""


def passes_ahead(
    source: Source, start: int, *, rank: int, world: int
) -> Generator[tuple[Tensor, ...], None, None]:
    """Yields the uint8 passes in order, from the first of step `start` on. To be closed."""
    each = source.config.passes()
    places = (divmod(number, each) for number in itertools.count(start * each))
    if source.device.type != "cpu":
        # Cut where the pictures are: a thread would only fight for the interpreter.
        yield from (source.pixels(step, micro, rank, world) for step, micro in places)
    elif source.is_streamed and source.config.workers:
        yield from _from_workers(source, start * each, rank=rank, world=world)
    else:
        with closing(prefetched(source.pixels(step, micro, rank, world) for step, micro in places)) as ahead:
            yield from ahead


def batches_of(
    passes: Iterator[tuple[Tensor, ...]], names: Sequence[str], *, start: int, each: int
) -> Generator[tuple[int, list[Batch]], None, None]:
    """Yields (step, its `each` passes as float images in [-1, 1] by name) from step `start` on."""
    for step in itertools.count(start):
        pixels = list(itertools.islice(passes, each))
        yield step, [dict(zip(names, map(to_unit, images), strict=True)) for images in pixels]


def share_of(batch: int, world: int) -> int:
    """Returns the examples of one pass for each of `world` processes. Raises `ConfigError` where they
    cannot share a batch evenly."""
    if batch % world:
        raise ConfigError(
            f"batch is {batch}; {world} processes cannot share it evenly. Take "
            f"{max(1, batch // world) * world}."
        )
    return batch // world


@lru_cache(maxsize=8)
def permutation(seed: int, count: int) -> list[int]:
    """Returns the numbers below `count` in an order that is a function of the seed."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()


def order_of(seed: int, epoch: int, *, count: int, words: tuple[str, ...] = ()) -> list[int]:
    """Returns the order of `count` training examples in one epoch; other words give another one."""
    return permutation(seed_of(seed, "order", *words, epoch), count)


def _from_workers(
    source: Source, first: int, *, rank: int, world: int
) -> Generator[tuple[Tensor, ...], None, None]:
    loader = DataLoader(
        _Passes(source, rank, world=world),
        batch_size=None,
        sampler=itertools.count(first),
        num_workers=source.config.workers,
        collate_fn=_as_it_is,
        multiprocessing_context=_context(),
        worker_init_fn=_leave_signals_to_trainer,
    )
    for images, problems in loader:
        source.add_problems(problems)
        yield tuple(torch.from_numpy(image) for image in images)


class _Passes(torch.utils.data.Dataset[Any]):
    """The passes of a run by number, for the workers of a DataLoader."""

    def __init__(self, source: Source, rank: int, *, world: int) -> None:
        self.source = source
        self.rank = rank
        self.world = world

    def __getitem__(self, number: int) -> tuple[list[np.ndarray], list[Problem]]:
        step, micro = divmod(number, self.source.config.passes())
        images = self.source.pixels(step, micro, self.rank, self.world)
        # Arrays travel through a pipe; tensors would fill /dev/shm, of which containers have 64 MB.
        return [image.numpy() for image in images], self.source.take_problems()


def _leave_signals_to_trainer(worker: int) -> None:
    """Ignores Ctrl-C in a worker: the trainer handles it, and needs its batches until it has saved."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _as_it_is(item: Any) -> Any:
    return item


def _context() -> multiprocessing.context.BaseContext:
    """Returns the context for workers: clean processes, since a fork would copy locks that
    other threads hold."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pix2pix.data.examples"])
    return context
