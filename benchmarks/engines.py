"""One model in every engine that is installed here: the table of docs/performance.md.

Plain eager torch is the measure; OpenVINO takes part where it is installed (`pip install openvino`).
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SHIPPED = Path(__file__).parent.parent / "checkpoints" / "facades.pth"
BATCHES = (1, 4, 16)
PLAIN = "torch, plain eager fp32"
HEAD = (
    "| engine | ms a picture | of plain | mean difference | pictures/s, batch 1 | 4 | 16 | load to first"
    " picture | peak memory |"
)

LIBRARIES = {
    "torch, plain eager": "pix2pix.inference.translator",
    "torch, ours": "pix2pix.inference.translator",
    "ONNX Runtime": "onnxruntime",
    "OpenVINO": "openvino",
}
"""What a program has imported before it opens a model."""

Run = Callable[[np.ndarray], np.ndarray]
REPORT = """
import importlib, sys, time
from benchmarks.engines import LIBRARIES, open_engine, picture
importlib.import_module(LIBRARIES[sys.argv[1].rsplit(" ", 1)[0]])
begin = time.perf_counter()
open_engine(sys.argv[1], sys.argv[2])(picture(1))
print(time.perf_counter() - begin)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


def measure(rounds: int) -> Iterator[str]:
    """The shipped model of width 32, and one of width 64 with weights of chance:
    time does not depend on them."""
    for title in ("width 32 (checkpoints/facades.pth)", "width 64 (weights of chance)"):
        yield f"{title}:\n"
        with tempfile.TemporaryDirectory() as folder:
            _write_model(Path(folder), title.startswith("width 32"))
            yield from _measure_model(folder, rounds)
        yield ""


def _write_model(folder: Path, shipped: bool) -> None:
    from benchmarks.translation import make_checkpoint
    from pix2pix.checkpoints.checkpoint import load_checkpoint, save_checkpoint
    from pix2pix.checkpoints.export.onnx_file import write_onnx
    from pix2pix.config import ModelConfig

    checkpoint = load_checkpoint(SHIPPED) if shipped else make_checkpoint(ModelConfig())
    save_checkpoint(folder / "model.pth", checkpoint)
    write_onnx(folder / "model.onnx", load_checkpoint(folder / "model.pth"))


def _measure_model(folder: str, rounds: int) -> Iterator[str]:
    first = {name: _first_picture(name, folder) for name in names()}
    engines = {name: open_engine(name, folder) for name in names()}
    wanted = engines[PLAIN](picture(1))
    times = {batch: _in_turns(engines, picture(batch), max(2, rounds // batch)) for batch in BATCHES}
    yield HEAD
    yield "| --- " + "| ---: " * 8 + "|"
    for name, run in engines.items():
        median = {batch: statistics.median(times[batch][name]) for batch in BATCHES}
        # Ratios within a round: whatever else the machine does meanwhile hits both.
        ratio = statistics.median(
            own / plain for own, plain in zip(times[1][name], times[1][PLAIN], strict=True)
        )
        difference = float(np.abs(run(picture(1)) - wanted).mean()) * 127.5
        speeds = " | ".join(f"{batch / median[batch]:.1f}" for batch in BATCHES)
        seconds, gigabytes = first[name]
        yield (
            f"| {name} | {median[1] * 1000:.0f} | {ratio:.2f} | {difference:.3f} | {speeds} | {seconds:.2f}"
            f" s | {gigabytes:.2f} GB |"
        )


def _in_turns(engines: dict[str, Run], source: np.ndarray, rounds: int) -> dict[str, list[float]]:
    """Seconds of each engine, one after the other in each round; the first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in engines}
    for number in range(rounds + 1):
        for name, run in engines.items():
            begin = time.perf_counter()
            run(source)
            if number:
                times[name].append(time.perf_counter() - begin)
    return times


def _first_picture(name: str, folder: str) -> tuple[float, float]:
    """Seconds from opening the file to the first picture, imports not counted, and peak memory in
    GB, in a process of its own."""
    command = [sys.executable, "-c", REPORT, name, folder]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent, env=os.environ
    )
    seconds, kilobytes = done.stdout.split()[-2:]
    return float(seconds), float(kilobytes) / 1e6


def picture(batch: int) -> np.ndarray:
    """Smooth pictures with an edge each, (B, 3, 256, 256) in [-1, 1]."""
    y, x = np.mgrid[0:256, 0:256] / 28
    planes = np.stack([np.sin(x), np.cos(y), np.where(x > 4, 0.5, -0.5)])
    return np.repeat(planes[None], batch, axis=0).astype(np.float32)


def names() -> list[str]:
    """Engines that can be opened here."""
    found = [PLAIN, "torch, ours fp32", "torch, ours bf16", "ONNX Runtime fp32"]
    return found + ["OpenVINO fp32", "OpenVINO bf16"] * bool(importlib.util.find_spec("openvino"))


def open_engine(name: str, folder: str) -> Run:
    """An engine with the model of a folder loaded, as many threads as torch would take."""
    engine, precision = name.rsplit(" ", 1)
    openers = {
        "torch, plain eager": _open_plain,
        "torch, ours": _open_ours,
        "ONNX Runtime": _open_onnxruntime,
        "OpenVINO": _open_openvino,
    }
    return openers[engine](Path(folder), precision)


def _open_plain(folder: Path, precision: str) -> Run:
    from pix2pix.checkpoints.checkpoint import load_checkpoint

    return _torch_run(load_checkpoint(folder / "model.pth").generator())


def _open_ours(folder: Path, precision: str) -> Run:
    """As the page and the commands do it."""
    import torch

    from pix2pix.inference.translator import Translator

    translator = Translator.load(folder / "model.pth", "cpu", precision)
    return lambda source: translator.translate_tensor(torch.from_numpy(source)).numpy()


def _torch_run(network: Any) -> Run:
    import torch

    def run(source: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(source)).numpy()

    return run


def _threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def _open_onnxruntime(folder: Path, precision: str) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads()
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    return lambda source: session.run(None, {"source": source})[0]


def _open_openvino(folder: Path, precision: str) -> Run:
    import openvino

    hints = {
        "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision],
        "INFERENCE_NUM_THREADS": _threads(),
    }
    model = openvino.Core().compile_model(folder / "model.onnx", "CPU", hints)
    return lambda source: next(iter(model(source).values()))


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main("engines")
