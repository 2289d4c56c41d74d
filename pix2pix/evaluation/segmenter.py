"""A segmenter that predicts the class of each pixel of a photo, for the paper's FCN-score; trained on
the same pairs.

It is our U-Net with one output channel a class, and its file is an ordinary checkpoint, checked like
all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint
from pix2pix.config import ModelConfig, PaletteEntry
from pix2pix.data.augment import crop_rows, window_of
from pix2pix.data.clean_labels import clean_labels
from pix2pix.data.kinds import look
from pix2pix.data.pairs import Pair, PairFolder, open_pairs
from pix2pix.errors import CheckpointError, ConfigError, DataError
from pix2pix.evaluation.confusion import Classes, ConfusionMatrix, to_classes
from pix2pix.imaging.tensors import resize, to_bytes, to_tensor, to_unit
from pix2pix.networks import build_generator, init_weights
from pix2pix.runtime.fast_inference import computing_with
from pix2pix.runtime.progress import Progress
from pix2pix.seeding import seed_of

TASK = "segmentation"
SHARPNESS = 8.0
"""Factor from the U-Net's tanh output to logits, which are so from -8 to 8."""
DEEPEST = 5
MOST_CLASSES = 255
MOST_PAIRS = 4000
"""Training pairs that are held in memory; of more pairs, this many are taken evenly."""
ZOOM = 1.12
"""Ratio of the loaded picture's side to the crop's, as the paper's 286 to 256."""


@dataclass(frozen=True)
class SegmenterSettings:
    """The settings of a segmenter's training. The defaults take some minutes on one core."""

    size: int = 128
    width: int = 16
    steps: int = 3000
    batch: int = 8
    rate: float = 2e-3
    seed: int = 0

    def __post_init__(self) -> None:
        halvings = (self.size & -self.size).bit_length() - 1
        if not (halvings >= 3 and 8 <= self.size <= 1024):
            raise ConfigError(
                f"size is {self.size}; a segmenter needs a multiple of 8, from 8 to 1024, such as 128."
            )
        for name, low, high in (("width", 1, 128), ("steps", 1, 1_000_000), ("batch", 1, 256)):
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be from {low} to {high}.")

    @property
    def depth(self) -> int:
        """The number of levels of the U-Net."""
        return min(DEEPEST, (self.size & -self.size).bit_length() - 1)


class Segmenter:
    """A trained segmenter: `palette` names its classes, `size` is the side of its square inputs in pixels."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.config = checkpoint.config
        self.palette = checkpoint.config.palette
        self.size = checkpoint.config.size
        self.network = checkpoint.generator().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def load(cls, path: str | Path) -> Segmenter:
        """Loads the segmenter in a file. Raises `CheckpointError` where it holds none."""
        checkpoint = load_checkpoint(path)
        config = checkpoint.config
        classes = len(checkpoint.config.palette)
        fits = 2 <= classes <= MOST_CLASSES and (config.in_channels, config.out_channels) == (3, classes)
        if checkpoint.about.get("task") != TASK or not fits:
            raise CheckpointError(
                f"{path} holds no segmenter, but a model that draws. Make one with: pix2pix segmenter "
                "DATA --to FILE"
            )
        return cls(checkpoint)

    def find(self, photo: Image.Image) -> Classes:
        """Returns the predicted class of each pixel, (size, size)."""
        picture = to_tensor(resize(photo, (self.size, self.size), kind="photo"))
        with torch.inference_mode():
            return self.network(picture)[0].argmax(dim=0).to(torch.uint8).numpy()

    def truth(self, labels: Image.Image) -> Classes:
        """Returns the classes of a label map as it is on disk, (size, size)."""
        return read_classes(labels, self.palette, size=(self.size, self.size))


def read_classes(labels: Image.Image, palette: tuple[PaletteEntry, ...], *, size: tuple[int, int]) -> Classes:
    """Returns the classes of a label map that may have gone through JPEG; it is cleaned
    before it is resized."""
    cleaned = Image.fromarray(clean_labels(np.asarray(labels), palette))
    return to_classes(np.asarray(resize(cleaned, size, kind="labels")), palette)


def open_labelled(data: str | Path, layout: str = "auto") -> tuple[PairFolder, tuple[PaletteEntry, ...]]:
    """Returns the pairs of a folder as photo and labels, whichever half is which, and the classes.

    Raises `DataError` where neither half is labels. Where both look like labels, as drawn pictures do,
    A is taken.
    """
    folder = open_pairs(data, layout=layout)
    looks = look(folder)
    if "labels" not in (looks.source, looks.target):
        raise DataError(
            f"{data} has no label maps: its halves are {looks.source} and {looks.target}. A segmenter "
            "learns photo to labels."
        )
    flipped = looks.source == "labels"
    palette = looks.palette if flipped else looks.target_palette
    if len(palette) < 2:
        raise DataError(
            f"{data}: its label maps have {len(palette)} colour; a segmenter needs two classes or more."
        )
    return open_pairs(data, "BtoA", layout=layout) if flipped else folder, palette


def train_segmenter(
    data: str | Path,
    settings: SegmenterSettings | None = None,
    *,
    progress: Progress | None = None,
    layout: str = "auto",
) -> Checkpoint:
    """Trains photo to labels on the training pairs of a folder; on one machine a function of data
    and settings alone."""
    settings = settings or SegmenterSettings()
    folder, palette = open_labelled(data, layout)
    pupil = _SegmenterTrainer(
        settings, palette, *_read_all(folder, palette, size=round(settings.size * ZOOM))
    )
    with computing_with(torch.get_num_threads()):
        for step in range(settings.steps):
            pupil.step(step)
            if progress:
                progress(step + 1, settings.steps)
    checkpoint = Checkpoint(pupil.config, pupil.network.eval().state_dict(), {"task": TASK})
    held_out = folder.val or folder.test
    scores = measure_segmenter(Segmenter(checkpoint), folder, pairs=held_out) if held_out else {}
    about = {
        "task": TASK,
        "data": Path(folder.root).resolve().name,
        "pairs": len(folder.train),
        "settings": {
            name: getattr(settings, name) for name in ("size", "width", "steps", "batch", "rate", "seed")
        },
        "metrics": scores,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    return Checkpoint(checkpoint.config, checkpoint.weights, about)


def measure_segmenter(segmenter: Segmenter, folder: PairFolder, *, pairs: Sequence[Pair]) -> dict[str, float]:
    """Returns the three numbers of the segmenter on real photos; `folder` has photos as sources."""
    agreement = ConfusionMatrix(segmenter.palette)
    for pair in pairs:
        photo, labels = folder.load(pair)
        agreement.add(segmenter.truth(labels), segmenter.find(photo))
    return {"accuracy": agreement.accuracy, "class_accuracy": agreement.class_accuracy, "iou": agreement.iou}


def _read_all(folder: PairFolder, palette: tuple[PaletteEntry, ...], *, size: int) -> tuple[Tensor, Tensor]:
    """Returns photos (N, 3, size, size) and classes (N, 1, size, size), both uint8, without
    unreadable pairs."""
    every = -(-len(folder.train) // MOST_PAIRS)
    photos = []
    classes = []
    cause = ""
    for pair in folder.train[::every]:
        try:
            photo, labels = folder.load(pair)
        except DataError as error:
            cause = str(error)
            continue
        photos.append(to_bytes(resize(photo, (size, size), kind="photo")))
        classes.append(torch.from_numpy(read_classes(labels, palette, size=(size, size))).unsqueeze(0))
    if not photos:
        raise DataError(f"{folder.root} has no training pair that can be read. {cause}")
    return torch.stack(photos), torch.stack(classes)


class _SegmenterTrainer:
    """A segmenter in training."""

    def __init__(
        self, settings: SegmenterSettings, palette: tuple[PaletteEntry, ...], photos: Tensor, classes: Tensor
    ) -> None:
        self.settings = settings
        self.photos = photos
        self.classes = classes
        self.config = ModelConfig(
            depth=settings.depth,
            width=settings.width,
            out_channels=len(palette),
            norm="batch",
            decoder="resize",
            dropout=0.0,
            size=settings.size,
            source="photo",
            target="labels",
            palette=palette,
        )
        self.network = build_generator(self.config)
        init_weights(self.network, torch.Generator().manual_seed(seed_of(settings.seed, "segmenter")))
        self.network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.rate, fused=True)
        shares = torch.bincount(classes.flatten(), minlength=len(palette)).float().div(classes.numel())
        # By the root: a class of one pixel in a thousand is worth learning, and
        # still not more than the walls.
        self.weights = (shares.clamp(min=1e-4) ** -0.5) * (shares > 0)

    def step(self, number: int) -> None:
        photos, classes = self._batch(number)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.rate * 0.5 * (1 + math.cos(math.pi * number / self.settings.steps))
        logits = self.network(photos) * SHARPNESS
        F.cross_entropy(logits, classes, self.weights).backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def _batch(self, number: int) -> tuple[Tensor, Tensor]:
        """Returns a batch of crops, mirrored and with brightness, contrast and saturation changed at random:
        generated photos are paler or more colourful than real ones."""
        settings = self.settings
        count = len(self.photos)
        generator = torch.Generator().manual_seed(seed_of(settings.seed, "batch", number))
        rows = torch.randint(count, (settings.batch,), generator=generator).tolist()
        spare = self.photos.shape[-1] - settings.size
        windows = [
            window_of(seed_of(settings.seed, "window", number, place), (spare, spare), mirror=True)
            for place in range(settings.batch)
        ]
        photos = to_unit(crop_rows(self.photos, rows, windows=windows, size=settings.size))
        light, contrast, colour = (torch.rand((3, settings.batch, 1, 1, 1), generator=generator) - 0.5).mul(
            0.6
        )
        gray = photos.mean(dim=1, keepdim=True)
        photos = (gray + (photos - gray) * (1 + colour)) * (1 + contrast) + light
        classes = crop_rows(self.classes, rows, windows=windows, size=settings.size)[:, 0].long()
        return photos.clamp(-1, 1).to(memory_format=torch.channels_last), classes
