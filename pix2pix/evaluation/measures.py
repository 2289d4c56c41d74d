"""Measures over all pictures of an evaluation together: colours, perception, and the paper's FCN-score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from PIL import Image
from torch import Tensor

from pix2pix.config import ModelConfig, PaletteEntry
from pix2pix.data.pairs import Pair, PairFolder
from pix2pix.errors import ConfigError
from pix2pix.evaluation.confusion import ConfusionMatrix, to_classes
from pix2pix.evaluation.metrics import (
    INCEPTION_FILE,
    FeatureDistances,
    LabHistograms,
    Metric,
    open_inception,
    open_lpips,
    weights_folder,
)
from pix2pix.evaluation.segmenter import Segmenter, read_classes
from pix2pix.imaging.tensors import to_tensor


@dataclass(frozen=True)
class EvaluatedPair:
    """One pair under evaluation: source, target and the model's picture, all of one size."""

    folder: PairFolder
    pair: Pair
    source: Image.Image
    fake: Image.Image
    target: Image.Image
    channels: int = 3

    @cached_property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """Returns fake and target, (1, C, H, W) in [-1, 1]."""
        return to_tensor(self.fake, self.channels), to_tensor(self.target, self.channels)


class Measure(Protocol):
    """The protocol of a measure: it gets each picture once, and at the end returns numbers
    for all of them."""

    def see(self, evaluated: EvaluatedPair) -> dict[str, float]:
        """Adds a picture and returns numbers of it alone, by name."""

    def result(self) -> dict[str, float]:
        """Returns numbers of all pictures, by name."""


class Colours:
    """Lab histogram intersection."""

    def __init__(self) -> None:
        self.histograms = LabHistograms()

    def see(self, evaluated: EvaluatedPair) -> dict[str, float]:
        """Adds the picture to the histograms; returns {}."""
        self.histograms.add(*evaluated.tensors)
        return {}

    def result(self) -> dict[str, float]:
        """Returns `lab_l`, `lab_a` and `lab_b`, 0 to 1."""
        return self.histograms.result()


class Lpips:
    """The LPIPS distance of each picture to its target."""

    def __init__(self) -> None:
        self.metric: Metric = open_lpips()

    def see(self, evaluated: EvaluatedPair) -> dict[str, float]:
        """Returns `lpips`."""
        return {"lpips": self.metric(*evaluated.tensors)[0]}

    def result(self) -> dict[str, float]:
        """Returns {}: the mean is computed with those of the other metrics."""
        return {}


class Distances:
    """FID and KID."""

    def __init__(self) -> None:
        self.distances = FeatureDistances(open_inception())

    def see(self, evaluated: EvaluatedPair) -> dict[str, float]:
        """Adds the picture; returns {}."""
        self.distances.add(*evaluated.tensors)
        return {}

    def result(self) -> dict[str, float]:
        """Returns `fid` and `kid`."""
        return self.distances.result()


PERCEPTUAL: tuple[tuple[str, Callable[[], Measure], str], ...] = (
    ("LPIPS", Lpips, "alexnet-owt-7be5be79.pth from download.pytorch.org/models"),
    (
        "FID and KID",
        Distances,
        f"{INCEPTION_FILE} from the releases of github.com/toshas/torch-fidelity",
    ),
)


def open_perceptual() -> tuple[list[Measure], list[str]]:
    """Returns LPIPS, FID and KID as far as their weights are available, and a sentence for
    each that is not."""
    found: list[Measure] = []
    sentences: list[str] = []
    for name, build, weights in PERCEPTUAL:
        try:
            found.append(build())
        except ImportError:
            sentences.append(
                f"{name} left out: torch-fidelity is not installed. Get it with: pip install "
                '"pix2pix[perceptual]"'
            )
        except (OSError, RuntimeError) as error:
            cause = (str(error).splitlines() or [type(error).__name__])[0][:120]
            sentences.append(
                f"{name} left out: the weights could not be fetched ({cause}). Put {weights} into "
                f"{weights_folder()}."
            )
    return found, sentences


class FcnScore:
    """The paper's FCN-score: a segmenter trained on real photos finds the label map's classes in
    the model's pictures.

    Its scores on the real photos are the upper bound.
    """

    def __init__(self, segmenter: Segmenter, model: ModelConfig) -> None:
        if model.source != "labels":
            raise ConfigError(
                f"a segmenter judges photos made from labels, and this model's sources are {model.source}. "
                "Leave --segmenter out:"
                " a model whose pictures are labels is scored without one."
            )
        self.segmenter = segmenter
        self.fake = ConfusionMatrix(segmenter.palette)
        self.real = ConfusionMatrix(segmenter.palette)

    def see(self, evaluated: EvaluatedPair) -> dict[str, float]:
        """Returns `fcn_accuracy`: the share of pixels whose class is found where it was drawn."""
        truth = self.segmenter.truth(evaluated.folder.load(evaluated.pair)[0])
        self.real.add(truth, self.segmenter.find(evaluated.target))
        return {"fcn_accuracy": self.fake.add(truth, self.segmenter.find(evaluated.fake))}

    def result(self) -> dict[str, float]:
        """Returns the three numbers `fcn_...`, and those of the real photos, `real_fcn_...`."""
        return _three("fcn", self.fake) | _three("real_fcn", self.real)


class LabelScore:
    """For models whose pictures are label maps: pixels snapped to the nearest class, against
    the cleaned labels."""

    def __init__(self, palette: tuple[PaletteEntry, ...]) -> None:
        self.palette = palette
        self.agreement = ConfusionMatrix(palette)

    def see(self, evaluated: EvaluatedPair) -> dict[str, float]:
        """Returns `label_accuracy`: the share of pixels of the right class."""
        truth = read_classes(evaluated.folder.load(evaluated.pair)[1], self.palette, size=evaluated.fake.size)
        return {
            "label_accuracy": self.agreement.add(truth, to_classes(np.asarray(evaluated.fake), self.palette))
        }

    def result(self) -> dict[str, float]:
        """Returns the three numbers `label_...`."""
        return _three("label", self.agreement)


def _three(name: str, agreement: ConfusionMatrix) -> dict[str, float]:
    return {
        f"{name}_accuracy": agreement.accuracy,
        f"{name}_class_accuracy": agreement.class_accuracy,
        f"{name}_iou": agreement.iou,
    }
