"""One step of both networks."""

from __future__ import annotations

import pytest
import torch
from learners import assert_same, make_batch, make_config, make_learner

from pix2pix.config import TrainConfig
from pix2pix.errors import ConfigError
from pix2pix.imaging.tensors import Batch
from pix2pix.runtime.device import Machine, choose_device, choose_machine
from pix2pix.runtime.fast_inference import is_bf16_faster
from pix2pix.training.learner import EMA_EVERY


def weights_after(
    config: TrainConfig, steps: int, batches: list[Batch] | None = None
) -> dict[str, torch.Tensor]:
    learner = make_learner(config)
    for number in range(steps):
        learner.step(
            number,
            batches or [make_batch(number * config.passes() + index) for index in range(config.passes())],
            1.0,
        )
    return {name: value.clone() for name, value in learner.method.networks["generator"].state_dict().items()}


def test_a_seed_decides_everything_whatever_the_global_random_state() -> None:
    torch.manual_seed(1)
    first = weights_after(make_config(), 3)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second = weights_after(make_config(), 3)
    assert torch.equal(before, torch.get_rng_state())
    assert_same(first, second)
    other = weights_after(make_config(seed=1), 3)
    assert any(not torch.equal(value, other[name]) for name, value in first.items())


def test_learns_to_paint_one_colour() -> None:
    config, batch = (
        make_config(gan="none", rate=5e-3),
        {**make_batch(), "target": torch.full((1, 3, 16, 16), 0.5)},
    )
    learner = make_learner(config)
    losses = [float(learner.step(number, [batch], 1.0)["g_l1"]) for number in range(60)]
    assert losses[-1] < 0.3 * losses[0]


def test_discriminator_learns_to_tell_real_from_fake() -> None:
    config, batch = make_config(l1=1.0, rate=1e-5, discriminator_rate=1e-3), make_batch()
    learner = make_learner(config)
    for number in range(40):
        losses = learner.step(number, [batch], 1.0)
    assert losses["score_real"] > losses["score_fake"] + 0.2


@pytest.mark.parametrize(
    "changes",
    [
        {"gan": "lsgan"},
        {"gan": "hinge"},
        {"gan": "wgan-gp", "critic_steps": 2},
        {"gan": "none"},
        {"conditional": False},
        {"l1": 0.0},
    ],
)
def test_each_objective_trains_both_networks_that_it_has(changes: dict[str, object]) -> None:
    config = make_config(**changes)
    learner = make_learner(config)
    before = {name: value.clone() for name, value in learner.state()["generator"].items()}
    losses = learner.step(0, [make_batch(index) for index in range(config.passes())], 1.0)
    assert all(torch.isfinite(value) for value in losses.values())
    assert any(
        not torch.equal(value, before[name])
        for name, value in learner.method.networks["generator"].state_dict().items()
    )
    assert ("d" in losses) == (config.gan != "none") and ("penalty" in losses) == (config.gan == "wgan-gp")


def test_accumulated_passes_step_like_one_batch() -> None:
    # Without dropout and with one seed a pair the two differ by rounding alone.
    one, two = make_batch(0), make_batch(1)
    both: Batch = {name: torch.cat((one[name], two[name])) for name in one}
    accumulated = make_learner(make_config(accumulate=2))
    together = make_learner(make_config(batch=2))
    accumulated.step(0, [one, two], 1.0)
    together.step(0, [both], 1.0)
    for name, value in together.method.networks["generator"].state_dict().items():
        torch.testing.assert_close(
            accumulated.method.networks["generator"].state_dict()[name], value, rtol=1e-3, atol=2e-5
        )


def test_running_mean_follows_the_generator_and_forgets_the_start() -> None:
    config = make_config(ema=0.9, rate=1e-2)
    learner = make_learner(config)
    start = learner.method.networks["generator"].state_dict()["down.0.conv.weight"].clone()
    for number in range(20 * EMA_EVERY):
        learner.step(number, [make_batch(number)], 1.0)
    networks = (learner.method.networks["generator"], learner.ema["generator"])
    now, mean = (network.state_dict()["down.0.conv.weight"] for network in networks)
    assert (mean - now).abs().mean() < 0.5 * (start - now).abs().mean()
    assert not torch.equal(mean, now)


def test_state_goes_on_bit_for_bit() -> None:
    config = make_config()
    straight = weights_after(config, 7)
    first = make_learner(config)
    for number in range(3):
        first.step(number, [make_batch(number)], 1.0)
    second = make_learner(make_config(seed=0))
    second.load_state(first.state())
    for number in range(3, 7):
        second.step(number, [make_batch(number)], 1.0)
    assert_same(straight, dict(second.method.networks["generator"].state_dict()))


def test_bf16_steps_are_near_fp32_steps() -> None:
    losses = [
        make_learner(make_config(), Machine(torch.device("cpu"), precision)).step(0, [make_batch()], 1.0)
        for precision in ("fp32", "bf16")
    ]
    torch.testing.assert_close(losses[1]["g_l1"], losses[0]["g_l1"], rtol=0.02, atol=0.02)


def test_a_device_that_is_not_there_gets_a_sentence() -> None:
    with pytest.raises(ConfigError, match="Choose auto or cpu"):
        choose_device("cuda:7")
    with pytest.raises(ConfigError, match="Choose auto or cpu"):
        choose_device("toaster")


def test_precision_of_a_run_overrules_the_measurement() -> None:
    assert choose_machine(make_config(device="cpu"), "fp32").precision == "fp32"
    assert choose_machine(make_config(device="cpu", precision="bf16")).precision == "bf16"
    assert choose_machine(make_config(device="cpu")).precision == (
        "bf16" if is_bf16_faster(torch.device("cpu")) else "fp32"
    )


@pytest.mark.gpu
def test_trains_on_a_gpu() -> None:
    learner = make_learner(make_config(), Machine(torch.device("cuda"), "bf16"))
    assert all(torch.isfinite(value) for value in learner.step(0, [make_batch()], 1.0).values())


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # inductor's own imports
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # dynamo looks at it itself
def test_a_compiled_step_gives_the_losses_of_an_eager_one() -> None:
    eager, compiled = (
        make_learner(make_config(), Machine(torch.device("cpu"), compile=on)) for on in (False, True)
    )
    for number in range(3):
        left, right = (learner.step(number, [make_batch(number)], 1.0) for learner in (eager, compiled))
        for name, value in left.items():
            torch.testing.assert_close(right[name], value, rtol=1e-3, atol=1e-3)
