"""The method CycleGAN: two generators that undo one another, learned from two sides of images without pairs
(Zhu, Park, Isola and Efros, 2017)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import torch
from torch import Tensor, nn

from pix2pix.config import ImageSpec, ModelConfig, TrainConfig
from pix2pix.errors import ConfigError
from pix2pix.methods.base import Applied, Batch, Criterion, Draw, Images, Losses, Metric, Player
from pix2pix.methods.image_pool import ImagePool
from pix2pix.methods.losses import GAN_LOSSES, fake_loss, generator_loss, gradient_penalty, l1_loss, real_loss
from pix2pix.methods.pix2pix import describe_model
from pix2pix.methods.scales import check_scales, halved, mean_over, names_of
from pix2pix.networks import build_blank, build_generator, build_shapes, describe_generator, sample_noise
from pix2pix.networks.patchgan import PatchGAN

OBJECTIVE_SCALE = {"vanilla": 0.5, "lsgan": 0.5}
"""The discriminators' objectives are halved, to slow them down beside the generators (appendix 7.1)."""
OTHER = {"a": "b", "b": "a"}
HELD = 1.25
"""As `Applied.held`: of several passes through one network the gradients of one at a time are held."""
MAKER = {"a": "BtoA", "b": "AtoB"}
"""The generator that makes images of a side."""


class CycleGAN:
    """Generators from A to B and from B to A, and a discriminator of single images for each side. Batches
    hold `a` and `b`, which do not belong together."""

    examples: str = "unpaired"
    sets: Mapping[str, tuple[str, str]] = MappingProxyType({"a": ("fake_a", "a"), "b": ("fake_b", "b")})
    columns: tuple[str, ...] = ("a", "fake_b", "back_a", "b", "fake_a", "back_b")

    def __init__(self, config: TrainConfig, models: Mapping[str, ModelConfig]) -> None:
        self.config = config
        self.saved: Mapping[str, ModelConfig] = models
        self.networks = nn.ModuleDict({name: build_generator(model) for name, model in models.items()})
        channels = {side: models[MAKER[side]].out_channels for side in OTHER}
        self.has_identity = config.identity > 0 and channels["a"] == channels["b"]
        generators = Player("generators", tuple(models), config.rate)
        self.players: tuple[Player, ...] = (generators,)
        self.pools: dict[str, ImagePool] = {}
        self._has_penalty = config.gan != "none" and GAN_LOSSES[config.gan].penalised
        self.compilable = not self._has_penalty
        self.criterion = self.criterion_of(config)
        if config.gan == "none":
            return
        for side in OTHER:
            for name in names_of(f"discriminator_{side}", config.scales):
                self.networks[name] = build_blank(
                    lambda side=side: _build_discriminator(config, channels[side])  # type: ignore[misc]
                )
            if config.pool:
                shape = (channels[side], config.crop_size(), config.crop_size())
                self.pools[side] = ImagePool(f"pool_{side}", config.pool, shape=shape)
        judges = tuple(name for side in OTHER for name in names_of(f"discriminator_{side}", config.scales))
        rate = config.discriminator_rate or config.rate
        self.players = (Player("discriminators", judges, rate, config.critic_steps), generators)

    @classmethod
    def criterion_of(cls, config: TrainConfig) -> Criterion:
        """Returns the metric of the settings with a paired test, and the mean cycle's without."""
        if config.paired_test:
            return Criterion(config.best, lower_is_better=config.best == "l1")
        return Criterion("cycle_l1", lower_is_better=True)

    @classmethod
    def describe(cls, config: TrainConfig, images: Images) -> dict[str, ModelConfig]:
        """Returns the configs of both generators, as in `Method`; the images are named `a` and `b`.

        Raises `ConfigError` where nothing would be learned, a patch does not fit into the pictures, or a
        batch not into the pool.
        """
        if not config.has_gan() and config.cycle_a == config.cycle_b == 0:
            without = 'gan is "none"' if config.gan == "none" else "gan_weight is 0"
            raise ConfigError(
                f"{without} and both cycle weights are 0: nothing would be learned. Choose a GAN loss and a "
                "weight for it, or set cycle_a or cycle_b above 0."
            )
        if config.gan != "none":
            check_scales(config)
            if 0 < config.pool < config.batch:
                raise ConfigError(
                    f"pool is {config.pool} and batch {config.batch}: a pool holds at least one batch. Take "
                    f"pool {config.batch} or more, or 0 for none."
                )
        return {
            "AtoB": describe_model(config, {"source": images["a"], "target": images["b"]}),
            "BtoA": describe_model(config, {"source": images["b"], "target": images["a"]}),
        }

    @classmethod
    def build(cls, config: TrainConfig, images: Images) -> CycleGAN:
        """Returns the method, as in `Method`; images as in `describe`."""
        return cls(config, cls.describe(config, images))

    @classmethod
    def applied(cls, config: TrainConfig) -> tuple[Applied, ...]:
        """Returns the networks as they are applied in a step, as in `Method`."""
        models = cls.describe(config, {"a": ImageSpec(), "b": ImageSpec()})
        side = config.crop_size()
        picture = torch.empty(config.batch, 3, side, side, device="meta")
        # Of each side: the fake, the way back, and the identity.
        times = 1 + (config.cycle_a > 0 or config.cycle_b > 0) * (1 + (config.identity > 0))
        generators = [
            Applied(name, describe_generator(model), picture, times=times, held=HELD)
            for name, model in models.items()
        ]
        if config.gan == "none":
            return tuple(generators)
        judges = [
            Applied(
                name,
                build_shapes(lambda: _build_discriminator(config, picture.shape[1])),
                halved(picture, scale),
                times=1,
                held=HELD,
            )
            for side in OTHER
            for scale, name in enumerate(names_of(f"discriminator_{side}", config.scales))
        ]
        return (*generators, *judges)

    @classmethod
    def state_bytes(cls, config: TrainConfig) -> int:
        """Returns the bytes of both pools."""
        return 0 if config.gan == "none" else 2 * 4 * config.pool * 3 * config.crop_size() ** 2

    def to(self, device: torch.device) -> None:
        """Moves the networks and the pools."""
        self.networks.to(device)
        for pool in self.pools.values():
            pool.images = pool.images.to(device)

    def noise(self, batch: Batch, draw: Draw) -> Batch:
        """Returns places in the pools, dropout masks of all four to six translations of a pass, and for a
        gradient penalty `alpha_a` and `alpha_b` (B,)."""
        noise: dict[str, Tensor] = {}
        for pool in self.pools.values():
            noise |= pool.draw(draw)
        height, width = batch["a"].shape[-2:]
        for name in self.saved:
            generator: Any = self.networks[name]
            shapes = generator.noise_shapes(height, width)
            for use in ("fake", "back", "same") if shapes else ():
                masks = sample_noise(shapes, self.config.dropout, seeds=draw.seeds(name, use))
                noise |= {f"{name} {use} {level}": mask for level, mask in enumerate(masks)}
        if self._has_penalty:
            for side in OTHER:
                noise[f"alpha_{side}"] = torch.cat(
                    [
                        torch.rand(1, generator=torch.Generator().manual_seed(seed))
                        for seed in draw.seeds("alpha", side)
                    ]
                )
        return noise

    def make_fakes(self, batch: Batch, noise: Batch) -> Batch:
        """Returns `a` and `b`: the translation of the other side's images to each side."""
        return {side: self._translate(MAKER[side], batch[OTHER[side]], noise, use="fake") for side in OTHER}

    def losses(self, player: str, batch: Batch, fakes: Batch, noise: Batch) -> Losses:
        """Returns the losses, as in `Method`; the totals are logged as `d` and `g`."""
        if player == "generators":
            return self._generator_losses(batch, fakes, noise)
        losses: Losses = {}
        for side in OTHER:
            losses |= self._discriminator_losses(side, batch[side], fakes[side], noise=noise)
        total = losses["d_a"] + losses["d_b"]
        return {"total": total, "d": total, **losses}

    def _generator_losses(self, batch: Batch, fakes: Batch, noise: Batch) -> Losses:
        """Returns the objective `g` and its unweighted parts (section 3, equations 1 to 3)."""
        config = self.config
        cycles = {"a": config.cycle_a, "b": config.cycle_b}
        parts: Losses = {}
        weights: dict[str, float] = {}
        for side in OTHER:
            if config.gan != "none":
                parts[f"g_{side}"] = self._judged(
                    side, lambda judge, images: generator_loss(config.gan, judge(images)), fakes[side]
                )
                weights[f"g_{side}"] = config.gan_weight
            # A part of weight 0 is not computed: it costs as much as the others.
            if cycles[side]:
                back = self._translate(MAKER[side], fakes[OTHER[side]], noise, use="back")
                parts[f"cycle_{side}"] = l1_loss(back, batch[side])
                weights[f"cycle_{side}"] = cycles[side]
            if self.has_identity and cycles[side]:
                same = self._translate(MAKER[side], batch[side], noise, use="same")
                parts[f"identity_{side}"] = l1_loss(same, batch[side])
                weights[f"identity_{side}"] = cycles[side] * config.identity
        total = torch.stack([weights[name] * part for name, part in parts.items() if weights[name]]).sum()
        return {"total": total, "g": total, **parts}

    def _discriminator_losses(self, side: str, real: Tensor, fake: Tensor, *, noise: Batch) -> Losses:
        config = self.config
        pool = self.pools.get(side)
        shown = pool.exchange(fake, noise) if pool else fake

        def loss(judge: PatchGAN, real: Tensor, shown: Tensor) -> Tensor:
            objective = real_loss(config.gan, judge(real), real_label=config.real_label)
            return objective + fake_loss(config.gan, judge(shown))

        def penalty_of(judge: PatchGAN, real: Tensor, shown: Tensor) -> Tensor:
            return gradient_penalty(judge, real, fake=shown, alpha=noise[f"alpha_{side}"])

        objective = self._judged(side, loss, real, shown) * OBJECTIVE_SCALE.get(config.gan, 1.0)
        if not self._has_penalty:
            return {f"d_{side}": objective}
        penalty = self._judged(side, penalty_of, real, shown)
        return {f"d_{side}": objective + config.penalty * penalty, f"penalty_{side}": penalty}

    def _judged(self, side: str, loss: Callable[..., Tensor], *images: Tensor) -> Tensor:
        """Returns the mean over scales of a loss of a side's discriminator and of images, halved for it."""
        names = names_of(f"discriminator_{side}", self.config.scales)
        judges = [cast(PatchGAN, self.networks[name]) for name in names]
        return mean_over(judges, lambda judge, scale: loss(judge, *(halved(each, scale) for each in images)))

    def _translate(self, name: str, images: Tensor, noise: Batch, *, use: str) -> Tensor:
        masks = [mask for key, mask in noise.items() if key.startswith(f"{name} {use} ")]
        generator = self.networks[name]
        translated: Tensor = generator(images, masks) if masks else generator(images)
        return translated.float()

    def sample(self, networks: nn.ModuleDict, example: Batch) -> Batch:
        """Returns both sides, their translations, the way back, and `same_a` and `same_b`: what the
        generators make of images of the side that they paint. Dropout is off."""
        fakes = {side: networks[MAKER[side]](example[OTHER[side]]) for side in OTHER}
        backs = {f"back_{side}": networks[MAKER[side]](fakes[OTHER[side]]) for side in OTHER}
        shown = {**example, **{f"fake_{side}": fake for side, fake in fakes.items()}, **backs}
        if self.has_identity:
            shown |= {f"same_{side}": networks[MAKER[side]](example[side]) for side in OTHER}
        return shown

    def validate(self, shown: Sequence[Batch], metrics: Mapping[str, Metric]) -> dict[str, float]:
        """Returns mean L1 differences (0 to 1) without pairs: `cycle_l1` of the ways back to both sides, that
        of each, and `identity_l1`.

        With a paired test also each metric of what is made of A and the true B, and `a_l1` and so on of what
        is made of B and the true A.
        """
        l1 = metrics["l1"]

        def mean(made: str, side: str) -> float:
            values = [l1(images[f"{made}_{side}"], images[side])[0] for images in shown]
            return sum(values) / len(values)

        cycles = {f"cycle_{side}_l1": mean("back", side) for side in OTHER}
        values = {"cycle_l1": sum(cycles.values()) / 2, **cycles}
        if self.has_identity:
            values["identity_l1"] = (mean("same", "a") + mean("same", "b")) / 2
        if self.config.paired_test:
            for name, metric in metrics.items():
                for side, key in (("b", name), ("a", f"a_{name}")):
                    found = [metric(images[f"fake_{side}"], images[side])[0] for images in shown]
                    values[key] = sum(found) / len(found)
        return values

    def about(self, name: str) -> dict[str, Any]:
        """Returns the method, the direction of this generator, the name of the other one, and the rule that
        chose the best."""
        forth = self.config.direction
        back = "BtoA" if forth == "AtoB" else "AtoB"
        other = next(saved for saved in self.saved if saved != name)
        return {
            "method": "cyclegan",
            "direction": forth if name == "AtoB" else back,
            "other_direction": other,
            "best": self.criterion.rule,
        }

    def state(self) -> dict[str, Any]:
        """Returns the images of the pools."""
        return {"pools": {side: pool.images for side, pool in self.pools.items()}} if self.pools else {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restores what `state` returned."""
        for side, pool in self.pools.items():
            pool.images.copy_(state["pools"][side])


def _build_discriminator(config: TrainConfig, channels: int) -> PatchGAN:
    return PatchGAN(channels, config.discriminator_width, receptive_field=int(config.patch), norm=config.norm)
