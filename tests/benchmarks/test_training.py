"""The plain loop without pairs takes steps that learn, and is measured beside ours."""

from __future__ import annotations

import torch

from benchmarks.plain_cycle import PlainCycleLoop
from benchmarks.training import make_batch, measure_cycle
from pix2pix.config import ModelConfig


def test_the_plain_loop_without_pairs_learns() -> None:
    model = ModelConfig(generator="resnet", width=4, blocks=1, dropout=0.0, size=32)
    loop = PlainCycleLoop(model, 4)
    batch = make_batch(1, torch.device("cpu"), 32)
    losses = [loop.step(batch["source"], batch["target"])["cycle"] for _ in range(80)]
    assert losses[-1] < 0.95 * losses[0]


def test_both_are_measured_side_by_side() -> None:
    rows = list(measure_cycle(32, 2, width=4))
    assert len(rows) == 4 and rows[2].startswith("| plain loop, fp32 |") and rows[3].startswith("| ours, ")
