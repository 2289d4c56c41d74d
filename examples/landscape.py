"""Draws landscapes that look a little like photos, for models that take photos: sky, clouds, ridges in the
haze, meadows with trees, water that mirrors them. Every pixel is computed; none comes from a picture.

python examples/landscape.py examples/landscape
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SIDE, OVER = 256, 2
"""Side of a picture in pixels, and how many times larger it is computed."""
Field = NDArray[np.float64]
Color = tuple[float, float, float]


@dataclass(frozen=True)
class Scene:
    """What a landscape is made of; heights are shares of the picture, counted from above."""

    seed: int
    sky: tuple[Color, Color]
    """At the top and at the horizon."""
    clouds: float
    cloud: Color
    ridges: tuple[tuple[float, float, Color], ...]
    """Height, roughness and colour of each, the farthest first."""
    water: float
    """Height of the shore; 1 for no water."""
    trees: int


SCENES = {
    "lake-at-noon": Scene(
        4,
        ((0.24, 0.48, 0.82), (0.74, 0.86, 0.94)),
        0.55,
        (0.98, 0.98, 0.97),
        (
            (0.42, 0.16, (0.50, 0.60, 0.70)),
            (0.52, 0.10, (0.32, 0.44, 0.38)),
            (0.60, 0.05, (0.22, 0.38, 0.16)),
        ),
        0.66,
        26,
    ),
    "hills-at-dusk": Scene(
        11,
        ((0.20, 0.18, 0.38), (0.98, 0.62, 0.34)),
        0.6,
        (0.95, 0.45, 0.36),
        (
            (0.50, 0.12, (0.48, 0.34, 0.42)),
            (0.60, 0.10, (0.30, 0.22, 0.26)),
            (0.74, 0.08, (0.16, 0.14, 0.13)),
        ),
        1.0,
        18,
    ),
    "coast": Scene(
        23,
        ((0.36, 0.58, 0.84), (0.86, 0.90, 0.90)),
        0.35,
        (1.0, 1.0, 1.0),
        ((0.47, 0.05, (0.46, 0.56, 0.62)), (0.50, 0.14, (0.42, 0.42, 0.30))),
        0.58,
        0,
    ),
    "meadow": Scene(
        35,
        ((0.40, 0.62, 0.86), (0.82, 0.89, 0.92)),
        0.7,
        (0.97, 0.97, 0.96),
        (
            (0.46, 0.08, (0.44, 0.54, 0.58)),
            (0.53, 0.06, (0.28, 0.42, 0.24)),
            (0.60, 0.04, (0.46, 0.56, 0.22)),
        ),
        1.0,
        34,
    ),
}


def noise(random: np.random.Generator, shape: tuple[int, int], slope: float, stretch: float = 1.0) -> Field:
    """Returns a field in [0, 1] whose spectrum falls with `slope`; `stretch` above 1 makes it long across."""
    rows, columns = np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None] * stretch
    radius = np.hypot(rows, columns)
    radius[0, 0] = np.inf
    field = np.fft.ifft2(np.fft.fft2(random.standard_normal(shape)) / radius**slope).real
    return (field - field.min()) / (field.max() - field.min())


def blend(picture: Field, color: Field | Color, mask: Field) -> Field:
    """Returns the picture with a colour laid over it, by a mask in [0, 1]."""
    mixed: Field = picture + mask[..., None] * (np.asarray(color) - picture)
    return mixed


def draw(scene: Scene, side: int = SIDE * OVER) -> Field:
    """Returns the landscape as (side, side, 3) in [0, 1]."""
    random = np.random.default_rng(scene.seed)
    shape = (side, side)
    height = np.linspace(0, 1, side)[:, None]
    top, horizon = (np.array(color) for color in scene.sky)
    fall = np.clip(height / scene.ridges[0][0], 0, 1)[..., None]
    picture = np.broadcast_to(top + fall * (horizon - top), (*shape, 3)).copy()
    cover = np.clip((noise(random, shape, 1.7, 2.2) - 1 + scene.clouds) * 4, 0, 1) * (1 - 0.4 * fall[..., 0])
    light = np.clip(1.1 - 0.5 * noise(random, shape, 1.5), 0, 1)
    picture = blend(picture, np.array(scene.cloud) * light[..., None], cover)
    for number, (place, rough, color) in enumerate(scene.ridges):
        line = noise(random, (1, side), 1.25)[0]
        crest = place - rough * (line - 0.5)
        mask = np.clip((height - crest[None]) * side / 3, 0, 1)
        ground = noise(random, shape, 1.15, 2.0)
        shade = 0.62 + 0.76 * ground - 0.25 * np.clip((height - crest[None]) * 4, 0, 1)
        haze = 0.45 - 0.2 * number
        body = (np.array(color) * shade[..., None]) * (1 - haze) + horizon * haze * 0.8
        picture = blend(picture, body, mask)
        if number == len(scene.ridges) - 1:
            picture = plant(picture, crest, random=random, count=scene.trees, ground=color)
    return picture if scene.water >= 1 else flood(picture, scene.water, random)


def plant(picture: Field, crest: Field, *, random: np.random.Generator, count: int, ground: Color) -> Field:
    """Returns the picture with trees on the crest, in the light of the ground: crowns, darker below."""
    side = len(picture)
    rows, columns = np.mgrid[:side, :side]
    for _ in range(count):
        column = int(random.integers(0, side))
        size = random.uniform(0.015, 0.05) * side
        foot = crest[column] * side + random.uniform(0, 0.05) * side
        across, up = (columns - column) / size, (rows - foot + size) / (1.3 * size)
        ragged = 2.2 * (noise(random, (side, side), 0.8) - 0.5)
        crown = np.clip((0.9 - np.hypot(across, up) + ragged) * 4, 0, 1)
        leaves = (np.array([0.13, 0.24, 0.09]) * 0.5 + np.array(ground) * 0.4) * random.uniform(0.7, 1.2)
        picture = blend(picture, leaves * (1.25 - 0.5 * np.clip(up, -1, 1))[..., None], crown)
    return picture


def flood(picture: Field, shore: float, random: np.random.Generator) -> Field:
    """Returns the picture with water from the shore down, which mirrors what is above, in waves."""
    side = len(picture)
    first = int(shore * side)
    depth = np.arange(side - first)
    waves = noise(random, (side - first, side), 0.9, 6.0) - 0.5
    rows = np.clip(first - 1 - depth[:, None] * 0.9 - waves * (4 + 0.1 * depth[:, None]), 0, first - 1)
    mirrored = picture[rows.astype(int), np.arange(side)[None]]
    tint = np.array([0.16, 0.30, 0.40])
    share = 0.25 + 0.45 * (depth / max(1, len(depth)))[:, None]
    picture[first:] = (
        blend(mirrored, tint, np.broadcast_to(share, mirrored.shape[:2])) + waves[..., None] * 0.18
    )
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("to", type=Path, help="folder for the pictures")
    args = parser.parse_args()
    args.to.mkdir(parents=True, exist_ok=True)
    for name, scene in SCENES.items():
        pixels = (draw(scene).clip(0, 1) * 255).round().astype(np.uint8)
        picture = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(0.6))
        picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(args.to / f"{name}.jpg", quality=90)


if __name__ == "__main__":
    main()
