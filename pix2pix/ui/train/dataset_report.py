"""The report on a data set: a headline, pages of pairs, and a card for each finding."""

from __future__ import annotations

import html
import io
from dataclasses import dataclass, replace

from PIL import Image

from pix2pix.data.checks.findings import Finding
from pix2pix.data.checks.report import PLURALS, Report
from pix2pix.data.checks.sides_report import SidesReport
from pix2pix.data.intake.fixes import DROPPED, Case
from pix2pix.data.scan import Problem
from pix2pix.data.sides import read_picture
from pix2pix.errors import DataError, showable
from pix2pix.ui.shared.data_urls import data_url
from pix2pix.ui.train.uploaded import UploadedDataset

DIRECTIONS = [("A → B", "AtoB"), ("B → A", "BtoA")]
INTRO = """<h2>Your pictures</h2><p class="hint">A zip archive, or many files: two pictures side by side in \
one, two folders A and B,
or x_A.png and x_B.png. Single photos will do, too, and so will two zips, or two folders in one, of pictures \
that do not pair.</p>"""
NO_PAIRS = (
    "<p class='hint'>No pairs here, but single pictures. Choose what to learn from them: the other half is"
    " made.</p>"
)
BOTH_WAYS = (
    "Both ways are learned, by a model each: model.pth goes the way chosen below. Here pictures stand side "
    "by side by chance."
)
A_PAGE = 6
THUMBNAIL = 144
FILES_NAMED = 4
SKIPPED_NAMED = 3


@dataclass(frozen=True)
class Card:
    """One finding with its title, text and the label of the button that fixes it; "" for no button."""

    case: Case
    title: str
    text: str
    button: str = ""


CARDS: dict[str, tuple[str, str]] = {
    "apart": ("No pairs by name", "Train without pairs"),
    "paired": ("Perhaps pairs", ""),
    "across": ("On both sides", "Keep them on one"),
    "untrained": ("Nothing to train on", "Train on them"),
    "double": ("Perhaps side by side", ""),
    "turned": ("One half is turned", "Turn it back"),
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

OF_SIDES = {"copies": "The same picture twice", "few": "Very few pictures"}
"""Titles of findings where there are no pairs."""

IN_SETTINGS = {
    "levels": "Another range can be typed below, in All settings: Source range and Target range.",
    "coloured": "If the colours mean nothing, choose gray below, in All settings: Source or Target.",
}
"""Where the page has what a finding's remedy states by a flag."""

INSTEAD = {
    "apart": "{what} train without pairs, or mend the names so that the two halves of a pair have one.",
    "paired": "{what} If they are pairs, train with them: Undo.",
}
"""Texts of findings whose remedy is another one on the page."""

WORDS = {
    "unpaired": "{n} of no pair: the other half is missing.",
    "unequal": "{n} whose source and target are not of one size.",
    "shape": "{n} not exactly twice as wide as high.",
    "unreadable": "{n} damaged or empty.",
    "stray": "{n} that no folder or suffix gives a side.",
    "twin": "{n} with the name of another one, which is used.",
}


def suggested_size(report: Report) -> int:
    """Returns the size to train at in pixels: 256, or the largest smaller power of two that
    fits the pictures."""
    sizes = report.sizes + (report.other_sizes if isinstance(report, SidesReport) else ())
    side = min(min(width, height) for width, height, _ in sizes)
    return min(256, max(8, 1 << (side.bit_length() - 1)))


def cards(dataset: UploadedDataset) -> list[Card]:
    """Returns a card for each finding, the most important first."""
    report = dataset.report
    found = [
        _card(Case(each.key, each.files, each.amount, report), text=_text_of(each))
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
        found.append(_card(Case(kind, files, report=report), text=text))
    if dataset.wide:
        words = (
            f"{len(dataset.wide):,} of them are wide: perhaps two pictures side by side, with halves that"
            " are no squares."
        )
        found.append(_card(Case("shape", dataset.wide), text=words))
    order = list(CARDS)
    return sorted(found, key=lambda card: order.index(card.case.key))


def _text_of(finding: Finding) -> str:
    if finding.key in INSTEAD:
        return INSTEAD[finding.key].format(what=finding.what)
    return " ".join(filter(None, (finding.what, IN_SETTINGS.get(finding.key))))


def _card(case: Case, *, text: str) -> Card:
    title, button = CARDS[case.key]
    if isinstance(case.report, SidesReport):
        title = OF_SIDES.get(case.key, title)
        button = button if case.key in DROPPED else ""
    return Card(case, title, text, button.format(*case.amount))


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
    sides = [report.counts, *([report.other_counts] if isinstance(report, SidesReport) else [])]
    splits = [
        f"{' and '.join(f'{counts[name]:,}' for counts in sides)} {words}"
        for name, words in (("train", "to train"), ("val", "to validate"), ("test", "to test"))
        if name == "train" or any(counts[name] for counts in sides)
    ]
    drawn = ", drawn at random" if report.drawn else ""
    learned = f"<p>{BOTH_WAYS}</p>" if dataset.sides else ""
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
        f"<p class='bring-headline'>{escape(report.headline())}</p><p>{', '.join(splits)}{drawn}</p>{learned}"
        f"{f'<div class=swatches>{colors}</div>' if colors else ''}{note}</div>"
    )


def direction_choices(report: Report) -> list[tuple[str, str]]:
    """Returns both directions as choices, such as `labels → photos`."""
    halves = (report.source, report.target) if report.direction == "AtoB" else (report.target, report.source)
    first, second = (PLURALS[half.kind] for half in halves)
    if isinstance(report, SidesReport):
        first, second = report.folders if report.direction == "AtoB" else report.folders[::-1]
    elif first == second:
        first, second = ("left", "right") if report.layout == "side by side" else report.folders
    return [(f"{first} → {second}", "AtoB"), (f"{second} → {first}", "BtoA")]


def pages(dataset: UploadedDataset) -> int:
    """Returns the number of pages of pairs."""
    return -(-dataset.count // A_PAGE)


def strip_html(dataset: UploadedDataset, page: int) -> str:
    """Returns HTML of one page of pairs, source beside target; photos alone until a source is chosen."""
    if dataset.sides:
        return _sides_strip(dataset, range(page * A_PAGE, min(dataset.count, (page + 1) * A_PAGE)))
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


def _sides_strip(dataset: UploadedDataset, numbers: range) -> str:
    """Returns HTML of some pictures of both sides, source beside target; the larger side has more."""
    report = dataset.report
    sides = dataset.sides.both if dataset.sides else ()
    ordered = sides if report.direction == "AtoB" else sides[::-1]
    figures = []
    for number in numbers:
        images = []
        names = []
        for side, half in zip(ordered, (report.source, report.target), strict=True):
            if number >= len(side.pairs):
                continue
            picture = side.pairs[number]
            names.append(escape(picture.name))
            try:
                images.append(_thumbnail(read_picture(picture), half.kind))
            except DataError as error:
                names[-1] = escape(str(error))
        figures.append(
            f"<figure><div>{''.join(images)}</div><figcaption>{' · '.join(names)}</figcaption></figure>"
        )
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
