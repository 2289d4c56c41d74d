"""A small picture of what each model makes: from its run's newest samples, or of an example drawn by the model itself."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import Image

from pix2pix.files import read_image
from pix2pix.run_folder import RunFolder
from pix2pix.translator import Translator
from pix2pix.ui.drawing import to_data_url
from pix2pix.ui.examples import EXAMPLES, fitting, list_examples
from pix2pix.ui.models import Model, Shelf

SIDE = 112
GAP = 4
"""Pixels between the three pictures of a row of samples."""


def thumbnail(shelf: Shelf, key: str | None, examples: Path = EXAMPLES) -> str:
    """A data URL; empty where there is nothing to show yet."""
    model = shelf.model(key)
    found = _from_samples(model)
    if found:
        return found
    drawings = list_examples(examples).get(fitting(model.config), [])
    if not drawings:
        return ""
    with shelf.turn():
        return _drawn(str(model.path), model.version, str(drawings[0]))


def _from_samples(model: Model) -> str:
    """The model's own picture in the first row of the newest grid: input | output | target."""
    samples = RunFolder(model.path.parent).samples() if model.is_run else []
    return _cut(str(samples[-1][1])) if samples else ""


@lru_cache(maxsize=64)
def _cut(path: str) -> str:
    grid = read_image(path)
    side = (grid.width - 2 * GAP) // 3
    return _small(grid.crop((side + GAP, 0, 2 * side + GAP, side)))


@lru_cache(maxsize=64)
def _drawn(path: str, version: str, example: str) -> str:
    """Not through the shelf: looking at the list must not push out the models that somebody draws with."""
    return _small(Translator.load(path)(read_image(example)))


def _small(picture: Image.Image) -> str:
    return to_data_url(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
