"""The paper's discriminator: a convolutional network that scores every patch of a picture (section 3.2.2)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.errors import ConfigError
from pix2pix.networks.norms import build_norm
from pix2pix.networks.unet import SLOPE, has_bias

HALVINGS: dict[int, int] = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}
"""Side of the patch in pixels -> convolutions of stride 2 that it takes; 1 is the PixelGAN, of
1x1 convolutions alone."""


class Layer(nn.Module):
    """A convolution and its norm."""

    def __init__(self, conv: nn.Conv2d, norm: str) -> None:
        super().__init__()
        self.conv = conv
        self.norm = build_norm(norm, conv.out_channels)

    def forward(self, features: Tensor) -> Tensor:
        return self.norm(self.conv(features))


class PatchGAN(nn.Module):
    """Logits (B, 1, h, w) for pictures (B, C, H, W): above 0 where a patch of
    `receptive_field` pixels a side looks real.

    A conditional one is given the source and the picture, concatenated along C.
    """

    def __init__(
        self, in_channels: int = 6, width: int = 64, *, receptive_field: int = 70, norm: str = "instance"
    ) -> None:
        super().__init__()
        halvings = HALVINGS[receptive_field]
        kernel, padding = (4, 1) if halvings else (1, 0)
        strides = [2] * halvings + [1] if halvings else [1, 1]
        channels = [in_channels] + [width * min(2**level, 8) for level in range(len(strides))]
        self.layers = nn.ModuleList()
        for level, stride in enumerate(strides):
            own_norm = norm if level else "none"
            bias = level == 0 or has_bias(norm, own_norm)
            self.layers.append(
                Layer(
                    nn.Conv2d(channels[level], channels[level + 1], kernel, stride, padding, bias=bias),
                    own_norm,
                )
            )
        self.score = nn.Conv2d(channels[-1], 1, kernel, 1, padding)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.score(self.features(pictures)[-1])

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Returns what each layer gives, after its activation."""
        found: list[Tensor] = []
        features = pictures
        for layer in self.layers:
            features = F.leaky_relu_(layer(features), SLOPE)
            found.append(features)
        return found


def check_patch(receptive_field: int, size: int) -> None:
    """Raises `ConfigError` where pictures of `size` pixels are too small for a patch."""
    smallest = smallest_picture(receptive_field)
    if size < smallest:
        fitting = [str(other) for other in HALVINGS if smallest_picture(other) <= size]
        raise ConfigError(
            f"size is {size}; a discriminator with patch {receptive_field} needs at least {smallest}. Choose "
            f"patch {' or '.join(fitting)}."
        )


def most_scales(receptive_field: int, size: int) -> int:
    """Returns on how many scales, each half of the one before, pictures of `size` pixels are large enough
    for a patch; at least 1."""
    scales = 1
    while -(-size // 2**scales) >= smallest_picture(receptive_field):
        scales += 1
    return scales


def smallest_picture(receptive_field: int) -> int:
    """Returns the side in pixels below which a PatchGAN has no output, or a norm only one
    value to normalise."""
    halvings = HALVINGS[receptive_field]
    return 3 * 2**halvings if halvings else 2
