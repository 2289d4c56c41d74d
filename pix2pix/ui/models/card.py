"""The content of a model's card as plain values, read from the description in the file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from pix2pix.config import ModelConfig
from pix2pix.networks import build_generator
from pix2pix.settings import range_words
from pix2pix.ui.models.provenance import is_shipped, origin_of
from pix2pix.ui.models.rename_delete import version_of
from pix2pix.ui.shared.canvas import spec_of
from pix2pix.ui.shared.model_library import Listing, Model, key_of

METRICS = {
    "ssim": ("SSIM", 3),
    "psnr": ("PSNR", 1),
    "l1": ("L1", 3),
    "edges": ("Edges", 2),
    "class_accuracy": ("By class", 3),
    "cycle_l1": ("Cycle L1", 3),
    "identity_l1": ("Identity L1", 3),
}
"""Title on the card and number of digits of each metric."""
LONGEST_TEXT = 120

Card = dict[str, Any]


def describe(model: Model) -> Card:
    """Returns the card of a usable model."""
    config = model.config
    return {
        "key": model.key,
        "title": model.title,
        "isRun": model.is_run,
        "isShipped": is_shipped(model),
        "version": model.version,
        "source": config.source,
        "target": config.target,
        "kind": spec_of(config)["kind"],
        "colors": [list(color) for _, color in config.palette[:9]],
        "problem": "",
        "facts": facts_of(model),
        "origin": origin_of(model),
        "date": model.date,
        "bytes": _size(model.path),
    }


def describe_broken(path: Path, cause: str) -> Card:
    """Returns the card of a file that cannot be used: its name and the cause."""
    known: Card = {"key": key_of(path), "title": path.name, "version": version_of(path), "bytes": _size(path)}
    return known | {"isRun": False, "problem": cause, "facts": []}


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def facts_of(model: Model) -> list[tuple[str, str]]:
    """Returns pairs of name and value in the order of the card; what the file does not state is left out."""
    about = model.about
    config = model.config
    step = about.get("step")
    facts = [
        ("Size", f"{config.size} × {config.size}"),
        ("Norm", config.norm),
        ("Values", range_words(config.source_levels) if config.source_levels else ""),
        ("Weights", in_words(parameters_of(config))),
        ("Data", _data(about)),
        ("Steps", f"{step:,}" if isinstance(step, int) else ""),
        *metrics_of(about),
    ]
    return [(name, value) for name, value in facts if value]


def _data(about: Mapping[str, Any]) -> str:
    data = _text(about.get("data"))
    for what, words in (("pairs", "pairs"), ("pictures", "pictures, no pairs")):
        count = about.get(what)
        if data and isinstance(count, int):
            return f"{data}, {count:,} {words}"
    return data


def metrics_of(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns pairs of title and value of the last validation; values that are no numbers are left out."""
    metrics = about.get("metrics")
    found = metrics if isinstance(metrics, dict) else {}
    return [
        (title, f"{found[name]:.{digits}f}")
        for name, (title, digits) in METRICS.items()
        if isinstance(found.get(name), (int, float))
    ]


def _text(value: Any) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


@lru_cache(maxsize=256)
def parameters_of(config: ModelConfig) -> int:
    """Returns the number of parameters of the generator that a config describes, without allocating it."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in build_generator(config).parameters())


def in_words(count: int) -> str:
    """Returns a count with a unit, such as `54.4 M`, `620 k` or `812`."""
    if count >= 1_000_000:
        return f"{count / 1e6:.3g} M"
    return f"{count / 1e3:.3g} k" if count >= 1000 else str(count)


def cards_of(listing: Listing, checkpoints: Path, *, visible_runs: set[str]) -> tuple[list[Card], list[Card]]:
    """Returns the cards of `checkpoints/`, unusable files last, and the cards of the runs whose names
    are in `visible_runs`."""
    kept = [describe(model) for model in listing.models if not model.is_run]
    kept += [
        describe_broken(path, cause) for path, cause in sorted(listing.broken) if path.parent == checkpoints
    ]
    runs = [
        describe(model) for model in listing.models if model.is_run and model.path.parent.name in visible_runs
    ]
    return kept, runs
