"""Restores the data section after a reload: the browser stores the folder's name, the server
inspects it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from pix2pix.data.intake.uploads import use_folder
from pix2pix.data.layouts import STATED
from pix2pix.data.made_sources import MADE
from pix2pix.errors import DataError
from pix2pix.ui.shared.messages import with_toasts
from pix2pix.ui.train import dataset_report as dataset_report
from pix2pix.ui.train import uploaded as uploaded
from pix2pix.ui.train.uploaded import UploadedDataset

READ = "() => JSON.parse(localStorage.getItem('pix2pix-brought') ?? 'null')"
WRITE = (
    "(note) => { if (note?.folder && !window.pix2pixForgets) localStorage.setItem('pix2pix-brought',"
    " JSON.stringify(note)); }"
)
FORGET = "() => { window.pix2pixForgets = true; localStorage.removeItem('pix2pix-brought'); return []; }"
FORGOTTEN = "() => { window.pix2pixForgets = false; }"
"""Until the server has answered, an update still under way must not store the note again."""

Memory = dict[str, str]


def note_of(dataset: UploadedDataset) -> Memory:
    """Returns what the browser stores."""
    note = {"folder": str(dataset.upload.folder), "direction": dataset.report.direction, "make": dataset.make}
    return note | {"layout": dataset.layout, "method": dataset.method}


def recall(uploads: Path, allowed: tuple[Path, ...], *, note: Any) -> UploadedDataset | None:
    """Returns the data of a note, inspected again; None where it is gone or not allowed, since a note
    may be forged."""
    if not isinstance(note, dict) or not all(
        isinstance(note.get(key), str) for key in ("folder", "direction", "make")
    ):
        return None
    try:
        layout = next((word for word in STATED if word == note.get("layout")), "auto")
        is_apart = note.get("method") == "cyclegan"
        look = uploaded.look_without_pairs if is_apart else uploaded.look_at
        dataset = look(use_folder(note["folder"], uploads, allowed=allowed), layout=layout)
    except DataError:
        return None  # swept away since, or moved: the visitor sees the empty place to drop some
    if note["direction"] in ("AtoB", "BtoA"):
        dataset = uploaded.turned(dataset, note["direction"])
    return replace(dataset, make=note["make"]) if dataset.is_photos and note["make"] in MADE else dataset


def remember(demo: gr.Blocks, parts: dict[str, Any], *, recalled: Callable[[Any, gr.Request], Any]) -> None:
    """Stores the section's `state` in the browser, and passes the stored note to `recalled` when the
    page is loaded."""

    def handle(note: Any, request: gr.Request) -> Any:
        return recalled(note, request) if note else gr.skip()

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    note = gr.JSON(visible="hidden")
    changes = [parts[name].change for name in ("data", "direction", "layout", "make", "method")]
    # By hand, since gr.BrowserState reads nothing before its tab is opened for the first time.
    demo.load(with_toasts(handle), note, list(parts.values()), js=READ, **quiet)
    # A page that is being loaded sends changes too, before its visitor's data is recalled.
    kept = gr.on(
        changes, lambda dataset: note_of(dataset) if dataset else gr.skip(), parts["state"], note, **quiet
    )
    kept.success(None, note, js=WRITE, **quiet)
    parts["other"].click(lambda: None, None, note, js=FORGET, **quiet).success(None, js=FORGOTTEN, **quiet)
