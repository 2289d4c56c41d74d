"""Handles Ctrl-C and system signals while a run trains: the first requests a stop, a second one ends
it at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch.distributed as dist

from pix2pix.runs.run import Run

TOGETHER = 0.05
"""Seconds in which several signals count as one: `timeout`, `uv run` and some shells send a
single press twice."""
STDERR = 2


class StopOnSignals:
    """A signal handler that asks a run to finish its step, save and end.

    A second SIGINT or SIGTERM raises `KeyboardInterrupt`. SIGHUP never does, since a closing terminal
    may send several.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._has_asked = False
        self._was_pressed = False
        self._is_settling = False
        self._is_over = False

    def __call__(self, number: int, frame: Any) -> None:
        """Handles a signal; Python calls it between two bytecode instructions."""
        if self._is_settling or self._is_over:
            return
        is_press = number in (signal.SIGINT, signal.SIGTERM)
        asked_elsewhere = self._run.stop_requested() and not self._has_asked
        # torchrun passes one Ctrl-C on as two signals, some time apart.
        if is_press and (self._was_pressed or asked_elsewhere) and not dist.is_initialized():
            raise KeyboardInterrupt
        self._has_asked = True
        self._was_pressed = self._was_pressed or is_press
        self._is_settling = True
        time.sleep(TOGETHER)
        self._is_settling = False
        self._ask()

    def ignore(self) -> None:
        """Ignores all further signals, while the end of the run is being written."""
        self._is_over = True

    def _ask(self) -> None:
        # Kept in memory too: on a full disk no file can be made.
        self._run.is_asked_to_stop = True
        with suppress(OSError):
            self._run.request_stop()
        # Not through sys.stderr, which may be in the middle of a write: a nested one is a RuntimeError.
        # Nobody may be there to read.
        with suppress(OSError):
            os.write(STDERR, b"stopping after this step; once more to stop at once\n")


@contextmanager
def stop_on_signals(run: Run) -> Iterator[StopOnSignals]:
    """Handles SIGINT, SIGTERM and SIGHUP for `run` within the context; does nothing outside
    the main thread."""
    handler = StopOnSignals(run)
    if threading.current_thread() is not threading.main_thread():
        yield handler
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    # Under nohup a closing terminal is to be ignored.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    old = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield handler
    finally:
        run.is_asked_to_stop = False
        for number, before in old.items():
            signal.signal(number, signal.SIG_DFL if before is None else before)
