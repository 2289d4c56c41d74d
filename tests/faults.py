"""Lets one call of the operating system fail: the i-th open, write, fsync or rename below a folder, with an errno of choice."""

from __future__ import annotations

import builtins
import errno
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KINDS = ("open", "write", "fsync", "replace")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EMFILE)


class Faults:
    """Counts the calls of one kind below `folder`; call `number`, counted from 0, raises `OSError(error)`. None only counts."""

    def __init__(self, folder: Path, kind: str, number: int | None, error: int = errno.EIO) -> None:
        self.folder, self.kind, self.number, self.error = str(folder.resolve()), kind, number, error
        self.count = 0
        self.failed = ""
        """The file that the failed call was for."""
        self._lock = threading.Lock()

    def meet(self, kind: str, path: Any) -> None:
        """Counts a call, and fails it where it is its turn."""
        if kind != self.kind or not isinstance(path, (str, bytes, os.PathLike)):
            return
        text = os.path.abspath(os.fsdecode(path))
        if not text.startswith(self.folder):
            return
        with self._lock:
            mine = self.count
            self.count += 1
        if mine == self.number:
            self.failed = text
            raise OSError(self.error, os.strerror(self.error), text)


class _Raw(io.FileIO):
    faults: Faults

    def write(self, data: Any, /) -> int:
        self.faults.meet("write", self.name)
        return super().write(data)


def _open_faulty(faults: Faults, file: Any, mode: str, buffering: int, text: tuple[Any, Any, Any]) -> Any:
    faults.meet("open", file)
    raw = _Raw(file, mode.replace("b", "").replace("t", ""))
    raw.faults = faults
    if buffering == 0:
        return raw
    made: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
    return made if "b" in mode else io.TextIOWrapper(made, *text)


@contextmanager
def failing(folder: Path, kind: str, number: int | None, error: int = errno.EIO) -> Iterator[Faults]:
    """Puts `Faults` between this process and its operating system."""
    faults = Faults(folder, kind, number, error)
    was = {"open": io.open, "os_open": os.open, "fsync": os.fsync, "replace": os.replace, "rename": os.rename, "write": os.write}

    def open_(file: Any, mode: str = "r", buffering: int = -1, encoding: Any = None, errors: Any = None, newline: Any = None, **more: Any) -> Any:
        below = isinstance(file, (str, os.PathLike)) and os.path.abspath(os.fsdecode(file)).startswith(faults.folder)
        if below and set(mode) & set("wax+") and not more:
            return _open_faulty(faults, file, mode, buffering, (encoding, errors, newline))
        if below:
            faults.meet("open", file)
        return was["open"](file, mode, buffering, encoding, errors, newline, **more)

    def os_open(path: Any, *rest: Any, **more: Any) -> int:
        faults.meet("open", path)
        return was["os_open"](path, *rest, **more)  # type: ignore[no-any-return]

    def name_of(handle: int) -> str:
        return os.readlink(f"/proc/self/fd/{handle}")

    def fsync(handle: Any) -> None:
        faults.meet("fsync", name_of(handle if isinstance(handle, int) else handle.fileno()))
        was["fsync"](handle)

    def write(handle: int, data: Any) -> int:
        faults.meet("write", name_of(handle))
        return was["write"](handle, data)  # type: ignore[no-any-return]

    def replace(source: Any, target: Any, **more: Any) -> None:
        faults.meet("replace", target)
        was["replace"](source, target, **more)

    def rename(source: Any, target: Any, **more: Any) -> None:
        faults.meet("replace", target)
        was["rename"](source, target, **more)

    builtins.open, io.open, os.open, os.fsync, os.write, os.replace, os.rename = open_, open_, os_open, fsync, write, replace, rename
    try:
        yield faults
    finally:
        builtins.open = io.open = was["open"]  # type: ignore[assignment]
        os.open, os.fsync, os.write = was["os_open"], was["fsync"], was["write"]  # type: ignore[assignment]
        os.replace, os.rename = was["replace"], was["rename"]  # type: ignore[assignment]


def count_calls(folder: Path, kind: str, work: Any) -> int:
    """How many calls of a kind `work()` makes below a folder."""
    with failing(folder, kind, None) as faults:
        work()
    return faults.count
