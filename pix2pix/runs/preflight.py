"""Prepares a training: reads and checks settings, data, start and device once, before anything is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pix2pix.checkpoints.vgg_file import read_vgg
from pix2pix.config import ModelConfig, TrainConfig, knobs
from pix2pix.data.examples import EXAMPLES, Examples
from pix2pix.errors import ConfigError
from pix2pix.method_settings import METHOD_ONLY
from pix2pix.methods import method_of
from pix2pix.runs.run import Run
from pix2pix.runs.start import Start, Weights, check_start, read_start, start_weights, whole_path
from pix2pix.runs.trackers import check_tracker
from pix2pix.runtime.device import Machine, choose_machine
from pix2pix.settings import range_text

ADJUSTABLE = ("steps", "device", "compile", "workers", "cache", "tracker")
"""Settings that may change between starts of a run; none but the number of steps changes what is learned."""
RESNET_MULTIPLE = 4
"""A ResNet halves the picture twice."""
PATHS = ("data", "data_b", "paired_test", "init", "init_discriminator")
DATA = ("data", "data_b")
"""Settings that name pictures, which may be moved between starts of a run."""


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
    if config.perceptual:
        read_vgg()
    check_best(asked or {}, config)
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
    check_start(config, models, start=start)
    weights = start_weights(start, models, scales=config.scales)
    return Prepared(config, examples, models, weights, machine)


def prepare_run(run: Run, config: TrainConfig) -> Prepared:
    """Prepares a run that is resumed or new, with its stored settings. Raises `Pix2PixError` where its
    data has changed."""
    saved = run.saved_model()
    start = Start() if saved else read_start(config)
    examples = _open_examples(config, saved, start=start)
    models = method_of(config).describe(config, examples.images)
    weights = start_weights(start, models, scales=config.scales)
    return Prepared(config, examples, models, weights, choose_machine(config, run.saved_precision()))


def _open_examples(config: TrainConfig, saved: ModelConfig | None, *, start: Start) -> Examples:
    """Opens the data of a training, interpreted as for its saved model or its start."""
    return EXAMPLES[method_of(config).examples](
        config, saved, start.generator.config if start.generator else None
    )


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
        crop=nearest_size(config.crop, start) if config.crop else 0,
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


def check_best(asked: Mapping[str, Any], config: TrainConfig) -> None:
    """Raises `ConfigError` where somebody asked for a metric of pairs to choose the best model by, and there
    are none."""
    if config.method == "cyclegan" and config.best == "class_accuracy":
        raise ConfigError(
            "best is class_accuracy, which is for pairs (method pix2pix). Take best detail or ssim."
        )
    if "best" in asked and config.method == "cyclegan" and not config.paired_test:
        raise ConfigError(
            f"best {config.best} compares with a true picture, and a training without pairs has none: its "
            "best model is that of the lowest cycle_l1. Leave best out, or name a folder of pairs as "
            "paired_test."
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
    for name in ("size", "crop"):
        side = asked.get(name)
        if side and nearest_size(side, model) != side:
            raise ConfigError(
                f"{name} {side} was asked for, and the levels of {init} need a multiple of "
                f"{nearest_size(1, model)}. Take {name} {nearest_size(side, model)}, or leave {name} out."
            )
