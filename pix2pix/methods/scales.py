"""Discriminators at several scales: the same PatchGAN on the picture, on the picture halved, and on its
quarter (pix2pixHD, Wang et al., 2018, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.config import TrainConfig
from pix2pix.errors import ConfigError
from pix2pix.methods.losses import mean_difference
from pix2pix.networks.patchgan import PatchGAN, check_patch, most_scales, smallest_picture

SCALES = ("", "_half", "_quarter")
"""What follows a discriminator's name, by scale; the first one sees the whole picture."""


def names_of(name: str, scales: int) -> tuple[str, ...]:
    """Returns the names of a discriminator's networks, the one of the whole picture first."""
    return tuple(f"{name}{suffix}" for suffix in SCALES[:scales])


def halved(pictures: Tensor, times: int) -> Tensor:
    """Averages pictures (B, C, H, W) over 3x3 pixels in steps of two, `times` times; odd sides are
    rounded up."""
    for _ in range(times):
        pictures = F.avg_pool2d(pictures, 3, stride=2, padding=1, count_include_pad=False)
    return pictures


def mean_over(judges: Sequence[PatchGAN], loss: Callable[[PatchGAN, int], Tensor]) -> Tensor:
    """Returns the mean over scales of `loss`, which is given each discriminator and how often its pictures
    are halved."""
    losses = [loss(judge, scale) for scale, judge in enumerate(judges)]
    return losses[0] if len(losses) == 1 else torch.stack(losses).mean()


def matching_loss(judge: PatchGAN, found: Sequence[Tensor], real: Tensor) -> Tensor:
    """Returns the mean over layers of the L1 difference of a discriminator's features of fakes, which were
    `found`, and of `real` inputs, after each activation. Those have no gradient.

    pix2pixHD takes the sum over its four layers (equation 4): what is 10 there is 40 here.
    """
    with torch.no_grad():
        wanted = judge.features(real)
    return mean_difference(found, wanted)


def check_scales(config: TrainConfig) -> None:
    """Raises `ConfigError` where the pictures are too small for the patch, or for as many scales."""
    patch = int(config.patch)
    side = config.crop_size()
    check_patch(patch, side)
    coarsest = -(-side // 2 ** (config.scales - 1))
    if coarsest < smallest_picture(patch):
        smallest = smallest_picture(patch)
        raise ConfigError(
            f"scales is {config.scales}; pictures of {side} pixels are {coarsest} there, and a discriminator "
            f"with patch {patch} needs at least {smallest}. Take scales {most_scales(patch, side)}, or a "
            "smaller patch."
        )
