"""Paths as people type and paste them. Imports nothing slow, since the command line uses it at its start."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

DEVICES = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9\u00b9\u00b2\u00b3]", re.IGNORECASE)
QUOTES = ("''", '""', "``", "“”", "‘’", "«»", "„“")


def expand_home(path: str | Path) -> str:
    """Returns the path with `~` as the home folder, which no shell does in `--run=~/x`.

    An unknown user stays as typed, a slash at the end too.
    """
    return os.path.expanduser(path)  # noqa: PTH111  # pathlib raises for unknown users


def quoted(path: str | Path) -> str:
    """Returns the path as one word of a command line."""
    return subprocess.list2cmdline([str(path)]) if os.name == "nt" else shlex.quote(str(path))


def unquoted(text: str) -> str:
    """Returns the text without spaces and one pair of quotes around it, as file managers copy names."""
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] + text[-1] in QUOTES else text


def pasted(text: str) -> str:
    """Returns a pasted path without spaces and quotes around it, `file://`, and a terminal's backslashes.

    Backslashes are removed only where the path does not exist as it is, since a name may contain some.
    """
    text = unquoted(text)
    if text.lower().startswith("file://"):
        text = unquote(urlsplit(text).path)
        text = text[1:] if re.match(r"/[A-Za-z]:", text) else text
    text = expand_home(text)
    if os.name == "posix" and "\\" in text and not os.path.lexists(text):
        text = re.sub(r"\\(.)", r"\1", text)
    return text


def cache_folder() -> Path:
    """Returns this user's folder for what can be fetched again. It need not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pix2pix"


def slug(text: str, default: str, *, longest: int = 100, dots: bool = False) -> str:
    """Returns `text` as a plain name for a file or an address: letters, digits, `_` and `-` (and dots).

    Everything else becomes a hyphen; `default` is what an empty result is called.
    """
    edge = "-." if dots else "-_"
    plain = re.sub(r"[^\w.-]+" if dots else r"[^\w-]+", "-", text).strip(edge)[:longest]
    return f"{plain}-1" if is_device_name(plain) else plain or default


def is_device_name(name: str) -> bool:
    """Whether Windows takes the name for a device, with whatever ending; a folder of that name cannot be
    copied there."""
    return DEVICES.fullmatch(name.partition(".")[0].strip()) is not None
