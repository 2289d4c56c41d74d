"""Adam under another name for the same memory is Adam."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from pix2pix.training.optimizer import ChannelsLastAdam


def make_network() -> nn.Module:
    network = nn.Sequential(nn.Conv2d(3, 8, 4), nn.ConvTranspose2d(8, 3, 4), nn.Conv2d(3, 2, 1))
    for number, value in enumerate(network.parameters()):
        generator = torch.Generator().manual_seed(number)
        value.data.copy_(torch.randn(value.shape, generator=generator))
    return network


def descend(network: nn.Module, step: object, times: int = 5) -> dict[str, torch.Tensor]:
    picture = torch.linspace(-1, 1, 3 * 64).view(1, 3, 8, 8).to(memory_format=torch.channels_last)
    for _ in range(times):
        network(picture).square().mean().backward()
        step()  # type: ignore[operator]
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def test_steps_like_plain_adam() -> None:
    ours, plain = make_network(), make_network()
    descent, adam = (
        ChannelsLastAdam(ours, 0.01, betas=(0.5, 0.999)),
        torch.optim.Adam(plain.parameters(), lr=0.01, betas=(0.5, 0.999)),
    )

    def step() -> None:
        adam.step()
        adam.zero_grad()

    left, right = descend(ours, descent.step), descend(plain, step)
    for name, value in right.items():
        torch.testing.assert_close(left[name], value, rtol=1e-4, atol=1e-5)
    assert all(value.grad is None for value in ours.parameters())


def test_nothing_is_copied() -> None:
    network = make_network()
    descent = ChannelsLastAdam(network, 0.1, betas=(0.5, 0.999))
    network(torch.ones(1, 3, 8, 8).to(memory_format=torch.channels_last)).sum().backward()
    for parameter, view in zip(network.parameters(), descent._views, strict=True):
        assert view.is_contiguous() and view.data_ptr() == parameter.data_ptr()
        if parameter.dim() == 4:
            assert parameter.grad is not None and parameter.grad.permute(0, 2, 3, 1).is_contiguous()


def test_goes_on_from_a_state() -> None:
    straight, stopped = make_network(), make_network()
    first = ChannelsLastAdam(straight, 0.01, betas=(0.5, 0.999))
    wanted = descend(straight, first.step, 6)
    second = ChannelsLastAdam(stopped, 0.01, betas=(0.5, 0.999))
    descend(stopped, second.step, 3)
    third = ChannelsLastAdam(stopped, 0.01, betas=(0.5, 0.999))
    third.load_state_dict(second.state_dict())
    for name, value in descend(stopped, third.step, 3).items():
        assert torch.equal(value, wanted[name])


def test_the_state_is_that_of_torchs_own_adam() -> None:
    ours, theirs = make_network(), make_network()
    first = ChannelsLastAdam(ours, 0.01, betas=(0.5, 0.999))
    views = [view.clone() for view in first._views]
    adam = torch.optim.Adam(views, lr=0.01, betas=(0.5, 0.999), fused=True)
    descend(ours, first.step, 3)
    state = first.state_dict()
    adam.load_state_dict({**adam.state_dict(), "state": state["state"]})
    held = adam.state_dict()["state"]
    assert held.keys() == state["state"].keys() and held[0].keys() == state["state"][0].keys()
    second = ChannelsLastAdam(theirs, 0.01, betas=(0.5, 0.999))
    second.load_state_dict(adam.state_dict())
    assert all(torch.equal(second._moments[0][name], value) for name, value in state["state"][0].items())
    assert float(second._moments[0]["step"]) == 3.0


def test_the_moments_of_another_network_are_refused() -> None:
    ours = make_network()
    optimizer = ChannelsLastAdam(ours, 0.01, betas=(0.5, 0.999))
    descend(ours, optimizer.step, 1)
    other = ChannelsLastAdam(nn.Conv2d(3, 8, 3), 0.01, betas=(0.5, 0.999))
    with pytest.raises(ValueError, match="another network"):
        other.load_state_dict(optimizer.state_dict())


def test_a_training_does_not_import_the_compiler() -> None:
    program = """
import sys
from learners import make_batch, make_config, make_learner
learner = make_learner(make_config())
learner.step(0, [make_batch()], 1.0)
learner.load_state(learner.state())
assert learner.is_finite()
assert "torch._dynamo" not in sys.modules and "sympy" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parent.parent, timeout=100)
