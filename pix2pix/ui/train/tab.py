"""The Train tab: settings on the left, the run on the right. All that is shown is read from
the run's folder."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from pix2pix.errors import ConfigError
from pix2pix.runs.preflight import adopt_start
from pix2pix.runs.start import check_channels
from pix2pix.ui.shared import downloads
from pix2pix.ui.shared.messages import CLICK_LATER, with_toasts
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.run_actions import RunActions, open_run_actions
from pix2pix.ui.shared.visitors import Profile, name_of, signed_in
from pix2pix.ui.train import form
from pix2pix.ui.train import run_view as run_view
from pix2pix.ui.train.augmentation import bind_preview, build_preview
from pix2pix.ui.train.curves import Curves, curves_of_two
from pix2pix.ui.train.dataset import DatasetForm, build_dataset_form
from pix2pix.ui.train.form import Form, Pairs
from pix2pix.ui.train.form_handlers import FormHandlers
from pix2pix.ui.train.run_buttons import DRAW, PUSH, build_controls
from pix2pix.ui.train.step_slider import StepSlider
from pix2pix.ui.train.uploaded import UploadedDataset

TICK = 1.0
"""Seconds between two reads of the run's folder."""
PRICE_TICK = 2.0
"""Seconds between two checks for newly measured step times."""

SHOW_RUN = (
    "() => document.querySelector('#train-watch')?.scrollIntoView({behavior: 'smooth', block: 'start'})"
)
"""Scrolls to the run, which may be out of sight when Start is pressed below a long form."""

NOTHING_YET = """
<div class="empty"><div class="empty-picture" aria-hidden="true"><i></i><i></i><i></i></div><h2>No run \
yet</h2>
<p>Bring some pairs, press <b>Start training</b>, and watch here how the pictures form.<br>
The page may be closed meanwhile: the run goes on, and is shown again when you come back.</p></div>
"""
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

Parts = dict[str, Any]


def build(demo: gr.Blocks, library: ModelLibrary) -> gr.Dropdown:
    """Builds the layout and binds the events. Returns the dropdown of the start, which the
    Models tab sets."""
    actions = open_run_actions(library)
    with gr.Row(elem_classes="train-page"):
        with gr.Column(scale=2, min_width=340, elem_classes="card train-form"):
            gr.HTML("<h2>New run</h2>")
            if os.environ.get("OAUTH_CLIENT_ID"):
                gr.LoginButton(size="sm")
            data_form = build_dataset_form(
                actions.uploads,
                actions.allowed,
                in_use=actions.data_in_use,
                check=lambda request: actions.rights.check_train(signed_in(request)),
                demo=demo,
            )
            preview = build_preview()
            fields = form.build_form()
        with gr.Column(scale=5, min_width=340):
            parts = _build_watch()
    parts |= {"notice": fields.notice, "begin": fields.begin}
    refresh = _bind_watch(demo, actions, parts=parts)
    parts["pairs"] = gr.State(Pairs())
    _bind_form(demo, actions, library, data_form=data_form, fields=fields, parts=parts)
    bind_preview(
        preview,
        lambda chosen, known, *values: form.to_config(values, chosen, pairs=known),
        data=data_form.data,
        inputs=[fields.preset, parts["pairs"], *fields.inputs(data_form)],
    )
    _bind_start(actions, library, data_form=data_form, fields=fields, parts=parts, refresh=refresh)
    _bind_steering(actions, parts, refresh=refresh)
    _bind_taking(actions, parts)
    return fields.init


def _build_watch() -> Parts:
    """Builds the widgets of the right side, by the names that `look` gives to parts."""
    parts: Parts = {"seen": gr.State({}), "empty": gr.HTML(NOTHING_YET, visible=False)}
    with gr.Column(visible=False, elem_id="train-watch") as parts["watching"]:
        with gr.Column(elem_classes="card"), gr.Row(elem_classes="run-top"):
            with gr.Column(min_width=280):
                parts["headline"] = gr.HTML(elem_id="train-headline", min_height=120)
                parts["meaning"] = gr.HTML(visible=False, elem_id="train-meaning")
                parts["follow"] = gr.Button("", visible=False, size="sm", elem_id="train-follow")
            parts |= build_controls()
        parts["waiting"] = gr.HTML(visible=False)
        with gr.Row(elem_classes="seen-and-measured"):
            parts |= _build_gallery()
            parts["curves"] = Curves(elem_id="train-curves")
        with gr.Accordion("Log", open=False, elem_classes="card"):
            parts["log"] = gr.Textbox(
                show_label=False, lines=12, max_lines=12, elem_id="train-log", container=False, label="Log"
            )
        parts |= _build_history()
    return parts


def _build_gallery() -> Parts:
    parts: Parts = {}
    with gr.Column(elem_classes="card", visible=False, min_width=320, elem_id="train-gallery") as parts[
        "gallery"
    ]:
        parts["caption"] = gr.HTML(elem_id="train-caption")
        # PNG: Gradio's own choice is a lossy WebP, which changes the colours of labels.
        common: Parts = {"format": "png", "buttons": ["download", "fullscreen"], "container": False}
        parts["sample"] = gr.Image(
            label="Samples",
            show_label=False,
            interactive=False,
            elem_id="train-sample",
            alt_text="Samples of the run",
            **common,
        )
        with gr.Row(elem_classes="tight through-time"):
            parts["time"] = StepSlider(
                0, 1, step=1, label="Through time: step", buttons=[], visible=False, elem_id="train-time"
            )
            parts["compare"] = gr.Button(
                "Compare with its start", visible=False, scale=0, min_width=190, elem_id="train-compare"
            )
    return parts


def _build_history() -> Parts:
    parts: Parts = {}
    with gr.Accordion("All runs", open=False, elem_classes="card", elem_id="train-history") as parts[
        "history"
    ]:
        parts["table"] = gr.HTML()
        with gr.Row(elem_classes="tight"):
            parts["one"] = gr.Dropdown([], label="Curves of", allow_custom_value=True, elem_id="train-one")
            parts["other"] = gr.Dropdown([], label="and of", allow_custom_value=True, elem_id="train-other")
        parts["both"] = Curves(elem_id="train-both")
    return parts


def _by_widget(parts: Parts, handler: Callable[..., Parts]) -> Callable[..., Any]:
    """Wraps a handler: passes the visitor's name first, and sends only the widgets that it returns."""

    def handle(profile: Profile, *values: Any) -> Any:
        changes = handler(name_of(profile), *values)
        return {parts[name]: value for name, value in changes.items()} if changes else gr.skip()

    return with_toasts(handle)


def _bind_watch(demo: gr.Blocks, actions: RunActions, *, parts: Parts) -> Parts:
    """Updates the right side by a timer and on each load, so that every browser shows the same run.

    Returns the event arguments with which any other event updates it too.
    """
    chooser = parts["chooser"]
    time = parts["time"]
    refresh: Parts = {"inputs": [chooser, time, parts["seen"]], "outputs": list(parts.values()), **QUIET}
    refresh["fn"] = _by_widget(parts, partial(run_view.look, actions))
    gr.on([demo.load, chooser.input], **refresh)
    gr.Timer(TICK).tick(**refresh, concurrency_limit=4)
    shown = [parts["sample"], parts["caption"]]
    time.input(
        _by_widget(parts, partial(run_view.show_step, actions)),
        [chooser, time],
        shown,
        trigger_mode="always_last",
        **QUIET,
    )
    parts["compare"].click(_by_widget(parts, partial(run_view.compare, actions)), chooser, shown, **QUIET)

    def both(profile: Profile, one: str | None, other: str | None) -> dict[str, Any]:
        runs = [actions.find(name_of(profile), name) for name in (one, other)]
        return curves_of_two({run.name: run.rows() for run in runs if run})

    gr.on(
        [parts["one"].input, parts["other"].input],
        with_toasts(both),
        [parts["one"], parts["other"]],
        parts["both"],
        **QUIET,
    )
    return refresh


def _bind_form(
    demo: gr.Blocks,
    actions: RunActions,
    library: ModelLibrary,
    *,
    data_form: DatasetForm,
    fields: Form,
    parts: Parts,
) -> None:
    plan = FormHandlers(actions, library, fields=fields)
    pairs = parts["pairs"]
    shown_presets = gr.State([])
    drawer = list(fields.fields.values())
    stated = [fields.fields["source"], fields.fields["target"]]
    arranged = [data_form.data, data_form.direction, data_form.layout, data_form.make]
    data_inputs: list[Any] = [*arranged, *stated, data_form.method]
    gr.on(
        [demo.load, *(widget.change for widget in data_inputs)],
        with_toasts(plan.consider),
        [*data_inputs, fields.init, fields.preset, data_form.size, pairs],
        [fields.preset, fields.init, *drawer, pairs, shown_presets],
        **QUIET,
    )
    gr.Timer(PRICE_TICK).tick(
        plan.reprice,
        [pairs, shown_presets, *data_inputs, fields.init],
        [fields.preset, shown_presets],
        **QUIET,
    )
    chosen = [fields.preset, fields.init, pairs]
    fields.preset.input(with_toasts(plan.choose), chosen, drawer, **QUIET)
    fields.init.change(
        with_toasts(plan.choose_start),
        [*chosen, *data_inputs],
        [*drawer, fields.preset, shown_presets],
        **QUIET,
    )
    settings = fields.inputs(data_form)
    gr.on(
        [demo.load, *(widget.change for widget in (*settings, fields.name))],
        with_toasts(plan.describe_settings),
        [fields.name, fields.preset, pairs, *settings],
        [fields.needs, fields.command],
        trigger_mode="always_last",
        **QUIET,
    )
    _bind_advice(actions, fields, data_form=data_form, parts=parts)


def _bind_advice(actions: RunActions, fields: Form, *, data_form: DatasetForm, parts: Parts) -> None:
    def follow(profile: Profile, name: str | None, data: str | None, method: str | None) -> dict[Any, Any]:
        snapshot = actions.run(name_of(profile), name).snapshot()
        changes = run_view.changes_to_follow(snapshot, data, method)
        gr.Info("The settings of the next run are changed. Start it when you like.")
        return {fields.fields[name]: value for name, value in changes.items()}

    known = [parts["chooser"], data_form.data, data_form.method]
    parts["follow"].click(with_toasts(follow), known, list(fields.fields.values()), **QUIET)


def _bind_start(
    actions: RunActions,
    library: ModelLibrary,
    *,
    data_form: DatasetForm,
    fields: Form,
    parts: Parts,
    refresh: Parts,
) -> None:
    def start(
        profile: Profile, dataset: UploadedDataset | None, name: str, preset: str, pairs: Pairs, *values: Any
    ) -> Any:
        visitor = name_of(profile)
        config = form.to_config(values, preset, pairs=pairs)
        if dataset is not None and not dataset.is_ready:
            raise ConfigError(
                "choose what to learn from these photos first, such as edges to photo: above, "
                "beside Learn to."
            )
        if config.init:
            model = actions.start_from(visitor, library, config.init)
            if pairs.count:
                check_channels(model.config, *pairs.channels, name=model.title)
            config = dataclasses.replace(adopt_start(config, model.config), init=str(model.path))
        name, words = actions.start(visitor, name, config)
        gr.Info(words)
        return gr.update(choices=[run.name for run in actions.visible(visitor)], value=name)

    inputs = [data_form.parts["state"], fields.name, fields.preset, parts["pairs"], *fields.inputs(data_form)]
    started = fields.begin.click(with_toasts(start), inputs, parts["chooser"], api_visibility="private")
    started.success(**refresh).success(None, js=SHOW_RUN, api_visibility="private")


def _bind_steering(actions: RunActions, parts: Parts, *, refresh: Parts) -> None:
    """Binds the buttons of a run; each updates the right side at once."""
    chooser = parts["chooser"]

    def bind(button: str, act: Callable[..., str], *inputs: Any) -> None:
        def acted(profile: Profile, *values: Any) -> None:
            gr.Info(act(name_of(profile), *values))

        done = parts[button].click(with_toasts(acted), [chooser, *inputs], None, api_visibility="private")
        done.success(**refresh)

    bind("stop", actions.stop)
    bind("leave", actions.leave)
    bind("resume", actions.resume)
    bind("prolong", actions.resume, parts["more"])
    bind("sample_now", actions.sample_now)
    bind("keep", actions.keep, parts["kept_name"])
    bind("remove", actions.remove)
    for button, visible in (("ask_remove", True), ("spare", False)):
        parts[button].click(partial(gr.update, visible=visible), None, parts["sure"], **QUIET)


def _bind_taking(actions: RunActions, parts: Parts) -> None:
    """Binds the downloads, and the buttons that open the Draw and Models tabs."""
    chooser = parts["chooser"]
    file = parts["file"]
    for button, stage in (("take_model", downloads.stage_model), ("take_run", downloads.stage_run)):

        def take(profile: Profile, name: str | None, stage: Any = stage) -> Any:
            return gr.update(value=stage(actions.run(name_of(profile), name)))

        press = CLICK_LATER.format(*["train-file"] * 3)
        parts[button].click(with_toasts(take), chooser, file, api_visibility="private").success(
            None, js=press, api_visibility="private"
        )
    for button, script in (("draw", DRAW), ("push", PUSH)):
        parts[button].click(None, chooser, js=script, api_visibility="private")
