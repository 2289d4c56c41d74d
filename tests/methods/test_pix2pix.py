from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.errors import ConfigError
from pix2pix.methods.losses import gradient_penalty
from pix2pix.methods.pix2pix import build_discriminator, discriminator_losses, generator_losses
from pix2pix.networks import PatchGAN, build_generator, init_weights

MODEL = ModelConfig(depth=3, width=2, in_channels=1, size=16)
FORMS = ["vanilla", "lsgan", "hinge", "wgan-gp"]


def settings(**values: Any) -> TrainConfig:
    return TrainConfig(**{"size": 16, "patch": "16", "discriminator_width": 2, **values})


def drawn(config: TrainConfig) -> PatchGAN:
    discriminator = build_discriminator(config, MODEL)
    init_weights(discriminator, torch.Generator().manual_seed(0))
    return discriminator


def pictures(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.rand(2, channels, 16, 16, generator=generator) * 2 - 1 for channels in (1, 3, 3))  # type: ignore[return-value]


class Mean(nn.Module):
    """A discriminator whose every score is the mean of the picture, and that counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, ...]] = []

    def forward(self, shown: Tensor) -> Tensor:
        self.seen.append(tuple(shown.shape))
        return shown.mean((1, 2, 3), keepdim=True).expand(-1, 1, 4, 4)


def test_the_discriminator_sees_the_source_where_it_is_conditional() -> None:
    assert drawn(settings()).layers[0].conv.in_channels == 1 + 3
    assert drawn(settings(conditional=False)).layers[0].conv.in_channels == 3


def test_the_discriminator_follows_its_settings() -> None:
    discriminator = drawn(settings(patch="34", discriminator_width=5, norm="batch"))
    assert [layer.conv.out_channels for layer in discriminator.layers] == [5, 10, 20]
    assert isinstance(discriminator.layers[1].norm, nn.BatchNorm2d)


def test_building_one_leaves_the_global_random_state_alone() -> None:
    torch.manual_seed(0)
    state = torch.get_rng_state()
    drawn(settings())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_patch_too_large_for_the_pictures_is_refused_with_those_that_fit() -> None:
    with pytest.raises(
        ConfigError, match=r"size is 16; .* patch 70 needs at least 24. Choose patch 1 or 16 or 34"
    ):
        build_discriminator(settings(size=16, patch="70"), MODEL)


def test_the_vanilla_objective_is_halved_and_the_others_are_not() -> None:
    for form, share in zip(FORMS[:3], (0.5, 1, 1), strict=True):
        losses = discriminator_losses([Mean()], *pictures(), settings(gan=form))
        assert losses["d"].item() == pytest.approx(share * (losses["d_real"] + losses["d_fake"]).item())


def test_the_losses_of_a_known_discriminator_are_known() -> None:
    source, target, fake = (
        torch.zeros(1, 1, 4, 4),
        torch.full((1, 3, 4, 4), 1.0),
        torch.full((1, 3, 4, 4), -1.0),
    )
    losses = discriminator_losses([Mean()], source, target, fake, settings(gan="hinge"))
    # (0 + 3 * 1) / 4 = 3/4 for the real pair, -3/4 for the fake one
    assert {name: loss.item() for name, loss in losses.items()} == {
        "d": 0.5,
        "d_real": 0.25,
        "d_fake": 0.25,
        "score_real": 0.75,
        "score_fake": -0.75,
    }
    vanilla = discriminator_losses([Mean()], source, target, fake, settings(conditional=False))
    assert vanilla["score_real"].item() == pytest.approx(1 / (1 + math.exp(-1)))
    assert vanilla["d"].item() == pytest.approx(math.log(1 + math.exp(-1)))


def test_one_sided_smoothing_reaches_the_real_part_alone() -> None:
    plain, smooth = (
        discriminator_losses([Mean()], *pictures(), settings(real_label=label)) for label in (1.0, 0.9)
    )
    assert smooth["d_real"] != plain["d_real"]
    assert smooth["d_fake"] == plain["d_fake"]


def test_the_discriminator_s_step_gives_the_generator_no_gradient() -> None:
    source, target, fake = pictures()
    discriminator = drawn(settings())
    fake.requires_grad_()
    discriminator_losses([discriminator], source, target, fake, settings())["d"].backward()
    assert fake.grad is None
    assert all(parameter.grad is not None for parameter in discriminator.parameters())


@pytest.mark.parametrize("conditional", [True, False])
def test_wgan_pays_the_penalty_through_its_input(conditional: bool) -> None:
    source, target, fake = pictures()
    config, alpha = settings(gan="wgan-gp", conditional=conditional, penalty=7.0), torch.tensor([0.2, 0.9])
    discriminator = drawn(config)
    losses = discriminator_losses([discriminator], source, target, fake, config, alpha)

    def judge(picture: Tensor) -> Tensor:
        return discriminator(torch.cat((source, picture), 1) if conditional else picture)

    torch.testing.assert_close(losses["penalty"], gradient_penalty(judge, target, fake=fake, alpha=alpha))
    torch.testing.assert_close(losses["d"], losses["d_real"] + losses["d_fake"] + 7 * losses["penalty"])
    losses["penalty"].backward()
    assert all(layer.conv.weight.grad.abs().sum() > 0 for layer in discriminator.layers)


def test_the_penalty_alone_pulls_the_slope_of_a_critic_to_one() -> None:
    source, target, fake = pictures()
    config, alpha = settings(gan="wgan-gp", norm="none"), torch.tensor([0.2, 0.9])
    discriminator = drawn(config)
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.02)
    penalties = []
    for _ in range(30):
        optimizer.zero_grad()
        penalties.append(
            discriminator_losses([discriminator], source, target, fake, config, alpha)["penalty"]
        )
        penalties[-1].backward()
        optimizer.step()
    assert penalties[-1] < 0.1 < 0.9 < penalties[0]


@pytest.mark.parametrize(
    ("name", "values", "parts", "shown"),
    [
        ("L1", {"gan": "none"}, {"g_l1": 100.0}, []),
        ("GAN", {"l1": 0.0, "conditional": False}, {"g_gan": 1.0}, [(2, 3, 16, 16)]),
        ("cGAN", {"l1": 0.0}, {"g_gan": 1.0}, [(2, 4, 16, 16)]),
        ("L1+GAN", {"conditional": False}, {"g_l1": 100.0, "g_gan": 1.0}, [(2, 3, 16, 16)]),
        ("L1+cGAN", {}, {"g_l1": 100.0, "g_gan": 1.0}, [(2, 4, 16, 16)]),
        ("L1+cGAN, weighted", {"l1": 3.0, "gan_weight": 2.0}, {"g_l1": 3.0, "g_gan": 2.0}, [(2, 4, 16, 16)]),
    ],
)
def test_each_objective_of_the_paper_is_only_settings(
    name: str, values: dict[str, Any], parts: dict[str, float], shown: list[tuple[int, ...]]
) -> None:
    discriminator = Mean()
    config = settings(**values)
    losses = generator_losses([] if config.gan == "none" else [discriminator], *pictures(), config)
    expected = sum(weight * losses[part] for part, weight in parts.items())
    torch.testing.assert_close(losses["g"], expected)
    assert discriminator.seen == shown
    assert ("g_gan" in losses) == bool(shown)


def test_a_part_of_weight_zero_cannot_spoil_the_objective() -> None:
    source, target, fake = pictures()
    losses = generator_losses([Mean()], source, target * math.inf, fake, settings(l1=0.0))
    assert losses["g_l1"].isinf()
    assert losses["g"].isfinite()


@pytest.mark.parametrize("form", FORMS)
def test_the_generator_learns_to_raise_its_score_without_teaching_the_discriminator(form: str) -> None:
    source, target, _ = pictures()
    config = settings(gan=form, l1=0.0)
    discriminator = drawn(config).requires_grad_(False)
    generator = build_generator(MODEL)
    init_weights(generator, torch.Generator().manual_seed(1))
    optimizer = torch.optim.Adam(generator.parameters(), lr=0.002)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        losses.append(generator_losses([discriminator], source, target, generator(source), config)["g"])
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < losses[0]
    assert all(parameter.grad is None for parameter in discriminator.parameters())


@pytest.mark.parametrize("form", FORMS)
def test_bfloat16_networks_have_float32_losses(form: str) -> None:
    config = settings(gan=form)
    discriminator = drawn(config)
    with torch.autocast("cpu", torch.bfloat16):
        losses = discriminator_losses([discriminator], *pictures(), config, torch.rand(2))
        losses |= generator_losses([discriminator], *pictures(), config)
    losses["d"].backward()
    assert {loss.dtype for loss in losses.values()} == {torch.float32}
    assert all(parameter.grad.isfinite().all() for parameter in discriminator.parameters())


@pytest.mark.parametrize("changes", [{"gan": "none"}, {"gan_weight": 0.0}])
def test_an_objective_without_a_part_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(changes))} is .* and l1 is 0: nothing would"):
        TrainConfig(l1=0.0, **changes)
