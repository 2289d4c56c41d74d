"""Image-to-image translation with conditional GANs (Isola et al., 2017).

    from pix2pix import Translator

    picture = Translator.load("checkpoints/facades.pth")(drawing)

The names below are the public ones. Each is imported when it is first asked for: `import
pix2pix` alone needs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
    from pix2pix.config import ModelConfig, TrainConfig
    from pix2pix.data.pairs import open_pairs
    from pix2pix.errors import Pix2PixError
    from pix2pix.evaluation.evaluate import evaluate
    from pix2pix.inference.translator import Translator
    from pix2pix.runs.execute import resume, train
    from pix2pix.runs.run import Run

__version__ = "0.1.0"

__all__ = [
    "Checkpoint",
    "ModelConfig",
    "Pix2PixError",
    "Run",
    "TrainConfig",
    "Translator",
    "evaluate",
    "load_checkpoint",
    "open_pairs",
    "resume",
    "save_checkpoint",
    "train",
]

_HOMES = {
    "Checkpoint": "checkpoints.checkpoint",
    "ModelConfig": "config",
    "Pix2PixError": "errors",
    "Run": "runs.run",
    "TrainConfig": "config",
    "Translator": "inference.translator",
    "evaluate": "evaluation.evaluate",
    "load_checkpoint": "checkpoints.checkpoint",
    "open_pairs": "data.pairs",
    "resume": "runs.execute",
    "save_checkpoint": "checkpoints.checkpoint",
    "train": "runs.execute",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pix2pix' has no attribute {name!r}")
    return getattr(importlib.import_module(f"pix2pix.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
