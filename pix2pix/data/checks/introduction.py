"""Sentences about pairs before the first training step: how many, which side is what, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pix2pix.config import ImageSpec
from pix2pix.data.checks.report import SIDES, inspect_pairs
from pix2pix.data.kinds import Looks, strange_colors
from pix2pix.settings import range_words

if TYPE_CHECKING:
    from pix2pix.data.batches import Dataset

FEW_ENOUGH = 500
"""Number of pairs up to which each is read, as `pix2pix inspect` does: a few seconds."""


def introduce_pairs(dataset: Dataset) -> str:
    """Returns `400 training pairs, 50 for validation; source: labels on the left, 12 colours; target: photo
    on the right`."""
    pairs = dataset.folder
    config = dataset.config
    noun = "photo" if config.make != "none" else "pair"
    count = f"{len(pairs.train):,} training {noun}{'s' * (len(pairs.train) != 1)}"
    drawn = " drawn from them" if pairs.drawn else ""
    places = SIDES.get(pairs.layout, ("made from them", ""))
    if config.direction == "BtoA" and config.make == "none":
        places = places[::-1]
    source, target = (
        describe_images(spec, place) for spec, place in zip(dataset.images.values(), places, strict=True)
    )
    return f"{count}, {len(pairs.val):,} for validation{drawn}; source: {source}; target: {target}"


def describe_images(spec: ImageSpec, place: str) -> str:
    """Returns `labels on the left, 12 colours`."""
    facts = [f"{spec.kind} {place}".rstrip()]
    facts += [f"{len(spec.palette)} colours"] if spec.palette else []
    facts += ["three equal channels"] if spec.kind == "gray" and spec.channels == 3 else []
    facts += [f"values {range_words(spec.levels)}"] if spec.levels else []
    return ", ".join(facts)


def warn_of_pairs(dataset: Dataset) -> Iterator[str]:
    """Yields what `pix2pix inspect` warns of.

    Of many pairs not each is read again, so copies and gray ones among them are left to that command.
    """
    if len(dataset.folder.pairs) <= FEW_ENOUGH:
        report = inspect_pairs(dataset.folder, dataset.found)
        # Sizes are reported by the dataset, measured against the crop that is trained on.
        yield from (
            f"{finding.what} {finding.remedy}"
            for finding in report.findings
            if finding.key not in ("small", "sizes")
        )
    yield from warn_of_palettes(dataset.found, dataset.looks, names=("source", "target"))


def warn_of_palettes(found: Looks, looks: Looks, *, names: tuple[str, str]) -> Iterator[str]:
    """Yields colours of labels that the palettes of a run do not have; `names` are those of the sides."""
    for name, colors, palette in (
        (names[0], found.palette, looks.palette),
        (names[1], found.target_palette, looks.target_palette),
    ):
        strange = strange_colors(colors, palette)
        if strange:
            listed = ", ".join("#{:02x}{:02x}{:02x}".format(*color) for _, color in strange[:8])
            yield (
                f"the {name} labels have {len(strange)} colours that the run does not know ({listed}): it "
                "keeps its palette of"
                f" {len(palette)}."
            )
