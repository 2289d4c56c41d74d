"""Fixes of findings. Each writes a new folder; the original stays as it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from pix2pix.config import PaletteEntry
from pix2pix.data.checks.report import Report
from pix2pix.data.checks.sides_report import WITHOUT_PAIRS
from pix2pix.data.clean_labels import clean_labels
from pix2pix.data.edits import Edit
from pix2pix.data.intake.unpack import check_space, save_quickly
from pix2pix.data.layouts import STATED
from pix2pix.data.names import as_training
from pix2pix.data.pairs import Pair, PairFolder, open_pairs, read_pair
from pix2pix.data.scan import scan
from pix2pix.errors import DataError
from pix2pix.imaging.palette import MOST_CLASSES, class_colors
from pix2pix.imaging.tensors import finite_range, is_deep
from pix2pix.runtime.files import no_space, read_size, read_values

Halves = tuple[Image.Image, Image.Image]
Change = Callable[[Image.Image, Image.Image], Halves]

DROPPED = {"unpaired", "unreadable", "unread", "stray", "twin", "leaked", "copies", "gray", "across"}
"""Findings whose files are removed, a pair with both its files."""
MOST_LABELS = 256
"""Values up to which a picture is resized without mixing them."""
ALONE = {"unpaired", "unread", "stray", "twin"}
"""Findings whose files have no partner to be removed with them."""


@dataclass(frozen=True)
class Case:
    """A finding to be fixed: its key, files, amount, and the report that it is in (None where there
    was no pair)."""

    key: str
    files: tuple[str, ...] = ()
    amount: tuple[int, int] = (0, 0)
    report: Report | None = None

    def open(self, root: Path) -> PairFolder:
        """Opens the folder as for the report."""
        if self.report is None:
            return open_pairs(root)
        layout = next((word for word, layout in STATED.items() if layout == self.report.layout), "auto")
        make = self.report.source.kind if self.report.layout == "photos" else "none"
        return open_pairs(
            root,
            self.report.direction,
            make,
            layout=layout,
            source_levels=self.report.source.levels,
            target_levels=self.report.target.levels,
        )


def mend(case: Case, folder: Path, *, out: Path, ours: bool) -> None:
    """Makes `out` from `folder` with the remedy applied. Files that stay are linked where the
    folder is `ours`, else copied.

    `DataError` where nothing would be left; then, as with a full disk, `out` is not there.
    """
    dropped = _with_partners(case, folder) if case.key in DROPPED else set()
    kept = [found.path for found in scan(folder)[0] if found.path not in dropped]
    if not kept:
        raise DataError("that would leave no picture. Bring others.")
    if not ours:
        check_space(out, sum(path.stat().st_size for path in kept), what=folder.name)
    part = out.with_name(out.name + ".part")
    try:
        for path in kept:
            place = path.relative_to(folder)
            take(path, part / (as_training(place) if case.key == "untrained" else place), ours=ours)
        _change_pixels(case, part)
        part.replace(out)
    except OSError as error:
        raise no_space(out, error, name=out.name) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def take(path: Path, place: Path, *, ours: bool) -> None:
    """Links a file of ours, which nobody writes to again; copies anybody else's."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        if ours:
            os.link(path, place)
    except OSError:  # a disk without links
        ours = False
    if not ours:
        shutil.copyfile(path, place)


def _with_partners(case: Case, folder: Path) -> set[Path]:
    """Returns the files of a finding, and their partners, which would be incomplete without them."""
    named = {folder / file for file in case.files}
    if case.key in ALONE or case.report is None or case.report.layout == WITHOUT_PAIRS:
        return named
    opened = case.open(folder)
    pairs = [
        (pair.source, pair.target)
        for pair in (*opened.pairs, *opened.unequal, *opened.unreadable)
        if pair.target
    ]
    return named.union(*(pair for pair in pairs if named.intersection(pair)))


def _change_pixels(case: Case, root: Path) -> None:
    """Applies the fix to the pictures of our own new folder, a few at a time."""
    if case.key == "shape":
        for_each(_cut_in_the_middle, [root / file for file in case.files])
    elif case.key == "unequal":
        for_each(_make_equal, case.open(root).unequal)
    elif case.key == "turned" and case.report:
        edits = {file: Edit(turns=turns) for file, turns in turns_of(case).items()}
        opened = case.open(root)
        for pair in opened.pairs:
            if edit := edits.get(pair.source.relative_to(root).as_posix()):
                edit_pair(edit, pair, direction=opened.direction)
    elif case.key in CHANGES:
        for_each(partial(_change_pair, CHANGES[case.key](case), case.key in EXACT), case.open(root).pairs)


def for_each(work: Callable[..., None], items: Iterable[object]) -> None:
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1), "pix2pix-mend") as pool:
        for _ in pool.map(work, items):
            pass


def turns_of(case: Case) -> dict[str, tuple[int, int]]:
    """Returns, by file, the quarter turns that the report found for the halves of its pairs, A first."""
    found = (finding for finding in case.report.findings if finding.key == "turned") if case.report else ()
    return {
        file: turns for finding in found for file, turns in zip(finding.files, finding.turns, strict=True)
    }


def edit_pair(edit: Edit, pair: Pair, *, direction: str) -> None:
    """Writes the halves of a pair, opened in that direction, anew as edited. Raises `DataError` where a file
    cannot be read, or the edit cannot be made."""
    forward = direction == "AtoB"
    halves = read_pair(pair, lambda file, _: read_values(file))
    edited = edit.apply(*(halves if forward else halves[::-1]))
    if pair.target:
        for file, new in zip(pair.files if forward else pair.files[::-1], edited, strict=True):
            # After a swap labels may stand in what was a JPEG file: exact, whatever the file was.
            _replace(file, new, exactly=edit.swapped)
    elif pair.half is None:
        _replace(pair.source, edited[0])
    else:
        _replace(pair.source, _join(*edited))


def _change_pair(change: Change, exactly: bool, pair: Pair) -> None:
    """Writes the halves of a pair anew; `exactly` as PNG, else in the format and with the values that they
    have. A half that is the very same stays as it is."""
    try:
        halves = read_pair(pair) if exactly else read_pair(pair, lambda file, _: read_values(file))
    except DataError:  # is named in the report
        return
    source, target = (within(new, old) for new, old in zip(change(*halves), halves, strict=True))
    if pair.target:
        for file, new, old in ((pair.source, source, halves[0]), (pair.target, target, halves[1])):
            if new is not old:
                _replace(file, new, exactly=exactly)
    elif pair.half is None:
        _replace(pair.source, target)
    else:
        _replace(
            pair.source,
            _join(source, target) if pair.half == "left" else _join(target, source),
            exactly=exactly,
        )


def within(image: Image.Image, old: Image.Image) -> Image.Image:
    """Returns the picture clipped to the range of `old`; one of 8 bits unchanged.

    A smooth filter overshoots at edges, which would widen the range of the whole set.
    """
    reach = finite_range(old) if is_deep(image) and image is not old else None
    if reach is None:
        return image
    values = np.asarray(image)
    return Image.fromarray(np.clip(values, *reach).astype(values.dtype))


def _join(left: Image.Image, right: Image.Image) -> Image.Image:
    """Returns two squares side by side."""
    side = left.height
    both = Image.new(left.mode, (2 * side, side))
    both.paste(left.resize((side, side)) if left.width != side else left, (0, 0))
    both.paste(right.resize((side, side)) if right.size != (side, side) else right, (side, 0))
    return both


def _replace(path: Path, image: Image.Image, *, exactly: bool = False) -> None:
    """Writes the picture to a new file, so that other folders' links to the old one keep their pixels."""
    path.unlink()
    save_quickly(path.with_suffix(""), image, jpeg=path.suffix == ".jpg" and not exactly)


def _cut_in_the_middle(path: Path) -> None:
    """Makes two squares side by side of any wide picture; of an odd width the middle column is dropped."""
    both = read_values(path)
    half = both.width // 2
    height = both.height
    left = both.crop((0, 0, half, height))
    right = both.crop((both.width - half, 0, both.width, height))
    squares = [part.resize((height, height), Image.Resampling.BICUBIC) for part in (left, right)]
    _replace(path, within(_join(*squares), both))


def _make_equal(pair: Pair) -> None:
    """Resizes the source to the size of its target."""
    if pair.target is None:
        return
    source = read_values(pair.source)
    colors = source.getcolors(1 << 24) if source.mode == "RGB" else np.unique(np.asarray(source))
    few = 0 < len(() if colors is None else colors) <= MOST_LABELS
    resampling = Image.Resampling.NEAREST if few else Image.Resampling.BICUBIC
    _replace(pair.source, within(source.resize(read_size(pair.target), resampling), source))


def _kinds_of(case: Case) -> tuple[str, str]:
    return (case.report.source.kind, case.report.target.kind) if case.report else ("photo", "photo")


def _squares(case: Case) -> Change:
    def crop(image: Image.Image) -> Image.Image:
        side = min(image.size)
        left = (image.width - side) // 2
        top = (image.height - side) // 2
        return image.crop((left, top, left + side, top + side))

    return lambda source, target: (crop(source), crop(target))


def _one_size(case: Case) -> Change:
    filters = [
        Image.Resampling.NEAREST if kind == "labels" else Image.Resampling.BICUBIC for kind in _kinds_of(case)
    ]
    return lambda source, target: (
        source.resize(case.amount, filters[0]),
        target.resize(case.amount, filters[1]),
    )


def _moved_back(case: Case) -> Change:
    """Returns a change that crops what only one half shows, and enlarges the rest to the old size."""
    across, down = case.amount
    filters = [
        Image.Resampling.NEAREST if kind == "labels" else Image.Resampling.BICUBIC for kind in _kinds_of(case)
    ]

    def move(image: Image.Image, place: tuple[int, int], resampling: Image.Resampling) -> Image.Image:
        left, top = place
        box = (left, top, left + image.width - abs(across), top + image.height - abs(down))
        return image.crop(box).resize(image.size, resampling)

    first = (max(0, -across), max(0, -down))
    second = (max(0, across), max(0, down))
    return lambda source, target: (move(source, first, filters[0]), move(target, second, filters[1]))


def _exact_colors(case: Case) -> Change:
    """Returns a change of label halves to the colours of their palette; the other half is unchanged."""
    report = case.report
    palettes = (
        [half.palette if half.kind == "labels" else () for half in (report.source, report.target)]
        if report
        else [(), ()]
    )

    def clean(image: Image.Image, palette: tuple[PaletteEntry, ...]) -> Image.Image:
        return Image.fromarray(clean_labels(np.asarray(image), palette)) if palette else image

    return lambda source, target: (clean(source, palettes[0]), clean(target, palettes[1]))


def _spread_numbers(case: Case) -> Change:
    """Class numbers as colours far apart, the same for each picture; the other half is the very same."""
    colors = np.array(class_colors(MOST_CLASSES), np.uint8)

    def spread(image: Image.Image) -> Image.Image:
        return Image.fromarray(colors[np.minimum(np.asarray(image)[..., 1], MOST_CLASSES - 1)])

    return lambda source, target: (
        spread(source) if case.amount[0] else source,
        spread(target) if case.amount[1] else target,
    )


CHANGES: dict[str, Callable[[Case], Change]] = {
    "stretched": _squares,
    "sizes": _one_size,
    "shifted": _moved_back,
    "scattered": _exact_colors,
    "numbers": _spread_numbers,
}
"""Changes of pixels by the finding's key."""
EXACT = {"scattered", "numbers"}
"""Findings whose pictures are written in exact colours."""
