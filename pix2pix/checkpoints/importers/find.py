"""Finds the networks in a file's tensors under any prefix: `generator.`,
`state_dict.netG.module.`, or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor

from pix2pix.checkpoints.importers import junyanz as junyanz
from pix2pix.checkpoints.importers import others
from pix2pix.checkpoints.importers.conversion import Plan, Tensors, names_of
from pix2pix.errors import CheckpointError, ConfigError

GENERATOR = "generator"
DISCRIMINATOR = "discriminator"
WRAPPED = re.compile(r"(?:^|(?<=\.))(?:module|_orig_mod)\.")
"""What DataParallel and torch.compile insert into a name, at its beginning or inside."""
OTHER_NETWORKS = re.compile(
    r"(?:net_?)?[df](?:_?[ab0-9]+)?|.*disc.*|.*critic.*|vgg.*|lpips.*|inception.*|percep.*|criterion.*|.*loss.*|.*metric.*|fid.*|ssim.*"
    r"|psnr.*|optim.*|.*sched.*",
    re.IGNORECASE,
)
"""Names of what a training module holds beside its generator."""
AVERAGE = re.compile(
    r"(?:^|(?<=[._]))(?:ema|ema_model|averaged|shadow)(?=$|[._])|(?<=[a-z])_?ema(?=$|\.)", re.IGNORECASE
)
HOLDERS = {"state_dict", "model_state_dict", "params", "model", "weights"}
DEEPEST = 4
DEEPEST_PREFIX = 6
MOST_TENSORS = 20_000
MOST_PLANS = 50


@dataclass(frozen=True)
class Layout:
    """How one project saves one network: a test of the keys, and the plan of its conversion."""

    kind: str
    is_it: Callable[[Tensors], bool]
    plan: Callable[[Tensors], Plan]


LAYOUTS = (
    Layout(GENERATOR, junyanz.is_unet, junyanz.plan_unet),
    Layout(GENERATOR, junyanz.is_resnet, junyanz.plan_resnet),
    Layout(GENERATOR, others.is_huggan, others.plan_huggan),
    Layout(GENERATOR, others.is_tensorflow, others.plan_tensorflow),
    Layout(GENERATOR, others.is_kimrass, others.plan_kimrass),
    Layout(DISCRIMINATOR, junyanz.is_discriminator, junyanz.plan_discriminator),
)


@dataclass(frozen=True)
class Found:
    """A network under one prefix, complete or nearly so."""

    layout: Layout
    prefix: str
    """The common start of all its keys, without the last dot."""
    tensors: dict[str, Tensor]
    """Tensors by their names without the prefix."""
    is_whole: bool
    present: int = 0
    """Number of the required tensors that are there."""
    is_near: bool = False
    """Whether at least half of them are."""

    @cached_property
    def label(self) -> str:
        """The prefix without the usual containers such as `state_dict`."""
        parts = self.prefix.split(".") if self.prefix else []
        while len(parts) > 1 and parts[0] in HOLDERS:
            parts = parts[1:]
        return ".".join(parts)

    @property
    def names(self) -> set[str]:
        """All names by which it can be chosen."""
        return {self.label, self.prefix, self.label.rpartition(".")[2]} - {""}

    @property
    def is_average(self) -> bool:
        """Whether it is the moving average of another network."""
        return bool(AVERAGE.search(self.prefix))

    @property
    def without_average(self) -> str:
        """The label, without the mark of a moving average; "" for an unnamed or generic one, so that a
        generator and its average have the same."""
        if not self.is_average:
            return (
                "" if self.label in ("", "G", "generator", "netG", "gen", "model", "params") else self.label
            )
        rest = AVERAGE.sub("", self.label).strip("._")
        return "" if rest in ("", "G", "generator", "netG", "gen", "model", "params", "g", "net_g") else rest

    def full_name(self, name: str) -> str:
        """Returns the name of a tensor with the prefix."""
        return f"{self.prefix}.{name}" if self.prefix else name


def flatten(content: Any) -> dict[str, Tensor]:
    """Returns all tensors of nested dicts, keys joined by dots and without the prefixes of wrappers.

    Raises `CheckpointError` above `MOST_TENSORS`.
    """
    tensors: dict[str, Tensor] = {}
    visited = 0

    def gather(holder: Mapping[Any, Any], before: str, depth: int) -> None:
        nonlocal visited
        for key, value in holder.items():
            visited += 1
            if visited > 10 * MOST_TENSORS or len(tensors) > MOST_TENSORS:
                raise CheckpointError(
                    f"holds more than {MOST_TENSORS:,} tensors, and no network that is read here has as many."
                )
            if isinstance(key, str) and isinstance(value, Tensor):
                tensors[WRAPPED.sub("", before + key)] = value
            elif isinstance(key, str) and isinstance(value, Mapping) and depth < DEEPEST:
                gather(value, f"{before}{key}.", depth + 1)

    if isinstance(content, Mapping):
        gather(content, "", 0)
    return tensors


def find_networks(tensors: dict[str, Tensor]) -> list[Found]:
    """Returns complete and nearly complete networks in the order of the file, at most about `MOST_PLANS`."""
    found = []
    for number, one in enumerate(_search(tensors, "", depth=0)):
        found.append(one)
        if number >= MOST_PLANS:
            break
    return found


def _search(tensors: dict[str, Tensor], prefix: str, *, depth: int) -> Iterator[Found]:
    own = {
        name: value for name, value in tensors.items() if not OTHER_NETWORKS.fullmatch(name.partition(".")[0])
    }
    matches = [_match(layout, own, prefix=prefix) for layout in LAYOUTS if layout.is_it(own)]
    yield from matches
    used = {name for match in matches if match.is_whole for name in match.tensors}
    if depth >= DEEPEST_PREFIX:
        return
    for head, inner in _by_first_part(tensors).items():
        if not any(f"{head}.{name}" in used for name in inner):
            yield from _search(inner, f"{prefix}.{head}" if prefix else head, depth=depth + 1)


def _by_first_part(tensors: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    groups: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        head, dot, rest = name.partition(".")
        if dot and rest:
            groups.setdefault(head, {})[rest] = value
    return groups


def _match(layout: Layout, tensors: dict[str, Tensor], *, prefix: str) -> Found:
    """Returns how much of a layout the tensors contain."""
    try:
        plan = layout.plan(tensors)
    except (CheckpointError, ConfigError, RuntimeError, IndexError, TypeError, ValueError):
        return Found(layout, prefix, tensors, False)
    needed, known = names_of(plan, tensors)
    present = sum(name in tensors for name in needed)
    is_whole = present == len(needed) and all(name in known or plan.ignored(name) for name in tensors)
    return Found(layout, prefix, tensors, is_whole, present, 2 * present >= len(needed))
