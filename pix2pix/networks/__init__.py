"""Generators and discriminators: tensors in, tensors out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from pix2pix.config import ModelConfig
from pix2pix.errors import ConfigError
from pix2pix.networks.patchgan import PatchGAN
from pix2pix.networks.resnet import ResNet
from pix2pix.networks.unet import UNet, sample_noise

Module = TypeVar("Module", bound=nn.Module)

Generator = UNet | ResNet

__all__ = [
    "GENERATORS",
    "Generator",
    "PatchGAN",
    "ResNet",
    "UNet",
    "build_blank",
    "build_generator",
    "build_shapes",
    "describe_generator",
    "init_weights",
    "sample_noise",
]


GENERATORS: dict[str, type[Generator]] = {"unet": UNet, "resnet": ResNet}


def build_generator(config: ModelConfig) -> Generator:
    """Returns the generator that `config` describes, with zeros for weights: draw (`init_weights`)
    or load them."""
    return build_blank(lambda: _build(config))


def describe_generator(config: ModelConfig) -> Generator:
    """Returns the generator as shapes alone, on the `meta` device, which takes no memory."""
    return build_shapes(lambda: _build(config))


def _build(config: ModelConfig) -> Generator:
    if config.generator not in GENERATORS:
        raise ConfigError(
            f"generator is {config.generator!r}; choose one of {', '.join(sorted(GENERATORS))}."
        )
    return GENERATORS[config.generator](config)


def build_shapes(build: Callable[[], Module]) -> Module:
    """Returns what `build` makes as shapes alone (on the `meta` device): nothing is allocated or drawn."""
    with torch.device("meta"):
        return build()


def build_blank(build: Callable[[], Module]) -> Module:
    """Returns what `build` makes, on the CPU with zeros for weights.

    torch's own initial values would be drawn from the global random state, and cost a second only
    to be overwritten.
    """
    module = build_shapes(build)
    # Not by `to_empty`, which imports sympy: more than half a second, half of
    # what loading a checkpoint takes.
    for part in module.modules():
        for name, weight in part.named_parameters(recurse=False):
            setattr(
                part, name, nn.Parameter(torch.zeros(weight.shape, dtype=weight.dtype), weight.requires_grad)
            )
        for name, buffer in part.named_buffers(recurse=False):
            setattr(part, name, torch.zeros(buffer.shape, dtype=buffer.dtype))
    return module


@torch.no_grad()
def init_weights(module: nn.Module, generator: torch.Generator) -> None:
    """Draws weights from a CPU generator: N(0, 0.02) for convolutions, N(1, 0.02) for norms, biases
    0 (paper, 6.2)."""
    for part in module.modules():
        if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)):
            _draw(part.weight, 0.0, generator=generator)
        elif isinstance(part, nn.BatchNorm2d):
            _draw(part.weight, 1.0, generator=generator)
            part.reset_running_stats()
        else:
            continue
        if part.bias is not None:
            part.bias.zero_()


def _draw(weight: torch.Tensor, mean: float, *, generator: torch.Generator) -> None:
    # Drawn on the CPU wherever the weight lives, so that a seed gives the same model on every machine.
    weight.copy_(torch.randn(weight.shape, generator=generator).mul_(0.02).add_(mean))
