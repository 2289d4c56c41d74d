"""The batches of a training without pairs: images `a` and `b`, each side in an order of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pix2pix.config import ImageSpec, Kind, ModelConfig, PaletteEntry, TrainConfig
from pix2pix.data.ahead import batches_of, order_of, passes_ahead, share_of
from pix2pix.data.augment import window_of
from pix2pix.data.checks.sides_report import introduce_sides, warn_of_sides
from pix2pix.data.clean_labels import clean_labels
from pix2pix.data.kinds import Looks, kept_looks, started_looks
from pix2pix.data.pairs import Pair, Problem, open_pairs, with_levels
from pix2pix.data.shortfall import note_small
from pix2pix.data.sides import Sides, look_at_sides, open_config_sides, read_picture
from pix2pix.data.store import Reader, Store, Stream, open_stores
from pix2pix.errors import DataError
from pix2pix.imaging.tensors import Batch, resize, to_bytes, to_tensor
from pix2pix.seeding import seed_of

SIDES = ("a", "b")


@dataclass(frozen=True)
class PictureReader:
    """Reads the pictures of one side, each as one image."""

    root: Path
    pictures: tuple[Pair, ...]
    size: int
    kind: Kind
    image_channels: int
    palette: tuple[PaletteEntry, ...] = ()
    """Of label maps that are asked for `crisp` too; empty where none are."""
    is_one = False
    noun = "pictures"

    @property
    def count(self) -> int:
        """Returns the number of pictures."""
        return len(self.pictures)

    @property
    def channels(self) -> tuple[int]:
        """Returns the channels of the pictures."""
        return (self.image_channels,)

    @property
    def has_crisp(self) -> bool:
        """Whether they are label maps that are asked for in exact colours."""
        return bool(self.palette)

    def read(self, index: int, crisp: bool = False) -> tuple[Tensor]:
        """Returns one picture; `crisp` gives a label map in its palette's exact colours."""
        image = read_picture(self.pictures[index])
        if crisp:
            image = Image.fromarray(clean_labels(np.asarray(image), self.palette))
        return (
            to_bytes(
                resize(image, (self.size, self.size), kind=self.kind), self.image_channels, kind=self.kind
            ),
        )

    def problem(self, index: int, error: DataError) -> Problem:
        """Returns the problem of a picture that could not be read."""
        return Problem(self.pictures[index].source.relative_to(self.root).as_posix(), str(error))


class Unpaired:
    """Training and validation pictures of two sides.

    An epoch is one pass over the larger side; the smaller one goes through epochs of its own meanwhile.
    `looks` has side a as source and side b as target: what the first network is built for; `found` is what
    the pictures are now, which may differ in a resumed run.
    """

    def __init__(
        self, config: TrainConfig, sides: Sides, looks: Looks, *, found: Looks | None = None
    ) -> None:
        self.config = config
        self.sides = sides
        self.looks = looks
        self.found = found or looks
        self.train_size = max(len(side.train) for side in sides.both)
        self.val_size = min(len(side.val) or len(side.test) for side in sides.both)
        self._seen_problems: dict[Problem, None] = dict.fromkeys(sides.problems)

    @classmethod
    def open(
        cls, config: TrainConfig, model: ModelConfig | None = None, start: ModelConfig | None = None
    ) -> Unpaired:
        """Finds both sides and looks at what they are, as `Dataset.open` does for pairs."""
        sides = open_config_sides(config, model)
        found = look_at_sides(sides, config)
        looks = started_looks(found, start) if start else found
        looks = kept_looks(found, model, data=config.data) if model else looks
        examples = cls(config, sides, looks, found=found)
        if config.paired_test:
            pairs = open_pairs(
                config.paired_test, config.direction
            )  # for its sentence, before the first step
            examples.val_size = len(pairs.test or pairs.val or pairs.train)
        return examples

    def using(self, config: TrainConfig) -> Unpaired:
        """Returns the same pictures, without another search, in batches of other settings."""
        examples = Unpaired(config, self.sides, self.looks, found=self.found)
        examples.val_size = self.val_size
        return examples

    @cached_property
    def _stores(self) -> tuple[Store, ...]:
        return open_stores([self._reader(place) for place in (0, 1)], self.config.cache)

    def _reader(self, place: int) -> Reader:
        side = self.sides.both[place]
        spec = self.images[SIDES[place]]
        palette = spec.palette if self.config.crisp else ()
        return PictureReader(
            side.root, side.train, self.config.load_size(), spec.kind, spec.channels, palette
        )

    @property
    def images(self) -> dict[str, ImageSpec]:
        """Returns what the pictures of each side are."""
        looks = self.looks
        a, b = (side.levels[0] for side in self.sides.both)
        return {
            "a": ImageSpec(looks.source, looks.in_channels, looks.palette, a),
            "b": ImageSpec(looks.target, looks.out_channels, looks.target_palette, b),
        }

    def introduction(self) -> str:
        """Returns how many pictures each side has, and what they are."""
        return introduce_sides(self)

    def warnings(self) -> Iterator[str]:
        """Returns what `pix2pix inspect` warns of."""
        return warn_of_sides(self)

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What is worth knowing of pictures that are used all the same, named by one of them."""
        return tuple(note for side in self.sides.both for note in note_small(side, self.config.size))

    def fingerprint(self) -> str:
        """Returns the number of training pictures of both sides, and a digest of their names and sizes in
        their order."""
        sides = [
            "\n".join(f"{picture.name} {picture.size} {picture.half}" for picture in side.train)
            for side in self.sides.both
        ]
        count = sum(len(side.train) for side in self.sides.both)
        digest = hashlib.sha256("\n\n".join(sides).encode("utf-8", "surrogatepass"))
        return f"{count} {digest.hexdigest()[:16]}"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Returns files that do not fit, each once, with those found while reading so far."""
        for store in self._stores if "_stores" in vars(self) else ():
            self._seen_problems.update(dict.fromkeys(store.problems))
        return tuple(self._seen_problems)

    @property
    def device(self) -> torch.device:
        """The device of the batches: the CPU, unless `to` moved the pictures."""
        return self._stores[0].device

    @property
    def is_streamed(self) -> bool:
        """Whether the pictures are read from the disk each time."""
        return any(isinstance(store, Stream) for store in self._stores)

    def take_problems(self) -> list[Problem]:
        """Returns the files that could not be read since the last call."""
        return [problem for store in self._stores for problem in store.take_problems()]

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Takes in what a process that reads pictures could not read."""
        self._seen_problems.update(dict.fromkeys(problems))

    def to(self, device: torch.device | str) -> Unpaired:
        """Moves pictures that are held in memory to a device, where batches are cut; streamed ones stay
        on the CPU."""
        for store in self._stores:
            store.to(torch.device(device))
        return self

    def batches(
        self, start: int = 0, *, rank: int = 0, world: int = 1
    ) -> Generator[tuple[int, list[Batch]], None, None]:
        """Yields (step, its passes) from step `start` on, without end, computed ahead. To be
        closed after use."""
        share_of(self.config.batch, world)
        with closing(passes_ahead(self, start, rank=rank, world=world)) as passes:
            yield from batches_of(passes, SIDES, start=start, each=self.config.passes())

    def pixels(self, step: int, micro: int = 0, rank: int = 0, world: int = 1) -> tuple[Tensor, ...]:
        """This process's share of one pass of a step: both sides, each uint8 (b, C, size, size).

        A pure function of the settings and the four numbers, as for pairs.
        """
        share = share_of(self.config.batch, world)
        first = (step * self.config.passes() + micro) * self.config.batch + rank * share
        return tuple(self._cut(place, range(first, first + share)) for place in (0, 1))

    def _cut(self, place: int, numbers: Sequence[int]) -> Tensor:
        """Returns crops of one side for examples by their numbers in the whole training."""
        config = self.config
        name = SIDES[place]
        count = len(self.sides.both[place].train)
        indices = [
            order_of(config.seed, number // count, count=count, words=(name,))[number % count]
            for number in numbers
        ]
        seeds = [seed_of(config.seed, "sample", name, number) for number in numbers]
        spare = config.load_size() - config.crop_size()
        windows = [window_of(seed, (spare, spare), mirror=config.mirror) for seed in seeds]
        palette = self.images[name].palette
        crisp = [bool(palette) and seed_of(seed, "crisp") < config.crisp * 2**63 for seed in seeds]
        return self._stores[place].crops(indices, windows, size=config.crop_size(), crisp=crisp)[0]

    def validation(self, limit: int | None = None) -> list[tuple[str, Batch]]:
        """Returns (names, both pictures) of the validation pictures, whole, as (1, C, size, size) in [-1, 1].

        These are those for validation or, where there are none, for testing, else training pictures. There
        are as many as the larger side has: the smaller one begins again. With `paired_test` they are the
        pairs of that folder, source as a and target as b.
        """
        if self.config.paired_test:
            return list(islice(self._paired_test(), limit))
        a, b = (list(islice(self._whole_pictures(place), limit)) for place in (0, 1))
        if not (a and b):
            return []
        count = max(len(a), len(b))
        return [
            (_both_names(a[n % len(a)][0], b[n % len(b)][0]), {"a": a[n % len(a)][1], "b": b[n % len(b)][1]})
            for n in range(count)
        ]

    def _paired_test(self) -> Iterator[tuple[str, Batch]]:
        """Yields name and both whole pictures of each pair to validate on."""
        looks = self.looks
        kinds = (looks.source, looks.target)
        channels = (looks.in_channels, looks.out_channels)
        folder = open_pairs(self.config.paired_test, self.config.direction)
        folder = with_levels(folder, *(side.levels[0] for side in self.sides.both))
        for pair in folder.test or folder.val or folder.train:
            try:
                halves = folder.load(pair, self.config.size, kinds)
            except DataError as error:
                self._seen_problems[Problem(pair.source.relative_to(folder.root).as_posix(), str(error))] = (
                    None
                )
                continue
            images = [
                to_tensor(half, count, kind=kind)
                for half, count, kind in zip(halves, channels, kinds, strict=True)
            ]
            yield pair.name, dict(zip(SIDES, images, strict=True))

    def _whole_pictures(self, place: int) -> Iterator[tuple[str, Tensor]]:
        """Yields name and whole picture of the first split that has pictures to read."""
        side = self.sides.both[place]
        spec = self.images[SIDES[place]]
        square = (self.config.size, self.config.size)
        for pictures in (side.val, side.test, side.train):
            found = False
            for picture in pictures:
                try:
                    image = resize(read_picture(picture), square, kind=spec.kind)
                except DataError as error:
                    file = picture.source.relative_to(side.root).as_posix()
                    self._seen_problems[Problem(file, str(error))] = None
                    continue
                found = True
                yield picture.name, to_tensor(image, spec.channels, kind=spec.kind)
            if found:
                return


def _both_names(a: str, b: str) -> str:
    return a if a == b else f"{a} and {b}"
