"""The paper's jitter: the same random crop and mirroring for both halves of a pair, as a
function of a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pix2pix.seeding import seed_of


class Window(NamedTuple):
    """The position of a crop, and whether it is mirrored."""

    top: int
    left: int
    mirrored: bool


def window_of(seed: int, spare: tuple[int, int], *, mirror: bool) -> Window:
    """Returns the window of a seed, with (rows, columns) to spare; half of them are mirrored, if `mirror`."""
    bits = seed_of(seed, "window")
    rows = spare[0] + 1
    columns = spare[1] + 1
    # 63 bits over a few hundred places: what the modulus adds to some of them is below 1e-16.
    return Window(bits // 2 % rows, bits // 2 // rows % columns, mirror and bool(bits % 2))


def crop(picture: Tensor, window: Window, *, size: int) -> Tensor:
    """Returns the window's part of (..., H, W)."""
    part = picture[..., window.top : window.top + size, window.left : window.left + size]
    return part.flip(-1) if window.mirrored else part


def crop_rows(pictures: Tensor, rows: Sequence[int], *, windows: Sequence[Window], size: int) -> Tensor:
    """Returns windows of the chosen rows of (N, C, L, L) as (B, C, size, size), without copying
    the rows first."""
    if pictures.device.type == "cpu":
        # numpy, since it starts no threads of its own: batches are cut beside a
        # training step that has all cores.
        parts = [
            crop(pictures[row], window, size=size).numpy() for row, window in zip(rows, windows, strict=True)
        ]
        return torch.from_numpy(np.stack(parts))
    return _gather(pictures, rows, windows=windows, size=size)


def _gather(pictures: Tensor, rows: Sequence[int], *, windows: Sequence[Window], size: int) -> Tensor:
    """Returns the same as `crop_rows` by one lookup: on a GPU, slices would cost two launches a picture."""
    numbers = torch.tensor([(row, *window) for row, window in zip(rows, windows, strict=True)]).to(
        pictures.device, non_blocking=True
    )
    row, top, left, mirrored = numbers.unsqueeze(-1).unbind(1)
    places = torch.arange(size, device=pictures.device)
    columns = left + torch.where(mirrored.bool(), size - 1 - places, places)
    channels = torch.arange(pictures.shape[1], device=pictures.device)
    return pictures[
        row[:, :, None, None],
        channels[:, None, None],
        (top + places)[:, None, :, None],
        columns[:, None, None, :],
    ]
