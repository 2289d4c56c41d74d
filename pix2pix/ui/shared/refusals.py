"""What a server writes to its log where Gradio refuses a request: a line. Faults in our
own code keep their traceback.

Gradio and uvicorn print a traceback for whatever goes wrong in a request, also where nothing is wrong but the
request: a file that was not uploaded, an address that may not be fetched, a function that is not there.
Whoever probes a public page fills its log that way. `log_refusals_in_a_line` looks at the frames of an
exception: where none is of pix2pix, the request was refused before it came to us.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

import gradio.queueing
import gradio.route_utils
import gradio.routes

PACKAGE = str(Path(__file__).parents[1])
LONGEST = 300
"""Letters of a line: what was sent may be long."""
SERVER_LOG = "uvicorn.error"


def is_ours(trace: TracebackType | None) -> bool:
    """Whether a function of pix2pix was at work when the exception was raised."""
    return any(frame.filename.startswith(PACKAGE) for frame in traceback.extract_tb(trace))


def to_line(error: BaseException) -> str:
    """`refused: InvalidPathError: …`, in one line that a terminal can show."""
    words = " ".join(str(error).split())
    line = f"refused: {type(error).__name__}: {words}"[:LONGEST]
    return "".join(letter if letter.isprintable() else "?" for letter in line)


class TracebackPrinter:
    """Stands in for the module `traceback` in Gradio's modules: a refusal is printed as a line."""

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)

    def print_exc(self, *arguments: Any, **options: Any) -> None:
        """As `traceback.print_exc` where the exception came through our code."""
        error = sys.exc_info()[1]
        if error is None or is_ours(error.__traceback__):
            traceback.print_exc(*arguments, **options)
        else:
            sys.stderr.write(to_line(error) + "\n")


class ServerFilter(logging.Filter):
    """Turns the record of an exception that never came to our code into a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True: no record is dropped."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None and not is_ours(error.__traceback__):
            record.msg = to_line(error)
            record.args = ()
            record.exc_info = None
            record.exc_text = None
        return True


def log_refusals_in_a_line() -> None:
    """From now on, for all pages of this process. May be called again."""
    for module in (gradio.queueing, gradio.routes, gradio.route_utils):
        setattr(module, "traceback", TracebackPrinter())  # noqa: B010  # a module, which mypy does not let anybody replace
    log = logging.getLogger(SERVER_LOG)
    if not any(isinstance(found, ServerFilter) for found in log.filters):
        log.addFilter(ServerFilter())
