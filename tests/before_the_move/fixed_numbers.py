"""Trains and draws in a process whose arithmetic is the same on every x86
machine; prints the numbers as JSON.

    python tests/before_the_move/fixed_numbers.py train FOLDER | pairs FOLDER | resume RUN | draw MODEL

The kernels are chosen by environment variables, before torch is imported: plain ones, one thread.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

os.environ |= {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_CBWR": "COMPATIBLE",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch  # noqa: E402  # after the choice of kernels
from conftest import draw_pair  # noqa: E402
from PIL import Image  # noqa: E402

from pix2pix import TrainConfig, Translator, resume, train  # noqa: E402

SETTINGS = {
    "defaults": {},
    "batch norm, lsgan": {"norm": "batch", "gan": "lsgan", "batch": 2},
    "wgan-gp": {"gan": "wgan-gp", "critic_steps": 2},
    "l1 alone": {"gan": "none"},
}
SMALL = {
    "size": 64,
    "width": 8,
    "discriminator_width": 8,
    "steps": 30,
    "log_every": 1,
    "precision": "fp32",
    "device": "cpu",
}


def write_pairs(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(6):
        labels, picture = draw_pair(number)
        both = Image.new("RGB", (128, 64))
        both.paste(labels, (0, 0))
        both.paste(picture, (64, 0))
        both.save(folder / f"house{number}.png")


def digest(weights: dict[str, torch.Tensor]) -> str:
    """SHA-256 of all weights, by name."""
    found = hashlib.sha256()
    for name in sorted(weights):
        found.update(name.encode())
        found.update(weights[name].detach().contiguous().float().numpy().tobytes())
    return found.hexdigest()


def numbers_of(run: Path) -> dict[str, object]:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    losses = [
        {name: value for name, value in row.items() if name not in (*TIMES, *ADDED_SINCE)} for row in rows
    ]
    state = torch.load(run / "state.pt", weights_only=True)
    return {
        "losses": hashlib.sha256(json.dumps(losses, sort_keys=True).encode()).hexdigest(),
        "last": losses[-1],
        "generator": digest(weights_of(state, "generator")),
        "discriminator": digest(weights_of(state, "discriminator")),
        "ema": digest(weights_of(state, "ema", "mean")),
    }


TIMES = ("seconds", "seconds_per_step", "data_share", "time")
ADDED_SINCE = (
    "val_edges",
    "val_detail",
    "val_class_accuracy",
    "val_class_iou",
    "val_spread",
    "val_saturated",
)


def weights_of(state: dict, *names: str) -> dict[str, torch.Tensor]:
    """The part of a state under one of these names; empty where a run has none."""
    for name in names:
        if state.get(name):
            return state[name]
    return {}


def main() -> None:
    torch.set_num_threads(1)
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "train":
        write_pairs(folder / "pairs")
        shown = {}
        for name, settings in SETTINGS.items():
            config = TrainConfig(data=str(folder / "pairs"), **(SMALL | settings))
            shown[name] = numbers_of(train(config, folder / name.replace(" ", "-")).path)
    elif what == "pairs":
        write_pairs(folder)
        shown = {}
    elif what == "resume":
        shown = numbers_of(resume(folder, steps=6).path)
    else:
        picture = Translator.load(folder)(draw_pair(1)[0])
        shown = {
            "picture": hashlib.sha256(picture.tobytes()).hexdigest(),
            "mean": sum(picture.resize((1, 1)).getpixel((0, 0))),
        }
    print(json.dumps(shown))


main()
