"""Experiment trackers behind one interface, here with stand-ins of their packages."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pix2pix.errors import ConfigError
from pix2pix.runs.trackers import check_tracker, open_tracker
from pix2pix.training.events import Evaluated, Event, Progress, Sampled, Stepped

GRID = Image.new("RGB", (4, 4), "red")
EVENTS: tuple[Event, ...] = (
    Sampled(0, GRID),
    Stepped(1, 9),
    Progress(5, 9, {"g_l1": 0.25}, 1e-4, 0.1, 0.0),
    Evaluated(5, {"ssim": 0.3}, {}),
)
NUMBERS = [({"loss/g_l1": 0.25, "rate": 1e-4}, 5), ({"validation/ssim": 0.3}, 5)]


class Service:
    """What a package was told: the way it was opened, numbers, pictures, and whether it was closed."""

    def __init__(self) -> None:
        self.opened: list[dict[str, Any]] = []
        self.numbers: list[tuple[dict[str, float], int]] = []
        self.pictures: list[int] = []
        self.closed = 0
        self.failure: Exception | None = None

    def begin(self, **how: Any) -> None:
        self.opened.append(how)

    def log(self, values: dict[str, Any], step: int) -> None:
        if self.failure:
            raise self.failure
        if "samples" in values:
            assert values["samples"] == ("picture", GRID)
            self.pictures.append(step)
        else:
            self.numbers.append((values, step))

    def close(self) -> None:
        self.closed += 1

    # As the packages call these.

    def wandb(self) -> dict[str, Any]:
        run = types.SimpleNamespace(id="w1", log=self.log, finish=self.close)
        return {"init": lambda **how: self.begin(**how) or run, "Image": lambda picture: ("picture", picture)}

    def mlflow(self) -> dict[str, Any]:
        run = types.SimpleNamespace(info=types.SimpleNamespace(run_id="m1"))
        return {
            "set_experiment": lambda name: None,
            "start_run": lambda **how: self.begin(**how) or run,
            "log_params": lambda values: self.opened[-1].update(config=values),
            "log_metrics": lambda values, step: self.log(values, step),
            "log_image": lambda picture, key, step: self.log({key: ("picture", picture)}, step),
            "end_run": self.close,
        }

    def trackio(self) -> dict[str, Any]:
        return {
            "init": self.begin,
            "log": self.log,
            "Image": lambda picture: ("picture", picture),
            "finish": self.close,
        }


@pytest.fixture(params=["wandb", "mlflow", "trackio"])
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Service]:
    found = Service()
    package = types.ModuleType(request.param)
    package.__spec__ = types.SimpleNamespace(name=request.param)  # type: ignore[assignment]
    vars(package).update(getattr(found, request.param)())
    monkeypatch.setitem(sys.modules, request.param, package)
    return request.param, found


def tell(name: str, folder: Path, events: tuple[Event, ...] = EVENTS) -> list[str]:
    """Passes the events on; returns what was said."""
    said: list[str] = []
    with open_tracker(name, folder, settings={"width": 4}, say=said.append) as track:
        for event in events:
            track(event)
    return said


def test_a_tracker_gets_losses_metrics_and_grids(service: tuple[str, Service], tmp_path: Path) -> None:
    name, found = service
    assert tell(name, tmp_path) == []
    assert found.numbers == NUMBERS and found.pictures == [0] and found.closed == 1
    assert found.opened[0]["config"] == {"width": 4}
    assert tmp_path.name in found.opened[0].values()


def test_a_resumed_run_goes_on_in_the_same_place(service: tuple[str, Service], tmp_path: Path) -> None:
    name, found = service
    tell(name, tmp_path)
    tell(name, tmp_path)
    again = found.opened[1]
    assert again.get("id") == "w1" or again.get("run_id") == "m1" or again.get("resume") == "allow"
    assert found.closed == 2


def test_a_service_that_fails_is_told_once_and_ends_nothing(
    service: tuple[str, Service], tmp_path: Path
) -> None:
    name, found = service
    found.failure = ConnectionError("the service is down\nand more")
    assert tell(name, tmp_path, EVENTS * 3) == [
        f"{name} failed (the service is down): the training goes on without it"
    ]
    assert found.numbers == []


def test_a_service_that_cannot_be_opened_ends_nothing(
    service: tuple[str, Service], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, found = service

    def refuse(**_: Any) -> None:
        raise PermissionError("no key")

    monkeypatch.setattr(sys.modules[name], "start_run" if name == "mlflow" else "init", refuse)
    assert tell(name, tmp_path) == [f"{name} failed (no key): the training goes on without it"]


def test_a_package_that_is_missing_is_named_with_the_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("tensorboard", "wandb", "mlflow", "trackio"):
        with pytest.raises(ConfigError, match=f"pip install {name}"):
            check_tracker(name)
    check_tracker("none")
