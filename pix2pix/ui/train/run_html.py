"""A run as HTML and pictures, made from a snapshot; no widgets, no state."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from PIL import Image

from pix2pix.config import TrainConfig
from pix2pix.imaging.sample_grid import COLUMNS, join_images, take_column
from pix2pix.methods import method_of
from pix2pix.runs.advice import Advice
from pix2pix.runs.evidence import points
from pix2pix.runs.run import Snapshot
from pix2pix.runtime.files import read_image
from pix2pix.ui.shared.messages import capital, without_paths

LOG_LINES = 60

STATES = {
    "new": ("not started", "idle"),
    "queued": ("waiting for its turn", "idle"),
    "starting": ("starting", "busy"),
    "running": ("training", "busy"),
    "stopping": ("stopping after this step", "busy"),
    "finished": ("finished", "good"),
    "stopped": ("stopped", "idle"),
    "diverged": ("diverged", "bad"),
    "failed": ("failed", "bad"),
    "died": ("ended by accident", "bad"),
}
"""The page's word and colour class for each state of a run."""


def headline(snapshot: Snapshot, place: tuple[int, int] = (0, 0), holder: str = "") -> str:
    """Returns HTML: name and state, a progress bar, and the figures. `place`: position in the queue,
    and its length; `holder`: what has the machine meanwhile, as `holder_words` says."""
    word, tone = STATES.get(snapshot.state, (snapshot.state, "idle"))
    share = 100 * snapshot.step / max(1, snapshot.steps)
    facts = "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in figures(snapshot)
    )
    return (
        f'<div class="run-head"><h2>{escape(snapshot.name)}</h2><span class="run-state '
        f'{tone}">{escape(word)}</span></div>'
        f'<div class="run-bar {tone}" role="progressbar" aria-label="progress" aria-valuemin="0" '
        f'aria-valuemax="{snapshot.steps}"'
        f' aria-valuenow="{snapshot.step}"><i style="width:{share:.2f}%"></i></div>'
        f'<dl class="run-facts">{facts}</dl>{_remarks(snapshot, place, holder)}'
    )


def _remarks(snapshot: Snapshot, place: tuple[int, int], holder: str) -> str:
    """Returns HTML: why the run ended or waits, and what was changed for it."""
    tone = STATES.get(snapshot.state, ("", "idle"))[1]
    remarks = []
    if place[0]:
        others = f" of {place[1]}" if place[1] > 1 else ""
        remarks.append(
            (
                "",
                f"{holder or 'Another run has the machine.'} This one is number {place[0]}{others} in the "
                "queue and starts by itself.",
            )
        )
    if snapshot.reason and not snapshot.is_alive and snapshot.state != "queued":
        remarks.append(("run-reason" if tone == "bad" else "", capital(without_paths(snapshot.reason))))
    if snapshot.notice:
        remarks.append(("", capital(without_paths(snapshot.notice))))
    return "".join(f'<p class="run-remark {kind}">{escape(text)}</p>' for kind, text in remarks)


def figures(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Returns pairs of name and value shown below the progress bar."""
    left = duration(snapshot.seconds_left) if snapshot.is_alive and snapshot.seconds_per_step else "–"
    return [
        ("step", f"{snapshot.step:,} of {snapshot.steps:,}"),
        ("pace", speed(snapshot.seconds_per_step)),
        ("time left", left)
        if snapshot.is_alive or not snapshot.trained
        else ("trained for", duration(snapshot.trained)),
        (f"best by {best_title(snapshot.config)}", best_metric(snapshot)),
    ]


def holder_words(holder: Snapshot | None, is_visible: bool) -> str:
    """Returns which run has the machine, how far it is and how long it takes; "" for none.

    `is_visible`: whether the visitor may see that run, else it has no name.
    """
    if holder is None:
        return ""
    name = holder.name if is_visible else "The run of somebody else"
    left = f", about {duration(holder.seconds_left)} left" if holder.seconds_per_step else ""
    return f"{name} has the machine: step {holder.step:,} of {holder.steps:,}{left}."


METRIC_TITLES = {
    "ssim": "SSIM",
    "psnr": "PSNR, dB",
    "l1": "L1",
    "detail": "detail",
    "class_accuracy": "class accuracy",
    "cycle_l1": "cycle L1",
}
"""Titles of the metrics that a best model may be chosen by."""


def best_title(config: TrainConfig) -> str:
    """Returns the title of the metric that chooses the best model of these settings."""
    metric = method_of(config).criterion_of(config).metric
    return METRIC_TITLES.get(metric, metric)


def best_metric(snapshot: Snapshot) -> str:
    """Returns the best value so far of the metric that chooses the best model; "–" for none."""
    criterion = method_of(snapshot.config).criterion_of(snapshot.config)
    values = [value for _, value in points(snapshot.rows, f"val_{criterion.metric}")]
    if not values:
        return "–"
    return f"{(min if criterion.lower_is_better else max)(values):.3f}"


def meaning(advices: Sequence[Advice]) -> str:
    """Returns HTML of the advice on the curves."""
    items = "".join(f'<li class="{advice.tone}">{escape(advice.sentence)}</li>' for advice in advices)
    return f'<ul class="advice">{items}</ul>' if items else ""


def speed(seconds_per_step: float) -> str:
    """Returns the speed in words: `3.2 steps/s`, or `1.8 s a step` for slower ones."""
    if seconds_per_step <= 0:
        return "–"
    return (
        f"{1 / seconds_per_step:.3g} steps/s" if seconds_per_step < 1 else f"{seconds_per_step:.3g} s a step"
    )


def duration(seconds: float) -> str:
    """Returns a time in words: `45 s`, `12 min`, `3 h 05 min`, `2 d 4 h`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def nearest_sample(samples: Sequence[tuple[int, Path]], step: float | None) -> tuple[int, Path] | None:
    """Returns the sample grid nearest to a step; the newest where `step` is None; None
    where there is none."""
    if not samples:
        return None
    return samples[-1] if step is None else min(samples, key=lambda sample: abs(sample[0] - step))


TITLES = ("input", "output", "target")


def sample_caption(step: int, columns: Sequence[str] = TITLES) -> str:
    """Returns HTML with the step of a sample grid and the titles of its columns."""
    names = "".join(f"<span>{escape(name)}</span>" for name in columns)
    return (
        f'<div class="sample-head"><b>Step {step:,}</b><span>the same validation pairs each time</span></div>'
        f'<div class="sample-columns" style="grid-template-columns:repeat({len(columns)},1fr)">{names}</div>'
    )


def beside_start(first: Path, now: Path) -> Image.Image:
    """Returns a grid with the columns input, first output, current output, target, from two grids of
    the same pairs."""
    new = read_image(now)
    source, output, target = (take_column(new, column) for column in range(COLUMNS))
    return join_images([[source, take_column(read_image(first), 1), output, target]])


def log_tail(snapshot: Snapshot) -> str:
    """Returns the last `LOG_LINES` lines of the log, without the server's folders."""
    return without_paths("\n".join(snapshot.log.splitlines()[-LOG_LINES:]))


def refused(reason: str) -> str:
    """Returns HTML: why this visitor may not train here, and what to do instead; "" where they may."""
    if not reason:
        return ""
    way = (
        "Train on your own machine with the command below (All settings), or run this page there:"
        " <code>pix2pix app</code>."
    )
    return f'<div class="refused"><b>{escape(capital(reason))}.</b><p>{way}</p></div>'
