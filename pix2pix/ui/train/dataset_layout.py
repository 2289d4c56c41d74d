"""The choice of how the pairs are arranged in the folder, for data whose layout was not
recognised correctly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr

from pix2pix.runtime.progress import Progress
from pix2pix.ui.train import dataset_report as dataset_report
from pix2pix.ui.train import uploaded as uploaded
from pix2pix.ui.train.uploaded import UploadedDataset

LAYOUTS = [
    ("As found", "auto"),
    ("Side by side in one picture", "side-by-side"),
    ("Two folders", "folders"),
    ("Two suffixes: x_A, x_B", "suffixes"),
]


def build_layout() -> gr.Radio:
    """Builds the choice in its state for new data."""
    return gr.Radio(LAYOUTS, value="auto", label="How the pictures lie", elem_id="bring-layout")


def bind_layout(parts: dict[str, Any], restated: Callable[..., Any], *, events: dict[str, Any]) -> None:
    """Calls `restated` with the data and the chosen layout; where it finds no pair, the choice is reset."""
    stated = parts["layout"].input(restated, [parts["state"], parts["layout"]], **events)
    stated.failure(
        _layout_of, parts["state"], parts["layout"], show_progress="hidden", api_visibility="private"
    )


def _layout_of(dataset: UploadedDataset | None) -> str:
    return dataset.layout if dataset else "auto"


def restate(dataset: UploadedDataset, layout: str, *, progress: Progress | None = None) -> UploadedDataset:
    """Inspects the same data with another layout; the other choices stay. Raises `DataError` where it
    has no pair."""
    if layout not in {value for _, value in LAYOUTS} or layout == dataset.layout:
        return dataset
    look = uploaded.look_without_pairs if dataset.sides else uploaded.look_at
    inspected = look(dataset.upload, progress, layout=layout)
    return replace(inspected, make=dataset.make if inspected.is_photos else "none", before=dataset.before)
