"""Progress of long work on stderr: a bar in a terminal, plain lines in a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pix2pix.runs.event_lines import FirstSteps, describe, losses_line
from pix2pix.training.events import Event, Progress, Stepped

if TYPE_CHECKING:
    from pix2pix.data.scan import Problem


class TrainingProgress:
    """Shows the progress of a training run; called with each event, and used as a context manager to
    close the bar."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._duration = FirstSteps()

    def __enter__(self) -> TrainingProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, event: Event) -> None:
        is_terminal = sys.stderr.isatty()
        duration = self._duration(event)
        if duration:
            self._say(f"note: {duration}")
        if is_terminal and isinstance(event, Stepped | Progress):
            self._advance(event)
            return
        line = describe(event)
        if line:
            self._say(line)

    def _say(self, line: str) -> None:
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr, flush=True)

    def _advance(self, event: Stepped | Progress) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=event.steps, initial=event.step, unit="step", dynamic_ncols=True, file=sys.stderr
            )
        if isinstance(event, Progress):
            self._bar.set_postfix_str(losses_line(event.losses), refresh=False)
        # Never less than zero: after a loss that was not finite the run goes back some
        # steps, the bar waits for it.
        self._bar.update(max(0, event.step - self._bar.n))


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
