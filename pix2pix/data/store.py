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


class Reader(Protocol):
    """Reads the examples of a store, each as one or more square uint8 images (C, size, size)."""

    @property
    def size(self) -> int:
        """Returns the side of the images in pixels."""

    @property
    def count(self) -> int:
        """Returns the number of examples."""

    @property
    def channels(self) -> tuple[int, ...]:
        """Returns the channels of the images of an example."""

    @property
    def has_crisp(self) -> bool:
        """Whether the first image may be asked for in the exact colours of its palette too."""

    @property
    def is_one(self) -> bool:
        """Whether the images of an example are all the same."""

    @property
    def noun(self) -> str:
        """Returns what the examples are called, such as `pairs`."""

    def read(self, index: int, crisp: bool = False) -> tuple[Tensor, ...]:
        """Returns the images of an example; `crisp` gives label maps in their palette's exact colours."""

    def problem(self, index: int, error: DataError) -> Problem:
        """Returns the problem of an example that could not be read."""


@dataclass(frozen=True)
class PairReader:
    """Reads pairs, each as source and target, according to the kinds of their halves."""

    root: Path
    pairs: tuple[Pair, ...]
    size: int
    looks: Looks
    make: str
    palette: tuple[PaletteEntry, ...] = ()
    """Of label maps that are asked for `crisp` too; empty where none are."""
    noun = "pairs"

    @property
    def count(self) -> int:
        """Returns the number of pairs."""
        return len(self.pairs)

    @property
    def channels(self) -> tuple[int, int]:
        """Returns the channels of sources and targets."""
        return self.looks.in_channels, self.looks.out_channels

    @property
    def has_crisp(self) -> bool:
        """Whether there are label maps that are asked for in exact colours."""
        return bool(self.palette)

    @property
    def is_one(self) -> bool:
        """Whether sources are the targets, into which holes are punched later."""
        return self.make == "mask"

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


class Store(Protocol):
    """Returns crops of chosen examples, and lists the files that could not be read."""

    problems: list[Problem]

    @property
    def device(self) -> torch.device:
        """Returns where crops are."""

    def to(self, device: torch.device) -> None:
        """Moves pictures that are held in memory; streamed ones stay on the CPU."""

    def crops(
        self, indices: Sequence[int], windows: Sequence[Window], *, size: int, crisp: Sequence[bool]
    ) -> tuple[Tensor, ...]:
        """Returns the images of the examples, the first ones `crisp` where asked for, each
        uint8 (B, C, size, size)."""

    def take_problems(self) -> list[Problem]:
        """Returns the problems, and forgets them."""


@dataclass
class Stream:
    """Reads each picture when it is needed; the next readable one replaces a broken one."""

    reader: Reader
    problems: list[Problem] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)
    device = torch.device("cpu")

    def to(self, device: torch.device) -> None:
        """Does nothing, as nothing is held."""

    def crops(
        self, indices: Sequence[int], windows: Sequence[Window], *, size: int, crisp: Sequence[bool]
    ) -> tuple[Tensor, ...]:
        """Returns crops as in `Store`."""
        examples = [self._read(index, clean) for index, clean in zip(indices, crisp, strict=True)]
        return tuple(
            torch.cat(
                [
                    crop_rows(image.unsqueeze(0), [0], windows=[window], size=size)
                    for image, window in zip(images, windows, strict=True)
                ]
            )
            for images in zip(*examples, strict=True)
        )

    def take_problems(self) -> list[Problem]:
        """Returns the problems, and forgets them."""
        taken = self.problems[:]
        self.problems.clear()
        return taken

    def _read(self, index: int, crisp: bool) -> tuple[Tensor, ...]:
        count = self.reader.count
        for place in range(index, index + count):
            if place % count in self.broken:
                continue
            try:
                return self.reader.read(place % count, crisp)
            except DataError as error:
                self.broken.add(place % count)
                self.problems.append(self.reader.problem(place % count, error))
        raise DataError(_none_readable(self.reader, self.problems))


class Memory:
    """All pictures as bytes, on the CPU or a GPU."""

    def __init__(self, reader: Reader) -> None:
        count = reader.count
        self.images = [
            torch.empty(count, channels, reader.size, reader.size, dtype=torch.uint8)
            for channels in reader.channels
        ]
        self.crisp = torch.empty_like(self.images[0]) if reader.has_crisp else None
        if reader.is_one:
            self.images = [self.images[-1]] * len(self.images)
        self.reader = reader
        # Pillow lets other threads run while it decodes and resizes.
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1), "pix2pix-read") as pool:
            problems = list(pool.map(self._fill, range(count)))
        self.problems = [problem for problem in problems if problem]
        good = [index for index, problem in enumerate(problems) if not problem]
        if not good:
            raise DataError(_none_readable(reader, self.problems))
        self.rows = [
            next((row for row in range(index, count) if not problems[row]), good[0]) for index in range(count)
        ]

    def _fill(self, row: int) -> Problem | None:
        try:
            for held, image in zip(self.images, self.reader.read(row), strict=True):
                held[row] = image
            if self.crisp is not None:
                self.crisp[row] = self.reader.read(row, crisp=True)[0]
        except DataError as error:
            return self.reader.problem(row, error)
        return None

    @property
    def device(self) -> torch.device:
        """Returns where the pictures are."""
        return self.images[-1].device

    def to(self, device: torch.device) -> None:
        """Moves the pictures; images that are the same stay one."""
        moved = {id(image): image.to(device) for image in self.images}
        self.images = [moved[id(image)] for image in self.images]
        self.crisp = None if self.crisp is None else self.crisp.to(device)

    def crops(
        self, indices: Sequence[int], windows: Sequence[Window], *, size: int, crisp: Sequence[bool]
    ) -> tuple[Tensor, ...]:
        """Returns crops as in `Store`."""
        rows = [self.rows[index] for index in indices]
        cut = [crop_rows(image, rows, windows=windows, size=size) for image in self.images]
        if self.crisp is not None and any(crisp):
            chosen = torch.tensor(crisp, device=self.device).view(-1, 1, 1, 1)
            cut[0] = torch.where(chosen, crop_rows(self.crisp, rows, windows=windows, size=size), cut[0])
        return tuple(cut)

    def take_problems(self) -> list[Problem]:
        """Returns the problems, and forgets them."""
        taken = self.problems[:]
        self.problems.clear()
        return taken


def nbytes(reader: Reader) -> int:
    """Returns the bytes that a store in memory takes."""
    channels = sum(reader.channels) + (reader.channels[0] if reader.has_crisp else 0)
    return reader.count * channels * reader.size**2


def _none_readable(reader: Reader, problems: list[Problem]) -> str:
    return f"None of the training {reader.noun} ({reader.count:,}) can be read. {problems[0]}"


def open_store(reader: Reader, cache: str) -> Store:
    """Returns memory or disk, as `cache` states; auto is memory for what fits in a quarter of the free memory
    and in 2 GB."""
    return open_stores([reader], cache)[0]


def open_stores(readers: Sequence[Reader], cache: str) -> tuple[Store, ...]:
    """Returns a store for each reader, all in memory or all on disk."""
    fits = sum(map(nbytes, readers)) <= min(LARGEST_CACHE, SHARE_OF_FREE_MEMORY * free_memory())
    if cache == "memory" or (cache == "auto" and fits):
        return tuple(Memory(reader) for reader in readers)
    return tuple(Stream(reader) for reader in readers)


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
