"""The report on two sides without pairs, and sentences about them before the first training step."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pix2pix.config import TrainConfig
from pix2pix.data.checks.findings import (
    Facts,
    Finding,
    are,
    copied_files,
    gray_files,
    leaked_files,
    pages_finding,
    size_findings,
)
from pix2pix.data.checks.introduction import FEW_ENOUGH, describe_images, warn_of_palettes
from pix2pix.data.checks.report import Half, Report, file_list, half_text, inspect_folder, read_all
from pix2pix.data.kinds import Looks
from pix2pix.data.pairs import Pair, PairFolder, Problem
from pix2pix.data.sides import Sides, find_sides, look_at_sides, open_config_sides, read_picture
from pix2pix.errors import DataError, Pix2PixError
from pix2pix.imaging.palette import has_color, is_gray, neutral_share
from pix2pix.runtime.files import read_header
from pix2pix.runtime.progress import Progress

if TYPE_CHECKING:
    from pix2pix.data.unpaired import Unpaired

WITHOUT_PAIRS = "without pairs"
"""The layout of a report on two sides."""
FEW = 10
METHOD = "--method cyclegan"
MOSTLY = 3
"""Pictures without a partner for each one with, from which training without pairs is offered."""


@dataclass(frozen=True)
class SidesReport(Report):
    """The result of `pix2pix inspect` on two sides: the fields of `Report` are those of the source's side,
    and `folders` the names of both, source first."""

    other_counts: dict[str, int] = field(default_factory=dict)
    other_sizes: tuple[tuple[int, int, int], ...] = ()
    other_drawn: bool = False

    @property
    def totals(self) -> tuple[int, int]:
        """Returns the number of pictures of each side."""
        return sum(self.counts.values()), sum(self.other_counts.values())

    def text(self) -> str:
        """Returns the report as about ten lines of text; `str` gives it too."""
        lines = [self.headline()]
        sides = (
            ("source", self.source, self.sizes, self.counts, self.drawn),
            ("target", self.target, self.other_sizes, self.other_counts, self.other_drawn),
        )
        for place, (name, half, sizes, counts, drawn) in enumerate(sides):
            split = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
            held = " (val drawn by seed)" if drawn else ""
            lines.append(
                f"{name}, {self.folders[place]}: {half_text(half)}, {_sizes_text(sizes)}; {split}{held}"
            )
        lines += [f"! {finding.what} {finding.remedy}{file_list(finding.files)}" for finding in self.findings]
        lines += [f"left out: {problem}" for problem in self.problems]
        return "\n".join(lines)

    __str__ = text

    def headline(self) -> str:
        """Returns one line: `121 pictures in trainA and 220 in trainB, without pairs`."""
        a, b = self.totals
        return f"{_pictures(a)} in {self.folders[0]} and {b:,} in {self.folders[1]}, without pairs"

    def turned(self) -> SidesReport:
        """Returns the report with the sides exchanged."""
        return dataclasses.replace(
            self,
            direction="BtoA" if self.direction == "AtoB" else "AtoB",
            source=self.target,
            target=self.source,
            folders=self.folders[::-1],
            counts=self.other_counts,
            other_counts=self.counts,
            sizes=self.other_sizes,
            other_sizes=self.sizes,
            drawn=self.other_drawn,
            other_drawn=self.drawn,
        )


def _pictures(count: int) -> str:
    return f"{count:,} picture{'s' * (count != 1)}"


def _sizes_text(sizes: Sequence[tuple[int, int, int]]) -> str:
    if not sizes:
        return "none readable"
    more = len(sizes) - 1
    return f"{sizes[0][0]} x {sizes[0][1]}" + (f" and {more} other size{'s' * (more > 1)}" if more else "")


def inspect_data(folder: str | Path, progress: Progress | None = None, **settings: Any) -> Report:
    """Returns the report on pairs; on two sides for settings without pairs, and where nothing pairs.

    Arguments and errors as in `inspect_folder`.
    """
    if settings.get("data_b") or settings.get("method") == "cyclegan":
        return inspect_side_folders(folder, progress, **settings)
    try:
        report = inspect_folder(folder, progress, **settings)
    except DataError as error:
        try:
            found = inspect_side_folders(folder, progress, **settings)
        except Pix2PixError:
            raise error from None
        return dataclasses.replace(found, findings=(offer(found.totals), *found.findings))
    return with_offer(report)


def with_offer(report: Report) -> Report:
    """Returns the report with the offer to train without pairs, where there are two sides, and most of their
    pictures have no partner."""
    alone = sum(problem.kind == "unpaired" for problem in report.problems)
    paired = sum(report.counts.values()) if report.layout != "photos" else 0
    if alone < MOSTLY * 2 * paired:
        return report
    try:
        sides = find_sides(report.folder, layout=report.stated)
    except DataError:
        return report
    return dataclasses.replace(report, findings=(offer(sides.counts, paired), *report.findings))


def inspect_side_folders(
    folder: str | Path, progress: Progress | None = None, **settings: Any
) -> SidesReport:
    """Finds both sides as training would, reads every picture once, and returns the report.

    `settings` are those of how the data is arranged, such as `data_b` or `direction`.
    """
    config = TrainConfig(data=str(folder), **settings)
    sides = open_config_sides(config)
    looks = look_at_sides(sides, config)
    return inspect_sides(sides, looks, direction=config.direction, progress=progress)


def inspect_sides(
    sides: Sides, looks: Looks, *, direction: str = "AtoB", progress: Progress | None = None
) -> SidesReport:
    """Reads every picture of two sides that were found and sampled already, and returns the report."""
    facts: list[dict[str, Facts]] = [{}, {}]
    problems = list(sides.problems)
    total = sum(sides.counts)
    done = 0
    for side, known in zip(sides.both, facts, strict=True):
        for file, result in read_all(side, look_at_picture):
            done += 1
            if isinstance(result, DataError):
                problems.append(Problem(file, str(result)))
            else:
                known[file] = result
            if progress:
                progress(done, total)
    sizes = [Counter(fact.size for fact in known.values()).most_common() for known in facts]
    a, b = (tuple((width, height, count) for (width, height), count in each) for each in sizes)
    return SidesReport(
        folder=str(sides.root),
        layout=WITHOUT_PAIRS,
        direction=direction,
        guessed_direction=direction,
        counts=_counts(sides.a),
        drawn=sides.a.drawn,
        sizes=a,
        source=Half(looks.source, len(looks.palette), looks.palette, sides.a.levels[0]),
        target=Half(looks.target, len(looks.target_palette), looks.target_palette, sides.b.levels[0]),
        findings=tuple(find_in_sides(sides, looks, facts=facts)),
        problems=tuple(dict.fromkeys(problems)),
        folders=sides.names,
        other_counts=_counts(sides.b),
        other_sizes=b,
        other_drawn=sides.b.drawn,
    )


def _counts(side: PairFolder) -> dict[str, int]:
    return {"train": len(side.train), "val": len(side.val), "test": len(side.test)}


def look_at_picture(split: str, picture: Pair) -> Facts:
    """Reads a picture of a side and returns its facts. Raises `DataError` where that fails."""
    image = read_picture(picture)
    pixels = np.asarray(image)
    digest = hashlib.blake2b(image.tobytes(), digest_size=16, key=str(image.size).encode()).digest()
    coloured = has_color(pixels)
    is_without = is_gray([pixels]) and not coloured
    header = read_header(picture.source)
    return Facts(
        split,
        image.size,
        is_without,
        (coloured, coloured),
        digest,
        digest,
        header.pages,
        header.is_gray,
        neutral_share(pixels),
    )


def offer(counts: tuple[int, int], paired: int = 0) -> Finding:
    """Returns that pictures, all or all but `paired`, do not pair by name, and both ways out."""
    rest = f", all but {paired:,}" if paired else ""
    return Finding(
        f"{counts[0]:,} and {counts[1]:,} pictures that do not pair{rest}:",
        f"train without pairs ({METHOD}), or mend the names so that the two halves of a pair have one.",
        key="apart",
    )


def find_in_sides(sides: Sides, looks: Looks, *, facts: Sequence[Mapping[str, Facts]]) -> Iterator[Finding]:
    """Yields the findings that matter before training, the most important first; those of both sides are
    one."""
    if sides.look_like_pairs:
        yield paired_finding(sides)
    hashes = {fact.photo_hash for fact in facts[0].values()}
    across = tuple(file for file, fact in facts[1].items() if fact.photo_hash in hashes)
    if across:
        what = f"{_pictures(len(across))} of {sides.names[1]} {are(len(across))} in {sides.names[0]} too."
        yield Finding(what, "Take them out of one side: there is nothing to learn.", across, "across")
    by_side = [
        list(_find_in_side(side, name, kind=kind, facts=known))
        for side, name, kind, known in zip(
            sides.both, sides.names, (looks.source, looks.target), facts, strict=True
        )
    ]
    keys = dict.fromkeys(finding.key for found in by_side for finding in found)
    for key in keys:
        yield _as_one([finding for found in by_side for finding in found if finding.key == key])


def paired_finding(sides: Sides) -> Finding:
    """Returns that pictures of two sides look like pairs, which are not used."""
    what = (
        f"{sides.partners:,} of {min(sides.counts):,} pictures have a partner of the same name, which "
        "training without pairs does not use."
    )
    return Finding(what, "If they are pairs, train with them: --method pix2pix.", key="paired")


def _as_one(findings: Sequence[Finding]) -> Finding:
    """Returns findings of both sides with one key as one."""
    first = findings[0]
    return Finding(
        " ".join(dict.fromkeys(finding.what for finding in findings)),
        min(findings, key=lambda finding: finding.amount).remedy,
        tuple(file for finding in findings for file in finding.files),
        first.key,
        min(finding.amount for finding in findings),
    )


def _find_in_side(side: PairFolder, name: str, *, kind: str, facts: Mapping[str, Facts]) -> Iterator[Finding]:
    leaked = leaked_files(facts)
    if leaked:
        what = f"{name}: the same picture is in train and in val or test."
        yield Finding(what, "Take it out of one: it shows nothing that is new.", leaked, "leaked")
    copies = copied_files((file, fact.photo_hash) for file, fact in facts.items())
    if copies:
        what = f"{name}: {_pictures(len(copies))} {are(len(copies))} a copy of another."
        yield Finding(what, "Delete copies: they count twice in training.", copies, "copies")
    coloured = tuple(file for file, fact in facts.items() if fact.coloured[0])
    gray = gray_files(facts)
    if kind == "photo" and gray and len(coloured) >= len(gray):
        what = f"{name}: among coloured pictures {len(gray):,} {are(len(gray))} gray."
        yield Finding(what, "Look at them: if they should be coloured, take them out.", gray, "gray")
    elif kind == "photo" and gray and coloured:
        what = f"{name}: among gray pictures {len(coloured):,} {are(len(coloured))} coloured."
        yield Finding(
            what, "All are learned in colour; take them out if they do not belong.", coloured, "coloured"
        )
    yield from pages_finding(facts)
    for finding in size_findings(facts):
        yield dataclasses.replace(finding, what=f"{name}: {finding.what[:1].lower()}{finding.what[1:]}")
    if len(side.train) < FEW:
        what = f"{name} has only {len(side.train):,} training picture{'s' * (len(side.train) != 1)}."
        yield Finding(what, "Add some; hundreds are usual.", key="few")


def introduce_sides(examples: Unpaired) -> str:
    """Returns `101 and 200 training pictures without pairs, 20 and 20 for validation; a: photo in trainA; b:
    photo in trainB`."""
    both = examples.sides.both
    counts = " and ".join(f"{len(side.train):,}" for side in both)
    held = " and ".join(f"{len(side.val or side.test):,}" for side in both)
    drawn = " drawn from them" if all(side.drawn for side in both) else ""
    described = "; ".join(
        f"{side}: {describe_images(spec, f'in {name}')}"
        for (side, spec), name in zip(examples.images.items(), examples.sides.names, strict=True)
    )
    return f"{counts} training pictures without pairs, {held} for validation{drawn}; {described}"


def warn_of_sides(examples: Unpaired) -> Iterator[str]:
    """Yields what `pix2pix inspect` warns of; of many pictures not each is read again."""
    sides = examples.sides
    config = examples.config
    if sum(sides.counts) <= 2 * FEW_ENOUGH:
        # Sizes are reported by the examples, measured against the crop that is trained on.
        findings = [
            finding
            for finding in inspect_sides(sides, examples.found).findings
            if finding.key not in ("small", "sizes")
        ]
    else:
        findings = [paired_finding(sides)] if sides.look_like_pairs else []
    yield from (f"{finding.what} {finding.remedy}" for finding in findings)
    if int(config.patch) > config.size:
        yield (
            f"size {config.size} is below the patch of {config.patch}: each patch that the discriminators "
            "judge is a whole picture. Train with a larger --size, or a smaller --patch."
        )
    yield from warn_of_palettes(examples.found, examples.looks, names=sides.names)
