"""Standard output and error of the command line, whose failures never end the work.

A reader may leave (`| head`), a terminal may close, a disk with the log may be full, a stream may be missing
from the start (`2>&-`), and an encoding may lack the characters of a name.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import Any


class Output(io.FileIO):
    """A file descriptor to write to. A write that fails is dropped, and `lost` holds the first cause."""

    lost: OSError | None = None

    def write(self, data: Any) -> int:
        """Writes all of `data`; waits where the descriptor was set not to block, as another program
        may do to a shared terminal."""
        left = memoryview(data).cast("B")
        size = len(left)
        while len(left):
            try:
                count = super().write(left)
                if count is None:
                    select.select([], [self], [])
                left = left[count or 0 :]
            except OSError as error:
                self.lost = self.lost or error
                break
        return size


def secure_output() -> None:
    """Puts `Output` below `sys.stdout` and `sys.stderr`, and has both escape what their encoding lacks.

    Streams that somebody has put in their place (a notebook, a test) stay as they
    are. Does nothing the second time.
    """
    _open_missing()
    sys.stdout = _secured(sys.stdout, sys.__stdout__, number=1)
    sys.stderr = _secured(sys.stderr, sys.__stderr__, number=2)


def lost_output() -> OSError | None:
    """Returns why a part of standard output was lost, after writing all of it; None where nothing was."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.lost if isinstance(raw, Output) else None


def is_reader_gone(error: OSError) -> bool:
    """Whether whoever read the output has left, which is no error of the command."""
    return error.errno in (errno.EPIPE, errno.EIO)


def _open_missing() -> None:
    """Opens the standard descriptors that are closed; else the next file that is opened would get
    their numbers, and their output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is taken, which is this one.
            os.open(os.devnull, os.O_RDWR)


def _secured(stream: Any, original: Any, *, number: int) -> Any:
    if stream is not original:
        return stream
    if os.name == "nt" and stream is not None and stream.isatty():
        # The console of Windows takes letters, not bytes.
        stream.reconfigure(errors="backslashreplace")
        return stream
    encoding = stream.encoding if stream is not None else "utf-8"
    lines = number == 2 or (stream is not None and stream.isatty())
    if stream is not None:
        stream.flush()
    raw = Output(number, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors="backslashreplace", line_buffering=lines)
