"""The sample picture of a model card: a drawing, and the model's picture of it."""

from __future__ import annotations

from PIL import Image, ImageDraw

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.config import Color, ModelConfig
from pix2pix.data.made_sources import MADE, make_source
from pix2pix.imaging.sample_grid import join_images
from pix2pix.inference.translator import Translator

LARGEST_SIDE = 1024
GAP = 8
WHITE = (255, 255, 255)
BLACK = (0, 0, 0)
PAINT: dict[str, Color] = {
    "background": (168, 198, 222),
    "wall": (176, 108, 84),
    "window": (92, 116, 138),
    "door": (96, 62, 40),
}
"""Colours of sky, brick, glass and wood, for models that take a photo."""


def sample_sheet(checkpoint: Checkpoint) -> Image.Image:
    """Returns the drawing on the left and the model's picture on the right."""
    drawing = draw_house(checkpoint.config)
    picture = Translator(checkpoint, device="cpu", precision="fp32")(drawing)
    return join_images([[drawing, picture]], gap=GAP)


def draw_house(config: ModelConfig) -> Image.Image:
    """Returns a drawing of a house of the kind that a model takes: label colours, lines, or painted."""
    side = min(config.size, LARGEST_SIDE)
    if config.source == "edges":
        return _house(side, dict.fromkeys(PAINT, WHITE), line=BLACK)
    if config.source == "labels" and config.palette:
        return _house(side, _labels(config))
    painted = _house(side, PAINT)
    return make_source(painted, config.source) if config.source in MADE else painted


def _labels(config: ModelConfig) -> dict[str, Color]:
    """Returns the colour of each part of the house: the class of the same name, else the other
    classes in turn."""
    known = {name.lower(): color for name, color in config.palette}
    others = [color for name, color in config.palette if name.lower() not in PAINT]
    colors = others or [color for _, color in config.palette]
    return {part: known.get(part, colors[index % len(colors)]) for index, part in enumerate(PAINT)}


def _house(side: int, colors: dict[str, Color], *, line: Color | None = None) -> Image.Image:
    image = Image.new("RGB", (side, side), colors["background"])
    draw = ImageDraw.Draw(image)
    unit = side / 16
    draw.rectangle((unit, 2 * unit, 15 * unit, side), colors["wall"], line)
    for row in range(4):
        for column in range(4):
            left = (2.5 + 3 * column) * unit
            top = (3 + 3 * row) * unit
            if (row, column) != (3, 1):
                draw.rectangle((left, top, left + 1.8 * unit, top + 2 * unit), colors["window"], line)
    draw.rectangle((5.5 * unit, 12 * unit, 7.6 * unit, side), colors["door"], line)
    return image
