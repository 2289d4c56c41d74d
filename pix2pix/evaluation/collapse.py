"""Signs of a generator that has collapsed, in a set of its outputs beside what they should look like."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

COARSE = 16
"""Side in pixels at which outputs are compared with each other: what they show, without noise."""
AN_END = 0.98
"""Magnitude from which a value, in [-1, 1], counts as at an end of its range: 2.5 levels of 255."""
SMALLEST_SPREAD = 1 / 64
"""Spread of targets below which outputs have nothing to differ by."""


def measure_collapse(made: Sequence[Tensor], real: Sequence[Tensor]) -> dict[str, float]:
    """Returns `saturated` and, for sets that differ, `spread` of outputs and targets, (1, C, H, W) each.

    `spread`: how much the outputs differ from each other, as a ratio to how much the targets do; 0 where
    all are one picture, whatever was asked for. `saturated`: the share of values that stand at an end of
    their range in outputs beyond that in targets, 0 to 1.
    """
    found = {"saturated": max(0.0, _share_at_ends(made) - _share_at_ends(real))}
    usual = _spread(real)
    if usual >= SMALLEST_SPREAD:
        found["spread"] = _spread(made) / usual
    return found


def _share_at_ends(images: Sequence[Tensor]) -> float:
    shares = [float((image.abs() >= AN_END).float().mean()) for image in images]
    return sum(shares) / len(shares)


def _spread(images: Sequence[Tensor]) -> float:
    """Returns the standard deviation over the set, of the mean place and channel."""
    coarse = torch.cat([adaptive_avg_pool2d(image, COARSE) for image in images])
    return float(coarse.var(dim=0, correction=0).mean().sqrt())
