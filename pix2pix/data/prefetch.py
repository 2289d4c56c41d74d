"""Computes items ahead in one background thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 0.1
"""Seconds after which a waiting thread checks whether it is still needed."""


def prefetched(items: Iterable[T], ahead: int = 2) -> Generator[T, None, None]:
    """Yields the same items, with up to `ahead` of them computed in advance; errors are raised where
    they are used.

    Closing the iterator (or dropping it) ends the thread.
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
    """Marks the end of the items."""


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
    """Puts the item into the queue; returns False where the thread is no longer needed."""
    while not unwanted.is_set():
        try:
            ready.put(item, timeout=PATIENCE)
            return True
        except queue.Full:
            continue
    return False
