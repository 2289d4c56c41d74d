"""The settings of a training run as flags: made from the knobs, one for one."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any

from pix2pix.config import knobs
from pix2pix.method_settings import METHOD_SETTINGS
from pix2pix.settings import Knob

PLACEHOLDERS = {int: "N", float: "X", str: "TEXT"}


DATA_SETTINGS = (
    "method",
    "data_b",
    "direction",
    "layout",
    "make",
    "source",
    "target",
    "source_range",
    "target_range",
)
"""Settings of how the data is arranged and what its pictures are, which commands that only read
it accept too."""
RANGE = re.compile(r"-[\d.][^:]*:.*")


def join_ranges(arguments: Sequence[str]) -> list[str]:
    """Writes `--source-range -1024:3071` as `--source-range=-1024:3071`: argparse takes what begins with
    a dash for another flag."""
    joined: list[str] = []
    for word in arguments:
        if RANGE.fullmatch(word) and joined and joined[-1] in ("--source-range", "--target-range"):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def add_second_folder(parser: argparse.ArgumentParser) -> None:
    """Adds the optional second folder beside DATA, for pictures without pairs."""
    parser.add_argument(
        "data_b",
        nargs="?",
        default=argparse.SUPPRESS,
        metavar="DATA_B",
        help="folder of the second side, for pictures without pairs (--method cyclegan)",
    )


def add_data_knobs(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for each of `DATA_SETTINGS`."""
    for knob in knobs():
        if knob.name in DATA_SETTINGS:
            _add_knob(parser, knob)


def add_knobs(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for each setting, in the settings' own groups; `data` is the command's argument,
    not a flag."""
    groups: dict[str, argparse._ArgumentGroup] = {}
    for knob in knobs():
        if knob.name == "data":
            continue
        if knob.group not in groups:
            groups[knob.group] = parser.add_argument_group(knob.group)
        _add_knob(groups[knob.group], knob)


def flag(knob: Knob) -> str:
    """Returns the flag of a setting: `save_every` gives `--save-every`."""
    return "--" + knob.name.replace("_", "-")


def described(knob: Knob) -> str:
    """Returns help, default and bounds in one line."""
    facts = [f"default {default_words(knob)}"] if knob.default != "" else []
    if knob.bounds:
        facts.append(f"{shown(knob.bounds.low)} to {shown(knob.bounds.high)}")
    return f"{knob.help} ({'; '.join(facts)})" if facts else knob.help


def default_words(knob: Knob) -> str:
    """Returns the default, with that of each method that has another one."""
    others = [
        f"{method}: {shown(own[knob.name])}" for method, own in METHOD_SETTINGS.items() if knob.name in own
    ]
    return "; ".join([shown(knob.default), *others])


def shown(value: Any) -> str:
    """Returns a value as a person would type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.10g}" if isinstance(value, (int, float)) else str(value)


def given(args: argparse.Namespace) -> dict[str, Any]:
    """Returns the settings that were typed, by name; others are not in the dict."""
    return {knob.name: getattr(args, knob.name) for knob in knobs() if hasattr(args, knob.name)}


def _add_knob(group: argparse._ArgumentGroup | argparse.ArgumentParser, knob: Knob) -> None:
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
