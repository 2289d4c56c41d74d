"""The example inputs of the page, from `examples/`: our own label maps and edge drawings, photos that our
models made of them, and landscapes of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pix2pix.config import ModelConfig
from pix2pix.runtime.files import read_image
from pix2pix.ui.shared.canvas import spec_of, theme_of
from pix2pix.ui.shared.data_urls import data_url, to_data_url

EXAMPLES = Path(__file__).parents[3] / "examples"
SUFFIXES = (".png", ".jpg")
PHOTOS = {"facade": "house", "map": "aerial"}
"""Folder of photos that suit a model which turns photos into labels, by the theme of its target palette."""
LANDSCAPES = "landscape"
"""Folder of pictures for models that turn photos into photos or paintings."""


def fitting(config: ModelConfig) -> str:
    """Returns the name of the folder of examples that suit a model; "" where none do."""
    spec = spec_of(config)
    if spec["kind"] == "photo":
        return LANDSCAPES if config.target == "photo" else PHOTOS.get(theme_of(config.target_palette), "")
    return str(spec["surprise"]) or ("edges" if spec["kind"] == "edges" else "")


def list_examples(folder: Path = EXAMPLES) -> dict[str, list[Path]]:
    """Returns the example files by folder: label maps `facade` and `map`, `edges`, photos
    `house`, `aerial` and `landscape`."""
    places = [place for place in sorted(folder.glob("*")) if place.is_dir()]
    return {
        place.name: sorted(path for path in place.iterdir() if path.suffix in SUFFIXES) for place in places
    }


def title_of(path: Path) -> str:
    """Returns the title of an example from its file name: `corner-house.png` gives "Corner house"."""
    return path.stem.replace("-", " ").capitalize()


def as_props(folder: Path = EXAMPLES) -> dict[str, list[dict[str, Any]]]:
    """Returns names and pictures (data URLs) by folder. They are small, so they are part of
    the page itself."""
    return {
        kind: [{"name": title_of(path), "image": _to_url(path)} for path in paths]
        for kind, paths in list_examples(folder).items()
    }


def _to_url(path: Path) -> str:
    if path.suffix == ".png":
        return to_data_url(read_image(path), 9)
    return data_url(path.read_bytes(), "jpeg")
