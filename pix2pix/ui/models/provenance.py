"""Where a model came from: pulled from the Hub, imported from another project, shipped, or trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pix2pix.ui.shared.model_library import Model

Origin = dict[str, str]
SHORT = 7
"""Letters of a commit, as people name it."""
LONGEST = 80


def origin_of(model: Model) -> Origin:
    """`kind`, `words`, and a `link` where there is one. What a stranger's file says is shown as text,
    and linked on the Hub alone."""
    told = model.about.get("origin")
    if isinstance(told, dict) and told.get("repo"):
        return _pulled(told)
    if isinstance(told, dict) and told.get("project"):
        return {"kind": "imported", "words": f"imported from {told['project']}"[:LONGEST], "link": ""}
    if model.is_run:
        return {"kind": "trained", "words": "trained here, in its run", "link": ""}
    if _comes_along(model):
        return {"kind": "shipped", "words": "comes with pix2pix", "link": ""}
    return {"kind": "trained", "words": "trained with pix2pix", "link": ""}


def _pulled(told: Mapping[str, Any]) -> Origin:
    from huggingface_hub import constants

    from pix2pix.errors import HubError
    from pix2pix.hub.client import check_name

    repo = str(told["repo"])[:LONGEST]
    commit = str(told.get("commit") or told.get("revision") or "")[:40]
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


def _comes_along(model: Model) -> bool:
    """The folder's own README tells of it, and of the very command that it was made by."""
    readme = model.path.parent / "README.md"
    command = model.about.get("command")
    if not isinstance(command, str) or not command or not readme.is_file():
        return False
    text = readme.read_text(encoding="utf-8", errors="replace")
    return f"## {model.path.name}" in text and command in text
