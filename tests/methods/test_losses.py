from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pix2pix.methods.losses import GAN_LOSSES, fake_loss, generator_loss, gradient_penalty, l1_loss, real_loss

FORMS = list(GAN_LOSSES)


def logits(*values: float) -> Tensor:
    return torch.tensor(values).view(1, 1, 1, -1)


def test_the_forms_are_those_of_the_settings() -> None:
    assert FORMS == ["vanilla", "lsgan", "hinge", "wgan-gp"]


@pytest.mark.parametrize(
    ("form", "real", "fake", "generator"),
    [
        # sigmoid(log 3) = 3/4, sigmoid(0) = 1/2
        (
            "vanilla",
            (math.log(4 / 3) + math.log(2)) / 2,
            (math.log(4) + math.log(2)) / 2,
            (math.log(4 / 3) + math.log(2)) / 2,
        ),
        ("lsgan", ((math.log(3) - 1) ** 2 + 1) / 2, math.log(3) ** 2 / 2, ((math.log(3) - 1) ** 2 + 1) / 2),
        ("hinge", 0.5, (1 + math.log(3) + 1) / 2, -math.log(3) / 2),
        ("wgan-gp", -math.log(3) / 2, math.log(3) / 2, -math.log(3) / 2),
    ],
)
def test_each_form_gives_what_a_hand_computes(form: str, real: float, fake: float, generator: float) -> None:
    scores = logits(math.log(3), 0)
    assert real_loss(form, scores).item() == pytest.approx(real, abs=1e-6)
    assert fake_loss(form, scores).item() == pytest.approx(fake, abs=1e-6)
    assert generator_loss(form, scores).item() == pytest.approx(generator, abs=1e-6)


def test_vanilla_is_cross_entropy_with_logits() -> None:
    scores = torch.linspace(-30, 30, 61).double()
    for label in (1.0, 0.9, 0.5):
        expected = torch.nn.functional.binary_cross_entropy_with_logits(
            scores.float(), torch.full((61,), label)
        )
        torch.testing.assert_close(real_loss("vanilla", scores, real_label=label), expected)


@pytest.mark.parametrize(("form", "best"), [("vanilla", math.log(9)), ("lsgan", 0.9)])
def test_a_smoothed_label_is_reached_at_a_finite_score(form: str, best: float) -> None:
    score = torch.tensor([best], requires_grad=True)
    real_loss(form, score, real_label=0.9).backward()
    assert score.grad.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1e4, 65504.0, 1e9])
def test_extreme_logits_give_finite_losses_and_gradients(form: str, size: float) -> None:
    scores = logits(-size, size, 0).requires_grad_()
    for loss in (
        real_loss(form, scores, real_label=0.9),
        fake_loss(form, scores),
        generator_loss(form, scores),
    ):
        (gradient,) = torch.autograd.grad(loss, scores)
        assert loss.isfinite()
        assert gradient.isfinite().all()
        assert form == "lsgan" or gradient.abs().max() <= 1


@pytest.mark.parametrize("form", FORMS)
def test_losses_of_bfloat16_logits_are_computed_in_float32(form: str) -> None:
    scores = torch.linspace(-3, 3, 1000).to(torch.bfloat16)
    for loss in (real_loss(form, scores), fake_loss(form, scores), generator_loss(form, scores)):
        assert loss.dtype == torch.float32
    assert torch.equal(generator_loss(form, scores), generator_loss(form, scores.float()))
    assert l1_loss(scores, scores).dtype == torch.float32


def test_l1_is_the_mean_distance() -> None:
    assert l1_loss(torch.tensor([0.0, 1.0, -1.0]), torch.tensor([0.5, -1.0, -1.0])).item() == pytest.approx(
        2.5 / 3
    )


def critic(slope: float) -> object:
    """A critic whose mean patch score rises by `slope` along one direction of pictures (B, 1, 2, 2)."""
    return lambda pictures: slope * pictures[:, :, :1, :1].expand(-1, 1, 3, 3)


@pytest.mark.parametrize(("slope", "penalty"), [(1.0, 0.0), (3.0, 4.0), (0.0, 1.0), (-1.0, 0.0)])
def test_the_penalty_is_zero_at_a_slope_of_one_whatever_the_number_of_patches(
    slope: float, penalty: float
) -> None:
    real, fake = torch.rand(2, 1, 2, 2), torch.rand(2, 1, 2, 2)
    assert gradient_penalty(critic(slope), real, fake=fake, alpha=torch.rand(2)).item() == pytest.approx(
        penalty, abs=1e-6
    )


def test_the_penalty_looks_between_fake_and_real_by_alpha_a_picture() -> None:
    seen: list[Tensor] = []

    def square(pictures: Tensor) -> Tensor:
        seen.append(pictures.detach())
        return pictures.square().sum((1, 2, 3), keepdim=True) / 2  # its slope is the picture's own length

    real, fake = torch.full((2, 1, 1, 1), 2.0), torch.full((2, 1, 1, 1), 6.0)
    penalty = gradient_penalty(square, real, fake=fake, alpha=torch.tensor([0.0, 0.25]))
    assert seen[0].flatten().tolist() == [2.0, 3.0]
    assert penalty.item() == pytest.approx(((2 - 1) ** 2 + (3 - 1) ** 2) / 2)


def test_the_penalty_trains_the_critic_and_leaves_the_pictures_alone() -> None:
    slope = torch.tensor(3.0, requires_grad=True)
    fake = torch.rand(1, 1, 2, 2, requires_grad=True)
    gradient_penalty(
        lambda pictures: slope * pictures[:, :, :1, :1],
        torch.rand(1, 1, 2, 2),
        fake=fake,
        alpha=torch.rand(1),
    ).backward()
    assert slope.grad.item() == pytest.approx(2 * (3 - 1))
    assert fake.grad is None


def test_a_flat_critic_has_a_finite_gradient() -> None:
    slope = torch.tensor(0.0, requires_grad=True)
    gradient_penalty(
        lambda pictures: slope * pictures,
        torch.rand(1, 1, 2, 2),
        fake=torch.rand(1, 1, 2, 2),
        alpha=torch.rand(1),
    ).backward()
    assert slope.grad.isfinite()
