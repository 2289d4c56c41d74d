"""The pictures that the page starts from, in `examples/`: label maps and edges of our own, and photos
that our models made of them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from pix2pix.config import ModelConfig
from pix2pix.runtime.files import read_image
from pix2pix.ui.shared.canvas import spec_of, theme_of, to_data_url

EXAMPLES = Path(__file__).parents[3] / "examples"
SUFFIXES = (".png", ".jpg")
PHOTOS = {"facade": "house", "map": "aerial"}
"""By what a model draws, the photos that it can draw it from."""


def fitting(config: ModelConfig) -> str:
    """The folder of examples that suit a model; empty where none do."""
    spec = spec_of(config)
    if spec["kind"] == "photo":
        return PHOTOS.get(theme_of(config.target_palette), "")
    return str(spec["surprise"]) or ("edges" if spec["kind"] == "edges" else "")


def list_examples(folder: Path = EXAMPLES) -> dict[str, list[Path]]:
    """Files by what they show: label maps as `facade` and `map`, `edges`, photos as `house` and `aerial`."""
    places = [place for place in sorted(folder.glob("*")) if place.is_dir()]
    return {
        place.name: sorted(path for path in place.iterdir() if path.suffix in SUFFIXES) for place in places
    }


def title_of(path: Path) -> str:
    """`corner-house.png` as words."""
    return path.stem.replace("-", " ").capitalize()


def as_props(folder: Path = EXAMPLES) -> dict[str, list[dict[str, Any]]]:
    """Names and pictures by what they show, for the page: they are small, and come with it."""
    return {
        kind: [{"name": title_of(path), "image": _to_url(path)} for path in paths]
        for kind, paths in list_examples(folder).items()
    }


def _to_url(path: Path) -> str:
    if path.suffix == ".png":
        return to_data_url(read_image(path), 9)
    return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()
