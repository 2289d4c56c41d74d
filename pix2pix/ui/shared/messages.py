"""Mistakes that a visitor can mend, shown as a toast with their sentence instead of a traceback."""

from __future__ import annotations

import functools
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
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
            raise gr.Error(
                sentence(error), duration=SECONDS, title="That did not work", print_exception=False
            ) from error

    return handle


PATH = re.compile(
    r"""(?<![\w:/\\.~-])(?:~|[A-Za-z]:)?(?:[/\\][^\s/\\'"`<>|;,()]+)+[/\\]([^\s/\\'"`<>|;,()]*)"""
)
"""An absolute path of two parts or more; what stands in its group is its last part. Not the
rest of an address of the web."""


def without_paths(text: str) -> str:
    """The text with each absolute path shortened to its last part: a visitor need not
    know the folders of the server.

    Folders with spaces in their names are known where they are those that the server works in.
    """
    for folder in (Path.cwd(), Path.home(), Path(tempfile.gettempdir())):
        if len(folder.parts) > 1:
            text = text.replace(f"{folder}{os.sep}", "")
    return PATH.sub(
        lambda found: found.group(1) or found.group(0).rstrip("/\\").replace("\\", "/").rpartition("/")[2],
        text,
    )


def sentence(error: Pix2PixError | str) -> str:
    """The message without the server's folders, with a capital letter unless it
    begins with a file or a number."""
    text = without_paths(str(error))
    return text[:1].upper() + text[1:] if text.split(" ")[0].isalpha() else text


CLICK_LATER = "() => setTimeout(() => document.querySelector('#{} button, button#{}, a#{}')?.click(), 250)"
"""A download that was made on the server is taken as if its own, unseen button had been pressed."""


def capital(text: str) -> str:
    """The sentence with a capital letter."""
    return text[:1].upper() + text[1:]
