"""The drawing that a model is shown with: an example of ours in the colours of its palette, or a painted house where it wants a photo."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pix2pix.config import ModelConfig
from pix2pix.data.sources import MADE, make_source
from pix2pix.files import read_image
from pix2pix.palette import FACADES, snap
from pix2pix.ui.examples import EXAMPLES, fitting, list_examples

SKY, BRICK, GLASS, WOOD, STONE = (168, 198, 222), (176, 108, 84), (92, 116, 138), (96, 62, 40), (214, 204, 186)
PAINT = {
    "background": SKY,
    "wall": BRICK,
    "window": GLASS,
    "door": WOOD,
    "cornice": STONE,
    "pillar": (196, 184, 164),
    "sill": (226, 218, 204),
    "balcony": (120, 112, 104),
    "blind": (232, 224, 200),
    "deco": (204, 172, 128),
    "molding": (190, 150, 118),
    "shop": (70, 84, 92),
}
"""What a class of a facade looks like in a painted house."""
GRAIN = 5.0
"""Of the painted house, so that its walls are not of one colour; in steps of 255."""


def sample_drawing(config: ModelConfig) -> Image.Image:
    """A picture of the kind and the size that the model takes; always the same one for the same model."""
    shown = Image.Resampling.NEAREST if _is_drawn(config) else Image.Resampling.LANCZOS
    return _drawing(config).resize((config.size, config.size), shown)


def _is_drawn(config: ModelConfig) -> bool:
    return config.source == "edges" or (config.source == "labels" and bool(config.palette))


def _drawing(config: ModelConfig) -> Image.Image:
    found = list_examples(EXAMPLES)
    if config.source == "labels" and config.palette:
        kind = fitting(config)
        return recolored(read_image(found[kind or "facade"][0]), config, bool(kind))
    if config.source == "edges":
        return read_image(found["edges"][0])
    house = painted_house(found["facade"][0])
    return make_source(house, config.source) if config.source in MADE else house


def recolored(drawing: Image.Image, config: ModelConfig, is_near: bool) -> Image.Image:
    """The drawing in the colours of the model: the nearest ones where they mean the same, else dealt out, the largest area first."""
    pixels = np.asarray(drawing)
    if is_near:
        return Image.fromarray(snap(pixels, config.palette)[0])
    colors, places, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    ranks = np.empty(len(colors), np.int64)
    ranks[np.argsort(-counts, kind="stable")] = np.arange(len(colors))
    dealt: NDArray[np.uint8] = np.array([color for _, color in config.palette], np.uint8)[ranks % len(config.palette)]
    return Image.fromarray(dealt[places.reshape(-1)].reshape(pixels.shape))


@lru_cache(maxsize=1)
def painted_house(facade: Path) -> Image.Image:
    """A label map of a facade in the colours of brick, glass and wood, lit from above: what stands for a photo."""
    labels = np.asarray(read_image(facade)).astype(np.int64)
    pixels = np.zeros(labels.shape, np.float64)
    for name, color in FACADES:
        pixels[(labels == color).all(axis=-1)] = PAINT.get(name, STONE)
    light = np.linspace(1.08, 0.86, len(pixels))[:, None, None]
    grain = np.random.default_rng(0).normal(0.0, GRAIN, (*pixels.shape[:2], 1))
    return Image.fromarray((pixels * light + grain).clip(0, 255).astype(np.uint8))
