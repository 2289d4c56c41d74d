"""What the settings of a method are where nobody chooses them, and which belong to one method alone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

Settings = TypeVar("Settings")

METHOD_SETTINGS: dict[str, dict[str, Any]] = {
    "pix2pix": {},
    "cyclegan": {"generator": "resnet", "gan": "lsgan", "dropout": 0.0},
}
"""Settings that a method's paper has where nobody chooses others."""
METHOD_ONLY = {
    "pix2pix": ("make", "conditional", "l1", "feature_matching", "perceptual"),
    "cyclegan": ("cycle_a", "cycle_b", "identity", "pool"),
}
"""Settings that mean something for one method alone; those of the data say so themselves."""


def with_method_settings(given: dict[str, Any]) -> dict[str, Any]:
    """Returns settings, completed by those of their method's paper where they are left out: for CycleGAN a
    ResNet with 9 blocks from 256 pixels and 6 below, least squares, no dropout."""
    own = dict(METHOD_SETTINGS.get(given.get("method", "pix2pix"), {}))
    if (own | given).get("generator") == "resnet" and own:
        own["blocks"] = 9 if given.get("size", 256) >= 256 else 6
    return own | given


def following_method(settings: type[Settings]) -> type[Settings]:
    """Has a class of settings complete what it is given by `with_method_settings`."""
    plain: Callable[..., None] = settings.__init__

    @functools.wraps(plain)
    def init(self: Settings, **given: Any) -> None:
        plain(self, **with_method_settings(given))

    settings.__init__ = init  # type: ignore[assignment]
    return settings
