"""Writes the folder of a Space: the page, its requirements, chosen models, and a README.md
with its configuration."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.errors import CheckpointError, HubError
from pix2pix.hub.client import check_name
from pix2pix.hub.model_card import dump
from pix2pix.hub.push import LARGEST_MODEL, name_of
from pix2pix.hub.space_metadata import check_front, is_hardware
from pix2pix.runtime.files import all_or_nothing, is_empty_folder, write_text

PACKAGE = Path(__file__).parents[1]
ROOT = PACKAGE.parent
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.pyi", "*.part", ".*")
APP = '''"""What a Hugging Face Space runs: the page of pix2pix."""

import sys

from pix2pix.cli import main

if __name__ == "__main__":
    sys.exit(main(["app"]))
'''
CPU_INDEX = "--extra-index-url https://download.pytorch.org/whl/cpu"
"""Package index with a torch for CPUs, of 0.2 GB instead of 3."""
VIDEO = "av"
"""PyAV, an optional extra elsewhere: visitors of a Space cannot install it."""
ZERO_PYTHON = "3.12"
"""The newest version of Python that ZeroGPU supports."""
TITLE = "pix2pix"
SHORT = "Draw a label map, get a photo"


@dataclass(frozen=True)
class Space:
    """What is to be deployed."""

    models: tuple[Path, ...] = ()
    hardware: str = ""
    """The Hub's name (cpu-basic, zero-a10g, t4-small, ...); "" keeps a Space's hardware, and a new Space
    gets the default."""
    private: bool = False


def check_space(space: Space) -> None:
    """Raises `HubError` or `CheckpointError` where the Space cannot be deployed."""
    if space.hardware and not is_hardware(space.hardware):
        raise HubError(
            f"the Hub has no hardware {space.hardware!r}. Take cpu-basic, zero-a10g, t4-small or another "
            "one of its list."
        )
    names = [name_of(path) for path in space.models]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise HubError(f"two of the models are named {twice}. Give one of them another file name.")
    for path in space.models:
        if path.is_file() and path.stat().st_size > LARGEST_MODEL:
            raise HubError(
                f"{path} has {path.stat().st_size / 1e9:,.1f} GB; a Space takes models of at most "
                f"{LARGEST_MODEL / 1e9:.0f} GB."
            )
        load_checkpoint(path)


def write_space(folder: str | Path, space: Space, *, repo: str = "") -> Path:
    """Writes the Space's files into a new or empty folder and returns it; its `app.py` starts as on the Hub.

    Raises `HubError` or `CheckpointError` where the folder is not empty or the Space cannot be deployed.
    """
    folder = Path(folder)
    check_space(space)
    if folder.exists() and not is_empty_folder(folder):
        raise HubError(f"{folder} is not empty. Name a new folder for the Space.")
    with all_or_nothing(folder):
        shutil.copytree(PACKAGE, folder / "pix2pix", ignore=LEFT_OUT)
        if (ROOT / "examples").is_dir():
            shutil.copytree(
                ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns(".*", "*.mjs")
            )
        write_text(folder / "app.py", APP)
        write_text(folder / "requirements.txt", requirements(space.hardware))
        write_text(folder / "README.md", space_card(space, repo))
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        for path in space.models:
            shutil.copyfile(path, folder / "checkpoints" / f"{name_of(path)}.pth")
    return folder


def requirements(hardware: str) -> str:
    """Returns requirements.txt with what signing in and videos need; for a CPU with the index of the small
    torch."""
    here = ROOT / "requirements.txt"
    if here.is_file():
        lines = here.read_text(encoding="utf-8").splitlines()
    else:
        lines = [
            line.partition(";")[0].strip()
            for line in metadata.requires("pix2pix") or ()
            if "extra ==" not in line
        ]
    lines = [re.sub(r"^gradio(?=[><=])", "gradio[oauth]", line) for line in lines]
    return "\n".join([*([CPU_INDEX] if hardware.startswith("cpu") else []), *lines, VIDEO]) + "\n"


def space_front(space: Space, repo: str = "") -> dict[str, Any]:
    """Returns the front matter. Signing in is enabled so that visitors can push under their own name; it
    needs no secret."""
    python = (
        ZERO_PYTHON
        if space.hardware.startswith("zero")
        else f"{sys.version_info.major}.{sys.version_info.minor}"
    )
    return {
        "title": check_name(repo).partition("/")[2] if repo else TITLE,
        "emoji": "🏠",
        "colorFrom": "indigo",
        "colorTo": "pink",
        "sdk": "gradio",
        "sdk_version": metadata.version("gradio"),
        "python_version": python,
        "app_file": "app.py",
        "short_description": SHORT,
        "license": "mit",
        "suggested_hardware": space.hardware or "cpu-basic",
        "hf_oauth": True,
        "hf_oauth_scopes": ["write-repos"],
        "tags": ["pix2pix", "image-to-image"],
        **({"models": origins} if (origins := _origins(space)) else {}),
    }


def space_card(space: Space, repo: str = "") -> str:
    """Returns the README.md of the Space."""
    front = space_front(space, repo)
    check_front(front)
    names = ", ".join(name_of(path) for path in space.models) or "none yet"
    return (
        f"{dump(front)}\n# {front['title']}\n\nDraw, and a model makes a picture of it. Models: {names}.\n\n"
        "Everyone may draw and download. Who signs in may push models under their own name; the owner may "
        "fetch, rename and delete them.\n"
        "Nobody trains here, unless the owner sets the variable `PIX2PIX_TRAIN` to `owner`, `visitors` or "
        "`everyone`.\n"
        "With persistent storage, models and runs are kept in `/data`. Duplicating this Space needs "
        "no secrets.\n"
    )


def _origins(space: Space) -> list[str]:
    """Returns the repositories from which the models were pulled."""
    repos: list[str] = []
    for path in space.models:
        try:
            origin = load_checkpoint(path).about.get("origin")
        except CheckpointError:
            continue
        if isinstance(origin, dict) and origin.get("repo"):
            repos.append(str(origin["repo"]))
    return list(dict.fromkeys(repos))
