"""Writes events for external experiment trackers."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pix2pix.errors import ConfigError
from pix2pix.training.events import Evaluated, Event, Progress, Sampled


def check_tracker(name: str) -> None:
    """Raises `ConfigError` where the tracker's package is missing."""
    if name == "tensorboard" and not importlib.util.find_spec("tensorboard"):
        raise ConfigError(
            "tracker tensorboard needs a package that is not installed. Get it with: pip install tensorboard"
        )


@contextmanager
def open_tracker(name: str, folder: Path, *, step: int = 0) -> Iterator[Callable[[Event], None]]:
    """Provides a function that passes events to the tracker `name`: none, or tensorboard (in
    `folder/tensorboard`).

    What an earlier start wrote of steps after `step`, from which the run continues, is removed.
    """
    check_tracker(name)
    if name == "none":
        yield lambda event: None
        return
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None) as writer:
        yield lambda event: _write(writer, event)


def _write(writer: Any, event: Event) -> None:
    if isinstance(event, Progress):
        for key, value in {**event.losses, "rate": event.rate}.items():
            writer.add_scalar(f"loss/{key}" if key != "rate" else key, value, event.step)
    elif isinstance(event, Evaluated):
        for key, value in event.metrics.items():
            writer.add_scalar(f"validation/{key}", value, event.step)
    elif isinstance(event, Sampled):
        writer.add_image("samples", np.asarray(event.image), event.step, dataformats="HWC")
