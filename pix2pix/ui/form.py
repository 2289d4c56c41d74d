"""The settings of a training run as fields, made from the knobs: the same names, bounds and help as the command line's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import gradio as gr

from pix2pix.config import Knob, TrainConfig, knobs

MAIN = ("data", "direction", "size", "width", "steps", "batch", "seed")
"""Knobs that stand on the page itself; all others are in the drawer."""

DIRECTIONS = [("A → B", "AtoB"), ("B → A", "BtoA")]
DATA_HINT = "a folder on this computer"
NAMES = tuple(knob.name for knob in knobs())


def build_fields() -> list[gr.components.Component]:
    """The fields, main ones and drawer, in the order of `NAMES`."""
    fields = {**_build_main(), **_build_drawer()}
    return [fields[name] for name in NAMES]


def _build_main() -> dict[str, gr.components.Component]:
    known = {knob.name: knob for knob in knobs()}
    fields: dict[str, gr.components.Component] = {
        "data": gr.Textbox(label="Pairs", info=DATA_HINT, placeholder="path/to/pairs", max_lines=1, elem_id="train-data"),
        "direction": gr.Radio(DIRECTIONS, value="AtoB", label="Direction", info="A is the left half, the first folder, or input"),
    }
    rest = [name for name in MAIN if name not in fields]
    for pair in (rest[:2], rest[2:4], rest[4:]):
        with gr.Row(elem_classes="tight"):
            for name in pair:
                fields[name] = _main_number(known[name])
    return fields


def _main_number(knob: Knob) -> gr.components.Component:
    return gr.Number(knob.default, label=title(knob), precision=0, min_width=110, elem_id=f"train-{knob.name}")


def _build_drawer() -> dict[str, gr.components.Component]:
    """All other knobs, closed, by group."""
    others = [knob for knob in knobs() if knob.name not in MAIN]
    fields = {}
    with gr.Accordion("All settings", open=False, elem_id="train-drawer"):
        for group, members in groupby(others, key=lambda knob: knob.group):
            gr.Markdown(f"#### {group}")
            fields.update({knob.name: build_field(knob) for knob in members})
    return fields


def build_field(knob: Knob) -> gr.components.Component:
    """One knob as a field. Bounds are told, not enforced by the field: the config's own sentence names the setting."""
    common: dict[str, Any] = {"label": title(knob), "info": described(knob), "elem_id": f"train-{knob.name}"}
    if knob.type is bool:
        return gr.Checkbox(knob.default, **common)
    if knob.choices:
        return gr.Dropdown(list(knob.choices), value=knob.default, filterable=False, **common)
    if knob.type is str:
        return gr.Textbox(knob.default, max_lines=1, **common)
    return gr.Number(knob.default, precision=0 if knob.type is int else None, **common)


def title(knob: Knob) -> str:
    """`discriminator_rate` as `Discriminator rate`."""
    return knob.name.replace("_", " ").capitalize()


def described(knob: Knob) -> str:
    """Help and bounds in one line."""
    return f"{knob.help} ({knob.bounds.low:,g} to {knob.bounds.high:,g})" if knob.bounds else knob.help


def to_config(values: Sequence[Any]) -> TrainConfig:
    """What the fields hold, checked; `ConfigError` names what is wrong."""
    stripped = (value.strip() if isinstance(value, str) else value for value in values)
    return TrainConfig.from_dict(dict(zip(NAMES, stripped, strict=True)))
