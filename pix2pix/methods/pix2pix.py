"""The mathematics of pix2pix: what each network pays in one step (Isola et al., 2017, section 3.1).

L1, GAN, cGAN, L1+GAN and L1+cGAN are settings: `gan="none"`, `l1=0`, `conditional=False`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.errors import ConfigError
from pix2pix.losses import GAN_LOSSES, fake_loss, generator_loss, gradient_penalty, l1_loss, real_loss
from pix2pix.networks import build_blank, build_shapes
from pix2pix.networks.patchgan import HALVINGS, PatchGAN, smallest_picture

OBJECTIVE_SCALE = {"vanilla": 0.5}
"""The paper halves the discriminator's objective, to slow it down beside the generator (section 3.3)."""


@dataclass(frozen=True)
class Networks:
    """The two players; there is no discriminator where L1 trains alone."""

    generator: nn.Module
    discriminator: nn.Module | None


def build_discriminator(config: TrainConfig, model: ModelConfig) -> PatchGAN:
    """The discriminator of these settings; its weights are zeros, which `init_weights` replaces.

    `ConfigError` where the pictures are too small for its patch.
    """
    return build_blank(lambda: _build(config, model))


def describe_discriminator(config: TrainConfig, model: ModelConfig) -> PatchGAN:
    """As `build_discriminator`, as shapes alone (the `meta` device): it takes no memory, whatever its width."""
    return build_shapes(lambda: _build(config, model))


def _build(config: TrainConfig, model: ModelConfig) -> PatchGAN:
    patch, smallest = int(config.patch), smallest_picture(int(config.patch))
    if config.size < smallest:
        fitting = [str(other) for other in HALVINGS if smallest_picture(other) <= config.size]
        raise ConfigError(
            f"size is {config.size}; a discriminator with patch {patch} needs at least {smallest}. Choose patch {' or '.join(fitting)}."
        )
    in_channels = model.out_channels + (model.in_channels if config.conditional else 0)
    return PatchGAN(in_channels, config.discriminator_width, patch, config.norm)


def discriminator_losses(  # noqa: PLR0913  # three pictures, who judges them, how, and the one random number
    discriminator: nn.Module, source: Tensor, target: Tensor, fake: Tensor, config: TrainConfig, alpha: Tensor | None = None
) -> dict[str, Tensor]:
    """What the discriminator pays: `d`, to be made small, and its parts `d_real`, `d_fake` and, for wgan-gp, `penalty`.

    `score_real` and `score_fake` are for the eye: the mean probability of being real for vanilla, the mean score otherwise.
    `fake` is detached here. `alpha` is one random number from 0 to 1 a picture, (B,), that wgan-gp mixes real and fake with.
    """

    def judge(picture: Tensor) -> Tensor:
        return discriminator(_to_judge(source, picture, config))

    fake = fake.detach()
    real_logits, fake_logits = judge(target), judge(fake)
    losses = {"d_real": real_loss(config.gan, real_logits, config.real_label), "d_fake": fake_loss(config.gan, fake_logits)}
    objective = (losses["d_real"] + losses["d_fake"]) * OBJECTIVE_SCALE.get(config.gan, 1.0)
    if GAN_LOSSES[config.gan].penalised:
        assert alpha is not None, "wgan-gp needs an alpha for each picture"
        losses["penalty"] = gradient_penalty(judge, target, fake, alpha)
        objective = objective + config.penalty * losses["penalty"]
    return {"d": objective, **losses, "score_real": _score(real_logits, config), "score_fake": _score(fake_logits, config)}


def generator_losses(
    discriminator: nn.Module | None, source: Tensor, target: Tensor, fake: Tensor, config: TrainConfig
) -> dict[str, Tensor]:
    """What the generator pays: `g`, to be made small, and its unweighted parts `g_l1` and, where there is a GAN loss, `g_gan`.

    The gradient runs through the discriminator too: turn `requires_grad` of its weights off meanwhile, to save a third of the work.
    """
    losses, weights = {"g_l1": l1_loss(fake, target)}, {"g_l1": config.l1}
    if config.gan != "none":
        assert discriminator is not None, "a GAN loss needs a discriminator"
        losses["g_gan"] = generator_loss(config.gan, discriminator(_to_judge(source, fake, config)))
        weights["g_gan"] = config.gan_weight
    # A part of weight 0 is left out: its gradient would cost the same, and 0 times infinity is not 0.
    objective = sum((weights[name] * loss for name, loss in losses.items() if weights[name]), torch.zeros_like(losses["g_l1"]))
    return {"g": objective, **losses}


def _to_judge(source: Tensor, picture: Tensor, config: TrainConfig) -> Tensor:
    """What the discriminator is shown: source and picture for cGAN, the picture alone for GAN."""
    return torch.cat((source, picture), 1) if config.conditional else picture


@torch.no_grad()
def _score(logits: Tensor, config: TrainConfig) -> Tensor:
    values = logits.float()
    return (values.sigmoid() if config.gan == "vanilla" else values).mean()
