"""Adam over a network's weights, without a copy of any gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn


class ChannelsLastAdam:
    """Adam for one network or a list of them, kept channels-last.

    Convolutions give their gradients in the order that the weights lie in memory. Fused Adam copies whatever
    is not contiguous (a seventh of a step on two cores), so it is given the same memory under another name:
    as (O, h, w, I), which is contiguous.
    """

    def __init__(self, network: nn.Module, rate: float, *, betas: tuple[float, float]) -> None:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs leave this form out
        self.parameters = list(network.parameters())
        self._views = [_as_it_lies(parameter.detach()) for parameter in self.parameters]
        fused = self.parameters[0].device.type in ("cpu", "cuda")
        self._adam = torch.optim.Adam(self._views, lr=rate, betas=betas, fused=fused)

    def step(self, rate: float, average: Callable[[Sequence[Tensor]], None] | None = None) -> None:
        """Takes one optimizer step at `rate`; frees the gradients.

        `average` replaces gradients by their mean over the processes that share a batch, in place.
        """
        for group in self._adam.param_groups:
            group["lr"] = rate
        for parameter, view in zip(self.parameters, self._views, strict=True):
            view.grad = None if parameter.grad is None else _as_it_lies(parameter.grad).contiguous()
            parameter.grad = None
        if average:
            average([view.grad for view in self._views if view.grad is not None])
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """Returns moments and step; the tensors are no copies."""
        return self._adam.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self._adam.load_state_dict(state)


def _as_it_lies(weight: Tensor) -> Tensor:
    return weight.permute(0, 2, 3, 1) if weight.dim() == 4 else weight
