"""Estimates of the memory and disk that a training needs, compared with what this machine has."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from pix2pix.config import TrainConfig
from pix2pix.data.store import free_memory
from pix2pix.errors import ConfigError, NoSpaceError
from pix2pix.methods import method_of
from pix2pix.runtime.device import choose_device

PROGRAM = {"cpu": 450_000_000, "cuda": 500_000_000, "mps": 500_000_000}
"""Bytes that the libraries take before any picture is loaded (on a GPU: of its memory)."""
SHARE = 0.9
"""Share of the free memory that a training may use."""
NARROWEST = 16
SMALLEST = 64
STATE_COPIES = 4
"""Tensors per weight in state.pt: the weight, two moments, and the EMA (of the generator)."""
ROOM = 200_000_000
"""Bytes that are left free beside what a run writes."""


def memory_needed(config: TrainConfig) -> int:
    """Returns the bytes of memory that training takes on its device, from shapes alone:
    nothing is computed."""
    method = method_of(config)
    applied = method.applied(config)
    given = sum(each.held * each.times * _bytes_given(each.network, each.images) for each in applied)
    weights = sum(
        4 * (5 if each.trained else 1) * parameter.numel()
        for each in applied
        for parameter in each.network.parameters()
    )
    kind = torch.device(config.device if config.device != "auto" else choose_device("auto")).type
    return PROGRAM.get(kind, 0) + weights + round(given) + method.state_bytes(config)


def _bytes_given(network: nn.Module, picture: torch.Tensor) -> int:
    """Returns the bytes of all layers' outputs."""
    sizes: list[int] = []

    def count(module: nn.Module, inputs: object, output: torch.Tensor) -> None:
        sizes.append(output.numel() * 4)

    hooks = [
        module.register_forward_hook(count) for module in network.modules() if not list(module.children())
    ]
    network(picture)
    for hook in hooks:
        hook.remove()
    return sum(sizes)


def memory_free(config: TrainConfig) -> int:
    """Returns the bytes that a training could take on its device."""
    device = choose_device(config.device)
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else free_memory()


def fit_memory(config: TrainConfig, free: int | None = None) -> tuple[TrainConfig, str]:
    """Returns settings that this machine can hold, and a sentence about what was lowered; ""
    where nothing was.

    The batch is lowered first, then the width, then the crop or the size: what costs least quality comes
    first. A network that is fine-tuned keeps its width.
    """
    free = memory_free(config) if free is None else free
    needed = memory_needed(config)
    if needed <= SHARE * free:
        return config, ""
    for smaller in _smaller(config):
        if memory_needed(smaller) <= SHARE * free:
            return (
                smaller,
                f"{_lowered(config, smaller)}: {in_words(needed)} of memory would be needed, and "
                f"{in_words(free)} are free.",
            )
    raise ConfigError(
        f"this training needs about {in_words(needed)} of memory and {in_words(free)} are free, too little "
        "even for a small one."
        " End other programs, or train on another machine."
    )


def _smaller(config: TrainConfig) -> Iterator[TrainConfig]:
    while config.batch > 1:
        config = dataclasses.replace(config, batch=config.batch // 2)
        yield config
    while config.width // 2 >= NARROWEST and not config.init:
        config = dataclasses.replace(
            config, width=config.width // 2, discriminator_width=max(1, config.discriminator_width // 2)
        )
        yield config
    while (half := config.crop_size() // 2) >= SMALLEST and half % 2 ** max(3, config.depth) == 0:
        config = (
            dataclasses.replace(config, crop=half) if config.crop else dataclasses.replace(config, size=half)
        )
        yield config


def _lowered(before: TrainConfig, after: TrainConfig) -> str:
    lowered = ("batch", "width", "crop", "size")
    names = [name for name in lowered if getattr(before, name) != getattr(after, name)]
    return " and ".join(
        f"{name} was lowered from {getattr(before, name)} to {getattr(after, name)}" for name in names
    )


def disk_needed(config: TrainConfig) -> int:
    """Returns the bytes that a run writes: state and models, each once more while it is replaced,
    and sample grids."""
    method = method_of(config)
    applied = method.applied(config)
    trained = [each for each in applied if each.trained]
    saved = sum(_numbers_in(each.network) for each in trained if "discriminator" not in each.name)
    others = sum(_numbers_in(each.network) for each in trained if "discriminator" in each.name)
    fixed = sum(_numbers_in(each.network) for each in applied if not each.trained)
    state = 4 * (STATE_COPIES * saved + 3 * others + fixed) + method.state_bytes(config)
    grids = config.steps // config.sample_every + 1
    # A grid as PNG takes about half of its pixels' bytes.
    pictures = grids * min(config.samples, 64) * len(method.columns) * config.size**2 * 3 // 2
    return 2 * state + 3 * 2 * saved + pictures


def _numbers_in(network: nn.Module) -> int:
    return sum(value.numel() for value in network.state_dict().values())


def check_disk(config: TrainConfig, folder: Path) -> None:
    """Raises `NoSpaceError`, with what is needed and what is free, where a run in `folder` would
    fill the disk."""
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(existing).free
    needed = disk_needed(config)
    if free < needed + ROOM:
        raise NoSpaceError(
            f"no space left: a run of these settings needs {in_words(needed)} and {in_words(ROOM)} of room "
            f"on the disk of {existing},"
            f" and {in_words(free)} are free. Delete old runs, or take a smaller width."
        )


def in_words(count: float) -> str:
    """Returns bytes in words: `3.1 GB`, `240 MB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
