"""Interprets the curves of a training in words, with settings to try next: evidence in, sentences out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pix2pix.runs import diagnoses
from pix2pix.runs.diagnoses import Advice, first_upper
from pix2pix.runs.evidence import FEWEST, Evidence
from pix2pix.runs.snapshot import ALIVE

__all__ = ["Advice", "advise"]

LATE = 0.3
"""Share of the run after which a loss that has not fallen is no matter of patience."""

Look = Callable[[Evidence], Advice | None]
DOUBTS: tuple[Look, ...] = (
    diagnoses.batch_too_large,
    diagnoses.too_few_to_judge,
    diagnoses.knows_them_all,
    diagnoses.waits_for_data,
)
"""What is said beside whatever else is said."""


def advise(evidence: Evidence) -> list[Advice]:
    """Returns the advice on a run, the most important first; never empty once there are a few rows."""
    found = [diagnoses.diverged(evidence.config)] if evidence.state == "diverged" else []
    found += _heard([diagnoses.unusual_rate], evidence)
    is_explained = any(advice.tone == "warn" for advice in found)
    found += _heard([diagnoses.collapsed], evidence)
    # Curves that are thrown about, or do not move, tell nothing about the discriminator.
    if not is_explained:
        found += _heard([diagnoses.discriminator_won, diagnoses.discriminator_lost], evidence)
    if all(advice.tone == "info" for advice in found):
        found += _heard([diagnoses.learns_by_heart, diagnoses.stands_still], evidence)
    doubts = _heard(DOUBTS, evidence) if evidence.rows else []
    return (found or _progress(evidence)) + doubts


def _heard(looks: Sequence[Look], evidence: Evidence) -> list[Advice]:
    return [advice for look in looks if (advice := look(evidence))]


def _progress(evidence: Evidence) -> list[Advice]:
    """Returns what the loss of content says, where nothing is wrong."""
    name = evidence.content_name
    if not evidence.content:
        return []
    is_going_on = evidence.state in ALIVE
    if evidence.first_and_now is None:
        words = "Too early to say anything: the first steps only find the colours."
        return [Advice("info", words if is_going_on else "Too few steps to say anything.")]
    first, now = evidence.first_and_now
    if evidence.has_fallen:
        return [_learns(evidence, f"{name} fell from {first:.3f} to {now:.3f}")]
    return [_does_not_learn(evidence, f"{first:.3f} then, {now:.3f} now", name)]


def _learns(evidence: Evidence, fell: str) -> Advice:
    if evidence.state in ALIVE:
        return Advice("good", f"It is learning: {fell}, and nothing looks wrong.")
    until = {"finished": "It has learned", "stopped": "It was learning when it was stopped"}
    opening = until.get(evidence.state, "It was learning when it ended")
    criterion = evidence.criterion
    series = evidence.curve(f"val_{criterion.metric}")
    if len(series) < FEWEST:
        return Advice("good", f"{opening}: {fell}.")
    best_step = (min if criterion.lower_is_better else max)(series, key=lambda point: point[1])[0]
    if best_step == series[-1][0]:
        return Advice(
            "good", f"{opening}: {fell}. Its last validation was its best: more steps would help (Prolong)."
        )
    return Advice("good", f"{opening}: {fell}. Its best model is that of step {best_step:,}.")


def _does_not_learn(evidence: Evidence, values: str, name: str) -> Advice:
    if evidence.config.init:
        return Advice(
            "info",
            f"{first_upper(name)} stands where it began ({values}), which is usual for a trained start.",
        )
    if evidence.state not in ALIVE:
        return Advice(
            "warn",
            f"{first_upper(name)} has not fallen ({values}): it has learned next to nothing. {LOOK_AT}",
        )
    if evidence.share < LATE:
        return Advice(
            "info",
            f"{first_upper(name)} has not fallen yet ({values}). Give it some more steps before you judge.",
        )
    return Advice(
        "warn",
        f"{first_upper(name)} has not fallen in {evidence.share:.0%} of the run ({values}): more of the same "
        f"will not change that. {LOOK_AT}",
    )


LOOK_AT = (
    "Look whether sources and targets belong together and stand the right way round, and at rate and weights."
)
