"""Layouts of KimRass/Pix2Pix, HugGAN (and PyTorch-GAN, its origin), and affinelayer's pix2pix-tensorflow."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from pix2pix.checkpoints.importers.conversion import Part, Plan, Tensors, plan_generator, size_of
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError

KIMRASS = "KimRass/Pix2Pix"
HUGGAN = "HugGAN"
TENSORFLOW = "pix2pix-tensorflow"
LAYER = re.compile(r"layer(\d+)\.(?:conv\.)?(?:weight|bias)")
DOWN = re.compile(r"down(\d+)\.model\.0\.weight")
ENCODER = re.compile(r"generator/encoder_(\d+)/.+")
REPEATED = torch.tensor(
    [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=torch.float32
)
"""Row k: which of the 4 taps of a convolution on repeated pixels meet the pixel that tap k of a transposed
convolution comes from."""


def is_kimrass(tensors: Tensors) -> bool:
    """Whether most tensors are of numbered layers, some of them with a `conv`."""
    numbered = sum(bool(LAYER.fullmatch(name)) for name in tensors)
    return numbered > len(tensors) // 2 and any(name.endswith(".conv.weight") for name in tensors)


def plan_kimrass(tensors: Tensors) -> Plan:
    """Plans a U-Net of any width and of 3 to 10 levels. Raises `CheckpointError` for another depth."""
    layers = max(int(match[1]) for name in tensors if (match := LAYER.fullmatch(name)))
    depth = _check_depth((layers + 1) // 2, KIMRASS)
    layers = 2 * depth
    config = _config(
        depth, "kimrass", channels=_channels(tensors, "layer1.conv.weight", last=f"layer{layers}.weight")
    )
    biased = {1, depth, layers - 1, layers}
    parts = {}
    for number in range(1, layers + 1):
        ours = f"down.{number - 1}" if number <= depth else f"up.{number - depth - 1}"
        parts[f"{ours}.conv"] = Part(f"layer{number}" + ".conv" * (number < layers), number in biased)
    return plan_generator(KIMRASS, _what(depth, "instance norm"), config=config, parts=parts)


def is_huggan(tensors: Tensors) -> bool:
    """Whether there are keys such as `down1.model.0.weight`."""
    return any(DOWN.fullmatch(name) for name in tensors)


def plan_huggan(tensors: Tensors) -> Plan:
    """Plans a U-Net of any width and of 3 to 10 levels. Raises `CheckpointError` for another depth.

    Its decoder concatenates the skip and its own features in the other order, and its last layer
    has another kernel.
    """
    depth = _check_depth(max(int(match[1]) for name in tensors if (match := DOWN.fullmatch(name))), HUGGAN)
    config = _config(
        depth, "huggan", channels=_channels(tensors, "down1.model.0.weight", last="final.2.weight", painted=0)
    )
    parts = {f"down.{level}.conv": Part(f"down{level + 1}.model.0", False) for level in range(depth)}
    parts |= {f"up.{level}.conv": Part(f"up{level + 1}.model.0", False) for level in range(depth - 1)}
    parts[f"up.{depth - 1}.conv"] = Part("final.2", True)

    def convert_tensor(name: str, value: Tensor) -> Tensor:
        if name == f"up.{depth - 1}.conv.weight" and value.dim() == 4 and value.shape[2:] == (4, 4):
            value = torch.einsum("ra,oiab,sb->iors", REPEATED, value, REPEATED)
        return _skip_first(name, value)

    return plan_generator(
        HUGGAN, _what(depth, "instance norm"), config=config, parts=parts, convert_tensor=convert_tensor
    )


def is_tensorflow(tensors: Tensors) -> bool:
    """Whether there are TensorFlow's names, such as `generator/encoder_1/...`."""
    return any(name.startswith("generator/encoder_") for name in tensors)


def plan_tensorflow(tensors: Tensors) -> Plan:
    """Plans a U-Net of any width and of 3 to 10 levels, in the names of 2017 or the newer ones.

    Raises `CheckpointError` for another depth, or separable convolutions.
    """
    if any("depthwise" in name for name in tensors):
        raise CheckpointError(
            f"is a U-Net of {TENSORFLOW} with separable convolutions; those with plain ones can be "
            "taken over."
        )
    depth = _check_depth(
        max(int(match[1]) for name in tensors if (match := ENCODER.fullmatch(name))), TENSORFLOW
    )
    is_old = any(name.endswith("/filter") for name in tensors)
    conv, deconv, norm = (
        ("conv", "deconv", "batchnorm") if is_old else ("conv2d", "conv2d_transpose", "batch_normalization")
    )
    weight, scale, offset = ("/filter", "/scale", "/offset") if is_old else ("/kernel", "/gamma", "/beta")
    leaves = {"conv weight": weight, "conv bias": "/bias", "weight": scale, "bias": offset}
    leaves |= {
        "running_mean": "/moving_mean",
        "running_var": "/moving_variance",
        "num_batches_tracked": "/batches",
    }
    parts = {}
    for number in range(1, depth + 1):
        places = {f"down.{number - 1}": ("encoder", conv), f"up.{depth - number}": ("decoder", deconv)}
        for ours, (side, kind) in places.items():
            parts[f"{ours}.conv"] = Part(f"generator/{side}_{number}/{kind}")
            if number > 1:
                parts[f"{ours}.norm"] = Part(f"generator/{side}_{number}/{norm}", is_norm=True)
    first, last = (
        f"generator/{side}_1/{kind}{weight}" for side, kind in (("encoder", conv), ("decoder", deconv))
    )
    laid = {
        name: tensors[name].permute(3, 2, 0, 1)
        for name in (first, last)
        if name in tensors and tensors[name].dim() == 4
    }
    config = _config(depth, "tensorflow", channels=_channels(laid, first, last=last), norm="batch")
    return plan_generator(
        TENSORFLOW,
        _what(depth, "batch norm"),
        config=config,
        parts=parts,
        convert_tensor=_turn_tensorflow,
        leaves=leaves,
        ignored=_is_not_generator,
    )


def _turn_tensorflow(name: str, value: Tensor) -> Tensor:
    return _skip_first(name, value.permute(3, 2, 0, 1) if value.dim() == 4 else value)


def _is_not_generator(name: str) -> bool:
    """Whether a tensor is not of the generator: one of the discriminator, or of the optimizer's state."""
    return not name.startswith("generator/") or name.endswith(("/Adam", "/Adam_1"))


def _skip_first(name: str, value: Tensor) -> Tensor:
    """Swaps the halves of a decoder's input channels from [decoder, skip] to our order.

    The first decoder level has no skip and is unchanged.
    """
    if not name.startswith("up.") or name.startswith("up.0.") or value.dim() != 4:
        return value
    return value.roll(value.shape[0] // 2, 0)


def _check_depth(depth: int, project: str) -> int:
    if not 3 <= depth <= 10:
        raise CheckpointError(
            f"is a U-Net of {project} with {depth} levels; those with 3 to 10 can be taken over."
        )
    return depth


def _config(
    depth: int, dialect: str, *, channels: tuple[int, int, int], norm: str = "instance"
) -> ModelConfig:
    """Returns the config; `channels`: the first layer's width, the source's and the target's channels."""
    width, ins, outs = channels
    size = 2**depth if depth >= 7 else 256
    facts = {
        "depth": depth,
        "dialect": dialect,
        "width": width,
        "in_channels": ins,
        "out_channels": outs,
        "norm": norm,
        "size": size,
    }
    return ModelConfig.from_dict(facts)


def _channels(tensors: Tensors, first: str, *, last: str, painted: int = 1) -> tuple[int, int, int]:
    return (
        size_of(tensors, first, dimension=0, usual=64),
        size_of(tensors, first, dimension=1, usual=3),
        size_of(tensors, last, dimension=painted, usual=3),
    )


def _what(depth: int, norm: str) -> str:
    return f"a U-Net for {2**depth} x {2**depth} with {norm}"
