"""What to say beside a result: that the picture does not suit the model, or was made small and stretched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from pix2pix.config import ModelConfig, PaletteEntry
from pix2pix.imaging.palette import LOOSE, snap

FEWEST_SURE = 0.6
"""Least share of pixels with a colour of the palette in a label map, as on the canvas; a photo has few."""
STRETCHED = 1.5
"""How many times a picture may be larger than the model's before it is said that the result is stretched."""
SAMPLE_SIDE = 200


@dataclass(frozen=True)
class Advice:
    """Sentences about a result."""

    sentences: tuple[str, ...] = ()
    offers_native: bool = False
    """Whether the result was stretched, and every pixel of it can be made."""
    is_foreign: bool = False
    """Whether the model takes label maps, and this is none of its own."""


def advise(image: Image.Image, config: ModelConfig, mode: str, *, noun: str = "picture") -> Advice:
    """Returns what there is to say about a source picture, or the first frame of a video (`noun`), that was
    translated in `mode`."""
    sentences = []
    is_labels = config.source == "labels" and bool(config.palette)
    is_foreign = is_labels and not has_palette_colors(image, config.palette)
    if is_foreign:
        sentences.append(
            "This looks like a photo, or like the map of another model: this model takes label maps of its "
            f"{len(config.palette)} classes, such as {', '.join(name for name, _ in config.palette[:3])}."
        )
    is_stretched = mode == "fit" and max(image.size) > STRETCHED * config.size
    if is_stretched:
        sentences.append(
            f"The {noun} is {image.width} × {image.height}: it was made {config.size} × {config.size}, as "
            "the model was trained, and the result was stretched."
        )
    return Advice(tuple(sentences), is_stretched, is_foreign)


def has_palette_colors(image: Image.Image, palette: tuple[PaletteEntry, ...]) -> bool:
    """Whether most pixels of an RGB picture have a colour of the palette, as also those of a JPEG have."""
    small = image.copy()
    small.thumbnail((SAMPLE_SIDE, SAMPLE_SIDE), Image.Resampling.NEAREST)
    pixels = np.asarray(small.convert("RGB"))
    snapped = snap(pixels, palette)[0]
    is_sure = np.abs(snapped.astype(np.int16) - pixels).max(axis=2) <= LOOSE
    return bool(is_sure.mean() >= FEWEST_SURE)
