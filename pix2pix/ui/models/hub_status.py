"""Whether the Hub can be reached, and with which account: checked in the background, so that no page
waits for it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from pix2pix.errors import Pix2PixError

FRESH = 30.0
FRESH_IF_DOWN = 5.0
"""Seconds after which the next page that looks starts another check."""


@dataclass(frozen=True)
class State:
    """`word` is "asking", "up" or "down"; `account` is the login of this machine, where it is known."""

    word: str = "asking"
    account: str = ""


class HubConnection:
    """The state of the Hub at the last check."""

    def __init__(self) -> None:
        self._state = State()
        self._asked = float("-inf")
        self._lock = threading.Lock()

    @property
    def place(self) -> str:
        """The Hub's name with its host: `The Hub (huggingface.co)`, or the host that HF_ENDPOINT sets."""
        from huggingface_hub import constants

        return f"The Hub ({constants.ENDPOINT.partition('://')[2]})"

    def has_token(self, token: str | None) -> bool:
        """Whether there is a token: the visitor's, or where `token` is None that of this machine."""
        from pix2pix.hub.client import token_here

        return bool(token_here() if token is None else token)

    def state(self, token: str | None) -> State:
        """Returns the state at the last check, and starts another one in the background where that is old.

        The account is that of this machine, looked up only where `token` is None.
        """
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
            except Pix2PixError:  # a token that the Hub does not know: a push with it then reports the error
                account = ""
        self._state = State("up", account)
