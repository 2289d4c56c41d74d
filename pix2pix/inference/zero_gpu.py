"""Drawing on ZeroGPU: a GPU that a Space borrows for single calls.

There each call runs in another process: what it is given and what it gives back is pickled, and models loaded
here are not there. So a call names a file, and the process that has the GPU reads it and keeps it for the
next call. Everywhere else a `Translator` is what it always is.
"""

from __future__ import annotations

import importlib.util
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.inference.translator import Translator

SECONDS = 20
"""For which a call may hold the GPU; the first one reads the model too."""
KEPT = 3


def on_zero_gpu() -> bool:
    """Whether this is a Space on ZeroGPU, with the package that lends the GPU."""
    return bool(os.environ.get("SPACES_ZERO_GPU")) and importlib.util.find_spec("spaces") is not None


@lru_cache(maxsize=KEPT)
def _read(path: str, sign: tuple[int, int]) -> Translator:
    return Translator.load(path, device="cuda" if torch.cuda.is_available() else "cpu")


def _draw(path: str, image: Image.Image, mode: str, seed: int | None) -> Image.Image:
    facts = Path(path).stat()
    return _read(path, (facts.st_mtime_ns, facts.st_size))(image, mode, seed)


draw: Any = importlib.import_module("spaces").GPU(duration=SECONDS)(_draw) if on_zero_gpu() else _draw
"""Made when the page is loaded: a Space on ZeroGPU that has no such function by then is stopped."""


class ZeroGpuTranslator:
    """What a page knows of a model whose weights are read where the GPU is. It is
    called like a `Translator`."""

    def __init__(self, path: str | Path) -> None:
        checkpoint = load_checkpoint(path)
        self.path = str(path)
        self.config = checkpoint.config
        self.about = checkpoint.about
        self.device = torch.device("cuda")

    def __call__(self, image: Image.Image, mode: str = "fit", seed: int | None = None) -> Image.Image:
        picture: Image.Image = draw(self.path, image.copy(), mode, seed)
        return picture


def open_translator(path: str | Path) -> Translator | ZeroGpuTranslator:
    """A model to draw with, on the GPU that this Space borrows where it does, else on this machine."""
    return ZeroGpuTranslator(path) if on_zero_gpu() else Translator.load(path)
