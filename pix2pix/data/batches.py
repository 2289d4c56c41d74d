"""The batches of a training: each a pure function of the settings and the step."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from pix2pix.config import ImageSpec, ModelConfig, TrainConfig
from pix2pix.data.ahead import batches_of, order_of, passes_ahead, share_of
from pix2pix.data.augment import window_of
from pix2pix.data.checks.introduction import introduce_pairs, warn_of_pairs
from pix2pix.data.kinds import Looks, kept_looks, look, started_looks
from pix2pix.data.made_sources import holes_of
from pix2pix.data.pairs import Pair, PairFolder, Problem, open_config_pairs
from pix2pix.data.shortfall import note_small, refuse_untrained
from pix2pix.data.store import PairReader, Store, Stream, open_store
from pix2pix.errors import DataError
from pix2pix.imaging.palette import HOLE
from pix2pix.imaging.tensors import Batch, to_tensor
from pix2pix.seeding import seed_of

Pixels = tuple[Tensor, Tensor]
"""Sources and targets of one pass, uint8 (b, C, size, size)."""


class Dataset:
    """Training and validation pairs of a folder; `source` and `target` are the images of a batch.

    `looks` is what the network is built for, `found` what the pictures are now, which may differ in
    a resumed run.
    """

    def __init__(
        self, config: TrainConfig, folder: PairFolder, looks: Looks, *, found: Looks | None = None
    ) -> None:
        self.config = config
        self.folder = folder
        self.looks = looks
        self.found = found or looks
        self.source = looks.source
        self.target = looks.target
        self.palette = looks.palette
        self.target_palette = looks.target_palette
        self.in_channels = looks.in_channels
        self.out_channels = looks.out_channels
        self.train_size = len(folder.train)
        self.val_size = len(folder.val)
        crisp = looks.palette if config.crisp else ()
        self._reader = PairReader(folder.root, folder.train, config.load_size(), looks, config.make, crisp)
        self._seen_problems: dict[Problem, None] = dict.fromkeys(folder.problems)

    @classmethod
    def open(
        cls, config: TrainConfig, model: ModelConfig | None = None, start: ModelConfig | None = None
    ) -> Dataset:
        """Finds the pairs and looks at what they are. They are read into memory, if they fit
        there, when the first is asked for.

        For a run that goes on, `model` is what it trains: its palettes, its channels and the range of its
        deep pictures are kept, whatever the pictures have now; `DataError` where they are of another kind.
        For a run that begins with the weights of another model, `start` is that: where it has three
        channels, gray pictures are read as three equal ones.
        """
        folder = open_config_pairs(config, model)
        refuse_untrained(folder)
        found = look(folder, config.source, target=config.target)
        looks = started_looks(found, start) if start else found
        looks = kept_looks(found, model, data=config.data) if model else looks
        return cls(config, folder, looks, found=found)

    def using(self, config: TrainConfig) -> Dataset:
        """Returns the same pairs, without another search, in batches of other settings."""
        return Dataset(config, self.folder, self.looks, found=self.found)

    @cached_property
    def _store(self) -> Store:
        return open_store(self._reader, self.config.cache)

    @property
    def images(self) -> dict[str, ImageSpec]:
        """Returns what sources and targets are."""
        source_levels, target_levels = self.folder.levels
        return {
            "source": ImageSpec(self.source, self.in_channels, self.palette, source_levels),
            "target": ImageSpec(self.target, self.out_channels, self.target_palette, target_levels),
        }

    def introduction(self) -> str:
        """Returns how many pairs there are, and which side is what."""
        return introduce_pairs(self)

    def warnings(self) -> Iterator[str]:
        """Returns what `pix2pix inspect` warns of."""
        return warn_of_pairs(self)

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What is worth knowing of pictures that are used all the same, named by one of them."""
        return note_small(self.folder, self.config.size)

    def fingerprint(self) -> str:
        """Returns the number of training pairs, and a digest of their names and sizes in their order."""
        pairs = self.folder.train
        lines = "\n".join(f"{pair.name} {pair.size}" for pair in pairs)
        return f"{len(pairs)} {hashlib.sha256(lines.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Returns files that do not fit, each once, with those found while reading so far."""
        if "_store" in vars(self):
            self._seen_problems.update(dict.fromkeys(self._store.problems))
        return tuple(self._seen_problems)

    @property
    def device(self) -> torch.device:
        """The device of the batches: the CPU, unless `to` moved the pictures."""
        return self._store.device

    @property
    def is_streamed(self) -> bool:
        """Whether the pictures are read from the disk each time."""
        return isinstance(self._store, Stream)

    def take_problems(self) -> list[Problem]:
        """Returns the files that could not be read since the last call."""
        return self._store.take_problems()

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Takes in what a process that reads pictures could not read."""
        self._seen_problems.update(dict.fromkeys(problems))

    def to(self, device: torch.device | str) -> Dataset:
        """Moves pictures that are held in memory to a device, where batches are cut; streamed ones stay
        on the CPU."""
        self._store.to(torch.device(device))
        return self

    def batches(
        self, start: int = 0, *, rank: int = 0, world: int = 1
    ) -> Generator[tuple[int, list[Batch]], None, None]:
        """Yields (step, its passes) from step `start` on, without end, computed ahead. To be
        closed after use."""
        share_of(self.config.batch, world)
        # Closed here and not when collected, so that no thread and no process outlives the consumer.
        with closing(passes_ahead(self, start, rank=rank, world=world)) as passes:
            yield from batches_of(passes, ("source", "target"), start=start, each=self.config.passes())

    def validation(self, limit: int | None = None) -> list[tuple[str, Batch]]:
        """Returns (name, source and target) of the validation pairs, whole, as (1, C, size, size) in [-1, 1].

        Training pairs replace them where there are none, or none that can be read.
        """
        return self._read_whole(self.folder.val, limit) or self._read_whole(self.folder.train, limit)

    def _read_whole(self, pairs: Sequence[Pair], limit: int | None) -> list[tuple[str, Batch]]:
        chosen: list[tuple[str, Batch]] = []
        for pair in pairs:
            if limit is not None and len(chosen) >= limit:
                break
            try:
                chosen.append((pair.name, self._whole(pair)))
            except DataError as error:
                self._seen_problems[
                    Problem(pair.source.relative_to(self.folder.root).as_posix(), str(error))
                ] = None
        return chosen

    def _whole(self, pair: Pair) -> Batch:
        source, target = self.folder.load(pair, self.config.size, (self.source, self.target))
        return {
            "source": to_tensor(source, self.in_channels, kind=self.source),
            "target": to_tensor(target, self.out_channels, kind=self.target),
        }

    def pixels(self, step: int, micro: int = 0, rank: int = 0, world: int = 1) -> Pixels:
        """This rank's share of one pass of a step: source and target, uint8 (b, C, size, size).

        A pure function of the settings and the four numbers: ranks with a part of the batch see
        together what one process sees.
        """
        config = self.config
        share = share_of(config.batch, world)
        first = (step * config.passes() + micro) * config.batch + rank * share
        numbers = range(first, first + share)
        count = self.train_size
        indices = [order_of(config.seed, number // count, count=count)[number % count] for number in numbers]
        seeds = [seed_of(config.seed, "sample", number) for number in numbers]
        spare = config.load_size() - config.crop_size()
        windows = [window_of(seed, (spare, spare), mirror=config.mirror) for seed in seeds]
        crisp = [bool(self.palette) and seed_of(seed, "crisp") < config.crisp * 2**63 for seed in seeds]
        source, target = self._store.crops(indices, windows, size=config.crop_size(), crisp=crisp)
        return (_punch(source, seeds) if config.make == "mask" else source), target


def _punch(pictures: Tensor, seeds: list[int]) -> Tensor:
    """Returns (B, 3, H, W) with holes, those of each picture by its seed."""
    height, width = pictures.shape[-2:]
    holes = (
        torch.from_numpy(np.stack([holes_of(height, width, seed=seed) for seed in seeds]))
        .unsqueeze(1)
        .to(pictures.device)
    )
    color = torch.tensor(HOLE, dtype=torch.uint8, device=pictures.device).view(1, 3, 1, 1)
    return torch.where(holes, color, pictures)
