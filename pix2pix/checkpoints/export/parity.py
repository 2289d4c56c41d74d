"""Compares an exported model with torch: the difference of all pixels for three drawings of three sizes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError
from pix2pix.imaging.tensors import resize, to_image, to_tensor
from pix2pix.imaging.test_card import make_test_card
from pix2pix.imaging.tiles import round_up
from pix2pix.runtime.files import read_image

EXAMPLES = Path(__file__).parents[3] / "examples"
SMALL = 64
"""Shorter side in pixels of the two oblong pictures, rounded up to the network's multiple."""

Run = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Proof:
    """The differences between an exported model and torch, in levels of 0 to 255; `sizes`
    are (width, height)."""

    sizes: tuple[tuple[int, int], ...]
    largest: float
    mean: float

    def __str__(self) -> str:
        shown = ", ".join(f"{width} x {height}" for width, height in self.sizes)
        return (
            f"largest difference to torch {self.largest:.2g} of 255, mean {self.mean:.2g} (pictures of"
            f" {shown})"
        )


@torch.inference_mode()
def compare(run: Run, generator: nn.Module, *, config: ModelConfig) -> Proof:
    """Runs both models on three drawings: a square, one in landscape, and two in portrait as a batch."""
    sizes = _sizes(config.size, int(getattr(generator, "multiple", 1)))
    differences = []
    for number, (image, size) in enumerate(zip(proof_drawings(config), sizes, strict=True)):
        source = to_channels(resize(image, size, kind=config.source), config.in_channels)
        if number == 2:
            source = torch.cat((source, source.flip(3)))
        differences.append(np.abs(run(source.numpy()) - generator(source).numpy()) * 127.5)
    return Proof(
        sizes, float(max(map(np.max, differences))), float(np.mean([values.mean() for values in differences]))
    )


def check(proof: Proof, largest: float, mean: float, name: str) -> Proof:
    """Returns the proof. Raises `CheckpointError` where its differences are larger than allowed."""
    if not (proof.largest <= largest and proof.mean <= mean):  # NaN is refused too
        raise CheckpointError(
            f"{name} is not written: {proof}, and at most {largest:g} and {mean:g} are allowed."
            " Export without --half, or take another checkpoint."
        )
    return proof


def _sizes(side: int, multiple: int) -> tuple[tuple[int, int], ...]:
    side = round_up(side, multiple)
    unit = multiple * math.ceil(SMALL / multiple)
    return (side, side), (2 * unit, unit), (unit, 2 * unit)


def proof_drawings(config: ModelConfig) -> list[Image.Image]:
    """Returns three drawings from `examples/`, of the model's kind if possible; a test card where the
    folder is missing."""
    kind = "edges" if config.source == "edges" else "facade"
    paths = sorted(EXAMPLES.glob("*/*.png"), key=lambda path: (path.parent.name != kind, path))[:3]
    card = to_image(make_test_card(3, 256))
    return [read_image(path) for path in paths] + [card] * (3 - len(paths))


def to_channels(image: Image.Image, channels: int) -> Tensor:
    """Returns (1, C, H, W) in [-1, 1] for any number of channels, repeating the picture's own."""
    if channels == 1:
        return to_tensor(image, 1)
    return to_tensor(image).repeat(1, math.ceil(channels / 3), 1, 1)[:, :channels]
