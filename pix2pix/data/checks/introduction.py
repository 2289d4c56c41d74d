"""What is said of pairs before the first step of a training: how many, which side is what, and what is wrong
with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pix2pix.config import Kind, PaletteEntry
from pix2pix.data.checks.report import SIDES, inspect_pairs
from pix2pix.data.kinds import strange_colors

if TYPE_CHECKING:
    from pix2pix.data.batches import Dataset

FEW_ENOUGH = 500
"""Pairs up to which each is looked at, as `pix2pix inspect` does: a few seconds."""


def introduce_pairs(dataset: Dataset) -> str:
    """`400 training pairs, 50 for validation; source: labels on the left, 12 colours; target: photo on the
    right`"""
    pairs = dataset.folder
    config = dataset.config
    noun = "photo" if config.make != "none" else "pair"
    count = f"{len(pairs.train):,} training {noun}{'s' * (len(pairs.train) != 1)}"
    drawn = " drawn from them" if pairs.drawn else ""
    places = SIDES.get(pairs.layout, ("made from them", ""))
    if config.direction == "BtoA" and config.make == "none":
        places = places[::-1]
    source = _side(dataset.source, places[0], palette=dataset.palette)
    target = _side(dataset.target, places[1], palette=dataset.target_palette)
    return f"{count}, {len(pairs.val):,} for validation{drawn}; source: {source}; target: {target}"


def _side(kind: Kind, place: str, *, palette: tuple[PaletteEntry, ...]) -> str:
    colors = f", {len(palette)} colours" if palette else ""
    return f"{kind} {place}".rstrip() + colors


def warn_of_pairs(dataset: Dataset) -> Iterator[str]:
    """What `pix2pix inspect` warns of. Of many pairs each is not read again, so copies and gray ones among
    them are left to it."""
    if len(dataset.folder.pairs) <= FEW_ENOUGH:
        report = inspect_pairs(dataset.folder, dataset.found)
        # Sizes are told by the dataset, measured against the crop that is trained on.
        yield from (
            f"{finding.what} {finding.remedy}"
            for finding in report.findings
            if finding.key not in ("small", "sizes")
        )
    for name, found, palette in (
        ("source", dataset.found.palette, dataset.palette),
        ("target", dataset.found.target_palette, dataset.target_palette),
    ):
        strange = strange_colors(found, palette)
        if strange:
            listed = ", ".join("#{:02x}{:02x}{:02x}".format(*color) for _, color in strange[:8])
            yield (
                f"the {name} labels have {len(strange)} colours that the run does not know ({listed}): it "
                "keeps its palette of"
                f" {len(palette)}."
            )
