"""The protocol of training data: named batches, validation examples, and sentences about them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Protocol

import torch

from pix2pix.config import ImageSpec, ModelConfig, TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.data.scan import Problem
from pix2pix.data.unpaired import Unpaired
from pix2pix.imaging.tensors import Batch


class Examples(Protocol):
    """The data of a training. Each batch is a function of the settings and of (step, rank, place)."""

    train_size: int
    """Examples in one epoch."""
    val_size: int
    """Examples held back to validate on; 0 where training examples are shown instead."""

    @property
    def images(self) -> Mapping[str, ImageSpec]:
        """Returns what the images of a batch are, by name."""

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What is worth knowing of images that are used all the same."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Returns files that are left out, each once, with those found while reading so far."""

    def introduction(self) -> str:
        """Returns how many examples there are, and what their images are."""

    def warnings(self) -> Iterable[str]:
        """Returns sentences about what looks wrong. May read many files."""

    def fingerprint(self) -> str:
        """Returns the number of training examples, a space, and a digest of which they are."""

    def using(self, config: TrainConfig) -> Examples:
        """Returns the same examples, without another search, in batches of other settings."""

    def to(self, device: torch.device | str) -> Examples:
        """Moves images that are held in memory to a device, reading them first if needed; returns itself."""

    def batches(
        self, start: int = 0, *, rank: int = 0, world: int = 1
    ) -> Generator[tuple[int, list[Batch]], None, None]:
        """Yields (step, its `config.passes()` batches of this process) from step `start` on, without end.
        To be closed."""

    def validation(self, limit: int | None = None) -> list[tuple[str, Batch]]:
        """Returns (key, whole images as (1, C, size, size)) of the first validation examples."""


Opener = Callable[[TrainConfig, ModelConfig | None, ModelConfig | None], Examples]
EXAMPLES: dict[str, Opener] = {"pairs": Dataset.open, "unpaired": Unpaired.open}
"""Openers of data by what a method learns from, called with (settings, saved model, start).

The saved model of a resumed run, or the start of a new one, determines how images are interpreted.
"""
