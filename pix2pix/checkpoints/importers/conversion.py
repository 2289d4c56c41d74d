"""How a network of another project becomes ours: which of its names stands for which of our parts, and
what a file must hold for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError
from pix2pix.networks import build_generator

Tensors = Mapping[str, Tensor]
STATISTICS = ("running_mean", "running_var")
BLANK = {"bias": 0.0, "running_mean": 0.0, "weight": 1.0, "running_var": 1.0}
"""What a norm's tensors are where a file has none."""


@dataclass(frozen=True)
class Part:
    """A convolution or a norm of ours, by its name in the file. `has_bias`: the file must
    have one, or need not (None)."""

    name: str
    has_bias: bool | None = None
    is_norm: bool = False


@dataclass(frozen=True)
class Plan:
    """One network in one project's words, and what it is in ours."""

    project: str
    what: str
    """`a U-Net for 256 x 256 with batch norm`"""
    blank: nn.Module
    """Our network, without weights."""
    parts: dict[str, Part]
    """By the name of our module."""
    facts: dict[str, Any]
    """What rebuilds it: a model's config, or what is to be known of a discriminator."""
    ignored: Callable[[str], bool] = lambda name: False
    turn: Callable[[str, Tensor], Tensor] = field(default=lambda name, value: value)
    """A tensor as ours lies, by our name for it."""
    leaves: dict[str, str] = field(default_factory=dict)
    """Our word for the last part of a norm's name -> theirs, where it is another."""

    def name_of(self, module: str, leaf: str) -> str:
        """What the file calls a tensor."""
        part = self.parts[module]
        return part.name + (
            self.leaves.get(leaf, f".{leaf}") if part.is_norm else self.leaves.get(f"conv {leaf}", f".{leaf}")
        )


def plan_generator(
    project: str, what: str, *, config: ModelConfig, parts: dict[str, Part], **more: Any
) -> Plan:
    """A plan for a generator of ours."""
    with torch.device("meta"):
        blank = build_generator(config)
    return Plan(project, what, blank, parts, config.to_dict(), **more)


def size_of(tensors: Tensors, name: str, *, dimension: int, usual: int) -> int:
    """One size of a tensor; the usual one where it is missing, which is said
    later, with all that is missing."""
    value = tensors.get(name)
    return int(value.shape[dimension]) if value is not None and value.dim() > dimension else usual


def convert(plan: Plan, tensors: Tensors) -> dict[str, Tensor]:
    """The weights as ours; `CheckpointError` says what the file is, and what it lacks or has too much."""
    _check_names(plan, tensors)
    weights = {
        name: _convert_one(plan, name, wanted=wanted, tensors=tensors)
        for name, wanted in plan.blank.state_dict().items()
    }
    _fold_biases(plan, weights, tensors=tensors)
    return weights


def _check_names(plan: Plan, tensors: Tensors) -> None:
    needed, known = names_of(plan, tensors)
    missing = [name for name in needed if name not in tensors]
    strange = [name for name in tensors if name not in known and not plan.ignored(name)]
    said = f"is {plan.what} of {plan.project}"
    if missing:
        raise CheckpointError(
            f"{said}, but {len(missing)} of its {len(needed)} keys {'are' if len(missing) > 1 else 'is'} "
            f"missing: {_few(missing)}."
            " The file is incomplete, or was changed."
        )
    if strange:
        raise CheckpointError(
            f"{said}, but has {len(strange)} key{'s' * (len(strange) > 1)} that such a network has not: "
            f"{_few(strange)}. It was changed."
        )


def names_of(plan: Plan, tensors: Tensors) -> tuple[list[str], set[str]]:
    """What the file must hold, and all that it may."""
    needed = []
    known = set()
    modules = dict(plan.blank.named_modules())
    kept = any(name.endswith(plan.leaves.get("running_var", "running_var")) for name in tensors)
    for module, part in plan.parts.items():
        if part.is_norm:
            if not isinstance(modules[module], nn.BatchNorm2d):
                continue
            leaves = ["weight", "bias", *(STATISTICS if kept else ())]
            known.add(plan.name_of(module, "num_batches_tracked"))
        else:
            leaves = ["weight"] + ["bias"] * bool(part.has_bias)
            if part.has_bias is None:
                known.add(plan.name_of(module, "bias"))
        needed += [plan.name_of(module, leaf) for leaf in leaves]
    return needed, known | set(needed)


def _few(names: list[str]) -> str:
    first = names[0][:80]
    return first if len(names) == 1 else f"{first} and {len(names) - 1} more"


def _convert_one(plan: Plan, name: str, *, wanted: Tensor, tensors: Tensors) -> Tensor:
    module, _, leaf = name.rpartition(".")
    value = tensors.get(plan.name_of(module, leaf))
    if leaf == "num_batches_tracked":
        # Older files do not count; what counts is whether there are statistics at all.
        seen = int(value) if value is not None else int(plan.name_of(module, "running_var") in tensors)
        return torch.tensor(seen)
    if value is None:
        return torch.full(wanted.shape, BLANK[leaf])
    value = plan.turn(name, value.float())
    if value.shape != wanted.shape:
        raise CheckpointError(
            f"is {plan.what} of {plan.project}, but its {plan.name_of(module, leaf)[:80]} becomes "
            f"{tuple(value.shape)} and must be"
            f" {tuple(wanted.shape)}. The network was changed, and cannot be taken over."
        )
    return value.contiguous()


def _fold_biases(plan: Plan, weights: dict[str, Tensor], *, tensors: Tensors) -> None:
    """A bias before a batch norm, which ours have not, moves into the running mean. An
    instance norm takes it away again."""
    for module, part in plan.parts.items():
        norm = module.removesuffix("conv") + "norm.running_mean"
        if part.is_norm or f"{module}.bias" in weights or norm not in weights:
            continue
        bias = tensors.get(plan.name_of(module, "bias"))
        if bias is not None and bias.shape == weights[norm].shape:
            weights[norm] = weights[norm] - bias.float()
