"""One 256 x 256 picture through the width-64 U-Net."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image

from benchmarks.timing import in_turns, table
from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.config import ModelConfig
from pix2pix.imaging.tensors import to_image, to_tensor
from pix2pix.inference.translator import Translator
from pix2pix.networks import build_generator, init_weights

PLAIN = "plain eager fp32"


def measure(rounds: int) -> Iterator[str]:
    """Picture in, picture out, of the translator and of the bare module; their
    pictures are compared first."""
    for norm in ("instance", "batch"):
        yield f"{norm} norm:\n"
        yield from _measure_norm(norm, rounds)


def _measure_norm(norm: str, rounds: int) -> Iterator[str]:
    checkpoint = make_checkpoint(ModelConfig(norm=norm))  # type: ignore[arg-type]
    translators = {
        precision: Translator(checkpoint, precision=precision, statistics="running")
        for precision in ("fp32", "bf16")
    }
    generator = checkpoint.generator()
    image = to_image(torch.sin(torch.linspace(0, 40, 3 * 256 * 256)).view(3, 256, 256))

    def plain() -> Image.Image:
        with torch.no_grad():
            return to_image(generator(to_tensor(image)))

    works = {PLAIN: plain} | {
        f"ours, {precision}": lambda t=translator: t(image) for precision, translator in translators.items()
    }
    wanted = np.asarray(plain(), np.float32)
    times = in_turns(works, rounds)
    yield from table(times, PLAIN)
    for name, work in works.items():
        difference = float(np.abs(np.asarray(work(), np.float32) - wanted).mean())
        yield f"\n{name}: mean difference {difference:.3f} of 255"


def make_checkpoint(config: ModelConfig) -> Checkpoint:
    """Random weights: the time does not depend on them."""
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(0))
    return Checkpoint(config, dict(generator.state_dict()))


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main("translation")
