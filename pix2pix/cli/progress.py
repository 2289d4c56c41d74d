"""Progress of long work on stderr: a bar in a terminal, plain lines in a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pix2pix.errors import naming
from pix2pix.training.events import Evaluated, Event, Finished, LeftOut, Noted, Progress, Recovered, Stepped

if TYPE_CHECKING:
    from pix2pix.data.scan import Problem

UNITS = {"psnr": " dB"}


class TrainingProgress:
    """Shows the progress of a training run; called with each event, and used as a context manager to
    close the bar."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> TrainingProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, event: Event) -> None:
        is_terminal = sys.stderr.isatty()
        if is_terminal and isinstance(event, Stepped | Progress):
            self._advance(event)
            return
        line = describe(event)
        if line and self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        elif line:
            print(line, file=sys.stderr, flush=True)

    def _advance(self, event: Stepped | Progress) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=event.steps, initial=event.step, unit="step", dynamic_ncols=True, file=sys.stderr
            )
        if isinstance(event, Progress):
            self._bar.set_postfix_str(_losses(event.losses), refresh=False)
        # Never less than zero: after a loss that was not finite the run goes back some
        # steps, the bar waits for it.
        self._bar.update(max(0, event.step - self._bar.n))


def describe(event: Event) -> str:
    """Returns one line about an event; "" where there is nothing to say."""
    if isinstance(event, Progress):
        return f"step {event.step} of {event.steps}  {_pace(event)}  {_losses(event.losses)}"
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


def _losses(losses: dict[str, float]) -> str:
    return " ".join(f"{name} {value:.3f}" for name, value in losses.items())


@contextmanager
def counting(unit: str) -> Iterator[Callable[[int, int], None]]:
    """Provides a function of (done, of) that shows a bar on stderr with speed and remaining time.

    In a file it is a line every half a minute. Bytes (`B`) are shown as MB.
    """
    from tqdm import tqdm

    begin = time.time()
    is_terminal = sys.stderr.isatty()
    bars: list[Any] = []

    def show(done: int, of: int) -> None:
        if not bars:  # made only now, so that an error before it stands alone
            every = 0.1 if is_terminal else 30
            units = {"unit": unit, "unit_scale": True} if unit == "B" else {"unit": f" {unit}"}
            bars.append(
                tqdm(**units, file=sys.stderr, dynamic_ncols=is_terminal, mininterval=every, total=of)
            )
            bars[0].start_t = begin
        bars[0].update(done - bars[0].n)

    try:
        yield show
    finally:
        for bar in bars:
            bar.close()


def several(count: int, noun: str) -> str:
    """Returns a count with its noun: `1 pair`, `2 pairs`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def report_left_out(problems: Iterable[Problem], result: str) -> int:
    """Prints the files that could not be used, with causes, and the result on stderr; returns 1 where
    there are some.

    Folders of systems and of runs are named, but do not count.
    """
    problems = list(problems)
    print(*(f"left out: {problem}" for problem in problems), result, sep="\n", file=sys.stderr)
    return 1 if any(problem.kind != "skipped" for problem in problems) else 0


def report_note(note: str) -> None:
    """Prints a note about pictures that are used all the same on stderr; nothing for ""."""
    if note:
        print(f"note: {note}", file=sys.stderr)
