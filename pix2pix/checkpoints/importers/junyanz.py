"""Layouts of pytorch-CycleGAN-and-pix2pix: U-Net and ResNet generators, PatchGAN and PixelGAN."""

from __future__ import annotations

import re
from typing import Any

import torch

from pix2pix.checkpoints.importers.conversion import Part, Plan, Tensors, plan_generator, size_of
from pix2pix.config import ModelConfig, Norm
from pix2pix.errors import CheckpointError
from pix2pix.networks.patchgan import HALVINGS, PatchGAN

PROJECT = "pytorch-CycleGAN-and-pix2pix"
LEVEL = re.compile(r"model\.model\.1((?:\.model\.3)*)\.model\.\d+\.\w+")
BLOCK = re.compile(r"model\.(\d+)\.conv_block\.(\d+)\.\w+")
FLAT = re.compile(r"model\.(\d+)\.\w+")
FIRST_BLOCK = 10


def is_unet(tensors: Tensors) -> bool:
    """Whether there are nested levels, each named `model` inside the one around it."""
    return any(name.startswith("model.model.") for name in tensors)


def is_resnet(tensors: Tensors) -> bool:
    """Whether there are blocks named `conv_block`."""
    return any(BLOCK.fullmatch(name) for name in tensors)


def is_discriminator(tensors: Tensors) -> bool:
    """Whether it is a flat sequence of layers that begins with a convolution."""
    return "net.0.weight" in tensors or (
        "model.0.weight" in tensors and all(FLAT.fullmatch(name) for name in tensors)
    )


def plan_unet(tensors: Tensors) -> Plan:
    """Plans a U-Net of any depth (5 to 10), width, norm and number of channels.

    A file does not record dropout: it is set as in the project's defaults. Raises `CheckpointError`
    for another depth.
    """
    depth = max(
        (match[1].count(".model.3") + 2 for name in tensors if (match := LEVEL.fullmatch(name))), default=8
    )
    if not 5 <= depth <= 10:
        raise CheckpointError(
            f"is a U-Net of {PROJECT} with {depth} levels; those with 5 to 10 can be taken over."
        )
    norm = _norm(tensors, "model.model.3.bias")
    config = ModelConfig(
        depth=depth,
        width=size_of(tensors, "model.model.0.weight", dimension=0, usual=64),
        in_channels=size_of(tensors, "model.model.0.weight", dimension=1, usual=3),
        out_channels=size_of(tensors, "model.model.3.weight", dimension=1, usual=3),
        norm=norm,
        dialect="usual",
        # Its pix2pix has batch norm and keeps dropout on while testing; its CycleGAN has
        # instance norm and no dropout.
        noisy=norm != "instance" and depth > 5,
        size=2**depth if depth >= 7 else 256,
    )
    what = f"a U-Net for {2**depth} x {2**depth} with {_with(norm)}"
    return plan_generator(
        PROJECT, what, config=config, parts=_unet_parts(depth, norm), ignored=_is_old_statistic(norm)
    )


def _unet_parts(depth: int, norm: Norm) -> dict[str, Part]:
    hidden = _hidden_bias(norm)
    parts = {
        "down.0.conv": Part("model.model.0", norm == "instance"),
        f"up.{depth - 1}.conv": Part("model.model.3", True),
    }
    for level in range(2, depth + 1):
        place = "model.model.1" + ".model.3" * (level - 2)
        is_last = level == depth
        up = depth - level
        parts[f"down.{level - 1}.conv"] = Part(f"{place}.model.1", norm == "instance" if is_last else hidden)
        if not is_last:
            parts[f"down.{level - 1}.norm"] = Part(f"{place}.model.2", is_norm=True)
        parts[f"up.{up}.conv"] = Part(f"{place}.model.{3 if is_last else 5}", hidden)
        parts[f"up.{up}.norm"] = Part(f"{place}.model.{4 if is_last else 6}", is_norm=True)
    return parts


def plan_resnet(tensors: Tensors) -> Plan:
    """Plans a ResNet of any number of blocks (up to 32), width, norm and channels.

    Whether it has dropout shows in the layer numbers of a block. Raises `CheckpointError`
    for another network.
    """
    found = [match for name in tensors if (match := BLOCK.fullmatch(name))]
    places = {int(match[1]) for match in found}
    blocks = len(places)
    first = min(places)
    if first != FIRST_BLOCK or max(places) != first + blocks - 1 or blocks > 32:
        raise CheckpointError(
            f"has residual blocks as {PROJECT} does, in layers {first} to {max(places)}; those of a "
            "generator with two halvings begin in"
            f" layer {FIRST_BLOCK}. It is another network, such as that of pix2pixHD, and cannot be "
            "taken over."
        )
    has_dropout = not any(match[2] == "5" for match in found)
    last = f"model.{FIRST_BLOCK + blocks + 7}"
    norm = _norm(tensors, f"{last}.bias")
    config = ModelConfig(
        generator="resnet",
        blocks=blocks,
        width=size_of(tensors, "model.1.weight", dimension=0, usual=64),
        in_channels=size_of(tensors, "model.1.weight", dimension=1, usual=3),
        out_channels=size_of(tensors, f"{last}.weight", dimension=0, usual=3),
        norm=norm,
        dropout=0.5 if has_dropout else 0.0,
        noisy=has_dropout,
    )
    what = f"a ResNet of {blocks} blocks with {_with(norm)}"
    return plan_generator(
        PROJECT,
        what,
        config=config,
        parts=_resnet_parts(blocks, norm, has_dropout=has_dropout),
        ignored=_is_old_statistic(norm),
    )


def _resnet_parts(blocks: int, norm: Norm, *, has_dropout: bool) -> dict[str, Part]:
    after = FIRST_BLOCK + blocks
    places = {
        "enter": "model.1",
        "down.0": "model.4",
        "down.1": "model.7",
        "up.0": f"model.{after}",
        "up.1": f"model.{after + 3}",
    }
    for block in range(blocks):
        place = f"model.{FIRST_BLOCK + block}.conv_block"
        places |= {
            f"blocks.{block}.first": f"{place}.1",
            f"blocks.{block}.second": f"{place}.{6 if has_dropout else 5}",
        }
    parts = {}
    for ours, theirs in places.items():
        row, _, number = theirs.rpartition(".")
        parts[f"{ours}.conv"] = Part(theirs, _hidden_bias(norm))
        parts[f"{ours}.norm"] = Part(f"{row}.{int(number) + 1}", is_norm=True)
    return parts | {"paint.conv": Part(f"model.{after + 7}", True)}


def plan_discriminator(tensors: Tensors) -> Plan:
    """Plans a PatchGAN of 1 to 5 layers, or a PixelGAN. Raises `CheckpointError` for more layers."""
    is_pixel = "net.0.weight" in tensors
    row = "net" if is_pixel else "model"
    numbers = sorted(
        int(name.split(".")[1])
        for name, value in tensors.items()
        if name.endswith("weight") and value.dim() == 4
    )
    layers = len(numbers) - 2
    patch = (
        1
        if is_pixel
        else next((side for side, halvings in HALVINGS.items() if halvings == layers and side > 1), 0)
    )
    if not patch:
        raise CheckpointError(
            f"is a PatchGAN of {PROJECT} with {layers} layers; those with 1 to 5 can be taken over."
        )
    norm = _norm(tensors, f"{row}.0.bias", f"{row}.{numbers[-1]}.bias")
    width = size_of(tensors, f"{row}.0.weight", dimension=0, usual=64)
    channels = size_of(tensors, f"{row}.0.weight", dimension=1, usual=6)
    with torch.device("meta"):
        blank = PatchGAN(channels, width, receptive_field=patch, norm=norm)
    hidden = _hidden_bias(norm)
    parts = {
        "layers.0.conv": Part(f"{row}.0", True),
        "score": Part(f"{row}.{numbers[-1]}", hidden if is_pixel else True),
    }
    for level in range(1, len(blank.layers)):
        place = 2 + 3 * (level - 1)
        parts |= {
            f"layers.{level}.conv": Part(f"{row}.{place}", hidden),
            f"layers.{level}.norm": Part(f"{row}.{place + 1}", is_norm=True),
        }
    facts: dict[str, Any] = {"patch": patch, "width": width, "in_channels": channels, "norm": norm}
    what = f"a discriminator that judges {patch} x {patch} pixels with {_with(norm)}"
    return Plan(PROJECT, what, blank, parts, facts, ignored=_is_old_statistic(norm))


def _norm(tensors: Tensors, *always: str) -> Norm:
    """Returns the norm: batch norm has one-dimensional weights; with instance norm every convolution has a
    bias, without a norm only those in `always`."""
    if any(name.endswith(".weight") and value.dim() == 1 for name, value in tensors.items()):
        return "batch"
    return "instance" if any(name.endswith(".bias") and name not in always for name in tensors) else "none"


def _hidden_bias(norm: Norm) -> bool | None:
    """Returns whether a convolution before a norm has a bias in these files; None where it may."""
    return {"instance": True, "batch": None, "none": False}[norm]


def _is_old_statistic(norm: Norm) -> Any:
    """Returns a test for the statistics that instance norm saved before torch 0.4 and never used."""
    return lambda name: (
        norm == "instance" and name.endswith(("running_mean", "running_var", "num_batches_tracked"))
    )


def _with(norm: Norm) -> str:
    return "no norm" if norm == "none" else f"{norm} norm"
