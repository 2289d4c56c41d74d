"""Sample grids: a row for each example, a column for each image of it, with white between them."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image
from torch import Tensor

from pix2pix.imaging.tensors import to_image

GAP = 4
"""Pixels between the images of a grid."""
COLUMNS = 3
"""Of a grid of pairs: source, output, target."""


def lay_out(rows: Sequence[tuple[Tensor, ...]]) -> Image.Image:
    """Returns a grid of rows of images (1, C, H, W) in [-1, 1], all of one size."""
    return join_images([[to_image(picture) for picture in row] for row in rows])


def join_images(rows: Sequence[Sequence[Image.Image]], *, gap: int = GAP) -> Image.Image:
    """Returns rows of images, all of one size, as one image with `gap` white pixels between them."""
    width, height = rows[0][0].size
    size = (len(rows[0]) * (width + gap) - gap, len(rows) * (height + gap) - gap)
    grid = Image.new("RGB", size, "white")
    for top, row in enumerate(rows):
        for left, picture in enumerate(row):
            grid.paste(picture, (left * (width + gap), top * (height + gap)))
    return grid


def take_column(grid: Image.Image, column: int, *, columns: int = COLUMNS) -> Image.Image:
    """Returns one column of a grid, all rows of it."""
    side = (grid.width - (columns - 1) * GAP) // columns
    left = column * (side + GAP)
    return grid.crop((left, 0, left + side, grid.height))


def take_image(grid: Image.Image, column: int, *, columns: int = COLUMNS) -> Image.Image:
    """Returns an image of the first row of a grid; images are square."""
    whole = take_column(grid, column, columns=columns)
    return whole.crop((0, 0, whole.width, whole.width))
