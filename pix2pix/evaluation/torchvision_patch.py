"""Imports torchvision in one place, before torchmetrics does, and works around a failure of that import.

A torchvision wheel built for CUDA refuses to be imported beside a CPU torch (`operator torchvision::nms does
not exist`). Only its detection operators are missing then, which nothing here needs: with their schemas
declared the rest works.
"""

from __future__ import annotations

import sys

import torch

MISSING = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def _declare_missing() -> torch.library.Library:
    """Declares the operators that torchvision registers kernels for, and removes the
    half-imported package."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in MISSING:
        library.define(schema)
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    return library


try:
    import torchvision  # noqa: F401
except RuntimeError as error:
    if "torchvision::nms" not in str(error):
        raise
    # Kept for the life of the process: the operators vanish with the object.
    _library = _declare_missing()
    import torchvision  # noqa: F401
