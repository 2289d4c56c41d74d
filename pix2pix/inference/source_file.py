"""The file of a picture to translate, read as its model was trained to see it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pix2pix.config import ModelConfig
from pix2pix.data.clipping import clipping_note
from pix2pix.runtime.files import read_image, read_overshoot


@dataclass(frozen=True)
class SourceFile:
    """A picture to translate."""

    image: Image.Image
    """RGB, upright."""
    clipped: float = 0.0
    """Share of its values that lie outside the range that the model was trained with."""
    note: str = ""
    """A sentence about that, where it is not 0."""


def read_source(path: str | Path, config: ModelConfig) -> SourceFile:
    """Reads a picture for a model: one of more than 8 bits with the range that the model was trained with, if
    it knows one. `DataError` as `read_image`."""
    levels = config.source_levels
    if levels is None:
        return SourceFile(read_image(path))
    clipped = read_overshoot(path, levels)
    return SourceFile(read_image(path, levels), clipped, clipping_note([clipped], levels))
