"""What is in a folder of pictures, what is wrong with it, and what to do about it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from pix2pix.config import Kind, PaletteEntry
from pix2pix.data.kinds import Looks, look
from pix2pix.data.pairs import Pair, PairFolder, Problem, open_pairs, read_pair
from pix2pix.errors import DataError
from pix2pix.palette import is_gray

SIMPLE: tuple[Kind, ...] = ("labels", "edges", "gray", "mask", "lowres")
"""Kinds that one draws or has, rather than wants: the natural sources."""
USUAL_SIZE = 256
MANY = 3
"""Files named in the text of one finding; `to_dict` has all."""


@dataclass(frozen=True)
class Half:
    """What the pictures of one side are; `colors` is the number of classes, where they are labels."""

    kind: Kind
    colors: int
    palette: tuple[PaletteEntry, ...]


@dataclass(frozen=True)
class Finding:
    """Something wrong or worth knowing, the files that it is about, and what to do."""

    what: str
    remedy: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What `pix2pix inspect` found."""

    folder: str
    layout: str
    direction: str
    guessed_direction: str
    """As `direction`, unless the halves look as if they were the other way round."""
    counts: dict[str, int]
    drawn: bool
    """Whether the validation pairs were drawn from the others."""
    sizes: tuple[tuple[int, int, int], ...]
    """(width, height, number of pairs) of a half, most frequent first."""
    source: Half
    target: Half
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    """Files that are left out, each with its cause."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dataclasses.asdict(self)

    def text(self) -> str:
        """The report for a person to read, some ten lines; `str` gives it too."""
        total, (width, height, _) = sum(self.counts.values()), self.sizes[0]
        more = f" and {len(self.sizes) - 1} other sizes" if len(self.sizes) > 1 else ""
        counts = ", ".join(f"{count} {split}" for split, count in self.counts.items() if count)
        drawn = " (val drawn by seed)" if self.drawn else ""
        noun = "photos" if self.layout == "photos" else f"pairs, {self.layout}"
        lines = [f"{total} {noun}, halves {width} x {height}{more}", f"splits: {counts}{drawn}"]
        lines += [f"{name}: {_half_text(half)}" for name, half in (("source", self.source), ("target", self.target))]
        lines += [f"! {finding.what} {finding.remedy}{_file_list(finding.files)}" for finding in self.findings]
        lines += [f"left out: {problem.cause}" for problem in self.problems]
        return "\n".join(lines)

    __str__ = text


def _half_text(half: Half) -> str:
    if half.kind != "labels":
        return half.kind
    return f"labels, {half.colors} colours: " + ", ".join(f"{name} ({r}, {g}, {b})" for name, (r, g, b) in half.palette)


def _file_list(files: tuple[str, ...]) -> str:
    rest = f" and {len(files) - MANY} more" if len(files) > MANY else ""
    return f" [{', '.join(files[:MANY])}{rest}]" if files else ""


def inspect_folder(
    folder: str | Path,
    direction: str = "AtoB",
    make: str = "none",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Opens a folder as training would, reads every picture in it once, and says what it found; `progress` is told (done, of)."""
    pairs = open_pairs(folder, direction, make, seed)
    looks = look(pairs)
    facts: dict[str, _Facts] = {}
    problems = list(pairs.problems)
    for done, (file, result) in enumerate(_read_all(pairs, looks), 1):
        if isinstance(result, DataError):
            problems.append(Problem(file, str(result)))
        else:
            facts[file] = result
        if progress:
            progress(done, len(pairs.pairs))
    sizes = Counter(fact.size for fact in facts.values())
    return Report(
        folder=str(folder),
        layout=pairs.layout,
        direction=direction,
        guessed_direction=_guess_direction(pairs, looks),
        counts={"train": len(pairs.train), "val": len(pairs.val), "test": len(pairs.test)},
        drawn=pairs.drawn,
        sizes=tuple((width, height, count) for (width, height), count in sizes.most_common()),
        source=Half(looks.source, len(looks.palette), looks.palette),
        target=Half(looks.target, len(looks.target_palette), looks.target_palette),
        findings=tuple(_findings(pairs, looks, facts)),
        problems=tuple(problems),
    )


@dataclass(frozen=True)
class _Facts:
    """What is kept of a pair when its pixels are gone."""

    split: str
    size: tuple[int, int]
    gray_target: bool
    pair_hash: bytes
    photo_hash: bytes
    """Of the half that tells pictures apart: drawings of different photos may well be equal."""


def _read_all(pairs: PairFolder, looks: Looks) -> Iterator[tuple[str, _Facts | DataError]]:
    """Facts of every pair in order, a few read at a time."""
    work = [(split, pair) for split in ("train", "val", "test") for pair in getattr(pairs, split)]

    def read(item: tuple[str, Pair]) -> tuple[str, _Facts | DataError]:
        split, pair = item
        file = pair.source.relative_to(pairs.root).as_posix()
        try:
            return file, _look_closely(split, pair, looks)
        except DataError as error:
            return file, error

    workers, rest = min(4, os.cpu_count() or 1), iter(work)
    with ThreadPoolExecutor(workers, "pix2pix-inspect") as pool:
        while group := list(islice(rest, 64)):
            yield from pool.map(read, group)


def _look_closely(split: str, pair: Pair, looks: Looks) -> _Facts:
    source, target = read_pair(pair)
    hashes = [hashlib.blake2b(half.tobytes(), digest_size=16).digest() for half in (source, target)]
    telling = 0 if looks.target in SIMPLE and looks.source not in SIMPLE else 1
    return _Facts(split, target.size, is_gray([np.asarray(target)]), b"".join(hashes), hashes[telling])


def _guess_direction(pairs: PairFolder, looks: Looks) -> str:
    other = "BtoA" if pairs.direction == "AtoB" else "AtoB"
    return other if pairs.make == "none" and looks.target in SIMPLE and looks.source not in SIMPLE else pairs.direction


def _findings(pairs: PairFolder, looks: Looks, facts: dict[str, _Facts]) -> Iterator[Finding]:
    """What a person should know before training, most important first."""
    guess = _guess_direction(pairs, looks)
    if guess != pairs.direction:
        yield Finding(f"The targets are {looks.target}, the sources photos: perhaps the wrong way round.", f"Try --direction {guess}.")
    leaked = _leaked(facts)
    if leaked:
        yield Finding("The same picture is in train and in val or test.", "Take it out of one: scores would be too good.", leaked)
    copies = _copies((file, fact.pair_hash) for file, fact in facts.items())
    if copies:
        yield Finding(f"{len(copies)} pairs are copies of others.", "Delete them: they count twice in training.", copies)
    gray = tuple(file for file, fact in facts.items() if fact.gray_target)
    if looks.target == "photo" and gray:
        yield Finding(f"Among coloured targets {len(gray)} are gray.", "Look at them: if they should be coloured, take them out.", gray)
    yield from _size_findings(facts)
    if len(pairs.train) < MANY:
        yield Finding(f"There are only {len(pairs.train)} training pairs.", "Add some; hundreds are usual.")


def _size_findings(facts: dict[str, _Facts]) -> Iterator[Finding]:
    stretched = tuple(file for file, fact in facts.items() if fact.size[0] != fact.size[1])
    if stretched:
        yield Finding(f"{len(stretched)} pictures are not square and will be stretched.", "Crop them if shapes matter.", stretched)
    small = tuple(file for file, fact in facts.items() if min(fact.size) < USUAL_SIZE)
    if small:
        side = min(min(facts[file].size) for file in small)
        fit = max(8, 1 << (side.bit_length() - 1))
        what = f"{len(small)} pictures are smaller than {USUAL_SIZE} x {USUAL_SIZE} and will be enlarged."
        yield Finding(what, f"Train with --size {fit}.", small)


def _leaked(facts: dict[str, _Facts]) -> tuple[str, ...]:
    """Validation and test files whose picture is also trained on."""
    trained = {fact.photo_hash for fact in facts.values() if fact.split == "train"}
    return tuple(file for file, fact in facts.items() if fact.split != "train" and fact.photo_hash in trained)


def _copies(hashes: Iterable[tuple[str, bytes]]) -> tuple[str, ...]:
    """Files that are the second or later with the same pixels."""
    groups: defaultdict[bytes, list[str]] = defaultdict(list)
    for file, digest in hashes:
        groups[digest].append(file)
    return tuple(file for group in groups.values() for file in group[1:])
