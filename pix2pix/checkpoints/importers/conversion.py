"""Converts the network of another project to ours: which of its names corresponds to which of our modules,
and what a file must contain."""

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
"""Values of a norm's tensors that a file lacks."""


@dataclass(frozen=True)
class Part:
    """A convolution or norm of ours by its name in the file. `has_bias`: True required, False
    absent, None optional."""

    name: str
    has_bias: bool | None = None
    is_norm: bool = False


@dataclass(frozen=True)
class Plan:
    """The mapping of one project's network to ours."""

    project: str
    what: str
    """Description for messages, such as `a U-Net for 256 x 256 with batch norm`."""
    blank: nn.Module
    """Our network on the meta device, without weights."""
    parts: dict[str, Part]
    """Parts by the name of our module."""
    facts: dict[str, Any]
    """What rebuilds the network: a model's config, or the settings of a discriminator."""
    ignored: Callable[[str], bool] = lambda name: False
    convert_tensor: Callable[[str, Tensor], Tensor] = field(default=lambda name, value: value)
    """Converts a tensor to our layout, given our name for it."""
    leaves: dict[str, str] = field(default_factory=dict)
    """The project's ending for ours, such as `conv weight` or `running_mean`, where it differs."""

    def name_of(self, module: str, leaf: str) -> str:
        """Returns the file's name for a tensor of our module."""
        part = self.parts[module]
        return part.name + (
            self.leaves.get(leaf, f".{leaf}") if part.is_norm else self.leaves.get(f"conv {leaf}", f".{leaf}")
        )


def plan_generator(
    project: str, what: str, *, config: ModelConfig, parts: dict[str, Part], **more: Any
) -> Plan:
    """Returns the plan for a generator that `config` describes."""
    with torch.device("meta"):
        blank = build_generator(config)
    return Plan(project, what, blank, parts, config.to_dict(), **more)


def size_of(tensors: Tensors, name: str, *, dimension: int, usual: int) -> int:
    """Returns one size of a tensor; `usual` where it is missing, which `convert` reports with all
    that is missing."""
    value = tensors.get(name)
    return int(value.shape[dimension]) if value is not None and value.dim() > dimension else usual


def convert(plan: Plan, tensors: Tensors) -> dict[str, Tensor]:
    """Returns the weights in our names and layout, float32.

    Raises `CheckpointError` with what the file is and which keys it lacks or has too many.
    """
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
    what = f"is {plan.what} of {plan.project}"
    if missing:
        raise CheckpointError(
            f"{what}, but {len(missing)} of its {len(needed)} keys {'are' if len(missing) > 1 else 'is'} "
            f"missing: {_few(missing)}."
            " The file is incomplete, or was changed."
        )
    if strange:
        raise CheckpointError(
            f"{what}, but has {len(strange)} key{'s' * (len(strange) > 1)} that such a network has not: "
            f"{_few(strange)}. It was changed."
        )


def names_of(plan: Plan, tensors: Tensors) -> tuple[list[str], set[str]]:
    """Returns the names that the file must contain, and all that it may contain."""
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
        count = int(value) if value is not None else int(plan.name_of(module, "running_var") in tensors)
        return torch.tensor(count)
    if value is None:
        return torch.full(wanted.shape, BLANK[leaf])
    value = plan.convert_tensor(name, value.float())
    if value.shape != wanted.shape:
        raise CheckpointError(
            f"is {plan.what} of {plan.project}, but its {plan.name_of(module, leaf)[:80]} becomes "
            f"{tuple(value.shape)} and must be"
            f" {tuple(wanted.shape)}. The network was changed, and cannot be taken over."
        )
    return value.contiguous()


def _fold_biases(plan: Plan, weights: dict[str, Tensor], *, tensors: Tensors) -> None:
    """Moves a bias before a batch norm, which our convolutions lack, into the running mean.

    An instance norm removes a bias by itself.
    """
    for module, part in plan.parts.items():
        norm = module.removesuffix("conv") + "norm.running_mean"
        if part.is_norm or f"{module}.bias" in weights or norm not in weights:
            continue
        bias = tensors.get(plan.name_of(module, "bias"))
        if bias is not None and bias.shape == weights[norm].shape:
            weights[norm] = weights[norm] - bias.float()
