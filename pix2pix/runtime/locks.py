"""Locks between processes: those of the system, or a marker file in a folder without them
(some network drives)."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from pix2pix.runtime.files import no_space

WITHOUT_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
"""What a folder answers that knows no locks: an NFS drive without its lock service, FUSE and SMB drives."""
MARKER = ".held"


@contextmanager
def hold(path: str | Path, timeout: float = -1) -> Iterator[None]:
    """Holds the lock in the file `path`; it dies with its holder. `Timeout` after that many
    seconds, never where they are -1.

    In a folder without locks a marker beside it (`path` with `.held`) is the lock. One that a killed process
    has left on this machine is taken over; one of another machine stays, since nobody here can know whether
    its holder lives. `NoSpaceError` or `RunError` where no lock can be made.
    """
    path = Path(path)
    try:
        lock = _acquired(path, timeout)
    except Timeout:
        raise
    except OSError as error:
        raise no_space(path, error) from error
    try:
        yield
    finally:
        lock.release()


def is_free(path: str | Path) -> bool:
    """Whether nobody holds the lock at this moment. Errors as `hold`."""
    if not Path(path).exists() and not _marker(Path(path)).exists():
        return True
    try:
        with hold(path, timeout=0):
            return True
    except Timeout:
        return False


def way_out(path: str | Path) -> str:
    """Returns a sentence on how to remove the marker of a folder without locks; "" where there is none."""
    marker = _marker(Path(path))
    return f" If none is at work, on other machines too, delete {marker}." if marker.exists() else ""


def _acquired(path: Path, timeout: float) -> BaseFileLock:
    lock: BaseFileLock = FileLock(path, timeout=timeout, fallback_to_soft=False)
    try:
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        if isinstance(error, Timeout) or (isinstance(error, OSError) and error.errno not in WITHOUT_LOCKS):
            raise
        lock = SoftFileLock(_marker(path), timeout=timeout)
        lock.acquire()
    return lock


def _marker(path: Path) -> Path:
    return path.with_name(path.name + MARKER)
