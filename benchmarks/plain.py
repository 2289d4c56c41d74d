"""pix2pix as the usual tutorial writes it: eager, float32, contiguous, plain Adam. What our
times are measured against."""

from __future__ import annotations

import torch
from torch import Tensor, nn

NORMS: dict[str, type[nn.Module]] = {"instance": nn.InstanceNorm2d, "batch": nn.BatchNorm2d}
"""Norms of the networks: the paper's without running statistics, and that of the reference implementation."""


class Block(nn.Module):
    """Activation, convolution, norm, dropout: one level of either half of the U-Net."""

    def __init__(
        self, conv: nn.Module, activation: nn.Module, norm: nn.Module | None, dropout: bool = False
    ) -> None:
        super().__init__()
        layers = [activation, conv, norm, nn.Dropout(0.5) if dropout else None]
        self.layers = nn.Sequential(*[layer for layer in layers if layer is not None])

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features)


class PlainUNet(nn.Module):
    """The paper's generator with as many weights, level by level, as ours."""

    def __init__(self, width: int = 64, depth: int = 8, norm: str = "instance") -> None:
        super().__init__()
        make_norm = NORMS[norm]
        channels = [width * min(2**level, 8) for level in range(depth)]
        ins = [3, *channels]
        self.down = nn.ModuleList(
            Block(
                nn.Conv2d(ins[i], channels[i], 4, 2, 1, bias=i in (0, depth - 1)),
                nn.LeakyReLU(0.2) if i else nn.Identity(),
                make_norm(channels[i]) if 0 < i < depth - 1 else None,
            )
            for i in range(depth)
        )
        outs = [*channels[-2::-1], 3]
        sizes = [channels[-1]] + [2 * count for count in channels[-2::-1]]
        self.up = nn.ModuleList(
            Block(
                nn.ConvTranspose2d(sizes[i], outs[i], 4, 2, 1, bias=i == depth - 1),
                nn.ReLU(),
                make_norm(outs[i]) if i < depth - 1 else None,
                dropout=i < 3,
            )
            for i in range(depth)
        )

    def forward(self, source: Tensor) -> Tensor:
        skips = []
        features = source
        for down in self.down:
            features = down(features)
            skips.append(features)
        features = self.up[0](skips.pop())
        for up in self.up[1:]:
            features = up(torch.cat([skips.pop(), features], 1))
        return torch.tanh(features)


def plain_discriminator(width: int = 64, norm: str = "instance") -> nn.Module:
    """The 70 x 70 PatchGAN on six channels."""
    layers: list[nn.Module] = [nn.Conv2d(6, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for level, stride in ((1, 2), (2, 2), (3, 1)):
        ins, outs = width * 2 ** (level - 1), width * 2**level
        layers += [nn.Conv2d(ins, outs, 4, stride, 1, bias=False), NORMS[norm](outs), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(width * 8, 1, 4, 1, 1))


class PlainLoop:
    """One discriminator and one generator step at a time."""

    def __init__(
        self, width: int = 64, device: str = "cpu", *, norm: str = "instance", depth: int = 8
    ) -> None:
        self.generator = PlainUNet(width, depth, norm).to(device)
        self.discriminator = plain_discriminator(width, norm).to(device)
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), 2e-4, (0.5, 0.999))
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), 2e-4, (0.5, 0.999))
        self.judge, self.distance = nn.BCEWithLogitsLoss(), nn.L1Loss()

    def step(self, source: Tensor, target: Tensor) -> dict[str, float]:
        """Losses as numbers, as the usual loop prints them."""
        fake = self.generator(source)
        for parameter in self.discriminator.parameters():
            parameter.requires_grad_(True)
        self.discriminator_optimizer.zero_grad()
        real_score = self.discriminator(torch.cat([source, target], 1))
        fake_score = self.discriminator(torch.cat([source, fake.detach()], 1))
        loss = (
            self.judge(real_score, torch.ones_like(real_score))
            + self.judge(fake_score, torch.zeros_like(fake_score))
        ) * 0.5
        loss.backward()
        self.discriminator_optimizer.step()
        for parameter in self.discriminator.parameters():
            parameter.requires_grad_(False)
        self.generator_optimizer.zero_grad()
        score = self.discriminator(torch.cat([source, fake], 1))
        painted = self.distance(fake, target)
        (self.judge(score, torch.ones_like(score)) + 100 * painted).backward()
        self.generator_optimizer.step()
        return {"d": loss.item(), "g_l1": painted.item()}
