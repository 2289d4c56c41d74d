"""Colours that mean something: the classes of a label map, and what kind of picture something is."""

from __future__ import annotations

from pix2pix.config import PaletteEntry

HOLE = (255, 0, 255)
"""What is to be filled in a `mask` source: magenta, which photos hardly have."""

FACADES: tuple[PaletteEntry, ...] = (
    ("background", (0, 0, 222)),
    ("wall", (0, 48, 255)),
    ("window", (0, 128, 255)),
    ("door", (0, 208, 255)),
    ("cornice", (32, 255, 224)),
    ("pillar", (255, 0, 0)),
    ("sill", (112, 255, 143)),
    ("balcony", (192, 255, 63)),
    ("blind", (255, 240, 10)),
    ("deco", (255, 160, 0)),
    ("molding", (255, 80, 0)),
    ("shop", (174, 0, 0)),
)
"""The classes of the facades data, as its label halves have them."""
