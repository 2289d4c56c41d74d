"""Colours that mean something: the classes of a label map, and what kind of picture something is."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pix2pix.config import Color, PaletteEntry

Pixels = NDArray[np.uint8]

HOLE = (255, 0, 255)
"""What is to be filled in a `mask` source: magenta, which photos hardly have."""

FACADES: tuple[PaletteEntry, ...] = (
    ("background", (0, 0, 222)),
    ("wall", (0, 48, 255)),
    ("window", (0, 128, 255)),
    ("door", (0, 208, 255)),
    ("cornice", (32, 255, 224)),
    ("pillar", (255, 0, 0)),
    ("sill", (112, 255, 143)),
    ("balcony", (192, 255, 63)),
    ("blind", (255, 240, 10)),
    ("deco", (255, 160, 0)),
    ("molding", (255, 80, 0)),
    ("shop", (174, 0, 0)),
)
"""The classes of the facades data, as its label halves have them."""

MAPS: tuple[PaletteEntry, ...] = (
    ("land", (232, 228, 220)),
    ("road", (255, 255, 255)),
    ("park", (200, 222, 172)),
    ("water", (176, 208, 255)),
    ("highway", (250, 158, 37)),
    ("ramp", (255, 225, 104)),
    ("building", (243, 240, 234)),
)
"""The classes of the maps data. Counting colours finds the first five alone: ramps are rare, and
buildings too near to the land."""

KNOWN = (FACADES, MAPS)
"""Palettes that have names: of colours that mean something in a data set that many have."""
KNOWN_SHARE = 2 / 3
OWN_SHARE = 0.6
"""Least share of a known palette's colours to be found, and of the found ones to be its own."""

COLOR_NAMES: tuple[PaletteEntry, ...] = (
    ("black", (0, 0, 0)),
    ("white", (255, 255, 255)),
    ("gray", (128, 128, 128)),
    ("light gray", (205, 205, 205)),
    ("dark gray", (64, 64, 64)),
    ("red", (255, 0, 0)),
    ("dark red", (139, 0, 0)),
    ("orange", (255, 150, 20)),
    ("yellow", (255, 240, 0)),
    ("light yellow", (255, 230, 150)),
    ("beige", (232, 226, 210)),
    ("brown", (140, 80, 30)),
    ("green", (0, 200, 0)),
    ("dark green", (0, 100, 0)),
    ("light green", (180, 225, 160)),
    ("olive", (128, 128, 0)),
    ("turquoise", (64, 224, 208)),
    ("teal", (0, 128, 128)),
    ("cyan", (0, 255, 255)),
    ("light blue", (173, 205, 250)),
    ("sky blue", (0, 150, 255)),
    ("blue", (0, 0, 255)),
    ("dark blue", (0, 0, 128)),
    ("purple", (128, 0, 128)),
    ("violet", (150, 90, 230)),
    ("magenta", (255, 0, 255)),
    ("pink", (255, 170, 200)),
    ("salmon", (250, 128, 114)),
)

TIGHT = 8
LOOSE = 24
"""Largest distance in one channel at which a pixel has a colour, and at which it may be a scattered pixel
of it (JPEG)."""
MOST_COLORS = 32
SMALLEST_SHARE = 0.002
APART = 5
"""Least distance between two colours of a palette."""
EXACT_COLORS = 256
"""Pictures with no more colours than this never went through JPEG."""
SAMPLE = 200_000
COLOURED = 40
"""Difference between the channels of a pixel, above which it is plainly coloured."""
FEWEST_COLOURED = 6
COLOURED_SHARE = 0.0001
"""Least number and share of such pixels in a coloured picture."""
CELLS = np.array([65 * 65, 65, 1], np.int32)
"""Numbers cells of 4 x 4 x 4 colours, of which a channel has 65."""
LABELS_SHARE = 0.55
LABELS_SHARPNESS = 0.6
"""Measured: label halves of facades 0.66 and 0.77, street maps 0.73 and 0.68; photos up to 0.69 and
0.44, gray ones 0.47 and 0.51."""


@dataclass(frozen=True)
class Peak:
    """A frequent colour, with the shares of all pixels that have it and that scatter around it."""

    color: Color
    tight: float
    loose: float


def find_peaks(pixels: Pixels) -> tuple[Peak, ...]:
    """Returns the frequent colours of (N, 3) pixels, most frequent first.

    They are so far apart that the scatter of JPEG around one does not count as another.
    """
    left = pixels.astype(np.int16)
    count = len(pixels)
    peaks: list[Peak] = []
    while len(peaks) < MOST_COLORS and len(left) >= max(1, SMALLEST_SHARE * count):
        cells = ((left + 2) >> 2).astype(np.int32) @ CELLS
        color = np.median(left[cells == np.bincount(cells).argmax()], axis=0)
        distance = np.abs(left - color).max(axis=1)
        red, green, blue = (int(value) for value in color)
        peaks.append(
            Peak(
                (red, green, blue),
                float((distance <= TIGHT).sum()) / count,
                float((distance <= LOOSE).sum()) / count,
            )
        )
        left = left[distance > LOOSE]
    return tuple(peaks)


def _pack(pixels: NDArray[np.generic]) -> NDArray[np.int32]:
    """Returns one number for each colour, 8 bits a channel."""
    wide = pixels.astype(np.int32)
    return (wide[:, 0] << 16) | (wide[:, 1] << 8) | wide[:, 2]


def _unpack(codes: NDArray[np.int32]) -> Pixels:
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8)


def is_label_like(pictures: Sequence[Pixels]) -> bool:
    """Whether a few colours hold most pixels of the pictures (H, W, 3), as in label maps, also after JPEG.

    Besides the most frequent colour, which may be a photo's white background, the others must be sharp too.
    """
    peaks = find_peaks(_sample(pictures))[:16]
    rest_tight = sum(peak.tight for peak in peaks[1:])
    rest_loose = sum(peak.loose for peak in peaks[1:])
    share = sum(peak.tight for peak in peaks)
    return len(peaks) > 1 and share >= LABELS_SHARE and rest_tight >= LABELS_SHARPNESS * rest_loose


def extract_palette(pictures: Sequence[Pixels]) -> tuple[PaletteEntry, ...]:
    """Names and colours of the classes in label maps (H, W, 3), most frequent first, at least five apart.

    Where they are those of facades or maps, `FACADES` or `MAPS` itself, with its names and exact colours.
    """
    pixels = _sample(pictures)
    codes, counts = np.unique(_pack(pixels), return_counts=True)
    if len(codes) <= EXACT_COLORS:
        colors = _most_frequent(_unpack(codes[np.argsort(-counts, kind="stable")]), counts)
    else:
        # JPEG blends neighbours at borders: such colours may be frequent too, but are
        # never an area, and seldom sharp.
        areas = [picture[_inside_areas(picture)] for picture in pictures]
        sharp = [
            peak for peak in find_peaks(_sample(areas)) if peak.tight >= max(SMALLEST_SHARE, 0.4 * peak.loose)
        ]
        # Without any area (all is thin) the blends have to be put up with.
        colors = [peak.color for peak in sharp or find_peaks(pixels)]
    return next((known for known in KNOWN if _is_of(known, colors)), None) or name_colors(colors)


def _inside_areas(picture: Pixels) -> NDArray[np.bool_]:
    """Pixels that have their neighbours' colour on all four sides."""
    wide = picture.astype(np.int16)
    inside = np.ones(picture.shape[:2], bool)
    for axis in (0, 1):
        steps = np.abs(np.diff(wide, axis=axis)).max(axis=2) <= TIGHT
        before, after = (
            (((1, 0), (0, 0)), ((0, 1), (0, 0))) if axis == 0 else (((0, 0), (1, 0)), ((0, 0), (0, 1)))
        )
        inside &= np.pad(steps, before) & np.pad(steps, after)
    return inside


def _sample(pictures: Sequence[Pixels]) -> Pixels:
    """Pixels of all pictures, every n-th where they are many."""
    pixels = np.concatenate([np.asarray(picture).reshape(-1, 3) for picture in pictures])
    # An odd stride, so that it does not run along a column.
    return pixels[:: len(pixels) // SAMPLE | 1]


def _most_frequent(colors: Pixels, counts: NDArray[np.int64]) -> list[Color]:
    """Returns the colours of pictures that never went through JPEG, most frequent first: each is a class.

    Where there are more than `MOST_COLORS`, edges were smoothed, and only those at least `APART` from more
    frequent ones are classes.
    """
    kept: list[Color] = []
    is_smoothed = len(counts) > MOST_COLORS
    for red, green, blue in colors.tolist():
        is_apart = all(max(abs(red - r), abs(green - g), abs(blue - b)) >= APART for r, g, b in kept)
        if len(kept) < MOST_COLORS and (is_apart or not is_smoothed):
            kept.append((red, green, blue))
    return kept


def _is_of(known: Sequence[PaletteEntry], colors: Sequence[Color]) -> bool:
    """Whether most of a known palette is among the colours, and most of the colours are its own."""
    found = [_nearest(color, known) for color in colors]
    close = {name for name, distance in found if distance <= 2 * TIGHT}
    own = sum(distance <= 2 * TIGHT for _, distance in found)
    return len(close) >= KNOWN_SHARE * len(known) and own >= OWN_SHARE * len(colors)


def _nearest(color: Color, palette: Sequence[PaletteEntry]) -> tuple[str, float]:
    """Returns the name of the nearest colour, and its distance in RGB."""
    distances = np.linalg.norm(np.array([entry for _, entry in palette], float) - color, axis=1)
    place = int(distances.argmin())
    return palette[place][0], float(distances[place])


def name_colors(colors: Iterable[Color]) -> tuple[PaletteEntry, ...]:
    """Returns each colour with a plain name, all different: blue, blue 2."""
    entries: list[PaletteEntry] = []
    used: dict[str, int] = {}
    for color in colors:
        name = _nearest(color, COLOR_NAMES)[0]
        used[name] = used.get(name, 0) + 1
        entries.append((name if used[name] == 1 else f"{name} {used[name]}", color))
    return tuple(entries)


def snap(pixels: Pixels, palette: Sequence[PaletteEntry]) -> tuple[Pixels, int]:
    """Returns (H, W, 3) with each pixel as the nearest palette colour, and how many pixels that changed."""
    colors = np.array([color for _, color in palette], np.int32)
    codes, places = np.unique(_pack(pixels.reshape(-1, 3)), return_inverse=True)
    distances = ((_unpack(codes)[:, None].astype(np.int32) - colors) ** 2).sum(axis=2)
    snapped = colors[distances.argmin(axis=1)].astype(np.uint8)[places].reshape(pixels.shape)
    return snapped, int((snapped != pixels).any(axis=-1).sum())


def is_gray(pictures: Sequence[Pixels]) -> bool:
    """Whether the channels are equal, but for what JPEG does to them."""
    pixels = _sample(pictures).astype(np.int16)
    return bool((np.ptp(pixels, axis=1) > 10).mean() < 0.005)


def has_color(picture: Pixels) -> bool:
    """Whether some pixels of a picture (H, W, 3) are plainly coloured: marks on a gray picture are,
    what JPEG does to one is not."""
    chroma = np.ptp(picture.astype(np.int16), axis=2)
    return int((chroma > COLOURED).sum()) >= max(FEWEST_COLOURED, COLOURED_SHARE * chroma.size)


FEWEST_NEUTRAL = 100
"""Pixels that look gray, below which nothing is said of them."""


def neutral_share(picture: Pixels) -> float | None:
    """Returns, of the pixels (H, W, 3) that look gray and are neither black nor white, the share with exactly
    equal channels; None for few such pixels."""
    darkest = picture.min(axis=2)
    brightest = picture.max(axis=2)
    chroma = brightest - darkest
    looks_gray = (chroma <= 10) & (darkest > 12) & (brightest < 243)
    count = int(looks_gray.sum())
    return float((chroma[looks_gray] == 0).mean()) if count >= FEWEST_NEUTRAL else None


MOST_CLASSES = 64


def has_class_numbers(pictures: Sequence[Pixels]) -> bool:
    """Whether gray pictures are numbers of classes, and so nearly black: whole areas of a few
    values from 0 on, none above 63."""
    values = np.unique(np.concatenate([np.unique(picture[..., 1]) for picture in pictures]))
    if len(values) < 2 or values[0] != 0 or values[-1] >= MOST_CLASSES:
        return False
    inside = np.mean([_inside_areas(picture).mean() for picture in pictures])
    # Photos that are this dark have noise; areas of classes have their neighbours' value nearly everywhere.
    changes = np.mean(
        [(np.diff(picture[..., 1].astype(np.int16), axis=1) != 0).mean() for picture in pictures]
    )
    return bool(inside > 0.5 and changes < 0.25)


def class_colors(count: int) -> list[Color]:
    """Colours for class numbers 0 to `count` - 1, far apart: black first, then the hues of a
    wheel in three brightnesses."""
    colors: list[Color] = [(0, 0, 0)]
    per_ring = max(1, -(-(count - 1) // 3))
    for number in range(max(0, count - 1)):
        ring, place = divmod(number, per_ring)
        hue = (place + ring / 3) / per_ring
        red, green, blue = colorsys.hsv_to_rgb(hue, (1.0, 0.55, 1.0)[ring], (1.0, 0.9, 0.55)[ring])
        colors.append((round(255 * red), round(255 * green), round(255 * blue)))
    return colors


def has_few_grays(pictures: Sequence[Pixels]) -> bool:
    """Whether gray pictures are numbers of classes rather than photos: no more than 64
    levels in all of them."""
    return len(np.unique(_sample(pictures)[:, 1])) <= 64


def hole_share(picture: Pixels) -> float:
    """Returns the share of the pixels that are `HOLE`, within the tolerance for JPEG."""
    return float((np.abs(picture.astype(np.int16) - HOLE).max(axis=-1) <= LOOSE).mean())


def is_line_drawing(pictures: Sequence[Pixels]) -> bool:
    """Whether gray pictures are mostly paper with thin lines on it, dark on light or light on dark."""
    bright = np.concatenate([picture[..., 1].ravel() > 127 for picture in pictures]).mean()
    if not 0.55 <= max(bright, 1 - bright) <= 0.999:
        return False
    inks = [(picture[..., 1] < 128) == (bright > 0.5) for picture in pictures]
    thick = sum(int(_inside(ink).sum()) for ink in inks)
    paper = np.concatenate([picture[..., 1][~ink] for picture, ink in zip(pictures, inks, strict=True)])
    clean = (paper > 230).mean() if bright > 0.5 else (paper < 25).mean()
    return bool(thick < 0.25 * sum(int(ink.sum()) for ink in inks) and clean > 0.85)


def _inside(ink: NDArray[np.bool_], reach: int = 3) -> NDArray[np.bool_]:
    """Returns the ink with ink on all sides up to `reach` pixels: lines have none, filled areas do."""
    inside = ink.copy()
    for shift in range(1, reach + 1):
        for axis in (0, 1):
            inside &= np.roll(ink, shift, axis) & np.roll(ink, -shift, axis)
    return inside
