"""Values of deep pictures (more than 8 bits a channel) that lie outside the range that they are read with,
and are clipped: which pictures have such values, and a sentence about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pix2pix.data.pairs import MOST_MEASURED, Pair, PairFolder, deep_files
from pix2pix.errors import DataError
from pix2pix.runtime.files import read_overshoot
from pix2pix.settings import Levels, range_words

SIDES = ("source", "target")


def clipped_shares(folder: PairFolder, side: int, *, pairs: Sequence[Pair] | None = None) -> dict[str, float]:
    """Returns the deep pictures of a side (of `pairs` alone, if given), each with its share
    of clipped values.

    Nothing is read or returned where the range is that of all pictures, which clips nothing. Files with both
    halves count as sources.
    """
    source, target = folder.levels
    levels = target if side else source
    files = deep_files(folder.pairs if pairs is None else pairs, side)
    is_partial = folder.has_stated_levels[side] or len(files) > MOST_MEASURED
    is_counted = side == 1 and folder.pairs[0].target is None and source == target
    if levels is None or not is_partial or is_counted:
        return {}
    shares: dict[str, float] = {}
    for file in files:
        try:
            shares[file.relative_to(folder.root).as_posix()] = read_overshoot(file, levels)
        except DataError:  # is named where the pair is read
            continue
    return shares


def clipping_note(shares: Collection[float], levels: Levels | None, *, noun: str = "picture") -> str:
    """Returns a sentence about pictures with clipped values; "" where there are none.

    `shares` has a number for each picture that was read, 0 for those that fit.
    """
    clipped = [share for share in shares if share]
    if not clipped or levels is None:
        return ""
    beyond = f"values outside {range_words(levels)}, which are clipped"
    if len(shares) == 1:
        return f"The {noun} has {beyond}: {percent(clipped[0])} of them."
    most = percent(max(clipped))
    return f"{len(clipped):,} of {len(shares):,} {noun}s have {beyond}: up to {most} of one."


def percent(share: float) -> str:
    """Returns a share in words: `12 %`, `0.3 %` or `less than 0.1 %`."""
    value = 100 * share
    if value < 0.1:
        return "less than 0.1 %"
    return f"{value:.0f} %" if value >= 1 else f"{value:.1f} %"
