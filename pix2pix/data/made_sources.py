"""Sources computed from single photos, which a model learns to invert."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pix2pix.errors import ConfigError
from pix2pix.imaging.palette import HOLE
from pix2pix.seeding import seed_of

SHRINK = 4
MADE = ("gray", "edges", "mask", "lowres")


def make_source(photo: Image.Image, kind: str, seed: int = 0) -> Image.Image:
    """Returns an RGB picture of the photo's size: `gray`, `edges` (black on white), with holes
    (`mask`) or `lowres`.

    Only the holes are random: a function of `seed`.
    """
    if kind == "mask":
        return punch(photo, holes_of(photo.height, photo.width, seed=seed))
    if kind not in MAKERS:
        raise ConfigError(f"make is {kind!r}; choose one of {', '.join(MADE)}.")
    return MAKERS[kind](photo)


def _gray(photo: Image.Image) -> Image.Image:
    return ImageOps.grayscale(photo).convert("RGB")


def _edges(photo: Image.Image) -> Image.Image:
    """Returns the lines of Canny's algorithm, with thresholds from the photo's contrast, so that dark
    photos have lines."""
    gray = cv2.GaussianBlur(np.asarray(ImageOps.grayscale(photo)), (0, 0), 1.2)
    across = cv2.Sobel(gray, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    high = max(40.0, float(np.percentile(np.abs(across) + np.abs(down), 90)))
    lines = cv2.Canny(gray, high / 2.5, high)
    return Image.fromarray(255 - lines).convert("RGB")


def _lowres(photo: Image.Image) -> Image.Image:
    small = (max(1, photo.width // SHRINK), max(1, photo.height // SHRINK))
    return photo.resize(small, Image.Resampling.BOX).resize(photo.size, Image.Resampling.BICUBIC)


MAKERS = {"gray": _gray, "edges": _edges, "lowres": _lowres}


def holes_of(height: int, width: int, *, seed: int) -> NDArray[np.bool_]:
    """Returns the holes of a seed, (H, W): one to three boxes and two to five brush strokes, about a quarter
    of the area."""
    random = np.random.Generator(np.random.PCG64(seed_of(seed, "holes")))
    holes = np.zeros((height, width), np.uint8)
    side = min(height, width)
    for _ in range(random.integers(1, 4)):
        (h, w) = (random.uniform(0.1, 0.35, 2) * side).astype(int) + 1
        (top, left) = (random.random(2) * (height, width)).astype(int)
        cv2.rectangle(holes, (left - w // 2, top - h // 2), (left + w // 2, top + h // 2), 1, -1)
    for _ in range(random.integers(2, 6)):
        points = (random.random((random.integers(2, 5), 2)) * (width, height)).astype(np.int32)
        cv2.polylines(holes, [points], False, 1, max(1, int(random.uniform(0.02, 0.07) * side)))
    return holes.astype(bool)


def punch(photo: Image.Image, holes: NDArray[np.bool_]) -> Image.Image:
    """Returns the photo with `HOLE` where `holes` (H, W) is true."""
    pixels = np.array(photo)
    pixels[holes] = HOLE
    return Image.fromarray(pixels)
