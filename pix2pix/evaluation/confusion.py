"""Per-pixel class maps, and the agreement of two of them: the three numbers of the paper's FCN-score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pix2pix.config import PaletteEntry

if TYPE_CHECKING:
    from pix2pix.imaging.palette import Pixels

Classes = NDArray[np.uint8]
"""(H, W) of class indices in the palette."""


def to_classes(pixels: Pixels, palette: Sequence[PaletteEntry]) -> Classes:
    """Returns for each pixel of (H, W, 3) the index of the nearest palette colour, (H, W)."""
    wide = pixels.astype(np.int32)
    codes, places = np.unique(
        (wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]).ravel(), return_inverse=True
    )
    colors = np.array([color for _, color in palette], np.int32)
    found = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    nearest = ((found[:, None] - colors) ** 2).sum(axis=2).argmin(axis=1)
    return nearest.astype(np.uint8)[places].reshape(pixels.shape[:2])


class ConfusionMatrix:
    """Counts of pixels by true and predicted class, over all pictures that are added."""

    def __init__(self, palette: Sequence[PaletteEntry]) -> None:
        self.names = [name for name, _ in palette]
        self.counts = np.zeros((len(self.names),) * 2, np.int64)
        """[true, found]"""

    def add(self, truth: Classes, found: Classes) -> float:
        """Adds a picture and returns its share of correct pixels, 0 to 1."""
        size = len(self.names)
        self.counts += np.bincount(
            truth.ravel().astype(np.int64) * size + found.ravel(), minlength=size * size
        ).reshape(size, size)
        return float((truth == found).mean())

    @property
    def accuracy(self) -> float:
        """Returns the share of correct pixels, 0 to 1."""
        return float(self.counts.trace() / max(1, self.counts.sum()))

    @property
    def class_accuracy(self) -> float:
        """Returns the mean over the classes that occur of the share of their pixels that are correct."""
        return _mean(self.accuracies())

    @property
    def iou(self) -> float:
        """Returns the mean intersection over union of the classes that occur."""
        return _mean(self.ious())

    def accuracies(self) -> dict[str, float]:
        """Returns the accuracy of each class that occurs."""
        return self._shares(self.counts.sum(axis=1))

    def ious(self) -> dict[str, float]:
        """Returns the intersection over union of each class that occurs."""
        return self._shares(self.counts.sum(axis=1) + self.counts.sum(axis=0) - self.counts.diagonal())

    def _shares(self, totals: NDArray[np.int64]) -> dict[str, float]:
        there = self.counts.sum(axis=1) > 0
        return {
            name: float(self.counts[place, place] / totals[place])
            for place, name in enumerate(self.names)
            if there[place]
        }


def _mean(shares: dict[str, float]) -> float:
    return sum(shares.values()) / max(1, len(shares))
