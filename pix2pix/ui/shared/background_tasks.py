"""Pushes, pulls and deployments under way, each in a thread of its own: a closed or
reloaded page finds them again.

A token lives in the thread's work alone, never in what is told about it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pix2pix.errors import Pix2PixError, RunError
from pix2pix.runtime.progress import Progress
from pix2pix.ui.shared.messages import sentence

MOST_AT_ONCE = 4
KEPT = 3600.0
"""Seconds that a page is told of what has ended."""


@dataclass(frozen=True)
class Outcome:
    """What a transfer has come to: a sentence, where it can be seen, and the model that it brought."""

    words: str
    link: str = ""
    key: str = ""


@dataclass
class Transfer:
    """One push, pull or deployment."""

    kind: str
    subject: str
    """What is moved, and where to, as `facades to ada/facades`: two of the same at once are refused."""
    visitor: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    state: str = "running"
    done: int = 0
    total: int = 0
    outcome: Outcome = field(default_factory=lambda: Outcome(""))
    ended: float = 0.0

    def told(self, done: int, total: int) -> None:
        """Bytes that have been moved, of how many; 0 where that is not known yet."""
        self.done = done
        self.total = total

    def settle(self, state: str, outcome: Outcome) -> None:
        """It has ended."""
        self.outcome = outcome
        self.ended = time.time()
        self.state = state

    def describe(self) -> dict[str, Any]:
        """As the page knows it."""
        facts = {
            "id": self.id,
            "kind": self.kind,
            "subject": self.subject,
            "state": self.state,
            "done": self.done,
            "total": self.total,
        }
        return facts | {"words": self.outcome.words, "link": self.outcome.link, "key": self.outcome.key}


class Transfers:
    """Those of all visitors; each is told of their own alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: dict[str, Transfer] = {}

    def start(self, transfer: Transfer, work: Callable[[Progress], Outcome]) -> Transfer:
        """Begins the work; `RunError` where the same is under way, or too much is."""
        with self._lock:
            running = [other for other in self._all.values() if other.state == "running"]
            if any((other.kind, other.subject) == (transfer.kind, transfer.subject) for other in running):
                raise RunError(f"{transfer.subject} is under way already. Wait until it is done.")
            if len(running) >= MOST_AT_ONCE:
                raise RunError(f"{MOST_AT_ONCE} transfers are under way. Wait until one of them is done.")
            self._all[transfer.id] = transfer
        threading.Thread(
            target=_work, args=(transfer, work), name=f"pix2pix-{transfer.kind}", daemon=True
        ).start()
        return transfer

    def of(self, visitor: str) -> list[Transfer]:
        """A visitor's own, the oldest first."""
        with self._lock:
            old = [
                key
                for key, transfer in self._all.items()
                if transfer.ended and time.time() - transfer.ended > KEPT
            ]
            for key in old:
                del self._all[key]
            return [transfer for transfer in self._all.values() if transfer.visitor == visitor]

    def forget(self, visitor: str, key: object) -> None:
        """The visitor has seen how it ended."""
        with self._lock:
            transfer = self._all.get(str(key))
            if transfer and transfer.visitor == visitor and transfer.state != "running":
                del self._all[transfer.id]


def _work(transfer: Transfer, work: Callable[[Progress], Outcome]) -> None:
    # What nobody expected ends it too, and goes to the server's log.
    state = "failed"
    outcome = Outcome("Something went wrong that pix2pix did not expect. The server's log says what.")
    try:
        outcome = work(transfer.told)
        state = "done"
    except Pix2PixError as error:
        outcome = Outcome(sentence(error))
    finally:
        transfer.settle(state, outcome)
