"""Ways to train, one file a paper, behind the protocol of `base`."""

from __future__ import annotations

from pix2pix.config import TrainConfig
from pix2pix.methods.base import Method
from pix2pix.methods.cyclegan import CycleGAN
from pix2pix.methods.pix2pix import Pix2Pix

METHODS: dict[str, type[Method]] = {"pix2pix": Pix2Pix, "cyclegan": CycleGAN}


def method_of(config: TrainConfig) -> type[Method]:
    """Returns the method of the settings."""
    return METHODS[config.method]
