"""Where `pix2pix app` listens."""

from __future__ import annotations

import pytest

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
