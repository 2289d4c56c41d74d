"""The metrics give the numbers that one can work out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from pix2pix.evaluation import metrics
from pix2pix.evaluation.metrics import (
    HIGHEST_PSNR,
    METRICS,
    MS_SSIM_SIDE,
    FeatureDistances,
    LabHistograms,
    edges,
    grid,
    l1,
    measure_pair,
    ms_ssim,
    psnr,
    ssim,
    to_lab,
)


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
    found = {name: metric(picture, picture)[0] for name, metric in METRICS.items()}
    assert found == {"l1": 0, "psnr": HIGHEST_PSNR, "ssim": pytest.approx(1), "edges": 1}


def test_ms_ssim_of_equal_pictures_is_one_and_falls_with_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand((1, 3, 176, 176), generator=generator) * 2 - 1
    noisy = picture + torch.randn(picture.shape, generator=generator) * 0.2
    assert ms_ssim(picture, picture) == [pytest.approx(1)]
    assert ms_ssim(noisy, picture)[0] < 0.99


def test_pictures_too_small_for_five_scales_have_no_ms_ssim() -> None:
    small = {*METRICS, "edges", "grid"}
    assert set(measure_pair(flat(0.1, MS_SSIM_SIDE - 1), flat(0.2, MS_SSIM_SIDE - 1))) == small
    assert set(measure_pair(flat(0.1, MS_SSIM_SIDE), flat(0.2, MS_SSIM_SIDE))) == small | {"ms_ssim"}


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
        ((0.5, 0.5, 0.5), (53.39, 0, 0)),
    ],
)
def test_lab_is_that_of_the_books(rgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    assert to_lab(torch.tensor(rgb).view(1, 3, 1, 1)).flatten().tolist() == pytest.approx(lab, abs=0.15)


def test_histograms_share_all_of_the_same_colours_wherever_they_are() -> None:
    colours = LabHistograms()
    picture = torch.rand((2, 3, 16, 16), generator=torch.Generator().manual_seed(0)) * 2 - 1
    colours.add(picture, picture.flip(-1).flip(0))
    assert colours.result() == {"lab_l": 1, "lab_a": 1, "lab_b": 1}


def test_histograms_share_nothing_of_black_and_white_but_their_lack_of_colour() -> None:
    colours = LabHistograms()
    half = torch.cat((flat(0), flat(1)), -1)
    colours.add(flat(0), flat(1))
    assert colours.result() == {"lab_l": 0, "lab_a": 1, "lab_b": 1}
    colours.add(half, half)
    assert colours.result()["lab_l"] == pytest.approx(2 / 3)


def test_distances_of_features_are_those_of_the_formulas() -> None:
    generator = torch.Generator().manual_seed(0)
    fakes, targets = (torch.rand((12, 3, 4, 4), generator=generator) * 2 - 1 for _ in range(2))

    def mean_colour(pixels: torch.Tensor) -> torch.Tensor:
        assert pixels.dtype == torch.uint8
        return pixels.float().div(255).mean(dim=(2, 3))

    distances = FeatureDistances(mean_colour)
    for fake, target in zip(fakes, targets, strict=True):
        distances.add(fake[None], target[None])
    a, b = (mean_colour(half.add(1).mul(127.5).round().to(torch.uint8)).double() for half in (fakes, targets))
    roots = torch.linalg.eigvals(torch.cov(a.T) @ torch.cov(b.T)).sqrt().real.sum()
    fid = (a.mean(0) - b.mean(0)).square().sum() + torch.cov(a.T).trace() + torch.cov(b.T).trace() - 2 * roots
    kernels = [(x @ y.T / 3 + 1) ** 3 for x, y in ((a, a), (b, b), (a, b))]
    within = sum((kernel.sum() - kernel.trace()) / (12 * 11) for kernel in kernels[:2])
    assert distances.result() == {
        "fid": pytest.approx(float(fid), abs=1e-6),
        "kid": pytest.approx(float(within - 2 * kernels[2].mean()), abs=1e-5),
    }


def test_the_network_of_distances_is_taken_from_this_machine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(metrics, "open_inception", lambda: opened.append("opened") or nn.Identity())
    monkeypatch.setattr(metrics, "weights_folder", lambda: str(tmp_path))
    monkeypatch.setattr(metrics, "find_spec", lambda name: name == "torch_fidelity")
    assert metrics.find_inception() is None
    (tmp_path / metrics.INCEPTION_FILE).write_bytes(b"weights")
    assert isinstance(metrics.find_inception(), nn.Identity)
    monkeypatch.setattr(metrics, "find_spec", lambda name: None)
    assert metrics.find_inception() is None and opened == ["opened"]


def noise(count: int = 2, size: int = 32) -> torch.Tensor:
    return torch.rand((count, 3, size, size), generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_edges_are_a_ratio_of_gradients_and_blur_has_less() -> None:
    sharp = noise()
    blurred = nn.functional.avg_pool2d(sharp, 3, stride=1, padding=1)
    assert edges(sharp, sharp) == [1.0, 1.0]
    assert edges(sharp / 2, sharp) == [pytest.approx(0.5, abs=0.01)] * 2
    assert max(edges(blurred, sharp)) < 0.5 < 2 < min(edges(sharp, blurred))
    assert edges(flat(0.3), flat(0.7)) == [1.0], "nothing against nothing"


def test_a_grid_of_four_pixels_is_found_and_one_of_five_is_none() -> None:
    smooth = nn.functional.avg_pool2d(noise(size=80), 9, stride=1, padding=4)
    assert grid(smooth, smooth) == [1.0, 1.0]

    def with_stripes(period: int, strength: float = 0.1) -> torch.Tensor:
        columns = (torch.arange(80) % period == 0).float() * strength
        return smooth + columns

    assert min(grid(with_stripes(4), smooth)) > 5 and min(grid(with_stripes(2), smooth)) > 5
    assert max(grid(with_stripes(5), smooth)) < 2
    stronger, weaker = (min(grid(with_stripes(4, strength), smooth)) for strength in (0.2, 0.1))
    assert stronger > 2 * weaker
    assert grid(flat(0.3), flat(0.7)) == [1.0]
    assert grid(with_stripes(4)[..., :79, :78], smooth[..., :79, :78])[0] > 5, "any size"
