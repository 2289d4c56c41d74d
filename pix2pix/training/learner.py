"""One training step of any method: its players take turns, each with its optimizer, and a running mean
follows what is saved."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pix2pix.config import TrainConfig
from pix2pix.imaging.tensors import Batch, are_finite
from pix2pix.methods.base import Draw, Losses, Method, Player
from pix2pix.networks import init_weights
from pix2pix.runtime.device import Machine
from pix2pix.runtime.distributed import average_over_processes
from pix2pix.seeding import seed_of
from pix2pix.training.optimizer import ChannelsLastAdam
from pix2pix.training.step_graphs import CudaRecorder, Pass, Recorder, StepGraphs

EMA_EVERY = 4
"""Steps between two updates of the running mean: each reads all weights twice, which on a CPU is a tenth
of a step."""

State = dict[str, Any]


class Learner:
    """Networks, optimizers and running means. `step` is a function of its state, the batches and the step's
    number alone."""

    def __init__(
        self, method: Method, config: TrainConfig, machine: Machine, *, recorder: Recorder | None = None
    ) -> None:
        self.method = method
        self.config = config
        self.machine = machine
        for name, network in method.networks.items():
            init_weights(network, torch.Generator().manual_seed(seed_of(config.seed, name)))
        method.to(machine.device)
        betas = (config.beta1, config.beta2)
        trained = {
            player.name: nn.ModuleList(method.networks[name] for name in player.networks)
            for player in method.players
        }
        self._optimizers = {
            player.name: ChannelsLastAdam(
                trained[player.name], player.rate, betas=betas, capturable=machine.graphs
            )
            for player in method.players
        }
        self._graphs = StepGraphs(self._step_players, recorder or CudaRecorder()) if machine.graphs else None
        kept = method.saved if config.ema else {}
        self.ema = nn.ModuleDict(
            {name: copy.deepcopy(method.networks[name]) for name in kept}
        ).requires_grad_(False)
        self._share: float | Tensor = torch.zeros((), device=machine.device) if machine.graphs else 0.0
        """How far the running means move towards the weights; a tensor, which a graph reads anew."""
        if machine.compile and method.compilable:
            for network in method.networks.values():
                network.compile()

    def start_from(self, weights: dict[str, dict[str, Tensor]]) -> None:
        """Loads weights to fine-tune into the named networks and their running means; other
        networks start fresh."""
        for name, values in weights.items():
            self.method.networks[name].load_state_dict(values)
            if name in self.ema:
                self.ema[name].load_state_dict(values)

    def networks_to_save(self) -> nn.ModuleDict:
        """Returns the networks to show and to save by name: their running means where there are some."""
        return nn.ModuleDict(
            {name: self.ema[name] if self.ema else self.method.networks[name] for name in self.method.saved}
        )

    def step(self, number: int, batches: Sequence[Batch], rate: float) -> Losses:
        """Takes one step of the training, number `number` from 0: `config.passes()` batches of this process,
        in [-1, 1].

        The passes come in groups of `config.accumulate`, whose gradients are summed into one optimizer step
        of each player. With `rate` times the players' learning rates. Returns the mean losses of each
        player's last step as scalars, still on the device.
        """
        self.method.networks.train()
        size = self.config.accumulate
        groups = [range(first, first + size) for first in range(0, len(batches), size)]
        losses: Losses = {}
        for left, group in zip(range(len(groups), 0, -1), groups, strict=True):
            players = [player for player in self.method.players if left <= player.steps]
            for player in players:
                self._optimizers[player.name].set_rate(player.rate * rate)
            moves_mean = left == 1 and self._sets_share(number)
            compute = self._graphs or self._step_players
            passes = [self._load(number, index, batches[index]) for index in group]
            losses |= compute(players, passes, moves_mean)
        return losses

    def _load(self, number: int, index: int, batch: Batch) -> Pass:
        """Moves a batch to the device, and draws the random tensors that go with it."""
        count = len(next(iter(batch.values())))
        first = (number * self.config.passes() + index) * self.config.batch + self.machine.rank * count
        draw = Draw(self.config.seed, number, range(first, first + count))
        noise = self.method.noise(batch, draw)
        return Pass(
            {name: self._moved(images, torch.channels_last) for name, images in batch.items()},
            {name: self._moved(values, torch.contiguous_format) for name, values in noise.items()},
        )

    def _moved(self, values: Tensor, layout: torch.memory_format) -> Tensor:
        """Copies a tensor to the device; the copy to a GPU goes on beside the program, which needs
        memory that is pinned."""
        device = self.machine.device
        if device.type == "cuda" and values.device.type == "cpu":
            values = values.contiguous(memory_format=layout).pin_memory()
        return values.to(device, memory_format=layout, non_blocking=True)

    def _step_players(
        self, players: Sequence[Player], passes: Sequence[Pass], moves_mean: bool = False
    ) -> Losses:
        """Takes one optimizer step of each player on the mean gradient of a group of passes, and with
        `moves_mean` one of the running means after it; returns the players' mean losses.

        A function of weights, moments, rates and passes, all on the device, that reads no value back: on a
        GPU it is captured as it stands.
        """
        last = self.method.players[-1]
        shared: Batch | None = None
        losses: Losses = {}
        if len(passes) == 1:
            # What is made for the other players serves the last one too. Of several passes all graphs would
            # have to be kept until the others have stepped, and accumulation is there to save memory: fakes
            # are made anew for each player.
            self._train_only(last)
            shared = self._make_fakes(passes[0], has_graph=last in players)
        for player in players:
            self._train_only(player)
            rows: list[Losses] = []
            for each in passes:
                fakes = shared or self._make_fakes(each, has_graph=player is last)
                rows.append(self._accumulate(player, each, fakes, count=len(passes)))
            share = average_over_processes if self.machine.world > 1 else None
            self._optimizers[player.name].step(share)
            losses |= {name: torch.stack([row[name] for row in rows]).mean() for name in rows[0]}
        if moves_mean:
            self._move_means()
        return losses

    def _make_fakes(self, each: Pass, *, has_graph: bool) -> Batch:
        """Returns the generators' images of a pass; `has_graph` is for the last player's gradients."""
        with torch.set_grad_enabled(has_graph), self.machine.autocast():
            return self.method.make_fakes(each.batch, each.noise)

    def _accumulate(self, player: Player, each: Pass, fakes: Batch, *, count: int) -> Losses:
        """Adds the gradient of one of `count` passes to that of a player's weights; returns its losses
        without the total."""
        if player is not self.method.players[-1]:
            fakes = {name: images.detach() for name, images in fakes.items()}
        with self.machine.autocast():
            losses = self.method.losses(player.name, each.batch, fakes, each.noise)
            # In the context: the second derivative of a gradient penalty runs forward operations.
            (losses.pop("total") / count).backward()
        return {name: value.detach() for name, value in losses.items()}

    def _train_only(self, player: Player) -> None:
        """Enables gradients for the weights of this player alone; through other networks they only pass."""
        for name, optimizer in self._optimizers.items():
            for parameter in optimizer.parameters:
                parameter.requires_grad_(name == player.name)
                # Only a step that broke off, as a failed recording does, has left one.
                parameter.grad = None

    def _sets_share(self, number: int) -> bool:
        """Whether the running means move after this step; sets by how much: quickly at first, since `ema`
        alone would remember the random start for thousands of steps."""
        step = number + 1
        if not self.ema or (step % EMA_EVERY and step > EMA_EVERY):
            return False
        share = 1 - min(self.config.ema, (1 + step) / (10 + step)) ** EMA_EVERY
        if isinstance(self._share, Tensor):
            self._share.fill_(share)
        else:
            self._share = share
        return True

    @torch.no_grad()
    def _move_means(self) -> None:
        for name, ema in self.ema.items():
            network = self.method.networks[name]
            means: list[Tensor] = [*ema.parameters()]
            weights: list[Tensor] = [*network.parameters()]
            if isinstance(self._share, Tensor):
                # The same for a share that a graph reads anew: torch has no lerp of many tensors by one.
                differences = torch._foreach_sub(weights, means)
                torch._foreach_mul_(differences, self._share)
                torch._foreach_add_(means, differences)
            else:
                torch._foreach_lerp_(means, weights, self._share)
            for mean, value in zip(ema.buffers(), network.buffers(), strict=True):
                mean.copy_(value)

    @property
    def remark(self) -> str:
        """Why steps are not captured although they should be; "" where they are or need not be."""
        failure = self._graphs.failure if self._graphs else ""
        return (
            f"steps run kernel by kernel: one could not be captured as a CUDA graph ({failure})"
            if failure
            else ""
        )

    def is_finite(self) -> bool:
        """Whether all weights and statistics of all networks are finite."""
        networks = (self.method.networks, self.ema)
        return are_finite(value for network in networks for value in network.state_dict().values())

    def state(self) -> State:
        """Returns all that `load_state` needs to resume. The tensors are no copies."""
        state: State = {name: dict(network.state_dict()) for name, network in self.method.networks.items()}
        state |= {f"{name}_optimizer": optimizer.state_dict() for name, optimizer in self._optimizers.items()}
        state |= {
            key: dict(self.ema[name].state_dict()) if self.ema else None
            for key, name in self._ema_keys().items()
        }
        own = self.method.state()
        return state | ({"method": own} if own else {})

    def load_state(self, state: State) -> None:
        """Restores what `state` returned."""
        for name, network in self.method.networks.items():
            network.load_state_dict(state[name])
        for name, optimizer in self._optimizers.items():
            optimizer.load_state_dict(state[f"{name}_optimizer"])
        for key, name in self._ema_keys().items():
            if self.ema:
                self.ema[name].load_state_dict(state[key])
        if "method" in state:
            self.method.load_state(state["method"])

    def _ema_keys(self) -> dict[str, str]:
        """Returns the key in a state of each saved network: the first one's is `mean`, whatever its name."""
        return {f"mean_{name}" if place else "mean": name for place, name in enumerate(self.method.saved)}
