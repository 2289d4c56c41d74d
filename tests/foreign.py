"""Small networks as other projects build them, written anew from the facts of their layouts: what an
imported file must paint like.

Where they have dropout, `masks` are multiplied in instead of random ones, in the order in
which the network comes to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Masks = list[Tensor]


def draw(network: nn.Module, seed: int = 0, gain: float = 1.5) -> nn.Module:
    """Weights, scales and running statistics that all have something to say."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if not value.is_floating_point():
                value.fill_(7)
            elif value.dim() == 4:
                value.copy_(torch.randn(value.shape, generator=random) / value[0].numel() ** 0.5 * gain)
            else:
                is_scale = name.endswith("running_var") or value.dim() == 1 and name.endswith("weight")
                value.copy_(torch.rand(value.shape, generator=random) * 0.5 + (0.75 if is_scale else -0.25))
    return network.eval()


class Dropout(nn.Module):
    """Takes its place in a row of layers, and the next mask where there are masks."""

    def __init__(self, masks: Masks) -> None:
        super().__init__()
        self.masks = masks

    def forward(self, features: Tensor) -> Tensor:
        return features * self.masks.pop(0) if self.masks else features


def norm(kind: str, channels: int) -> nn.Module:
    return (
        {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d}[kind](channels)
        if kind != "none"
        else nn.Identity()
    )


class Nest(nn.Module):
    """A level of the usual U-Net around the next deeper one."""

    def __init__(self, layers: list[nn.Module], is_outermost: bool) -> None:
        super().__init__()
        self.model, self.is_outermost = nn.Sequential(*layers), is_outermost

    def forward(self, features: Tensor) -> Tensor:
        return self.model(features) if self.is_outermost else torch.cat((features, self.model(features)), 1)


class UsualUNet(nn.Module):
    """pytorch-CycleGAN-and-pix2pix's."""

    def __init__(self, ins: int, outs: int, width: int, levels: int, kind: str) -> None:
        super().__init__()
        self.masks: Masks = []
        bias = kind == "instance"
        channels = [width * min(2**level, 8) for level in range(levels)]
        inner: nn.Module | None = None
        for level in reversed(range(1, levels)):
            above, own = channels[level - 1], channels[level]
            down = [nn.LeakyReLU(0.2), nn.Conv2d(above, own, 4, 2, 1, bias=bias)]
            if inner is None:
                layers = [
                    *down,
                    nn.ReLU(),
                    nn.ConvTranspose2d(own, above, 4, 2, 1, bias=bias),
                    norm(kind, above),
                ]
            else:
                up = [nn.ReLU(), nn.ConvTranspose2d(2 * own, above, 4, 2, 1, bias=bias), norm(kind, above)]
                layers = [*down, norm(kind, own), inner, *up]
                layers += [Dropout(self.masks)] * (level >= 4)
            inner = Nest(layers, False)
        assert inner is not None
        outer = [
            nn.Conv2d(ins, width, 4, 2, 1, bias=bias),
            inner,
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, outs, 4, 2, 1),
            nn.Tanh(),
        ]
        self.model = Nest(outer, True)

    def forward(self, source: Tensor) -> Tensor:
        return self.model(source)


class UsualBlock(nn.Module):
    def __init__(self, channels: int, kind: str, masks: Masks | None) -> None:
        super().__init__()
        bias = kind == "instance"
        first = [
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias),
            norm(kind, channels),
            nn.ReLU(),
        ]
        second = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=bias), norm(kind, channels)]
        self.conv_block = nn.Sequential(*first, *([] if masks is None else [Dropout(masks)]), *second)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.conv_block(features)


class UsualResNet(nn.Module):
    """pytorch-CycleGAN-and-pix2pix's."""

    def __init__(self, ins: int, outs: int, width: int, blocks: int, kind: str, dropout: bool) -> None:
        super().__init__()
        self.masks: Masks = []
        bias = kind == "instance"
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(ins, width, 7, bias=bias), norm(kind, width), nn.ReLU()]
        for few in (width, 2 * width):
            layers += [nn.Conv2d(few, 2 * few, 3, 2, 1, bias=bias), norm(kind, 2 * few), nn.ReLU()]
        layers += [UsualBlock(4 * width, kind, self.masks if dropout else None) for _ in range(blocks)]
        for many in (4 * width, 2 * width):
            layers += [
                nn.ConvTranspose2d(many, many // 2, 3, 2, 1, 1, bias=bias),
                norm(kind, many // 2),
                nn.ReLU(),
            ]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, outs, 7), nn.Tanh())

    def forward(self, source: Tensor) -> Tensor:
        return self.model(source)


class UsualPatchGAN(nn.Module):
    """pytorch-CycleGAN-and-pix2pix's."""

    def __init__(self, ins: int, width: int, layers: int, kind: str) -> None:
        super().__init__()
        bias, channels = kind == "instance", [width * min(2**level, 8) for level in range(layers + 1)]
        row: list[nn.Module] = [nn.Conv2d(ins, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for level in range(1, layers + 1):
            stride = 2 if level < layers else 1
            row += [
                nn.Conv2d(channels[level - 1], channels[level], 4, stride, 1, bias=bias),
                norm(kind, channels[level]),
                nn.LeakyReLU(0.2),
            ]
        self.model = nn.Sequential(*row, nn.Conv2d(channels[-1], 1, 4, 1, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.model(pictures)


class UsualPixelGAN(nn.Module):
    """pytorch-CycleGAN-and-pix2pix's."""

    def __init__(self, ins: int, width: int, kind: str) -> None:
        super().__init__()
        bias = kind == "instance"
        inner = [nn.Conv2d(width, 2 * width, 1, bias=bias), norm(kind, 2 * width), nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(
            nn.Conv2d(ins, width, 1), nn.LeakyReLU(0.2), *inner, nn.Conv2d(2 * width, 1, 1, bias=bias)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        return self.net(pictures)


class Held(nn.Module):
    """A convolution under the name `conv`."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, features: Tensor) -> Tensor:
        return self.conv(features)


class KimRass(nn.Module):
    """KimRass/Pix2Pix's: `layer1` to `layer16`, or fewer."""

    def __init__(self, ins: int, outs: int, width: int, levels: int) -> None:
        super().__init__()
        self.masks: Masks = []
        self.levels = levels
        channels = [width * min(2**level, 8) for level in range(levels)]
        for level in range(levels):
            conv = nn.Conv2d(
                ins if level == 0 else channels[level - 1],
                channels[level],
                4,
                2,
                1,
                bias=level in (0, levels - 1),
            )
            setattr(self, f"layer{level + 1}", Held(conv))
        for level, own in enumerate(reversed(channels[:-1])):
            seen = channels[-1] if level == 0 else 2 * list(reversed(channels[:-1]))[level - 1]
            conv = nn.ConvTranspose2d(seen, own, 4, 2, 1, bias=level == levels - 2)
            setattr(self, f"layer{levels + level + 1}", Held(conv))
        setattr(self, f"layer{2 * levels}", nn.ConvTranspose2d(2 * width, outs, 4, 2, 1))

    def forward(self, source: Tensor) -> Tensor:
        skips, features = [], source
        for number in range(1, self.levels + 1):
            features = getattr(self, f"layer{number}")(features)
            features = F.leaky_relu(F.instance_norm(features) if 1 < number < self.levels else features, 0.2)
            skips.append(features)
        skips.pop()
        for number in range(self.levels + 1, 2 * self.levels):
            features = getattr(self, f"layer{number}")(features)
            features = F.instance_norm(features) if number < 2 * self.levels - 1 else features
            features = features * self.masks.pop(0) if self.masks else features
            features = torch.cat((skips.pop(), F.relu(features)), 1)
        return getattr(self, f"layer{2 * self.levels}")(features).tanh()


class Row(nn.Module):
    """A convolution as the first of a row called `model`."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.model = nn.Sequential(conv)

    def forward(self, features: Tensor) -> Tensor:
        return self.model(features)


class HugGAN(nn.Module):
    """HugGAN's, with as many levels as asked for; five of its encoder and four
    of its decoder have dropout."""

    def __init__(self, ins: int, outs: int, width: int, levels: int) -> None:
        super().__init__()
        self.masks: Masks = []
        self.levels = levels
        channels = [width * min(2**level, 8) for level in range(levels)]
        for level, own in enumerate(channels):
            setattr(
                self,
                f"down{level + 1}",
                Row(nn.Conv2d(ins if level == 0 else channels[level - 1], own, 4, 2, 1, bias=False)),
            )
        back = channels[-2::-1]
        for level, own in enumerate(back):
            seen = channels[-1] if level == 0 else 2 * back[level - 1]
            setattr(self, f"up{level + 1}", Row(nn.ConvTranspose2d(seen, own, 4, 2, 1, bias=False)))
        self.final = nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.ZeroPad2d((1, 0, 1, 0)),
            nn.Conv2d(2 * width, outs, 4, padding=1),
            nn.Tanh(),
        )

    def forward(self, source: Tensor) -> Tensor:
        skips, features = [], source
        for level in range(self.levels):
            features = getattr(self, f"down{level + 1}")(features)
            features = F.leaky_relu(
                F.instance_norm(features) if 0 < level < self.levels - 1 else features, 0.2
            )
            if self.masks and level >= self.levels - 5:
                features = features * self.masks.pop(0)
            skips.append(features)
        skips.pop()
        for level in range(self.levels - 1):
            features = F.relu(F.instance_norm(getattr(self, f"up{level + 1}")(features)))
            if self.masks and level < 4:
                features = features * self.masks.pop(0)
            features = torch.cat((features, skips.pop()), 1)
        return self.final(features)


def tensorflow_weights(ins: int, outs: int, width: int, levels: int, seed: int = 0) -> dict[str, Tensor]:
    """Weights in the names and shapes of pix2pix-tensorflow."""
    random = torch.Generator().manual_seed(seed)
    channels = [width * min(2**level, 8) for level in range(levels)]
    shapes: dict[str, tuple[int, ...]] = {}
    for number in range(1, levels + 1):
        own, above = channels[number - 1], ins if number == 1 else channels[number - 2]
        encoder, decoder = f"generator/encoder_{number}", f"generator/decoder_{number}"
        painted = outs if number == 1 else above
        shapes |= {f"{encoder}/conv2d/kernel": (4, 4, above, own), f"{encoder}/conv2d/bias": (own,)}
        shapes |= {
            f"{decoder}/conv2d_transpose/kernel": (4, 4, painted, own if number == levels else 2 * own)
        }
        shapes |= {f"{decoder}/conv2d_transpose/bias": (painted,)}
        if number > 1:
            shapes |= {f"{encoder}/batch_normalization/{name}": (own,) for name in ("gamma", "beta")}
            shapes |= {f"{decoder}/batch_normalization/{name}": (painted,) for name in ("gamma", "beta")}
    spread = {4: 0.2, 1: 0.3}
    return {
        name: torch.randn(shape, generator=random) * spread[len(shape)] + name.endswith("gamma")
        for name, shape in shapes.items()
    }


def tensorflow_paints(weights: dict[str, Tensor], source: Tensor) -> Tensor:
    """What pix2pix-tensorflow's network makes of one picture (1, C, H, W)."""
    levels = len(
        [name for name in weights if name.startswith("generator/encoder") and name.endswith("kernel")]
    )

    def normed(place: str, features: Tensor) -> Tensor:
        mean, variance = (
            features.mean((2, 3), keepdim=True),
            features.var((2, 3), keepdim=True, unbiased=False),
        )
        gamma, beta = (
            weights[f"generator/{place}/batch_normalization/{name}"][:, None, None]
            for name in ("gamma", "beta")
        )
        return (features - mean) / (variance + 1e-5).sqrt() * gamma + beta

    def convolved(place: str, kind: str, call: Callable[..., Tensor], features: Tensor) -> Tensor:
        kernel = weights[f"generator/{place}/{kind}/kernel"]
        return call(
            features,
            kernel.permute(3, 2, 0, 1),
            weights[f"generator/{place}/{kind}/bias"],
            stride=2,
            padding=1,
        )

    layers = [convolved("encoder_1", "conv2d", F.conv2d, source)]
    for number in range(2, levels + 1):
        place = f"encoder_{number}"
        layers.append(normed(place, convolved(place, "conv2d", F.conv2d, F.leaky_relu(layers[-1], 0.2))))
    features = layers[-1]
    for number in range(levels, 0, -1):
        place = f"decoder_{number}"
        seen = features if number == levels else torch.cat((features, layers[number - 1]), 1)
        features = convolved(place, "conv2d_transpose", F.conv_transpose2d, F.relu(seen))
        features = normed(place, features) if number > 1 else features.tanh()
    return features


def masks_like(shapes: list[tuple[int, int, int]], seed: int = 5) -> Masks:
    """Masks of these shapes, each with zeros and twos in it."""
    random = torch.Generator().manual_seed(seed)
    return [torch.randint(0, 2, (1, *shape), generator=random).float() * 2 for shape in shapes]


def pictures(channels: int, side: int, count: int = 1) -> Tensor:
    return torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(3)) * 2 - 1


def norms_of(network: nn.Module) -> Iterator[nn.BatchNorm2d]:
    return (part for part in network.modules() if isinstance(part, nn.BatchNorm2d))
