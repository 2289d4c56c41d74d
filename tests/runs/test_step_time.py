"""Times measured by real steps, remembered for this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pix2pix.config import TrainConfig
from pix2pix.runs.step_time import StepTimes, key_of, measure


def test_a_time_is_measured_in_the_background_once_and_kept_on_the_disk(pairs: Path, tmp_path: Path) -> None:
    config = TrainConfig(data=str(pairs), size=32, width=4, discriminator_width=4, precision="fp32")
    pace = StepTimes(tmp_path)
    assert pace.seconds_per_step(config) is None and not pace.is_busy()
    pace.ask(config)
    pace.ask(config)
    assert pace.is_busy()
    pace.wait(100)
    seconds = StepTimes(tmp_path).seconds_per_step(config)
    assert seconds is not None and 0 < seconds < 5 and len(json.loads(pace.path.read_text())) == 1
    assert not pace.is_busy() and list(tmp_path.iterdir()) == [pace.path]


def test_what_cannot_be_measured_is_not_asked_for_again(tmp_path: Path) -> None:
    config = TrainConfig(data=str(tmp_path / "none"))
    pace = StepTimes(tmp_path)
    pace.ask(config)
    pace.wait(100)
    pace.ask(config)
    assert pace.seconds_per_step(config) is None and not pace.is_busy()
    assert measure(config) is None


def test_a_damaged_memory_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / ".pace.json").write_text("[1")
    assert StepTimes(tmp_path).seconds_per_step(TrainConfig()) is None


def test_settings_that_cost_time_are_told_apart() -> None:
    keys = {
        key_of(TrainConfig(**changes))
        for changes in ({}, {"size": 128}, {"width": 32}, {"batch": 2}, {"gan": "none"})
    }
    kinds: tuple[dict[str, Any], ...] = (
        {"skips": False},
        {"dropout": 0.0},
        {"dialect": "usual"},
        {"conditional": False},
    )
    keys |= {key_of(TrainConfig(**changes)) for changes in kinds}
    assert len(keys) == 9 and key_of(TrainConfig(seed=1, steps=5)) == key_of(TrainConfig())
