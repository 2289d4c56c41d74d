"""The losses of pix2pix: L1, four forms of the GAN loss, a gradient penalty, and differences
of features.

All are computed in float32, whatever the type of the logits: bfloat16 lacks the digits for a
mean over patches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class GanLoss:
    """One form of the GAN loss: of the discriminator on real and on fake logits, and of the generator."""

    real: Callable[[Tensor, float], Tensor]
    fake: Callable[[Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    penalised: bool = False
    """Whether the discriminator's loss includes the gradient penalty."""


def _cross_entropy(logits: Tensor, label: float) -> Tensor:
    # -label log s(x) - (1 - label) log(1 - s(x)), without an overflow for any x.
    return (F.softplus(-logits) + (1 - label) * logits).mean()


GAN_LOSSES: dict[str, GanLoss] = {
    "vanilla": GanLoss(
        real=_cross_entropy,
        fake=lambda logits: F.softplus(logits).mean(),
        # Not log(1 - D): it has no slope where the discriminator is sure (paper, 3.3).
        generator=lambda logits: F.softplus(-logits).mean(),
    ),
    "lsgan": GanLoss(
        real=lambda logits, label: (logits - label).square().mean(),
        fake=lambda logits: logits.square().mean(),
        generator=lambda logits: (logits - 1).square().mean(),
    ),
    "hinge": GanLoss(
        real=lambda logits, label: F.relu(1 - logits).mean(),
        fake=lambda logits: F.relu(1 + logits).mean(),
        generator=lambda logits: -logits.mean(),
    ),
    "wgan-gp": GanLoss(
        real=lambda logits, label: -logits.mean(),
        fake=lambda logits: logits.mean(),
        generator=lambda logits: -logits.mean(),
        penalised=True,
    ),
}


def real_loss(form: str, real: Tensor, *, real_label: float = 1.0) -> Tensor:
    """Returns the discriminator's loss on logits of real pictures.

    `real_label` below 1 smooths vanilla and lsgan; the others have no label.
    """
    return GAN_LOSSES[form].real(real.float(), real_label)


def fake_loss(form: str, fake: Tensor) -> Tensor:
    """Returns the discriminator's loss on logits of generated pictures; their label is never smoothed."""
    return GAN_LOSSES[form].fake(fake.float())


def generator_loss(form: str, fake: Tensor) -> Tensor:
    """Returns the generator's loss on the discriminator's logits of its pictures."""
    return GAN_LOSSES[form].generator(fake.float())


def gradient_penalty(
    discriminator_fn: Callable[[Tensor], Tensor], real: Tensor, *, fake: Tensor, alpha: Tensor
) -> Tensor:
    """Returns the mean of (|gradient| - 1) squared of the critic between real and fake pictures (WGAN-GP).

    `alpha` (B,) in [0, 1] mixes each picture: 0 is the real one, 1 the fake one. The critic of a picture is
    the mean of its patch scores, as in the loss, so the penalty does not depend on the number of patches. A
    conditional critic is given as `lambda picture: discriminator(torch.cat((source, picture), 1))`.
    """
    mixed = torch.lerp(real.detach(), fake.detach(), alpha.to(real.dtype).view(-1, 1, 1, 1)).requires_grad_()
    scores = discriminator_fn(mixed).float().flatten(1).mean(1)
    (slope,) = torch.autograd.grad(scores.sum(), mixed, create_graph=True)
    return (slope.float().flatten(1).norm(dim=1) - 1).square().mean()


def l1_loss(fake: Tensor, target: Tensor) -> Tensor:
    """Returns the mean absolute difference of two tensors."""
    return F.l1_loss(fake.float(), target.float())


def mean_difference(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Returns the mean over layers of the L1 difference of two pictures' features."""
    return torch.stack([l1_loss(ours, theirs) for ours, theirs in zip(found, wanted, strict=True)]).mean()


def feature_distance(network: Callable[[Tensor], Sequence[Tensor]], fake: Tensor, target: Tensor) -> Tensor:
    """Returns `mean_difference` of a network's features of fake and target; the gradient goes to the fake
    alone."""
    with torch.no_grad():
        wanted = network(target)
    return mean_difference(network(fake), wanted)
