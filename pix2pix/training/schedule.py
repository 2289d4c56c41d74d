"""When the learning rate decays, and at which steps a training shows, validates and saves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pix2pix.config import TrainConfig

SPARED = {"sample": 2.0, "evaluate": 10.0, "save": 30.0}
"""Least seconds between two of a kind where a schedule is sparing."""
SHARE = 1 / 65
"""Most that each of the three kinds may take of the time of a sparing schedule: 5 % in all."""
AGREE_EVERY = 8
"""Steps between two looks at requests where several processes train on GPUs: to agree, they wait for them."""


def rate_at(step: int, steps: int, *, decay_from: float) -> float:
    """Returns the share of the learning rate in step `step` of `steps`, from 0: constant, then
    linear towards zero."""
    start = min(int(decay_from * steps), steps - 1)
    return 1.0 if step < start else (steps - step) / (steps - start)


@dataclass(frozen=True)
class Due:
    """What is to be done after a step."""

    stop: bool = False
    log: bool = False
    sample: bool = False
    evaluate: bool = False
    save: bool = False

    @property
    def is_anything(self) -> bool:
        """Whether there is anything to do."""
        return self.stop or self.log or self.is_shown

    @property
    def is_shown(self) -> bool:
        """Whether weights will be shown or saved."""
        return self.stop or self.sample or self.evaluate or self.save


class Schedule:
    """The intervals of a training, by steps.

    A `sparing` one, for a fast GPU, leaves an interval out where the last of its kind is not long ago, or
    took so long that it would take more than `SHARE` of the time. The last step is never left out.
    """

    def __init__(
        self, config: TrainConfig, *, sparing: bool, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.config = config
        self.sparing = sparing
        self._clock = clock
        self._last = dict.fromkeys(SPARED, clock())
        self._cost = dict.fromkeys(SPARED, 0.0)

    def ends_interval(self, step: int) -> bool:
        """Whether any interval ends at this step, whether or not it is left out."""
        return step == self.config.steps or any(
            step % getattr(self.config, f"{name}_every") == 0 for name in ("log", *SPARED)
        )

    def due(self, step: int, *, stop: bool, sample: bool) -> Due:
        """Returns what is due after step `step`, counted from 1; `stop` and `sample` were asked for."""
        if step == self.config.steps:
            return Due(stop, True, True, True, True)
        return Due(
            stop,
            log=step % self.config.log_every == 0,
            sample=sample or self._is_due("sample", step),
            evaluate=self._is_due("evaluate", step),
            save=stop or self._is_due("save", step),
        )

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Measures what one of a kind takes, within the context."""
        begin = self._clock()
        yield
        self._last[name] = self._clock()
        self._cost[name] = self._last[name] - begin

    def _is_due(self, name: str, step: int) -> bool:
        if step % getattr(self.config, f"{name}_every"):
            return False
        pause = max(SPARED[name], self._cost[name] / SHARE)
        return not self.sparing or self._clock() - self._last[name] >= pause
