"""The metrics give the numbers that one can work out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from pix2pix.metrics import HIGHEST_PSNR, METRICS, l1, psnr, ssim


def flat(value: float, size: int = 16) -> torch.Tensor:
    """A picture of one brightness, on [0, 1]."""
    return torch.full((1, 3, size, size), value * 2 - 1)


def test_l1_is_the_mean_difference_on_zero_to_one() -> None:
    assert l1(flat(0.25), flat(0.75)) == [pytest.approx(0.5)]
    assert l1(flat(0), flat(1)) == [1.0]


def test_psnr_of_a_tenth_is_twenty_decibels() -> None:
    assert psnr(flat(0.4), flat(0.5)) == [pytest.approx(20, abs=1e-3)]


def test_psnr_of_equal_pictures_is_a_number_that_json_holds() -> None:
    assert psnr(flat(0.4), flat(0.4)) == [HIGHEST_PSNR]


def test_ssim_of_flat_pictures_compares_their_brightness() -> None:
    low, high, c1 = 0.25, 0.75, 0.01**2
    expected = (2 * low * high + c1) / (low**2 + high**2 + c1)
    assert ssim(flat(low), flat(high)) == [pytest.approx(expected, abs=1e-3)]


def test_ssim_of_equal_pictures_is_one() -> None:
    picture = torch.rand(1, 3, 16, 16) * 2 - 1
    assert ssim(picture, picture) == [pytest.approx(1)]


def test_each_picture_of_a_batch_has_its_own_number() -> None:
    generator = torch.Generator().manual_seed(0)
    fakes, targets = (torch.rand((3, 3, 24, 24), generator=generator) * 2 - 1 for _ in range(2))
    targets[1] = fakes[1]
    for metric in METRICS.values():
        alone = [metric(fakes[i : i + 1], targets[i : i + 1])[0] for i in range(3)]
        assert metric(fakes, targets) == pytest.approx(alone, abs=1e-5)
        assert all(math.isfinite(value) for value in alone)


def test_gray_and_tiny_pictures_are_measured() -> None:
    picture = torch.rand(1, 1, 8, 8) * 2 - 1
    assert [metric(picture, picture)[0] for metric in METRICS.values()] == [0, HIGHEST_PSNR, pytest.approx(1)]
