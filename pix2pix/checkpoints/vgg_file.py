"""Reads the weights of VGG16 for the perceptual loss, from where torchvision puts what it downloads."""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch
from torch import Tensor

from pix2pix.errors import CheckpointError, ConfigError
from pix2pix.imaging.tensors import are_finite
from pix2pix.networks import build_shapes
from pix2pix.networks.vgg import Vgg16

FILE = "vgg16-397923af.pth"
"""The name under which torchvision's VGG16 of ImageNet lies in the cache (528 MB)."""
URL = f"https://download.pytorch.org/models/{FILE}"


def vgg_path() -> Path:
    """Returns where the weights are looked for: the cache of torch.hub."""
    return Path(torch.hub.get_dir()) / "checkpoints" / FILE


def read_vgg() -> dict[str, Tensor]:
    """Returns the weights of `Vgg16`. Nothing is downloaded.

    Raises `ConfigError` with where to get them if they are not on this machine, `CheckpointError` where the
    file holds others.
    """
    path = vgg_path()
    if not path.is_file():
        raise ConfigError(
            f"perceptual compares features of VGG16, and its weights are not on this machine. Put {FILE} "
            f"(528 MB, {URL}) into {path.parent}, or leave perceptual out."
        )
    try:
        # Mapped where the format allows it: most of the file are layers that are not used.
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # of many kinds, for a file that is cut off or no file of weights
        raise CheckpointError(f"{path} cannot be read ({error!s:.80}). Get it anew: {URL}") from error
    wanted = build_shapes(Vgg16).state_dict()
    tensors = content if isinstance(content, dict) else {}
    for name, value in wanted.items():
        found = tensors.get(name)
        if not isinstance(found, Tensor) or found.shape != value.shape or not are_finite([found]):
            raise CheckpointError(
                f"{path} is not the VGG16 of torchvision: {name} is missing, or has another shape. Get it "
                f"anew: {URL}"
            )
    return {name: tensors[name].float().clone() for name in wanted}
