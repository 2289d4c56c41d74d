"""The Train tab: start a run on the left, watch and steer it on the right. All that is shown is read from the run's folder."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pix2pix.files import read_image
from pix2pix.runs import Snapshot, find_runs
from pix2pix.ui import form, steer, watch
from pix2pix.ui.models import Shelf
from pix2pix.ui.toasts import with_toasts

TICK = 1.5
"""Seconds between two looks at the run's folder."""

SHOW_RUN = "() => document.querySelector('#train-watch')?.scrollIntoView({behavior: 'smooth', block: 'start'})"
"""Start is pressed below a long form; what it started may be out of sight."""

NOTHING_YET = """
<div class="empty"><div class="empty-picture" aria-hidden="true"><i></i><i></i><i></i></div><h2>No run yet</h2>
<p>Name a folder of pairs, press <b>Start training</b>, and watch here how the pictures form.<br>
The page may be closed meanwhile: the run goes on, and is shown again when you come back.</p></div>
"""
WAITING = '<p class="hint">The curves begin with the first {} steps, the pictures with step 0.</p>'

Parts = dict[str, Any]


def look(runs: Path, name: str | None, at: float | None, seen: Parts) -> Parts:
    """What has changed on the page since `seen`, by part. `at` is the step at which the time slider stands.

    Empty where nothing has changed. `seen` comes back among the parts, to be handed in at the next look.
    """
    found = find_runs(runs)
    run = steer.pick_run(found, name)
    marks: Parts = {"names": [each.name for each in found], "run": run.name if run else None}
    before = seen if seen.get("run") == marks["run"] else {"names": seen.get("names")}
    changes: Parts = {}
    if marks["names"] != before.get("names") or name != marks["run"]:
        changes["chooser"] = gr.update(choices=marks["names"], value=marks["run"])
    if before.get("run", "") != marks["run"]:
        changes |= {"empty": gr.update(visible=run is None), "watching": gr.update(visible=run is not None)}
    if run:
        snapshot = run.snapshot()
        marks |= _marks(snapshot)
        changes |= _changed(snapshot, before, marks, at)
    return changes | {"seen": marks} if changes else {}


def _marks(snapshot: Snapshot) -> Parts:
    """One small value for each part of the page, which changes when that part must be shown anew."""
    last = snapshot.rows[-1] if snapshot.rows else {}
    return {
        "headline": watch.headline(snapshot),
        "curves": (len(snapshot.rows), last.get("step"), sorted(last)),
        "newest": snapshot.samples[-1][0] if snapshot.samples else None,
        "log": watch.log_tail(snapshot),
        "state": (snapshot.state, snapshot.steps),
    }


def _changed(snapshot: Snapshot, before: Parts, marks: Parts, at: float | None) -> Parts:
    changes: Parts = {}
    fresh = {name for name in marks if name not in before or before[name] != marks[name]}
    if "headline" in fresh:
        changes["headline"] = marks["headline"]
    if "log" in fresh:
        changes["log"] = marks["log"]
    if fresh & {"curves", "state"}:
        curves = {chart.key: watch.curve(snapshot.rows, chart) for chart in watch.CHARTS}
        changes |= {f"chart_{key}": gr.update(value=frame, visible=frame is not None) for key, frame in curves.items()}
        changes["waiting"] = gr.update(value=WAITING.format(snapshot.config.log_every), visible=snapshot.is_alive and not snapshot.rows)
        changes["charts"] = gr.update(visible=bool(snapshot.rows))
    if "state" in fresh:
        changes |= _controls(snapshot)
    if "newest" in fresh:
        changes |= _samples(snapshot, before.get("newest"), at)
    return changes


def _controls(snapshot: Snapshot) -> Parts:
    finished = snapshot.step >= snapshot.steps
    more = snapshot.steps + snapshot.config.steps if finished else snapshot.steps
    return {
        "stop": gr.update(visible=snapshot.is_alive, interactive=snapshot.state != "stopping"),
        "going_on": gr.update(visible=not snapshot.is_alive),
        "steps": min(more, steer.MOST_STEPS),
        "resume": "Train on" if finished else "Resume",
    }


def _samples(snapshot: Snapshot, newest_before: int | None, at: float | None) -> Parts:
    """The newest grid, unless somebody is looking at an older one; the slider reaches as far as there are grids."""
    if not snapshot.samples:
        return {"gallery": gr.update(visible=False)}
    oldest, newest = snapshot.samples[0][0], snapshot.samples[-1][0]
    # A slider from a step to itself is an error to Gradio, also an unseen one.
    span: Parts = {"minimum": oldest, "maximum": max(newest, oldest + 1), "visible": newest > oldest}
    shown: Parts = {"gallery": gr.update(visible=True)}
    if newest_before is not None and at is not None and at < newest_before:
        return shown | {"time": gr.update(**span)}
    return shown | {"time": gr.update(**span, value=newest)} | show_sample(snapshot, None)


def show_sample(snapshot: Snapshot, at: float | None) -> Parts:
    """The sample grid made nearest to step `at`, with its caption."""
    sample = watch.nearest_sample(snapshot.samples, at)
    if not sample:
        return {}
    return {"sample": read_image(sample[1]), "caption": watch.sample_caption(sample[0])}


def travel(runs: Path, name: str | None, at: float | None) -> Parts:
    """The time slider was moved."""
    run = steer.find_run(runs, name)
    return show_sample(run.snapshot(), at) if run else {}


def start(runs: Path, name: str, *values: Any) -> str:
    """Start was pressed: the name of the run that is training now."""
    return steer.start_run(runs, name, form.to_config(values))


def build(demo: gr.Blocks, shelf: Shelf) -> None:
    """The tab's layout, then what happens in it."""
    with gr.Row(elem_classes="train-page"):
        with gr.Column(scale=1, min_width=320, elem_classes="card train-form"):
            gr.HTML("<h2>New run</h2>")
            name, fields, begin = _build_form()
        with gr.Column(scale=3, min_width=320):
            parts = _build_watch()
    looking = _bind_watch(demo, shelf.runs, parts)
    _bind_steering(shelf.runs, parts, looking, _bind_start(shelf.runs, parts["chooser"], [name, *fields], begin))


def _build_form() -> tuple[gr.Textbox, list[gr.components.Component], gr.Button]:
    name = gr.Textbox(label="Name", placeholder="taken from the data", max_lines=1, elem_id="train-name")
    fields = form.build_fields()
    return name, fields, gr.Button("Start training", variant="primary", elem_id="train-start")


def _build_watch() -> Parts:
    """The widgets of the right side, by the names that `look` gives to parts."""
    parts: Parts = {"seen": gr.State({}), "empty": gr.HTML(NOTHING_YET, visible=False)}
    with gr.Column(visible=False, elem_id="train-watch") as parts["watching"]:
        with gr.Column(elem_classes="card"), gr.Row(elem_classes="run-top"):
            parts["headline"] = gr.HTML(elem_id="train-headline", min_height=120)
            parts |= _build_controls()
        with gr.Row(elem_classes="seen-and-measured"):
            parts |= _build_gallery()
            parts["waiting"] = gr.HTML(visible=False)
            with gr.Row(visible=False, elem_classes="charts") as parts["charts"]:
                parts |= {f"chart_{chart.key}": _build_chart(chart) for chart in watch.CHARTS}
        with gr.Accordion("Log", open=False):
            parts["log"] = gr.Textbox(show_label=False, lines=12, max_lines=12, elem_id="train-log", container=False, label="Log")
    return parts


def _build_controls() -> Parts:
    parts: Parts = {}
    with gr.Column(elem_classes="run-controls", min_width=220, scale=0):
        # Names that are not among the choices of an older page are looked up and refused by us, with a sentence.
        parts["chooser"] = gr.Dropdown([], label="Run", allow_custom_value=True, elem_id="train-run")
        parts["stop"] = gr.Button("Stop", variant="stop", visible=False, elem_id="train-stop")
        with gr.Row(visible=False, elem_classes="tight going-on") as parts["going_on"]:
            parts["steps"] = gr.Number(label="Steps in all", precision=0, min_width=100, elem_id="train-more")
            parts["resume"] = gr.Button("Resume", min_width=90, elem_id="train-resume")
    return parts


def _build_gallery() -> Parts:
    parts: Parts = {}
    with gr.Column(elem_classes="card", visible=False, min_width=320, elem_id="train-gallery") as parts["gallery"]:
        parts["caption"] = gr.HTML(elem_id="train-caption")
        # PNG: Gradio's own choice is a lossy WebP, which changes the colours of labels.
        common: Parts = {"format": "png", "buttons": ["download", "fullscreen"], "container": False}
        parts["sample"] = gr.Image(label="Samples", show_label=False, interactive=False, elem_id="train-sample", **common)
        parts["time"] = gr.Slider(0, 1, step=1, label="Through time: step", buttons=[], visible=False, elem_id="train-time")
    return parts


def _build_chart(chart: watch.Chart) -> gr.LinePlot:
    legend: Parts = {"color": "series", "color_map": {name: color for _, name, color in chart.series}, "color_title": " "}
    return gr.LinePlot(
        x="step",
        y="value",
        title=chart.title,
        x_title=" ",
        y_title=" ",
        height=190,
        min_width=200,
        buttons=["fullscreen"],
        elem_id=f"chart-{chart.key}",
        **(legend if len(chart.series) > 1 else {}),
    )


def _bind_watch(demo: gr.Blocks, runs: Path, parts: Parts) -> Parts:
    """A timer and each load of the page look at the folder: a reload or a second browser shows the same run.

    Returns what makes any other event look too.
    """
    chooser, time = parts["chooser"], parts["time"]
    private: Parts = {"api_visibility": "private", "show_progress": "hidden"}
    looking: Parts = {"inputs": [chooser, time, parts["seen"]], "outputs": list(parts.values()), **private}
    looking["fn"] = _by_widget(parts, partial(look, runs))
    gr.on([demo.load, chooser.input], **looking)
    gr.Timer(TICK).tick(**looking, concurrency_limit=4)
    travelling = _by_widget(parts, partial(travel, runs))
    time.input(travelling, [chooser, time], [parts["sample"], parts["caption"]], trigger_mode="always_last", **private)
    return looking


def _by_widget(parts: Parts, handler: Callable[..., Parts]) -> Callable[..., Any]:
    """The handler, its changes given to the widgets that they are for; what has not changed is not sent."""

    def handle(*values: Any) -> Any:
        changes = handler(*values)
        return {parts[name]: value for name, value in changes.items()} if changes else gr.skip()

    return with_toasts(handle)


def _bind_start(runs: Path, chooser: gr.Dropdown, inputs: list[Any], begin: gr.Button) -> Any:
    def start_shown(*values: Any) -> Any:
        name = start(runs, *values)
        gr.Info(f"{name} is training.")
        return gr.update(choices=[run.name for run in find_runs(runs)], value=name)

    return begin.click(with_toasts(start_shown), inputs, chooser, api_visibility="private")


def _bind_steering(runs: Path, parts: Parts, looking: Parts, started: Any) -> None:
    """What was done is shown at once, not with the next tick."""

    def stop_shown(name: str | None) -> None:
        gr.Info(steer.stop_run(runs, name))

    def resume_shown(name: str | None, steps: float | None) -> None:
        gr.Info(steer.resume_run(runs, name, steps))

    chooser = parts["chooser"]
    started.success(**looking).success(None, js=SHOW_RUN, api_visibility="private")
    parts["stop"].click(with_toasts(stop_shown), chooser, None, api_visibility="private").success(**looking)
    parts["resume"].click(with_toasts(resume_shown), [chooser, parts["steps"]], None, api_visibility="private").success(**looking)
