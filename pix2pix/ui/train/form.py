"""The settings of a training run: a preset, a start, a name, and all other settings in a drawer.

Names, bounds and help are those of the command line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import gradio as gr

from pix2pix.config import ARCHITECTURE, TrainConfig, knobs
from pix2pix.data.examples import EXAMPLES
from pix2pix.errors import Pix2PixError
from pix2pix.method_settings import METHOD_SETTINGS
from pix2pix.methods import method_of
from pix2pix.runs.preflight import adopt_start
from pix2pix.runs.requirements import disk_needed, in_words, memory_needed
from pix2pix.runs.start import can_show
from pix2pix.runs.step_time import StepTimes
from pix2pix.runs.unusual import warn_of_settings
from pix2pix.settings import Knob
from pix2pix.training.presets import METHOD_PRESETS, PRESETS, Preset, command_line, find_preset
from pix2pix.ui.shared.messages import capital
from pix2pix.ui.shared.model_library import Listing, Model
from pix2pix.ui.train.dataset import DatasetForm
from pix2pix.ui.train.run_html import duration

ELSEWHERE = (
    "data",
    "data_b",
    "paired_test",
    "method",
    "direction",
    "layout",
    "make",
    "init",
    "init_discriminator",
)
"""Settings with a widget of their own, or none, since a visitor names no files of the server. All others are
in the drawer."""
NAMES = tuple(knob.name for knob in knobs())
DRAWN = tuple(name for name in NAMES if name not in ELSEWHERE)
SCRATCH = ("From scratch", "")


@dataclass(frozen=True)
class Pairs:
    """What the form needs to know about the data: the number of training pairs, and their channels."""

    count: int = 0
    channels: tuple[int, int] = (3, 3)
    largest: int = 256
    """Training size in pixels that suits the pictures."""
    method: str = "pix2pix"
    """What they are for; without pairs `count` is that of the larger side."""


@dataclass(frozen=True)
class Form:
    """The widgets; `fields` are those of the drawer by setting."""

    preset: gr.Radio
    init: gr.Dropdown
    name: gr.Textbox
    begin: gr.Button
    notice: gr.HTML
    needs: gr.HTML
    command: gr.Textbox
    unasked: gr.State
    """An empty value for settings that the page has no field for."""
    fields: dict[str, Any]

    def inputs(self, data_form: DatasetForm) -> list[Any]:
        """Returns the widgets of all settings in their order, whose values `to_config` reads."""
        known: dict[str, Any] = {
            "data": data_form.data,
            "direction": data_form.direction,
            "layout": data_form.layout,
            "make": data_form.make,
            "method": data_form.method,
        }
        known |= {"init": self.init, **self.fields}
        return [known.get(name, self.unasked) for name in NAMES]


def build_form() -> Form:
    """Builds the widgets; the drawer comes last, and closed."""
    first = PRESETS[0]
    preset = gr.Radio(
        preset_choices(Pairs(), None), value=first.key, label="How long", elem_id="train-preset"
    )
    init = gr.Dropdown([SCRATCH], value="", label="Start", elem_id="train-init", allow_custom_value=True)
    name = gr.Textbox(label="Name", placeholder="taken from the data", max_lines=1, elem_id="train-name")
    notice = gr.HTML(visible=False, elem_id="train-notice")
    begin = gr.Button("Start training", variant="primary", elem_id="train-start")
    needs = gr.HTML(elem_id="train-needs")
    with gr.Accordion("All settings", open=False, elem_id="train-drawer"):
        fields = _build_drawer(first.changes(0))
        command = gr.Textbox(
            label="The same on the command line",
            lines=3,
            interactive=False,
            buttons=["copy"],
            elem_id="train-command",
            max_lines=8,
        )
    return Form(preset, init, name, begin, notice, needs, command, gr.State(""), fields)


def _build_drawer(values: dict[str, Any]) -> dict[str, gr.components.Component]:
    """Builds the fields of the drawer by group."""
    fields = {}
    for group, members in groupby(
        (knob for knob in knobs() if knob.name in DRAWN), key=lambda knob: knob.group
    ):
        gr.Markdown(f"#### {group}")
        fields.update({knob.name: build_field(knob, values.get(knob.name, knob.default)) for knob in members})
    return fields


def build_field(knob: Knob, value: Any) -> gr.components.Component:
    """Builds the field of a setting. Bounds are shown but not enforced by it: the config's error
    names the setting."""
    common: dict[str, Any] = {"label": title(knob), "info": described(knob), "elem_id": f"train-{knob.name}"}
    if knob.type is bool:
        return gr.Checkbox(value, **common)
    if knob.choices:
        return gr.Dropdown(list(knob.choices), value=value, filterable=False, **common)
    if knob.type is str:
        return gr.Textbox(value, max_lines=1, **common)
    return gr.Number(value, precision=0 if knob.type is int else None, **common)


def title(knob: Knob) -> str:
    """Returns the label of a setting: `discriminator_rate` gives "Discriminator rate"."""
    return knob.name.replace("_", " ").capitalize()


def described(knob: Knob) -> str:
    """Returns help and bounds in one line."""
    return f"{knob.help} ({knob.bounds.low:,g} to {knob.bounds.high:,g})" if knob.bounds else knob.help


def to_config(values: Sequence[Any], preset: str | None = None, *, pairs: Pairs | None = None) -> TrainConfig:
    """Returns the checked config of the fields' values; `init` is still a key. Raises `ConfigError`.

    An empty field has the value of the preset for these pairs, or the default where the preset sets none.
    """
    stripped = [value.strip() if isinstance(value, str) else value for value in values]
    given = {name: value for name, value in zip(NAMES, stripped, strict=True) if value not in (None, "")}
    method = given.get("method", "pix2pix")
    known = dataclasses.replace(pairs or Pairs(), method=method)
    return TrainConfig.from_dict(preset_values(preset, known) | given)


def look_at(config: TrainConfig, largest: float | None = 256) -> Pairs:
    """Returns what the form needs to know about a folder; an empty `Pairs` where it cannot be trained on."""
    if not config.data:
        return Pairs()
    try:
        streamed = dataclasses.replace(config, cache="stream")
        examples = EXAMPLES[method_of(config).examples](streamed, None, None)
    except Pix2PixError:  # the data section has said what is wrong with it
        return Pairs()
    first, second = (spec.channels for spec in examples.images.values())
    return Pairs(examples.train_size, (first, second), int(largest or 256), config.method)


def preset_choices(
    pairs: Pairs,
    step_times: StepTimes | None,
    *,
    config: TrainConfig | None = None,
    start: Model | None = None,
) -> list[tuple[str, str]]:
    """Returns label and key of each preset; the label holds its title, purpose, and time on this machine."""
    return [
        (
            "\n".join(
                [
                    preset.title,
                    preset.promise,
                    _cost(preset, pairs, step_times=step_times, config=config, start=start),
                ]
            ),
            preset.key,
        )
        for preset in METHOD_PRESETS[pairs.method]
    ]


def _cost(
    preset: Preset,
    pairs: Pairs,
    *,
    step_times: StepTimes | None,
    config: TrainConfig | None,
    start: Model | None,
) -> str:
    steps = preset.steps(pairs.count)
    if not pairs.count or step_times is None or config is None:
        return f"{steps:,} steps" if preset.key != "paper" else "steps: 200 times your pairs"
    seconds = step_times.seconds_per_step(preset_config(preset, pairs, config=config, start=start))
    if seconds is None:
        return f"{steps:,} steps, " + (
            "measuring the time…" if step_times.is_busy() else "time not known while this machine is busy"
        )
    return f"{steps:,} steps, about {duration(seconds * steps)} here"


def preset_config(preset: Preset, pairs: Pairs, *, config: TrainConfig, start: Model | None) -> TrainConfig:
    """Returns the config of a preset on these pairs; a start keeps its network and a size that suits it."""
    applied = preset.apply(config, pairs.count, largest=pairs.largest)
    return adopt_start(applied, start.config) if start else applied


def ask_for_times(pairs: Pairs, step_times: StepTimes, *, config: TrainConfig, start: Model | None) -> None:
    """Starts measuring the step time of each preset on these pairs in the background."""
    for preset in METHOD_PRESETS[pairs.method]:
        step_times.ask(preset_config(preset, pairs, config=config, start=start))


def starts(listing: Listing, pairs: Pairs, *, hidden: set[str]) -> list[tuple[str, str]]:
    """Returns the choices of a start: none, or a model with the channels of these pairs that the
    visitor may see."""
    models = [
        model
        for model in listing.models
        if can_show(model.config.in_channels, pairs.channels[0])
        and can_show(model.config.out_channels, pairs.channels[1])
    ]
    return [
        SCRATCH,
        *(
            (model.label, model.key)
            for model in models
            if model.path.parent.name not in hidden or not model.is_run
        ),
    ]


def preset_values(key: str | None, pairs: Pairs, *, only_length: bool = False) -> dict[str, Any]:
    """Returns the values of a preset for the drawer; with `only_length` those that depend
    on the data alone."""
    preset = find_preset(key, pairs.method)
    changes = preset.changes(pairs.count, pairs.largest)
    return {
        name: value
        for name, value in changes.items()
        if not only_length or name == "size" or name not in preset.settings
    }


def method_values(key: str | None, pairs: Pairs) -> dict[str, Any]:
    """Returns the values of the drawer for data of another method: the preset's, and the defaults of what the
    method before had of its own."""
    own = {name for settings in METHOD_SETTINGS.values() for name in settings}
    defaults = {knob.name: knob.default for knob in knobs() if knob.name in {*own, "blocks"}}
    return defaults | preset_values(key, pairs)


def start_values(key: str | None, pairs: Pairs, *, start: Model | None) -> dict[str, Any]:
    """Returns the values that a start sets in the drawer: its size and network, or those of the
    preset for none."""
    config = preset_config(find_preset(key, pairs.method), pairs, config=TrainConfig(), start=start)
    return {name: getattr(config, name) for name in ("size", *ARCHITECTURE)}


def needs_of(config: TrainConfig, start: Model | None, *, pairs: Pairs | None = None) -> str:
    """Returns HTML with what seldom works of these settings, the memory and disk that the training needs,
    and the settings that its start determines."""
    needs = (
        f"needs about {in_words(memory_needed(config))} of memory and {in_words(disk_needed(config))} of disk"
    )
    if start:
        shape = f"size {config.size}, width {config.width}, decoder {config.decoder}, norm {config.norm}"
        needs += f"; as {escape(start.title)} has it: {shape}"
        needs += _gray_words(start, pairs or Pairs())
    warnings = warn_of_settings(config, pairs.count if pairs else 0)
    warned = "".join(f"<li class='warn'>{escape(capital(words))}</li>" for words in warnings)
    return (f'<ul class="advice">{warned}</ul>' if warned else "") + f'<p class="hint">{needs}</p>'


def _gray_words(start: Model, pairs: Pairs) -> str:
    """Returns that gray pictures are read as three channels, as a start of three channels needs;
    "" for others."""
    has = (start.config.in_channels, start.config.out_channels)
    sides = [
        side
        for side, channels, needed in zip(("sources", "targets"), has, pairs.channels, strict=True)
        if pairs.count and (channels, needed) == (3, 1)
    ]
    return f"; gray {' and '.join(sides)} are read as three equal channels" if sides else ""


def command_of(config: TrainConfig, start: Model | None, *, name: str | None) -> str:
    """Returns the same training as a command, for data and start in the working folder, without paths
    of the server."""
    data = Path(config.data).name
    init = start.path.name if start else ""
    run = (name or "").strip() or data or "my-run"
    return command_line(dataclasses.replace(config, data=data, init=init), f"runs/{run}")
