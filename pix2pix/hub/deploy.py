"""Creates or updates a Space in one commit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from pix2pix.hub.client import check_name, connect, hub_errors, writing_here
from pix2pix.hub.commit import Place, Pushed, open_place, send
from pix2pix.hub.space_folder import Space, check_space, write_space
from pix2pix.runtime.progress import Progress

__all__ = ["Space", "deploy", "write_space"]
OURS = ("pix2pix/", "examples/", "checkpoints/")
"""Folders of a Space that are replaced as a whole by each deployment."""


def deploy(repo: str, space: Space, *, token: str | None = None, progress: Progress | None = None) -> Pushed:
    """Creates or updates the Gradio Space `owner/name` in one commit: page, requirements, models, README.

    Other files in the Space stay. Raises `HubError` on a failure; the Space is then unchanged.
    """
    from huggingface_hub import SpaceHardware

    repo = check_name(repo)
    check_space(space)
    client = connect(token, needs_token=True)
    create: dict[str, Any] = {
        "space_sdk": "gradio",
        "private": space.private,
        "space_hardware": space.hardware or None,
    }
    place = open_place(client, "space", repo=repo, create=create)
    with writing_here(repo), tempfile.TemporaryDirectory(prefix="space-") as temporary:
        folder = write_space(Path(temporary) / "space", space, repo=repo)
        files = {
            path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
        }
        deleted = _outdated(place, set(files))
        done = send(client, place, files=files, deleted=deleted, message="Deploy pix2pix", progress=progress)
    if space.hardware:
        with hub_errors(repo, client.token):
            client.api.request_space_hardware(repo, SpaceHardware(space.hardware))
    return done


def _outdated(place: Place, files: set[str]) -> list[str]:
    """Returns the files of an earlier version. The Space's models stay where none are deployed."""
    keeps_models = not any(name.startswith("checkpoints/") for name in files)
    return [
        name
        for name in place.files
        if name.startswith(OURS)
        and name not in files
        and not (keeps_models and name.startswith("checkpoints/"))
    ]
