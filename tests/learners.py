"""Tiny learners and batches for the tests of training."""

from __future__ import annotations

import torch

from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.imaging.tensors import Batch
from pix2pix.methods.pix2pix import Pix2Pix
from pix2pix.runtime.device import Machine
from pix2pix.training.learner import Learner
from pix2pix.training.step_graphs import Recorder

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
