"""The report on a data set: a headline, pages of pairs, and a card for each finding."""

from __future__ import annotations

import html
import io
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from pix2pix.data.checks.findings import guess_direction
from pix2pix.data.checks.report import PLURALS, Report, inspect_folder
from pix2pix.data.intake.fixes import Case
from pix2pix.data.intake.uploads import Upload
from pix2pix.data.kinds import look
from pix2pix.data.layouts import match_files
from pix2pix.data.pairs import PairFolder, open_pairs
from pix2pix.data.scan import Problem, scan
from pix2pix.errors import DataError, showable
from pix2pix.runtime.files import read_size
from pix2pix.runtime.progress import Progress
from pix2pix.ui.shared.data_urls import data_url

DIRECTIONS = [("A → B", "AtoB"), ("B → A", "BtoA")]
INTRO = """<h2>Your pictures</h2><p class="hint">A zip archive, or many files: two pictures side by side in \
one, two folders A and B,
or x_A.png and x_B.png. Single photos will do, too.</p>"""
NO_PAIRS = (
    "<p class='hint'>No pairs here, but single pictures. Choose what to learn from them: the other half is"
    " made.</p>"
)
A_PAGE = 6
THUMBNAIL = 144
FILES_NAMED = 4
SKIPPED_NAMED = 3
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
    before: UploadedDataset | None = None
    """The state before the last fix, for undo."""

    @property
    def is_photos(self) -> bool:
        """Whether there are single photos and no pairs, so that a source has to be made."""
        return self.report.layout == "photos"

    @property
    def is_ready(self) -> bool:
        """Whether a training can use it."""
        return not self.is_photos or self.make != "none"


@dataclass(frozen=True)
class Card:
    """One finding with its title, text and the label of the button that fixes it; "" for no button."""

    case: Case
    title: str
    text: str
    button: str = ""


CARDS: dict[str, tuple[str, str]] = {
    "untrained": ("Nothing to train on", "Train on them"),
    "double": ("Perhaps side by side", ""),
    "shifted": ("Halves are shifted", "Move them back"),
    "numbers": ("Class numbers", "Spread them into colours"),
    "levels": ("More than 8 bits", ""),
    "clipped": ("Values beyond the range", ""),
    "pages": ("Several pages", ""),
    "coloured": ("Coloured among gray", ""),
    "scattered": ("Labels went through JPEG", "Clean the colours"),
    "unpaired": ("Without a partner", "Leave them out"),
    "unequal": ("Halves of two sizes", "Resize to the target"),
    "shape": ("Not two squares side by side", "Cut in the middle"),
    "leaked": ("In training and in validation", "Take out of validation"),
    "copies": ("The same pair twice", "Keep one of each"),
    "gray": ("Gray among coloured", "Leave gray ones out"),
    "unreadable": ("Cannot be read", "Leave them out"),
    "unread": ("A format that is not read", "Leave them out"),
    "stray": ("In neither half", "Leave them out"),
    "twin": ("The same name twice", "Keep the first"),
    "sizes": ("Sizes differ", "Make all {0} x {1}"),
    "stretched": ("Not square", "Crop to squares"),
    "small": ("Small pictures", ""),
    "few": ("Very few pairs", ""),
}
"""Title and button of each finding, in the order in which they are shown."""

IN_SETTINGS = {
    "levels": "Another range can be typed below, in All settings: Source range and Target range.",
    "coloured": "If the colours mean nothing, choose gray below, in All settings: Source or Target.",
}
"""Where the page has what a finding's remedy states by a flag."""

WORDS = {
    "unpaired": "{n} of no pair: the other half is missing.",
    "unequal": "{n} whose source and target are not of one size.",
    "shape": "{n} not exactly twice as wide as high.",
    "unreadable": "{n} damaged or empty.",
    "stray": "{n} that no folder or suffix gives a side.",
    "twin": "{n} with the name of another one, which is used.",
}


def look_at(upload: Upload, progress: Progress | None = None, *, layout: str = "auto") -> UploadedDataset:
    """Reads all pictures once and returns the data with its report; photos without pairs are allowed.

    Raises `DataError` where there are no pictures, or none in a stated layout; it names the folder
    without its path.
    """
    try:
        return _look_at(upload, progress, layout=layout)
    except DataError as error:
        raise DataError(str(error).replace(str(upload.folder), upload.folder.name)) from error


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
        report = inspect_folder(upload.folder, progress, make=PHOTOS)
        return UploadedDataset(upload, report, pairs, wide=wide, unpaired=bool(why))
    guessed = guess_direction(pairs, look(pairs))
    report = inspect_folder(upload.folder, progress, direction=guessed, layout=layout)
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


def suggested_size(report: Report) -> int:
    """Returns the size to train at in pixels: 256, or the largest smaller power of two that
    fits the pictures."""
    side = min(min(width, height) for width, height, _ in report.sizes)
    return min(256, max(8, 1 << (side.bit_length() - 1)))


def cards(dataset: UploadedDataset) -> list[Card]:
    """Returns a card for each finding, the most important first."""
    report = dataset.report
    found = [
        Card(
            Case(each.key, each.files, each.amount, report),
            *_titled(
                each.key,
                each.amount,
                text=" ".join(filter(None, (each.what, IN_SETTINGS.get(each.key)))),
            ),
        )
        for each in report.findings
        if each.key in CARDS
    ]
    groups: dict[str, list[Problem]] = {}
    for problem in (*report.problems, *dataset.upload.left_out):
        if problem.kind != "skipped":
            groups.setdefault(problem.kind, []).append(problem)
    for kind, problems in groups.items():
        files = tuple(dict.fromkeys(problem.file for problem in problems))
        text = (
            " ".join(map(str, problems))
            if kind == "unread"
            else WORDS[kind].format(n=f"{len(files):,} files")
        )
        text = problems[0].cause if len(files) == 1 else text
        found.append(Card(Case(kind, files, report=report), *_titled(kind, (0, 0), text=text)))
    if dataset.wide:
        words = (
            f"{len(dataset.wide):,} of them are wide: perhaps two pictures side by side, with halves that"
            " are no squares."
        )
        found.append(Card(Case("shape", dataset.wide), *_titled("shape", (0, 0), text=words)))
    order = list(CARDS)
    return sorted(found, key=lambda card: order.index(card.case.key))


def _titled(key: str, amount: tuple[int, int], *, text: str) -> tuple[str, str, str]:
    title, button = CARDS[key]
    return title, text, button.format(*amount)


def escape(text: str) -> str:
    """Returns the text for HTML, including names that are not UTF-8."""
    return html.escape(showable(text))


def card_html(card: Card) -> str:
    """Returns the HTML of a card without its button."""
    files = "".join(f"<li>{escape(file)}</li>" for file in card.case.files[:FILES_NAMED])
    more = len(card.case.files) - FILES_NAMED
    files += f"<li class='more'>and {more:,} more</li>" if more > 0 else ""
    report = card.case.report
    # Naming all files there are would say nothing.
    listed = (
        f"<ul>{files}</ul>" if files and report and len(card.case.files) < sum(report.counts.values()) else ""
    )
    return f"<div class='finding'><h3>{escape(card.title)}</h3><p>{escape(card.text)}</p>{listed}</div>"


def headline_html(dataset: UploadedDataset) -> str:
    """Returns HTML with the name of the data, what was found, and its splits."""
    report = dataset.report
    counts = report.counts
    splits = [f"{counts['train']:,} to train"] + [
        f"{counts[name]:,} {words}"
        for name, words in (("val", "to validate"), ("test", "to test"))
        if counts[name]
    ]
    drawn = ", drawn at random" if report.drawn else ""
    wrong = len(cards(dataset))
    if dataset.unpaired:
        wrong = max(1, wrong)
    state = (
        f"<span class='run-state bring-warn'>{wrong} to look at</span>"
        if wrong
        else "<span class='run-state good'>nothing wrong</span>"
    )
    skipped = [
        str(problem) for problem in (*dataset.upload.left_out, *report.problems) if problem.kind == "skipped"
    ]
    note = "".join(
        f"<p>{escape(words)}</p>" for words in (dataset.upload.note, *skipped[:SKIPPED_NAMED]) if words
    )
    note += (
        f"<p>and {len(skipped) - SKIPPED_NAMED:,} more folders that are not read</p>"
        if len(skipped) > SKIPPED_NAMED
        else ""
    )
    colors = "".join(
        f"<i title='{escape(name)}' style='background:rgb{color}'></i>"
        for name, color in report.source.palette or report.target.palette
    )
    return (
        "<div class='bring-head'><div "
        f"class='bring-name'><b>{escape(dataset.upload.folder.name)}</b>{state}</div>"
        f"<p class='bring-headline'>{escape(report.headline())}</p><p>{', '.join(splits)}{drawn}</p>"
        f"{f'<div class=swatches>{colors}</div>' if colors else ''}{note}</div>"
    )


def direction_choices(report: Report) -> list[tuple[str, str]]:
    """Returns both directions as choices, such as `labels → photos`."""
    halves = (report.source, report.target) if report.direction == "AtoB" else (report.target, report.source)
    first, second = (PLURALS[half.kind] for half in halves)
    if first == second:
        first, second = ("left", "right") if report.layout == "side by side" else report.folders
    return [(f"{first} → {second}", "AtoB"), (f"{second} → {first}", "BtoA")]


def pages(dataset: UploadedDataset) -> int:
    """Returns the number of pages of pairs."""
    return -(-len(dataset.pairs.pairs) // A_PAGE)


def strip_html(dataset: UploadedDataset, page: int) -> str:
    """Returns HTML of one page of pairs, source beside target; photos alone until a source is chosen."""
    shown = replace(dataset.pairs, make=dataset.make if dataset.is_photos else "none")
    report = dataset.report
    figures = []
    for pair in dataset.pairs.pairs[page * A_PAGE : (page + 1) * A_PAGE]:
        try:
            source, target = shown.load(pair)
        except DataError as error:
            figures.append(f"<figure class='broken'><figcaption>{escape(str(error))}</figcaption></figure>")
            continue
        halves = [(source, report.source.kind), (target, report.target.kind)]
        if report.direction == "BtoA":
            halves = [(target, report.source.kind), (source, report.target.kind)]
        name = dataset.pairs.key_of(pair) if dataset.pairs.has_split_folders else pair.name
        images = "".join(_thumbnail(*half) for half in (halves if dataset.is_ready else halves[1:]))
        figures.append(f"<figure><div>{images}</div><figcaption>{escape(name)}</figcaption></figure>")
    return f"<div class='strip'>{''.join(figures)}</div>"


def _thumbnail(image: Image.Image, kind: str) -> str:
    """Returns an <img> tag. Labels are encoded as PNG and resized without blending, to keep
    their exact colours."""
    scale = THUMBNAIL / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    few = kind == "labels"
    small = image.resize(size, Image.Resampling.NEAREST if few else Image.Resampling.BICUBIC)
    file = io.BytesIO()
    small.save(file, "PNG") if few else small.save(file, "JPEG", quality=88)
    return f"<img alt='' src='{data_url(file.getvalue(), 'png' if few else 'jpeg')}'>"
