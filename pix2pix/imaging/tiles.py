"""Splits pictures larger than the memory into overlapping tiles, and blends the results without seams."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

OVERLAP = 128
"""Pixels that neighbouring tiles share at least; the blend is a ramp over the inner half."""


@dataclass(frozen=True)
class Span:
    """A tile along one side of a picture: its pixels `start` to `stop`, and the weight of each."""

    start: int
    stop: int
    weights: Tensor

    @property
    def slice(self) -> slice:
        """The slice of a side that is this tile."""
        return slice(self.start, self.stop)


def round_up(length: int, multiple: int) -> int:
    """Returns the smallest multiple that is at least `length`."""
    return math.ceil(length / multiple) * multiple


def reflect_indices(length: int, total: int) -> Tensor:
    """Returns for each of `total` places the pixel of `length` that stands there when both ends are
    padded by reflection.

    A side shorter than its padding is reflected repeatedly; a single pixel is repeated.
    """
    places = torch.arange(total) - (total - length) // 2
    if length == 1:
        return torch.zeros_like(places)
    period = 2 * (length - 1)
    places = places % period
    return torch.minimum(places, period - places)


def plan_tiles(
    height: int, width: int, *, multiple: int, most_pixels: int, overlap: int = OVERLAP
) -> tuple[list[Span], list[Span]]:
    """Rows and columns of tiles for a picture whose sides are multiples of `multiple`; one tile
    where it has at most `most_pixels`.

    Tiles start and end at multiples, so that a network that halves the picture cuts each of them like the
    whole. Neighbours share at least `overlap` pixels, 0 or more, and a tile is at least twice as wide and
    no smaller than `multiple`: the bound gives way where it is smaller than that.
    """
    overlap = round_up(overlap, multiple)
    if height * width <= most_pixels:
        return plan_side(height, height, multiple=multiple, overlap=overlap), plan_side(
            width, width, multiple=multiple, overlap=overlap
        )
    side = max(multiple, 2 * overlap, math.isqrt(most_pixels) // multiple * multiple)
    # A long strip gets long tiles.
    tile_height = min(height, max(side, most_pixels // min(width, side) // multiple * multiple))
    tile_width = min(width, max(side, most_pixels // tile_height // multiple * multiple))
    return plan_side(height, tile_height, multiple=multiple, overlap=overlap), plan_side(
        width, tile_width, multiple=multiple, overlap=overlap
    )


def plan_side(length: int, tile: int, *, multiple: int, overlap: int) -> list[Span]:
    """Returns the tiles of one side, at most `tile` long and evenly placed; all weights at
    a pixel sum to 1."""
    units = length // multiple
    most = tile // multiple
    shared = overlap // multiple
    count = 1 if units <= most else math.ceil((units - shared) / (most - shared))
    size = math.ceil((units + (count - 1) * shared) / count)
    starts = [index * (units - size) // max(1, count - 1) * multiple for index in range(count)]
    ends = [(start, start + size * multiple) for start in starts]
    shares = [_raw_weights(ends, index) for index in range(count)]
    sums = torch.zeros(length)
    for (start, stop), share in zip(ends, shares, strict=True):
        sums[start:stop] += share
    return [
        Span(start, stop, share / sums[start:stop]) for (start, stop), share in zip(ends, shares, strict=True)
    ]


def _raw_weights(ends: Sequence[tuple[int, int]], index: int) -> Tensor:
    start, stop = ends[index]
    weights = torch.ones(stop - start)
    if index > 0:
        shared = ends[index - 1][1] - start
        weights[:shared] *= _rise(shared)
    if index + 1 < len(ends):
        shared = stop - ends[index + 1][0]
        weights[len(weights) - shared :] *= _rise(shared).flip(0)
    return weights


def _rise(length: int) -> Tensor:
    """Returns a smooth ramp from 0 to 1 within the middle half.

    The outer quarters are 0 and 1, since the network sees zeros beyond the edge of a tile.
    """
    x = ((torch.arange(length) + 0.5) / length * 2 - 0.5).clamp(0, 1)
    return x * x * (3 - 2 * x)


def blend_tiles(
    rows: Sequence[Span], columns: Sequence[Span], *, paint: Callable[[Span, Span], Tensor]
) -> Iterator[Tensor]:
    """Yields finished strips (C, part of the height, width) from the top, blended from what `paint` returns
    for each tile."""
    width = columns[-1].stop
    carried: Tensor | None = None
    for index, row in enumerate(rows):
        strip: Tensor | None = None
        for column in columns:
            tile = paint(row, column)
            if strip is None:
                strip = tile.new_zeros(tile.shape[0], row.stop - row.start, width)
            weights = row.weights[:, None] * column.weights
            strip[:, :, column.slice] += tile * weights.to(tile.device)
        assert strip is not None, "a picture has at least one column"
        if carried is not None:
            strip[:, : carried.shape[1]] += carried
        finished = (rows[index + 1].start if index + 1 < len(rows) else row.stop) - row.start
        yield strip[:, :finished]
        carried = strip[:, finished:]
