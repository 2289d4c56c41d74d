"""The origin of a model: pulled from the Hub, imported from another project, shipped with
pix2pix, or trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pix2pix.ui.shared.model_library import Model
from pix2pix.ui.shared.storage import is_copied

Origin = dict[str, str]
SHORT = 7
"""Characters of an abbreviated commit."""
LONGEST = 80


def origin_of(model: Model) -> Origin:
    """Returns `kind`, `words` and `link` ("" for none). Text from the file is shortened, and linked only
    to the Hub."""
    origin = model.about.get("origin")
    if isinstance(origin, dict) and origin.get("repo"):
        return _pulled(origin)
    if isinstance(origin, dict) and origin.get("project"):
        return {"kind": "imported", "words": f"imported from {origin['project']}"[:LONGEST], "link": ""}
    if model.is_run:
        return {"kind": "trained", "words": "trained here, in its run", "link": ""}
    if is_shipped(model):
        return {"kind": "shipped", "words": "comes with pix2pix", "link": ""}
    return {"kind": "trained", "words": "trained with pix2pix", "link": ""}


def _pulled(origin: Mapping[str, Any]) -> Origin:
    from huggingface_hub import constants

    from pix2pix.errors import HubError
    from pix2pix.hub.client import check_name

    repo = str(origin["repo"])[:LONGEST]
    commit = str(origin.get("commit") or origin.get("revision") or "")[:40]
    words = f"from {repo}" + (f" at {commit[:SHORT]}" if commit else "")
    try:
        check_name(repo)
    except HubError:  # no name that the Hub knows: nothing to link to
        return {"kind": "pulled", "words": words, "link": ""}
    is_commit = commit.isalnum()
    return {
        "kind": "pulled",
        "words": words,
        "link": f"{constants.ENDPOINT}/{repo}" + (f"/tree/{commit}" if is_commit else ""),
    }


def is_shipped(model: Model) -> bool:
    """Whether a model comes with pix2pix.

    That is so where the README of its folder lists the file, and the README or the model's card beside it has
    the command or the number of steps that it was trained with; and where the file was copied from there to
    the store of a Space.
    """
    if model.is_run or not model.about.get("command"):
        return False
    if is_copied(model.path):
        return True
    readme = _text(model.path.parent / "README.md")
    name = model.path.name
    if f"## {name}" not in readme and f"`checkpoints/{name}`" not in readme:
        return False
    step = model.about.get("step")
    steps = [f"{step:,} ", f"--steps {step} "] if isinstance(step, int) else []
    text = readme + _text(model.path.with_suffix(".md"))
    return any(words in text for words in (str(model.about["command"]), *steps))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
