"""Whether the Hub answers, and as whom: asked in the background now and then,
so that no page waits for it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from pix2pix.errors import Pix2PixError

FRESH = 30.0
FRESH_IF_DOWN = 5.0
"""Seconds after which the Hub is asked again, by the next page that looks."""


@dataclass(frozen=True)
class State:
    """`word`: asking, up or down. `account`: whose token lies on this machine, where that is known."""

    word: str = "asking"
    account: str = ""


class HubConnection:
    """What was last heard of the Hub."""

    def __init__(self) -> None:
        self._state = State()
        self._asked = float("-inf")
        self._lock = threading.Lock()

    @property
    def place(self) -> str:
        """`The Hub (huggingface.co)`, or the one that HF_ENDPOINT names."""
        from huggingface_hub import constants

        return f"The Hub ({constants.ENDPOINT.partition('://')[2]})"

    def has_token(self, token: str | None) -> bool:
        """Whether somebody is logged in: the visitor, or whoever uses this machine."""
        from pix2pix.hub.client import token_here

        return bool(token_here() if token is None else token)

    def state(self, token: str | None) -> State:
        """As it was when the Hub was asked last. The account is that of this machine, and
        known where `token` is None."""
        with self._lock:
            is_old = time.monotonic() - self._asked > (FRESH_IF_DOWN if self._state.word == "down" else FRESH)
            if is_old:
                self._asked = time.monotonic()
        if is_old:
            threading.Thread(
                target=self._ask, args=(token is None,), name="pix2pix-hub-state", daemon=True
            ).start()
        return self._state

    def _ask(self, wants_account: bool) -> None:
        from pix2pix.hub.client import account_of, connect, is_online, token_here

        if not is_online():
            self._state = State("down")
            return
        account = ""
        if wants_account and token_here():
            try:
                account = account_of(connect())
            except Pix2PixError:  # a token that the Hub does not know: whoever pushes with it is told so
                account = ""
        self._state = State("up", account)
