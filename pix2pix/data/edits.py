"""Edits of a pair made by hand: left out, halves swapped, turned, mirrored, cropped."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from pix2pix.errors import DataError

SMALLEST = 8
"""Pixels that the shorter side of a cropped half keeps at least."""
TURNS = {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}
"""Pillow turns counterclockwise, an edit counts quarter turns clockwise."""


@dataclass(frozen=True)
class Edit:
    """What is done to a pair, in this order: swap, turn, mirror, crop. The halves are counted as they lie in
    the folder, after the swap: the left one, or that of A, is the first.
    """

    excluded: bool = False
    """Whether the pair is left out."""
    swapped: bool = False
    """Whether the two halves change places."""
    turns: tuple[int, int] = (0, 0)
    """Quarter turns clockwise of each half, 0 to 3."""
    mirrored: tuple[bool, bool] = (False, False)
    """Whether left and right of each half are exchanged."""
    crop: tuple[float, float, float] | None = None
    """Left and top of the part that is kept, and its width and height, as shares of those of each half."""

    @classmethod
    def of(cls, values: object) -> Edit:
        """Returns the edit that `to_dict` describes. Raises `DataError` where it describes none."""
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(values, Mapping) or not set(values) <= names:
            raise DataError(f"an edit of a pair has the parts {', '.join(sorted(names))}, and no others.")
        turns = values.get("turns", (0, 0))
        mirrored = values.get("mirrored", (False, False))
        flags = [values.get("excluded", False), values.get("swapped", False)]
        if not _are_two(turns, int) or not all(0 <= turn <= 3 for turn in turns):
            raise DataError("turns are two whole numbers from 0 to 3: quarter turns of each half.")
        if not _are_two(mirrored, bool) or not all(isinstance(flag, bool) for flag in flags):
            raise DataError("excluded, swapped and the two of mirrored are true or false.")
        return cls(flags[0], flags[1], tuple(turns), tuple(mirrored), _to_crop(values.get("crop")))

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON; what is as it was is left out."""
        plain = {field.name: field.default for field in dataclasses.fields(self)}
        return {name: value for name, value in dataclasses.asdict(self).items() if value != plain[name]}

    @property
    def changes_pixels(self) -> bool:
        """Whether the pictures are other ones afterwards."""
        return replace(self, excluded=False) != Edit()

    def turned(self, turns: tuple[int, int]) -> Edit:
        """Returns this edit followed by more quarter turns clockwise of each half, as it is shown now."""
        added = [-more if mirrored else more for more, mirrored in zip(turns, self.mirrored, strict=True)]
        both = ((self.turns[0] + added[0]) % 4, (self.turns[1] + added[1]) % 4)
        crop = self.crop
        if crop and turns[0] % 4 == turns[1] % 4:
            for _ in range(turns[0] % 4):
                left, top, side = crop
                crop = (1 - top - side, left, side)
        return replace(self, turns=both, crop=crop)

    def apply(self, first: Image.Image, second: Image.Image) -> tuple[Image.Image, Image.Image]:
        """Returns the edited halves. Raises `DataError` where they would be of two sizes, or too small."""
        halves = (second, first) if self.swapped else (first, second)
        a, b = (
            _placed(half, turns, mirrored=mirrored)
            for half, turns, mirrored in zip(halves, self.turns, self.mirrored, strict=True)
        )
        if a.size != b.size:
            raise DataError(
                f"halves of {first.width} x {first.height} are no squares: a quarter turn of one alone would"
                " make them unequal. Turn both, or crop to squares first."
            )
        return self._cropped(a), self._cropped(b)

    def _cropped(self, half: Image.Image) -> Image.Image:
        if not self.crop:
            return half
        left, top, side = self.crop
        width, height = (max(1, round(side * length)) for length in half.size)
        if min(width, height) < SMALLEST:
            raise DataError(
                f"the crop keeps {width} x {height} pixels of {half.width} x {half.height}: keep at least"
                f" {SMALLEST} on each side."
            )
        # Rounded to whole pixels, the part may not reach over the edge.
        x = min(round(left * half.width), half.width - width)
        y = min(round(top * half.height), half.height - height)
        return half.crop((x, y, x + width, y + height))


def _placed(half: Image.Image, turns: int, *, mirrored: bool) -> Image.Image:
    turned = half.transpose(TURNS[turns]) if turns else half
    return turned.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else turned


def _are_two(values: object, kind: type) -> bool:
    return (
        isinstance(values, tuple | list) and len(values) == 2 and all(type(each) is kind for each in values)
    )


def _to_crop(values: object) -> tuple[float, float, float] | None:
    if values is None:
        return None
    is_three = isinstance(values, tuple | list) and len(values) == 3
    numbers = values if isinstance(values, tuple | list) else ()
    if not is_three or not all(type(each) in (int, float) and math.isfinite(each) for each in numbers):
        raise DataError("a crop is three numbers: left, top and side, as shares from 0 to 1.")
    left, top, side = (float(each) for each in numbers)
    slack = 1e-6
    if min(left, top) < -slack or not 0 < side <= 1 or max(left, top) + side > 1 + slack:
        raise DataError("a crop lies inside the picture: left and top from 0 on, with the side at most 1.")
    return (max(0.0, left), max(0.0, top), side)
