"""Mistakes that a visitor can mend, shown as a toast with their sentence instead of a traceback."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import gradio as gr

from pix2pix.errors import Pix2PixError

SECONDS = 12


def with_toasts(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler, with its `Pix2PixError` as a toast. Other errors are bugs, and go to the server's log."""

    @functools.wraps(handler)
    def handle(*values: Any) -> Any:
        try:
            return handler(*values)
        except Pix2PixError as error:
            raise gr.Error(sentence(error), duration=SECONDS, title="That did not work", print_exception=False) from error

    return handle


def sentence(error: Pix2PixError) -> str:
    """The message with a capital letter, unless it begins with a file or a number."""
    text = str(error)
    return text[:1].upper() + text[1:] if text.split(" ")[0].isalpha() else text
