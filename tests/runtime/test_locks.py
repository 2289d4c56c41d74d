"""Locks that die with their holder, also in folders that know none."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import Timeout

from pix2pix.errors import RunError
from pix2pix.runs.run import Run
from pix2pix.runtime.locks import hold, is_free

WITHOUT_LOCKS = """
import fcntl, sys, time
def flock(*given):
    raise OSError({errno}, "No locks available")
fcntl.flock = flock
from pix2pix.runtime.locks import hold
with hold(sys.argv[1], timeout=1):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def without_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The system says of each lock what a network drive without locks says."""

    def flock(*given: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", flock)
    return int(request.param)


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    assert is_free(tmp_path / "lock") and not list(tmp_path.iterdir())
    with hold(tmp_path / "lock"):
        assert not is_free(tmp_path / "lock")
        with pytest.raises(Timeout), hold(tmp_path / "lock", timeout=0):
            pass
    assert is_free(tmp_path / "lock")


def test_a_folder_without_locks_has_a_marker(tmp_path: Path, without_locks: int) -> None:
    test_a_lock_is_held_once(tmp_path)
    assert not (tmp_path / "lock.held").exists()


def test_a_marker_of_a_killed_process_is_taken_over(tmp_path: Path, without_locks: int) -> None:
    program = WITHOUT_LOCKS.format(errno=without_locks)
    holder = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "lock")], stdout=subprocess.PIPE)
    assert holder.stdout and holder.stdout.readline() == b"held\n"
    assert not is_free(tmp_path / "lock")
    holder.kill()
    holder.communicate()
    assert (tmp_path / "lock.held").exists()
    with hold(tmp_path / "lock", timeout=2):
        pass


def test_a_marker_of_another_machine_stays_and_the_run_says_how_to_go_on(
    tmp_path: Path, without_locks: int
) -> None:
    (tmp_path / "lock.held").write_text(f"{os.getpid()}\nnot-{socket.gethostname()}\n")
    begin = time.monotonic()
    with pytest.raises(RunError, match="in use by another trainer.*delete .*lock.held"), Run(tmp_path).lock():
        pass
    assert time.monotonic() - begin < 10
    assert (tmp_path / "lock.held").exists() and Run(tmp_path).is_held()


def test_a_lock_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RunError, match="lock could not be written"),
        hold(tmp_path / "file" / "lock", timeout=0),
    ):
        pass
