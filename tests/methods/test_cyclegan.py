"""CycleGAN against the paper's step written straight down, its pools, and its forms."""

from __future__ import annotations

import copy
import dataclasses
import itertools
from contextlib import nullcontext
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from learners import Again, NoReading, assert_same
from torch import nn

from pix2pix.config import ImageSpec, TrainConfig
from pix2pix.errors import ConfigError
from pix2pix.imaging.tensors import Batch
from pix2pix.method_settings import with_method_settings
from pix2pix.methods.base import Draw
from pix2pix.methods.cyclegan import CycleGAN
from pix2pix.methods.image_pool import ImagePool
from pix2pix.runtime.device import Machine
from pix2pix.training.learner import Learner

CPU = Machine(torch.device("cpu"))
SIDES = {"a": ImageSpec(), "b": ImageSpec()}
GRAY_AND_COLOUR = {"a": ImageSpec("gray", 1), "b": ImageSpec()}


def make_config(**changes: Any) -> TrainConfig:
    settings = {
        "method": "cyclegan",
        "data": "x",
        "size": 16,
        "width": 4,
        "blocks": 2,
        "discriminator_width": 4,
    }
    return TrainConfig(**{**settings, "patch": "16", "pool": 3, "ema": 0.0, **changes})


def make_learner(
    config: TrainConfig, images: dict[str, ImageSpec] = SIDES, machine: Machine = CPU
) -> Learner:
    return Learner(CycleGAN.build(config, images), config, machine)


def make_batch(number: int, count: int = 1, images: dict[str, ImageSpec] = SIDES) -> Batch:
    generator = torch.Generator().manual_seed(number)
    return {
        side: torch.rand(count, spec.channels, 16, 16, generator=generator) * 2 - 1
        for side, spec in images.items()
    }


def test_crops_are_what_the_pools_hold_and_the_patch_must_fit_into() -> None:
    method = CycleGAN.build(make_config(size=64, crop=16), SIDES)
    assert {pool.images.shape[1:] for pool in method.pools.values()} == {(3, 16, 16)}
    assert CycleGAN.describe(make_config(size=64, crop=16), SIDES)["AtoB"].size == 64
    with pytest.raises(ConfigError, match="70"):
        CycleGAN.describe(make_config(size=128, crop=16, patch="70"), SIDES)


class StraightPool:
    """The pool of the paper: the first are kept; after that half are swapped for earlier ones."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[torch.Tensor] = []

    def query(self, image: torch.Tensor, slot: int, is_old: bool) -> torch.Tensor:
        if len(self.images) < self.size:
            self.images.append(image)
            return image
        if not is_old:
            return image
        before = self.images[slot]
        self.images[slot] = image
        return before


def straight_steps(learner: Learner, steps: int) -> list[dict[str, float]]:
    """The step of the paper, with plain Adam; discriminators go first, on the fakes of the same step."""
    config = learner.config
    nets = {name: copy.deepcopy(net) for name, net in learner.method.networks.items()}
    to_b, to_a = nets["AtoB"], nets["BtoA"]
    judge_a, judge_b = nets["discriminator_a"], nets["discriminator_b"]
    betas = (0.5, 0.999)
    adam_g = torch.optim.Adam(itertools.chain(to_b.parameters(), to_a.parameters()), 2e-4, betas)
    adam_d = torch.optim.Adam(itertools.chain(judge_a.parameters(), judge_b.parameters()), 2e-4, betas)
    pools = {"a": StraightPool(config.pool), "b": StraightPool(config.pool)}
    rows = []
    for step in range(steps):
        batch = make_batch(step)
        a, b = batch["a"], batch["b"]
        draws = learner.method.noise(batch, Draw(config.seed, step, range(step, step + 1)))
        fake_b, fake_a = to_b(a), to_a(b)
        row: dict[str, float] = {}
        total = torch.zeros(())
        for side, judge, real, fake in (("a", judge_a, a, fake_a), ("b", judge_b, b, fake_b)):
            slot, old = int(draws[f"pool_{side}_slot"][0]), bool(draws[f"pool_{side}_old"][0])
            shown = pools[side].query(fake.detach(), slot, old)
            ones, zeros = torch.ones_like(judge(real)), torch.zeros_like(judge(shown))
            loss = 0.5 * (F.mse_loss(judge(real), ones) + F.mse_loss(judge(shown), zeros))
            row[f"d_{side}"] = loss.item()
            total = total + loss
        adam_d.zero_grad()
        total.backward()
        adam_d.step()
        back_a, back_b = to_a(fake_b), to_b(fake_a)
        same_a, same_b = to_a(a), to_b(b)
        parts = {
            "g_a": F.mse_loss(judge_a(fake_a), torch.ones_like(judge_a(fake_a))),
            "g_b": F.mse_loss(judge_b(fake_b), torch.ones_like(judge_b(fake_b))),
            "cycle_a": (back_a - a).abs().mean(),
            "cycle_b": (back_b - b).abs().mean(),
            "identity_a": (same_a - a).abs().mean(),
            "identity_b": (same_b - b).abs().mean(),
        }
        loss = (
            parts["g_a"]
            + parts["g_b"]
            + 10 * (parts["cycle_a"] + parts["cycle_b"])
            + 5 * (parts["identity_a"] + parts["identity_b"])
        )
        adam_g.zero_grad()
        loss.backward()
        adam_g.step()
        rows.append(row | {name: part.item() for name, part in parts.items()} | {"g": loss.item()})
    return rows


def test_losses_are_those_of_the_papers_step_written_straight_down() -> None:
    learner = make_learner(make_config(pool=2))
    wanted = straight_steps(learner, 9)
    swapped = 0
    for number, row in enumerate(wanted):
        batch = make_batch(number)
        swapped += number >= 2 and bool(
            learner.method.noise(batch, Draw(0, number, range(number, number + 1)))["pool_a_old"]
        )
        losses = learner.step(number, [batch], 1.0)
        for name, value in row.items():
            assert float(losses[name]) == pytest.approx(value, rel=2e-4, abs=2e-5), (number, name)
    assert swapped  # or the pool was not tried


def test_a_resume_is_exact_to_the_bit_with_its_pools() -> None:
    config = make_config(ema=0.9)
    whole, first = make_learner(config), make_learner(config)
    for number in range(10):
        whole.step(number, [make_batch(number)], 1.0)
    for number in range(5):
        first.step(number, [make_batch(number)], 1.0)
    state = copy.deepcopy(first.state())
    assert state["method"]["pools"]["a"].abs().sum() > 0
    second = make_learner(config)
    second.load_state(state)
    for number in range(5, 10):
        second.step(number, [make_batch(number)], 1.0)
    for left, right in zip(
        whole.method.networks.state_dict().values(), second.method.networks.state_dict().values(), strict=True
    ):
        assert torch.equal(left, right)
    for side in ("a", "b"):
        assert torch.equal(whole.method.pools[side].images, second.method.pools[side].images)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "changes",
    [
        {"gan": "vanilla"},
        {"gan": "hinge", "batch": 2},
        {"gan": "wgan-gp", "critic_steps": 2},
        {"gan": "none"},
        {"pool": 0, "accumulate": 2},
        {"identity": 0.0},
        {"cycle_a": 0.0},
        {"generator": "unet", "depth": 3, "dropout": 0.5},
    ],
)
def test_each_form_trains_all_its_networks(changes: dict[str, Any]) -> None:
    config = make_config(**changes)
    learner = make_learner(config)
    before = copy.deepcopy(learner.method.networks.state_dict())
    for number in range(3):
        batches = [make_batch(10 * number + index, config.batch) for index in range(config.passes())]
        losses = learner.step(number, batches, 1.0)
    assert all(torch.isfinite(value) for value in losses.values())
    assert ("d_a" in losses) == (config.gan != "none")
    assert ("penalty_a" in losses) == (config.gan == "wgan-gp")
    assert ("identity_a" in losses) == (config.identity > 0 and config.cycle_a > 0)
    after = learner.method.networks.state_dict()
    for name in learner.method.networks:
        assert any(
            not torch.equal(value, after[key]) for key, value in before.items() if key.startswith(f"{name}.")
        ), name


def test_each_generator_has_the_channels_of_its_sides() -> None:
    config = make_config()
    learner = make_learner(config, GRAY_AND_COLOUR)
    models = learner.method.saved
    assert [(model.in_channels, model.out_channels) for model in models.values()] == [(1, 3), (3, 1)]
    assert list(models) == ["AtoB", "BtoA"]
    losses = learner.step(0, [make_batch(0, images=GRAY_AND_COLOUR)], 1.0)
    assert not any(name.startswith("identity") for name in losses)
    shown = learner.method.sample(learner.networks_to_save(), make_batch(1, images=GRAY_AND_COLOUR))
    assert {name: shown[name].shape[1] for name in learner.method.columns} == {
        "a": 1, "fake_b": 3, "back_a": 1, "b": 3, "fake_a": 1, "back_b": 3,
    }  # fmt: skip


def test_validation_measures_the_ways_back_and_what_stays() -> None:
    class Inverse(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return -images

    method = CycleGAN.build(make_config(), SIDES)
    networks = nn.ModuleDict({"AtoB": Inverse(), "BtoA": Inverse()})
    example = {side: torch.full((1, 3, 16, 16), value) for side, value in (("a", 0.5), ("b", -0.25))}

    def l1(left: torch.Tensor, right: torch.Tensor) -> list[float]:
        return [float((left - right).abs().mean() / 2)]

    values = method.validate([method.sample(networks, example)], {"l1": l1})
    assert values["cycle_l1"] == values["cycle_a_l1"] == values["cycle_b_l1"] == 0
    assert values["identity_l1"] == pytest.approx((0.5 + 0.25) / 2)


def test_defaults_are_the_papers_and_what_was_chosen_stays() -> None:
    config = TrainConfig(method="cyclegan")
    assert (config.generator, config.blocks, config.gan, config.dropout) == ("resnet", 9, "lsgan", 0.0)
    assert (config.cycle_a, config.cycle_b, config.identity, config.pool) == (10, 10, 0.5, 50)
    assert with_method_settings({"method": "cyclegan", "size": 128})["blocks"] == 6
    own = with_method_settings({"method": "cyclegan", "generator": "unet", "gan": "hinge", "dropout": 0.5})
    assert own == {"method": "cyclegan", "generator": "unet", "gan": "hinge", "dropout": 0.5}
    assert with_method_settings({"size": 64}) == {"size": 64}
    assert TrainConfig(method="cyclegan", gan="vanilla", size=128).gan == "vanilla"
    assert TrainConfig.from_dict(config.to_dict()) == config == dataclasses.replace(config)
    # A run from before there was a second method names none.
    assert TrainConfig.from_dict({"data": "pairs"}).gan == "vanilla"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gan": "none", "cycle_a": 0.0, "cycle_b": 0.0}, "nothing would be learned"),
        ({"gan_weight": 0.0, "cycle_a": 0.0, "cycle_b": 0.0}, "gan_weight is 0 and both cycle weights are 0"),
        ({"pool": 2, "batch": 4}, "pool is 2 and batch 4: a pool holds at least one batch"),
        ({"patch": "70"}, "size is 16; a discriminator with patch 70 needs at least 24"),
    ],
)
def test_settings_that_do_not_go_together_are_a_sentence(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        CycleGAN.describe(make_config(**changes), SIDES)


def test_a_pool_shows_the_first_images_and_then_earlier_ones_in_half_of_the_cases() -> None:
    pool = ImagePool("pool_a", 10, shape=(1, 1, 1))
    shown = []
    for place in range(400):
        noise = pool.draw(Draw(7, place, range(place, place + 1)))
        shown.append(int(pool.exchange(torch.full((1, 1, 1, 1), float(place)), noise)))
    assert shown[:10] == list(range(10))
    earlier = [place for place, number in enumerate(shown) if number != place]
    assert 0.4 < len(earlier) / 390 < 0.6 and all(shown[place] < place for place in earlier)
    # Nothing is shown twice from the pool: what was shown gave its place to a newer one.
    assert len({shown[place] for place in earlier}) == len(earlier)
    assert (
        len(
            {
                int(slot)
                for slot in (pool.draw(Draw(7, 9, range(p, p + 1)))["pool_a_slot"] for p in range(10, 300))
            }
        )
        == 10
    )


def test_the_images_of_one_batch_never_share_a_slot() -> None:
    pool = ImagePool("pool_b", 6, shape=(1, 1, 1))
    for first in range(0, 60, 4):
        noise = pool.draw(Draw(1, first, range(first, first + 4)))
        assert len(set(noise["pool_b_slot"].tolist())) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"gan": "wgan-gp", "critic_steps": 3},
        {"accumulate": 2, "gan": "hinge", "batch": 2},
        {"generator": "unet", "depth": 3, "dropout": 0.5, "gan": "none"},
    ],
)
def test_captured_steps_are_the_steps_that_are_not_and_read_nothing_back(changes: dict[str, Any]) -> None:
    config = make_config(**changes)
    recorder = Again()
    eager = make_learner(config)
    machine = Machine(torch.device("cpu"), graphs=True)
    captured = Learner(CycleGAN.build(config, SIDES), config, machine, recorder=recorder)
    for number in range(7):
        numbers = range(number * config.passes(), (number + 1) * config.passes())
        batches = [make_batch(each, config.batch) for each in numbers]
        left = eager.step(number, batches, 1.0)
        with NoReading() if number == 2 else nullcontext():
            right = captured.step(number, batches, 1.0)
        assert {name: float(value) for name, value in left.items()} == {
            name: float(value) for name, value in right.items()
        }
    assert_same(eager.method.networks.state_dict(), captured.method.networks.state_dict())
    assert_same(eager.method.state().get("pools", {}), captured.method.state().get("pools", {}))
    assert recorder.replays >= 4 and not captured.remark
