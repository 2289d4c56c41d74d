"""Background training: one process at a time, its death explained, its environment clean."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from pix2pix import jobs
from pix2pix.config import TrainConfig
from pix2pix.errors import DataError, RunError
from pix2pix.runs import Run


def tiny(pairs: Path, **changes: object) -> TrainConfig:
    settings = {"data": str(pairs), "steps": 6, "size": 32, "width": 4, "discriminator_width": 4, "patch": "16", "log_every": 2}
    return TrainConfig(**{**settings, **changes})  # type: ignore[arg-type]


def wait_for_rows(run: Run) -> None:
    end = time.monotonic() + 90
    while not run.rows():
        assert time.monotonic() < end, run.snapshot().log
        time.sleep(0.05)


def test_a_job_trains_to_the_end_and_logs_it(pairs: Path, tmp_path: Path) -> None:
    job = jobs.start(tmp_path / "run", tiny(pairs))
    assert jobs.running() is job and job.run.snapshot().is_alive
    job.wait(120)
    snapshot = job.run.snapshot()
    assert snapshot.state == "finished" and "step 6 of 6" in snapshot.log
    assert jobs.running() is None
    jobs.resume(tmp_path / "run", steps=8).wait(120)
    assert job.run.snapshot().step == 8


def test_one_at_a_time_and_a_killed_trainer_is_explained(pairs: Path, tmp_path: Path) -> None:
    job = jobs.start(tmp_path / "run", tiny(pairs, steps=1_000_000))
    try:
        with pytest.raises(RunError, match="run is being trained on this machine"):
            jobs.start(tmp_path / "second", tiny(pairs))
        assert not (tmp_path / "second").exists()
        wait_for_rows(job.run)
    finally:
        os.killpg(job.process.pid, signal.SIGKILL)
    job.wait(10)
    snapshot = job.run.snapshot()
    assert snapshot.state == "died" and "signal 9" in snapshot.reason and "memory" in snapshot.reason


def test_a_stop_file_ends_a_job_within_seconds(pairs: Path, tmp_path: Path) -> None:
    job = jobs.start(tmp_path / "run", tiny(pairs, steps=1_000_000))
    wait_for_rows(job.run)
    job.run.request_stop()
    job.wait(20)
    assert job.run.snapshot().state == "stopped" and job.process.returncode == 0


def test_bad_data_makes_no_run(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        jobs.start(tmp_path / "run", TrainConfig(data=str(tmp_path / "empty")))
    assert not (tmp_path / "run").exists()


def test_runs_found_after_a_restart_are_closed_or_adopted(pairs: Path, tmp_path: Path) -> None:
    dead, alive = (Run.create(tmp_path / name, tiny(pairs)) for name in ("dead", "alive"))
    for run in (dead, alive):
        run.write_status(state="running", step=3)
    with alive.lock():
        assert [run.name for run in jobs.adopt(tmp_path)] == ["alive"]
    assert dead.snapshot().state == "died" and dead.snapshot().reason


def test_no_secret_reaches_the_trainer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "OAUTH_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "DB_PASSWORD"):
        monkeypatch.setenv(name, "hush")
    environment = jobs.clean_environment()
    assert "hush" not in environment.values() and environment["PATH"] == os.environ["PATH"]
