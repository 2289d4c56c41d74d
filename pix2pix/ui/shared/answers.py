"""What a handler sends back to a script of the page: plain values, or one sentence of what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from pix2pix.errors import Pix2PixError
from pix2pix.ui.shared.messages import sentence

Answer = dict[str, Any]


def answering(handler: Callable[..., Answer]) -> Callable[..., Answer]:
    """The handler, with a visitor's mistakes as `{"error": sentence}`. Other errors are bugs,
    and go to the server's log."""

    def handle(asked: Any) -> Answer:
        try:
            return handler(asked)
        except gr.Error as error:
            return {"error": str(error.message)}
        except Pix2PixError as error:
            return {"error": sentence(error)}

    return handle
