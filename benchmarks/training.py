"""One training step at the defaults: 256 x 256, width 64."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from benchmarks.plain import PlainLoop
from benchmarks.plain_cycle import PlainCycleLoop
from benchmarks.timing import in_turns, table
from pix2pix.config import ImageSpec, ModelConfig, TrainConfig
from pix2pix.imaging.tensors import Batch
from pix2pix.methods.cyclegan import CycleGAN
from pix2pix.methods.pix2pix import Pix2Pix
from pix2pix.runtime.device import choose_machine
from pix2pix.training.learner import Learner

PLAIN = "plain loop, fp32"


def measure(rounds: int) -> Iterator[str]:
    """Ours, with its running mean of the generator, against the plain loop, which has none."""
    for batch in (1, 16) if torch.cuda.is_available() else (1,):
        yield f"batch {batch}:\n"
        yield from _measure_batch(batch, rounds)
    for size in (128, 256):
        yield f"\nwithout pairs (CycleGAN), {size} x {size}, width 64, batch 1:\n"
        yield from measure_cycle(size, rounds)


def measure_cycle(size: int, rounds: int, width: int = 64) -> Iterator[str]:
    """Ours, with its running means of both generators, against the plain loop of CycleGAN, which has none."""
    settings = {"method": "cyclegan", "data": "-", "size": size, "width": width, "discriminator_width": width}
    config = TrainConfig(**settings)  # type: ignore[arg-type]
    machine = choose_machine(config)
    images = {side: ImageSpec() for side in ("a", "b")}
    ours = Learner(CycleGAN.build(config, images), config, machine)
    plain = PlainCycleLoop(ours.method.saved["AtoB"], width, str(machine.device))
    batch = make_batch(1, machine.device, size)
    sides = {"a": batch["source"], "b": batch["target"]}
    steps = iter(range(10**9))
    works = {
        PLAIN: lambda: plain.step(sides["a"], sides["b"]),
        f"ours, {machine.precision}": lambda: [
            float(value) for value in ours.step(next(steps), [sides], 1.0).values()
        ],
    }
    yield from table(in_turns(works, rounds), PLAIN)


def _measure_batch(batch: int, rounds: int) -> Iterator[str]:
    config = TrainConfig(data="-", batch=batch)
    machine = choose_machine(config)
    ours, plain = (
        Learner(Pix2Pix(config, ModelConfig()), config, machine),
        PlainLoop(device=str(machine.device)),
    )
    _check_same_size(ours, plain)
    images = make_batch(batch, machine.device)
    steps = iter(range(10**9))
    works = {
        PLAIN: lambda: plain.step(images["source"], images["target"]),
        f"ours, {machine.precision}": lambda: [
            float(value) for value in ours.step(next(steps), [images], 1.0).values()
        ],
    }
    yield from table(in_turns(works, rounds), PLAIN)


def make_batch(batch: int, device: torch.device, size: int = 256) -> Batch:
    """Smooth pictures: zeros and pure noise are quicker or slower than pictures."""
    line = torch.linspace(0, 9, size)
    y, x = torch.meshgrid(line, line, indexing="ij")
    picture = torch.stack((torch.sin(x), torch.cos(y), torch.sin(x + y))).expand(batch, -1, -1, -1)
    return {"source": picture.clone().to(device), "target": picture.flip(-1).to(device)}


def _check_same_size(ours: Learner, plain: PlainLoop) -> None:
    networks = ours.method.networks
    pairs = ((networks["generator"], plain.generator), (networks["discriminator"], plain.discriminator))
    counts = [
        [sum(weight.numel() for weight in network.parameters()) for network in pair if network]
        for pair in pairs
    ]
    assert all(left == right for left, right in counts), f"the loops do not train the same networks: {counts}"


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main("training")
