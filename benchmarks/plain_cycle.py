"""CycleGAN as the usual tutorial writes it: eager, float32, contiguous, plain Adam, a pool of 50 pictures.

The networks are ours, with weights of the same shapes; what is compared is everything around them.
"""

from __future__ import annotations

import itertools
import random

import torch
from torch import Tensor, nn

from pix2pix.config import ModelConfig
from pix2pix.networks import PatchGAN, build_generator, init_weights

POOL = 50
CYCLE = 10.0
IDENTITY = 5.0


class PlainPool:
    """Earlier pictures, one of which is shown in half of the cases."""

    def __init__(self) -> None:
        self.pictures: list[Tensor] = []
        self.random = random.Random(0)

    def query(self, picture: Tensor) -> Tensor:
        """The picture to show in place of this one."""
        if len(self.pictures) < POOL:
            self.pictures.append(picture)
            return picture
        if self.random.random() < 0.5:
            return picture
        slot = self.random.randrange(POOL)
        before = self.pictures[slot]
        self.pictures[slot] = picture
        return before


class PlainCycleLoop:
    """One step of the generators, then one of the discriminators, as the reference implementation goes."""

    def __init__(self, model: ModelConfig, width: int, device: str = "cpu") -> None:
        self.forth = build_generator(model).to(device)
        self.back = build_generator(model).to(device)
        self.judges = [PatchGAN(3, width).to(device) for _ in "ab"]
        for seed, network in enumerate((self.forth, self.back, *self.judges)):
            init_weights(network, torch.Generator().manual_seed(seed))
        generators = itertools.chain(self.forth.parameters(), self.back.parameters())
        self.generator_adam = torch.optim.Adam(generators, 2e-4, (0.5, 0.999))
        judged = itertools.chain(*(judge.parameters() for judge in self.judges))
        self.judge_adam = torch.optim.Adam(judged, 2e-4, (0.5, 0.999))
        self.pools = [PlainPool(), PlainPool()]
        self.distance = nn.L1Loss()
        self.square = nn.MSELoss()

    def _is(self, score: Tensor, label: float) -> Tensor:
        return self.square(score, torch.full_like(score, label))

    def step(self, a: Tensor, b: Tensor) -> dict[str, float]:
        """Losses as numbers, as the usual loop prints them."""
        for weight in itertools.chain(*(judge.parameters() for judge in self.judges)):
            weight.requires_grad_(False)
        fake_b = self.forth(a)
        fake_a = self.back(b)
        adversarial = self._is(self.judges[0](fake_a), 1.0) + self._is(self.judges[1](fake_b), 1.0)
        cycle = self.distance(self.back(fake_b), a) + self.distance(self.forth(fake_a), b)
        identity = self.distance(self.back(a), a) + self.distance(self.forth(b), b)
        loss = adversarial + CYCLE * cycle + IDENTITY * identity
        self.generator_adam.zero_grad()
        loss.backward()
        self.generator_adam.step()
        for weight in itertools.chain(*(judge.parameters() for judge in self.judges)):
            weight.requires_grad_(True)
        self.judge_adam.zero_grad()
        judged = 0.0
        for judge, pool, real, fake in zip(self.judges, self.pools, (a, b), (fake_a, fake_b), strict=True):
            shown = pool.query(fake.detach())
            part = (self._is(judge(real), 1.0) + self._is(judge(shown), 0.0)) * 0.5
            part.backward()
            judged += part.item()
        self.judge_adam.step()
        return {"d": judged, "cycle": cycle.item(), "g": loss.item()}
