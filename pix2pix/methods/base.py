"""The protocol of a training method: its networks, its players, and what each minimises.

A pass is one batch of this process. Whatever is random in it is drawn by `noise`, on the CPU and before
anything is computed: what follows (`make_fakes`, `losses`) is a function of tensors of constant shapes and
reads no value back, so that a whole step can be captured as one CUDA graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from pix2pix.config import ImageSpec, ModelConfig, TrainConfig
from pix2pix.imaging.tensors import Batch
from pix2pix.seeding import seed_of

__all__ = [
    "Applied",
    "Batch",
    "Criterion",
    "Draw",
    "ImageSpec",
    "Images",
    "Losses",
    "Method",
    "Metric",
    "Player",
]

Images = Mapping[str, ImageSpec]
"""What the images of a batch are, by name: source and target for pix2pix."""
Losses = dict[str, Tensor]
"""Scalars by name: `total` is minimised, the rest is logged. Each name belongs to one player; those that
begin with the same word, as `d_a` and `d_b` do, share a plot."""
Metric = Callable[[Tensor, Tensor], list[float]]
"""Compares two batches of images (B, C, H, W) in [-1, 1]; one number an image."""


@dataclass(frozen=True)
class Player:
    """Networks that one optimizer trains together."""

    name: str
    networks: tuple[str, ...]
    rate: float
    """Learning rate, before it decays."""
    steps: int = 1
    """Optimizer steps for each step of the training, every one on passes of its own."""


@dataclass(frozen=True)
class Draw:
    """The source of the random numbers of a pass: functions of the run's seed and of each example's place."""

    seed: int
    step: int
    """Counted from 0."""
    places: range
    """Numbers of the examples of this process in the whole training, the same however many processes
    share a batch."""

    def seeds(self, *words: str) -> list[int]:
        """Returns one seed for each example; other words give other seeds."""
        seeds = [seed_of(self.seed, "pass", place) for place in self.places]
        return [seed_of(seed, *words) for seed in seeds] if words else seeds


@dataclass(frozen=True)
class Applied:
    """A network as shapes alone, and how a step applies it: what estimates of memory are made of."""

    name: str
    network: nn.Module
    """On the `meta` device."""
    images: Tensor
    """What it is given, on the `meta` device."""
    times: int
    """How many of its outputs are held at once."""
    held: float = 2.2
    """Bytes for the backward pass and the gradients, for each byte of a layer's output (measured)."""
    trained: bool = True
    """Whether an optimizer trains it, and holds two moments of each weight."""


@dataclass(frozen=True)
class Criterion:
    """The metric of `validate` that the best model is chosen by."""

    metric: str
    lower_is_better: bool = False

    @property
    def rule(self) -> str:
        """Returns the rule in words: `highest ssim`."""
        return f"{'lowest' if self.lower_is_better else 'highest'} {self.metric}"


class Method(Protocol):
    """A way to train. Tensors are float32 in [-1, 1], (B, C, H, W), channels-last; networks run under the
    learner's autocast."""

    examples: str
    """The key in `data.examples.EXAMPLES` of the kind of data that it learns from."""
    networks: nn.ModuleDict
    """All of them by name, blank until the learner draws or loads their weights. One that no player has is
    never trained."""
    players: tuple[Player, ...]
    """In the order in which they step, the generator's last. One with fewer steps than others steps on the
    last passes."""
    saved: Mapping[str, ModelConfig]
    """The networks that the EMA and checkpoints are kept of, and what they are. The first is model.pth,
    others are model_NAME.pth."""
    columns: tuple[str, ...]
    """Names of the images in a row of a sample grid, as `sample` gives them."""
    criterion: Criterion
    sets: Mapping[str, tuple[str, str]]
    """Names of images of `sample` that belong together as sets, not one by one: what was made, and what it
    should look like. Keys name the measures."""
    compilable: bool
    """False where a loss takes a second derivative, which compiled graphs do not have."""

    @classmethod
    def criterion_of(cls, config: TrainConfig) -> Criterion:
        """Returns what `criterion` will be, without building anything."""

    @classmethod
    def describe(cls, config: TrainConfig, images: Images) -> Mapping[str, ModelConfig]:
        """Returns what `saved` will be, without allocating memory.

        Raises `ConfigError` where settings and images do not go together.
        """

    @classmethod
    def applied(cls, config: TrainConfig) -> tuple[Applied, ...]:
        """Returns the networks of these settings for RGB images, and how a step applies them, without
        allocating memory."""

    @classmethod
    def state_bytes(cls, config: TrainConfig) -> int:
        """Returns the bytes of what `state` gives, for RGB images."""

    @classmethod
    def build(cls, config: TrainConfig, images: Images) -> Method:
        """Returns the method with blank networks on the CPU; errors as in `describe`."""

    def to(self, device: torch.device) -> None:
        """Moves the networks, and what `state` gives, to the device that trains."""

    def noise(self, batch: Batch, draw: Draw) -> Batch:
        """Returns the random tensors of a pass, on the CPU: masks, mixing weights, places
        in an image pool."""

    def make_fakes(self, batch: Batch, noise: Batch) -> Batch:
        """Returns the generators' images for a batch, in float32. Called with and without a graph."""

    def losses(self, player: str, batch: Batch, fakes: Batch, noise: Batch) -> Losses:
        """Returns the losses of a player. Fakes are detached for all players but the last.

        Called once for each player and pass, so image pools may take in fakes here; they are
        changed in place.
        """

    def sample(self, networks: nn.ModuleDict, example: Batch) -> Batch:
        """Returns the images of an example to show, by name; `networks` are those of
        `saved`, in eval mode."""

    def validate(self, shown: Sequence[Batch], metrics: Mapping[str, Metric]) -> dict[str, float]:
        """Returns metrics of the samples of all validation examples, by means of `metrics` (l1, psnr,
        ssim) or otherwise."""

    def about(self, name: str) -> dict[str, Any]:
        """Returns what the checkpoint of a saved network says of it beside what every training's says."""

    def state(self) -> dict[str, Any]:
        """Returns what is needed to resume beside weights and optimizers, such as image pools; tensors
        are no copies.

        It is saved by the first process and loaded by all, so processes that share a batch must
        have the same.
        """

    def load_state(self, state: dict[str, Any]) -> None:
        """Restores what `state` returned."""
