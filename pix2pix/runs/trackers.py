"""Passes what a training tells to experiment trackers: TensorBoard, Weights & Biases, MLflow, Trackio.

Each is an optional package behind the same three calls. One that fails while a training runs is left out from
then on: a service that is down must not end a training.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from pix2pix.errors import ConfigError
from pix2pix.runtime.files import write_text
from pix2pix.training.events import Evaluated, Event, Progress, Sampled

PROJECT = "pix2pix"
"""The project that runs belong to, where the tracker's own environment variable names none."""
IDS = "trackers.json"
"""The file in a run's folder that holds its name in each tracker, so that a resumed run goes on there."""
Settings = Mapping[str, Any]


class Tracker(Protocol):
    """What a tracker takes."""

    def log_numbers(self, numbers: Mapping[str, float], step: int) -> None:
        """Takes numbers by name, such as `loss/g_l1`."""

    def log_picture(self, picture: Image.Image, step: int) -> None:
        """Takes a sample grid."""

    def close(self) -> None:
        """Sends what has not been sent yet."""


class TensorBoard:
    """Event files in `RUN/tensorboard`. What an earlier start wrote of steps after `step` is removed."""

    def __init__(self, folder: Path, settings: Settings, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None)

    def log_numbers(self, numbers: Mapping[str, float], step: int) -> None:
        for name, value in numbers.items():
            self._writer.add_scalar(name, value, step)

    def log_picture(self, picture: Image.Image, step: int) -> None:
        self._writer.add_image("samples", np.asarray(picture), step, dataformats="HWC")

    def close(self) -> None:
        self._writer.close()


class WeightsAndBiases:
    """A run of Weights & Biases; WANDB_PROJECT, WANDB_MODE and its other variables are its own."""

    def __init__(self, folder: Path, settings: Settings, step: int) -> None:
        self._package = importlib.import_module("wandb")
        self._run = self._package.init(
            project=os.environ.get("WANDB_PROJECT") or PROJECT,
            name=folder.name,
            dir=str(folder),
            config=dict(settings),
            id=_known(folder).get("wandb"),
            resume="allow",
        )
        _remember(folder, "wandb", self._run.id)

    def log_numbers(self, numbers: Mapping[str, float], step: int) -> None:
        self._run.log(dict(numbers), step=step)

    def log_picture(self, picture: Image.Image, step: int) -> None:
        self._run.log({"samples": self._package.Image(picture)}, step=step)

    def close(self) -> None:
        self._run.finish()


class MLflow:
    """A run of MLflow; MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME say where."""

    def __init__(self, folder: Path, settings: Settings, step: int) -> None:
        self._client = importlib.import_module("mlflow")
        self._client.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME") or PROJECT)
        known = _known(folder).get("mlflow")
        self._run = self._client.start_run(run_id=known, run_name=None if known else folder.name)
        _remember(folder, "mlflow", self._run.info.run_id)
        if not known:
            self._client.log_params(dict(settings))

    def log_numbers(self, numbers: Mapping[str, float], step: int) -> None:
        self._client.log_metrics(dict(numbers), step=step)

    def log_picture(self, picture: Image.Image, step: int) -> None:
        self._client.log_image(picture, key="samples", step=step)

    def close(self) -> None:
        self._client.end_run()


class Trackio:
    """A run of Trackio, which keeps it on this machine or in a Space (TRACKIO_SPACE_ID)."""

    def __init__(self, folder: Path, settings: Settings, step: int) -> None:
        self._package = importlib.import_module("trackio")
        self._package.init(project=PROJECT, name=folder.name, config=dict(settings), resume="allow")

    def log_numbers(self, numbers: Mapping[str, float], step: int) -> None:
        self._package.log(dict(numbers), step=step)

    def log_picture(self, picture: Image.Image, step: int) -> None:
        self._package.log({"samples": self._package.Image(picture)}, step=step)

    def close(self) -> None:
        self._package.finish()


TRACKERS: dict[str, Callable[[Path, Settings, int], Tracker]] = {
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
    "mlflow": MLflow,
    "trackio": Trackio,
}
"""By name, which is that of the package."""


def check_tracker(name: str) -> None:
    """Raises `ConfigError` where the tracker's package is missing."""
    if name != "none" and not importlib.util.find_spec(name):
        raise ConfigError(
            f"tracker {name} needs a package that is not installed. Get it with: pip install {name}"
        )


@contextmanager
def open_tracker(
    name: str, folder: Path, *, settings: Settings, step: int = 0, say: Callable[[str], None]
) -> Iterator[Callable[[Event], None]]:
    """Provides a function that passes events of the run in `folder` to the tracker `name`, from `step` on.

    Where the tracker fails, `say` is called once with a sentence, and the training goes on without it.
    """
    check_tracker(name)
    if name == "none":
        yield lambda event: None
        return
    opened: list[Tracker] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # whatever a service's package raises
            opened.clear()
            cause = (str(error).splitlines() or [type(error).__name__])[0][:200]
            say(f"{name} failed ({cause}): the training goes on without it")

    guarded(lambda: opened.append(TRACKERS[name](folder, settings, step)))
    try:
        yield lambda event: guarded(lambda: _pass_on(opened[0], event)) if opened else None
    finally:
        if opened:
            guarded(opened[0].close)


def _pass_on(tracker: Tracker, event: Event) -> None:
    if isinstance(event, Progress):
        losses = {f"loss/{name}": value for name, value in event.losses.items()}
        tracker.log_numbers({**losses, "rate": event.rate}, event.step)
    elif isinstance(event, Evaluated):
        values = {f"validation/{name}": value for name, value in event.metrics.items()}
        tracker.log_numbers(values, event.step)
    elif isinstance(event, Sampled):
        tracker.log_picture(event.image, event.step)


def _known(folder: Path) -> dict[str, str]:
    with suppress(OSError, ValueError):
        known = json.loads((folder / IDS).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in known.items()} if isinstance(known, dict) else {}
    return {}


def _remember(folder: Path, name: str, value: str) -> None:
    write_text(folder / IDS, json.dumps(_known(folder) | {name: value}) + "\n")
