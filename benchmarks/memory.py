"""Peak memory of whole processes, as the system counts it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.data import draw_pairs

# Not ru_maxrss: it starts at what the parent had when it forked.
REPORT = "\nprint(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
TRAIN = """
from pix2pix import TrainConfig, train
often = {{"steps": 12, "save_every": 6, "evaluate_every": 6, "sample_every": 6, "log_every": 3}}
train(TrainConfig(data={data!r}, **often), {run!r})
"""
PLAIN = """
import torch
from benchmarks.plain import PlainLoop
from benchmarks.training import make_batch
loop, batch = PlainLoop(), make_batch(1, torch.device("cpu"))
for _ in range(8): loop.step(*batch)
"""
TRANSLATE = """
from PIL import Image
from benchmarks.translation import make_checkpoint
from pix2pix.config import ModelConfig
from pix2pix.inference.translator import Translator
translator = Translator(make_checkpoint(ModelConfig()))
picture = Image.linear_gradient("L").resize(({side}, {side})).convert("RGB")
for _ in range(3): translator(picture, mode={mode!r})
"""


def measure(rounds: int) -> Iterator[str]:
    """Each in a process of its own, at the defaults (width 64, 256 x 256); training
    on 400 pairs, held in memory."""
    del rounds  # a peak does not vary
    with tempfile.TemporaryDirectory() as folder:
        data = draw_pairs(Path(folder) / "data", 400)
        programs = {
            "plain training loop": PLAIN,
            "training, 400 pairs": TRAIN.format(data=str(data), run=f"{folder}/run"),
            "translation of 256 x 256": TRANSLATE.format(side=256, mode="fit"),
            "native translation of 4096 x 4096": TRANSLATE.format(side=4096, mode="native").replace(
                "range(3)", "range(1)"
            ),
        }
        yield "| | peak GB |"
        yield "| --- | ---: |"
        for name, program in programs.items():
            yield f"| {name} | {_peak(program):.2f} |"


def _peak(program: str) -> float:
    command = [sys.executable, "-c", program + REPORT]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent, env=os.environ
    )
    return float(done.stdout.split()[-1]) / 1e6


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main("memory")
