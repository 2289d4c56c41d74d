"""Sentences for a folder without a pair, without a training pair, or with pictures below the size to train
at: what was searched, what is there, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pix2pix.data.layouts import STATED
from pix2pix.data.names import SPLITS
from pix2pix.data.scan import Found, Problem
from pix2pix.errors import DataError

if TYPE_CHECKING:
    from pix2pix.data.pairs import PairFolder

LOOKED_FOR = (
    "two pictures side by side in one (twice as wide as high), two folders (A and B, trainA and trainB, "
    "input and target,"
    " source and target) and two suffixes (x_A.png and x_B.jpg)"
)


def nothing_found(
    root: Path, found: Sequence[Found], *, problems: Sequence[Problem], make: str, layout: str = "auto"
) -> str:
    """Returns why there is no pair (no photo, with `make`) in a folder."""
    if not found:
        left_out = "".join(f" {problem}" for problem in problems[:1])
        return (
            f"{root} has no picture that can be read (PNG, JPEG, WebP, BMP, TIFF). Choose another"
            f" folder.{left_out}"
        )
    unusable = _unusable(root, problems)
    if unusable:
        return unusable
    first = " ".join(str(problem) for problem in problems[:1])
    if make != "none":
        return f"{root} has no photo that can be used; of {len(found)} file{'s' * (len(found) != 1)}: {first}"
    twins = [problem for problem in problems if problem.kind == "twin"]
    if twins:
        return f"{root} has no pairs: {twins[0].cause}"
    stated = f" This layout ({layout}) was stated; auto looks for the best one." if layout in STATED else ""
    names = [[file.path.name for file in found if file.side == side] for side in (0, 1)]
    if all(names):
        return (
            f"{root} has no pairs: {len(names[0]):,} and {len(names[1]):,} pictures in its two halves, and "
            "no name stands in both"
            f" (such as {names[0][0]} and {names[1][0]}). Give the two halves of a pair the same "
            f"name, or train without pairs: --method cyclegan.{stated}"
        )
    unreadable = [problem for problem in problems if problem.kind == "unreadable"]
    if unreadable and str(unreadable[0]) != first:
        first += f" {several(len(unreadable), 'file')} cannot be read; the first: {unreadable[0]}"
    looked_for = STATED.get(layout, LOOKED_FOR)
    return (
        f"{root} has no pairs. Looked for {looked_for}; found {len(found)} single "
        f"picture{'s' * (len(found) != 1)}. {first}"
        " For photos without partners choose what to make from them: gray, edges, mask or lowres; two sides "
        f"of pictures are trained on without pairs: --method cyclegan.{stated}"
    )


def _unusable(root: Path, problems: Sequence[Problem]) -> str:
    """Returns why files that belong together by their names, or single pictures, cannot be used."""
    unequal = [problem for problem in problems if problem.kind == "unequal"]
    unreadable = [problem for problem in problems if problem.kind == "unreadable"]
    first = next(iter(unequal or unreadable), None)
    if first is None or any(problem.kind == "shape" for problem in problems):
        return ""
    if not unequal:
        return (
            f"{root} has no pair that can be used: of {several(len(unreadable), 'file')} none can be read."
            f" {first}"
        )
    if not unreadable:
        halves = (
            "the halves of the only pair are"
            if len(unequal) == 1
            else f"the halves of all {len(unequal):,} pairs are"
        )
        return f"{root} has no pair that can be used: {halves} of two sizes. {first.cause}"
    return (
        f"{root} has no pair that can be used: {several(len(unequal), 'pair')} with halves of two sizes, "
        f"{len(unreadable):,} that cannot"
        f" be read. {first.cause} {unreadable[0]}"
    )


def refuse_untrained(pairs: PairFolder) -> None:
    """Raises `DataError`, with what to do, where all pairs are in val and test."""
    if not pairs.train:
        count, splits, remedy = why_untrained(pairs)
        raise DataError(f"{pairs.root.name} has no training pairs, only {count:,} in {splits}. {remedy}")


def why_untrained(pairs: PairFolder) -> tuple[int, str, str]:
    """Returns number and splits of pairs that are all in val and test, and how to train on them."""
    splits = " and ".join(split for split in ("val", "test") if getattr(pairs, split))
    first = pairs.pairs[0].source.relative_to(pairs.root)
    above = next((place for place, part in enumerate(first.parts) if part.casefold() in SPLITS), None)
    if above is None or " " in splits:
        return len(pairs.pairs), splits, "To train on them, call a folder train."
    inner = "/".join([pairs.root.name, *first.parts[: above + 1]])
    return len(pairs.pairs), splits, f"To train on them, name that folder itself, {inner}, or call it train."


def note_small(folder: PairFolder, size: int) -> tuple[Problem, ...]:
    """Returns a note on training pictures smaller than a crop of `size`, named by the smallest; else
    nothing."""
    small = [pair for pair in folder.train if pair.size and min(pair.size) < size]
    if not small:
        return ()
    first = min(small, key=lambda pair: min(pair.size or (0, 0)))
    width, height = first.size or (0, 0)
    fits = max(8, 1 << (min(width, height).bit_length() - 1))
    cause = (
        f"is {width} x {height}, smaller than the crop of {size} x {size}, as {len(small):,} of "
        f"{len(folder.train):,} training"
        f" pictures: enlarged, they show nothing more. Train with --size {fits}."
    )
    file = first.source.relative_to(folder.root).as_posix()
    return (Problem(file, f"{first.source.name} {cause}", "small"),)


def several(count: int, noun: str) -> str:
    """Returns a count with its noun: `1 pair`, `2 pairs`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"
