"""The events of a training: frozen records, in the order in which things happened.

Pictures and models in an event are copies, so they do not change when training goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

    from pix2pix.checkpoints.checkpoint import Checkpoint


@dataclass(frozen=True)
class LeftOut:
    """A file that does not fit, and why; training goes on without it."""

    step: int
    file: str
    cause: str


@dataclass(frozen=True)
class Noted:
    """A sentence worth knowing about the pictures or the run; nothing is wrong."""

    step: int
    remark: str


@dataclass(frozen=True)
class Stepped:
    """One step is done; for progress bars."""

    step: int
    steps: int


@dataclass(frozen=True)
class Progress:
    """Means since the last `Progress`: `losses` (g_gan, g_l1, d_real, d_fake, ...) and the
    present learning rate."""

    step: int
    steps: int
    losses: dict[str, float]
    rate: float
    seconds_per_step: float
    data_share: float
    """Share of the step's time spent waiting for data, 0 to 1."""
    mean_seconds_per_step: float = 0.0
    """Long mean with all that lies between steps, for the time that is left; 0 where not known."""


@dataclass(frozen=True)
class Sampled:
    """A sample grid: the same validation examples each time, one a row; for pix2pix source
    | fake | target."""

    step: int
    image: Image


@dataclass(frozen=True)
class Evaluated:
    """Validation metrics of the models that would be saved now: for pix2pix `l1`, `psnr` (dB), `ssim`.

    `best` holds these models by name where no validation before was better; else it is empty.
    """

    step: int
    metrics: dict[str, float]
    best: Mapping[str, Checkpoint]


@dataclass(frozen=True)
class Saved:
    """Models to use (`checkpoints`, by name, the main one first) and all that is needed to resume (`state`)
    after `step` steps.

    `state` alone is no copy where `is_copy` is false, since it is four times the networks (0.9 GB at width
    64): write it before you ask for the next event.
    """

    step: int
    checkpoints: Mapping[str, Checkpoint]
    state: dict[str, Any]
    is_copy: bool = False


@dataclass(frozen=True)
class Diverged:
    """A loss or a weight was not finite at `step`, at `rate_scale` times the rate; nothing of it was saved.

    The trainer ends here.
    """

    step: int
    rate_scale: float


@dataclass(frozen=True)
class Recovered:
    """After a non-finite loss at `step`, training went back to step `back_to` with `rate_scale`
    times the rate."""

    step: int
    back_to: int
    rate_scale: float


@dataclass(frozen=True)
class Finished:
    """The last event. `state` is finished, stopped or diverged; `reason` is "" where that says enough."""

    step: int
    state: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.state} at step {self.step}" + (f": {self.reason}" if self.reason else "")


Event = LeftOut | Noted | Stepped | Progress | Sampled | Evaluated | Saved | Diverged | Recovered | Finished
