"""The paper's generator: an encoder, a decoder, and skips between their levels (paper, section 3.2.1
and appendix 6.1)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.config import ModelConfig
from pix2pix.errors import DataError
from pix2pix.networks.norms import BottleneckNorm, build_norm
from pix2pix.networks.variants import DIALECTS, Dialect

SLOPE = 0.2
"""Negative slope of the LeakyReLU in the encoder and in the discriminator."""


class Down(nn.Module):
    """Halves the picture: 4x4 convolution of stride 2, then the norm."""

    def __init__(self, in_channels: int, out_channels: int, *, norm: str, bias: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 4, stride=2, padding=1, bias=bias)
        self.norm = build_norm(norm, out_channels)

    def forward(self, features: Tensor) -> Tensor:
        return self.norm(self.conv(features))


class Up(nn.Module):
    """Doubles the picture with the paper's 4x4 transposed convolution, then the norm."""

    def __init__(self, in_channels: int, out_channels: int, norm: str, bias: bool, kernel: int = 4) -> None:
        super().__init__()
        padding = kernel // 2 - 1
        self.conv: nn.Module = nn.ConvTranspose2d(
            in_channels, out_channels, kernel, stride=2, padding=padding, bias=bias
        )
        self.norm = build_norm(norm, out_channels)

    def forward(self, features: Tensor) -> Tensor:
        return self.norm(self.conv(features))


class ResizeUp(Up):
    """Doubles the picture by repeating pixels, then convolves: every output pixel has the same
    number of terms, so no checkerboard.

    The kernel is 3x3: after repeating, it reaches the same 2x2 input pixels as the 4x4 transposed one, and it
    has a centre, where an even kernel would shift the picture by half a pixel at each level.
    """

    def __init__(self, in_channels: int, out_channels: int, norm: str, bias: bool, kernel: int = 4) -> None:
        super().__init__(in_channels, out_channels, norm, bias, kernel)
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=bias)

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(F.interpolate(features, scale_factor=2.0, mode="nearest"))


class BilinearUp(ResizeUp):
    """As `ResizeUp`, doubled smoothly: no edge of a large pixel is left in the picture."""

    def forward(self, features: Tensor) -> Tensor:
        return Up.forward(
            self, F.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)
        )


class SharpPaint(nn.Module):
    """The last level of the sharp decoder: smooth doubling, then two convolutions at full size,
    which see the source once more.

    A single linear convolution over doubled features can sharpen an edge only by overshooting on both of its
    sides: a halo. Here an edge of the source is at hand where it was drawn, and a nonlinearity lies between.
    """

    def __init__(self, in_channels: int, out_channels: int, *, hidden: int, source_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, hidden, 3, padding=1)
        self.join = nn.Conv2d(hidden + source_channels, hidden, 3, padding=1)
        self.paint = nn.Conv2d(hidden, out_channels, 3, padding=1)
        self.norm = nn.Identity()
        self.sees_source = source_channels > 0

    def forward(self, features: Tensor, source: Tensor) -> Tensor:
        features = F.interpolate(
            F.leaky_relu_(self.conv(features), SLOPE), scale_factor=2.0, mode="bilinear", align_corners=False
        )
        if self.sees_source:
            features = torch.cat((features, source.to(features.dtype)), 1)
        return self.paint(F.leaky_relu_(self.join(features), SLOPE))


DECODERS: dict[str, tuple[type[Up], type[Up]]] = {
    "transposed": (Up, Up),
    "resize": (ResizeUp, ResizeUp),
    "bilinear": (BilinearUp, BilinearUp),
    "mixed": (BilinearUp, ResizeUp),
    "sharp": (Up, BilinearUp),
}
"""The coarse levels of each decoder, and its two finest ones; "sharp" paints with a `SharpPaint`.

Repeated pixels leave straight lines over flat walls; smooth fine levels have softer edges. Thin streets of a
map want the crisp ones. A decoder that is smooth at all levels sees nothing but flatness in a flat area, and
leaves it flat; the phases of a coarse transposed convolution are what texture is made from.
"""
FINE_LEVELS = 2


class UNet(nn.Module):
    """A picture in, a picture of the same size out, both (B, C, H, W) in [-1, 1]; H and
    W are multiples of `multiple`.

    `down[0]` is the outermost level of the encoder and `down[-1]` the bottleneck; `up[0]` leaves the
    bottleneck and `up[-1]` paints. Dropout, the paper's noise z, is an explicit input. It acts on the first
    three decoder levels, from the one that leaves the bottleneck on, as in the paper's CD512-CD1024-CD1024;
    never on the one that paints, so that a depth of 3 has two such levels. A `dialect` of `DIALECTS` other
    than "paper" does as another project does, there and in its smaller choices.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        spoken = DIALECTS[config.dialect]
        depth = config.depth
        width = config.width
        norm = config.norm
        skips = config.skips
        self.multiple = 2**depth
        self.dropout = config.dropout
        self.skips = skips
        self.reads_leaky = spoken.reads_leaky
        channels = [width * min(2**level, 8) for level in range(depth)]
        self.noisy_down = range(depth - spoken.encoder_dropout, depth) if self.dropout else range(0)
        self.noisy_up = spoken.dropout_levels(depth) if self.dropout else range(0)
        self.noise_channels = [channels[level] for level in self.noisy_down] + [
            channels[depth - 2 - level] for level in self.noisy_up
        ]
        self.down = _build_down(config.in_channels, channels, norm=norm, dialect=spoken)
        self.up = _build_up(
            channels,
            config.out_channels,
            norm=norm,
            levels=_level_kinds(config.decoder, depth),
            skips=skips,
            dialect=spoken,
        )
        if config.decoder == "sharp":
            source_channels = config.in_channels if skips else 0
            self.up[-1] = SharpPaint(
                width * (2 if skips else 1),
                config.out_channels,
                hidden=max(width // 2, 1),
                source_channels=source_channels,
            )

    def forward(self, source: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Returns the translation of `source`; `noise` is from `sample_noise` for `noise_shapes`, None
        for no dropout."""
        self._check(source, noise)
        masks = iter(noise or ())
        # In place throughout: neither convolution nor norm keeps its output for the gradient. A skip is
        # taken after the LeakyReLU, which the ReLU of the decoder undoes where it matters:
        # ReLU(LeakyReLU(x)) = ReLU(x).
        features = source
        skips = []
        for level, down in enumerate(self.down):
            features = (
                F.leaky_relu_(down(features), SLOPE)
                if level < len(self.down) - 1
                else self._turn(down(features))
            )
            if noise and level in self.noisy_down:
                features = features * next(masks)
            skips.append(features)
        features = skips.pop()
        *decoder, paint = self.up
        for level, up in enumerate(decoder):
            features = up(features)
            if noise and level in self.noisy_up:
                features = features.mul_(next(masks))
            features = self._join(skips.pop(), features)
        painted = paint(features, source) if isinstance(paint, SharpPaint) else paint(features)
        return torch.tanh(painted.to(source.dtype))

    def _turn(self, features: Tensor) -> Tensor:
        """Returns the bottleneck's features as the decoder's input."""
        return F.leaky_relu_(features, SLOPE) if self.reads_leaky else F.relu_(features)

    def _join(self, skip: Tensor, features: Tensor) -> Tensor:
        """Returns the input of the next decoder level: skip and features."""
        if self.reads_leaky:
            features = F.relu_(features)
            return torch.cat((skip, features), 1) if self.skips else features
        return F.relu_(torch.cat((skip, features), 1) if self.skips else features)

    def noise_shapes(self, height: int, width: int) -> list[tuple[int, int, int]]:
        """Returns (C, h, w) of each dropout level's mask for one picture of this size; empty where the
        dropout is 0."""
        scales = [2 ** (level + 1) for level in self.noisy_down] + [
            self.multiple // 2 ** (level + 1) for level in self.noisy_up
        ]
        return [
            (channels, height // scale, width // scale)
            for channels, scale in zip(self.noise_channels, scales, strict=True)
        ]

    def _check(self, source: Tensor, noise: Sequence[Tensor] | None) -> None:
        assert noise is None or len(noise) == len(self.noise_channels), (
            f"{len(noise)} masks for {len(self.noise_channels)} dropout levels"
        )
        if torch.compiler.is_compiling() or torch.jit.is_tracing():
            return  # sizes may be symbols there, and a check would pin them down
        height, width = source.shape[-2:]
        if height % self.multiple or width % self.multiple or not height or not width:
            raise DataError(
                f"the picture is {width} x {height}; this U-Net has {len(self.down)} levels and needs sides "
                "that are multiples of"
                f" {self.multiple}. Resize or pad the picture."
            )


def _build_down(in_channels: int, channels: list[int], *, norm: str, dialect: Dialect) -> nn.ModuleList:
    """Builds the encoder. The first level has no norm, nor has the bottleneck: at 1x1 it would leave
    0 (paper's erratum)."""
    norms = ["none"] + [norm] * (len(channels) - 2) + ["none"]
    ins = [in_channels, *channels]
    biases = [has_bias(norm, own) for own in norms]
    biases[0] |= dialect.first_bias
    levels = nn.ModuleList(
        Down(ins[i], channels[i], norm=norms[i], bias=biases[i]) for i in range(len(channels))
    )
    if dialect.bottleneck_norm and norm == "batch":
        levels[-1].norm = BottleneckNorm(channels[-1])
    return levels


def _level_kinds(decoder: str, depth: int) -> list[type[Up]]:
    coarse, fine = DECODERS[decoder]
    return [coarse] * (depth - FINE_LEVELS) + [fine] * FINE_LEVELS


def _build_up(
    channels: list[int],
    out_channels: int,
    *,
    norm: str,
    levels: list[type[Up]],
    skips: bool,
    dialect: Dialect,
) -> nn.ModuleList:
    """Builds the decoder, from the bottleneck outwards. With skips, all but the first level have
    twice the channels."""
    ins = [channels[-1]] + [count * (2 if skips else 1) for count in channels[-2::-1]]
    norms = [norm] * (len(channels) - 2) + [norm if dialect.last_norm else "none"]
    inner = [
        levels[i](ins[i], count, norms[i], has_bias(norm, norms[i]))
        for i, count in enumerate(channels[-2::-1])
    ]
    return nn.ModuleList([*inner, levels[-1](ins[-1], out_channels, "none", True, dialect.paint_kernel)])


def has_bias(network_norm: str, norm: str) -> bool:
    """Whether a hidden convolution followed by `norm` has a bias: not where the norm takes it away again.

    With batch norm the usual code gives none to the unnormed levels either; the published
    parameter count depends on it.
    """
    return norm == "none" and network_norm != "batch"


def sample_noise(
    shapes: Sequence[tuple[int, int, int]], dropout: float, *, seeds: Sequence[int]
) -> list[Tensor]:
    """Returns dropout masks (B, C, h, w) of 0 and 1/(1 - dropout), one picture for each seed.

    A seed gives the same masks in any batch; the global random state is neither read nor changed.
    """
    pictures = [_sample_picture(shapes, dropout, seed=seed) for seed in seeds]
    return [torch.stack(masks) for masks in zip(*pictures, strict=True)]


def _sample_picture(shapes: Sequence[tuple[int, int, int]], dropout: float, *, seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(shape, generator=generator).ge_(dropout).div_(1 - dropout) for shape in shapes]
