"""Presets of settings by the time at hand: a few minutes, an evening, a night, or the
paper's own schedule."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pix2pix.config import TrainConfig, knobs
from pix2pix.method_settings import with_method_settings
from pix2pix.networks.patchgan import most_scales

PAPER_EPOCHS = 200
FITTED = ("size", "scales")
"""Settings of a preset that small pictures lower."""
FOUND = {"decoder": "sharp", "crisp": 0.5, "real_label": 0.9}
"""Settings that give better pictures than the paper's own choices (numbers in checkpoints/README.md)."""
PAPERS = {"decoder": "transposed", "crisp": 0.0, "real_label": 1.0}
TWO_SCALES = {"gan": "lsgan", "l1": 10.0, "scales": 2, "feature_matching": 10.0}
"""The losses that were best to the eye of seven recipes for facades at equal time (docs/results.md)."""
ONE_SCALE = {"gan": "vanilla", "l1": 100.0, "scales": 1, "feature_matching": 0.0}


@dataclass(frozen=True)
class Preset:
    """A named group of settings, with its number of steps for a number of pairs."""

    key: str
    title: str
    promise: str
    """What it is good for, in one line."""
    settings: dict[str, Any]
    steps: Callable[[int], int]

    method: str = "pix2pix"

    def changes(self, pairs: int, largest: int = 256) -> dict[str, Any]:
        """Returns all settings that the preset fixes, for `pairs` training examples (without pairs: pictures
        of the larger side) worth `largest` pixels."""
        steps = self.steps(pairs)
        size = min(self.settings["size"], largest)
        fixed = self.settings | {"size": size, "steps": steps}
        fixed["scales"] = min(self.settings["scales"], most_scales(70, size))
        return with_method_settings({"method": self.method, **fixed}) | intervals(steps)

    def apply(self, config: TrainConfig, pairs: int, *, largest: int = 256) -> TrainConfig:
        """Returns `config` with the settings of the preset."""
        return dataclasses.replace(config, **self.changes(pairs, largest))


def intervals(steps: int) -> dict[str, int]:
    """Returns how often to log, sample, validate and save in a training of `steps` steps: about 40 sample
    grids in all."""
    return {
        "log_every": max(1, min(50, steps // 100)),
        "sample_every": max(1, min(1000, steps // 40)),
        "evaluate_every": max(1, min(2000, steps // 20)),
        "save_every": max(1, min(2000, steps // 10)),
    }


def _good_steps(pairs: int) -> int:
    return max(8_000, min(40_000, 50 * pairs))


PRESETS = (
    Preset(
        "quick",
        "Quick look",
        "whether it learns what you mean, in small pictures",
        {
            "size": 128,
            "width": 32,
            "discriminator_width": 32,
            "batch": 1,
            "rate": 2e-4,
            "decay_from": 0.5,
            "ema": 0.99,
        }
        | FOUND
        | ONE_SCALE,
        lambda pairs: 1_500,
    ),
    Preset(
        "good",
        "Good",
        "a model to draw with: an hour on a GPU, a night without",
        {
            "size": 256,
            "width": 64,
            "discriminator_width": 64,
            "batch": 1,
            "rate": 2e-4,
            "decay_from": 0.5,
            "ema": 0.999,
        }
        | FOUND
        | TWO_SCALES,
        _good_steps,
    ),
    Preset(
        "paper",
        "Paper",
        f"{PAPER_EPOCHS} passes over your pairs, as in the paper",
        {
            "size": 256,
            "width": 64,
            "discriminator_width": 64,
            "batch": 1,
            "rate": 2e-4,
            "decay_from": 1.0,
            "ema": 0.0,
        }
        | PAPERS
        | ONE_SCALE,
        lambda pairs: PAPER_EPOCHS * max(1, pairs),
    ),
)


FOR_PAIRS = {"l1": 100.0, "feature_matching": 0.0}
"""Settings of pix2pix alone as they are where nobody chooses them: a form may come from there."""
WITHOUT_PAIRS = {"batch": 1, "rate": 2e-4, "decay_from": 0.5, "scales": 1} | PAPERS | FOR_PAIRS
CYCLE_PRESETS = (
    Preset(
        "quick",
        "Quick look",
        "whether it learns what you mean, in small pictures",
        {"size": 128, "width": 32, "discriminator_width": 32, "ema": 0.99} | WITHOUT_PAIRS,
        lambda pictures: 1_500,
        "cyclegan",
    ),
    Preset(
        "good",
        "Good",
        "two models to draw with: hours on a GPU, days without",
        {"size": 256, "width": 64, "discriminator_width": 64, "ema": 0.999} | WITHOUT_PAIRS,
        lambda pictures: max(10_000, min(40_000, 100 * pictures)),
        "cyclegan",
    ),
    Preset(
        "paper",
        "Paper",
        f"{PAPER_EPOCHS} passes over the larger side, as in the paper",
        {"size": 256, "width": 64, "discriminator_width": 64, "ema": 0.0} | WITHOUT_PAIRS,
        lambda pictures: PAPER_EPOCHS * max(1, pictures),
        "cyclegan",
    ),
)
METHOD_PRESETS = {"pix2pix": PRESETS, "cyclegan": CYCLE_PRESETS}
"""Presets of each method; the keys are the same."""


def find_preset(key: str | None, method: str = "pix2pix") -> Preset:
    """Returns the preset of that name; the first one of the method where there is none."""
    presets = METHOD_PRESETS[method]
    return next((preset for preset in presets if preset.key == key), presets[0])


def preset_of(config: TrainConfig) -> str:
    """Returns the title of the preset whose settings a run has, whatever its number of
    steps; `own` for none."""
    for preset in METHOD_PRESETS[config.method]:
        if all(
            getattr(config, name) == value for name, value in preset.settings.items() if name not in FITTED
        ):
            return preset.title
    return "own"


def command_line(config: TrainConfig, run: str) -> str:
    """Returns the command that starts the same training, with only what differs from the defaults."""
    words = ["pix2pix", "train", config.data or "DATA", *filter(None, [config.data_b]), "--run", run]
    own = with_method_settings({"method": config.method, "size": config.size})
    for knob in knobs():
        value = getattr(config, knob.name)
        usual = knob.default if knob.name in ("method", "size") else own.get(knob.name, knob.default)
        if knob.name in ("data", "data_b") or value == usual:
            continue
        flag = knob.name.replace("_", "-")
        if knob.type is bool:
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", f"{value:.10g}" if isinstance(value, (int, float)) else str(value)]
    return " ".join(shlex.quote(word) for word in words)
