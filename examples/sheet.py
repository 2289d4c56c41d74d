"""The sample sheet of a model: drawings of ours in the upper rows, what the model makes of them below.

python examples/sheet.py checkpoints/facades.pth examples/facade --to checkpoints/facades.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from pix2pix import Translator
from pix2pix.imaging.palette import snap

GAP = 8


def draw_sheet(translator: Translator, sources: list[Image.Image]) -> Image.Image:
    """Rows of sources, each above the row of its pictures."""
    columns = 2 if len(sources) == 4 else 3
    side, rows = translator.config.size, -(-len(sources) // columns)
    sheet = Image.new("RGB", (columns * (side + GAP) - GAP, 2 * rows * (side + GAP) - GAP), "white")
    for place, source in enumerate(sources):
        left, top = place % columns * (side + GAP), place // columns * 2 * (side + GAP)
        if translator.config.palette:
            source = Image.fromarray(snap(np.asarray(source), translator.config.palette)[0])
        sheet.paste(source, (left, top))
        sheet.paste(translator(source), (left, top + side + GAP))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("sources", type=Path, help="folder of pictures")
    parser.add_argument("--to", type=Path, required=True, help="the picture to write")
    args = parser.parse_args()
    translator = Translator.load(args.checkpoint)
    square = (translator.config.size, translator.config.size)
    sources = [
        Image.open(path).convert("RGB").resize(square, Image.Resampling.NEAREST)
        for path in sorted(args.sources.iterdir())
        if path.suffix in (".png", ".jpg")
    ]
    draw_sheet(translator, sources).save(args.to, quality=90)


if __name__ == "__main__":
    main()
