"""A second method, as small as one can be: two generators, two discriminators, image pools, and images that
are in no pairs.

What it learns is beside the point. It has all that the learner, the trainer and a run must not take for
granted.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from pix2pix.config import ImageSpec, ModelConfig, TrainConfig
from pix2pix.data.scan import Problem
from pix2pix.imaging.tensors import Batch
from pix2pix.methods.base import Applied, Criterion, Draw, Images, Losses, Metric, Player
from pix2pix.networks import PatchGAN, build_blank, build_generator
from pix2pix.seeding import seed_of

POOL = 4


class TwoWay:
    """Cycle consistency between images `a` and `b`, which may differ in their channels."""

    examples: str = "sides"
    columns: tuple[str, ...] = ("a", "fake_b", "back_a", "b", "fake_a", "back_b")
    compilable = True
    sets: Mapping[str, tuple[str, str]] = MappingProxyType({})

    def __init__(self, config: TrainConfig, images: Images) -> None:
        self.saved: Mapping[str, ModelConfig] = self.describe(config, images)
        self.networks = nn.ModuleDict({name: build_generator(model) for name, model in self.saved.items()})
        for side, spec in images.items():
            self.networks[f"critic_{side}"] = build_blank(
                lambda channels=spec.channels: PatchGAN(channels, 4, receptive_field=16)
            )
        self.players = (
            Player("critics", ("critic_a", "critic_b"), config.rate, config.critic_steps),
            Player("generators", ("AtoB", "BtoA"), config.rate),
        )
        self.criterion = self.criterion_of(config)
        self.pools = {
            side: torch.zeros(POOL, spec.channels, config.size, config.size) for side, spec in images.items()
        }

    @classmethod
    def criterion_of(cls, config: TrainConfig) -> Criterion:
        return Criterion("cycle", lower_is_better=True)

    @classmethod
    def describe(cls, config: TrainConfig, images: Images) -> dict[str, ModelConfig]:
        a, b = images["a"], images["b"]
        shape = config.architecture() | {"dropout": 0.0, "size": config.size}
        return {
            "AtoB": ModelConfig(
                **shape, in_channels=a.channels, out_channels=b.channels, source=a.kind, target=b.kind
            ),
            "BtoA": ModelConfig(
                **shape, in_channels=b.channels, out_channels=a.channels, source=b.kind, target=a.kind
            ),
        }

    @classmethod
    def state_bytes(cls, config: TrainConfig) -> int:
        return 2 * 4 * POOL * 3 * config.size**2

    @classmethod
    def build(cls, config: TrainConfig, images: Images) -> TwoWay:
        return cls(config, images)

    def to(self, device: torch.device) -> None:
        self.networks.to(device)
        self.pools = {side: pool.to(device) for side, pool in self.pools.items()}

    def noise(self, batch: Batch, draw: Draw) -> Batch:
        """Slots (B,) of the pools, and whether what lies there is shown in place of the fake."""
        noise: dict[str, Tensor] = {}
        for side in ("a", "b"):
            seeds = draw.seeds(f"pool {side}")
            drawn = list(zip(draw.places, seeds, strict=True))
            noise[f"slot_{side}"] = torch.tensor(
                [seed % POOL if place >= POOL else place for place, seed in drawn]
            )
            noise[f"old_{side}"] = torch.tensor([place >= POOL and seed & 64 > 0 for place, seed in drawn])
        return noise

    def make_fakes(self, batch: Batch, noise: Batch) -> Batch:
        return {
            "a": self.networks["BtoA"](batch["b"]).float(),
            "b": self.networks["AtoB"](batch["a"]).float(),
        }

    def losses(self, player: str, batch: Batch, fakes: Batch, noise: Batch) -> Losses:
        if player == "critics":
            parts = {f"d_{side}": self._critic_loss(side, batch, fakes, noise) for side in ("a", "b")}
            return {"total": parts["d_a"] + parts["d_b"], **parts}
        parts = {
            f"g_{side}": (self.networks[f"critic_{side}"](fakes[side]) - 1).square().mean()
            for side in ("a", "b")
        }
        backs = {"a": self.networks["BtoA"](fakes["b"]), "b": self.networks["AtoB"](fakes["a"])}
        parts |= {f"cycle_{side}": (back - batch[side]).abs().mean() for side, back in backs.items()}
        return {"total": parts["g_a"] + parts["g_b"] + 10 * (parts["cycle_a"] + parts["cycle_b"]), **parts}

    def _critic_loss(self, side: str, batch: Batch, fakes: Batch, noise: Batch) -> Tensor:
        critic = self.networks[f"critic_{side}"]
        shown = self._exchange(self.pools[side], fakes[side], noise[f"slot_{side}"], noise[f"old_{side}"])
        return (critic(batch[side]) - 1).square().mean() + critic(shown).square().mean()

    @torch.no_grad()
    def _exchange(self, pool: Tensor, fake: Tensor, slot: Tensor, is_old: Tensor) -> Tensor:
        """Older fakes or these, by `is_old`; these are in the pool afterwards. Shapes are always the same,
        and nothing is read back."""
        shown = torch.where(is_old.view(-1, 1, 1, 1), pool[slot], fake)
        pool.index_copy_(0, slot, fake)
        return shown

    def sample(self, networks: nn.ModuleDict, example: Batch) -> Batch:
        fake_a, fake_b = networks["BtoA"](example["b"]), networks["AtoB"](example["a"])
        backs = {"back_a": networks["BtoA"](fake_b), "back_b": networks["AtoB"](fake_a)}
        return {**example, "fake_a": fake_a, "fake_b": fake_b, **backs}

    def validate(self, shown: Sequence[Batch], metrics: Mapping[str, Metric]) -> dict[str, float]:
        values = [
            metrics["l1"](images[f"back_{side}"], images[side])[0] for images in shown for side in ("a", "b")
        ]
        return {"cycle": sum(values) / len(values)}

    @classmethod
    def applied(cls, config: TrainConfig) -> tuple[Applied, ...]:
        return ()

    def about(self, name: str) -> dict[str, Any]:
        return {"method": "two way"}

    def state(self) -> dict[str, Any]:
        return {"pools": self.pools}

    def load_state(self, state: dict[str, Any]) -> None:
        for side, pool in self.pools.items():
            pool.copy_(state["pools"][side])


class Sides:
    """Stripes in colour and blobs in gray: as many as settings of the seed give, and no two of them belong
    together."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.train_size = 8
        self.val_size = 2

    @classmethod
    def open(
        cls, config: TrainConfig, model: ModelConfig | None = None, start: ModelConfig | None = None
    ) -> Sides:
        return cls(config)

    images: Mapping[str, ImageSpec] = {"a": ImageSpec("photo", 3), "b": ImageSpec("gray", 1)}
    notes: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()

    def introduction(self) -> str:
        return "8 images of a and of b"

    def warnings(self) -> Iterator[str]:
        return iter(())

    def fingerprint(self) -> str:
        return "8 made"

    def using(self, config: TrainConfig) -> Sides:
        return Sides(config)

    def to(self, device: torch.device | str) -> Sides:
        return self

    def batches(
        self, start: int = 0, *, rank: int = 0, world: int = 1
    ) -> Generator[tuple[int, list[Batch]], None, None]:
        share, passes = self.config.batch // world, self.config.passes()
        for step in itertools.count(start):
            firsts = [(step * passes + index) * self.config.batch + rank * share for index in range(passes)]
            yield step, [self._batch(range(first, first + share)) for first in firsts]

    def _batch(self, places: range) -> Batch:
        return {
            side: torch.cat([self._image(side, place % self.train_size) for place in places])
            for side in self.images
        }

    def _image(self, side: str, number: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed_of(self.config.seed, side, number))
        coarse = torch.rand(1, self.images[side].channels, 4, 4, generator=generator) * 2 - 1
        return nn.functional.interpolate(coarse, size=(self.config.size, self.config.size))

    def validation(self, limit: int | None = None) -> list[tuple[str, Batch]]:
        return [
            (str(number), {side: self._image(side, number) for side in self.images}) for number in (8, 9)
        ][:limit]
