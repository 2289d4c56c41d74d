"""Pushes, pulls and deployments that run in threads of the server.

Each transfer has a thread of its own, so a page that was closed or reloaded finds it again. A token is held
by the thread's work alone, never by the `Transfer` that describes it to the page.
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
"""Seconds for which a finished transfer stays in the list of its visitor."""


@dataclass(frozen=True)
class Outcome:
    """The result of a transfer: a sentence, a link to where it can be seen, and the key of a new model."""

    words: str
    link: str = ""
    key: str = ""


@dataclass
class Transfer:
    """One push, pull or deployment, with its progress in bytes."""

    kind: str
    subject: str
    """What is moved and where to, such as `facades to ada/facades`; a second one of the same
    subject is refused."""
    visitor: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    state: str = "running"
    done: int = 0
    total: int = 0
    outcome: Outcome = field(default_factory=lambda: Outcome(""))
    ended: float = 0.0

    def report_progress(self, done: int, total: int) -> None:
        """Sets the progress: bytes moved so far, of how many in all; 0 where that is not known yet."""
        self.done = done
        self.total = total

    def settle(self, state: str, outcome: Outcome) -> None:
        """Ends the transfer in `state` ("done" or "failed") with its outcome, at the present time."""
        self.outcome = outcome
        self.ended = time.time()
        self.state = state

    def describe(self) -> dict[str, Any]:
        """Returns the transfer as plain values for the page."""
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
    """The transfers of all visitors; each visitor is shown only their own. Safe to use from
    several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: dict[str, Transfer] = {}

    def start(self, transfer: Transfer, work: Callable[[Progress], Outcome]) -> Transfer:
        """Starts the work in a thread of its own and returns the transfer.

        Raises `RunError` where the same transfer is running already, or `MOST_AT_ONCE` others are.
        """
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
        """Returns a visitor's own transfers, oldest first, after dropping those that ended
        `KEPT` seconds ago."""
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
        """Removes a transfer of this visitor that has ended; one that is running, or
        another visitor's, stays."""
        with self._lock:
            transfer = self._all.get(str(key))
            if transfer and transfer.visitor == visitor and transfer.state != "running":
                del self._all[transfer.id]


def _work(transfer: Transfer, work: Callable[[Progress], Outcome]) -> None:
    # What nobody expected ends it too, and goes to the server's log.
    state = "failed"
    outcome = Outcome("Something went wrong that pix2pix did not expect. The server's log says what.")
    try:
        outcome = work(transfer.report_progress)
        state = "done"
    except Pix2PixError as error:
        outcome = Outcome(sentence(error))
    finally:
        transfer.settle(state, outcome)
