"""Whether settings, data, a starting point and a run go together: said before anything is made of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.errors import ConfigError
from pix2pix.importers import Judge, read_any, read_judge
from pix2pix.machine import choose_machine
from pix2pix.methods.pix2pix import describe_discriminator
from pix2pix.paths import expand_home
from pix2pix.runs import Run
from pix2pix.trackers import check_tracker
from pix2pix.trainer import describe_model

ADJUSTABLE = ("steps", "device", "compile", "workers", "cache", "tracker")
"""What may differ from one time that a run is worked on to the next; nothing of it changes what is learned, but for more steps."""

RESNET_MULTIPLE = 4
"""A ResNet halves the picture twice."""


def settle(config: TrainConfig) -> TrainConfig:
    """The settings as a run keeps them: whole paths, so that it can be gone on with from any folder, and the network of its start."""
    paths: dict[str, Any] = {name: whole_path(getattr(config, name)) for name in ("data", "init", "init_discriminator")}
    return _adopt_discriminator(_adopt_architecture(dataclasses.replace(config, **paths)))


def check_fit(config: TrainConfig) -> None:
    """Raises `Pix2PixError` where data, settings and starting point do not go together, before anything is made of them."""
    if not config.data:
        raise ConfigError("there is nothing to train on: data is empty. Name a folder of pairs.")
    check_tracker(config.tracker)
    machine = choose_machine(config)
    if config.batch % machine.world:
        raise ConfigError(
            f"batch is {config.batch}; {machine.world} processes cannot share it evenly. Take {machine.world} or a multiple of it."
        )
    model = describe_model(config, Dataset.open(dataclasses.replace(config, cache="stream")))
    describe_discriminator(config, model)
    if config.init_discriminator:
        _check_judge(config, model, read_judge(config.init_discriminator))
    if not config.init:
        return
    start = read_any(config.init).config
    for role, has, needs in (("takes", start.in_channels, model.in_channels), ("gives", start.out_channels, model.out_channels)):
        if has != needs:
            raise ConfigError(
                f"{config.init} {role} pictures of {has} channel{'s' * (has > 1)}, and these pairs have {needs}."
                " Start from another checkpoint, or from scratch."
            )


def check_resume(run: Run, given: dict[str, Any]) -> None:
    """`ConfigError` where settings given with a resume are not those of the run, but for `data` and `ADJUSTABLE`, or steps are made."""
    config, made = run.config().to_dict(), run.saved_step()
    if given.get("steps", made + 1) < max(1, made):
        raise ConfigError(f"steps is {given['steps']}, and the run has made {made} already. Ask for more steps.")
    for name, value in given.items():
        if name in ("init", "init_discriminator"):
            value = whole_path(value)
        if name not in ("data", *ADJUSTABLE) and value != config[name]:
            raise ConfigError(
                f"{run.path} was started with {name} {config[name]!r}, not {value!r}. A run goes on with its own settings:"
                " leave them out, or start another run."
            )


def check_start(typed: dict[str, Any]) -> None:
    """`ConfigError` where somebody asked for another network than that of the checkpoint to start from."""
    if not typed.get("init"):
        return
    model = read_any(typed["init"]).config
    for name, value in model.architecture().items():
        if name in typed and typed[name] != value:
            raise ConfigError(
                f"{typed['init']} has {name} {value}, and {typed[name]} was asked for. A start from a checkpoint keeps"
                f" its network: leave {name} out, or start from scratch."
            )
    size = typed.get("size")
    if size and nearest_size(size, model) != size:
        raise ConfigError(
            f"size {size} was asked for, and the levels of {typed['init']} need a multiple of {nearest_size(1, model)}."
            f" Take size {nearest_size(size, model)}, or leave size out."
        )


def adopt_start(config: TrainConfig, start: ModelConfig) -> TrainConfig:
    """The settings with what the model to start from decides: its network, and a size that its levels can halve."""
    return dataclasses.replace(config, size=nearest_size(config.size, start), **start.architecture())


def nearest_size(size: int, model: ModelConfig) -> int:
    """The side nearest to `size`, in pixels, at which a model can be trained: a multiple of what its levels need."""
    multiple = 2**model.depth if model.generator == "unet" else RESNET_MULTIPLE
    return max(1, round(size / multiple)) * multiple


def _adopt_architecture(config: TrainConfig) -> TrainConfig:
    return adopt_start(config, read_any(config.init).config) if config.init else config


def _adopt_discriminator(config: TrainConfig) -> TrainConfig:
    """The discriminator of a file keeps its size, as the generator does."""
    if not config.init_discriminator or config.gan == "none":
        return config
    judge = read_judge(config.init_discriminator)
    shape: dict[str, Any] = {"patch": str(judge.patch), "discriminator_width": judge.width}
    return dataclasses.replace(config, **shape)


def _check_judge(config: TrainConfig, model: ModelConfig, judge: Judge) -> None:
    if config.gan == "none":
        raise ConfigError(f'gan is "none": {config.init_discriminator} would not be used. Choose a GAN loss, or leave it out.')
    if judge.norm != config.norm:
        raise ConfigError(
            f"{config.init_discriminator} has {judge.norm} norm and the generator {config.norm}; both networks have the same. Set norm"
            f" {judge.norm}, or leave the discriminator out."
        )
    wanted = model.out_channels + (model.in_channels if config.conditional else 0)
    if judge.in_channels != wanted:
        raise ConfigError(
            f"{config.init_discriminator} is shown {judge.in_channels} channels, and these pairs give {wanted}. Take another, or turn"
            " conditional on or off."
        )


def whole_path(path: str) -> str:
    """The path from the root, its `~` and links followed; empty where it is."""
    return str(Path(expand_home(path)).resolve()) if path else ""
