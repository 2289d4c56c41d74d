"""What a run looks like on a page: words, curves and pictures from a snapshot. No widgets, no state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from pix2pix.runs import Snapshot

MOST_POINTS = 400
"""Of a curve. More make the browser slow, and a plot is not wider than that."""
LOG_LINES = 60


@dataclass(frozen=True)
class Chart:
    """One small plot: its title, and the columns of metrics.jsonl with their names and colours."""

    key: str
    title: str
    series: tuple[tuple[str, str, str], ...]


TEAL, AMBER = "#14b8a6", "#f59e0b"
CHARTS = (
    Chart("g_gan", "Generator: GAN loss", (("g_gan", "GAN", TEAL),)),
    Chart("g_l1", "Generator: L1 loss", (("g_l1", "L1", TEAL),)),
    Chart("d", "Discriminator loss", (("d_real", "real", TEAL), ("d_fake", "fake", AMBER))),
    Chart("ssim", "Validation: SSIM ↑", (("val_ssim", "SSIM", TEAL),)),
    Chart("psnr", "Validation: PSNR, dB ↑", (("val_psnr", "PSNR", TEAL),)),
    Chart("l1", "Validation: L1 ↓", (("val_l1", "L1", TEAL),)),
)

STATES = {
    "new": ("not started", "idle"),
    "starting": ("starting", "busy"),
    "running": ("training", "busy"),
    "stopping": ("stopping after this step", "busy"),
    "finished": ("finished", "good"),
    "stopped": ("stopped", "idle"),
    "diverged": ("diverged", "bad"),
    "failed": ("failed", "bad"),
    "died": ("ended by accident", "bad"),
}
"""State of a run: what the page calls it, and how it is coloured."""


def curve(rows: Sequence[dict[str, Any]], chart: Chart) -> pd.DataFrame | None:
    """Columns `step`, `value`, `series`, at most 400 points a series; None while there is no line to draw.

    All series come from the first frame on: a plot does not learn of later ones.
    """
    points = [(step, value, name) for column, name, _ in chart.series for step, value in _thin(_column(rows, column))]
    return pd.DataFrame(points, columns=["step", "value", "series"]) if len(points) > len(chart.series) else None


def _column(rows: Sequence[dict[str, Any]], column: str) -> list[tuple[int, float]]:
    pairs = ((row["step"], row.get(column)) for row in rows)
    return [(step, float(value)) for step, value in pairs if isinstance(value, (int, float)) and math.isfinite(value)]


def _thin(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Means of as many neighbours as it takes; the last point of each group gives its step."""
    group = math.ceil(len(points) / MOST_POINTS) or 1
    groups = (points[start : start + group] for start in range(0, len(points), group))
    return [(members[-1][0], sum(value for _, value in members) / len(members)) for members in groups]


def headline(snapshot: Snapshot) -> str:
    """HTML: name and state, a progress bar, and the figures."""
    word, tone = STATES.get(snapshot.state, (snapshot.state, "idle"))
    share = 100 * snapshot.step / max(1, snapshot.steps)
    reason = f'<p class="run-reason">{escape(_capital(snapshot.reason))}</p>' if snapshot.reason and tone == "bad" else ""
    facts = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in figures(snapshot))
    return (
        f'<div class="run-head"><h2>{escape(snapshot.name)}</h2><span class="run-state {tone}">{escape(word)}</span></div>'
        f'<div class="run-bar {tone}" role="progressbar" aria-label="progress" aria-valuemin="0" aria-valuemax="{snapshot.steps}"'
        f' aria-valuenow="{snapshot.step}"><i style="width:{share:.2f}%"></i></div>'
        f'<dl class="run-facts">{facts}</dl>{reason}'
    )


def figures(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Names and values of what is told beside the progress bar."""
    best = _newest(snapshot.rows, "val_ssim")
    return [
        ("step", f"{snapshot.step:,} of {snapshot.steps:,}"),
        ("pace", pace(snapshot.seconds_per_step)),
        ("time left", duration(snapshot.seconds_left) if snapshot.is_alive and snapshot.seconds_per_step else "–"),
        ("SSIM", f"{best:.3f}" if best is not None else "–"),
    ]


def _newest(rows: Sequence[dict[str, Any]], column: str) -> float | None:
    return next((value for _, value in reversed(_column(rows, column))), None)


def pace(seconds_per_step: float) -> str:
    """`3.2 steps a second`, or `1.8 s a step` where a step takes longer than a second."""
    if seconds_per_step <= 0:
        return "–"
    return f"{1 / seconds_per_step:.3g} steps/s" if seconds_per_step < 1 else f"{seconds_per_step:.3g} s a step"


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 05 min`, `2 d 4 h`"""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def nearest_sample(samples: Sequence[tuple[int, Path]], step: float | None) -> tuple[int, Path] | None:
    """The sample grid made nearest to a step; the newest where no step is given."""
    if not samples:
        return None
    return samples[-1] if step is None else min(samples, key=lambda sample: abs(sample[0] - step))


def sample_caption(step: int) -> str:
    """HTML: what the three columns of a sample grid are, and when it was made."""
    return (
        f'<div class="sample-head"><b>Step {step:,}</b><span>the same validation pairs each time</span></div>'
        '<div class="sample-columns"><span>input</span><span>output</span><span>target</span></div>'
    )


def log_tail(snapshot: Snapshot) -> str:
    """The last lines of the log."""
    return "\n".join(snapshot.log.splitlines()[-LOG_LINES:])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
