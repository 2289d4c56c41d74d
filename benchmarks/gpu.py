"""Training and drawing on a GPU: the reference's loop; ours kernel by kernel, compiled, captured.

`python -m benchmarks gpu` needs torch, numpy and pillow alone, and about three minutes; parts whose libraries
are missing are named and left out. Losses after ten steps are compared before anything is timed.
"""

from __future__ import annotations

import importlib.util
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from benchmarks.data import draw_pairs
from benchmarks.plain import PlainLoop
from benchmarks.training import make_batch
from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.imaging.tensors import Batch
from pix2pix.methods.pix2pix import Pix2Pix
from pix2pix.runtime.device import choose_machine
from pix2pix.training.events import Stepped
from pix2pix.training.learner import Learner

REFERENCE = "reference loop, fp32"
OURS = "ours"
EAGER = f"{OURS}, kernel by kernel"
COMPILED = f"{OURS}, compiled"
CAPTURED = f"{OURS}, captured"
BOTH = f"{OURS}, captured and compiled"
CHECKED_STEPS = 10
CLOSE = 0.03
"""Largest relative difference of a loss after ten steps that is put down to bf16."""
NEVER = 100_000_000


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    widths: tuple[int, ...] = (64, 32)
    batches: tuple[int, ...] = (1, 16)
    size: int = 256
    seconds: float = 2.0
    """For each figure."""
    compiled_width: int = 64
    """The one width at which networks are also compiled: that takes most of the time of all."""
    loop_steps: int = 1500
    pictures: int = 256

    @property
    def depth(self) -> int:
        """Levels of the U-Nets: as many as the size has, at most eight."""
        return min(8, self.size.bit_length() - 1)


def measure(rounds: int) -> Iterator[str]:
    """Yields the tables, on the first GPU; a sentence where there is none."""
    del rounds  # by seconds, since a step takes from 3 to 50 ms
    if not torch.cuda.is_available():
        yield "no GPU on this machine: nothing is measured here."
        return
    yield from tables(Extent(), "cuda")


def tables(extent: Extent, device: str) -> Iterator[str]:
    """Yields the rows of all tables."""
    yield from _training_table(extent, device)
    yield ""
    for part in (_loop_rows, _drawing_rows):
        try:
            yield from part(extent, device)
        except ImportError as error:
            yield f"left out: {error}"
        yield ""


def _training_table(extent: Extent, device: str) -> Iterator[str]:
    yield f"| step at {extent.size} x {extent.size} | batch | steps/s | pictures/s | of reference | memory |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for width, batch in itertools.product(extent.widths, extent.batches):
        images = make_batch(batch, torch.device(device), extent.size)
        base = 0.0
        eager: dict[str, float] = {}
        for name, begin in _loops(extent, width, device=device).items():
            _forget_peak(device)
            row = f"| {name}, width {width} | {batch} |"
            try:
                work = begin(images)
                losses = [work() for _ in range(CHECKED_STEPS)][-1]
                values = {name: float(value) for name, value in losses.items()}
                eager = values if name == EAGER else eager
                difference = _difference(values, eager) if name.startswith(OURS) else 0.0
                rate = _per_second(work, extent.seconds, device=device)
            except (RuntimeError, AssertionError, ImportError) as error:
                yield f"{row} left out: {_first_line(error)} | | | |"
                continue
            base = base or rate
            yield f"{row} {rate:.1f} | {rate * batch:.0f} | {rate / base:.2f} | {_peak(device)} |"
            if difference > CLOSE:
                yield f"{row} DIFFERS from eager by {difference:.1%} after {CHECKED_STEPS} steps | | | |"


Work = Callable[[], Mapping[str, Tensor | float]]
"""One step; returns its losses, on the device."""


def _loops(extent: Extent, width: int, *, device: str) -> dict[str, Callable[[Batch], Work]]:
    """Returns the loops to measure by name; each begins anew with a batch."""

    def reference(norm: str) -> Callable[[Batch], Work]:
        def begin(images: Batch) -> Work:
            loop = PlainLoop(width, device, norm=norm, depth=extent.depth)
            return lambda: loop.step(images["source"], images["target"])

        return begin

    def ours(*, compiled: bool, graphs: bool) -> Callable[[Batch], Work]:
        return lambda images: _our_step(images, width, device=device, compiled=compiled, graphs=graphs)

    loops = {
        f"{REFERENCE}, instance norm": reference("instance"),
        f"{REFERENCE}, batch norm": reference("batch"),
        EAGER: ours(compiled=False, graphs=False),
        CAPTURED: ours(compiled=False, graphs=True),
    }
    if width == extent.compiled_width:
        loops |= {COMPILED: ours(compiled=True, graphs=False), BOTH: ours(compiled=True, graphs=True)}
    return loops


def _our_step(images: Batch, width: int, *, device: str, compiled: bool, graphs: bool) -> Work:
    batch, _, size, _ = images["source"].shape
    config = TrainConfig(
        data="-", batch=batch, width=width, discriminator_width=width, device=device, size=size
    )
    chosen = choose_machine(config)
    machine = replace(chosen, compile=compiled, graphs=graphs and chosen.graphs)
    model = ModelConfig(width=width, size=size, depth=min(8, size.bit_length() - 1))
    learner = Learner(Pix2Pix(config, model), config, machine)
    numbers = itertools.count()

    def step() -> Mapping[str, Tensor]:
        losses = learner.step(next(numbers), [images], 1.0)
        if learner.remark:
            raise RuntimeError(learner.remark)
        return losses

    return step


def _loop_rows(extent: Extent, device: str) -> Iterator[str]:
    """Steps a second of `pix2pix train` as it is: data, rows, samples, saves and validation included."""
    from pix2pix.data.batches import Dataset
    from pix2pix.runs.run import Run
    from pix2pix.training.trainer import Trainer

    yield "| `pix2pix train`, defaults, batch 1 | steps/s |"
    yield "| --- | ---: |"
    with tempfile.TemporaryDirectory() as folder:
        data = draw_pairs(Path(folder) / "data", 64)
        config = TrainConfig(
            data=str(data),
            size=extent.size,
            width=extent.widths[0],
            discriminator_width=extent.widths[0],
            depth=extent.depth,
            steps=NEVER,
            device=device,
            evaluate_every=config_interval(),
        )
        run = Run.create(Path(folder) / "run", config)
        begin = 0.0
        first = extent.loop_steps // 5
        with closing(iter(Trainer(config, Dataset.open(config)))) as events:
            for event in events:
                run.record(event)
                if isinstance(event, Stepped) and event.step == first:
                    begin = time.perf_counter()
                if isinstance(event, Stepped) and event.step == extent.loop_steps:
                    break
        rate = (extent.loop_steps - first) / (time.perf_counter() - begin)
    yield f"| width {extent.widths[0]} | {rate:.1f} |"


def config_interval() -> int:
    """Steps between two validations: the default, or never where torchmetrics is missing."""
    missing = importlib.util.find_spec("torchmetrics") is None
    return NEVER if missing else int(TrainConfig(data="-").evaluate_every)


def _drawing_rows(extent: Extent, device: str) -> Iterator[str]:
    """Milliseconds of a picture, where they go, and pictures a second of a folder."""
    from benchmarks.translation import make_checkpoint
    from pix2pix.inference import folder as folders
    from pix2pix.inference.translator import Translator

    width = min(extent.widths)
    model = ModelConfig(width=width, size=extent.size, depth=extent.depth)
    translator = Translator(make_checkpoint(model), device=device)
    picture = Image.linear_gradient("L").resize((extent.size, extent.size)).convert("RGB")
    tensor = torch.zeros(1, 3, extent.size, extent.size, device=device).add(0.3)
    whole = 1000 / _per_second(
        lambda: {"": len(translator(picture).tobytes())}, extent.seconds, device=device
    )
    network = 1000 / _per_second(
        lambda: {"": translator.translate_tensor(tensor).sum()}, extent.seconds, device=device
    )
    kind = f"drawing, width {width}, {translator.precision}"
    yield f"{kind}: {whole:.2f} ms a picture, of which network {network:.2f} ms\n"
    yield "| a folder, `pix2pix translate` | pictures/s |"
    yield "| --- | ---: |"
    with tempfile.TemporaryDirectory() as place:
        for number in range(extent.pictures):
            Path(place, "in").mkdir(exist_ok=True)
            picture.rotate(number).save(Path(place, "in", f"{number}.png"))
        for together in (1, 8, 32):
            jobs, _ = folders.plan_folder(Path(place, "in"), Path(place, f"out{together}"))
            begin = time.perf_counter()
            done = folders.translate_all(translator, jobs, together=together)
            assert len(done.written) == extent.pictures, done.problems
            yield f"| {together} together | {extent.pictures / (time.perf_counter() - begin):.0f} |"


def _difference(values: Mapping[str, float], others: Mapping[str, float]) -> float:
    """Returns the largest relative difference of a loss to another loop's."""
    return max(
        (
            abs(value - others[name]) / max(abs(others[name]), 0.1)
            for name, value in values.items()
            if name in others
        ),
        default=0.0,
    )


def _per_second(work: Work, seconds: float, *, device: str) -> float:
    """Returns how often `work` is done in a second; results are read every fifty times, as in a training."""
    _wait(device)
    begin = time.perf_counter()
    for count in itertools.count(1):
        result = work()
        if count % 50 == 0:
            [float(value) for value in result.values()]
        if count % 10 == 0 or device == "cpu":
            now = time.perf_counter() - begin
            if now > seconds:
                _wait(device)
                return count / (time.perf_counter() - begin)
    raise AssertionError("unreachable")


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _forget_peak(device: str) -> None:
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak(device: str) -> str:
    return f"{torch.cuda.max_memory_allocated() / 1e9:.1f} GB" if device == "cuda" else ""


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main("gpu")
