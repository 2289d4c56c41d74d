"""Restores the exact colours of label maps that went through JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from pix2pix.config import PaletteEntry
from pix2pix.imaging.palette import LOOSE, Pixels, snap

SMOOTHED = 3
"""Side of the median filter. With 5 thin lines are lost."""
NEARBY = np.ones((5, 5), np.uint8)


def clean_labels(picture: Pixels, palette: tuple[PaletteEntry, ...]) -> Pixels:
    """Labels (H, W, 3) that went through JPEG, in the palette's exact colours.

    Pixels far from all colours lie on borders, where JPEG rings and blends. Each takes the median of its
    neighbours first, and then the nearest of the colours that are surely there nearby: so no thin outline of
    a third colour comes between two areas. Measured on drawn boxes at quality 90 and 50: 0.6 and 0.9 % of the
    pixels are wrong, with the nearest colour alone 4.5 and 5.5 %.
    """
    snapped, _ = snap(picture, palette)
    sure = np.abs(snapped.astype(np.int16) - picture).max(axis=2) <= LOOSE
    smooth = cv2.medianBlur(np.ascontiguousarray(picture), SMOOTHED).astype(np.int32)
    cleaned = snap(np.where(sure[..., None], picture, smooth.astype(np.uint8)), palette)[0]
    best = np.full(sure.shape, np.inf)
    best[sure] = -1
    for _, color in palette:
        there = cv2.dilate(((snapped == color).all(axis=2) & sure).astype(np.uint8), NEARBY) > 0
        distance = ((smooth - color) ** 2).sum(axis=2)
        nearer = there & (distance < best)
        best[nearer] = distance[nearer]
        cleaned[nearer] = color
    return cleaned
