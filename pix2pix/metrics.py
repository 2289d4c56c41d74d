"""How near a picture is to the one it should be: L1, PSNR and SSIM, one number a picture.

All take tensors (B, C, H, W) in [-1, 1] and measure on [0, 1]: an L1 of 0.1 is 25.5 of 255 levels.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

HIGHEST_PSNR = 100.0
"""Decibels given to equal pictures, whose PSNR is infinite: means stay finite, and JSON can hold them."""


def l1(fake: Tensor, target: Tensor) -> list[float]:
    """Mean absolute difference, 0 to 1; lower is nearer."""
    return [float(value) for value in (_to_range(fake) - _to_range(target)).abs().mean(dim=(1, 2, 3))]


def psnr(fake: Tensor, target: Tensor) -> list[float]:
    """Peak signal to noise ratio in decibels, at most 100; higher is nearer."""
    values = _functions().peak_signal_noise_ratio(_to_range(fake), _to_range(target), data_range=1.0, reduction="none", dim=(1, 2, 3))
    return [min(float(value), HIGHEST_PSNR) for value in values.reshape(-1)]


def ssim(fake: Tensor, target: Tensor) -> list[float]:
    """Structural similarity, at most 1; higher is nearer. Seen through the usual 11-pixel Gaussian window; sides from 6 pixels up."""
    values = _functions().structural_similarity_index_measure(_to_range(fake), _to_range(target), data_range=1.0, reduction="none")
    return [float(value) for value in torch.as_tensor(values).reshape(-1)]


METRICS: dict[str, Callable[[Tensor, Tensor], list[float]]] = {"l1": l1, "psnr": psnr, "ssim": ssim}
LOWER_IS_BETTER = frozenset({"l1"})


def _functions() -> Any:
    """Those of torchmetrics. It takes over a second to import, so only who measures pays for it."""
    # It imports torchvision, which is mended by `vision` where it fails.
    importlib.import_module("pix2pix.vision")
    return importlib.import_module("torchmetrics.functional.image")


def _to_range(pictures: Tensor) -> Tensor:
    """[-1, 1] to [0, 1]; what lies outside is clipped, as a saved picture would be."""
    return pictures.detach().float().add(1).div(2).clamp(0, 1)
