"""What goes wrong in a training, each found in its evidence: a function for each, None where it is not so.

A time is always a share of the run, so that a short run gets as much advice as a long one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Literal

from pix2pix.config import TrainConfig
from pix2pix.runs.evidence import FEWEST, Evidence, Points
from pix2pix.runs.unusual import (
    HIGHEST_RATE,
    LOWEST_RATE,
    USUAL_RATE,
    describe_batch,
    describe_rate,
    is_batch_too_large,
    unusual_rates,
)

WINDOW = 0.15
"""Share of the run over which the discriminator's losses must say one thing before it is reported."""
WON = 0.05
"""Loss of a discriminator that is nearly never wrong; guessing gives 0.69 (vanilla) or 0.25 (lsgan)."""
FLAT_WINDOW = 0.3
"""Share of the run in which nothing must have moved."""
FLAT = 0.015
"""Relative change between two halves of the window that counts as none."""
WORSE = 0.05
"""How much a validation must be worse than its best, as a share of it, to count as falling off."""
EARLIEST_STOP = 0.1
"""Share of the run before which a best validation is that of a gray blur: no model to stop at."""
COLLAPSED_AFTER = 0.1
FEWEST_STEPS = 150
"""Share of the run, and steps, in which all outputs may look alike, since nothing is learned yet."""
ALIKE = 0.1
FLAT_PICTURE = 0.06
SATURATED = 0.4
"""Bounds of `spread` and `edges` below which, and of `saturated` above which, outputs have collapsed."""
FEW_VALIDATION = 5
"""Validation examples below which their metrics say more about them than about the model."""
LONG_WAIT = 0.3
"""Share of the time."""
FEW_EXAMPLES = 30
MANY_PASSES = 100
"""Times that each of few examples was shown, after which it is known by heart."""


@dataclass(frozen=True)
class Advice:
    """A sentence, its tone, and settings to change in the next run, with the label of the button
    that does so."""

    tone: Literal["good", "info", "warn"]
    sentence: str
    changes: dict[str, Any] = field(default_factory=dict)
    button: str = ""


def unusual_rate(evidence: Evidence) -> Advice | None:
    """Finds learning rates at which these networks learn nothing."""
    far = unusual_rates(evidence.config)
    if not far or not evidence.rows:
        return None
    sentences = " ".join(first_upper(describe_rate(name, rate)) for name, rate in far.items())
    usual = {"rate": USUAL_RATE, "discriminator_rate": 0.0}
    changes = {name: usual[name] for name in far}
    words = f"rate {USUAL_RATE:g}" if "rate" in far else "D rate as G's"
    is_harmless = evidence.has_fallen and not signs_of_collapse(evidence)
    if is_harmless:
        return Advice("info", f"{sentences} So far the loss falls all the same.", changes, words)
    return Advice("warn", sentences, changes, words)


def collapsed(evidence: Evidence) -> Advice | None:
    """Finds outputs that are one picture, flat, or burnt out, in two validations after each other."""
    if evidence.config.rate < LOWEST_RATE:
        return None  # they are those of random weights
    seen = signs_of_collapse(evidence)
    if not seen:
        return None
    changes, button = _against_collapse(evidence.config)
    ssim = evidence.curve("val_ssim")
    best_step, best = _best("ssim", ssim) if ssim else (0, 0.0)
    kept = f" The best model so far, of step {best_step:,}, is kept." if best > 2 * ssim[-1][1] else ""
    return Advice("warn", f"G has collapsed: {', '.join(seen)}.{kept}", changes, button)


def signs_of_collapse(evidence: Evidence) -> list[str]:
    """Returns what the last two validations both say of outputs that have collapsed, in words."""
    begin = max(COLLAPSED_AFTER * evidence.config.steps, FEWEST_STEPS)
    seen = []
    for name, is_sign, words in SIGNS:
        last = [value for step, value in evidence.curve(f"val_{name}") if step >= begin][-2:]
        if len(last) == 2 and all(map(is_sign, last)):
            seen.append(words.format(last[-1]))
    return seen


SIGNS: tuple[tuple[str, Callable[[float], bool], str], ...] = (
    (
        "spread",
        lambda value: value < ALIKE,
        "its outputs are alike whatever it is given (they differ by {:.0%} of what the targets do)",
    ),
    (
        "edges",
        lambda value: value < FLAT_PICTURE,
        "they are flat areas (with {:.0%} of the targets' edges)",
    ),
    (
        "saturated",
        lambda value: value > SATURATED,
        "they are burnt out ({:.0%} more values than in the targets are full black, white or colour)",
    ),
)
"""Metrics of outputs that have collapsed, the values at which they have, and words for it."""


def _against_collapse(config: TrainConfig) -> tuple[dict[str, Any], str]:
    """Returns the settings that help most often, and words for the button; none where the rate is to
    blame."""
    if unusual_rates(config):
        return {}, ""
    if config.method == "pix2pix" and config.l1 < 10:
        return {"l1": 100.0}, "L1 weight 100"
    rate = config.rate / 4
    return {"rate": rate, "discriminator_rate": 0.0}, f"rate {rate:.2g} for both"


def _discriminator_losses(config: TrainConfig) -> tuple[str, str]:
    """Returns the two columns that stand at the same value where a discriminator only guesses."""
    return ("d_a", "d_b") if config.method == "cyclegan" else ("d_real", "d_fake")


def discriminator_won(evidence: Evidence) -> Advice | None:
    """Finds a discriminator that is never wrong."""
    config = evidence.config
    if config.gan not in ("vanilla", "lsgan"):
        return None
    lost = [evidence.window(evidence.curve(name), WINDOW) for name in _discriminator_losses(config)]
    # Without pairs each side has a discriminator of its own, and one that has won is enough.
    losing = min if config.method == "cyclegan" else max
    # Label smoothing keeps the loss of real pairs above 0, however sure D is.
    floor = _floor(config)
    if not all(lost) or losing(fmean(values) - low for values, low in zip(lost, floor, strict=True)) > WON:
        return None
    rate = (config.discriminator_rate or config.rate) / 4
    smooth = config.real_label == 1.0
    return Advice(
        "warn",
        f"D has won: its loss has been as low as it gets for {evidence.window_words(WINDOW)}, so G learns "
        f"little from it beyond {evidence.content_name}. Try a lower D rate"
        + (" or one-sided label smoothing." if smooth else "."),
        {"discriminator_rate": rate} | ({"real_label": 0.9} if smooth else {}),
        f"D rate {rate:.2g}" + (" and real label 0.9" if smooth else ""),
    )


def _floor(config: TrainConfig) -> tuple[float, float]:
    """Returns the losses of real and fake of a discriminator that is always right."""
    label = config.real_label
    if config.gan == "lsgan" or label == 1.0 or config.method == "cyclegan":
        return (0.0, 0.0)
    return (-label * math.log(label) - (1 - label) * math.log(1 - label), 0.0)


def discriminator_lost(evidence: Evidence) -> Advice | None:
    """Finds a discriminator that only guesses."""
    config = evidence.config
    chance = {"vanilla": math.log(2), "lsgan": 0.25}.get(config.gan)
    both = [evidence.window(evidence.curve(name), WINDOW) for name in _discriminator_losses(config)]
    if chance is None or not all(both):
        return None
    if any(abs(fmean(values) / chance - 1) > 0.03 or max(values) > 1.15 * chance for values in both):
        return None
    rate = config.rate / 2
    return Advice(
        "info",
        f"D only guesses: both of its losses have stood at {chance:.2f} for "
        f"{evidence.window_words(WINDOW)}, so it teaches G nothing. Try a lower G rate, with D's as it is.",
        {"rate": rate, "discriminator_rate": config.discriminator_rate or config.rate},
        f"G rate {rate:.2g}",
    )


def learns_by_heart(evidence: Evidence) -> Advice | None:
    """Finds a validation that falls off by each of its measures, while the loss of training falls."""
    if evidence.val_size is not None and evidence.val_size < FEW_VALIDATION:
        return None
    training = evidence.curve("g_l1")
    # L1 alone, and SSIM less so, is best of a gray blur: the measure with edges in it must agree.
    measured = {name: evidence.curve(f"val_{name}") for name in ("l1", "ssim", "detail")}
    found = {name: series for name, series in measured.items() if series}
    if len(found) < 2 or len(training) < FEWEST or not all(map(_has_fallen_off, found, found.values())):
        return None
    best_step = max(_best(name, series)[0] for name, series in found.items())
    before = [value for step, value in training if step <= best_step]
    since = [value for step, value in training if step > best_step]
    if not (before and since) or fmean(since[-3:]) >= fmean(before[-3:]):
        return None
    config = evidence.config
    changes: dict[str, Any] = (
        {"mirror": True, "jitter": True} if not (config.mirror and config.jitter) else {}
    )
    button = "mirror and jitter" if changes else ""
    if best_step >= EARLIEST_STOP * config.steps:
        changes["steps"] = best_step
        button = f"stop at step {best_step:,}"
    told = " and ".join(
        f"{NAMES[name]} from {best:.3f} (step {step:,}) to {series[-1][1]:.3f}"
        for name, series in found.items()
        for step, best in [_best(name, series)]
    )
    return Advice(
        "warn",
        f"It learns the training pairs by heart: on validation it has fallen off, {told}, while L1 fell in "
        "training. The best model so far is kept; more pairs would help most.",
        changes,
        button,
    )


NAMES = {"l1": "L1", "ssim": "SSIM", "detail": "detail"}


def _best(name: str, series: Points) -> tuple[int, float]:
    return (min if name == "l1" else max)(series, key=lambda point: point[1])


def _has_fallen_off(name: str, series: Points) -> bool:
    """Whether the last three validations are all clearly worse than one before them."""
    best_step, best = _best(name, series)
    last = [value for step, value in series if step > best_step][-3:]
    worst_allowed = best * (1 + WORSE if name == "l1" else 1 - WORSE)
    is_worse = [value > worst_allowed if name == "l1" else value < worst_allowed for value in last]
    return len(series) >= FEWEST and len(last) == 3 and all(is_worse)


def stands_still(evidence: Evidence) -> Advice | None:
    """Finds a loss of content that has not moved, while no validation has become better."""
    values = evidence.window(evidence.content, FLAT_WINDOW)
    if len(values) < 2 * FEWEST or not _is_flat(values):
        return None
    for column in ("val_ssim", "val_detail"):
        measured = evidence.curve(column)
        start = (measured[-1][0] if measured else 0) - FLAT_WINDOW * evidence.config.steps
        recent = [value for step, value in measured if step > start]
        if len(recent) > 1 and _halves(recent)[1] > (1 + FLAT) * _halves(recent)[0]:
            return None
    return Advice(
        "info",
        f"{first_upper(evidence.content_name)} has stood still at {values[-1]:.3f} for "
        f"{evidence.window_words(FLAT_WINDOW)}: more of the same will bring little but finer texture.",
    )


def _halves(values: list[float]) -> tuple[float, float]:
    half = len(values) // 2
    return fmean(values[:half]), fmean(values[half:])


def _is_flat(values: list[float]) -> bool:
    early, late = _halves(values)
    return bool(early) and abs(late / early - 1) <= FLAT


def too_few_to_judge(evidence: Evidence) -> Advice | None:
    """Finds metrics that are those of a few examples, or of the training's own."""
    held, noun = evidence.val_size, evidence.noun
    if held is None or held >= FEW_VALIDATION:
        return None
    if held == 0:
        return Advice(
            "info",
            f"No {noun} is held back to validate on: the numbers of validation are those of training "
            f"{noun}s, and say nothing about others.",
        )
    return Advice(
        "info",
        f"Only {held} {noun}{'s' * (held != 1)} to validate on: the numbers say more about "
        f"{'it' if held == 1 else 'them'} than about the model. Judge by the pictures; of 50 {noun}s, 5 are "
        "held back.",
    )


def knows_them_all(evidence: Evidence) -> Advice | None:
    """Finds few examples that were shown very often."""
    config, count = evidence.config, evidence.train_size
    if not count or count >= FEW_EXAMPLES or not evidence.rows:
        return None
    # What comes several times in one step is learned from once.
    shown = evidence.rows[-1]["step"] * min(1, config.batch * config.accumulate / count)
    if shown < MANY_PASSES:
        return None
    return Advice(
        "info",
        f"Each of the {count} training {evidence.noun}s was shown {shown:,.0f} times: they are known by "
        f"heart by now. More {evidence.noun}s would help, more steps will not.",
    )


def batch_too_large(evidence: Evidence) -> Advice | None:
    """Finds a batch that is larger than the whole set."""
    config, count = evidence.config, evidence.train_size or 0
    if not is_batch_too_large(config, count):
        return None
    return Advice("info", first_upper(describe_batch(config, count)), {"batch": 1}, "batch 1")


def waits_for_data(evidence: Evidence) -> Advice | None:
    """Finds much time spent on reading pictures that are not held in memory."""
    if evidence.data_share < LONG_WAIT or evidence.config.cache != "stream":
        return None
    return Advice(
        "info",
        f"{evidence.data_share:.0%} of the time goes into waiting for pictures. Holding them in memory, or "
        "more readers (workers), makes it faster.",
        {"cache": "auto"},
        "hold pictures in memory",
    )


def diverged(config: TrainConfig) -> Advice:
    """Returns what to do about losses that ran away."""
    rate = config.rate / 4 if config.rate <= HIGHEST_RATE else USUAL_RATE
    return Advice(
        "warn",
        "The losses ran away to infinity. A lower rate helps most often, and whole precision.",
        {"rate": rate, "precision": "fp32"},
        f"rate {rate:.2g}, fp32",
    )


def first_upper(words: str) -> str:
    """Returns the words with a capital."""
    return words[:1].upper() + words[1:]
