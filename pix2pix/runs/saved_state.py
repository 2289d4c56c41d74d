"""Checks `state.pt` and `status.json` before they are used: types and bounds of all values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

LARGEST = 1e15
COUNTS = ("step", "steps", "saved_step", "pid", "batch", "train_size", "val_size")
NUMBERS = (
    "seconds_per_step",
    "mean_seconds_per_step",
    "time",
    "started",
    "trained",
    "data_share",
    "queued",
    "minutes",
)
WORDS = ("state", "reason", "notice", "data", "data_b", "pictures", "before")


def is_number(value: Any) -> bool:
    """Whether it is a finite number of a magnitude that can be computed with."""
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and abs(value) < LARGEST
        and math.isfinite(value)
    )


def is_count(value: Any) -> bool:
    """Whether it is a whole number from 0."""
    return is_number(value) and isinstance(value, int) and value >= 0


def sound_status(status: Any) -> dict[str, Any]:
    """Returns the entries of a status with the right types; others are dropped as if they were missing."""
    if not isinstance(status, dict):
        return {}
    kinds = dict.fromkeys(COUNTS, is_count) | dict.fromkeys(NUMBERS, is_number)
    kinds |= dict.fromkeys(WORDS, lambda value: isinstance(value, str))
    kinds["earlier"] = lambda value: isinstance(value, dict)
    return {name: value for name, value in status.items() if name not in kinds or kinds[name](value)}


def check_state(state: Any) -> None:
    """Raises `ValueError` where a saved state lacks something or has another type; networks are
    checked when loaded."""
    if not isinstance(state, dict):
        raise ValueError("it is no state of a training")
    for name, is_right in (("step", is_count), ("count", is_count), ("rate_scale", is_number)):
        if not is_right(state.get(name)):
            raise ValueError(f"its {name} is no number")
    if state.get("best") is not None and not isinstance(state["best"], (int, float)):
        raise ValueError("its best value is no number")
    for name in ("metrics", "sums"):
        held = state.get(name)
        if not isinstance(held, dict) or not all(
            isinstance(key, str) and isinstance(value, (int, float)) for key, value in held.items()
        ):
            raise ValueError(f"its {name} are no numbers")
    for name in (name for name in state if str(name).endswith("_optimizer")):
        _check_optimizer(name, state[name])


def _check_optimizer(name: str, optimizer: Any) -> None:
    """Checks Adam's state: two moments of one shape and a step for each parameter, and a rate."""
    moments, groups = (
        (optimizer.get("state"), optimizer.get("param_groups"))
        if isinstance(optimizer, Mapping)
        else (None, None)
    )
    if (
        not isinstance(moments, Mapping)
        or not isinstance(groups, list)
        or not all(isinstance(group, Mapping) for group in groups)
    ):
        raise ValueError(f"its {name} is incomplete")
    for number, one in moments.items():
        if not isinstance(number, int) or number < 0:
            raise ValueError(f"its {name} has moments of no weight")
        held = (
            [one.get(part) for part in ("step", "exp_avg", "exp_avg_sq")] if isinstance(one, Mapping) else []
        )
        tensors = [value for value in held if isinstance(value, Tensor) and value.dtype == torch.float32]
        if len(tensors) != 3:
            raise ValueError(f"its {name} lacks moments")
        if tensors[0].numel() != 1 or tensors[1].shape != tensors[2].shape:
            raise ValueError(f"its {name} has moments of other shapes")
    if not groups or not is_number(groups[0].get("lr")):
        raise ValueError(f"its {name} lacks the rate")
