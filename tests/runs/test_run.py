"""A run directory tells the truth, whatever is missing, half written or held by somebody."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from pix2pix.cli.progress import describe
from pix2pix.config import TrainConfig
from pix2pix.errors import RunError
from pix2pix.runs.run import Run, find_runs
from pix2pix.training.events import Evaluated, Finished, Progress, Recovered, Sampled

CONFIG = TrainConfig(data="houses", steps=100)


def progress(step: int, loss: float = 0.5) -> Progress:
    return Progress(step, 100, {"g_l1": loss}, 2e-4, 0.25, 0.01)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "houses", CONFIG)


def test_a_new_run_keeps_its_settings(run: Run) -> None:
    snapshot = Run.open(run.path).snapshot()
    assert snapshot.config == CONFIG and (snapshot.state, snapshot.step, snapshot.steps) == ("new", 0, 100)
    assert not snapshot.can_resume and snapshot.model is None and snapshot.rows == []


def test_events_come_back_as_rows_samples_and_state(run: Run) -> None:
    with run.lock():
        run.record(Sampled(0, Image.new("RGB", (8, 8))))
        run.record(progress(50))
        run.record(Evaluated(50, {"ssim": 0.2}, {}))
        snapshot = run.snapshot()
    assert snapshot.rows == [{"step": 50, "g_l1": 0.5, "rate": 2e-4}, {"step": 50, "val_ssim": 0.2}]
    assert [step for step, _ in snapshot.samples] == [0]
    assert (snapshot.state, snapshot.seconds_left, snapshot.is_alive) == ("running", 12.5, True)


def test_the_time_left_goes_by_the_long_mean(run: Run) -> None:
    event = Progress(50, 100, {"g_l1": 0.5}, 2e-4, 0.25, 0.01, mean_seconds_per_step=2.0)
    run.record(event)
    snapshot = run.snapshot()
    assert (snapshot.seconds_per_step, snapshot.seconds_left) == (0.25, 100)
    assert "1:40 left" in describe(event)


def test_half_a_last_line_and_garbage_are_left_out(run: Run) -> None:
    run.record(progress(1))
    with run.metrics_path.open("ab") as file:
        file.write(b'\xff\xfe\n[1]\n{"no": 1}\n{"step": 2, "g_l')
    run.status_path.write_text('{"state": "runn')
    snapshot = run.snapshot()
    assert [row["step"] for row in snapshot.rows] == [1]
    assert (snapshot.state, snapshot.steps) == ("new", 100)


def test_rows_and_samples_past_a_step_are_dropped(run: Run) -> None:
    for step in (10, 20, 30):
        run.record(progress(step))
        run.record(Sampled(step, Image.new("RGB", (8, 8))))
    run.record(Recovered(30, 20, 0.5))
    assert [row["step"] for row in run.rows()] == [10, 20]
    assert [step for step, _ in run.samples()] == [10, 20]


def test_a_run_that_nobody_holds_did_not_stay_running(run: Run) -> None:
    run.record(progress(50))
    assert run.snapshot().state == "died"
    run.record(Finished(50, "stopped"))
    assert run.snapshot().state == "stopped"


def test_a_lock_dies_with_its_holder(run: Run) -> None:
    hold = (
        f"from pix2pix.runs.run import Run\nwith Run({str(run.path)!r}).lock():\n print('held',"
        " flush=True)\n input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        assert run.is_held()
        with pytest.raises(RunError, match="in use by another trainer"), run.lock():
            raise AssertionError("two hold the lock")
        holder.kill()
    assert not run.is_held()
    with run.lock():
        assert run.is_held()


def test_a_stop_is_seen_as_stopping(run: Run) -> None:
    with run.lock():
        run.record(progress(1))
        run.request_stop()
        assert run.snapshot().state == "stopping"


def test_readers_never_see_a_half_written_status(run: Run) -> None:
    with run.lock():
        run.record(progress(1))
        writer = threading.Thread(target=lambda: [run.write_status(step=step) for step in range(100)])
        writer.start()
        while writer.is_alive():
            assert json.loads(run.status_path.read_text())["state"] == "running"


def test_a_folder_of_something_else_is_neither_taken_nor_harmed(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(RunError, match="no run of ours"):
        Run.create(tmp_path, CONFIG)
    with pytest.raises(RunError, match="holds no run"):
        Run.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_a_broken_config_is_named(run: Run) -> None:
    run.config_path.write_text('{"width": "wide"}')
    with pytest.raises(RunError, match=r"config\.json cannot be read"):
        run.snapshot()


def test_runs_are_found_newest_first(tmp_path: Path) -> None:
    import os

    for age, name in enumerate(("new", "old")):
        os.utime(Run.create(tmp_path / name, CONFIG).config_path, (1e9 - age, 1e9 - age))
    (tmp_path / "other").mkdir()
    assert [run.name for run in find_runs(tmp_path)] == ["new", "old"]
    assert find_runs(tmp_path / "nowhere") == []
