"""Prepares a training: reads and checks settings, data, start and device once, before anything is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.checkpoints.importers import ImportedDiscriminator, read_any, read_discriminator
from pix2pix.config import ModelConfig, TrainConfig, knobs
from pix2pix.data.examples import EXAMPLES, Examples
from pix2pix.errors import ConfigError
from pix2pix.methods import method_of
from pix2pix.methods.defaults import METHOD_ONLY
from pix2pix.runs.run import Run
from pix2pix.runs.trackers import check_tracker
from pix2pix.runtime.device import Machine, choose_machine
from pix2pix.runtime.paths import expand_home
from pix2pix.settings import range_text

ADJUSTABLE = ("steps", "device", "compile", "workers", "cache", "tracker")
"""Settings that may change between starts of a run; none but the number of steps changes what is learned."""
RESNET_MULTIPLE = 4
"""A ResNet halves the picture twice."""
PATHS = ("data", "data_b", "paired_test", "init", "init_discriminator")
DATA = ("data", "data_b")
"""Settings that name pictures, which may be moved between starts of a run."""

Weights = dict[str, dict[str, Tensor]]
"""Weights to start from, by network."""


@dataclass(frozen=True)
class Start:
    """The networks that a training starts from, where its settings name some."""

    generator: Checkpoint | None = None
    discriminator: ImportedDiscriminator | None = None


@dataclass(frozen=True)
class Prepared:
    """All that a training needs to begin. Images are read when the first one is asked for."""

    config: TrainConfig
    examples: Examples
    models: Mapping[str, ModelConfig]
    """Configs of the models that will be saved, by name."""
    start: Weights
    """Weights to start from; empty for random weights or a resumed state. May be dropped after use."""
    machine: Machine


def prepare(config: TrainConfig, *, asked: Mapping[str, Any] | None = None) -> Prepared:
    """Reads and checks what a new training needs: the data once, and each start file once.

    `asked` holds the settings that somebody chose, which those of a start checkpoint must not silently
    override. Raises `Pix2PixError` where data, settings and start do not go together.
    """
    if not config.data:
        raise ConfigError("there is nothing to train on: data is empty. Name a folder of pairs.")
    check_tracker(config.tracker)
    check_method(config)
    start = read_start(config)
    if start.generator:
        check_asked(asked or {}, start.generator.config, init=config.init)
    config = resolve(config, start)
    machine = choose_machine(config)
    if config.batch % machine.world:
        raise ConfigError(
            f"batch is {config.batch}; {machine.world} processes cannot share it evenly. Take "
            f"{machine.world} or a multiple of it."
        )
    examples = _open_examples(config, None, start=start)
    models = method_of(config).describe(config, examples.images)
    _check_start(config, next(iter(models.values())), start=start)
    return Prepared(config, examples, models, start_weights(start, models), machine)


def prepare_run(run: Run, config: TrainConfig) -> Prepared:
    """Prepares a run that is resumed or new, with its stored settings. Raises `Pix2PixError` where its
    data has changed."""
    saved = run.saved_model()
    start = Start() if saved else read_start(config)
    examples = _open_examples(config, saved, start=start)
    models = method_of(config).describe(config, examples.images)
    weights = start_weights(start, models)
    return Prepared(config, examples, models, weights, choose_machine(config, run.saved_precision()))


def _open_examples(config: TrainConfig, saved: ModelConfig | None, *, start: Start) -> Examples:
    """Opens the data of a training, interpreted as for its saved model or its start."""
    return EXAMPLES[method_of(config).examples](
        config, saved, start.generator.config if start.generator else None
    )


def read_start(config: TrainConfig) -> Start:
    """Reads the start files of the settings. Raises `CheckpointError` where one cannot be used."""
    return Start(
        read_any(whole_path(config.init)) if config.init else None,
        read_discriminator(whole_path(config.init_discriminator)) if config.init_discriminator else None,
    )


def start_weights(start: Start, models: Mapping[str, ModelConfig]) -> Weights:
    """Returns the start's weights by network; a checkpoint is for the first of the saved models."""
    weights: Weights = {}
    if start.generator:
        weights[next(iter(models))] = start.generator.weights
    if start.discriminator:
        weights["discriminator"] = start.discriminator.weights
    return weights


def resolve(config: TrainConfig, start: Start | None = None) -> TrainConfig:
    """Returns the settings that a run stores: absolute paths, and the networks of its start."""
    start = start or read_start(config)
    changes: dict[str, Any] = {name: whole_path(getattr(config, name)) for name in PATHS}
    if start.discriminator and config.gan != "none":
        changes |= {"patch": str(start.discriminator.patch), "discriminator_width": start.discriminator.width}
    config = adopt_start(config, start.generator.config) if start.generator else config
    return dataclasses.replace(config, **changes)


def adopt_start(config: TrainConfig, start: ModelConfig) -> TrainConfig:
    """Returns the settings with those of the start: its network, a size that its levels can halve, and
    its value ranges.

    A range that is stated in the settings is kept.
    """
    return dataclasses.replace(
        config,
        size=nearest_size(config.size, start),
        source_range=config.source_range or range_text(start.source_levels),
        target_range=config.target_range or range_text(start.target_levels),
        **start.architecture(),
    )


def nearest_size(size: int, model: ModelConfig) -> int:
    """Returns the side nearest to `size`, in pixels, at which a model can be trained: a multiple
    for its levels."""
    multiple = 2**model.depth if model.generator == "unet" else RESNET_MULTIPLE
    return max(1, round(size / multiple)) * multiple


def check_resume(run: Run, given: dict[str, Any]) -> None:
    """Raises `ConfigError` where given settings differ from the run's, except `DATA` and `ADJUSTABLE`, or
    steps are done."""
    config = run.config().to_dict()
    made = run.saved_step()
    if given.get("steps", made + 1) < max(1, made):
        raise ConfigError(
            f"steps is {given['steps']}, and the run has made {made} already. Ask for more steps."
        )
    for name, value in given.items():
        if name in PATHS:
            value = whole_path(value)
        if name not in (*DATA, *ADJUSTABLE) and value != config[name]:
            raise ConfigError(
                f"{run.path} was started with {name} {config[name]!r}, not {value!r}. A run goes on with "
                "its own settings:"
                " leave them out, or start another run."
            )


def check_method(config: TrainConfig) -> None:
    """Raises `ConfigError` where a setting was chosen that means nothing for the method."""
    defaults = {knob.name: knob.default for knob in knobs()}
    for method, names in METHOD_ONLY.items():
        for name in names if method != config.method else ():
            if getattr(config, name) != defaults[name]:
                raise ConfigError(
                    f"{name} means nothing for {config.method}: leave it out, or set method to {method}."
                )


def check_asked(asked: Mapping[str, Any], model: ModelConfig, *, init: str) -> None:
    """Raises `ConfigError` where somebody asked for another network or size than the start
    checkpoint allows."""
    for name, value in model.architecture().items():
        if name in asked and asked[name] != value:
            raise ConfigError(
                f"{init} has {name} {value}, and {asked[name]} was asked for. A start from a checkpoint "
                "keeps its network: leave"
                f" {name} out, or start from scratch."
            )
    size = asked.get("size")
    if size and nearest_size(size, model) != size:
        raise ConfigError(
            f"size {size} was asked for, and the levels of {init} need a multiple of "
            f"{nearest_size(1, model)}."
            f" Take size {nearest_size(size, model)}, or leave size out."
        )


def _check_start(config: TrainConfig, model: ModelConfig, *, start: Start) -> None:
    """Raises `ConfigError` where the start's networks have other channels than the data."""
    if start.discriminator:
        _check_discriminator(config, model, start=start.discriminator)
    if not start.generator:
        return
    check_channels(start.generator.config, model.in_channels, model.out_channels, name=config.init)


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
    wanted = model.out_channels + (model.in_channels if config.conditional else 0)
    if start.in_channels != wanted:
        raise ConfigError(
            f"{config.init_discriminator} is shown {start.in_channels} channels, and these pairs give "
            f"{wanted}. Take another, or turn"
            " conditional on or off."
        )


def whole_path(path: str) -> str:
    """Returns the absolute path, with `~` and links resolved; "" for ""."""
    return str(Path(expand_home(path)).resolve()) if path else ""
