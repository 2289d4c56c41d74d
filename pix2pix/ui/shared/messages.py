"""Errors that a visitor can correct, shown as a toast with one sentence instead of a traceback."""

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
    """Wraps a handler so that its `Pix2PixError` is shown as a toast. Other exceptions are bugs,
    and are logged."""

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
"""An absolute path of at least two parts; its group is the last part. The path of a web address
does not match."""


def without_paths(text: str) -> str:
    """Shortens each absolute path in the text to its last part, so that it shows no folders of the server.

    A path with spaces in it is recognised only below the working folder, the home folder and
    the temporary folder.
    """
    for folder in (Path.cwd(), Path.home(), Path(tempfile.gettempdir())):
        if len(folder.parts) > 1:
            text = text.replace(f"{folder}{os.sep}", "")
    return PATH.sub(
        lambda found: found.group(1) or found.group(0).rstrip("/\\").replace("\\", "/").rpartition("/")[2],
        text,
    )


def sentence(error: Pix2PixError | str) -> str:
    """Returns the message without the server's folders, capitalised unless it begins with a file name
    or a number."""
    text = without_paths(str(error))
    return text[:1].upper() + text[1:] if text.split(" ")[0].isalpha() else text


CLICK_LATER = "() => setTimeout(() => document.querySelector('#{} button, button#{}, a#{}')?.click(), 250)"
"""Presses the hidden download button once its file is there, so that the browser saves the file."""


def capital(text: str) -> str:
    """Returns the text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
