"""CycleGAN's generator: two halvings, residual blocks at a quarter of the size, two doublings (Johnson
et al., 2016)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.config import ModelConfig
from pix2pix.errors import DataError
from pix2pix.networks.norms import build_norm
from pix2pix.networks.unet import DECODERS, ResizeUp, has_bias

HALVINGS = 2


class Convolution(nn.Module):
    """A convolution with reflection padding, then the norm."""

    def __init__(self, in_channels: int, out_channels: int, *, kernel: int, norm: str, bias: bool) -> None:
        super().__init__()
        self.pad = nn.ReflectionPad2d(kernel // 2)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, bias=bias)
        self.norm = build_norm(norm, out_channels)

    def forward(self, features: Tensor) -> Tensor:
        return self.norm(self.conv(self.pad(features)))


class Resize(nn.Module):
    """Halves the picture with a 3x3 convolution, or doubles it with a transposed one, then the norm."""

    def __init__(self, in_channels: int, out_channels: int, *, norm: str, grows: bool) -> None:
        super().__init__()
        bias = has_bias(norm, norm)
        self.conv: nn.Module = nn.Conv2d(in_channels, out_channels, 3, stride=2, padding=1, bias=bias)
        if grows:
            self.conv = nn.ConvTranspose2d(
                in_channels, out_channels, 3, stride=2, padding=1, output_padding=1, bias=bias
            )
        self.norm = build_norm(norm, out_channels)

    def forward(self, features: Tensor) -> Tensor:
        return self.norm(self.conv(features))


def _doublings(channels: list[int], norm: str, decoder: str) -> nn.ModuleList:
    """Builds both levels that double the picture: those of the decoder's kinds in `DECODERS`, CycleGAN's
    transposed convolution of 3x3 where that is transposed."""
    return nn.ModuleList(
        kind(many, few, norm, has_bias(norm, norm))
        if issubclass(kind, ResizeUp)
        else Resize(many, few, norm=norm, grows=True)
        for kind, many, few in zip(DECODERS[decoder], channels, channels[1:], strict=False)
    )


class Block(nn.Module):
    """A residual block of two convolutions, with optional dropout between them."""

    def __init__(self, channels: int, norm: str) -> None:
        super().__init__()
        self.first, self.second = (
            Convolution(channels, channels, kernel=3, norm=norm, bias=has_bias(norm, norm)) for _ in range(2)
        )

    def forward(self, features: Tensor, mask: Tensor | None) -> Tensor:
        inner = F.relu_(self.first(features))
        return features + self.second(inner if mask is None else inner * mask)


class ResNet(nn.Module):
    """A generator from (B, C, H, W) to the same in [-1, 1]; H and W are multiples of `multiple`,
    at least `smallest`.

    Its receptive field is limited by its blocks: outputs are sharp where things keep their place, without the
    U-Net's view of the whole. Dropout is an explicit input as in the U-Net, one mask a block.
    """

    multiple = 2**HALVINGS
    smallest = 2 * multiple
    """Side in pixels below which reflection padding is impossible."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        norm = config.norm
        blocks = config.blocks
        self.dropout = config.dropout
        channels = [width * 2**level for level in range(HALVINGS + 1)]
        self.noise_channels = [channels[-1]] * blocks if self.dropout else []
        self.enter = Convolution(config.in_channels, width, kernel=7, norm=norm, bias=has_bias(norm, norm))
        self.down = nn.ModuleList(
            Resize(few, many, norm=norm, grows=False)
            for few, many in zip(channels, channels[1:], strict=False)
        )
        self.blocks = nn.ModuleList(Block(channels[-1], norm) for _ in range(blocks))
        self.up = _doublings(channels[::-1], norm, config.decoder)
        self.paint = Convolution(width, config.out_channels, kernel=7, norm="none", bias=True)

    def forward(self, source: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Returns the translation of `source`; `noise` is from `sample_noise` for `noise_shapes`, None
        for no dropout."""
        self._check(source, noise)
        masks: list[Tensor | None] = [*noise] if noise else [None] * len(self.blocks)
        features = F.relu_(self.enter(source))
        for down in self.down:
            features = F.relu_(down(features))
        for block, mask in zip(self.blocks, masks, strict=True):
            features = block(features, mask)
        for up in self.up:
            features = F.relu_(up(features))
        return torch.tanh(self.paint(features).to(source.dtype))

    def noise_shapes(self, height: int, width: int) -> list[tuple[int, int, int]]:
        """Returns (C, h, w) of each block's mask for one picture of this size; empty where
        the dropout is 0."""
        return [
            (channels, height // self.multiple, width // self.multiple) for channels in self.noise_channels
        ]

    def _check(self, source: Tensor, noise: Sequence[Tensor] | None) -> None:
        assert noise is None or len(noise) == len(self.noise_channels), (
            f"{len(noise)} masks for {len(self.noise_channels)} blocks"
        )
        if torch.compiler.is_compiling() or torch.jit.is_tracing():
            return  # sizes may be symbols there, and a check would pin them down
        height, width = source.shape[-2:]
        if height % self.multiple or width % self.multiple or min(height, width) < self.smallest:
            raise DataError(
                f"the picture is {width} x {height}; this ResNet needs sides that are multiples of "
                f"{self.multiple}, {self.smallest} at"
                " least. Resize or pad the picture."
            )
