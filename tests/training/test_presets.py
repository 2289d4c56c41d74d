"""Presets and the command that does the same."""

from __future__ import annotations

import argparse
import shlex

import pytest

from pix2pix.cli import flags
from pix2pix.config import TrainConfig
from pix2pix.training.presets import (
    METHOD_PRESETS,
    PRESETS,
    command_line,
    find_preset,
    intervals,
    preset_of,
)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
@pytest.mark.parametrize("pairs", [1, 400, 10_000])
def test_a_preset_makes_settings_that_hold(preset: object, pairs: int) -> None:
    config = preset.apply(TrainConfig(data="pairs"), pairs)  # type: ignore[attr-defined]
    assert preset_of(config) == preset.title  # type: ignore[attr-defined]
    assert config.sample_every <= config.steps and config.save_every <= config.steps


def test_the_papers_preset_is_200_passes() -> None:
    assert find_preset("paper").changes(400)["steps"] == 80_000
    assert find_preset("anything sent").key == "quick"


@pytest.mark.parametrize("steps", [1, 10, 500, 100_000])
def test_what_is_told_comes_often_enough_to_be_watched(steps: int) -> None:
    each = intervals(steps)
    assert (
        all(value >= 1 for value in each.values())
        and each["log_every"] <= 50
        and each["sample_every"] <= 1000
    )


@pytest.mark.parametrize(
    "config",
    [
        TrainConfig(data="my pairs"),
        TrainConfig(
            data="a", mirror=False, gan="lsgan", rate=1e-05, steps=123_456, init="it's.pth", beta1=0.123456
        ),
        find_preset("quick").apply(TrainConfig(data="a", direction="BtoA"), 3),
    ],
)
def test_the_command_starts_the_same_training(config: TrainConfig) -> None:
    words = shlex.split(command_line(config, "runs/my run"))
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--run")
    flags.add_knobs(parser)
    args = parser.parse_args(words[2:])
    assert TrainConfig(**flags.given(args)) == config and args.run == "runs/my run"


def test_presets_without_pairs_have_their_methods_own_settings() -> None:
    assert [preset.key for preset in METHOD_PRESETS["cyclegan"]] == [preset.key for preset in PRESETS]
    config = find_preset("paper", "cyclegan").apply(TrainConfig(method="cyclegan"), 220)
    assert (config.generator, config.blocks, config.gan, config.dropout) == ("resnet", 9, "lsgan", 0.0)
    assert (config.steps, config.decay_from, config.ema, config.crisp) == (44_000, 0.5, 0.0, 0.0)
    assert find_preset("quick", "cyclegan").apply(TrainConfig(method="cyclegan"), 220).blocks == 6
    assert preset_of(config) == "Paper" and command_line(config, "runs/x").count("--") < 12
    words = command_line(config, "runs/x")
    assert "--method cyclegan" in words and "--generator" not in words and "--gan" not in words
