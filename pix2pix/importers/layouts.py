"""Whose network a file holds: the layouts that are known by their keys, and a diagnosis in words of all else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from pix2pix.errors import CheckpointError, ConfigError
from pix2pix.importers import others, reference
from pix2pix.importers.plans import Plan, Tensors, convert

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
WRAPPED = re.compile(r"^(?:module\.|_orig_mod\.)+")
HOLDERS = ("G", "generator", "netG", "G_state_dict", "generator_state_dict", "gen", "params_ema", "ema", "state_dict", "model", "params")
"""Under what names a training file holds the network to use, the likeliest first."""
DEEPEST = 4


@dataclass(frozen=True)
class Layout:
    """How one project saves one network."""

    kind: str
    is_it: Callable[[Tensors], bool]
    plan: Callable[[Tensors], Plan]


LAYOUTS = (
    Layout(GENERATOR, reference.is_unet, reference.plan_unet),
    Layout(GENERATOR, reference.is_resnet, reference.plan_resnet),
    Layout(GENERATOR, others.is_huggan, others.plan_huggan),
    Layout(GENERATOR, others.is_tensorflow, others.plan_tensorflow),
    Layout(GENERATOR, others.is_kimrass, others.plan_kimrass),
    Layout(DISCRIMINATOR, reference.is_discriminator, reference.plan_discriminator),
)
OFTEN_SEEN = {
    "model.diffusion_model.": "a Stable Diffusion model",
    "lora_": "a LoRA",
    "time_embedding.": "a diffusion network",
    "conv_in.": "a network of the diffusers library",
    "encoder.layers.": "a transformer",
    "optimizer": "the state of an optimizer",
}


@dataclass(frozen=True)
class Recognised:
    """A network of another project, in our words."""

    kind: str
    project: str
    facts: dict[str, Any]
    weights: dict[str, Tensor]


def recognise(content: Any, wanted: str = GENERATOR) -> Recognised:
    """The network in what a file holds: tensors by name, or dicts of them. `CheckpointError` without the file's name, as in `is a ...`."""
    groups = sorted(_groups(content), key=lambda group: _rank(group[0]))
    if not groups:
        raise CheckpointError("holds no tensors, so no network.")
    found = [(layout, tensors) for _, tensors in groups for layout in LAYOUTS if layout.is_it(tensors)]
    right = next((pair for pair in found if pair[0].kind == wanted), None)
    if right is None:
        raise CheckpointError(_diagnose(found[0] if found else None, max((tensors for _, tensors in groups), key=len), wanted))
    layout, tensors = right
    try:
        plan = layout.plan(tensors)
        return Recognised(layout.kind, plan.project, plan.facts, convert(plan, tensors))
    except (ConfigError, RuntimeError, IndexError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"looks like a known network, but its tensors have shapes that no such network has ({error!s:.120})."
        ) from error


def _groups(content: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """All dicts of tensors, with their names and without what wrappers put before the keys."""
    if not isinstance(content, Mapping) or depth > DEEPEST:
        return
    tensors = {WRAPPED.sub("", key): value for key, value in content.items() if isinstance(key, str) and isinstance(value, Tensor)}
    if tensors:
        yield name, tensors
    for key, value in content.items():
        if isinstance(key, str):
            yield from _groups(value, key, depth + 1)


def _rank(name: str) -> int:
    return HOLDERS.index(name) if name in HOLDERS else len(HOLDERS)


def _diagnose(found: tuple[Layout, dict[str, Tensor]] | None, largest: dict[str, Tensor], wanted: str) -> str:
    if found:
        plan = found[0].plan(found[1])
        if wanted == GENERATOR:
            return (
                f"is {plan.what} of {plan.project}: it judges pictures and makes none. A training can start from it (init_discriminator)."
            )
        return f"is {plan.what} of {plan.project}, a generator; a discriminator is wanted here."
    first = next(iter(largest))
    known = next((what for start, what in OFTEN_SEEN.items() if any(name.startswith(start) for name in largest)), "")
    convolutions = sum(value.dim() == 4 for value in largest.values())
    said = f"holds {len(largest):,} tensors, {convolutions:,} of them convolutions, the first called {first[:60]!r}"
    looks = f": {known}, it seems" if known else ""
    projects = ", ".join(dict.fromkeys((reference.PROJECT, others.KIMRASS, others.HUGGAN, others.TENSORFLOW)))
    return f"{said}{looks}. It has the keys of no network that is read here ({projects}, and our own)."
