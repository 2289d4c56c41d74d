"""Descriptions of settings: type, bounds and help, and the check of a value."""

from __future__ import annotations

import dataclasses
import math
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pix2pix.errors import ConfigError

GROUPS = DATA, MODEL, LOSS, OPTIMIZER, OUTPUT, MACHINE = (
    "Data",
    "Model",
    "Losses",
    "Optimizer",
    "Output",
    "Machine",
)


Levels = tuple[float, float]
"""The values of a picture of more than 8 bits that are shown as black and as white."""


@dataclass(frozen=True)
class Bounds:
    """Smallest and largest value of a number, both allowed."""

    low: float
    high: float


@dataclass(frozen=True)
class Knob:
    """The description of one setting: what a flag, a form field or a table row needs."""

    name: str
    type: type
    default: Any
    help: str
    group: str
    bounds: Bounds | None = None
    choices: tuple[str, ...] | None = None

    def check(self, value: Any) -> Any:
        """Returns `value` as the setting's type. Raises `ConfigError` with the bounds."""
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, self.type) or (self.type is int and isinstance(value, bool)):
            raise ConfigError(f"{self.name} is {value!r}; it must be {_article(self.type)}.")
        return self._check_range(value)

    def _check_range(self, value: Any) -> Any:
        if self.choices and value not in self.choices:
            raise ConfigError(f"{self.name} is {value!r}; choose one of {', '.join(self.choices)}.")
        # Written so that NaN, which no comparison holds for, is refused too.
        if self.bounds and not self.bounds.low <= value <= self.bounds.high:
            raise ConfigError(
                f"{self.name} is {value:g}; it must be from {self.bounds.low:g} to {self.bounds.high:g}."
            )
        return value


def _article(kind: type) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[kind]


def check_field(name: str, value: Any, *, hint: Any) -> None:
    """Raises `ConfigError` unless the value is of its field's type, within its bounds, or
    one of its choices."""
    kind, *extras = typing.get_args(hint) if typing.get_origin(hint) is Annotated else (hint,)
    if type(None) in typing.get_args(kind):
        if value is None:
            return
        kind = next(each for each in typing.get_args(kind) if each is not type(None))
    choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    wanted = str if choices else typing.get_origin(kind) or kind
    is_right = (
        isinstance(value, bool)
        if wanted is bool
        else isinstance(value, (float, int) if wanted is float else wanted)
    )
    if not is_right or (wanted is not bool and isinstance(value, bool)):
        raise ConfigError(
            f"{name} is {value!r:.80}; it must be {'a list' if wanted is tuple else _article(wanted)}."
        )
    if choices and value not in choices:
        raise ConfigError(f"{name} is {value!r:.80}; choose one of {', '.join(choices)}.")
    for bounds in extras:
        if isinstance(bounds, Bounds) and not bounds.low <= value <= bounds.high:
            raise ConfigError(f"{name} is {value:g}; it must be from {bounds.low:g} to {bounds.high:g}.")


def are_levels(levels: Any) -> bool:
    """Whether these are two finite numbers, the lower one first, between which values can be scaled."""
    if not isinstance(levels, tuple) or len(levels) != 2:
        return False
    if not all(isinstance(level, (int, float)) and not isinstance(level, bool) for level in levels):
        return False
    span = levels[1] - levels[0]
    return all(map(math.isfinite, levels)) and span > 0 and 0 < 255 / span < math.inf


def to_levels(name: str, text: str) -> Levels | None:
    """Parses `LOW:HIGH`; None for "". Raises `ConfigError`, with the name of the setting,
    for another text."""
    if not text:
        return None
    low, _, high = text.partition(":")
    try:
        levels = (float(low), float(high))
    except ValueError:
        levels = (0.0, 0.0)
    if not are_levels(levels):
        raise ConfigError(
            f"{name} is {text!r:.80}; it must be LOW:HIGH, two numbers with the lower one first, such as "
            "0:4095 or -1024:3071."
        )
    return levels


def range_text(levels: Levels | None) -> str:
    """Returns `-1024:3071`, which `to_levels` parses without loss; "" for None."""
    return ":".join(f"{level:.17g}" for level in levels) if levels else ""


def range_words(levels: Levels) -> str:
    """Returns `-1024 (black) to 3071 (white)`."""
    return f"{levels[0]:.10g} (black) to {levels[1]:.10g} (white)"


def to_knob(name: str, hint: Any, *, default: Any) -> Knob:
    inner, text, group, *bounds = typing.get_args(hint)
    choices = typing.get_args(inner) if typing.get_origin(inner) is Literal else None
    return Knob(name, str if choices else inner, default, text, group, bounds[0] if bounds else None, choices)


def refuse_unknown(cls: type, values: dict[str, Any]) -> None:
    unknown = sorted(set(values) - {field.name for field in dataclasses.fields(cls)})
    if unknown:
        raise ConfigError(
            f"unknown settings: {', '.join(unknown)}. They may come from a newer pix2pix; update it."
        )
