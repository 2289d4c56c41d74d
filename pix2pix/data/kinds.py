"""Recognises the kind of a folder's pictures from a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from PIL import Image

from pix2pix.config import CHANNELS, Kind, ModelConfig, PaletteEntry
from pix2pix.data.pairs import PairFolder, read_pair
from pix2pix.errors import DataError
from pix2pix.imaging.palette import (
    TIGHT,
    Pixels,
    extract_palette,
    has_color,
    has_few_grays,
    hole_share,
    is_gray,
    is_label_like,
    is_line_drawing,
)

ENOUGH = 50
MOST_LOOKED_AT = 500
"""Number of pairs among which colour is searched for, where a sample shows none."""
COLOURLESS: tuple[Kind, ...] = ("gray", "edges")
LOOKED_AT = 256
"""Longer side in pixels to which pictures are subsampled, without mixing colours, before
they are examined."""


@dataclass(frozen=True)
class Looks:
    """The kinds of sources and targets, the palettes of label maps, and their channels."""

    source: Kind
    target: Kind
    palette: tuple[PaletteEntry, ...] = ()
    target_palette: tuple[PaletteEntry, ...] = ()
    source_channels: int = 0
    target_channels: int = 0
    """Channels that pictures are read in; 0 takes those of their kind."""

    @property
    def in_channels(self) -> int:
        """Channels of sources."""
        return self.source_channels or CHANNELS.get(self.source, 3)

    @property
    def out_channels(self) -> int:
        """Channels of targets."""
        return self.target_channels or CHANNELS.get(self.target, 3)


def look(folder: PairFolder, source: str = "auto", *, target: str = "auto") -> Looks:
    """Examines up to 50 training pairs, evenly spread; a kind that is stated, or made, is not questioned.

    Where these are gray, the others are examined too: one coloured picture makes the side one of colours,
    which would otherwise be lost.
    """
    sources, targets = sample_halves(folder)
    stated = folder.make if folder.make != "none" else source
    source_kind = kind_of(sources) if stated == "auto" else cast(Kind, stated)
    target_kind = kind_of(targets) if target == "auto" else cast(Kind, target)
    unsure = (stated == "auto" and source_kind in COLOURLESS, target == "auto" and target_kind in COLOURLESS)
    if any(unsure):
        coloured = find_coloured(folder, unsure)
        source_kind = kind_of([*sources, *coloured[0]]) if coloured[0] else source_kind
        target_kind = kind_of([*targets, *coloured[1]]) if coloured[1] else target_kind
    return Looks(
        source_kind,
        target_kind,
        extract_palette(sources) if source_kind == "labels" else (),
        extract_palette(targets) if target_kind == "labels" else (),
    )


def find_coloured(folder: PairFolder, sides: tuple[bool, bool]) -> tuple[list[Pixels], list[Pixels]]:
    """Returns the first coloured source and target of all pairs or of `MOST_LOOKED_AT`; `sides` states
    which to find."""
    pairs = folder.pairs
    count = min(len(pairs), MOST_LOOKED_AT)
    found: tuple[list[Pixels], list[Pixels]] = ([], [])
    for place in range(count):
        wanted = [side for side in (0, 1) if sides[side] and not found[side]]
        if not wanted:
            break
        try:
            halves = read_pair(pairs[place * len(pairs) // count])
        except DataError:  # is named where pairs are inspected, and when it is read in training
            continue
        for side in wanted:
            pixels = np.asarray(halves[side])
            if has_color(pixels):
                found[side].append(pixels)
    return found


def kept_looks(looks: Looks, model: ModelConfig, *, data: str) -> Looks:
    """Returns what a resumed run uses: its own palettes, compared as sets; additional colours are allowed.

    Raises `DataError` where the pictures are of other kinds, or lack half of a palette's colours.
    """
    if (looks.source, looks.target) != (model.source, model.target):
        raise DataError(
            f"{data} is not what this run was trained on: it learned from {model.source} to {model.target}, "
            "and these pictures are"
            f" {looks.source} to {looks.target}. Put the old pictures back, name their folder, or start "
            "another run."
        )
    for name, palette, found in (
        ("source", model.palette, looks.palette),
        ("target", model.target_palette, looks.target_palette),
    ):
        gone = strange_colors(palette, found)
        if 2 * len(gone) > len(palette):
            raise DataError(
                f"{data} is not what this run was trained on: of the {len(palette)} colours of its {name} "
                f"labels, {len(gone)} are not in"
                " these pictures. Put the old pictures back, name their folder, or start another run."
            )
    return started_looks(replace(looks, palette=model.palette, target_palette=model.target_palette), model)


def started_looks(looks: Looks, start: ModelConfig) -> Looks:
    """Returns `looks` for a network with three channels: gray pictures are read as three equal ones.

    Other combinations are unchanged, whether they fit or not.
    """
    return replace(
        looks,
        source_channels=3 if start.in_channels == 3 else looks.source_channels,
        target_channels=3 if start.out_channels == 3 else looks.target_channels,
    )


def strange_colors(colors: Sequence[PaletteEntry], palette: Sequence[PaletteEntry]) -> list[PaletteEntry]:
    """Returns those of `colors` that `palette` lacks, within the tolerance for JPEG."""
    near = 2 * TIGHT
    known = [color for _, color in palette]
    return [
        entry
        for entry in colors
        if all(max(abs(a - b) for a, b in zip(entry[1], other, strict=True)) > near for other in known)
    ]


def sample_halves(folder: PairFolder, count: int = ENOUGH) -> tuple[list[Pixels], list[Pixels]]:
    """Returns pixels (H, W, 3) of sources and of targets, skipping broken files.

    Raises `DataError` where all are broken.
    """
    pairs = folder.train or folder.pairs
    sources = []
    targets = []
    cause = ""
    for place in range(min(count, len(pairs))):
        try:
            source, target = read_pair(pairs[place * len(pairs) // min(count, len(pairs))])
        except DataError as error:
            cause = str(error)
            continue
        sources.append(_thin(source))
        targets.append(_thin(target))
    if not sources:
        raise DataError(f"None of the pictures looked at in {folder.root} can be read. {cause}")
    return sources, targets


def _thin(image: Image.Image) -> Pixels:
    step = -(-max(image.size) // LOOKED_AT)
    return np.asarray(image)[::step, ::step]


def kind_of(pictures: Sequence[Pixels]) -> Kind:
    """Returns the most likely kind of the pictures: edges, gray, labels, a photo with holes
    (mask), or photos."""
    if is_gray(pictures) and not any(map(has_color, pictures)):
        if is_line_drawing(pictures):
            return "edges"
        return "labels" if has_few_grays(pictures) and is_label_like(pictures) else "gray"
    if is_label_like(pictures):
        return "labels"
    return "mask" if np.mean([hole_share(picture) > 0.01 for picture in pictures]) > 0.8 else "photo"
