"""The events of a training in lines of text, for whoever shows them."""

from __future__ import annotations

import time
from collections.abc import Callable

from pix2pix.errors import naming
from pix2pix.training.events import (
    Evaluated,
    Event,
    Finished,
    LeftOut,
    Noted,
    Progress,
    Recovered,
    Stepped,
)

UNITS = {"psnr": " dB"}


def describe(event: Event) -> str:
    """Returns one line about an event; "" where there is nothing to say."""
    if isinstance(event, Progress):
        return f"step {event.step} of {event.steps}  {_pace(event)}  {losses_line(event.losses)}"
    if isinstance(event, LeftOut):
        return f"left out: {naming(event.file, event.cause)}"
    if isinstance(event, Noted):
        return f"note: {event.remark}"
    if isinstance(event, Evaluated):
        best = " (best so far)" if event.best else ""
        return f"step {event.step}  validation {metrics_line(event.metrics)}{best}"
    if isinstance(event, Recovered):
        return (
            f"step {event.step}  a loss was not finite: back to step {event.back_to}, with"
            f" {event.rate_scale:g} times the learning rate"
        )
    if isinstance(event, Finished):
        return str(event)
    return ""


def metrics_line(metrics: dict[str, float]) -> str:
    """Returns metrics in one line: `l1 0.1234, psnr 14.2 dB, ssim 0.31`."""
    return ", ".join(f"{name} {value:.4g}{UNITS.get(name, '')}" for name, value in metrics.items())


def clock(seconds: float) -> str:
    """Returns seconds as 0:07, 12:30 or 3:02:11."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _pace(event: Progress) -> str:
    rate = 1 / event.seconds_per_step if event.seconds_per_step > 0 else 0.0
    mean = event.mean_seconds_per_step or event.seconds_per_step
    return f"{rate:.3g} steps/s, {clock((event.steps - event.step) * mean)} left"


def losses_line(losses: dict[str, float]) -> str:
    """Returns losses in one line: `d 0.512 g_l1 0.210`."""
    return " ".join(f"{name} {value:.3f}" for name, value in losses.items())


class FirstSteps:
    """Called with each event; says once how long a training will take, when a few steps have shown it."""

    FEWEST = 3
    SECONDS = 3.0

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._begin: tuple[int, float] | None = None
        self._said = False

    def __call__(self, event: Event) -> str:
        """Returns the sentence once, "" at all other events."""
        if self._said or not isinstance(event, Stepped):
            return ""
        if self._begin is None:
            # From the end of the first step on: in it kernels are chosen.
            self._begin = (event.step, self._clock())
            return ""
        steps, seconds = event.step - self._begin[0], self._clock() - self._begin[1]
        if steps < self.FEWEST or seconds < self.SECONDS:
            return ""
        self._said = True
        each, left = seconds / steps, event.steps - event.step
        return f"{left:,} more steps at {each:.2g} s take {clock(left * each)}, and validation some more"
