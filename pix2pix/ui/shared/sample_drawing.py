"""The sample input of a model: one of our examples, in the colours of the model's palette where it
takes label maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pix2pix.config import ModelConfig
from pix2pix.data.made_sources import MADE, make_source
from pix2pix.imaging.palette import snap
from pix2pix.runtime.files import read_image
from pix2pix.ui.shared.examples import EXAMPLES, fitting, list_examples


def sample_drawing(config: ModelConfig) -> Image.Image:
    """Returns an RGB picture of the kind and size that the model takes; the same one for the same config."""
    shown = Image.Resampling.NEAREST if _is_drawn(config) else Image.Resampling.LANCZOS
    return _drawing(config).resize((config.size, config.size), shown)


def _is_drawn(config: ModelConfig) -> bool:
    return config.source == "edges" or (config.source == "labels" and bool(config.palette))


def _drawing(config: ModelConfig) -> Image.Image:
    found = list_examples(EXAMPLES)
    if config.source == "labels" and config.palette:
        kind = fitting(config)
        return recolored(read_image(found[kind or "facade"][0]), config, is_near=bool(kind))
    if config.source == "edges":
        return read_image(found["edges"][0])
    photo = read_image(found[fitting(config) or "house"][0])
    return make_source(photo, config.source) if config.source in MADE else photo


def recolored(drawing: Image.Image, config: ModelConfig, *, is_near: bool) -> Image.Image:
    """Returns the drawing in the colours of the model's palette.

    With `is_near`, each pixel gets the nearest palette colour: both palettes mean the same. Otherwise colours
    are assigned in the order of the palette, the largest area first.
    """
    pixels = np.asarray(drawing)
    if is_near:
        return Image.fromarray(snap(pixels, config.palette)[0])
    colors, places, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    ranks = np.empty(len(colors), np.int64)
    ranks[np.argsort(-counts, kind="stable")] = np.arange(len(colors))
    dealt: NDArray[np.uint8] = np.array([color for _, color in config.palette], np.uint8)[
        ranks % len(config.palette)
    ]
    return Image.fromarray(dealt[places.reshape(-1)].reshape(pixels.shape))
