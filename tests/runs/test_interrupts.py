"""A stop saves, whatever becomes of the terminal: real signals and real pipes, in a process of its own."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from pix2pix.config import TrainConfig
from pix2pix.runs.run import Run

NEVER = 100_000


def begin(pairs: Path, folder: Path, **changes: Any) -> Run:
    """A run that says something each step, and saves only when it is stopped."""
    settings = {
        "data": str(pairs),
        "steps": NEVER,
        "size": 32,
        "width": 4,
        "discriminator_width": 4,
        "patch": "16",
        "log_every": 1,
    }
    settings |= {
        "sample_every": NEVER,
        "evaluate_every": NEVER,
        "save_every": NEVER,
        "samples": 1,
        "precision": "fp32",
    }
    return Run.create(folder, TrainConfig(**(settings | changes)))


def command(run: Run) -> list[str]:
    return [sys.executable, "-m", "pix2pix", "train", "--run", str(run.path), "--resume"]


def wait_for(holds: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def assert_saved(run: Run) -> None:
    snapshot = run.snapshot()
    assert (snapshot.state, snapshot.reason) == ("stopped", ""), snapshot.log
    assert torch.load(run.state_path, weights_only=True)["step"] == snapshot.step > 0
    assert snapshot.model and not run.stop_requested()


def start(run: Run, shell: str = "", **options: Any) -> subprocess.Popen[bytes]:
    """The trainer in a session of its own, as of a terminal that is not ours; with `shell`, which
    names it `$@`, in a pipeline."""
    words = ["bash", "-c", shell, "bash", *command(run)] if shell else command(run)
    started = subprocess.Popen(words, start_new_session=True, stdin=subprocess.DEVNULL, **options)
    wait_for(lambda: len(run.rows()) > 2)
    return started


def test_ctrl_c_with_the_output_in_a_pipe_saves(pairs: Path, tmp_path: Path) -> None:
    run = begin(pairs, tmp_path / "run")
    for _ in range(2):
        steps = run.snapshot().step
        started = start(run, f"set -o pipefail; \"$@\" 2>&1 | tee '{tmp_path}/log'")
        wait_for(lambda: run.snapshot().step > steps + 5)  # noqa: B023  # waited for at once
        # A terminal sends it to all that runs in it: the reader of the pipe is gone first.
        os.killpg(started.pid, signal.SIGINT)
        started.wait(60)
        wait_for(lambda: not run.is_held())
        assert_saved(run)


@pytest.mark.parametrize(
    "shell",
    [
        '"$@" 2>&1 | head -2',
        '"$@" 2>&- >&- <&-',
        pytest.param('"$@" > /dev/full 2>&1', marks=pytest.mark.slow),
    ],
)
def test_a_reader_that_leaves_and_a_stream_that_is_not_there_end_nothing(
    pairs: Path, tmp_path: Path, shell: str
) -> None:
    run = begin(pairs, tmp_path / "run")
    started = start(run, shell, stdout=subprocess.DEVNULL)
    step = run.snapshot().step
    wait_for(lambda: run.snapshot().step > step + 20)
    Run(run.path).request_stop()
    assert started.wait(60) == 0
    wait_for(lambda: not run.is_held())
    assert_saved(run)


def hear_hang_up() -> None:
    """In the child: the system's own answer to SIGHUP, though these tests may run under nohup;
    the terminal on 0 is its own."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_terminal_that_is_closed_stops_and_saves(pairs: Path, tmp_path: Path) -> None:
    run = begin(pairs, tmp_path / "run")
    ours, theirs = os.openpty()
    started = subprocess.Popen(
        command(run),
        start_new_session=True,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=hear_hang_up,
    )
    os.close(theirs)
    os.set_blocking(ours, False)

    def has_begun() -> bool:
        with suppress(BlockingIOError):
            os.read(ours, 65_536)
        return len(run.rows()) > 2

    wait_for(has_begun)
    os.close(ours)
    assert started.wait(60) == 0
    assert_saved(run)


def test_a_signal_that_comes_twice_at_once_is_one_and_a_closing_terminal_is_never_the_second(
    pairs: Path, tmp_path: Path
) -> None:
    """`timeout` signals its child and then the group of both; a shell and the kernel both
    tell of a terminal that closes."""
    run = begin(pairs, tmp_path / "run", accumulate=20)
    started = start(
        run,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGTERM, signal.SIGHUP):
        started.send_signal(number)
    assert started.wait(60) == 0
    assert_saved(run)


@pytest.mark.slow
def test_under_nohup_a_closing_terminal_changes_nothing(pairs: Path, tmp_path: Path) -> None:
    run = begin(pairs, tmp_path / "run")
    started = start(run, 'trap "" HUP; exec "$@"', stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started.send_signal(signal.SIGHUP)
    step = run.snapshot().step
    wait_for(lambda: run.snapshot().step > step + 20)
    assert not run.stop_requested()
    started.send_signal(signal.SIGTERM)
    assert started.wait(60) == 0
    assert_saved(run)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_signal_to_the_whole_group_finds_the_readers_of_pictures_at_work(
    pairs: Path, tmp_path: Path, number: int
) -> None:
    run = begin(pairs, tmp_path / "run", cache="stream", workers=2)
    started = start(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.killpg(started.pid, number)
    assert started.wait(60) == 0
    assert_saved(run)
