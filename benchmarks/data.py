"""What a step waits for its batch."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from PIL import Image, ImageDraw

from pix2pix.config import TrainConfig
from pix2pix.data.batches import Dataset


def measure(rounds: int) -> Iterator[str]:
    """Milliseconds for a batch of one pair of 256 x 256, without a step beside it to hide behind."""
    yield "| | ms a batch |"
    yield "| --- | ---: |"
    with tempfile.TemporaryDirectory() as folder:
        config = TrainConfig(data=str(draw_pairs(Path(folder), 64)))
        for cache in ("memory", "stream"):
            dataset = Dataset.open(dataclasses.replace(config, cache=cache))
            with closing(dataset.batches()) as batches:
                next(batches)
                start = time.perf_counter()
                for _ in range(rounds * 10):
                    next(batches)
            yield f"| {cache} | {(time.perf_counter() - start) / (rounds * 10) * 1000:.2f} |"


def draw_pairs(folder: Path, count: int) -> Path:
    """Side-by-side pairs of 512 x 256: boxes, and boxes in other colours, as JPEG."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pair = Image.effect_noise((512, 256), 40).convert("RGB")
        draw = ImageDraw.Draw(pair)
        for box in range(12):
            left, top = (number * 37 + box * 61) % 220, (number * 53 + box * 29) % 220
            draw.rectangle((left, top, left + 30, top + 30), fill=(0, 128, 255))
            draw.rectangle((left + 256, top, left + 286, top + 30), outline=(200, 180, 160), width=4)
        pair.save(folder / f"{number}.jpg", quality=90)
    return folder


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main("data")
