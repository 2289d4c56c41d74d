"""Writes an evaluation as an HTML page without a server: input, output and target of each pair,
sortable by metric."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pix2pix.config import ModelConfig
from pix2pix.errors import DataError
from pix2pix.evaluation.evaluate import Scores
from pix2pix.evaluation.measures import EvaluatedPair
from pix2pix.evaluation.metrics import LOWER_IS_BETTER, NEAR_ONE_IS_BETTER
from pix2pix.runtime.files import is_empty_folder, write_image, write_text

TEMPLATE = Path(__file__).with_name("html_report.html")
HALVES = ("input", "output", "target")
PICTURE = re.compile(r"\d{5}-(?:input|output|target)\.(?:png|jpg)(?:\.part)?|\.DS_Store")
LABELS = {
    "l1": "L1",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "ms_ssim": "MS-SSIM",
    "edges": "edges (1 is right)",
    "grid": "grid (1 is right)",
    "lpips": "LPIPS",
    "fid": "FID",
    "kid": "KID",
    "lab_l": "Lab L shared",
    "lab_a": "Lab a shared",
    "lab_b": "Lab b shared",
    "fcn_accuracy": "FCN accuracy",
    "fcn_class_accuracy": "FCN class accuracy",
    "fcn_iou": "FCN class IoU",
    "real_fcn_accuracy": "FCN accuracy, real photos",
    "real_fcn_class_accuracy": "FCN class accuracy, real photos",
    "real_fcn_iou": "FCN class IoU, real photos",
    "label_accuracy": "label accuracy",
    "label_class_accuracy": "label class accuracy",
    "label_iou": "label class IoU",
    "seconds": "seconds",
}
"""Labels of the metrics on the page."""


def _is_unfinished(folder: Path) -> bool:
    """Whether a folder holds only pictures of a report that was interrupted before its page was written."""
    pictures = folder / "pictures"
    if not pictures.is_dir():
        return is_empty_folder(folder)
    return all(PICTURE.fullmatch(path.name) for path in pictures.iterdir()) and all(
        path == pictures for path in folder.iterdir()
    )


class HtmlReport:
    """A measure that writes each pair's pictures; `finish` then writes the page."""

    def __init__(self, folder: str | Path, model: ModelConfig) -> None:
        self.folder = Path(folder)
        self.page = self.folder / "index.html"
        if self.folder.exists() and not self.page.is_file() and not _is_unfinished(self.folder):
            raise DataError(f"{self.folder} holds other files already. Choose a new folder for the gallery.")
        # Labels keep their exact colours; photos would be five times as large that way.
        self.suffixes = [
            ".png" if kind == "labels" else ".jpg" for kind in (model.source, model.target, model.target)
        ]
        self.files: dict[str, list[str]] = {}

    def see(self, evaluated: EvaluatedPair) -> dict[str, float]:
        """Writes the three pictures; returns {}."""
        number = len(self.files) + 1
        names = [
            f"pictures/{number:05d}-{half}{suffix}"
            for half, suffix in zip(HALVES, self.suffixes, strict=True)
        ]
        for name, picture in zip(names, (evaluated.source, evaluated.fake, evaluated.target), strict=True):
            write_image(self.folder / name, picture)
        self.files[evaluated.folder.key_of(evaluated.pair)] = names
        return {}

    def result(self) -> dict[str, float]:
        """Returns {}."""
        return {}

    def finish(self, scores: Scores, title: str, protocol: str) -> Path:
        """Writes the page and returns its path."""
        columns = list(dict.fromkeys(name for row in scores.pictures for name in row.scores))
        are_unique = len({row.name for row in scores.pictures}) == scores.count
        means = scores.means | scores.overall | {"seconds": scores.seconds_per_picture}
        data = {
            "title": title,
            "protocol": protocol,
            "size": scores.size,
            "halves": HALVES,
            "columns": [*columns, "seconds"],
            "labels": LABELS,
            "lower": sorted(LOWER_IS_BETTER),
            "near_one": sorted(NEAR_ONE_IS_BETTER),
            "means": [(name, means[name]) for name in LABELS if name in means],
            "rows": [
                {
                    "name": row.name if are_unique else row.key,
                    "files": self.files[row.key],
                    "scores": row.scores | {"seconds": row.seconds},
                }
                for row in scores.pictures
            ],
        }
        # A name may hold anything, also what ends a script.
        text = json.dumps(data).replace("<", "\\u003c")
        write_text(self.page, TEMPLATE.read_text(encoding="utf-8").replace("__DATA__", text))
        return self.page
