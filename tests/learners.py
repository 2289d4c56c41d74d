"""Tiny learners and batches for the tests of training."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.imaging.tensors import Batch
from pix2pix.methods.pix2pix import Pix2Pix
from pix2pix.runtime.device import Machine
from pix2pix.training.learner import Learner
from pix2pix.training.step_graphs import Recorder, Recording

MODEL = ModelConfig(depth=3, width=4, size=16)
CPU = Machine(torch.device("cpu"))


def make_config(**changes: object) -> TrainConfig:
    return TrainConfig(
        **{"data": "x", "size": 16, "width": 4, "discriminator_width": 4, "patch": "16", **changes}
    )  # type: ignore[arg-type]


def make_batch(number: int = 0, count: int = 1) -> Batch:
    generator = torch.Generator().manual_seed(number)
    return {name: torch.rand(count, 3, 16, 16, generator=generator) * 2 - 1 for name in ("source", "target")}


def make_learner(config: TrainConfig, machine: Machine = CPU, *, recorder: Recorder | None = None) -> Learner:
    return Learner(Pix2Pix(config, MODEL), config, machine, recorder=recorder)


def assert_same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> None:
    assert left.keys() == right.keys()
    assert all(torch.equal(value, right[name]) for name, value in left.items())


class Again:
    """Replays a step as a graph does: from the same memory, into the same memory."""

    recordings = 0
    replays = 0

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def warming_up(self) -> nullcontext[None]:
        return nullcontext()

    def __call__(self, compute: Callable[[], Tensor]) -> tuple[Recording, Tensor]:
        if self.error:
            # A capture breaks off in the middle of a step, and carries nothing out.
            raise self.error
        self.recordings += 1
        # Filled by the replay; its length is known then only, and here it must be before.
        output = torch.empty(0)
        counter = self

        class Replay:
            def replay(self) -> None:
                counter.replays += 1
                values = compute()
                output.resize_(values.shape).copy_(values)

        return Replay(), output


class NoReading(TorchDispatchMode):
    """Fails where a tensor's value is asked for: on a GPU that would wait for it, and end the capture of a
    graph."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert "_local_scalar_dense" not in str(function) and "nonzero" not in str(function), str(function)
        return function(*args, **(kwargs or {}))
