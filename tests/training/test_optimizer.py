"""Adam under another name for the same memory is Adam."""

from __future__ import annotations

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
