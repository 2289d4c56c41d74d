"""A cache of values read from files, which are read again when the file changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class FileSignature(NamedTuple):
    """A state of a file: it differs whenever the file is written, replaced or moved."""

    path: str
    modified: int
    """Nanoseconds since 1970."""
    size: int


def signature_of(path: str | Path) -> FileSignature:
    """Returns the signature of a file as it is now. `OSError` where it is not there."""
    path = Path(path)
    facts = path.stat()
    return FileSignature(str(path.resolve()), facts.st_mtime_ns, facts.st_size)


class FileCache(Generic[T]):
    """Values read from files, at most `most`; those used longest ago are dropped first. Safe for threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[tuple[FileSignature, Hashable], T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, signature: FileSignature, detail: Hashable = None) -> T | None:
        """Returns the cached value of this state of a file; `detail` distinguishes several values
        of one file."""
        with self._lock:
            key = (signature, detail)
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, signature: FileSignature, value: T, *, detail: Hashable = None) -> T:
        """Keeps a value, drops those of older states of the same file, and returns it."""
        with self._lock:
            old = [key for key in self._kept if key[0].path == signature.path and key[0] != signature]
            for key in old:
                del self._kept[key]
            self._kept[signature, detail] = value
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return value

    def read(self, path: str | Path, read: Callable[[Path], T], *, detail: Hashable = None) -> T:
        """Returns the value of a file, by `read` where this state of it is not known yet."""
        signature = signature_of(path)
        known = self.get(signature, detail)
        return self.put(signature, read(Path(path)), detail=detail) if known is None else known
