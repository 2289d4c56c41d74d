"""Processes beside the page: no secrets, and ends in words."""

from __future__ import annotations

import os
import signal

import pytest

from pix2pix import processes


def test_no_secret_reaches_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "OAUTH_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "DB_PASSWORD"):
        monkeypatch.setenv(name, "hush")
    environment = processes.quiet_environment()
    assert "hush" not in environment.values() and environment["PATH"] == os.environ["PATH"]
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE"


def test_an_end_is_told_in_words() -> None:
    assert "memory ran out" in processes.cause_of(-signal.SIGKILL)
    assert "SIGTERM" in processes.cause_of(-signal.SIGTERM) and "exit code 3" in processes.cause_of(3)
