"""Data that was uploaded or named, as pairs, as photos or as two sides, with its report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pix2pix.config import TrainConfig
from pix2pix.data.checks.findings import guess_direction
from pix2pix.data.checks.report import Report, inspect_folder
from pix2pix.data.checks.sides_report import inspect_sides, with_offer
from pix2pix.data.intake.uploads import Upload
from pix2pix.data.kinds import look
from pix2pix.data.layouts import match_files
from pix2pix.data.pairs import PairFolder, open_pairs
from pix2pix.data.scan import scan
from pix2pix.data.sides import Sides, look_at_sides, open_config_sides
from pix2pix.errors import DataError
from pix2pix.runtime.files import read_size
from pix2pix.runtime.progress import Progress

PHOTOS = "gray"
"""Source that photos are opened with until one is chosen; all of them find the same photos."""
WIDE = 1.4
"""Ratio of width to height from which a picture may be two side by side."""


@dataclass(frozen=True)
class UploadedDataset:
    """Data that was uploaded or named, with its report; kept in the state of one visitor's page."""

    upload: Upload
    report: Report
    pairs: PairFolder
    """Opened from A to B."""
    make: str = "none"
    wide: tuple[str, ...] = ()
    """Single pictures that may be pairs with halves that are no squares."""
    layout: str = "auto"
    """The layout that the visitor chose."""
    unpaired: bool = False
    """Two halves exist, but no file of one has a partner in the other; the upload's note has the reason."""
    sides: Sides | None = None
    """Both sides, where it is trained on without pairs; opened from A to B."""
    before: UploadedDataset | None = None
    """The state before the last fix, for undo."""

    @property
    def is_photos(self) -> bool:
        """Whether there are single photos and no pairs, so that a source has to be made."""
        return self.report.layout == "photos"

    @property
    def method(self) -> str:
        """Returns the method that this data is for."""
        return "cyclegan" if self.sides else "pix2pix"

    @property
    def count(self) -> int:
        """Returns the number of pairs, or of pictures of the larger side."""
        return max(self.sides.counts) if self.sides else len(self.pairs.pairs)

    @property
    def is_ready(self) -> bool:
        """Whether a training can use it."""
        return not self.is_photos or self.make != "none"


def look_at(upload: Upload, progress: Progress | None = None, *, layout: str = "auto") -> UploadedDataset:
    """Reads all pictures once and returns the data with its report; photos without pairs are allowed.

    Raises `DataError` where there are no pictures, or none in a stated layout; it names the folder
    without its path.
    """
    try:
        return _look_at(upload, progress, layout=layout)
    except DataError as error:
        raise DataError(str(error).replace(str(upload.folder), upload.folder.name)) from error


def look_without_pairs(
    upload: Upload, progress: Progress | None = None, *, layout: str = "auto"
) -> UploadedDataset:
    """Reads all pictures of two sides once and returns them with their report. Raises `DataError` where there
    are no two sides."""
    try:
        config = TrainConfig.from_dict({"data": str(upload.folder), "layout": layout})
        sides = open_config_sides(config)
        report = inspect_sides(sides, look_at_sides(sides, config), progress=progress)
    except DataError as error:
        raise DataError(str(error).replace(str(upload.folder), upload.folder.name)) from error
    return UploadedDataset(upload, report, sides.a, layout=layout, sides=sides)


def without_pairs(dataset: UploadedDataset, progress: Progress | None = None) -> UploadedDataset:
    """Returns the data as two sides without pairs; undo gives it back as it was."""
    upload = replace(dataset.upload, note="" if dataset.unpaired else dataset.upload.note)
    return replace(
        look_without_pairs(upload, progress, layout=dataset.layout), before=replace(dataset, before=None)
    )


def _look_at(upload: Upload, progress: Progress | None, *, layout: str) -> UploadedDataset:
    try:
        pairs = open_pairs(upload.folder, layout=layout)
    except DataError as error:
        if layout != "auto":
            raise
        why = _why_none(upload.folder, str(error))
        wide = _wide(upload.folder)
        pairs = open_pairs(upload.folder, make=PHOTOS)
        upload = replace(upload, note=" ".join(filter(None, (upload.note, why))))
        report = with_offer(inspect_folder(upload.folder, progress, make=PHOTOS))
        return UploadedDataset(upload, report, pairs, wide=wide, unpaired=bool(why))
    guessed = guess_direction(pairs, look(pairs))
    report = with_offer(inspect_folder(upload.folder, progress, direction=guessed, layout=layout))
    return UploadedDataset(upload, report, pairs, layout=layout)


def _why_none(folder: Path, error: str) -> str:
    """Returns why files that look like halves form no pairs; "" where there are no such files."""
    found = scan(folder)[0]
    sides = [each.side for each in found]
    if any(match.b for match in match_files(found).matches):
        return error.replace(str(folder), folder.name)
    if not (0 in sides and 1 in sides):
        return ""
    return (
        "There are two folders, but no two files with the same name in them: give both halves of a pair one"
        " name."
    )


def _wide(folder: Path) -> tuple[str, ...]:
    """Returns the paths of wide pictures, if these are more than half of all; else an empty tuple."""
    wide = []
    found = scan(folder)[0]
    for each in found:
        try:
            width, height = read_size(each.path)
        except DataError:  # is among the problems of the report
            continue
        wide += [each.path.relative_to(folder).as_posix()] if width > WIDE * height else []
    return tuple(wide) if 2 * len(wide) > len(found) else ()


def turned(dataset: UploadedDataset, direction: str) -> UploadedDataset:
    """Returns the data with sources and targets as `direction` states."""
    return (
        dataset if dataset.report.direction == direction else replace(dataset, report=dataset.report.turned())
    )
