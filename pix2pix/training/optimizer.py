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

    With `capturable`, on a GPU, the rate is a tensor there, so that `step` can be part of a CUDA graph.
    """

    def __init__(
        self, network: nn.Module, rate: float, *, betas: tuple[float, float], capturable: bool = False
    ) -> None:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs leave this form out
        self.parameters = list(network.parameters())
        self._views = [_as_it_lies(parameter.detach()) for parameter in self.parameters]
        device = self.parameters[0].device
        # Only GPUs have graphs; elsewhere torch refuses the word.
        self._capturable = capturable and device.type == "cuda"
        self._rate: float | Tensor = torch.tensor(rate, device=device) if self._capturable else rate
        self._adam = torch.optim.Adam(
            self._views,
            lr=self._rate,
            betas=betas,
            fused=device.type in ("cpu", "cuda"),
            capturable=self._capturable,
        )

    def set_rate(self, rate: float) -> None:
        """Sets the learning rate of the steps that follow."""
        if isinstance(self._rate, Tensor):
            self._rate.fill_(rate)
            return
        self._rate = rate
        self._adam.param_groups[0]["lr"] = rate

    def step(self, average: Callable[[Sequence[Tensor]], None] | None = None) -> None:
        """Takes one optimizer step; frees the gradients.

        `average` replaces gradients by their mean over the processes that share a batch, in place.
        """
        for parameter, view in zip(self.parameters, self._views, strict=True):
            view.grad = None if parameter.grad is None else _as_it_lies(parameter.grad).contiguous()
            parameter.grad = None
        if average:
            average([view.grad for view in self._views if view.grad is not None])
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """Returns moments and step, in the form of any device; the tensors are no copies."""
        state = self._adam.state_dict()
        groups = [{**group, "lr": float(group["lr"]), "capturable": False} for group in state["param_groups"]]
        return {**state, "param_groups": groups}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned, on whatever device it was saved."""
        rate = state["param_groups"][0]["lr"]
        self._adam.load_state_dict(state)
        self._adam.param_groups[0] |= {"lr": self._rate, "capturable": self._capturable}
        self.set_rate(rate)


def _as_it_lies(weight: Tensor) -> Tensor:
    return weight.permute(0, 2, 3, 1) if weight.dim() == 4 else weight
