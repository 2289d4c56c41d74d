"""Detects a shift between the halves of pairs by phase correlation of their outlines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pix2pix.imaging.palette import Pixels

LOOKED_AT = 256
"""Longer side in pixels at which outlines are compared."""
CLEAR = 14
"""Height of the peak in standard deviations. Measured on 40 pairs: facades 57, maps 41, edges to
shoes 34; on noise below 7."""
TOLERATED = 0.016
"""Share of the side. Measured on data that counts as aligned: 3 of 256 pixels (edges to shoes)."""


def common_shift(pairs: Sequence[tuple[Pixels, Pixels]]) -> tuple[int, int]:
    """Returns (dx, dy) in pixels by which the second pictures (H, W, 3) lie to the right of and
    below the first.

    (0, 0) where that is not clear. There is one shift for all: pairs of the most frequent size
    are taken together.
    """
    sizes = Counter(first.shape[:2] for first, second in pairs if first.shape == second.shape)
    if not sizes:
        return 0, 0
    (height, width), _ = sizes.most_common(1)[0]
    shrink = min(1.0, LOOKED_AT / max(height, width))
    alike = [
        (first, second) for first, second in pairs if first.shape[:2] == second.shape[:2] == (height, width)
    ]
    across, down, clearness = _correlate(
        [(_outlines(first, shrink), _outlines(second, shrink)) for first, second in alike]
    )
    if clearness < CLEAR or max(abs(across), abs(down)) <= TOLERATED * shrink * max(height, width):
        return 0, 0
    return round(across / shrink), round(down / shrink)


def _outlines(picture: Pixels, shrink: float) -> NDArray[np.float32]:
    """Returns the local contrast, normalised: what a drawing and its photo have in common."""
    small = cv2.resize(
        np.ascontiguousarray(picture), None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA
    )
    gray = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.5)
    steps = np.sqrt(cv2.magnitude(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)))
    window = cv2.createHanningWindow((steps.shape[1], steps.shape[0]), cv2.CV_32F)
    return (steps - steps.mean()) * window


def _correlate(outlines: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> tuple[int, int, float]:
    """Returns the peak (right, down) of the summed phase correlations of all pairs, and its height
    in standard deviations.

    `cv2.phaseCorrelate` takes one pair, which is too noisy between a drawing and a photo.
    """
    height, width = outlines[0][0].shape
    if min(height, width) < 8:
        return 0, 0, 0.0
    total = np.zeros((height, width // 2 + 1), np.complex128)
    for first, second in outlines:
        product = np.fft.rfft2(first).conj() * np.fft.rfft2(second)
        total += product / (np.abs(product) + 1e-6)
    peaks = cv2.GaussianBlur(np.fft.fftshift(np.fft.irfft2(total, s=(height, width))), (0, 0), 1.0)
    row, column = (int(place) for place in np.unravel_index(peaks.argmax(), peaks.shape))
    return column - width // 2, row - height // 2, float(peaks.max() / (peaks.std() + 1e-9))
