"""How long the steps of a training take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any


class Clock:
    """Seconds per step since the last restart, and the share of them that was spent waiting for data; and
    their mean over the last `MEMORY` seconds and more, with all that lies between steps."""

    MEMORY = 1200.0

    def __init__(self) -> None:
        self._last_tick: float | None = None
        self._mean_time = self._mean_steps = 0.0
        self.restart()

    def restart(self) -> None:
        """Starts anew, so that an evaluation in between does not count."""
        self._start = time.perf_counter()
        self._waited = 0.0
        self._steps = 0

    def waiting(self, work: Callable[[], Any]) -> Any:
        """Runs `work`, counts its time as waiting, and returns its result."""
        start = time.perf_counter()
        result = work()
        self._waited += time.perf_counter() - start
        return result

    def tick(self) -> None:
        """Counts a step."""
        self._steps += 1
        now = time.perf_counter()
        # From the first tick on: before it kernels are chosen and readers started, once.
        if self._last_tick is not None:
            seconds = now - self._last_tick
            kept = math.exp(-seconds / self.MEMORY)
            self._mean_time = self._mean_time * kept + seconds
            self._mean_steps = self._mean_steps * kept + 1
        self._last_tick = now

    @property
    def seconds_per_step(self) -> float:
        """Mean seconds per step since the last restart."""
        return (time.perf_counter() - self._start) / max(1, self._steps)

    @property
    def mean_seconds_per_step(self) -> float:
        """Long mean of seconds per step, validations and saves included: what tells the time that is left."""
        return self._mean_time / self._mean_steps if self._mean_steps else self.seconds_per_step

    @property
    def data_share(self) -> float:
        """Share of the time spent waiting for data, 0 to 1."""
        return self._waited / max(1e-9, time.perf_counter() - self._start)
