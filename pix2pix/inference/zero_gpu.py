"""Drawing on ZeroGPU, where a Space gets a GPU for the time of a single call.

There each call runs in another process: its arguments and results are pickled, and models loaded here do not
exist there. So a call passes a path, and the process with the GPU loads the file and keeps it for the next
call. Everywhere else a plain `Translator` is used.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.inference.translator import Translator
from pix2pix.runtime.file_cache import FileCache

SECONDS = 20
"""Seconds for which a call may hold the GPU; the first one loads the model too."""
KEPT = 3


def on_zero_gpu() -> bool:
    """Whether this is a Space on ZeroGPU with the package `spaces`."""
    return bool(os.environ.get("SPACES_ZERO_GPU")) and importlib.util.find_spec("spaces") is not None


_translators: FileCache[Translator] = FileCache(KEPT)


def _read(path: Path) -> Translator:
    return Translator.load(path, device="cuda" if torch.cuda.is_available() else "cpu")


def _draw(path: str, image: Image.Image, mode: str, seed: int | None) -> Image.Image:
    return _translators.read(path, _read)(image, mode, seed)


draw: Any = importlib.import_module("spaces").GPU(duration=SECONDS)(_draw) if on_zero_gpu() else _draw
"""Created at import: a Space on ZeroGPU without such a function at its start is stopped."""


class ZeroGpuTranslator:
    """A model whose weights are loaded where the GPU is; called like a `Translator`."""

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
    """Returns a model to draw with: on ZeroGPU where the Space has it, else on this machine."""
    return ZeroGpuTranslator(path) if on_zero_gpu() else Translator.load(path)
