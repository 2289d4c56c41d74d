"""Means of the losses since the last row, read from a GPU without stopping it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from pix2pix.methods.base import Losses
from pix2pix.runtime.device import Machine


class NotFiniteError(FloatingPointError):
    """A loss or a weight was not finite after step `step`."""

    def __init__(self, step: int) -> None:
        super().__init__(f"not finite at step {step}")
        self.step = step


@dataclass(frozen=True)
class _Row:
    step: int
    names: tuple[str, ...]
    values: Tensor
    arrived: Any
    """The CUDA event after which `values` are there; None where they are."""

    def read(self) -> list[float]:
        if self.arrived is not None:
            self.arrived.synchronize()
        numbers: list[float] = self.values.tolist()
        return numbers


class LossLog:
    """Sums of losses. On a GPU those of the last step stay there until the next was begun."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._rows: deque[_Row] = deque()
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, step: int, losses: Losses) -> None:
        """Takes in the losses of a step, scalars on the device; of several processes their mean."""
        values = torch.stack(list(losses.values()))
        if self._machine.world > 1:
            dist.all_reduce(values)
            values /= self._machine.world
        arrived = None
        if values.device.type == "cuda":
            host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
            values = host.copy_(values, non_blocking=True)
            arrived = torch.cuda.Event()
            arrived.record()
        self._rows.append(_Row(step, tuple(losses), values, arrived))

    def collect(self, *, but: int = 0) -> None:
        """Adds what was taken in to the sums, but for the last `but` steps. Raises `NotFiniteError`."""
        while len(self._rows) > but:
            row = self._rows.popleft()
            values = row.read()
            if not all(map(math.isfinite, values)):
                raise NotFiniteError(row.step)
            for name, value in zip(row.names, values, strict=True):
                self._sums[name] = self._sums.get(name, 0.0) + value
            self._count += 1

    def take_means(self) -> dict[str, float]:
        """Returns the means since the last call, and begins anew."""
        if not self._count:
            self.collect()
        means = {name: value / self._count for name, value in self._sums.items()}
        self._sums = {}
        self._count = 0
        return means

    def state(self) -> dict[str, Any]:
        """Returns what `load_state` needs; everything must be collected."""
        return {"sums": self._sums, "count": self._count}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restores what `state` returned."""
        self._sums = dict(state["sums"])
        self._count = state["count"]
