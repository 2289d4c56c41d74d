"""The drawings that the page starts from: label maps and edges of our own, in `examples/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pix2pix.config import ModelConfig
from pix2pix.files import read_image
from pix2pix.ui.drawing import spec_of, to_data_url

EXAMPLES = Path(__file__).parents[2] / "examples"


def fitting(config: ModelConfig) -> str:
    """The folder of examples that suit a model; empty where none do."""
    spec = spec_of(config)
    return str(spec["surprise"]) or ("edges" if spec["kind"] == "edges" else "")


def list_examples(folder: Path = EXAMPLES) -> dict[str, list[Path]]:
    """Files by what they show: `facade`, `map`, `edges`."""
    return {place.name: sorted(place.glob("*.png")) for place in sorted(folder.glob("*")) if place.is_dir()}


def title_of(path: Path) -> str:
    """`corner-house.png` as words."""
    return path.stem.replace("-", " ").capitalize()


def as_props(folder: Path = EXAMPLES) -> dict[str, list[dict[str, Any]]]:
    """Names and pictures by what they show, for the page: they are small, and come with it."""
    return {
        kind: [{"name": title_of(path), "image": to_data_url(read_image(path), 9)} for path in paths]
        for kind, paths in list_examples(folder).items()
    }
