"""What is put into a sample grid comes out of it again."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from pix2pix.imaging.sample_grid import COLUMNS, join_images, lay_out, take_column, take_image
from pix2pix.imaging.tensors import to_image


def rows(count: int, side: int) -> list[tuple[torch.Tensor, ...]]:
    random = torch.Generator().manual_seed(0)
    pictures = torch.rand((count, COLUMNS, 1, 3, side, side), generator=random) * 2 - 1
    return [tuple(row) for row in pictures]


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and bool((np.asarray(one) == np.asarray(other)).all())


def test_each_image_is_found_where_it_was_put() -> None:
    given = rows(3, 16)
    grid = lay_out(given)
    for column in range(COLUMNS):
        assert same(take_image(grid, column), to_image(given[0][column]))
        strip = take_column(grid, column)
        assert (strip.width, strip.height) == (16, grid.height)
    assert same(join_images([[take_column(grid, column) for column in range(COLUMNS)]]), grid)


def test_another_gap_is_white_and_stands_between_images_alone() -> None:
    black = Image.new("RGB", (5, 3))
    grid = np.asarray(join_images([[black, black], [black, black]], gap=2))
    assert grid.shape == (3 + 2 + 3, 5 + 2 + 5, 3)
    assert (grid[3:5] == 255).all() and (grid[:, 5:7] == 255).all()
    assert (grid == 0).sum() == 4 * 5 * 3 * 3
