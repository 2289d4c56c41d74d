"""The extra time of a training step with several scales and feature matching: 128 x 128, width 32."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.timing import in_turns, table
from benchmarks.training import make_batch
from pix2pix.config import ImageSpec, TrainConfig
from pix2pix.methods.pix2pix import Pix2Pix
from pix2pix.runtime.device import choose_machine
from pix2pix.training.learner import Learner

PLAIN = "one scale"
KINDS: dict[str, dict[str, Any]] = {
    PLAIN: {},
    "one scale, feature matching": {"feature_matching": 10.0},
    "two scales": {"scales": 2},
    "two scales, feature matching": {"scales": 2, "feature_matching": 10.0},
    "three scales, feature matching": {"scales": 3, "feature_matching": 10.0},
}


def measure(rounds: int, size: int = 128, width: int = 32) -> Iterator[str]:
    """Each kind by a learner of its own, all with LSGAN and batch 1, taken in turns."""
    works = {name: _stepper(changes, size, width=width) for name, changes in KINDS.items()}
    # Without a GPU the processor's time, which counts nothing that other programs do meanwhile.
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    yield from table(in_turns(works, rounds, clock), PLAIN)


def _stepper(changes: dict[str, Any], size: int, *, width: int) -> Any:
    settings = {"data": "-", "gan": "lsgan", "size": size, "width": width, "discriminator_width": width}
    config = TrainConfig(**settings | {"precision": "fp32"} | changes)
    machine = choose_machine(config)
    images = {name: ImageSpec() for name in ("source", "target")}
    learner = Learner(Pix2Pix.build(config, images), config, machine)
    batch = make_batch(1, machine.device, size)
    steps = iter(range(10**9))
    return lambda: [float(value) for value in learner.step(next(steps), [batch], 1.0).values()]


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main("recipe")
