"""An edit of a pair: what it does to the halves, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.edits import Edit
from pix2pix.errors import DataError


def picture(seed: int, width: int = 16, height: int = 16) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image)


def test_halves_are_swapped_then_turned_then_mirrored_then_cropped() -> None:
    a, b = picture(0), picture(1)
    edit = Edit(swapped=True, turns=(1, 0), mirrored=(True, False), crop=(0.25, 0.0, 0.5))
    first, second = edit.apply(a, b)
    assert np.array_equal(pixels(first), np.rot90(pixels(b), -1)[:, ::-1][:8, 4:12])
    assert np.array_equal(pixels(second), pixels(a)[:8, 4:12])


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_more_turns_of_an_edited_pair_turn_what_is_shown(turns: int, mirrored: bool) -> None:
    edit = Edit(turns=(1, 3), mirrored=(mirrored, False), crop=(0.25, 0.0, 0.5))
    shown = edit.apply(picture(0), picture(1))
    turned = edit.turned((turns, turns)).apply(picture(0), picture(1))
    for before, after in zip(shown, turned, strict=True):
        assert np.array_equal(pixels(after), np.rot90(pixels(before), -turns))


def test_an_edit_is_the_same_after_json() -> None:
    edit = Edit(True, True, (1, 2), (True, False), (0.1, 0.2, 0.5))
    assert Edit.of(edit.to_dict()) == edit
    assert Edit().to_dict() == {}


@pytest.mark.parametrize(
    "values",
    [
        [],
        {"other": 1},
        {"turns": [1]},
        {"turns": [4, 0]},
        {"turns": [True, False]},
        {"mirrored": [1, 0]},
        {"excluded": "yes"},
        {"crop": [0.5, 0, 0.6]},
        {"crop": [0, 0, 0]},
        {"crop": [float("nan"), 0, 0.5]},
        {"crop": "all"},
    ],
)
def test_what_is_no_edit_is_refused(values: object) -> None:
    with pytest.raises(DataError):
        Edit.of(values)


def test_halves_stay_of_one_size_and_do_not_vanish() -> None:
    with pytest.raises(DataError, match="20 x 16 are no squares"):
        Edit(turns=(1, 0)).apply(picture(0, 20), picture(1, 20))
    assert Edit(turns=(1, 3)).apply(picture(0, 20), picture(1, 20))[0].size == (16, 20)
    with pytest.raises(DataError, match="keeps 2 x 2 pixels of 16 x 16"):
        Edit(crop=(0, 0, 0.1)).apply(picture(0), picture(1))
