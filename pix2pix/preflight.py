"""What is said before the first step of a training: how many pairs, which side is what, on what device, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

from pix2pix.config import Kind, PaletteEntry, TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.data.inspect import SIDES, inspect_pairs
from pix2pix.data.kinds import strange_colors
from pix2pix.machine import choose_machine

FEW_ENOUGH = 500
"""Pairs up to which each is looked at, as `pix2pix inspect` does: a few seconds."""


def introduction(config: TrainConfig, dataset: Dataset, precision: str | None = None) -> str:
    """`400 training pairs, 50 for validation; source: labels on the left, 12 colours; target: photo on the right; on cpu, bf16`"""
    pairs, machine = dataset.folder, choose_machine(config, precision)
    noun = "photo" if config.make != "none" else "pair"
    count = f"{len(pairs.train):,} training {noun}{'s' * (len(pairs.train) != 1)}"
    drawn = " drawn from them" if pairs.drawn else ""
    places = SIDES.get(pairs.layout, ("made from them", ""))
    if config.direction == "BtoA" and config.make == "none":
        places = places[::-1]
    source = _side(dataset.source, places[0], dataset.palette)
    target = _side(dataset.target, places[1], dataset.target_palette)
    processes = f", {machine.world} processes" if machine.world > 1 else ""
    return (
        f"{count}, {len(pairs.val):,} for validation{drawn}; source: {source}; target: {target}; on {machine.device}, {machine.precision}"
        f"{processes}"
    )


def _side(kind: Kind, place: str, palette: tuple[PaletteEntry, ...]) -> str:
    colors = f", {len(palette)} colours" if palette else ""
    return f"{kind} {place}".rstrip() + colors


def warnings(config: TrainConfig, dataset: Dataset) -> Iterator[str]:
    """What `pix2pix inspect` warns of. Of many pairs each is not read again, so copies and gray ones among them are left to it."""
    if len(dataset.folder.pairs) <= FEW_ENOUGH:
        report = inspect_pairs(dataset.folder, dataset.found)
        # Sizes are told by the dataset, measured against the crop that is trained on.
        yield from (f"{finding.what} {finding.remedy}" for finding in report.findings if finding.key not in ("small", "sizes"))
    for name, found, palette in (
        ("source", dataset.found.palette, dataset.palette),
        ("target", dataset.found.target_palette, dataset.target_palette),
    ):
        strange = strange_colors(found, palette)
        if strange:
            told = ", ".join("#{:02x}{:02x}{:02x}".format(*color) for _, color in strange[:8])
            yield (
                f"the {name} labels have {len(strange)} colours that the run does not know ({told}): it keeps its palette of"
                f" {len(palette)}."
            )
