"""What the models of a training make of the validation examples: sample grids and metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pix2pix.config import ModelConfig
from pix2pix.evaluation.collapse import measure_collapse
from pix2pix.evaluation.confusion import ConfusionMatrix, to_classes
from pix2pix.evaluation.metrics import (
    METRICS,
    feature_distances,
    features_of,
    find_inception,
    importing_metrics,
)
from pix2pix.imaging.sample_grid import lay_out
from pix2pix.imaging.tensors import Batch, to_image
from pix2pix.methods.base import Method
from pix2pix.runtime.device import Machine
from pix2pix.runtime.fast_inference import choose_inference_copy, normalise_by_picture

LARGEST = 50
"""Most examples that a training validates on."""
TOGETHER = 8
"""Examples in a batch on a GPU. On a CPU one by one is as fast, and takes less memory."""
FEWEST_CLASSES = 2
WORTH_A_COPY = 8
"""Examples from which making an inference copy takes less time than it saves."""


class Validation:
    """The validation examples of a training, shown by models as they would be saved.

    `read` returns the first examples, as many as asked for: few are read before the first step, all of them
    for the first metrics.
    """

    def __init__(
        self,
        method: Method,
        machine: Machine,
        *,
        models: Mapping[str, ModelConfig],
        read: Callable[[int], Sequence[tuple[str, Batch]]],
    ) -> None:
        self._read = read
        self._method = method
        self._machine = machine
        self._models = models
        self._first: list[Batch] = []
        self._real_features: dict[str, Tensor] = {}

    @cached_property
    def examples(self) -> list[Batch]:
        """The examples that are measured."""
        return [images for _, images in self._read(LARGEST)]

    def first(self, count: int) -> list[Batch]:
        """Returns the examples that are shown."""
        if "examples" not in vars(self) and len(self._first) < count:
            self._first = [images for _, images in self._read(min(count, LARGEST))]
        return vars(self).get("examples", self._first)[:count]

    def sample(self, networks: nn.ModuleDict, count: int) -> Image.Image:
        """Returns the sample grid of the first `count` examples, a row each."""
        rows = self._show(networks, self.first(count))
        return lay_out([tuple(row[column] for column in self._method.columns) for row in rows])

    def measure(self, networks: nn.ModuleDict) -> dict[str, float]:
        """Returns the method's metrics over all examples."""
        examples = self.examples
        with importing_metrics():
            shown = self._show(networks, examples)
        values = self._method.validate(shown, METRICS)
        if {"ssim", "edges"} <= values.keys():
            values["detail"] = values["ssim"] * min(values["edges"], 1 / values["edges"])
        return values | self._collapse(shown) | self._class_scores(shown) | self._distances(shown)

    def _collapse(self, shown: Sequence[Batch]) -> dict[str, float]:
        """Returns `saturated` and `spread` of what the method makes; of its worse set where it makes two."""
        sets = list(self._method.sets.values()) or [("fake", "target")]
        found = [
            measure_collapse([images[made] for images in shown], [images[real] for images in shown])
            for made, real in sets
            if {made, real} <= shown[0].keys()
        ]
        worse = {"saturated": max, "spread": min}
        return {
            name: choose(signs[name] for signs in found if name in signs)
            for name, choose in worse.items()
            if any(name in signs for signs in found)
        }

    def _class_scores(self, shown: Sequence[Batch]) -> dict[str, float]:
        """Returns `class_accuracy` and `class_iou` where the method paints label maps beside true ones:
        pixels as the nearest class."""
        palette = next(iter(self._models.values())).target_palette
        if len(palette) < FEWEST_CLASSES or not all({"fake", "target"} <= images.keys() for images in shown):
            return {}
        matrix = ConfusionMatrix(palette)
        for images in shown:
            truth, found = (
                to_classes(np.asarray(to_image(images[name])), palette) for name in ("target", "fake")
            )
            matrix.add(truth, found)
        return {"class_accuracy": matrix.class_accuracy, "class_iou": matrix.iou}

    def _distances(self, shown: Sequence[Batch]) -> dict[str, float]:
        """Returns `kid_a`, `fid_a` and so on of the method's sets of images, where the network of these
        measures is on this machine."""
        if not self._method.sets or self._inception is None:
            return {}
        found: dict[str, float] = {}
        for key, (made, real) in self._method.sets.items():
            if key not in self._real_features:
                self._real_features[key] = self._features(real, shown)
            distances = feature_distances(self._features(made, shown), self._real_features[key])
            found |= {f"{name}_{key}": value for name, value in distances.items()}
        return found

    def _features(self, name: str, shown: Sequence[Batch]) -> Tensor:
        """Returns the features (N, n) of the images of that name, each once: a smaller side was repeated."""
        assert self._inception is not None
        extract = self._inception
        device = self._machine.device
        different = {images[name].numpy().tobytes(): images[name] for images in shown}
        return torch.cat([features_of(image.to(device), extract) for image in different.values()])

    @cached_property
    def _inception(self) -> nn.Module | None:
        network = find_inception()
        return network.to(self._machine.device) if network else None

    def _show(self, networks: nn.ModuleDict, examples: Sequence[Batch]) -> list[Batch]:
        """Returns the images of each example by these networks, (1, C, H, W) on the CPU."""
        shown = nn.ModuleDict(
            {name: self._prepared(networks[name].eval(), name, len(examples)) for name in self._models}
        )
        size = TOGETHER if self._machine.device.type == "cuda" else 1
        return [
            row
            for first in range(0, len(examples), size)
            for row in self._show_together(shown, examples[first : first + size])
        ]

    def _show_together(self, networks: nn.ModuleDict, examples: Sequence[Batch]) -> list[Batch]:
        together: dict[str, Tensor] = {
            name: torch.cat([example[name] for example in examples]).to(self._machine.device)
            for name in examples[0]
        }
        with torch.no_grad(), self._machine.autocast():
            shown = {
                name: images.float().cpu() for name, images in self._method.sample(networks, together).items()
            }
        return [
            {name: images[place : place + 1] for name, images in shown.items()}
            for place in range(len(examples))
        ]

    def _prepared(self, network: nn.Module, name: str, count: int) -> nn.Module:
        """Returns a network as the saved model paints: with batch norm by picture where its config asks for
        it; for many examples as a copy that is faster."""
        model = self._models[name]
        if model.norm == "batch" and model.statistics == "picture":
            network = normalise_by_picture(network)
        if count < WORTH_A_COPY:
            return network
        copied, _ = choose_inference_copy(network, model.in_channels, precision=self._machine.precision)
        return copied
