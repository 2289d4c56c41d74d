"""The two networks while they learn: one discriminator step, one generator step, and a running mean of the generator."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from pix2pix.augment import seed_of
from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.data.batches import Batch
from pix2pix.descent import Descent
from pix2pix.machine import Machine
from pix2pix.methods.pix2pix import build_discriminator, discriminator_losses, generator_losses
from pix2pix.networks import build_generator, init_weights, sample_noise

EMA_EVERY = 4
"""Steps between two updates of the running mean: each reads all weights twice, which on a CPU is a tenth of a step."""


class DiscriminatorObjective(nn.Module):
    """The discriminator and what it pays, as one module, so that DistributedDataParallel sees one forward for one backward."""

    def __init__(self, discriminator: nn.Module, config: TrainConfig) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.config = config

    def forward(self, source: Tensor, target: Tensor, fake: Tensor, alpha: Tensor | None) -> dict[str, Tensor]:
        return discriminator_losses(self.discriminator, source, target, fake, self.config, alpha)


class Learner:
    """Networks, optimizers and running mean. `step` is a function of its state, the batches and the step's number alone."""

    def __init__(self, config: TrainConfig, model: ModelConfig, machine: Machine) -> None:
        self.config, self.model, self.machine = config, model, machine
        self.generator = build_generator(model)
        init_weights(self.generator, torch.Generator().manual_seed(seed_of(config.seed, "generator")))
        self.generator.to(machine.device)
        self.generator_optimizer = Descent(self.generator, config.rate, (config.beta1, config.beta2))
        self.mean = copy.deepcopy(self.generator).requires_grad_(False) if config.ema else None
        self._generate = self._wrap(self.generator)
        self.discriminator: nn.Module | None = None
        if config.gan != "none":
            self._build_discriminator()

    def _build_discriminator(self) -> None:
        config = self.config
        self.discriminator = build_discriminator(config, self.model)
        init_weights(self.discriminator, torch.Generator().manual_seed(seed_of(config.seed, "discriminator")))
        self.discriminator.to(self.machine.device)
        rate = config.discriminator_rate or config.rate
        self.discriminator_optimizer = Descent(self.discriminator, rate, (config.beta1, config.beta2))
        self._judge = self._wrap(DiscriminatorObjective(self.discriminator, config))

    def _wrap(self, module: nn.Module) -> nn.Module:
        """The module as it is called in a step; its weights stay those of `module`."""
        # The gradient penalty takes a second derivative, which compiled graphs do not have.
        if self.machine.compile and self.config.gan != "wgan-gp":
            module.compile()
        if self.machine.world > 1:
            devices = [self.machine.device.index] if self.machine.device.type == "cuda" else None
            return DistributedDataParallel(module, device_ids=devices)
        return module

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Fine-tuning: the generator and its mean take these weights; the discriminator starts fresh."""
        self.generator.load_state_dict(weights)
        if self.mean:
            self.mean.load_state_dict(weights)

    def start_discriminator_from(self, weights: dict[str, Tensor]) -> None:
        """Fine-tuning: the discriminator takes these weights, too."""
        assert self.discriminator is not None, "training with L1 alone has no discriminator"
        self.discriminator.load_state_dict(weights)

    @property
    def best_generator(self) -> nn.Module:
        """The generator to show and to save: the running mean where there is one."""
        return self.mean or self.generator

    def step(self, number: int, batches: Sequence[Batch], rate: float) -> dict[str, Tensor]:
        """One generator step, after `critic_steps` discriminator steps, with `rate` times the configured learning rates.

        `number` counts from 0; `batches` are `config.passes()` pairs (source, target) of this process, in [-1, 1].
        Returns the mean losses as scalars, still on the device.
        """
        self.generator.train()
        batches = [tuple(half.to(self.machine.device, memory_format=torch.channels_last) for half in batch) for batch in batches]  # type: ignore[misc]
        size = self.config.accumulate
        groups = [range(first, first + size) for first in range(0, len(batches), size)]
        losses: dict[str, Tensor] = {}
        # With one pass the picture made for the discriminator's step serves the generator's too; with several, their graphs
        # would all have to be kept until the discriminator has stepped, and accumulation is there to save memory.
        keep = size == 1
        for group in groups:
            fakes = self._fakes(number, batches, group, keep and group is groups[-1])
            if self.discriminator is not None:
                losses |= self._discriminator_step(number, batches, group, fakes, rate)
        losses |= self._generator_step(number, batches, groups[-1], fakes if keep else None, rate)
        self._follow(number)
        return losses

    def _fakes(self, number: int, batches: Sequence[Batch], group: range, with_graph: bool) -> list[Tensor]:
        if with_graph:
            return [self._fake(number, batches[index], index) for index in group]
        with torch.no_grad():
            return [self._fake(number, batches[index], index) for index in group]

    def _fake(self, number: int, batch: Batch, index: int) -> Tensor:
        source = batch[0]
        noise = None
        shapes = self.generator.noise_shapes(*source.shape[-2:])
        if shapes:
            masks = sample_noise(shapes, self.config.dropout, [seed_of(seed, "noise") for seed in self._seeds(number, index, len(source))])
            noise = [mask.to(self.machine.device, non_blocking=True) for mask in masks]
        with self.machine.autocast():
            return self._generate(source, noise).float()

    def _seeds(self, number: int, index: int, count: int) -> list[int]:
        """One seed for each pair of a pass, by its place in the whole training: the same however many processes share a batch."""
        first = (number * self.config.passes() + index) * self.config.batch + self.machine.rank * count
        return [seed_of(self.config.seed, "pass", first + place) for place in range(count)]

    def _discriminator_step(
        self, number: int, batches: Sequence[Batch], group: range, fakes: list[Tensor], rate: float
    ) -> dict[str, Tensor]:
        assert self.discriminator is not None
        self.discriminator.requires_grad_(True)
        rows = []
        for index, fake in zip(group, fakes, strict=True):
            with self._sync_if(self._judge, index == group[-1]), self.machine.autocast():
                alpha = self._alpha(number, index, len(fake)) if self.config.gan == "wgan-gp" else None
                losses = self._judge(*batches[index], fake.detach(), alpha)
                (losses["d"] / len(group)).backward()
            rows.append(losses)
        self.discriminator_optimizer.step((self.config.discriminator_rate or self.config.rate) * rate)
        return _mean(rows)

    def _alpha(self, number: int, index: int, count: int) -> Tensor:
        seeds = self._seeds(number, index, count)
        return torch.cat([torch.rand(1, generator=torch.Generator().manual_seed(seed)) for seed in seeds]).to(self.machine.device)

    def _generator_step(
        self, number: int, batches: Sequence[Batch], group: range, fakes: list[Tensor] | None, rate: float
    ) -> dict[str, Tensor]:
        if self.discriminator is not None:
            self.discriminator.requires_grad_(False)
        rows = []
        for index in group:
            with self._sync_if(self._generate, index == group[-1]):
                fake = fakes[index - group[0]] if fakes else self._fake(number, batches[index], index)
                with self.machine.autocast():
                    losses = generator_losses(self.discriminator, *batches[index], fake, self.config)
                (losses["g"] / len(group)).backward()
            rows.append(losses)
        self.generator_optimizer.step(self.config.rate * rate)
        return _mean(rows)

    def _sync_if(self, module: nn.Module, sync: bool) -> AbstractContextManager[None]:
        """Processes share gradients only in the last pass of a step."""
        if isinstance(module, DistributedDataParallel) and not sync:
            return module.no_sync()
        return nullcontext()

    @torch.no_grad()
    def _follow(self, number: int) -> None:
        """Moves the running mean, quickly at first: `ema` alone would remember the random start for thousands of steps."""
        step = number + 1
        if self.mean is None or (step % EMA_EVERY and step > EMA_EVERY):
            return
        decay = min(self.config.ema, (1 + step) / (10 + step)) ** EMA_EVERY
        torch._foreach_lerp_(list(self.mean.parameters()), list(self.generator.parameters()), 1 - decay)
        for mean, value in zip(self.mean.buffers(), self.generator.buffers(), strict=True):
            mean.copy_(value)

    def is_finite(self) -> bool:
        """No weight and no statistic of any network is NaN or infinite."""
        networks = [network for network in (self.generator, self.mean, self.discriminator) if network]
        return all(bool(torch.isfinite(value).all()) for network in networks for value in network.state_dict().values())

    def state(self) -> dict[str, Any]:
        """All that `load_state` needs to go on. The tensors are the living ones."""
        state = {
            "generator": dict(self.generator.state_dict()),
            "generator_optimizer": self.generator_optimizer.state_dict(),
            "mean": dict(self.mean.state_dict()) if self.mean else None,
        }
        if self.discriminator is not None:
            state["discriminator"] = dict(self.discriminator.state_dict())
            state["discriminator_optimizer"] = self.discriminator_optimizer.state_dict()
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes over what `state` gave."""
        self.generator.load_state_dict(state["generator"])
        self.generator_optimizer.load_state_dict(state["generator_optimizer"])
        if self.mean:
            self.mean.load_state_dict(state["mean"])
        if self.discriminator is not None:
            self.discriminator.load_state_dict(state["discriminator"])
            self.discriminator_optimizer.load_state_dict(state["discriminator_optimizer"])


def _mean(rows: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([row[name].detach() for row in rows]).mean() for name in rows[0]}
