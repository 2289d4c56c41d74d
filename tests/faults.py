"""Lets one call of the operating system fail: the i-th open, write, fsync or rename below a
folder, with an errno of choice."""

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
    """Counts the calls of one kind below `folder`; call `number`, counted from 0, raises
    `OSError(error)`. None only counts."""

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
        text = str(Path(os.fsdecode(path)).absolute())
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


class _System:
    """The system's calls as this process makes them, through `faults`."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.was: tuple[Any, ...] = (io.open, os.open, os.fsync, os.write, os.replace, os.rename)

    def open(self, file: Any, mode: str = "r", buffering: int = -1, *text: Any, **more: Any) -> Any:
        if isinstance(file, (str, os.PathLike)) and str(Path(os.fsdecode(file)).absolute()).startswith(
            self.faults.folder
        ):
            if set(mode) & set("wax+"):
                texts = (*text, None, None, None)
                texts = tuple(
                    more.get(name, texts[place])
                    for place, name in enumerate(("encoding", "errors", "newline"))
                )
                return _open_faulty(self.faults, file, mode, buffering, texts)  # type: ignore[arg-type]
            self.faults.meet("open", file)
        return self.was[0](file, mode, buffering, *text, **more)

    def os_open(self, path: Any, *rest: Any, **more: Any) -> int:
        self.faults.meet("open", path)
        return self.was[1](path, *rest, **more)

    def fsync(self, handle: Any) -> None:
        self.faults.meet("fsync", _name_of(handle if isinstance(handle, int) else handle.fileno()))
        self.was[2](handle)

    def write(self, handle: int, data: Any) -> int:
        self.faults.meet("write", _name_of(handle))
        return self.was[3](handle, data)

    def replace(self, source: Any, target: Any, **more: Any) -> None:
        self.faults.meet("replace", target)
        self.was[4](source, target, **more)

    def rename(self, source: Any, target: Any, **more: Any) -> None:
        self.faults.meet("replace", target)
        self.was[5](source, target, **more)


def _name_of(handle: int) -> str:
    return str(Path(f"/proc/self/fd/{handle}").readlink())


def _put(calls: tuple[Any, ...]) -> None:
    builtins.open = io.open = calls[0]
    os.open, os.fsync, os.write, os.replace, os.rename = calls[1:]


@contextmanager
def failing(folder: Path, kind: str, number: int | None, error: int = errno.EIO) -> Iterator[Faults]:
    """Puts `Faults` between this process and its operating system."""
    faults = Faults(folder, kind, number, error)
    system = _System(faults)
    _put((system.open, system.os_open, system.fsync, system.write, system.replace, system.rename))
    try:
        yield faults
    finally:
        _put(system.was)


def count_calls(folder: Path, kind: str, work: Any) -> int:
    """How many calls of a kind `work()` makes below a folder."""
    with failing(folder, kind, None) as faults:
        work()
    return faults.count
