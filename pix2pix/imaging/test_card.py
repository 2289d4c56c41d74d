"""A synthetic picture on which networks are compared."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def make_test_card(channels: int, multiple: int) -> Tensor:
    """Returns (1, C, H, W) with waves and with flat fields with hard edges, to represent both
    photos and drawings."""
    side = multiple * math.ceil(64 / multiple)
    y, x = torch.meshgrid(torch.linspace(0, 1, side), torch.linspace(0, 1, side), indexing="ij")
    planes = []
    for channel in range(channels):
        waves = torch.sin((3 + channel) * 2 * math.pi * x) * torch.cos((5 - channel) * math.pi * y)
        fields = ((x * 8).floor() * 3 + (y * 8).floor() * 5 + channel) % 4 / 1.5 - 1
        planes.append(torch.where(y < 0.5, waves, fields))
    return torch.stack(planes).unsqueeze(0)
