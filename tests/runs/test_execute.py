"""Runs from their first step to their last: stopped, killed, resumed, poisoned, on a
full disk, shared by processes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.config import TrainConfig
from pix2pix.errors import ConfigError, DataError, NoSpaceError, RunError
from pix2pix.runs.execute import resume, train
from pix2pix.runs.run import Run
from pix2pix.runs.trackers import open_tracker
from pix2pix.training.events import Event, Finished, LeftOut, Progress, Recovered, Saved


def tiny(pairs: Path, **changes: object) -> TrainConfig:
    settings = {
        "data": str(pairs),
        "steps": 10,
        "size": 32,
        "width": 4,
        "discriminator_width": 4,
        "patch": "16",
        "log_every": 3,
    }
    intervals = {"sample_every": 5, "evaluate_every": 5, "save_every": 4, "samples": 2, "precision": "fp32"}
    return TrainConfig(**{**settings, **intervals, **changes})  # type: ignore[arg-type]


def assert_equal(left: object, right: object) -> None:
    """Values in dicts and lists, tensors bit for bit."""
    assert type(left) is type(right)
    if isinstance(left, dict):
        assert left.keys() == right.keys()  # type: ignore[attr-defined]
        for key, value in left.items():
            assert_equal(value, right[key])  # type: ignore[index]
    elif isinstance(left, list):
        assert len(left) == len(right)  # type: ignore[arg-type]
        for one, other in zip(left, right, strict=True):  # type: ignore[call-overload]
            assert_equal(one, other)
    else:
        assert torch.equal(left, right) if isinstance(left, torch.Tensor) else left == right  # type: ignore[arg-type]


def assert_same_state(left: Path, right: Path) -> None:
    """Weights, both Adams, running mean, sums and step."""
    first, second = (torch.load(path / "state.pt", weights_only=True) for path in (left, right))
    assert first.keys() == second.keys()
    assert_equal(first, second)
    assert (left / "metrics.jsonl").read_text() == (right / "metrics.jsonl").read_text()


def command(run: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "pix2pix", "train", *more, "--run", str(run)]


def wait_for(condition: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_leaves_all_that_the_design_names(pairs: Path, tmp_path: Path) -> None:
    run = train(tiny(pairs), tmp_path / "run")
    assert {path.name for path in run.path.iterdir()} >= {
        "config.json", "status.json", "metrics.jsonl", "samples", "state.pt", "model.pth", "best.pth",
        "log.txt",
    }  # fmt: skip
    snapshot = run.snapshot()
    assert (snapshot.state, snapshot.step, snapshot.steps) == ("finished", 10, 10)
    assert [step for step, _ in snapshot.samples] == [0, 5, 10]
    assert [row["step"] for row in snapshot.rows if "g_l1" in row] == [3, 6, 9, 10]
    assert [row["step"] for row in snapshot.rows if "val_ssim" in row] == [5, 10]
    about = load_checkpoint(run.model_path).about
    assert (about["step"], about["direction"], about["seed"]) == (10, "AtoB", 0)
    assert (
        about["command"].startswith(f"pix2pix train {pairs.name} --run runs/run ")
        and "--steps 10 " in about["command"] + " "
    )
    assert not list(run.path.rglob("*.part"))


@pytest.mark.parametrize("stop_at", [1, 4, 7])
def test_stop_and_resume_continue_bit_for_bit(pairs: Path, tmp_path: Path, stop_at: int) -> None:
    config = tiny(pairs, log_every=1)
    train(config, tmp_path / "straight")

    def stop(event: Event) -> None:
        if event.step == stop_at:
            Run(tmp_path / "stopped").request_stop()

    # A loss row a step, so that the stop is asked for in the middle of an interval of saving.
    run = train(config, tmp_path / "stopped", on_event=stop)
    assert (
        run.snapshot().state == "stopped"
        and run.snapshot().step in (stop_at, stop_at + 1)
        and run.snapshot().can_resume
    )
    assert resume(run.path).snapshot().state == "finished"
    assert_same_state(tmp_path / "straight", run.path)


def test_stop_between_two_rows_keeps_their_sums(pairs: Path, tmp_path: Path) -> None:
    config = tiny(pairs, log_every=5, save_every=2)
    train(config, tmp_path / "straight")
    run = train(
        config,
        tmp_path / "stopped",
        on_event=lambda event: Run(tmp_path / "stopped").request_stop() if event.step == 2 else None,
    )
    assert run.snapshot().step in (2, 3)
    resume(run.path)
    assert_same_state(tmp_path / "straight", run.path)


def wait_until_saved(run: Run, step: int) -> None:
    wait_for(lambda: any(row["step"] >= step for row in run.rows()) and run.state_path.exists())


def test_kill_9_loses_nothing_that_was_saved(pairs: Path, tmp_path: Path) -> None:
    config = tiny(pairs, steps=60, save_every=3, log_every=1, evaluate_every=20, sample_every=20)
    train(config, tmp_path / "straight")
    run = Run.create(tmp_path / "killed", config)
    for at_least in (4, 20):
        process = subprocess.Popen(
            [*command(run.path), "--resume"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(
            lambda: (
                any(row["step"] >= at_least for row in run.rows())  # noqa: B023  waited for at once
                and run.state_path.exists()
            )
        )
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert run.snapshot().state == "died"
        load_checkpoint(run.model_path)
    with run.metrics_path.open("a") as file:
        file.write('{"step": 99')
    resume(run.path)
    assert_same_state(tmp_path / "straight", run.path)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_twenty_kills_at_random_moments_are_survived_bit_for_bit(pairs: Path, tmp_path: Path) -> None:
    config = tiny(pairs, steps=400, save_every=7, log_every=1, evaluate_every=40, sample_every=30)
    train(config, tmp_path / "straight")
    run, chance, kills = Run.create(tmp_path / "killed", config), random.Random(0), 0
    for _ in range(100):
        process = subprocess.Popen(
            [*command(run.path), "--resume"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # Some while it starts, most in the middle of steps, saves and rows.
        if chance.random() < 0.8:
            wait_for(lambda: run.is_held() or process.poll() is not None)  # noqa: B023  # waited for at once
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0, 1.5))
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        assert run.state() in ("new", "died", "finished")
        if run.state() == "finished" or kills == 20:
            break
    assert kills >= 15
    resume(run.path)
    assert_same_state(tmp_path / "straight", run.path)
    assert [path.name for _, path in run.samples()] == [
        path.name for _, path in Run(tmp_path / "straight").samples()
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_step_saves_and_ends_as_stopped(
    pairs: Path, tmp_path: Path, number: int
) -> None:
    run = Run.create(
        tmp_path / "run",
        tiny(pairs, steps=100_000, save_every=100_000, evaluate_every=100_000, sample_every=100_000),
    )
    process = subprocess.Popen(
        [*command(run.path), "--resume"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: len(run.rows()) > 2)
    process.send_signal(number)
    assert process.wait(30) == 0
    snapshot = run.snapshot()
    assert snapshot.state == "stopped" and snapshot.can_resume and snapshot.model
    assert torch.load(run.state_path, weights_only=True)["step"] == snapshot.step > 0


def press_until_it_ends(process: subprocess.Popen[bytes]) -> int:
    """Presses Ctrl-C as a hand does: once more where nothing happens, for code in C may
    swallow what Python raises."""
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.wait(20)
    raise AssertionError("three more signals did not end it")


def test_a_second_signal_stops_in_the_middle_of_a_step(pairs: Path, tmp_path: Path) -> None:
    # A step of many seconds.
    run = Run.create(tmp_path / "run", tiny(pairs, steps=100, accumulate=1000, width=32))
    process = subprocess.Popen(
        [*command(run.path), "--resume"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: run.snapshot().state == "running")
    process.send_signal(signal.SIGINT)
    wait_for(run.stop_requested)
    assert press_until_it_ends(process) == 130
    snapshot = run.snapshot()
    assert (snapshot.state, snapshot.step) == ("stopped", 0)
    assert "in the middle of a step" in run.read_status()["reason"]


def test_prolonging_adds_steps(pairs: Path, tmp_path: Path) -> None:
    run = train(tiny(pairs, steps=4), tmp_path / "run")
    assert resume(run.path, steps=6).snapshot().steps == 6
    assert run.snapshot().step == 6 and run.config().steps == 4
    assert load_checkpoint(run.model_path).about["metrics"]["step"] == 6


def test_fine_tuning_starts_from_the_weights_and_keeps_their_network(pairs: Path, tmp_path: Path) -> None:
    first = train(tiny(pairs, width=6, norm="batch"), tmp_path / "first")
    tuned = train(tiny(pairs, steps=1, rate=1e-8, init=str(first.model_path), ema=0.0), tmp_path / "tuned")
    assert (tuned.config().width, tuned.config().norm) == (6, "batch")
    old, new = load_checkpoint(first.model_path).weights, load_checkpoint(tuned.model_path).weights
    for name, value in old.items():
        if name.endswith("weight"):
            torch.testing.assert_close(new[name], value, rtol=1e-2, atol=1e-3)


def test_a_checkpoint_for_other_channels_is_refused_before_a_run_is_made(pairs: Path, tmp_path: Path) -> None:
    first = train(tiny(pairs, steps=1, source="gray"), tmp_path / "first")
    with pytest.raises(ConfigError, match="takes pictures of 1 channel"):
        train(tiny(pairs, init=str(first.model_path)), tmp_path / "second")
    assert not (tmp_path / "second").exists()


class Poison:
    """A listener that makes the living generator's weights NaN after chosen
    saves: what a bad step would do."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Saved) and self.times:
            self.times -= 1
            for value in event.state["generator"].values():
                value.fill_(float("nan"))


def test_a_nan_goes_back_to_the_last_good_state_with_half_the_rate(pairs: Path, tmp_path: Path) -> None:
    poison = Poison(times=2)
    run = train(tiny(pairs), tmp_path / "run", on_event=poison)
    recoveries = [event for event in poison.events if isinstance(event, Recovered)]
    assert [(event.step, event.back_to, event.rate_scale) for event in recoveries] == [
        (5, 4, 0.5),
        (9, 8, 0.25),
    ]
    assert run.snapshot().state == "finished" and "back to step 4" in run.snapshot().log
    assert run.rows()[-2]["rate"] < 0.26 * 2e-4
    assert [row["step"] for row in run.rows() if "g_l1" in row] == [3, 6, 9, 10]
    load_checkpoint(run.model_path)


def test_four_nans_end_as_diverged_with_the_step_named_and_a_good_model(pairs: Path, tmp_path: Path) -> None:
    poison = Poison(times=99)
    run = train(tiny(pairs, save_every=2), tmp_path / "run", on_event=poison)
    snapshot = run.snapshot()
    assert snapshot.state == "diverged" and "step 9" in snapshot.reason
    assert isinstance(poison.events[-1], Finished)
    load_checkpoint(run.model_path)
    assert torch.load(run.state_path, weights_only=True)["step"] == 8


@pytest.fixture
def small_disk(tmp_path: Path) -> object:
    """A folder that holds 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if (
        os.name != "posix"
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True
        ).returncode
    ):
        pytest.skip("a small file system cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_fails_the_run_and_leaves_the_last_good_model(pairs: Path, small_disk: Path) -> None:
    run_path = small_disk / "run"

    def fill(event: Event) -> None:
        if isinstance(event, Saved) and event.step == 2:
            free = shutil.disk_usage(small_disk).free
            (small_disk / "filler").write_bytes(bytes(max(0, free - 4096)))

    with pytest.raises(NoSpaceError, match="no space left"):
        train(tiny(pairs, save_every=2), run_path, on_event=fill)
    run = Run.open(run_path)
    assert run.snapshot().state == "failed" and run.snapshot().reason.startswith("no space left")
    load_checkpoint(run.model_path)
    assert torch.load(run.state_path, weights_only=True)["step"] == 2
    assert not list(run_path.rglob("*.part"))
    (small_disk / "filler").unlink()
    assert resume(run_path).snapshot().state == "finished"


def test_a_run_in_use_is_refused_and_unharmed(pairs: Path, tmp_path: Path) -> None:
    run = train(tiny(pairs, steps=2), tmp_path / "run")
    before = run.state_path.read_bytes()
    with run.lock(), pytest.raises(RunError, match="in use by another trainer"):
        resume(run.path, steps=4)
    assert run.state_path.read_bytes() == before


def test_bad_data_and_a_taken_name_leave_nothing_behind(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        train(tiny(tmp_path / "empty"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    train(tiny(pairs, steps=1), tmp_path / "run")
    with pytest.raises(RunError, match="already holds a run"):
        train(tiny(pairs, steps=1), tmp_path / "run")
    with pytest.raises(RunError, match="holds no run"):
        resume(tmp_path / "empty")


def test_trains_in_a_thread_of_a_notebook(pairs: Path, tmp_path: Path) -> None:
    thread = threading.Thread(target=train, args=(tiny(pairs, steps=2), tmp_path / "run"))
    thread.start()
    thread.join(60)
    assert Run.open(tmp_path / "run").snapshot().state == "finished"


def test_two_processes_train_what_one_does(pairs: Path, tmp_path: Path) -> None:
    settings = [
        "--steps",
        "4",
        "--size",
        "32",
        "--width",
        "4",
        "--discriminator-width",
        "4",
        "--patch",
        "16",
        "--precision",
        "fp32",
    ]
    settings += [
        "--batch",
        "2",
        "--log-every",
        "2",
        "--save-every",
        "3",
        "--evaluate-every",
        "4",
        "--device",
        "cpu",
    ]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*torchrun, "-m", "--", *command(tmp_path / "two", str(pairs), *settings)[2:]],
        check=True,
        env=environment,
        timeout=200,
    )
    subprocess.run(command(tmp_path / "one", str(pairs), *settings), check=True, env=environment, timeout=200)
    one, two = (load_checkpoint(tmp_path / name / "model.pth").weights for name in ("one", "two"))
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-2, atol=2e-4)
    rows = [
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    ]
    for left, right in zip(*rows, strict=True):
        assert left.keys() == right.keys()
        assert all(left[key] == pytest.approx(right[key], rel=1e-2) for key in left)


def test_a_stop_of_two_processes_saves_and_ends_as_stopped(pairs: Path, tmp_path: Path) -> None:
    run = Run.create(
        tmp_path / "run",
        tiny(pairs, steps=100_000, batch=2, log_every=1, save_every=100_000, evaluate_every=100_000),
    )
    torchrun = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "--",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with (tmp_path / "output").open("w") as output:
        process = subprocess.Popen(
            [*torchrun, *command(run.path)[2:], "--resume"], env=environment, stdout=output, stderr=output
        )
    wait_for(lambda: len(run.rows()) > 2, 100)
    process.send_signal(signal.SIGINT)
    process.wait(60)
    assert run.snapshot().state == "stopped", (tmp_path / "output").read_text()
    assert run.saved_step() == run.snapshot().step > 0


def test_what_is_left_out_is_heard_and_logged(pairs: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(pairs, data)
    (data / "broken.png").write_bytes((data / "house0.png").read_bytes()[:200])
    for cache in ("memory", "stream"):
        events: list[Event] = []
        run = train(tiny(data, cache=cache, workers=0), tmp_path / cache, on_event=events.append)
        left_out = [event for event in events if isinstance(event, LeftOut)]
        assert [Path(event.file).name for event in left_out] == ["broken.png"]
        assert "left out" in run.snapshot().log and "broken.png" in run.snapshot().log


def test_validation_pictures_that_cannot_be_read_do_not_end_a_run(pairs: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(pairs, data / "train")
    (data / "val").mkdir()
    (data / "val" / "broken.png").write_bytes((pairs / "house0.png").read_bytes()[:200])
    run = train(tiny(data, steps=2), tmp_path / "run")
    assert run.snapshot().state == "finished" and "broken.png" in run.snapshot().log


def test_tensorboard_files_hold_the_losses(pairs: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the tensorboard extra is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = train(tiny(pairs, steps=3, tracker="tensorboard"), tmp_path / "run")
    events = EventAccumulator(str(run.path / "tensorboard"))
    events.Reload()
    assert [scalar.step for scalar in events.Scalars("loss/g_l1")] == [3]
    assert events.Images("samples")


def test_steps_that_a_killed_start_made_stand_once_in_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the tensorboard extra is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for begin, steps in ((0, (5, 10, 15)), (10, (15, 20))):
        with open_tracker("tensorboard", tmp_path, settings={}, step=begin, say=print) as tell:
            for step in steps:
                tell(Progress(step, 20, {"g_l1": 0.5}, 1e-4, 0.1, 0.0))
        time.sleep(1.1)  # files are told apart by the second
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [scalar.step for scalar in events.Scalars("loss/g_l1")] == [5, 10, 15, 20]
