"""The order in which pictures are computed: one network at a time, drawings before calls of the API, and
pictures that wait for the same model in one batch."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from PIL import Image

from pix2pix.errors import Pix2PixError
from pix2pix.inference.translator import Translator

LONGEST_WAIT = 30.0
"""Seconds that a visitor waits for the pictures of others."""
STROKE = 0
CALL = 1
BULK = 2
"""Priorities: a stroke goes before a single picture, and that before one of many, or the frame of a video."""
LONGEST_BULK_WAIT = 1800.0
"""Seconds that one of many pictures waits: all the others would be lost with it."""
MOST_TOGETHER = 4
"""Largest batch of pictures. A larger one would save little, and would let a stroke wait longer."""


class RequestQueue:
    """A lock with priorities: of those waiting, the lowest priority number goes first, then the oldest."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, int]] = []
        self._numbers = itertools.count()
        self._is_taken = False

    @contextmanager
    def take(self, priority: int = STROKE) -> Iterator[None]:
        """Holds the lock for the duration of the context.

        Raises `Pix2PixError` with the number of those still ahead after `LONGEST_WAIT` seconds, or
        `LONGEST_BULK_WAIT` with the priority `BULK`.
        """
        longest = LONGEST_BULK_WAIT if priority == BULK else LONGEST_WAIT
        ticket = (priority, next(self._numbers))
        with self._changed:
            heapq.heappush(self._waiting, ticket)
            is_next = self._changed.wait_for(
                lambda: not self._is_taken and self._waiting[0] == ticket, longest
            )
            before = sum(other < ticket for other in self._waiting)
            self._waiting.remove(ticket)
            heapq.heapify(self._waiting)
            self._changed.notify_all()
            if not is_next:
                raise Pix2PixError(
                    f"the server has been busy with other visitors' pictures for {longest:.0f} "
                    f"seconds, and {before} are still"
                    " before yours. Try again."
                )
            self._is_taken = True
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()


@dataclass
class Order:
    """A picture that waits to be translated, and its result."""

    translator: Translator
    image: Image.Image
    pictures: list[Image.Image] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether it was translated, in whichever thread's batch, or has failed."""
        return bool(self.pictures or self.errors)


class Batches:
    """Translates pictures that wait for the same model in one batch: a third of the time each, and
    the same results."""

    def __init__(self, turns: RequestQueue) -> None:
        self.turns = turns
        self._waiting: list[Order] = []
        self._lock = threading.Lock()

    def translate(self, translator: Translator, image: Image.Image) -> Image.Image:
        """Returns the picture that `translator(image)` makes, and raises what that raises."""
        order = Order(translator, image)
        with self._lock:
            self._waiting.append(order)
        try:
            with self.turns.take(CALL):
                if not order.is_done:
                    self._make(self._gather(order))
        finally:
            with self._lock:
                self._waiting = [other for other in self._waiting if other is not order]
        if order.errors:
            raise order.errors[0]
        return order.pictures[0]

    def _gather(self, first: Order) -> list[Order]:
        """Returns the order whose turn it is with the oldest others for the same model, at most
        `MOST_TOGETHER` in all."""
        with self._lock:
            others = [
                other
                for other in self._waiting
                if other is not first and other.translator is first.translator
            ]
            chosen = [first, *others[: MOST_TOGETHER - 1]]
            self._waiting = [other for other in self._waiting if all(other is not order for order in chosen)]
        return chosen

    def _make(self, orders: Sequence[Order]) -> None:
        try:
            for order, picture in zip(
                orders, orders[0].translator.translate_batch([each.image for each in orders]), strict=True
            ):
                order.pictures.append(picture)
        except Exception as error:  # noqa: BLE001  # raised again by whoever asked for the picture
            if len(orders) == 1:
                orders[0].errors.append(error)
                return
            for order in orders:  # one picture that cannot be translated must not fail the others
                self._make([order])
