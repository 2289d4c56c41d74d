"""Steps that are captured and replayed, here with a recorder that carries a step out again when replayed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from learners import Again, assert_same, make_batch, make_config, make_learner

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.config import TrainConfig
from pix2pix.imaging.tensors import Batch
from pix2pix.runs.execute import resume, train
from pix2pix.runtime.device import Machine, choose_machine
from pix2pix.training.events import Event, Noted, Progress
from pix2pix.training.learner import Learner
from pix2pix.training.step_graphs import KEPT, WARM_UP

EAGER = Machine(torch.device("cpu"))
CAPTURED = Machine(torch.device("cpu"), graphs=True)


def make_batches(config: TrainConfig, number: int, count: int = 1) -> list[Batch]:
    return [make_batch(100 * number + index, count) for index in range(config.passes())]


def captured_learner(config: TrainConfig, recorder: Again) -> Learner:
    return make_learner(config, CAPTURED, recorder=recorder)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"norm": "batch", "gan": "lsgan"},
        {"gan": "wgan-gp", "critic_steps": 3},
        {"gan": "none"},
        {"accumulate": 2},
        {"accumulate": 2, "critic_steps": 2, "gan": "hinge"},
        {"dropout": 0.0, "ema": 0.0},
    ],
)
def test_captured_steps_are_the_steps_that_are_not(changes: dict[str, object]) -> None:
    config = make_config(**changes)
    recorder = Again()
    eager, captured = make_learner(config, EAGER), captured_learner(config, recorder)
    for number in range(12):
        rate = 1 - number / 20
        batches = make_batches(config, number)
        left, right = (learner.step(number, batches, rate) for learner in (eager, captured))
        assert {name: float(value) for name, value in left.items()} == {
            name: float(value) for name, value in right.items()
        }
    for name, network in eager.method.networks.items():
        assert_same(network.state_dict(), captured.method.networks[name].state_dict())
    for name, mean in eager.ema.items():
        torch.testing.assert_close(mean.state_dict(), captured.ema[name].state_dict())
    # Steps of the discriminator alone are a graph of their own, and those that move the running mean.
    assert recorder.recordings == (1 if config.critic_steps == 1 else 2) + bool(config.ema)
    assert recorder.replays >= 12 - 2 * WARM_UP and not captured.remark


def test_losses_of_a_step_are_not_written_over_by_the_next() -> None:
    config = make_config()
    learner = captured_learner(config, Again())
    losses = [learner.step(number, make_batches(config, number), 1.0)["g_l1"] for number in range(7)]
    values = [float(value) for value in losses]
    assert len(set(values)) == 7


def test_another_size_of_batch_is_another_graph() -> None:
    config, recorder = make_config(batch=2), Again()
    eager, captured = make_learner(config, EAGER), captured_learner(config, recorder)
    for number in range(14):
        batches = make_batches(config, number, 1 + number % 2)
        left, right = (learner.step(number, batches, 1.0) for learner in (eager, captured))
        assert float(left["g"]) == float(right["g"])
    assert recorder.recordings == 2


def test_more_shapes_than_graphs_are_kept_go_on_without() -> None:
    config, recorder = make_config(batch=KEPT + 1, ema=0.0), Again()
    learner = captured_learner(config, recorder)
    for number in range((WARM_UP + 1) * (KEPT + 1)):
        learner.step(number, make_batches(config, number, 1 + number % (KEPT + 1)), 1.0)
    assert recorder.recordings == KEPT


def test_what_cannot_be_captured_is_trained_all_the_same_and_said_once() -> None:
    config = make_config()
    eager = make_learner(config, EAGER)
    broken = captured_learner(config, Again(RuntimeError("operation not permitted\nwhen capturing")))
    for number in range(6):
        batches = make_batches(config, number)
        assert float(eager.step(number, batches, 1.0)["g"]) == float(broken.step(number, batches, 1.0)["g"])
    assert broken.remark == (
        "steps run kernel by kernel: one could not be captured as a CUDA graph (operation not permitted)"
    )
    for name, network in eager.method.networks.items():
        assert_same(network.state_dict(), broken.method.networks[name].state_dict())


@pytest.mark.parametrize("after", [2, 6])
def test_a_state_goes_from_captured_steps_to_others_and_back(after: int) -> None:
    config = make_config()
    whole = make_learner(config, EAGER)
    for number in range(after + 6):
        whole.step(number, make_batches(config, number), 0.5)
    learners = [captured_learner(config, Again()), make_learner(config, EAGER)]
    learners[0].step(0, make_batches(config, 0), 0.5)
    for number in range(1, after):
        learners[0].step(number, make_batches(config, number), 0.5)
    learners[1].load_state(learners[0].state())
    for number in range(after, after + 3):
        learners[1].step(number, make_batches(config, number), 0.5)
    third = captured_learner(config, Again())
    third.load_state(learners[1].state())
    for number in range(after + 3, after + 6):
        third.step(number, make_batches(config, number), 0.5)
    for name, network in whole.method.networks.items():
        assert_same(network.state_dict(), third.method.networks[name].state_dict())
    groups = third.state()["generator_optimizer"]["param_groups"]
    assert all(isinstance(group["lr"], float) for group in groups)


@pytest.mark.gpu
@pytest.mark.parametrize(
    "changes",
    [{}, {"gan": "lsgan", "norm": "batch"}, {"gan": "wgan-gp", "critic_steps": 2}, {"accumulate": 2}],
)
def test_on_a_gpu_captured_steps_give_the_losses_of_eager_ones(changes: dict[str, object]) -> None:
    steps = 20
    rows = []
    for compile_ in ("auto", "off"):
        config = make_config(**changes, compile=compile_, device="cuda")
        machine = choose_machine(config)
        learner = make_learner(config, machine)
        assert machine.graphs == (compile_ == "auto")
        rows.append(
            [
                {
                    name: float(value)
                    for name, value in learner.step(number, make_batches(config, number), 1.0).items()
                }
                for number in range(steps)
            ]
        )
        assert not learner.remark
    for captured, eager in zip(*rows, strict=True):
        for name, value in eager.items():
            assert captured[name] == pytest.approx(value, rel=2e-2, abs=2e-2), name


@pytest.mark.gpu
@pytest.mark.parametrize("compile_", ["auto", "off"])
def test_on_a_gpu_two_runs_with_deterministic_kernels_are_equal_to_the_bit(
    compile_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    states = []
    try:
        for _ in range(2):
            config = make_config(compile=compile_, device="cuda", deterministic=True)
            learner = make_learner(config, choose_machine(config))
            for number in range(10):
                learner.step(number, make_batches(config, number), 1.0)
            states.append({name: value.cpu() for name, value in learner.state()["generator"].items()})
    finally:
        torch.use_deterministic_algorithms(False)
    assert_same(*states)


@pytest.mark.gpu
def test_on_a_gpu_a_resume_goes_on_with_the_same_numbers(pairs: Path, tmp_path: Path) -> None:
    settings = {"size": 32, "width": 4, "discriminator_width": 4, "patch": "16", "device": "cuda"}
    config = TrainConfig(data=str(pairs), steps=24, log_every=6, save_every=12, **settings)  # type: ignore[arg-type]
    whole = train(config, tmp_path / "whole")
    train(replace(config, steps=12), tmp_path / "half")
    half = resume(tmp_path / "half", steps=24)
    assert half.snapshot().state == "finished" and half.saved_step() == 24
    rows = [{row["step"]: row["g"] for row in run.rows() if "g" in row} for run in (whole, half)]
    assert rows[0].keys() == rows[1].keys()
    # The rate of the half that ended at 12 had decayed.
    assert rows[1][6] == pytest.approx(rows[0][6], rel=2e-2)


@pytest.mark.gpu
def test_on_a_gpu_graphs_are_used_by_the_trainer_and_the_run_is_written(pairs: Path, tmp_path: Path) -> None:
    settings = {"size": 32, "width": 4, "discriminator_width": 4, "patch": "16", "device": "cuda"}
    config = TrainConfig(data=str(pairs), steps=40, log_every=5, **settings)  # type: ignore[arg-type]
    events: list[Event] = []
    run = train(config, tmp_path / "run", events.append)
    assert not [event for event in events if isinstance(event, Noted) and "kernel by kernel" in event.remark]
    assert run.snapshot().state == "finished" and load_checkpoint(run.model_path).about["step"] == 40
    assert sum(isinstance(event, Progress) for event in events) == 8
