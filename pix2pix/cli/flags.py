"""The settings of a training run as flags: made from the knobs, one for one."""

from __future__ import annotations

import argparse
from typing import Any

from pix2pix.config import knobs
from pix2pix.settings import Knob

PLACEHOLDERS = {int: "N", float: "X", str: "TEXT"}


def add_knobs(parser: argparse.ArgumentParser) -> None:
    """A flag for each knob, in the knobs' own groups. `data` is the command's argument, not a flag."""
    groups: dict[str, argparse._ArgumentGroup] = {}
    for knob in knobs():
        if knob.name == "data":
            continue
        if knob.group not in groups:
            groups[knob.group] = parser.add_argument_group(knob.group)
        _add_knob(groups[knob.group], knob)


def flag(knob: Knob) -> str:
    """`save_every` is `--save-every`."""
    return "--" + knob.name.replace("_", "-")


def described(knob: Knob) -> str:
    """Help, default and bounds in one line."""
    facts = [f"default {shown(knob.default)}"] if knob.default != "" else []
    if knob.bounds:
        facts.append(f"{shown(knob.bounds.low)} to {shown(knob.bounds.high)}")
    return f"{knob.help} ({'; '.join(facts)})" if facts else knob.help


def shown(value: Any) -> str:
    """A value as a person would type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.10g}" if isinstance(value, (int, float)) else str(value)


def given(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that were typed, by knob name; what was left out is not there."""
    return {knob.name: getattr(args, knob.name) for knob in knobs() if hasattr(args, knob.name)}


def _add_knob(group: argparse._ArgumentGroup, knob: Knob) -> None:
    # SUPPRESS keeps what was not typed out of the namespace: a resume must tell "not given"
    # from "given as the default".
    common: dict[str, Any] = {
        "dest": knob.name,
        "default": argparse.SUPPRESS,
        "help": described(knob).replace("%", "%%"),
    }
    if knob.type is bool:
        group.add_argument(flag(knob), action=argparse.BooleanOptionalAction, **common)
    elif knob.choices:
        group.add_argument(flag(knob), choices=knob.choices, **common)
    else:
        group.add_argument(flag(knob), type=knob.type, metavar=PLACEHOLDERS[knob.type], **common)
