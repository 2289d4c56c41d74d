"""Interprets the loss curves of a training in words, with settings to try next: rows of metrics
in, sentences out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Literal

from pix2pix.config import TrainConfig

Row = dict[str, Any]
Points = list[tuple[int, float]]

WINDOW = 2_000
"""Steps over which a condition must hold before it is reported."""
WON = 0.05
"""Loss of a discriminator that is nearly never wrong; guessing gives 0.69 (vanilla) or 0.25 (lsgan)."""
FLAT_WINDOW = 6_000
FLAT = 0.015
"""Relative change of L1 between two halves of the window that counts as none."""
FEWEST = 6
"""Points that a curve needs before anything is reported."""
WORSE = 1.05
"""How much a validation must be above its best to count as rising."""


@dataclass(frozen=True)
class Advice:
    """A sentence, its tone, and settings to change in the next run, with the label of the button
    that does so."""

    tone: Literal["good", "info", "warn"]
    sentence: str
    changes: dict[str, Any] = field(default_factory=dict)
    button: str = ""


def advise(
    rows: Sequence[Row], config: TrainConfig, *, state: str = "running", data_share: float = 0.0
) -> list[Advice]:
    """Returns the advice on a run, the most important first; never empty once there are a few rows."""
    found = [advice for look in LOOKS if (advice := look(rows, config))]
    if state == "diverged":
        found.insert(0, _diverged(config))
    if data_share > 0.3:
        found.append(_waits_for_data(data_share))
    return found or _healthy(rows)


def points(rows: Sequence[Row], column: str) -> Points:
    """Returns (step, value) of a column, finite values only."""
    pairs = ((row["step"], row.get(column)) for row in rows)
    return [
        (step, float(value))
        for step, value in pairs
        if isinstance(value, (int, float)) and math.isfinite(value)
    ]


def _content(rows: Sequence[Row]) -> tuple[str, Points]:
    """Returns the name and curve of the loss that keeps the content: L1 or, without pairs, the mean of the
    cycles."""
    l1 = points(rows, "g_l1")
    if l1:
        return "L1", l1
    sides = [dict(points(rows, f"cycle_{side}")) for side in ("a", "b")]
    steps = dict.fromkeys(step for side in sides for step in side)
    return "the cycle loss", [(step, fmean(side[step] for side in sides if step in side)) for step in steps]


def _last(series: Points, steps: int) -> list[float]:
    """Returns the values of the last `steps` steps; empty while there are not as many."""
    if not series or series[-1][0] - series[0][0] < steps or series[-1][0] < steps:
        return []
    return [value for step, value in series if step > series[-1][0] - steps]


def _discriminator_losses(config: TrainConfig) -> tuple[str, str]:
    """Returns the two columns that stand at the same value where a discriminator only guesses."""
    return ("d_a", "d_b") if config.method == "cyclegan" else ("d_real", "d_fake")


def _discriminator_won(rows: Sequence[Row], config: TrainConfig) -> Advice | None:
    if config.gan not in ("vanilla", "lsgan"):
        return None
    lost = [_last(points(rows, name), WINDOW) for name in _discriminator_losses(config)]
    # Without pairs each side has a discriminator of its own, and one that has won is enough.
    losing = min if config.method == "cyclegan" else max
    if not all(lost) or losing(fmean(values) for values in lost) > WON:
        return None
    rate = (config.discriminator_rate or config.rate) / 4
    smooth = config.real_label == 1.0
    return Advice(
        "warn",
        f"D has won: its loss has been near 0 for {WINDOW:,} steps, so G learns little from it beyond "
        f"{_content(rows)[0]}."
        " Try a lower D rate" + (" or one-sided label smoothing." if smooth else "."),
        {"discriminator_rate": rate} | ({"real_label": 0.9} if smooth else {}),
        f"D rate {rate:.2g}" + (" and real label 0.9" if smooth else ""),
    )


def _discriminator_lost(rows: Sequence[Row], config: TrainConfig) -> Advice | None:
    chance = {"vanilla": math.log(2), "lsgan": 0.25}.get(config.gan)
    both = [_last(points(rows, name), WINDOW) for name in _discriminator_losses(config)]
    if chance is None or not all(both):
        return None
    if any(abs(fmean(values) / chance - 1) > 0.03 or max(values) > 1.15 * chance for values in both):
        return None
    rate = config.rate / 2
    return Advice(
        "info",
        f"D only guesses: both of its losses have stood at {chance:.2f} for {WINDOW:,} steps, so it "
        "teaches G nothing."
        " Try a lower G rate, with D's as it is.",
        {"rate": rate, "discriminator_rate": config.discriminator_rate or config.rate},
        f"G rate {rate:.2g}",
    )


def _overfits(rows: Sequence[Row], config: TrainConfig) -> Advice | None:
    validation = points(rows, "val_l1")
    training = points(rows, "g_l1")
    if len(validation) < FEWEST or len(training) < FEWEST:
        return None
    best_step, best = min(validation, key=lambda point: point[1])
    after = [value for step, value in validation if step > best_step]
    before = [value for step, value in training if step <= best_step]
    since = [value for step, value in training if step > best_step]
    if (
        len(after) < 3
        or not since
        or not before
        or min(after[-3:]) < WORSE * best
        or fmean(since[-3:]) >= fmean(before[-3:])
    ):
        return None
    changes: dict[str, Any] = (
        {"mirror": True, "jitter": True} if not (config.mirror and config.jitter) else {}
    )
    changes["steps"] = max(1, best_step)
    return Advice(
        "warn",
        f"It learns the training pairs by heart: L1 on validation has risen from {best:.3f} (step "
        f"{best_step:,}) to {after[-1]:.3f}"
        " while it fell in training. The best model so far is kept; more pairs would help most.",
        changes,
        f"stop at step {best_step:,}",
    )


def _flat(rows: Sequence[Row], config: TrainConfig) -> Advice | None:
    name, curve = _content(rows)
    values = _last(curve, FLAT_WINDOW)
    if len(values) < 2 * FEWEST:
        return None
    half = len(values) // 2
    early = fmean(values[:half])
    late = fmean(values[half:])
    if abs(late / early - 1) > FLAT if early else True:
        return None
    return Advice(
        "info",
        f"{_first_upper(name)} has stood still at {late:.3f} for {FLAT_WINDOW:,} steps: more of the same "
        "will bring little but finer texture.",
    )


def _diverged(config: TrainConfig) -> Advice:
    rate = config.rate / 4
    return Advice(
        "warn",
        "The losses ran away to infinity. A lower rate helps most often, and whole precision.",
        {"rate": rate, "precision": "fp32"},
        f"rate {rate:.2g}, fp32",
    )


def _waits_for_data(share: float) -> Advice:
    return Advice(
        "info",
        f"{share:.0%} of the time goes into waiting for pictures. Holding them in memory, or more readers, "
        "makes it faster.",
        {"cache": "memory"},
        "hold pictures in memory",
    )


def _healthy(rows: Sequence[Row]) -> list[Advice]:
    name, training = _content(rows)
    if len(training) < FEWEST:
        return (
            [Advice("info", "Too early to say anything: the first steps only find the colours.")]
            if training
            else []
        )
    third = max(1, len(training) // 3)
    first, now = (fmean(value for _, value in part) for part in (training[:third], training[-third:]))
    if now < first:
        return [
            Advice(
                "good", f"It is learning: {name} fell from {first:.3f} to {now:.3f}, and nothing looks wrong."
            )
        ]
    return [
        Advice(
            "info",
            f"{_first_upper(name)} has not fallen yet ({first:.3f} then, {now:.3f} now). Give it some more "
            "steps before you judge.",
        )
    ]


def _first_upper(words: str) -> str:
    return words[:1].upper() + words[1:]


LOOKS: tuple[Callable[[Sequence[Row], TrainConfig], Advice | None], ...] = (
    _discriminator_won,
    _discriminator_lost,
    _overfits,
    _flat,
)
