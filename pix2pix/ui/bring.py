"""Bring data: drop a zip or pictures, or name a folder or a data set, and see at once what is in it and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

DIRECTIONS = [("A → B", "AtoB"), ("B → A", "BtoA")]
MAKES = [
    ("Nothing: these are pairs", "none"),
    ("Colourise: gray to colour", "gray"),
    ("Edges to photo", "edges"),
    ("Fill holes", "mask"),
    ("Sharpen: blurred to sharp", "lowres"),
]


@dataclass(frozen=True)
class Bring:
    """The section's widgets. `data` holds the path of the chosen, checked folder; its `change` tells of new data."""

    data: gr.Textbox
    direction: gr.Radio
    make: gr.Radio


def build_bring(uploads: Path, allowed: tuple[Path, ...]) -> Bring:
    """The section, built where it is called: inside the Train tab's Blocks."""
    data = gr.Textbox(visible=False, label="Pairs", elem_id="bring-data")
    direction = gr.Radio(DIRECTIONS, value="AtoB", label="Direction", elem_id="bring-direction")
    make = gr.Radio(MAKES, value="none", label="Learn from single photos", elem_id="bring-make")
    return Bring(data, direction, make)
