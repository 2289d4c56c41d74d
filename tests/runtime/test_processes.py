"""Processes beside the page: no secrets, and ends in words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from pix2pix.runtime import processes


def test_no_secret_reaches_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "OAUTH_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "DB_PASSWORD"):
        monkeypatch.setenv(name, "hush")
    environment = processes.quiet_environment()
    assert "hush" not in environment.values() and environment["PATH"] == os.environ["PATH"]
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE"


def test_an_end_is_told_in_words() -> None:
    assert "memory ran out" in processes.cause_of(-signal.SIGKILL)
    assert "SIGTERM" in processes.cause_of(-signal.SIGTERM) and "exit code 3" in processes.cause_of(3)


@pytest.mark.skipif(not hasattr(os, "nice"), reason="no niceness on this system")
@pytest.mark.parametrize(("given", "niceness"), [(None, 10), ("0", 0), ("3", 3), ("99", 19), ("words", 10)])
def test_a_trainer_that_has_started_lets_others_go_first(given: str | None, niceness: int) -> None:
    ask = "import os; from pix2pix.runtime.processes import step_back; step_back(); print(os.nice(0))"
    environment = {name: value for name, value in os.environ.items() if name != "PIX2PIX_NICENESS"}
    environment |= {} if given is None else {"PIX2PIX_NICENESS": given}
    said = subprocess.run(
        [sys.executable, "-c", ask],
        capture_output=True,
        text=True,
        start_new_session=True,
        check=True,
        env=environment,
    )
    assert said.stdout.strip() == str(min(niceness + os.nice(0), 19))
