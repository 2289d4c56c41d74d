"""How much longer a drawing takes while a run trains beside it: `python -m
benchmarks.drawing_beside_training`.

The page promises at most 1.3 times. Drawing happens in this process, the training in one that is
started as the page starts it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from PIL import Image

from benchmarks.data import draw_pairs
from benchmarks.translation import make_checkpoint
from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.inference.translator import Translator
from pix2pix.runs import jobs

DRAWINGS = 60
WARM_UP = 5
LONGEST_START = 180


def draw(translator: Translator) -> list[float]:
    """Milliseconds of each drawing, with a pause between them as between strokes."""
    drawing = Image.linear_gradient("L").convert("RGB")
    times = []
    for number in range(-WARM_UP, DRAWINGS):
        start = time.perf_counter()
        translator(drawing)
        if number >= 0:
            times.append((time.perf_counter() - start) * 1000)
        time.sleep(0.03)
    return times


def main() -> None:
    """Idle, then with a run of the full size, then idle again: what others do on the machine shows
    as a difference of the two."""
    translator = Translator(make_checkpoint(ModelConfig()))
    before = statistics.median(draw(translator))
    with tempfile.TemporaryDirectory() as folder:
        data = draw_pairs(Path(folder) / "data", 40)
        run = jobs.start(
            Path(folder) / "runs", "beside", config=TrainConfig(data=str(data), steps=100_000, log_every=1)
        )
        end = time.monotonic() + LONGEST_START
        while not run.rows() and time.monotonic() < end:
            time.sleep(0.2)
        beside = statistics.median(draw(translator))
        step = run.snapshot().seconds_per_step
        job = jobs.running()
        if job:
            job.process.kill()
            job.wait(10)
    after = statistics.median(draw(translator))
    idle = (before + after) / 2
    print(
        f"idle {before:.1f} ms before and {after:.1f} ms after; beside a training (a step takes {step:.2f} "
        f"s) {beside:.1f} ms"
    )
    print(f"ratio {beside / idle:.2f} (at most 1.3 is promised)")


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="python -m benchmarks.drawing_beside_training", description=__doc__
    ).parse_args()
    main()
