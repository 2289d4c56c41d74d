"""Recognises whose network a file holds by its keys, and describes in words what it is otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from pix2pix.checkpoints.importers import junyanz as junyanz
from pix2pix.checkpoints.importers import others
from pix2pix.checkpoints.importers.conversion import convert
from pix2pix.checkpoints.importers.find import DISCRIMINATOR, GENERATOR, Found, find_networks, flatten
from pix2pix.errors import CheckpointError, ConfigError

__all__ = ["DISCRIMINATOR", "GENERATOR", "Recognised", "recognise"]
OFTEN_SEEN = {
    "model.diffusion_model.": "a Stable Diffusion model",
    "lora_": "a LoRA",
    "time_embedding.": "a diffusion network",
    "conv_in.": "a network of the diffusers library",
    "encoder.layers.": "a transformer",
    "optimizer": "the state of an optimizer",
}
PREFERRED = (
    "G",
    "generator",
    "netG",
    "G_state_dict",
    "generator_state_dict",
    "gen",
    "params_ema",
    "ema",
    "state_dict",
    "model",
    "params",
)
"""The first of these is used where a file holds a generator and its moving average."""
MOST_NAMED = 5


@dataclass(frozen=True)
class Recognised:
    """A network of another project, converted to our names."""

    kind: str
    project: str
    facts: dict[str, Any]
    weights: dict[str, Tensor]
    network: str = ""
    """Its name in the file; "" where the file holds nothing else."""
    left_out: str = ""
    """Description of what else the file holds."""


def recognise(content: Any, wanted: str = GENERATOR, *, network: str = "") -> Recognised:
    """Finds and converts the network in a file's content: tensors by name, or nested dicts of them.

    `network` chooses one by its name in the file. Raises `CheckpointError` with the rest of a sentence after
    the file's name, as in `is a ...`: where there is none, or where there are several and none is chosen.
    """
    tensors = flatten(content)
    if not tensors:
        raise CheckpointError("holds no tensors, so no network.")
    found = find_networks(tensors)
    chosen = _choose(found, wanted, network=network) or _nearest(found, wanted)
    if chosen is None:
        raise CheckpointError(_diagnose(found, tensors, wanted=wanted))
    try:
        plan = chosen.layout.plan(chosen.tensors)
        weights = convert(plan, chosen.tensors)
    except (ConfigError, RuntimeError, IndexError, TypeError, ValueError) as error:
        raise CheckpointError(
            "looks like a known network, but its tensors have shapes that no such network has "
            f"({error!s:.120})."
        ) from error
    left_out = _left_out(chosen, found, tensors=tensors)
    return Recognised(
        chosen.layout.kind, plan.project, plan.facts, weights, chosen.label if left_out else "", left_out
    )


def _choose(found: list[Found], wanted: str, *, network: str) -> Found | None:
    """Returns the only complete network of the wanted kind, or the one named; None where there is none."""
    whole = [one for one in found if one.is_whole and one.layout.kind == wanted]
    if network:
        named = [one for one in whole if network in one.names] or [
            one for one in found if network in one.names
        ]
        if not named:
            there = (
                f"there {'is' if len(whole) == 1 else 'are'} {_listed(whole)}"
                if whole
                else f"it holds no {wanted} that is known"
            )
            raise CheckpointError(f"has no {wanted} called {network[:60]!r}: {there}.")
        whole = named[:1]
    if len({one.without_average for one in whole}) > 1:
        ways = " or ".join(f"FILE::{one.label or one.prefix}" for one in whole[:MOST_NAMED])
        raise CheckpointError(f"holds {len(whole)} {wanted}s, {_listed(whole)}: choose one as {ways}.")
    return min(whole, key=_rank) if whole else None


def _listed(found: list[Found]) -> str:
    names = [one.label or "one without a name" for one in found[:MOST_NAMED]]
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]


def _rank(one: Found) -> int:
    name = one.label.rpartition(".")[2]
    return PREFERRED.index(name) if name in PREFERRED else len(PREFERRED) + one.is_average


def _nearest(found: list[Found], wanted: str) -> Found | None:
    """Returns the nearly complete network with the most tensors, so that the message can
    name what it lacks."""
    near = [
        one
        for one in found
        if not one.is_whole and one.layout.kind == wanted and (not one.prefix or one.is_near)
    ]
    others_are_whole = any(one.is_whole for one in found)
    near = [one for one in near if one.is_near or not others_are_whole]
    return max(near, key=lambda one: one.present, default=None)


def _left_out(chosen: Found, found: list[Found], *, tensors: dict[str, Tensor]) -> str:
    """Returns what belongs to other networks, such as `discriminator (12 tensors), vgg (26 tensors)`."""
    used = {chosen.full_name(name) for name in chosen.tensors}
    owners = {one.full_name(name): one.label for one in found if one.is_whole for name in one.tensors}
    counts: dict[str, int] = {}
    for name in tensors:
        if name not in used:
            head = owners.get(name) or name.removeprefix("state_dict.").partition(".")[0]
            counts[head] = counts.get(head, 0) + 1
    parts = [
        f"{name[:60]} ({count:,} tensor{'s' * (count > 1)})"
        for name, count in list(counts.items())[:MOST_NAMED]
    ]
    more = f" and {len(counts) - MOST_NAMED} more" if len(counts) > MOST_NAMED else ""
    return ", ".join(parts) + more


def _diagnose(found: list[Found], tensors: dict[str, Tensor], *, wanted: str) -> str:
    known = next((one for one in found if one.is_whole), None) or next(
        (one for one in found if not one.prefix), None
    )
    if known:
        plan = known.layout.plan(known.tensors)
        if wanted == GENERATOR:
            return (
                f"is {plan.what} of {plan.project}: it judges pictures and makes none. A training can start"
                " from it (init_discriminator)."
            )
        return f"is {plan.what} of {plan.project}, a generator; a discriminator is wanted here."
    first = next(iter(tensors))
    resemblance = next(
        (what for start, what in OFTEN_SEEN.items() if any(name.startswith(start) for name in tensors)), ""
    )
    convolutions = sum(value.dim() == 4 for value in tensors.values())
    description = (
        f"holds {len(tensors):,} tensors, {convolutions:,} of them convolutions, the first called"
        f" {first[:60]!r}"
    )
    looks = f": {resemblance}, it seems" if resemblance else ""
    projects = ", ".join(dict.fromkeys((junyanz.PROJECT, others.KIMRASS, others.HUGGAN, others.TENSORFLOW)))
    return f"{description}{looks}. It has the keys of no network that is read here ({projects}, and our own)."
