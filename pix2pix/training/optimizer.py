"""Adam over a network's weights, without a copy of any gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

EPSILON = 1e-8
"""Adam's usual one, added to the root of the second moment."""


class ChannelsLastAdam:
    """Adam for one network or a list of them, kept channels-last.

    Convolutions give their gradients in the order that the weights lie in memory. Fused Adam copies whatever
    is not contiguous (a seventh of a step on two cores), so it is given the same memory under another name:
    as (O, h, w, I), which is contiguous.

    With `capturable`, on a GPU, the rate is a tensor there, so that `step` can be part of a CUDA graph.

    It is torch's function, not its class `torch.optim.Adam`, whose methods import torch's compiler, a second
    and a half for every training. The state is that of the class.
    """

    def __init__(
        self, network: nn.Module, rate: float, *, betas: tuple[float, float], capturable: bool = False
    ) -> None:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs leave this form out
        self.parameters = list(network.parameters())
        self._views = [_as_it_lies(parameter.detach()) for parameter in self.parameters]
        self._device = self.parameters[0].device
        # Only GPUs have graphs; elsewhere torch refuses the word.
        self._capturable = capturable and self._device.type == "cuda"
        self._rate: float | Tensor = torch.tensor(rate, device=self._device) if self._capturable else rate
        self._betas = betas
        self._fused = self._device.type in ("cpu", "cuda")
        self._moments: dict[int, dict[str, Tensor]] = {}

    def set_rate(self, rate: float) -> None:
        """Sets the learning rate of the steps that follow."""
        if isinstance(self._rate, Tensor):
            self._rate.fill_(rate)
        else:
            self._rate = rate

    @torch.no_grad()
    def step(self, average: Callable[[Sequence[Tensor]], None] | None = None) -> None:
        """Takes one optimizer step; frees the gradients.

        `average` replaces gradients by their mean over the processes that share a batch, in place.
        """
        gradients = {
            number: _as_it_lies(parameter.grad).contiguous()
            for number, parameter in enumerate(self.parameters)
            if parameter.grad is not None
        }
        for parameter in self.parameters:
            parameter.grad = None
        if average:
            average(list(gradients.values()))
        moments = [self._moments.get(number) or self._begin(number) for number in gradients]
        beta1, beta2 = self._betas
        adam(
            [self._views[number] for number in gradients],
            list(gradients.values()),
            [each["exp_avg"] for each in moments],
            [each["exp_avg_sq"] for each in moments],
            [],
            [each["step"] for each in moments],
            fused=self._fused,
            capturable=self._capturable,
            amsgrad=False,
            beta1=beta1,
            beta2=beta2,
            lr=self._rate,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )

    def _begin(self, number: int) -> dict[str, Tensor]:
        view = self._views[number]
        self._moments[number] = {
            "step": torch.zeros((), device=self._device if self._fused else "cpu"),
            "exp_avg": torch.zeros_like(view),
            "exp_avg_sq": torch.zeros_like(view),
        }
        return self._moments[number]

    def state_dict(self) -> dict[str, Any]:
        """Returns moments and step, in the form of any device; the tensors are no copies."""
        group = {"lr": float(self._rate), "betas": self._betas, "eps": EPSILON, "fused": self._fused}
        group["params"] = list(range(len(self.parameters)))
        return {
            "state": {number: dict(each) for number, each in self._moments.items()},
            "param_groups": [group],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned, on whatever device it was saved. Raises `ValueError` for the
        state of another network."""
        moments = state["state"]
        for number, each in moments.items():
            if number >= len(self._views) or each["exp_avg"].shape != self._views[number].shape:
                raise ValueError("its moments belong to another network")
        self._moments = {}
        for number, each in moments.items():
            own = self._begin(number)
            for name, value in own.items():
                value.copy_(each[name].reshape(value.shape))
        self.set_rate(float(state["param_groups"][0]["lr"]))


def _as_it_lies(weight: Tensor) -> Tensor:
    return weight.permute(0, 2, 3, 1) if weight.dim() == 4 else weight
