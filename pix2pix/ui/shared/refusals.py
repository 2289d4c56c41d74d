"""Logs a request that Gradio refuses as one line; errors in our own code keep their traceback.

Gradio and uvicorn print a traceback for whatever goes wrong in a request, also where only the request is at
fault: a file that was not uploaded, an address that may not be fetched, a function that does not exist. Bots
that probe a public page fill its log that way. The frames of the exception decide: where none of them is in
pix2pix, the request was refused before it reached our code.
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
"""Limit of a line in characters: a request may hold any amount of text."""
SERVER_LOG = "uvicorn.error"


def is_ours(trace: TracebackType | None) -> bool:
    """Whether a function of pix2pix was running when the exception was raised."""
    return any(frame.filename.startswith(PACKAGE) for frame in traceback.extract_tb(trace))


def to_line(error: BaseException) -> str:
    """Returns the exception as one printable line, such as `refused: InvalidPathError: ...`."""
    words = " ".join(str(error).split())
    line = f"refused: {type(error).__name__}: {words}"[:LONGEST]
    return "".join(letter if letter.isprintable() else "?" for letter in line)


class TracebackPrinter:
    """A stand-in for the module `traceback` inside Gradio's modules, which prints a refusal as one line."""

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)

    def print_exc(self, *arguments: Any, **options: Any) -> None:
        """Calls `traceback.print_exc` where the exception passed through our code, else writes one
        line to stderr."""
        error = sys.exc_info()[1]
        if error is None or is_ours(error.__traceback__):
            traceback.print_exc(*arguments, **options)
        else:
            sys.stderr.write(to_line(error) + "\n")


class ServerFilter(logging.Filter):
    """A logging filter that reduces the record of an exception outside our code to one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites the record where needed; always returns True, so that no record is dropped."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None and not is_ours(error.__traceback__):
            record.msg = to_line(error)
            record.args = ()
            record.exc_info = None
            record.exc_text = None
        return True


def log_refusals_in_a_line() -> None:
    """Installs the printer and the filter for all pages of this process. Calling it again changes nothing."""
    for module in (gradio.queueing, gradio.routes, gradio.route_utils):
        setattr(module, "traceback", TracebackPrinter())  # noqa: B010  # a module, which mypy does not let anybody replace
    log = logging.getLogger(SERVER_LOG)
    if not any(isinstance(found, ServerFilter) for found in log.filters):
        log.addFilter(ServerFilter())
