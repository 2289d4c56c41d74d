"""Findings about pairs, derived from facts that were gathered while each was read once."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from pix2pix.config import Kind
from pix2pix.data.checks.turns import Scores, turn_scores
from pix2pix.data.clipping import SIDES, clipped_shares, percent
from pix2pix.data.kinds import Looks
from pix2pix.data.pairs import Pair, PairFolder, read_pair
from pix2pix.data.shortfall import why_untrained
from pix2pix.imaging.palette import has_color, is_gray, neutral_share
from pix2pix.runtime.files import read_header
from pix2pix.settings import range_words

SIMPLE: tuple[Kind, ...] = ("labels", "edges", "gray", "mask", "lowres")
"""Kinds that are natural sources: one draws or has them."""
USUAL_SIZE = 256
FEW = 3
TINTED = 0.5
"""Share of exactly neutral pixels, among those that look gray, below which a picture was taken in colour.
Measured on the photos of edges to shoes: at most 0.61, 0.06 in the middle; 1 for one stored as gray."""


@dataclass(frozen=True)
class Finding:
    """Something wrong or worth knowing, the files concerned, and what to do on the command line.

    `key` names it for `pix2pix.data.intake.fixes`; `amount` is the shift in pixels, or the size to train at.
    """

    what: str
    remedy: str
    files: tuple[str, ...] = ()
    key: str = ""
    amount: tuple[int, int] = (0, 0)
    turns: tuple[tuple[int, int], ...] = ()
    """For each file the quarter turns clockwise that its halves need: the left one, or that of A, first."""


@dataclass(frozen=True)
class Facts:
    """What is stored of a pair after its pixels were freed."""

    split: str
    size: tuple[int, int]
    gray_target: bool
    coloured: tuple[bool, bool]
    """Whether source and target have clearly coloured pixels."""
    pair_hash: bytes
    photo_hash: bytes
    """Hash of the half that distinguishes pictures: drawings of different photos may be equal."""
    pages: int = 1
    """Pages of the file with most; the first one is read."""
    is_gray_file: bool = False
    """Whether the file of the target is stored without colours."""
    neutral: float | None = None
    """Of the target's pixels that look gray, the share whose channels are exactly equal; None for few such
    pixels."""
    turn_scores: Scores | None = None
    """How alike the edges of square halves are in four turns."""


@dataclass(frozen=True)
class Sampled:
    """Facts of some pairs together: shades and colours of labels that went through JPEG, and the shift
    of the halves."""

    shades: int = 0
    colors: int = 0
    shift: tuple[int, int] = (0, 0)
    numbers: tuple[bool, bool] = (False, False)
    """Whether source and target are class numbers."""
    turned: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By file of a pair of which one half is turned: the quarter turns that its halves need, as in
    `Finding`."""


def look_closely(split: str, pair: Pair, *, looks: Looks) -> Facts:
    """Reads a pair and returns its facts. Raises `DataError` where that fails."""
    source, target = read_pair(pair)
    hashes = [hashlib.blake2b(half.tobytes(), digest_size=16).digest() for half in (source, target)]
    telling = 0 if looks.target in SIMPLE and looks.source not in SIMPLE else 1
    coloured = (has_color(np.asarray(source)), has_color(np.asarray(target)))
    gray_target = is_gray([np.asarray(target)]) and not coloured[1]
    headers = [read_header(file) for file in (pair.source, pair.target) if file]
    has_two = pair.target is not None or pair.half is not None
    is_square = target.width == target.height and source.size == target.size
    return Facts(
        split,
        target.size,
        gray_target,
        coloured,
        b"".join(hashes),
        hashes[telling],
        max(header.pages for header in headers),
        headers[-1].is_gray,
        neutral_share(np.asarray(target)),
        turn_scores(np.asarray(source), np.asarray(target)) if has_two and is_square else None,
    )


def guess_direction(pairs: PairFolder, looks: Looks) -> str:
    """Returns the direction of the pairs, reversed where the halves look as if they were
    the other way round."""
    other = "BtoA" if pairs.direction == "AtoB" else "AtoB"
    return (
        other
        if pairs.make == "none" and looks.target in SIMPLE and looks.source not in SIMPLE
        else pairs.direction
    )


def find(
    pairs: PairFolder, looks: Looks, *, facts: Mapping[str, Facts], sampled: Sampled
) -> Iterator[Finding]:
    """Yields the findings that matter before training, the most important first."""
    guess = guess_direction(pairs, looks)
    if guess != pairs.direction:
        what = f"The targets are {looks.target}, the sources photos: perhaps the wrong way round."
        yield Finding(what, f"Try --direction {guess}.", key="reversed")
    yield from _doubtful(pairs)
    if sampled.turned:
        yield _turned(sampled.turned)
    if any(sampled.shift):
        yield _shifted(sampled.shift)
    yield from _same_pictures(facts)
    if sampled.shades:
        what = (
            f"The labels have {sampled.shades:,} shades instead of {sampled.colors} colours: they went"
            " through JPEG."
        )
        yield Finding(what, "Save labels as PNG, in exact colours.", key="scattered")
    yield from _class_numbers(sampled)
    yield from _deep(pairs, facts)
    coloured = list(_coloured(pairs, facts, looks))
    yield from coloured
    gray = gray_files(facts)
    if (
        looks.target == "photo"
        and gray
        and not any(finding.what.startswith("Among gray targets") for finding in coloured)
    ):
        what = f"Among coloured targets {len(gray):,} {are(len(gray))} gray."
        yield Finding(what, "Look at them: if they should be coloured, take them out.", gray, "gray")
    yield from size_findings(facts)
    if pairs.train and len(pairs.train) < FEW:
        count = len(pairs.train)
        yield Finding(
            f"There {are(count)} only {count} training pair{'s' * (count != 1)}.",
            f"{'It is' if count == 1 else 'They are'} learned by heart, and nothing else. Add some; hundreds "
            "are usual.",
            key="few",
        )


def _class_numbers(sampled: Sampled) -> Iterator[Finding]:
    sides = [
        side for side, is_numbered in zip(("sources", "targets"), sampled.numbers, strict=True) if is_numbered
    ]
    if sides:
        what = (
            f"The {' and '.join(sides)} look like class numbers (0, 1, 2, …): as pictures they are nearly"
            " black."
        )
        remedy = "Spread them into colours: pix2pix inspect DATA --mend numbers -o FOLDER."
        yield Finding(what, remedy, key="numbers", amount=(int(sampled.numbers[0]), int(sampled.numbers[1])))


def _deep(pairs: PairFolder, facts: Mapping[str, Facts]) -> Iterator[Finding]:
    """Yields how deep pictures were interpreted, and which of several pages is read."""
    words = [
        f"{side}s from {range_words(levels)}"
        for side, levels in zip(SIDES, pairs.levels, strict=True)
        if levels
    ]
    if words:
        what = f"Values of more than 8 bits are read with one range for all pictures: {', '.join(words)}."
        yield Finding(
            what,
            "State another one where it is wrong: --source-range LOW:HIGH, --target-range LOW:HIGH.",
            key="levels",
        )
    yield from _clipped(pairs)
    yield from pages_finding(facts)


def pages_finding(facts: Mapping[str, Facts]) -> Iterator[Finding]:
    """Yields that of files with several pages the first is read, if there are such."""
    paged = tuple(file for file, fact in facts.items() if fact.pages > 1)
    if paged:
        what = f"Of {_files(paged)} with several pages the first page is read."
        yield Finding(what, "Split them where others are meant.", paged, "pages")


def _clipped(pairs: PairFolder) -> Iterator[Finding]:
    """Values outside the range that a side is read with, and a range that nothing is read with."""
    for side, (name, levels) in enumerate(zip(SIDES, pairs.levels, strict=True)):
        if pairs.has_stated_levels[side] and levels is None:
            what = f"The range for the {name}s is not used: none of them has more than 8 bits."
            yield Finding(what, "They are read as they are.", key="unused")
        clipped = {file: share for file, share in clipped_shares(pairs, side).items() if share}
        if levels and clipped:
            what = (
                f"{len(clipped):,} {name}{'s' * (len(clipped) != 1)} {_have(len(clipped))} values outside "
                f"{range_words(levels)}, which are clipped: up to {percent(max(clipped.values()))} of one."
            )
            yield Finding(
                what, f"Give a wider range if they matter: --{name}-range.", tuple(clipped), "clipped"
            )


def _files(files: tuple[str, ...]) -> str:
    return f"{len(files):,} file{'s' * (len(files) != 1)}"


def _coloured(pairs: PairFolder, facts: Mapping[str, Facts], looks: Looks) -> Iterator[Finding]:
    """Sides of which a few pictures are coloured, and the others gray; and sides that lose their colours."""
    for side, (name, kind) in enumerate(zip(SIDES, (looks.source, looks.target), strict=True)):
        files = tuple(file for file, fact in facts.items() if fact.coloured[side])
        if not files or (side == 0 and pairs.make != "none"):  # a made source is what it was made to be
            continue
        count = f"{len(files):,} {name}{'s' * (len(files) != 1)} {are(len(files))} coloured"
        if kind == "gray":
            what = f"{count}, and read as gray, as was stated: the colours are lost."
            yield Finding(what, f"If they mean something, leave --{name} out.", files, "coloured")
        elif kind == "photo" and 2 * len(files) < len(facts):
            what = f"Among gray {name}s {len(files):,} {are(len(files))} coloured: all are learned in colour."
            yield Finding(what, f"If the colours mean nothing, state it: --{name} gray.", files, "coloured")


def _doubtful(pairs: PairFolder) -> Iterator[Finding]:
    """Yields what the folder's layout leaves open: whether it is another one, and what to train on."""
    sizes = {pair.size for pair in pairs.pairs if pair.target and pair.size}
    if pairs.stated == "auto" and sizes and all(width == 2 * height for width, height in sizes):
        what = (
            "All pictures are exactly twice as wide as high: perhaps each is a pair of its own, and not a"
            " half of one."
        )
        yield Finding(what, "If so, state it: --layout side-by-side.", key="double")
    if not pairs.train:
        count, splits, remedy = why_untrained(pairs)
        yield Finding(
            f"There is no pair to train on: all {count:,} are in {splits}.", remedy, key="untrained"
        )


def _shifted(shift: tuple[int, int]) -> Finding:
    across, down = shift
    words = [f"{abs(across)} pixels to the {'right' if across > 0 else 'left'}"] if across else []
    words += [f"{abs(down)} pixels {'down' if down > 0 else 'up'}"] if down else []
    what = f"The targets are shifted against the sources, by {' and '.join(words)}."
    return Finding(what, "Cut both halves so that they fit on each other.", key="shifted", amount=shift)


def _turned(turned: Mapping[str, tuple[int, int]]) -> Finding:
    count = len(turned)
    what = (
        f"In {count:,} pair{'s' * (count != 1)} one half looks turned: its edges fit on the other half's in"
        " another turn, and not as it lies."
    )
    remedy = "Turn them: pix2pix inspect DATA --mend turned -o FOLDER."
    return Finding(what, remedy, tuple(turned), "turned", turns=tuple(turned.values()))


def other_way_round(finding: Finding) -> Finding:
    """Returns a finding for the same pairs with sources and targets exchanged."""
    if finding.key == "shifted":
        return _shifted((-finding.amount[0], -finding.amount[1]))
    if finding.key == "numbers":
        numbers = (bool(finding.amount[1]), bool(finding.amount[0]))
        return next(_class_numbers(Sampled(numbers=numbers)))
    return finding


def _same_pictures(facts: Mapping[str, Facts]) -> Iterator[Finding]:
    leaked = leaked_files(facts)
    if leaked:
        yield Finding(
            "The same picture is in train and in val or test.",
            "Take it out of one: scores would be too good.",
            leaked,
            "leaked",
        )
    copies = copied_files((file, fact.pair_hash) for file, fact in facts.items())
    if copies:
        what = (
            f"{len(copies):,} pairs are copies of others."
            if len(copies) > 1
            else "1 pair is a copy of another."
        )
        yield Finding(what, "Delete copies: they count twice in training.", copies, "copies")


def size_findings(facts: Mapping[str, Facts]) -> Iterator[Finding]:
    """Yields that pictures have several sizes, are not square, or are small."""
    sizes = Counter(fact.size for fact in facts.values())
    if len(sizes) > 1:
        (width, height), most = sizes.most_common(1)[0]
        others = tuple(file for file, fact in facts.items() if fact.size != (width, height))
        what = (
            f"The pictures have {len(sizes):,} sizes: {most:,} {are(most)} {width} x {height},"
            f" {len(others):,} {are(len(others))} not."
        )
        yield Finding(what, "Training makes them all one size.", others, "sizes", (width, height))
    stretched = tuple(file for file, fact in facts.items() if fact.size[0] != fact.size[1])
    if stretched:
        what = f"{_pictures(stretched)} not square and will be stretched."
        yield Finding(what, "Crop them if shapes matter.", stretched, "stretched")
    small = tuple(file for file, fact in facts.items() if min(fact.size) < USUAL_SIZE)
    if small:
        side = min(min(facts[file].size) for file in small)
        fit = max(8, 1 << (side.bit_length() - 1))
        what = f"{_pictures(small)} smaller than {USUAL_SIZE} x {USUAL_SIZE} and will be enlarged."
        yield Finding(what, f"Train with --size {fit}.", small, "small", (fit, fit))


def are(count: int) -> str:
    """Returns the verb for a count."""
    return "is" if count == 1 else "are"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _pictures(files: tuple[str, ...]) -> str:
    """Returns a count with noun and verb: `1 picture is`, `2 pictures are`."""
    return f"{len(files):,} picture{'s' * (len(files) != 1)} {are(len(files))}"


def gray_files(facts: Mapping[str, Facts]) -> tuple[str, ...]:
    """Returns the files whose picture (the target of a pair) was stored without colours.

    That it looks gray says nothing: a black shoe does. Either the file has one channel; or its channels are
    equal to the bit, and what is gray in the coloured pictures of the set is tinted, as photographs are.
    """
    tints = [fact.neutral for fact in facts.values() if not fact.gray_target and fact.neutral is not None]
    is_tinted = bool(tints) and float(np.median(tints)) < TINTED
    return tuple(
        file
        for file, fact in facts.items()
        if fact.gray_target and (fact.is_gray_file or (is_tinted and fact.neutral == 1.0))
    )


def leaked_files(facts: Mapping[str, Facts]) -> tuple[str, ...]:
    """Returns validation and test files whose picture is also a training picture."""
    trained = {fact.photo_hash for fact in facts.values() if fact.split == "train"}
    return tuple(file for file, fact in facts.items() if fact.split != "train" and fact.photo_hash in trained)


def copied_files(hashes: Iterable[tuple[str, bytes]]) -> tuple[str, ...]:
    """Returns the second and later files with the same pixels."""
    groups: defaultdict[bytes, list[str]] = defaultdict(list)
    for file, digest in hashes:
        groups[digest].append(file)
    return tuple(file for group in groups.values() for file in group[1:])
