"""Discriminators at several scales and feature matching, against the same written straight down."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from learners import CPU, Again, assert_same, make_batch, make_config, make_learner
from torch import Tensor, nn

from pix2pix import TrainConfig, resume, train
from pix2pix.config import ImageSpec, ModelConfig
from pix2pix.errors import ConfigError
from pix2pix.methods.cyclegan import CycleGAN
from pix2pix.methods.pix2pix import Pix2Pix, discriminator_losses, generator_losses
from pix2pix.methods.scales import halved
from pix2pix.networks import init_weights
from pix2pix.runs.preflight import check_method
from pix2pix.runs.requirements import memory_needed
from pix2pix.runtime.device import Machine
from pix2pix.training.learner import Learner

MODEL = ModelConfig(depth=3, width=4, size=32)
SMALL = {"size": 32, "scales": 2, "feature_matching": 10.0}


def settings(**changes: Any) -> TrainConfig:
    return make_config(**{**SMALL, **changes})


def pictures(size: int = 32) -> list[Tensor]:
    generator = torch.Generator().manual_seed(4)
    return [torch.rand(2, 3, size, size, generator=generator) * 2 - 1 for _ in range(3)]


def drawn(method: Pix2Pix) -> Pix2Pix:
    for number, network in enumerate(method.networks.values()):
        init_weights(network, torch.Generator().manual_seed(number))
        for weight in network.parameters():
            weight.data.mul_(5)
    return method


def straight_scores(judge: nn.Module, shown: Tensor) -> tuple[Tensor, list[Tensor]]:
    found = []
    for layer in judge.layers:  # type: ignore[union-attr]
        shown = F.leaky_relu(layer.norm(layer.conv(shown)), 0.2)
        found.append(shown)
    return judge.score(shown), found  # type: ignore[operator]


def straight_half(shown: Tensor) -> Tensor:
    """The mean of the up to nine pixels around every other one, one by one."""
    height, width = shown.shape[-2:]
    rows = [
        torch.stack(
            [
                shown[..., max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].mean(dim=(-1, -2))
                for x in range(0, width, 2)
            ],
            -1,
        )
        for y in range(0, height, 2)
    ]
    return torch.stack(rows, -2)


@pytest.mark.parametrize("size", [32, 30, 31])
def test_a_scale_is_the_mean_of_three_by_three_at_every_other_pixel(size: int) -> None:
    shown = pictures(size)[0]
    torch.testing.assert_close(halved(shown, 1), straight_half(shown))
    torch.testing.assert_close(halved(shown, 2), straight_half(straight_half(shown)))
    assert halved(shown, 0) is shown and halved(shown, 2).shape[-1] == math.ceil(size / 4)


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("scales", [1, 2, 3])
def test_losses_are_means_over_scales_and_features_are_matched_after_each_activation(
    scales: int, conditional: bool
) -> None:
    config = settings(scales=scales, conditional=conditional, gan="lsgan", size=64)
    method = drawn(Pix2Pix(config, MODEL))
    source, target, fake = pictures(64)
    fake.requires_grad_()
    found = generator_losses(method._judges, source, target, fake, config)
    judged = discriminator_losses(method._judges, source, target, fake, config)
    gan, matching, real, made = [], [], [], []
    for scale, judge in enumerate(method._judges):
        shown, true = ((torch.cat((source, each), 1) if conditional else each) for each in (fake, target))
        for _ in range(scale):
            shown, true = straight_half(shown), straight_half(true)
        score, features = straight_scores(judge, shown)
        truth, wanted = straight_scores(judge, true)
        gan.append((score - 1).square().mean())
        matching.append(
            sum((ours - theirs.detach()).abs().mean() for ours, theirs in zip(features, wanted, strict=True))
            / len(wanted)
        )
        real.append((truth - 1).square().mean())
        made.append(score.square().mean())
    assert len(gan) == scales
    for name, parts in (("g_gan", gan), ("g_fm", matching)):
        torch.testing.assert_close(found[name], sum(parts) / scales)
    for name, parts in (("d_real", real), ("d_fake", made)):
        torch.testing.assert_close(judged[name], sum(parts) / scales)
    objective = 100 * (fake - target).abs().mean() + found["g_gan"] + 10 * found["g_fm"]
    torch.testing.assert_close(found["g"], objective)
    ours, straight = (
        torch.autograd.grad(loss, fake, retain_graph=True)[0] for loss in (found["g"], objective)
    )
    torch.testing.assert_close(ours, straight)


@pytest.mark.parametrize("gan", ["vanilla", "lsgan", "hinge", "wgan-gp"])
def test_every_form_trains_all_scales_and_captured_steps_are_the_same(gan: str) -> None:
    config = settings(gan=gan, critic_steps=2 if gan == "wgan-gp" else 1)
    learners = [
        Learner(Pix2Pix(config, MODEL), config, machine, recorder=recorder)
        for machine, recorder in ((CPU, None), (Machine(torch.device("cpu"), graphs=True), Again()))
    ]
    before = {
        name: network.score.weight.clone() if "discriminator" in name else None
        for name, network in learners[0].method.networks.items()
    }
    for number in range(5):
        batches = [
            {name: F.interpolate(images, 32) for name, images in make_batch(10 * number + index).items()}
            for index in range(config.passes())
        ]
        losses = [learner.step(number, batches, 1.0) for learner in learners]
        assert {name: float(value) for name, value in losses[0].items()} == {
            name: float(value) for name, value in losses[1].items()
        }
    names = ["discriminator", "discriminator_half"]
    for name in names:
        assert_same(*(learner.method.networks[name].state_dict() for learner in learners))
        assert not torch.equal(learners[0].method.networks[name].score.weight, before[name])
    assert ("penalty" in losses[0]) == (gan == "wgan-gp") and "g_fm" in losses[0]
    assert [name for name in learners[0].method.networks if "discriminator" in name] == names


def test_one_scale_without_features_is_what_it_was() -> None:
    plain = make_learner(make_config())
    assert list(plain.method.networks) == ["generator", "discriminator"]
    assert "g_fm" not in plain.step(0, [make_batch()], 1.0)


def test_both_sides_of_a_cyclegan_have_scales() -> None:
    config = TrainConfig(
        method="cyclegan", data="x", size=32, width=4, blocks=1, discriminator_width=4, patch="16", scales=2
    )
    method = CycleGAN.build(config, {"a": ImageSpec(), "b": ImageSpec()})
    assert [name for name in method.networks if "discriminator" in name] == [
        "discriminator_a",
        "discriminator_a_half",
        "discriminator_b",
        "discriminator_b_half",
    ]
    learner = Learner(method, config, CPU)
    weights = {name: network.score.weight for name, network in method.networks.items() if "discr" in name}
    before = {name: weight.clone() for name, weight in weights.items()}
    batch = make_batch()
    losses = learner.step(
        0, [{"a": F.interpolate(batch["source"], 32), "b": F.interpolate(batch["target"], 32)}], 1.0
    )
    assert all(math.isfinite(float(value)) for value in losses.values())
    assert not any(torch.equal(weight, before[name]) for name, weight in weights.items())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"scales": 3, "patch": "70", "size": 64},
            "scales is 3; pictures of 64 pixels are 16 there.*Take scales 2",
        ),
        (
            {"scales": 2, "patch": "16", "size": 64, "crop": 8},
            "pictures of 8 pixels are 4 there.*Take scales 1",
        ),
        ({"gan": "none", "scales": 1}, 'feature_matching is 10, and gan "none" has no discriminator'),
    ],
)
def test_what_does_not_fit_is_a_sentence(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Pix2Pix.describe(settings(**changes), {"source": ImageSpec(), "target": ImageSpec()})


def test_features_are_matched_where_there_are_pairs() -> None:
    with pytest.raises(ConfigError, match="feature_matching means nothing for cyclegan"):
        check_method(TrainConfig(method="cyclegan", feature_matching=10.0))


def test_more_scales_need_a_bit_more_memory() -> None:
    one, two, three = (memory_needed(TrainConfig(scales=scales, device="cpu")) for scales in (1, 2, 3))
    assert one < two < three < 1.25 * one


def test_a_run_with_scales_resumes_to_the_bit(pairs: Path, tmp_path: Path) -> None:
    tiny = settings(
        data=str(pairs), depth=3, steps=6, log_every=1, save_every=3, precision="fp32", device="cpu"
    )
    whole = train(tiny, tmp_path / "whole")
    stopped = train(TrainConfig(**{**tiny.to_dict(), "steps": 3, "decay_from": 1.0}), tmp_path / "stopped")
    again = train(TrainConfig(**{**tiny.to_dict(), "decay_from": 1.0}), tmp_path / "again")
    resume(stopped.path, steps=6)
    states = [torch.load(run.path / "state.pt", weights_only=True) for run in (again, stopped)]
    for name in ("discriminator", "discriminator_half", "generator"):
        assert_same(*(state[name] for state in states))
    assert "g_fm" in whole.read_rows()[0]
