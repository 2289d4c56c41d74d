"""Learner, trainer and run carry a method that is nothing like pix2pix: two models, image pools, images in no
pairs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from learners import NoReading
from PIL import Image
from two_way import Sides, TwoWay

from pix2pix import resume, train
from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.config import TrainConfig
from pix2pix.data.examples import EXAMPLES
from pix2pix.methods import METHODS
from pix2pix.methods.base import Method
from pix2pix.methods.pix2pix import Pix2Pix
from pix2pix.runs.run import Run
from pix2pix.runtime.device import Machine
from pix2pix.training.events import Event, Saved
from pix2pix.training.learner import Learner


@pytest.fixture(autouse=True)
def _second_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "pix2pix", TwoWay)
    monkeypatch.setitem(EXAMPLES, "sides", Sides.open)


def tiny(folder: Path, **changes: Any) -> TrainConfig:
    settings = {
        "data": str(folder),
        "steps": 9,
        "size": 16,
        "width": 4,
        "depth": 3,
        "patch": "16",
        "precision": "fp32",
        "samples": 2,
    }
    intervals = {"log_every": 2, "sample_every": 5, "evaluate_every": 4, "save_every": 4}
    return TrainConfig(**{**settings, **intervals, **changes})


def assert_equal(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for key, value in left.items():
            assert_equal(value, right[key])
    else:
        assert torch.equal(left, right) if isinstance(left, torch.Tensor) else left == right


def test_a_run_of_it_leaves_two_models_and_grids_of_its_own_columns(tmp_path: Path) -> None:
    run = train(tiny(tmp_path), tmp_path / "run")
    assert (
        run.snapshot().state == "finished"
        and "note: 8 images of a and of b; on cpu, fp32" in run.snapshot().log
    )
    models = {
        name: load_checkpoint(run.path / name)
        for name in ("model.pth", "model_BtoA.pth", "best.pth", "best_BtoA.pth")
    }
    sides = {name: (model.config.in_channels, model.config.out_channels) for name, model in models.items()}
    assert sides == {
        "model.pth": (3, 1),
        "model_BtoA.pth": (1, 3),
        "best.pth": (3, 1),
        "best_BtoA.pth": (1, 3),
    }
    assert models["model_BtoA.pth"].about["task"] == "gray to photo"
    with Image.open(run.samples()[0][1]) as grid:
        assert grid.size == (6 * 16 + 5 * 4, 2 * 16 + 4)
    losses = next(row for row in run.rows() if "d_a" in row)
    assert losses.keys() == {"step", "rate", "d_a", "d_b", "g_a", "g_b", "cycle_a", "cycle_b"}
    assert [row["step"] for row in run.rows() if "val_cycle" in row] == [4, 8, 9]


def test_the_best_models_are_those_of_the_least_cycle_loss(tmp_path: Path) -> None:
    run = train(tiny(tmp_path, steps=12, rate=0.01, ema=0.0, evaluate_every=1), tmp_path / "run")
    values = {row["step"]: row["val_cycle"] for row in run.rows() if "val_cycle" in row}
    assert load_checkpoint(run.best_path).about["step"] == min(values, key=lambda step: values[step])


@pytest.mark.parametrize("changes", [{}, {"critic_steps": 2, "batch": 2}, {"accumulate": 2, "ema": 0.0}])
def test_a_stop_and_a_resume_change_nothing_to_the_bit(tmp_path: Path, changes: dict[str, Any]) -> None:
    config = tiny(tmp_path, **changes)
    straight = train(config, tmp_path / "straight")

    def stop(event: Event) -> None:
        if event.step == 6:
            Run(tmp_path / "stopped").request_stop()

    stopped = train(config, tmp_path / "stopped", on_event=stop)
    assert stopped.snapshot().state == "stopped" and stopped.snapshot().step in (6, 7)
    assert resume(stopped.path).snapshot().state == "finished"
    states = [torch.load(run.state_path, weights_only=True) for run in (straight, stopped)]
    assert_equal(*states)
    assert states[0]["method"]["pools"]["a"].abs().sum() > 0
    assert straight.metrics_path.read_text() == stopped.metrics_path.read_text()
    for name in ("model.pth", "model_BtoA.pth"):
        assert_equal(*(load_checkpoint(run.path / name).weights for run in (straight, stopped)))


def test_pools_are_filled_by_place_and_hold_what_the_generators_made(tmp_path: Path) -> None:
    pools: list[dict[str, torch.Tensor]] = []

    def keep(event: Event) -> None:
        if isinstance(event, Saved):
            pools.append({side: pool.clone() for side, pool in event.state["method"]["pools"].items()})

    train(tiny(tmp_path, save_every=2, steps=4), tmp_path / "run", on_event=keep)
    first, second = pools[0]["b"], pools[-1]["b"]
    assert [bool(image.any()) for image in first] == [True, True, False, False]
    assert torch.equal(first[:2], second[:2]) and all(bool(image.any()) for image in second)


def test_a_state_of_it_holds_each_network_player_and_running_mean_once(tmp_path: Path) -> None:
    state = torch.load(train(tiny(tmp_path, steps=1), tmp_path / "run").state_path, weights_only=True)
    networks = {"AtoB", "BtoA", "critic_a", "critic_b"}
    assert state.keys() >= networks | {
        "critics_optimizer",
        "generators_optimizer",
        "mean",
        "mean_BtoA",
        "model",
        "model_BtoA",
    }
    assert json.dumps(state["model_BtoA"]["in_channels"]) == "1"


def pix2pix(config: TrainConfig) -> Method:
    images = {"source": Sides.images["a"], "target": Sides.images["a"]}
    return Pix2Pix.build(config, images)


def two_way(config: TrainConfig) -> Method:
    return TwoWay.build(config, Sides.images)


@pytest.mark.parametrize("build", [pix2pix, two_way])
@pytest.mark.parametrize(
    "changes", [{}, {"gan": "wgan-gp", "critic_steps": 2}, {"accumulate": 2, "norm": "batch"}]
)
def test_no_value_is_read_back_within_a_step(tmp_path: Path, build: Any, changes: dict[str, Any]) -> None:
    config = tiny(tmp_path, discriminator_width=4, **changes)
    learner = Learner(build(config), config, Machine(torch.device("cpu")))
    names = ("source", "target") if build is pix2pix else ("a", "b")
    channels = (3, 3) if build is pix2pix else (3, 1)
    batch = {name: torch.rand(1, count, 16, 16) * 2 - 1 for name, count in zip(names, channels, strict=True)}
    learner.step(0, [batch] * config.passes(), 1.0)
    with NoReading():
        losses = learner.step(1, [batch] * config.passes(), 1.0)
    assert all(torch.isfinite(value) for value in losses.values())
