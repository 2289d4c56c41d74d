"""Scores as a table for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pix2pix.runs.event_lines import UNITS

if TYPE_CHECKING:
    from pix2pix.evaluation.evaluate import Scores

LOWER = ("l1", "lpips", "fid", "kid")
NEAR_ONE = ("edges", "grid")
SEGMENTATIONS = {"fcn": "generated photos", "real_fcn": "real photos", "label": "generated labels"}
THREE = ("accuracy", "class_accuracy", "iou")


def protocol_of(scores: Scores) -> str:
    """Returns what was compared and at which size, without which the numbers mean nothing."""
    pairs = f"{scores.count:,} {scores.split} pair{'s' * (scores.count != 1)}"
    size = f"at {scores.size} x {scores.size}" if scores.size else "each at its own size"
    return f"{pairs} {size}, {scores.seconds_per_picture:.3f} s a picture"


def table_of(scores: Scores) -> Iterator[str]:
    """Yields lines: the mean of each metric, the measures over all pictures, and the segmentation with
    its three columns."""
    yield protocol_of(scores)
    numbers = {**scores.means, **scores.overall}
    plain = {
        name: value
        for name, value in numbers.items()
        if name.rpartition("_")[0] != "lab" and not _is_segmentation(name)
    }
    for name, value in plain.items():
        better = "near 1" if name in NEAR_ONE else "lower" if name in LOWER else "higher"
        yield f"  {name:<18}{value:>10.4g}{UNITS.get(name, ''):<4}{better} is better"
    yield (
        f"  {'Lab colours':<18}"
        + "  ".join(f"{name[-1]} {numbers[name]:.2f}" for name in ("lab_l", "lab_a", "lab_b"))
        + "  shared, 0 to 1"
    )
    yield from _segmentation(numbers)


def _is_segmentation(name: str) -> bool:
    return any(name == f"{kind}_{part}" for kind in SEGMENTATIONS for part in THREE)


def _segmentation(numbers: Mapping[str, float]) -> Iterator[str]:
    rows = {
        title: [numbers[f"{kind}_{part}"] for part in THREE]
        for kind, title in SEGMENTATIONS.items()
        if f"{kind}_iou" in numbers
    }
    if rows:
        yield f"  {'segmentation':<18}{'accuracy':>10}{'by class':>10}{'IoU':>8}"
    for title, (accuracy, by_class, iou) in rows.items():
        yield f"    {title:<16}{accuracy:>10.3f}{by_class:>10.3f}{iou:>8.3f}"
