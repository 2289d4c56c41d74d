"""Answers of the server to a script of the page: plain values, or one sentence that describes an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from pix2pix.errors import Pix2PixError
from pix2pix.ui.shared.messages import sentence

Answer = dict[str, Any]


def answering(handler: Callable[..., Answer]) -> Callable[..., Answer]:
    """Wraps a handler so that a `gr.Error` or `Pix2PixError` is returned as `{"error": sentence}`.

    Other exceptions are bugs: they are raised, and end in the server's log.
    """

    def handle(asked: Any) -> Answer:
        try:
            return handler(asked)
        except gr.Error as error:
            return {"error": str(error.message)}
        except Pix2PixError as error:
            return {"error": sentence(error)}

    return handle
