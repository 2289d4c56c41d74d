"""The keys of a Space's README.md and their valid values, after the Hub's configuration reference
of August 2026."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pix2pix.errors import HubError

COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
SCOPES = {
    "openid",
    "profile",
    "email",
    "read-repos",
    "contribute-repos",
    "write-repos",
    "manage-repos",
    "inference-api",
    "jobs",
    "webhooks",
}
SHORT = 60
"""Limit of a short description in characters."""
VERSION = re.compile(r"\d+\.\d+(\.\d+)?([ab.]?\w+)?")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def is_hardware(value: Any) -> bool:
    """Whether the Hub has hardware of that name."""
    from huggingface_hub import SpaceHardware

    return value in {each.value for each in SpaceHardware}


RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "title": (_is_text, "words"),
    "emoji": (lambda value: _is_text(value) and len(value) <= 8 and not value.isascii(), "one emoji"),
    "colorFrom": (lambda value: value in COLORS, f"one of {', '.join(sorted(COLORS))}"),
    "colorTo": (lambda value: value in COLORS, f"one of {', '.join(sorted(COLORS))}"),
    "sdk": (lambda value: value in ("gradio", "docker", "static"), "gradio, docker or static"),
    # As text: YAML reads 3.10 as the number 3.1.
    "sdk_version": (
        lambda value: isinstance(value, str) and bool(VERSION.fullmatch(value)),
        "a version in quotes",
    ),
    "python_version": (
        lambda value: isinstance(value, str) and bool(re.fullmatch(r"3\.\d+(\.\d+)?", value)),
        "3.x in quotes",
    ),
    "app_file": (
        lambda value: _is_text(value) and not value.startswith("/") and ".." not in value,
        "a file of the repository",
    ),
    "suggested_hardware": (is_hardware, "the name of hardware that the Hub has"),
    "suggested_storage": (lambda value: value in ("small", "medium", "large"), "small, medium or large"),
    "app_port": (lambda value: isinstance(value, int) and 0 < value < 65_536, "a port"),
    "base_path": (_is_text, "a path"),
    "fullWidth": (lambda value: isinstance(value, bool), "true or false"),
    "header": (lambda value: value in ("mini", "default"), "mini or default"),
    "short_description": (lambda value: _is_text(value) and len(value) <= SHORT, f"at most {SHORT} letters"),
    "models": (_is_list, "a list of repositories"),
    "datasets": (_is_list, "a list of repositories"),
    "tags": (_is_list, "a list of words"),
    "license": (_is_text, "a licence"),
    "thumbnail": (_is_text, "an address"),
    "pinned": (lambda value: isinstance(value, bool), "true or false"),
    "hf_oauth": (lambda value: isinstance(value, bool), "true or false"),
    "hf_oauth_scopes": (
        lambda value: _is_list(value) and set(value) <= SCOPES,
        f"some of {', '.join(sorted(SCOPES))}",
    ),
    "hf_oauth_expiration_minutes": (
        lambda value: isinstance(value, int) and 0 < value <= 43_200,
        "1 to 43200",
    ),
    "disable_embedding": (lambda value: isinstance(value, bool), "true or false"),
    "startup_duration_timeout": (
        lambda value: isinstance(value, str) and bool(re.fullmatch(r"\d+[smh]|\d+ ?min", value)),
        "such as 30m",
    ),
    "preload_from_hub": (_is_list, "a list of repositories"),
}
NEEDED = ("title", "sdk", "sdk_version", "app_file")


def check_front(values: Mapping[str, Any]) -> None:
    """Raises `HubError` with the first key of the front matter that a Gradio Space does not accept."""
    missing = [key for key in NEEDED if key not in values]
    if missing:
        raise HubError(f"the front matter of a Space needs {', '.join(missing)}.")
    for key, value in values.items():
        if key not in RULES:
            raise HubError(f"the front matter of a Space has no key {key!r}.")
        is_right, wanted = RULES[key]
        if not is_right(value):
            raise HubError(f"{key} is {value!r} in the front matter of a Space; it must be {wanted}.")
