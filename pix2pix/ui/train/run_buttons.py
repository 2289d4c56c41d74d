"""The buttons beside a run, and which of them its state shows."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pix2pix.runs.queue import QUEUED
from pix2pix.runs.run import Snapshot

Parts = dict[str, Any]

DRAW = """async (key) => {
  document.querySelector('#tabs button[role=tab]')?.click();
  const studio = document.querySelector('.p2p-studio')?.studio;
  await studio?.look();
  await studio?.choose('runs/' + key);
}"""
"""Opens the first tab (Draw) with the run's model."""
PUSH = "(key) => document.querySelector('.p2p-collection')?.collection.push('runs/' + key)"
"""Opens the dialog of the Models tab that asks for the repository."""


def build_controls() -> Parts:
    """Builds the run chooser and the buttons, in the order of a run's life."""
    parts: Parts = {}
    with gr.Column(elem_classes="run-controls", min_width=230, scale=0):
        # Names that are not among the choices of an older page are looked up and
        # refused by us, with a sentence.
        parts["chooser"] = gr.Dropdown([], label="Run", allow_custom_value=True, elem_id="train-run")
        with gr.Row(elem_classes="tight"):
            parts["stop"] = gr.Button(
                "Stop", variant="stop", visible=False, elem_id="train-stop", min_width=90
            )
            parts["sample_now"] = gr.Button(
                "Sample now", visible=False, elem_id="train-sample-now", min_width=90
            )
        parts["leave"] = gr.Button("Leave the queue", visible=False, elem_id="train-leave")
        parts["resume"] = gr.Button("Resume", variant="primary", visible=False, elem_id="train-resume")
        parts["draw"] = gr.Button("Draw with it", visible=False, elem_id="train-draw")
        parts["push"] = gr.Button("Push to the Hub…", visible=False, elem_id="train-push")
        parts |= _build_more()
    return parts


def _build_more() -> Parts:
    parts: Parts = {}
    with gr.Accordion("More", open=False, elem_id="train-more-box"):
        with gr.Row(visible=False, elem_classes="tight going-on") as parts["going_on"]:
            parts["more"] = gr.Number(
                1000, label="More steps", precision=0, min_width=90, elem_id="train-more"
            )
            parts["prolong"] = gr.Button("Prolong", min_width=90, elem_id="train-prolong")
        with gr.Column(visible=False, elem_classes="tight") as parts["taking"]:
            with gr.Row(elem_classes="tight going-on"):
                parts["kept_name"] = gr.Textbox(
                    label="Keep as", max_lines=1, min_width=90, elem_id="train-kept-name"
                )
                parts["keep"] = gr.Button("Keep model", min_width=90, elem_id="train-keep")
            parts["take_model"] = gr.Button("Download model", elem_id="train-take-model")
        parts["take_run"] = gr.Button("Download run (.zip)", elem_id="train-take-run")
        parts["ask_remove"] = gr.Button("Delete run…", visible=False, elem_id="train-ask-remove")
        with gr.Column(visible=False, elem_classes="sure") as parts["sure"]:
            gr.HTML("<p>Delete this run with its pictures and models, for good?</p>")
            with gr.Row(elem_classes="tight"):
                parts["remove"] = gr.Button("Delete", variant="stop", min_width=80, elem_id="train-remove")
                parts["spare"] = gr.Button("Keep it", min_width=80, elem_id="train-spare")
        parts["file"] = gr.DownloadButton("file", elem_id="train-file", elem_classes="unseen")
    return parts


def shown_controls(snapshot: Snapshot, may_train: bool) -> Parts:
    """Returns updates that show the buttons for the run's state."""
    waits = snapshot.state == QUEUED
    has_model = snapshot.model is not None
    rests = not snapshot.is_alive and not waits
    unfinished = snapshot.step < snapshot.steps
    return {
        "stop": gr.update(visible=snapshot.is_alive, interactive=snapshot.state != "stopping"),
        "sample_now": gr.update(visible=snapshot.state == "running"),
        "leave": gr.update(visible=waits),
        "resume": gr.update(visible=rests and unfinished and may_train),
        "going_on": gr.update(visible=rests and may_train),
        "taking": gr.update(visible=has_model),
        "draw": gr.update(visible=has_model),
        "push": gr.update(visible=has_model and rests),
        "ask_remove": gr.update(visible=rests),
        "sure": gr.update(visible=False),
    }
