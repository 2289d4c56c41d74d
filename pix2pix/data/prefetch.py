"""Work done ahead by one background thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 0.1
"""Seconds after which a waiting thread looks whether it is still wanted."""


def prefetched(items: Iterable[T], ahead: int = 2) -> Generator[T, None, None]:
    """The same items, up to `ahead` of them made before they are asked for; what goes wrong
    is raised where they are used.

    Closing the iterator (or letting go of it) ends the thread.
    """
    ready: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(ahead)
    unwanted = threading.Event()
    thread = threading.Thread(
        target=_fill, args=(ready, items, unwanted), name="pix2pix-prefetch", daemon=True
    )
    thread.start()
    try:
        while True:
            item, error = ready.get()
            if isinstance(error, _End):
                return
            if error:
                raise error
            yield item  # type: ignore[misc]  # without an error it is an item
    finally:
        unwanted.set()
        thread.join()


class _End(Exception):
    """No more items."""


def _fill(
    ready: queue.Queue[tuple[T | None, BaseException | None]], items: Iterable[T], unwanted: threading.Event
) -> None:
    try:
        for item in items:
            if not _offer(ready, (item, None), unwanted=unwanted):
                return
        _offer(ready, (None, _End()), unwanted=unwanted)
    except BaseException as error:  # noqa: BLE001  # raised again where the items are used
        _offer(ready, (None, error), unwanted=unwanted)


def _offer(ready: queue.Queue[T], item: T, *, unwanted: threading.Event) -> bool:
    """Whether the item found its place before the thread became unwanted."""
    while not unwanted.is_set():
        try:
            ready.put(item, timeout=PATIENCE)
            return True
        except queue.Full:
            continue
    return False
