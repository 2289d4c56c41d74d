"""The choices of how the pairs are arranged in the folder, and of whether they are pairs, for data that was
not recognised correctly."""

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


def build_apart() -> gr.Checkbox:
    """Builds the choice to train without pairs in its state for new data."""
    return gr.Checkbox(
        value=False,
        label="The two sides do not belong together: train without pairs",
        elem_id="bring-without-pairs",
        container=False,
    )


def bind_layout(
    parts: dict[str, Any],
    restated: Callable[..., Any],
    taken_apart: Callable[..., Any],
    *,
    events: dict[str, Any],
) -> None:
    """Calls `restated` with the data and the chosen layout, and `taken_apart` with the data and whether to
    train without pairs; where that cannot be, the choice is reset."""
    for name, handler, before in (
        ("layout", restated, _layout_of),
        ("without_pairs", taken_apart, _is_apart),
    ):
        chosen = parts[name].input(handler, [parts["state"], parts[name]], **events)
        chosen.failure(before, parts["state"], parts[name], show_progress="hidden", api_visibility="private")


def _layout_of(dataset: UploadedDataset | None) -> str:
    return dataset.layout if dataset else "auto"


def _is_apart(dataset: UploadedDataset | None) -> bool:
    return bool(dataset and dataset.sides)


def take_apart(
    dataset: UploadedDataset, without_pairs: bool, *, progress: Progress | None = None
) -> UploadedDataset:
    """Inspects the same data as two sides without pairs, or as pairs again; undo gives it back as it was.

    Raises `DataError` where there are no two sides.
    """
    if without_pairs == bool(dataset.sides):
        return dataset
    if without_pairs:
        return uploaded.without_pairs(dataset, progress)
    return replace(
        uploaded.look_at(dataset.upload, progress, layout=dataset.layout),
        before=replace(dataset, before=None),
    )


def restate(dataset: UploadedDataset, layout: str, *, progress: Progress | None = None) -> UploadedDataset:
    """Inspects the same data with another layout; the other choices stay. Raises `DataError` where it
    has no pair."""
    if layout not in {value for _, value in LAYOUTS} or layout == dataset.layout:
        return dataset
    look = uploaded.look_without_pairs if dataset.sides else uploaded.look_at
    inspected = look(dataset.upload, progress, layout=layout)
    return replace(inspected, make=dataset.make if inspected.is_photos else "none", before=dataset.before)
