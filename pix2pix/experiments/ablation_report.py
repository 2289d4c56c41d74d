"""The results of an ablation: tables as Markdown, CSV and JSON, a sheet of pictures for each table and one
of all cells."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from pix2pix.config import TrainConfig
from pix2pix.errors import DataError
from pix2pix.evaluation.evaluate import Evaluation, Scores
from pix2pix.evaluation.measures import FcnScore
from pix2pix.evaluation.segmenter import Segmenter
from pix2pix.experiments.ablation import PAPERS_TABLES, Table, cells_of, plan
from pix2pix.imaging.sample_grid import GAP, join_images
from pix2pix.imaging.tensors import resize
from pix2pix.inference.source_file import read_source
from pix2pix.inference.translator import Translator
from pix2pix.runtime.files import IMAGE_SUFFIXES, write_image, write_text

COLUMNS = {
    "fcn_accuracy": "pixel accuracy",
    "fcn_class_accuracy": "class accuracy",
    "fcn_iou": "class IoU",
    "label_accuracy": "pixel accuracy",
    "label_class_accuracy": "class accuracy",
    "label_iou": "class IoU",
    "l1": "L1",
    "ssim": "SSIM",
    "lab_l": "Lab L",
    "lab_a": "Lab a",
    "lab_b": "Lab b",
}
"""Measures in the order of the columns; those that no cell has are left out."""
REAL = {
    "fcn_accuracy": "real_fcn_accuracy",
    "fcn_class_accuracy": "real_fcn_class_accuracy",
    "fcn_iou": "real_fcn_iou",
}
SHOWN_PAIRS = 4
HEADER = 36

Numbers = dict[str, float]
Row = tuple[str, Numbers]
Column = tuple[str, Sequence[Image.Image]]


@dataclass(frozen=True)
class Report:
    """The report of a trained ablation: the folder `out` of its runs, and the segmenter for FCN
    scores, if any."""

    base: TrainConfig
    out: Path
    segmenter: Segmenter | None = None
    drawings: Path | None = None
    """A folder of pictures to show on the sheets instead of test pairs."""
    tables: Sequence[str] = PAPERS_TABLES

    def write(self, progress: Callable[[str, int, int], None] = lambda cell, done, of: None) -> Path:
        """Scores each cell on held-out pairs, writes tables and sheets into `out`, and returns
        the Markdown's path."""
        tables = plan(self.base, self.tables)
        scored = {cell.name: self._score(cell.name, progress) for cell in cells_of(tables)}
        numbers = {name: {**found.scores.means, **found.scores.overall} for name, found in scored.items()}
        protocol = self._describe(next(iter(scored.values())).scores)
        write_text(
            self.out / "scores.json", json.dumps({"protocol": protocol, "cells": numbers}, indent=2) + "\n"
        )
        write_text(self.out / "scores.csv", to_csv(tables, numbers))
        for table in tables:
            write_image(
                self.out / f"{table.name}.png",
                draw_sheet(_columns_of({cell.name: cell.label for cell in table.cells}, scored)),
            )
        write_image(self.out / "sheet.png", draw_sheet(_columns_of({name: name for name in scored}, scored)))
        write_text(self.out / "table.md", to_markdown(tables, numbers, protocol=protocol))
        return self.out / "table.md"

    def _score(self, name: str, progress: Callable[[str, int, int], None]) -> ScoredCell:
        """Returns scores and pictures of one cell. Its model is freed afterwards: ten wide ones would
        fill the memory."""
        model = Translator.load(self.out / name / "model.pth", self.base.device)
        measures = [FcnScore(self.segmenter, model.config)] if self.segmenter else []
        evaluation = Evaluation(model, self.base.data)
        scores = evaluation.run(measures, lambda done, of: progress(name, done, of))
        sources, targets = self._pictures(evaluation)
        return ScoredCell(scores, sources, [model(source) for source in sources], targets)

    def _describe(self, scores: Scores) -> str:
        base = self.base
        return (
            f"{Path(base.data).name}, {scores.count} {scores.split} pairs at {base.size} x {base.size}; "
            f"each cell {base.steps:,} steps of"
            f" batch {base.batch}, width {base.width}, discriminator width {base.discriminator_width}, seed "
            f"{base.seed}."
        )

    def _pictures(self, evaluation: Evaluation) -> tuple[list[Image.Image], list[Image.Image]]:
        """Returns the sources to show and their targets; drawings have no targets."""
        config = evaluation.translator.config
        size = config.size
        kinds = (config.source, config.target)
        if self.drawings:
            files = sorted(file for file in self.drawings.glob("*") if file.suffix.lower() in IMAGE_SUFFIXES)
            if not files:
                raise DataError(f"{self.drawings} has no picture to show. Name a folder of drawings.")
            drawings = [read_source(file, config).image for file in files]
            return [resize(drawing, (size, size), kind=kinds[0]) for drawing in drawings], []
        count = min(SHOWN_PAIRS, len(evaluation.pairs))
        chosen = [
            evaluation.folder.load(evaluation.pairs[place * len(evaluation.pairs) // count], size, kinds)
            for place in range(count)
        ]
        return [source for source, _ in chosen], [target for _, target in chosen]


@dataclass(frozen=True)
class ScoredCell:
    """The scores of one cell, and its pictures between the sources and targets of the sheet."""

    scores: Scores
    sources: list[Image.Image]
    pictures: list[Image.Image]
    targets: list[Image.Image]


def _columns_of(labels: dict[str, str], scored: dict[str, ScoredCell]) -> list[Column]:
    """Returns the columns of a sheet: input, each cell with a label, and the target where there is one."""
    first = scored[next(iter(labels))]
    columns: list[Column] = [
        ("input", first.sources),
        *((label, scored[name].pictures) for name, label in labels.items()),
    ]
    return columns + ([("target", first.targets)] if first.targets else [])


def rows_of(table: Table, numbers: dict[str, Numbers]) -> list[Row]:
    """Returns a row for each cell, and one for the real photos where a segmenter scored them."""
    rows = [(cell.label, numbers[cell.name]) for cell in table.cells]
    first = rows[0][1]
    real = {name: first[other] for name, other in REAL.items() if other in first}
    return [*rows, ("real photos", real)] if real else rows


def to_markdown(tables: Sequence[Table], numbers: dict[str, Numbers], *, protocol: str) -> str:
    """Returns the three tables below the sentence `protocol`."""
    lines = [protocol, ""]
    columns = _columns(numbers)
    for table in tables:
        lines += [
            f"### {table.title}",
            "",
            f"| | {' | '.join(COLUMNS[name] for name in columns)} |",
            "| --- |" + " --- |" * len(columns),
        ]
        for label, found in rows_of(table, numbers):
            lines.append(f"| {label} | {' | '.join(_shown(found, name) for name in columns)} |")
        lines += ["", table.left_out, ""] if table.left_out else [""]
    return "\n".join(lines)


def to_csv(tables: Sequence[Table], numbers: dict[str, Numbers]) -> str:
    """Returns all tables as CSV, one line for each row of a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = _columns(numbers)
    writer.writerow(["table", "row", *columns])
    for table in tables:
        writer.writerows(
            [table.name, label, *(found.get(name, "") for name in columns)]
            for label, found in rows_of(table, numbers)
        )
    return text.getvalue()


def _columns(numbers: dict[str, Numbers]) -> list[str]:
    return [name for name in COLUMNS if any(name in found for found in numbers.values())]


def _shown(found: Numbers, name: str) -> str:
    return f"{found[name]:.3f}" if name in found else ""


def draw_sheet(columns: Sequence[Column]) -> Image.Image:
    """Returns a picture of the columns side by side, each below its label; all pictures
    have the same size."""
    grid = join_images(list(zip(*(pictures for _, pictures in columns), strict=True)))
    width = columns[0][1][0].width
    sheet = Image.new("RGB", (grid.width + 2 * GAP, HEADER + grid.height + GAP), "white")
    sheet.paste(grid, (GAP, HEADER))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(12)
    for place, (label, _) in enumerate(columns):
        left = GAP + place * (width + GAP)
        draw.multiline_text(
            (left + width / 2, HEADER / 2), label.replace(", ", "\n"), "black", font, "mm", 2, "center"
        )
    return sheet
