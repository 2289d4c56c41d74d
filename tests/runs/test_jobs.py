"""Background training: one process at a time, a queue on disk, a death explained."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pix2pix.config import TrainConfig
from pix2pix.errors import CheckpointError, DataError, RunError
from pix2pix.runs import jobs
from pix2pix.runs import queue as run_queue
from pix2pix.runs.run import Run, find_runs

LONG = 1_000_000


def tiny(pairs: Path, **changes: object) -> TrainConfig:
    settings = {
        "data": str(pairs),
        "steps": 6,
        "size": 32,
        "width": 4,
        "discriminator_width": 4,
        "patch": "16",
        "log_every": 2,
    }
    settings |= {"precision": "fp32", "samples": 1}
    return TrainConfig(**{**settings, **changes})  # type: ignore[arg-type]


def wait_until(holds: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def ends_all(tmp_path: Path) -> Iterator[None]:
    """Whatever a test has started or queued ends with it."""
    yield
    for run in run_queue.waiting(tmp_path / "runs"):
        run_queue.leave(run)
    while job := jobs.running():
        job.process.kill()
        job.wait(10)


def job_of(run: Run) -> jobs.Job:
    job = jobs.running()
    assert job is not None and job.run.path == run.path
    return job


def test_a_job_trains_to_the_end_and_logs_it(pairs: Path, tmp_path: Path) -> None:
    run = jobs.start(tmp_path / "runs", "houses", config=tiny(pairs))
    assert run.name == "houses" and run.snapshot().is_alive
    job_of(run).wait(120)
    snapshot = run.snapshot()
    assert snapshot.state == "finished" and "step 6 of 6" in snapshot.log and snapshot.trained > 0
    assert jobs.running() is None
    jobs.resume(run.path, steps=8)
    job_of(run).wait(120)
    assert run.snapshot().step == 8


def test_a_killed_trainer_is_explained_within_3_seconds_and_the_next_one_has_its_turn(
    pairs: Path, tmp_path: Path
) -> None:
    first = jobs.start(tmp_path / "runs", "first", config=tiny(pairs, steps=LONG))
    second = jobs.start(tmp_path / "runs", "second", config=tiny(pairs))
    assert second.state() == "queued" and run_queue.place_of(second) == (1, 1)
    wait_until(first.rows)
    os.killpg(job_of(first).process.pid, signal.SIGKILL)
    wait_until(lambda: first.read_status()["state"] == "died", 3)
    snapshot = first.snapshot()
    assert "signal 9" in snapshot.reason and "memory" in snapshot.reason and snapshot.state == "died"
    wait_until(lambda: second.snapshot().state == "finished")


def test_a_stop_is_obeyed_within_seconds_also_while_the_trainer_is_only_starting(
    pairs: Path, tmp_path: Path
) -> None:
    run = jobs.start(tmp_path / "runs", "houses", config=tiny(pairs, steps=LONG))
    run.request_stop()
    assert run.state() == "stopping"
    wait_until(lambda: run.state() == "stopped", 60)
    jobs.resume(run.path)
    job = job_of(run)
    wait_until(lambda: run.state() == "running" and run.snapshot().step > 10)
    run.request_stop()
    job.wait(10)
    assert run.state() == "stopped" and job.process.returncode == 0


def test_a_run_that_waits_again_before_its_process_has_left_is_not_called_dead(
    pairs: Path, tmp_path: Path
) -> None:
    run = jobs.start(tmp_path / "runs", "houses", config=tiny(pairs, steps=LONG))
    run_queue.join(run)
    job = job_of(run)
    job.process.kill()
    job.wait(10)
    assert run.state() == "queued"


def test_a_run_can_leave_the_queue_and_is_gone_or_what_it_was(pairs: Path, tmp_path: Path) -> None:
    at_work = jobs.start(tmp_path / "runs", "at work", config=tiny(pairs, steps=LONG))
    fresh = jobs.start(tmp_path / "runs", "fresh", config=tiny(pairs, seed=1))
    old = Run.create(tmp_path / "runs" / "old", tiny(pairs))
    old.write_status(state="stopped", step=3)
    jobs.resume(old.path)
    assert [run_queue.place_of(run)[0] for run in (at_work, fresh, old)] == [0, 1, 2]
    with pytest.raises(RunError, match="waits for its turn"):
        jobs.resume(old.path)
    assert "left the queue" in run_queue.leave(fresh) and not fresh.path.exists()
    run_queue.leave(old)
    assert old.state() == "stopped" and run_queue.waiting(tmp_path / "runs") == []
    with pytest.raises(RunError, match="does not wait"):
        run_queue.leave(old)


def test_fifty_presses_from_threads_make_one_run(pairs: Path, tmp_path: Path) -> None:
    names: list[str] = []

    def press() -> None:
        names.append(jobs.start(tmp_path / "runs", "", config=tiny(pairs, steps=LONG)).name)

    threads = [threading.Thread(target=press) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names == ["pairs"] * 50
    assert [run.name for run in find_runs(tmp_path / "runs")] == ["pairs"]


PRESS = """
import sys
from pix2pix.runs import jobs
from pix2pix.config import TrainConfig
tiny = {"size": 32, "width": 4, "discriminator_width": 4, "patch": "16"}
config = TrainConfig(data=sys.argv[1], **tiny, log_every=1, steps=1_000_000)
print(jobs.start(sys.argv[2], "", config=config).name)
"""


def test_presses_in_several_servers_make_one_run(pairs: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PRESS, str(pairs), str(tmp_path / "runs")]
    servers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [server.communicate(timeout=100)[0].strip() for server in servers]
    run = Run(tmp_path / "runs" / "pairs")
    # Its server has gone, and it trains on: this one finds it at work.
    wait_until(lambda: run.state() == "running")
    assert said == ["pairs"] * 3 and len(find_runs(tmp_path / "runs")) == 1
    assert [found.name for found in jobs.adopt(tmp_path / "runs")] == ["pairs"]
    later = jobs.start(tmp_path / "runs", "later", config=tiny(pairs))
    assert later.state() == "queued"
    os.kill(run.read_status()["pid"], signal.SIGKILL)
    wait_until(lambda: run.read_status()["state"] == "died", 5)
    assert "without a word" in run.snapshot().reason
    wait_until(lambda: later.state() == "finished")


def test_the_minutes_that_a_run_may_take_end_it(pairs: Path, tmp_path: Path) -> None:
    run = jobs.start(tmp_path / "runs", "houses", config=tiny(pairs, steps=LONG), owner="ada", minutes=0.05)
    wait_until(lambda: run.state() == "stopped")
    assert run.owner == "ada" and "0.05 minutes" in run.snapshot().reason


def test_bad_data_and_a_bad_start_make_no_run(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        jobs.start(tmp_path / "runs", "houses", config=TrainConfig(data=str(tmp_path / "empty")))
    assert not (tmp_path / "runs").exists()
    with pytest.raises(CheckpointError):
        jobs.start(tmp_path / "runs", "houses", config=tiny(pairs, init=str(tmp_path / "none.pth")))
    assert find_runs(tmp_path / "runs") == []


def test_fine_tuning_takes_the_network_of_its_start(pairs: Path, tiny_run: Path, tmp_path: Path) -> None:
    run = jobs.start(
        tmp_path / "runs", "tuned", config=tiny(pairs, width=8, steps=2, init=str(tiny_run / "model.pth"))
    )
    assert run.config().width == 4
    job_of(run).wait(60)
    assert run.state() == "finished"


def test_a_name_that_is_taken_is_refused(pairs: Path, tmp_path: Path) -> None:
    Run.create(tmp_path / "runs" / "houses", tiny(pairs))
    with pytest.raises(RunError, match="already holds a run"):
        jobs.start(tmp_path / "runs", "houses", config=tiny(pairs))


def test_a_run_is_removed_unless_it_trains(pairs: Path, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "runs" / "houses", tiny(pairs))
    run.write_status(state="running")
    with run.lock(), pytest.raises(RunError, match="Stop it first"):
        jobs.remove(run.path)
    jobs.remove(run.path)
    assert not run.path.exists()


def test_runs_found_after_a_restart_are_closed_or_adopted(pairs: Path, tmp_path: Path) -> None:
    dead, alive = (Run.create(tmp_path / name, tiny(pairs)) for name in ("dead", "alive"))
    for run in (dead, alive):
        run.write_status(state="running", step=3)
    with alive.lock():
        assert [run.name for run in jobs.adopt(tmp_path)] == ["alive"]
    assert dead.snapshot().state == "died" and dead.snapshot().reason


def test_a_run_without_a_name_takes_a_free_one_from_its_data(tmp_path: Path) -> None:
    assert jobs.free_name(tmp_path, "some/where/my pairs!/") == "my-pairs"
    (tmp_path / "my-pairs").mkdir()
    assert jobs.free_name(tmp_path, "my pairs") == "my-pairs-2"
