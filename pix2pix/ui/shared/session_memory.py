"""Limits the server's memory for visitors' sessions: a few kilobytes each, and a bounded number of them.

Gradio 6 gives each session, each call of the API included, a description of every component of the page: 0.41
MB of this page and 10 ms, kept for up to 10,000 sessions (4 GB). No public setting makes it smaller, so
`share_descriptions` replaces Gradio's session class with one that shares the page's descriptions and copies
those that a session changes. Written against gradio 6.31; a test checks that the class is still in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr
import gradio.blocks
from gradio import route_utils, state_holder

from pix2pix.data.store import free_memory

TTL_WHEN_CLOSED = 3600
"""Seconds for which Gradio keeps the state of a closed page."""
SHARE = 0.01
"""Share of the free memory that sessions may take."""
BYTES_PER_SESSION = 40_000
"""Measured (and held by tests/ui/shared/test_session_memory.py): 15 kB for an idle session, more
with its state."""
FEWEST = 200
MOST = 2000


def session_capacity() -> int:
    """Returns how many sessions are kept; beyond that, those used longest ago are dropped and their pages get
    a new one."""
    return int(min(max(SHARE * free_memory() / BYTES_PER_SESSION, FEWEST), MOST))


class SharedDescriptions(dict[int, Any]):
    """Descriptions of components by id: the page's own, copied for this session when it first reads one
    to change it."""

    def __init__(self, shared: dict[int, Any]) -> None:
        super().__init__()
        self.shared = shared

    def __missing__(self, key: int) -> Any:
        description = dict(self.shared[key])
        if "props" in description:
            description["props"] = dict(description["props"])
        self[key] = description
        return description

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self.shared

    def __iter__(self) -> Iterator[int]:
        return iter({**self.shared, **dict.fromkeys(super().__iter__())})

    def items(self) -> Any:
        """Returns pairs of id and description, which Gradio reads to make a link that carries
        the page's state."""
        own = dict(super().items())
        return {**self.shared, **own}.items()


class SharingSession(state_holder.SessionState):
    """A Gradio session that shares the page's descriptions of components."""

    def __init__(self, blocks: gr.Blocks) -> None:
        # Not Gradio's constructor, which describes every component anew; the test compares what both set.
        self.blocks_config = copy(blocks.default_config)
        self.config_values = SharedDescriptions(_descriptions_of(blocks))
        self.state_data: dict[int, Any] = {}
        self._state_ttl: dict[int, Any] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = TTL_WHEN_CLOSED


_described: WeakKeyDictionary[gr.Blocks, dict[int, Any]] = WeakKeyDictionary()


def _descriptions_of(blocks: gr.Blocks) -> dict[int, Any]:
    """Returns the descriptions of a page's components by id, computed once for each page."""
    if blocks not in _described:
        config = blocks.default_config
        _described[blocks] = {
            key: config.config_for_block(key, [], block) for key, block in config.blocks.items()
        }
    return _described[blocks]


def share_descriptions() -> None:
    """Makes Gradio use `SharingSession` for each new session. Calling it again changes nothing."""
    for module in (state_holder, route_utils, gradio.blocks):
        assert hasattr(module, "SessionState"), f"gradio {gr.__version__} keeps its sessions elsewhere"
        setattr(module, "SessionState", SharingSession)  # noqa: B010  # a class, which mypy does not let anybody replace
