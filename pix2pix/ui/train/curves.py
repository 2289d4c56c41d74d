"""Plots of the metrics of one run, or of two in the same plots, which keep their zoom while they grow."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from pix2pix.runs.evidence import Points, points
from pix2pix.ui.shared.js_bundle import bundle

PLACE = Path(__file__).parent / "plots"
MOST_POINTS = 500
"""Points of a curve: more make the browser slow, and a plot is not wider than that."""

Row = dict[str, Any]
TEAL = "#14b8a6"
AMBER = "#f59e0b"
INDIGO = "#6366f1"
PINK = "#ec4899"


@dataclass(frozen=True)
class Chart:
    """One plot: its title, and (column of metrics.jsonl, name, colour) of each line."""

    key: str
    title: str
    series: tuple[tuple[str, str, str], ...]


CHARTS = (
    Chart("g_l1", "Generator: L1 ↓", (("g_l1", "L1", TEAL),)),
    Chart("g_gan", "Generator: GAN", (("g_gan", "GAN", TEAL),)),
    Chart("d", "Discriminator", (("d_real", "real", TEAL), ("d_fake", "fake", AMBER))),
    Chart("ssim", "Validation: SSIM ↑", (("val_ssim", "SSIM", INDIGO),)),
    Chart("psnr", "Validation: PSNR, dB ↑", (("val_psnr", "PSNR", INDIGO),)),
    Chart("l1", "Validation: L1 ↓", (("val_l1", "L1", INDIGO),)),
    Chart(
        "edges",
        "Validation: edges, detail → 1",
        (("val_edges", "edges", INDIGO), ("val_detail", "detail", PINK)),
    ),
    Chart(
        "classes",
        "Validation: classes ↑",
        (("val_class_accuracy", "accuracy", INDIGO), ("val_class_iou", "IoU", PINK)),
    ),
)
COLORS = (TEAL, AMBER, INDIGO, PINK)
WITHOUT_PLOT = ("step", "rate", "val_spread", "val_saturated")
"""Columns that only the coach reads, or none."""
RECENT = 50
"""Number of last rows whose columns decide which plots there are."""
PAIR_COLORS = ((TEAL, INDIGO), (AMBER, PINK))
"""Colours of two runs in one plot: those of the first column, and of the second."""


def charts_of(*runs: Sequence[Row]) -> tuple[Chart, ...]:
    """Returns the plots of pix2pix; for other columns one plot for each prefix of losses
    and for each metric."""
    named = dict.fromkeys(name for rows in runs for row in rows[-RECENT:] for name in row)
    columns = [name for name in named if name not in WITHOUT_PLOT]
    # Metrics have the same names in other methods where there is a truth: losses tell what was trained.
    losses = {column for chart in CHARTS for column, _, _ in chart.series if not column.startswith("val_")}
    if not columns or not losses.isdisjoint(columns):
        return CHARTS
    groups: dict[str, list[tuple[str, str]]] = {}
    for column in columns:
        word, _, rest = column.partition("_")
        group, name = (f"Validation: {rest}", rest) if word == "val" else (f"Losses: {word}", rest or word)
        groups.setdefault(group, []).append((column, name))
    colored = {title: zip(names, itertools.cycle(COLORS), strict=False) for title, names in groups.items()}
    return tuple(
        Chart(groups[title][0][0], title, tuple((column, name, color) for (column, name), color in series))
        for title, series in colored.items()
    )


def curves_of(run: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Returns the content of the plots of one run; plots without a point are left out."""
    charts = [
        _chart(chart, [(name, color, points(rows, column)) for column, name, color in chart.series])
        for chart in charts_of(rows)
    ]
    return {"run": run, "charts": [chart for chart in charts if chart["series"]]}


def curves_of_two(runs: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """Returns the same plots with the lines of two runs, each named after its run."""
    charts = []
    for chart in charts_of(*runs.values()):
        lines = []
        for number, (run, rows) in enumerate(runs.items()):
            for place, (column, name, _) in enumerate(chart.series):
                title = f"{run}, {name}" if len(chart.series) > 1 else run
                lines.append((title, PAIR_COLORS[place % 2][number % 2], points(rows, column)))
        charts.append(_chart(chart, lines))
    return {"run": " ".join(runs), "charts": [chart for chart in charts if chart["series"]]}


def _chart(chart: Chart, lines: Sequence[tuple[str, str, Points]]) -> dict[str, Any]:
    series = [{"name": name, "color": color, "points": thin(line)} for name, color, line in lines if line]
    return {"key": chart.key, "title": chart.title, "series": series}


def thin(line: Points) -> list[list[float]]:
    """Returns at most `MOST_POINTS` [step, value] points, every one measured, the last among them."""
    apart = math.ceil(len(line) / MOST_POINTS) or 1
    return [[step, round(value, 6)] for step, value in line[::-1][::apart][::-1]]


class Curves(gr.HTML):
    """The component of the plots; its value is what `curves_of` returns."""

    def __init__(self, **options: Any) -> None:
        script = bundle(
            "Pix2PixCurves", PLACE / "curves.js", exports=("mountCurves",), styles=[PLACE / "curves.css"]
        )
        super().__init__(
            html_template=(PLACE / "curves.html").read_text(encoding="utf-8"),
            css_template="",
            js_on_load=f"{script}\nPix2PixCurves.mountCurves({{ element, props, watch }});",
            apply_default_css=False,
            **options,
        )

    def preprocess(self, payload: Any) -> None:
        """Returns None: the plots send nothing back."""

    def postprocess(self, value: Any) -> Any:
        """Returns the value unchanged."""
        return value
