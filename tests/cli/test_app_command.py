"""Where `pix2pix app` listens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from paths import ROOT

from pix2pix.cli import main
from pix2pix.cli.app_command import PORT_VARIABLES, choose_port
from pix2pix.errors import ConfigError


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PORT_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_the_usual_port_is_gradios() -> None:
    assert choose_port() == 7860


@pytest.mark.parametrize("name", PORT_VARIABLES)
def test_the_environment_chooses_the_port(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "8123")
    assert choose_port() == 8123


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none_gives_a_sentence(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", value)
    with pytest.raises(ConfigError, match="PORT is .* from 1 to 65535"):
        choose_port()


def test_a_port_out_of_range_is_refused_before_anything_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app", "--port", "70000"]) == 2
    assert "--port is 70000" in capsys.readouterr().err


def test_the_page_answers_on_the_port_of_the_environment(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = ROOT / "app.py"
    environment = os.environ | {"PYTHONPATH": str(app.parent), "PIX2PIX_PORT": str(port)}
    server = subprocess.Popen(
        [sys.executable, str(app)], cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        assert json.loads(_answer(f"http://127.0.0.1:{port}/config", server))["title"] == "pix2pix"
    finally:
        server.terminate()
        server.wait(20)


def _answer(address: str, server: subprocess.Popen[bytes]) -> str:
    """What the server gives, as soon as it gives anything."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(address, timeout=10) as answer:
                return str(answer.read().decode())
        except URLError:
            time.sleep(0.2)
    raise AssertionError(f"no answer at {address}; the server's exit code is {server.poll()}")
