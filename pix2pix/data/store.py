"""Sources of training pictures: held in memory as bytes, or read from disk each time, with
the same samples."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pix2pix.config import PaletteEntry
from pix2pix.data.augment import Window, crop_rows
from pix2pix.data.clean_labels import clean_labels
from pix2pix.data.kinds import Looks
from pix2pix.data.made_sources import make_source
from pix2pix.data.pairs import Pair, Problem, read_pair
from pix2pix.errors import DataError
from pix2pix.imaging.tensors import resize, to_bytes

LARGEST_CACHE = 2_000_000_000
SHARE_OF_FREE_MEMORY = 0.25
FREE_WHERE_UNKNOWN = 4_000_000_000


@dataclass(frozen=True)
class Reader:
    """Reads pairs as square uint8 tensors (C, size, size), according to the kinds of their halves."""

    root: Path
    pairs: tuple[Pair, ...]
    size: int
    looks: Looks
    make: str
    palette: tuple[PaletteEntry, ...] = ()
    """Of label maps that are asked for `crisp` too; empty where none are."""

    def read(self, index: int, crisp: bool = False) -> tuple[Tensor, Tensor]:
        """Returns source and target of one pair; `crisp` gives label maps in their palette's exact colours.

        A `mask` source is returned without its holes, which differ from sample to sample.
        """
        source, target = read_pair(self.pairs[index])
        if crisp:
            source = Image.fromarray(clean_labels(np.asarray(source), self.palette))
        looks = self.looks
        square = (self.size, self.size)
        target = resize(target, square, kind=looks.target)
        if self.make == "none":
            source = resize(source, square, kind=looks.source)
        elif self.make == "mask":
            source = target
        else:
            source = make_source(target, self.make)
        return (
            to_bytes(source, looks.in_channels, kind=looks.source),
            to_bytes(target, looks.out_channels, kind=looks.target),
        )

    def problem(self, index: int, error: DataError) -> Problem:
        """Returns the problem of a pair that could not be read."""
        return Problem(self.pairs[index].source.relative_to(self.root).as_posix(), str(error))

    def nbytes(self) -> int:
        """Returns the bytes that a cache of all pairs takes."""
        channels = self.looks.in_channels * (2 if self.palette else 1) + self.looks.out_channels
        return len(self.pairs) * channels * self.size**2


class Store(Protocol):
    """Returns crops of chosen pairs, and lists the files that could not be read."""

    problems: list[Problem]

    def crops(
        self, indices: Sequence[int], windows: Sequence[Window], size: int, crisp: Sequence[bool]
    ) -> tuple[Tensor, Tensor]:
        """Returns sources (`crisp` where asked for) and targets, uint8 (B, C, size, size)."""


@dataclass
class Stream:
    """Reads each picture when it is needed; the next readable one replaces a broken one."""

    reader: Reader
    problems: list[Problem] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)

    def crops(
        self, indices: Sequence[int], windows: Sequence[Window], size: int, crisp: Sequence[bool]
    ) -> tuple[Tensor, Tensor]:
        """Returns crops as in `Store`."""
        halves = [self._read(index, clean) for index, clean in zip(indices, crisp, strict=True)]
        sources, targets = (
            torch.cat(
                [
                    crop_rows(pair[half].unsqueeze(0), [0], windows=[window], size=size)
                    for pair, window in zip(halves, windows, strict=True)
                ]
            )
            for half in (0, 1)
        )
        return sources, targets

    def _read(self, index: int, crisp: bool) -> tuple[Tensor, Tensor]:
        count = len(self.reader.pairs)
        for place in range(index, index + count):
            if place % count in self.broken:
                continue
            try:
                return self.reader.read(place % count, crisp)
            except DataError as error:
                self.broken.add(place % count)
                self.problems.append(self.reader.problem(place % count, error))
        raise DataError(_none_readable(self.problems))


class Memory:
    """All pictures as bytes, on the CPU or a GPU."""

    def __init__(self, reader: Reader) -> None:
        count = len(reader.pairs)
        sides = (reader.looks.in_channels, reader.looks.out_channels)
        self.sources, self.targets = (
            torch.empty(count, channels, reader.size, reader.size, dtype=torch.uint8) for channels in sides
        )
        self.crisp = torch.empty_like(self.sources) if reader.palette else None
        if reader.make == "mask":
            self.sources = self.targets
        self.reader = reader
        # Pillow lets other threads run while it decodes and resizes.
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1), "pix2pix-read") as pool:
            problems = list(pool.map(self._fill, range(count)))
        self.problems = [problem for problem in problems if problem]
        good = [index for index, problem in enumerate(problems) if not problem]
        if not good:
            raise DataError(_none_readable(self.problems))
        self.rows = [
            next((row for row in range(index, count) if not problems[row]), good[0]) for index in range(count)
        ]

    def _fill(self, row: int) -> Problem | None:
        try:
            self.sources[row], self.targets[row] = self.reader.read(row)
            if self.crisp is not None:
                self.crisp[row] = self.reader.read(row, crisp=True)[0]
        except DataError as error:
            return self.reader.problem(row, error)
        return None

    def to(self, device: torch.device) -> None:
        """Moves the pictures."""
        shared = self.sources is self.targets
        self.targets = self.targets.to(device)
        self.sources = self.targets if shared else self.sources.to(device)
        self.crisp = None if self.crisp is None else self.crisp.to(device)

    def crops(
        self, indices: Sequence[int], windows: Sequence[Window], size: int, crisp: Sequence[bool]
    ) -> tuple[Tensor, Tensor]:
        """Returns crops as in `Store`."""
        rows = [self.rows[index] for index in indices]
        sources = crop_rows(self.sources, rows, windows=windows, size=size)
        if self.crisp is not None and any(crisp):
            chosen = torch.tensor(crisp, device=sources.device).view(-1, 1, 1, 1)
            sources = torch.where(chosen, crop_rows(self.crisp, rows, windows=windows, size=size), sources)
        return sources, crop_rows(self.targets, rows, windows=windows, size=size)


def _none_readable(problems: list[Problem]) -> str:
    return f"None of the training pairs ({len(problems):,}) can be read. {problems[0]}"


def open_store(reader: Reader, cache: str) -> Store:
    """Returns memory or disk, as `cache` states; auto is memory for what fits in a quarter of the free memory
    and in 2 GB."""
    fits = reader.nbytes() <= min(LARGEST_CACHE, SHARE_OF_FREE_MEMORY * free_memory())
    return Memory(reader) if cache == "memory" or (cache == "auto" and fits) else Stream(reader)


def free_memory() -> int:
    """Returns the bytes that programs can still take, as far as the system reports; the limit of
    a container counts."""
    free = FREE_WHERE_UNKNOWN
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        fields = dict(
            line.split(":", 1) for line in meminfo.read_text(encoding="utf-8").splitlines() if ":" in line
        )
        free = int(fields.get("MemAvailable", "4000000 kB").split()[0]) * 1024
    limit = Path("/sys/fs/cgroup/memory.max")
    used = Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and used.exists() and (text := limit.read_text(encoding="utf-8").strip()) != "max":
        free = min(free, max(0, int(text) - int(used.read_text(encoding="utf-8"))))
    return free
