"""The method pix2pix: the losses of generator and discriminator in one step (Isola et al.,
2017, section 3.1).

L1, GAN, cGAN, L1+GAN and L1+cGAN are settings: `gan="none"`, `l1=0`, `conditional=False`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import torch
from torch import Tensor, nn

from pix2pix.config import ImageSpec, ModelConfig, TrainConfig
from pix2pix.errors import ConfigError
from pix2pix.methods.base import Applied, Batch, Criterion, Draw, Images, Losses, Metric, Player
from pix2pix.methods.losses import (
    GAN_LOSSES,
    fake_loss,
    feature_distance,
    generator_loss,
    gradient_penalty,
    l1_loss,
    real_loss,
)
from pix2pix.methods.scales import check_scales, halved, matching_loss, mean_over, names_of
from pix2pix.networks import build_blank, build_generator, build_shapes, describe_generator, sample_noise
from pix2pix.networks.patchgan import PatchGAN
from pix2pix.networks.vgg import Vgg16

FEWEST_CLASSES = 2
PERCEPTUAL = "perceptual"
"""The name of the network whose features a perceptual loss compares; no player trains it."""
HELD_FIXED = 1.5
"""As `Applied.held`, of that network: its weights have no gradients, and the target's features no graph."""
OBJECTIVE_SCALE = {"vanilla": 0.5}
"""The paper halves the discriminator's objective, to slow it down beside the generator (section 3.3)."""


class Pix2Pix:
    """A generator that turns sources into targets, and a discriminator where there is a GAN loss. Batches
    hold `source` and `target`."""

    examples: str = "pairs"
    sets: Mapping[str, tuple[str, str]] = MappingProxyType({})
    columns: tuple[str, ...] = ("source", "fake", "target")

    def __init__(self, config: TrainConfig, model: ModelConfig) -> None:
        self.config = config
        self.saved: Mapping[str, ModelConfig] = {"generator": model}
        self.generator = build_generator(model)
        self.networks = nn.ModuleDict({"generator": self.generator})
        self.players: tuple[Player, ...] = (Player("generator", ("generator",), config.rate),)
        self.criterion = self.criterion_of(config)
        self._has_penalty = config.gan != "none" and GAN_LOSSES[config.gan].penalised
        self.compilable = not self._has_penalty
        if config.perceptual:
            self.networks[PERCEPTUAL] = build_blank(Vgg16)
        if config.gan != "none":
            names = names_of("discriminator", config.scales)
            self.networks.update({name: build_discriminator(config, model) for name in names})
            rate = config.discriminator_rate or config.rate
            self.players = (Player("discriminator", names, rate, config.critic_steps), *self.players)

    @classmethod
    def criterion_of(cls, config: TrainConfig) -> Criterion:
        """Returns the metric of the settings."""
        return Criterion(config.best, lower_is_better=config.best == "l1")

    @classmethod
    def describe(cls, config: TrainConfig, images: Images) -> dict[str, ModelConfig]:
        """Returns the generator's config, as in `Method`; the images are named `source` and `target`."""
        model = describe_model(config, images)
        if config.best == "class_accuracy" and len(model.target_palette) < FEWEST_CLASSES:
            raise ConfigError(
                f"best is class_accuracy, and the targets are {model.target} without classes of known "
                "colours. Take best detail or ssim."
            )
        if config.perceptual and model.out_channels not in (1, 3):
            raise ConfigError(
                f"perceptual compares pictures of 1 or 3 channels, and the targets have "
                f"{model.out_channels}. Leave it out."
            )
        if config.gan != "none":
            describe_discriminator(config, model)
        return {"generator": model}

    @classmethod
    def build(cls, config: TrainConfig, images: Images) -> Pix2Pix:
        """Returns the method, as in `Method`; images as in `describe`."""
        return cls(config, describe_model(config, images))

    @classmethod
    def applied(cls, config: TrainConfig) -> tuple[Applied, ...]:
        """Returns the networks as they are applied in a step, as in `Method`."""
        model = describe_model(config, {"source": ImageSpec(), "target": ImageSpec()})
        side = config.crop_size()
        picture = torch.empty(config.batch, 3, side, side, device="meta")
        own = [Applied("generator", describe_generator(model), picture, times=1)]
        if config.perceptual:
            fixed = build_shapes(Vgg16)
            own.append(Applied(PERCEPTUAL, fixed, picture, times=1, held=HELD_FIXED, trained=False))
        if config.gan == "none":
            return tuple(own)
        shown = torch.cat([picture, picture], 1) if config.conditional else picture
        # Each judges real and fake in its own step, and the fake once more in the generator's.
        judges = (
            Applied(name, describe_discriminator(config, model), halved(shown, scale), times=2)
            for scale, name in enumerate(names_of("discriminator", config.scales))
        )
        return (*own, *judges)

    @classmethod
    def state_bytes(cls, config: TrainConfig) -> int:
        """Returns 0: there is no state."""
        return 0

    def to(self, device: torch.device) -> None:
        """Moves the networks."""
        self.networks.to(device)

    def noise(self, batch: Batch, draw: Draw) -> Batch:
        """Returns dropout masks, and for a gradient penalty `alpha` (B,), the mix of real and fake."""
        shapes = self.generator.noise_shapes(*batch["source"].shape[-2:])
        masks = sample_noise(shapes, self.config.dropout, seeds=draw.seeds("noise")) if shapes else []
        noise = {f"mask{level}": mask for level, mask in enumerate(masks)}
        if self._has_penalty:
            noise["alpha"] = torch.cat(
                [torch.rand(1, generator=torch.Generator().manual_seed(seed)) for seed in draw.seeds()]
            )
        return noise

    def make_fakes(self, batch: Batch, noise: Batch) -> Batch:
        """Returns `fake`: the generator's translation of the source."""
        masks = [mask for name, mask in noise.items() if name.startswith("mask")]
        return {"fake": self.generator(batch["source"], masks or None).float()}

    @property
    def _judges(self) -> list[PatchGAN]:
        """The discriminators, one a scale; none without a GAN loss."""
        names = names_of("discriminator", self.config.scales)
        return [cast(PatchGAN, self.networks[name]) for name in names if name in self.networks]

    def losses(self, player: str, batch: Batch, fakes: Batch, noise: Batch) -> Losses:
        """Returns the losses, as in `Method`; the totals are logged as `d` and `g`."""
        source = batch["source"]
        target = batch["target"]
        fake = fakes["fake"]
        if player == "generator":
            losses = generator_losses(self._judges, source, target, fake, self.config)
            if self.config.perceptual:
                losses["g_perceptual"] = feature_distance(self.networks[PERCEPTUAL], fake, target)
                losses["g"] = losses["g"] + self.config.perceptual * losses["g_perceptual"]
            return {"total": losses["g"], **losses}
        losses = discriminator_losses(self._judges, source, target, fake, self.config, noise.get("alpha"))
        return {"total": losses["d"], **losses}

    def sample(self, networks: nn.ModuleDict, example: Batch) -> Batch:
        """Returns source, fake and target; dropout is off."""
        return {
            "source": example["source"],
            "fake": networks["generator"](example["source"]),
            "target": example["target"],
        }

    def validate(self, shown: Sequence[Batch], metrics: Mapping[str, Metric]) -> dict[str, float]:
        """Returns the mean over all pairs of each metric of fake and target."""
        pairs = [(images["fake"], images["target"]) for images in shown]
        return {
            name: sum(metric(*pair)[0] for pair in pairs) / len(pairs) for name, metric in metrics.items()
        }

    def about(self, name: str) -> dict[str, Any]:
        """Returns the rule that chose the best model."""
        return {"best": self.criterion.rule}

    def state(self) -> dict[str, Any]:
        """Returns {}: there is nothing beside weights and optimizers."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Does nothing: there is no state."""


def describe_model(config: TrainConfig, images: Images) -> ModelConfig:
    """Returns the config of the generator that these settings train on these images."""
    source = images["source"]
    target = images["target"]
    return ModelConfig(
        **config.architecture(),
        in_channels=source.channels,
        out_channels=target.channels,
        size=config.size,
        source=source.kind,
        target=target.kind,
        palette=source.palette,
        target_palette=target.palette,
        source_levels=source.levels,
        target_levels=target.levels,
    )


def build_discriminator(config: TrainConfig, model: ModelConfig) -> PatchGAN:
    """Returns the discriminator of these settings, with zeros for weights, which `init_weights` replaces.

    Raises `ConfigError` where the pictures are too small for its patch.
    """
    return build_blank(lambda: _build(config, model))


def describe_discriminator(config: TrainConfig, model: ModelConfig) -> PatchGAN:
    """Returns the discriminator as shapes alone (on the `meta` device), which takes no memory."""
    return build_shapes(lambda: _build(config, model))


def _build(config: TrainConfig, model: ModelConfig) -> PatchGAN:
    check_scales(config)
    in_channels = model.out_channels + (model.in_channels if config.conditional else 0)
    return PatchGAN(
        in_channels, config.discriminator_width, receptive_field=int(config.patch), norm=config.norm
    )


def discriminator_losses(
    judges: Sequence[PatchGAN],
    source: Tensor,
    target: Tensor,
    fake: Tensor,
    config: TrainConfig,
    alpha: Tensor | None = None,
) -> dict[str, Tensor]:
    """Returns the loss `d` of the discriminators, one a scale, and its parts `d_real`, `d_fake` and, for
    wgan-gp, `penalty`, each as the mean over scales.

    `score_real` and `score_fake` are for plots: the mean probability of being real for vanilla, the mean
    score otherwise. `fake` is detached here. `alpha` (B,) in [0, 1] mixes real and fake for wgan-gp.
    """
    fake = fake.detach()
    inputs = (_discriminator_input(source, picture, config=config) for picture in (target, fake))
    real_logits, fake_logits = (
        [judge(halved(shown, scale)) for scale, judge in enumerate(judges)] for shown in inputs
    )
    losses = {
        "d_real": mean_over(
            judges, lambda _, scale: real_loss(config.gan, real_logits[scale], real_label=config.real_label)
        ),
        "d_fake": mean_over(judges, lambda _, scale: fake_loss(config.gan, fake_logits[scale])),
    }
    objective = (losses["d_real"] + losses["d_fake"]) * OBJECTIVE_SCALE.get(config.gan, 1.0)
    if GAN_LOSSES[config.gan].penalised:
        assert alpha is not None, "wgan-gp needs an alpha for each picture"

        def penalty(judge: PatchGAN, scale: int) -> Tensor:
            below, real, made = (halved(images, scale) for images in (source, target, fake))
            return gradient_penalty(
                lambda picture: judge(_discriminator_input(below, picture, config=config)),
                real,
                fake=made,
                alpha=alpha,
            )

        losses["penalty"] = mean_over(judges, penalty)
        objective = objective + config.penalty * losses["penalty"]
    return {
        "d": objective,
        **losses,
        "score_real": mean_over(judges, lambda _, scale: _score(real_logits[scale], config)),
        "score_fake": mean_over(judges, lambda _, scale: _score(fake_logits[scale], config)),
    }


def generator_losses(
    judges: Sequence[PatchGAN], source: Tensor, target: Tensor, fake: Tensor, config: TrainConfig
) -> dict[str, Tensor]:
    """Returns the generator's loss `g` and its unweighted parts: `g_l1`, with a GAN loss `g_gan`, and with
    feature matching `g_fm`; the last two are means over scales.

    The gradient also runs through the discriminator: turn `requires_grad` of its weights off to save a third
    of the work.
    """
    losses = {"g_l1": l1_loss(fake, target)}
    weights = {"g_l1": config.l1}
    if config.gan != "none":
        assert judges, "a GAN loss needs a discriminator"
        shown = _discriminator_input(source, fake, config=config)
        judged = [_judge(judge, halved(shown, scale), config) for scale, judge in enumerate(judges)]
        losses["g_gan"] = mean_over(judges, lambda _, scale: generator_loss(config.gan, judged[scale][0]))
        weights["g_gan"] = config.gan_weight
        if config.feature_matching:
            # Computed anew: the discriminator has changed since it was shown the real pair in its own step.
            real = _discriminator_input(source, target, config=config)
            losses["g_fm"] = mean_over(
                judges,
                lambda judge, scale: matching_loss(judge, judged[scale][1], halved(real, scale)),
            )
            weights["g_fm"] = config.feature_matching
    # A part of weight 0 is left out: its gradient would cost the same, and 0 times infinity is not 0.
    objective = sum(
        (weights[name] * loss for name, loss in losses.items() if weights[name]),
        torch.zeros_like(losses["g_l1"]),
    )
    return {"g": objective, **losses}


def _judge(judge: PatchGAN, shown: Tensor, config: TrainConfig) -> tuple[Tensor, list[Tensor]]:
    """Returns the logits of a discriminator, and its features where they are matched."""
    if not config.feature_matching:
        return judge(shown), []
    features: list[Tensor] = judge.features(shown)
    return judge.score(features[-1]), features


def _discriminator_input(source: Tensor, picture: Tensor, *, config: TrainConfig) -> Tensor:
    """Returns the discriminator's input: source and picture concatenated for cGAN, the
    picture alone for GAN."""
    return torch.cat((source, picture), 1) if config.conditional else picture


@torch.no_grad()
def _score(logits: Tensor, config: TrainConfig) -> Tensor:
    values = logits.float()
    return (values.sigmoid() if config.gan == "vanilla" else values).mean()
