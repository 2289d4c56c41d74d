"""The networks that a training starts from, and whether they go with its settings and images."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.checkpoints.importers import (
    ImportedDiscriminator,
    read_any,
    read_discriminator,
    split_choice,
)
from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.errors import ConfigError
from pix2pix.methods.scales import names_of
from pix2pix.runtime.paths import expand_home

Weights = dict[str, dict[str, Tensor]]
"""Weights to start from, by network."""


@dataclass(frozen=True)
class Start:
    """The networks that a training starts from, where its settings name some."""

    generator: Checkpoint | None = None
    discriminator: ImportedDiscriminator | None = None
    back: Checkpoint | None = None
    """Without pairs, the generator of the other direction, where its file lies beside the first one's."""
    other_discriminator: ImportedDiscriminator | None = None
    """Without pairs, the discriminator of the other side, where its file lies beside the first one's."""


def read_start(config: TrainConfig) -> Start:
    """Reads the start files of the settings. Raises `CheckpointError` where one cannot be used."""
    generator = read_any(whole_path(config.init)) if config.init else None
    judge = config.init_discriminator
    discriminator = read_discriminator(whole_path(judge)) if judge else None
    if config.method != "cyclegan":
        return Start(generator, discriminator)
    back = partner_of(whole_path(config.init)) if config.init else None
    other = partner_of(whole_path(judge)) if judge else None
    return Start(
        generator,
        discriminator,
        read_any(back) if back else None,
        read_discriminator(other) if other else None,
    )


def partner_of(path: str) -> Path | None:
    """Returns the file of the other direction or side beside a file, where there is one.

    They are named as the reference implementation names them (`latest_net_G_A.pth` and `latest_net_G_B.pth`,
    D_A and D_B; in one file `FILE::G_A` and `FILE::G_B`) or as a run does (`model.pth` and `model_BtoA.pth`).
    """
    file, network = split_choice(path)
    if network:
        other = f"{network[:-1]}{'B' if network[-1] == 'A' else 'A'}"
        return Path(f"{file}::{other}") if re.search(r"[GD]_[AB]$", network) and file.is_file() else None
    found = re.search(r"_(G|D)_([AB])(?=\W|_|$)", file.name)
    if found:
        other = "B" if found[2] == "A" else "A"
        beside = file.with_name(f"{file.name[: found.start(2)]}{other}{file.name[found.end(2) :]}")
    elif file.stem.endswith("_BtoA"):
        beside = file.with_stem(file.stem.removesuffix("_BtoA"))
    else:
        beside = file.with_stem(f"{file.stem}_BtoA")
    return beside if beside.is_file() else None


def start_weights(start: Start, models: Mapping[str, ModelConfig], *, scales: int = 1) -> Weights:
    """Returns the start's weights by network; a checkpoint is for the first of the saved models.

    A discriminator of CycleGAN is shown what the generator of the same letter makes: D_A images of side b.
    All scales begin with the same discriminator: patches have the same size on each.
    """
    names = list(models)
    found = dict(zip(names, (start.generator, start.back), strict=False))
    weights: Weights = {name: each.weights for name, each in found.items() if each}
    judges = ("discriminator",) if len(names) == 1 else ("discriminator_b", "discriminator_a")
    for name, judge in zip(judges, (start.discriminator, start.other_discriminator), strict=False):
        if judge:
            weights |= dict.fromkeys(names_of(name, scales), judge.weights)
    return weights


def check_start(config: TrainConfig, models: Mapping[str, ModelConfig], *, start: Start) -> None:
    """Raises `ConfigError` where the start's networks have other channels than the data, or two generators
    are no pair."""
    first, *others = models.values()
    discriminators = [each for each in (start.discriminator, start.other_discriminator) if each]
    for model, discriminator in zip(models.values(), discriminators, strict=False):
        _check_discriminator(config, model, start=discriminator)
    if len({(each.patch, each.width) for each in discriminators}) > 1:
        kinds = " and ".join(f"patch {each.patch}, width {each.width}" for each in discriminators)
        raise ConfigError(
            f"{config.init_discriminator} and the one of the other side beside it are two different networks "
            f"({kinds}). Take two that were trained together, or leave them out."
        )
    if not start.generator:
        return
    check_channels(start.generator.config, first.in_channels, first.out_channels, name=config.init)
    for model in others if start.back else ():
        assert start.back is not None
        name = str(partner_of(whole_path(config.init)))
        check_channels(start.back.config, model.in_channels, model.out_channels, name=name)
        if start.back.config.architecture() != start.generator.config.architecture():
            raise ConfigError(
                f"{name} is another network than {config.init}, and both directions have the same. Move it "
                "away to start from one direction alone, or start from scratch."
            )


def check_channels(start: ModelConfig, in_channels: int, out_channels: int, *, name: str) -> None:
    """Raises `ConfigError` where a start has other channels than the pairs; three channels may
    take gray pictures."""
    for role, side, has, needed in (
        ("takes", "source", start.in_channels, in_channels),
        ("gives", "target", start.out_channels, out_channels),
    ):
        if not can_show(has, needed):
            as_gray = f", or have these read as gray: set {side} to gray" if (has, needed) == (1, 3) else ""
            raise ConfigError(
                f"{name} {role} pictures of {has} channel{'s' * (has > 1)}, and the {side}s of these pairs "
                f"have {needed}. Start from another checkpoint, or from scratch{as_gray}."
            )


def can_show(channels: int, needed: int) -> bool:
    """Whether a network of `channels` can train on pictures of `needed` channels: as many, or gray as
    three equal ones."""
    return channels == needed or (channels, needed) == (3, 1)


def _check_discriminator(config: TrainConfig, model: ModelConfig, *, start: ImportedDiscriminator) -> None:
    if config.gan == "none":
        raise ConfigError(
            f'gan is "none": {config.init_discriminator} would not be used. Choose a GAN loss, or '
            "leave it out."
        )
    if start.norm != config.norm:
        raise ConfigError(
            f"{config.init_discriminator} has {start.norm} norm and the generator {config.norm}; both "
            "networks have the same. Set norm"
            f" {start.norm}, or leave the discriminator out."
        )
    is_pair = config.method == "pix2pix" and config.conditional
    wanted = model.out_channels + (model.in_channels if is_pair else 0)
    if start.in_channels != wanted:
        raise ConfigError(
            f"{config.init_discriminator} is shown {start.in_channels} channels, and these pairs give "
            f"{wanted}. Take another, or turn"
            " conditional on or off."
        )


def whole_path(path: str) -> str:
    """Returns the absolute path, with `~` and links resolved; "" for ""."""
    return str(Path(expand_home(path)).resolve()) if path else ""
