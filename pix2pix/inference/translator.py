"""Translates pictures with a checkpoint: pictures in, pictures of the same size out.

    picture = Translator.load("checkpoints/facades.pth")(drawing)

A translator can be shared by any number of threads.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from PIL import Image
from torch import Tensor, nn

from pix2pix.checkpoints.checkpoint import Checkpoint, choose_statistics
from pix2pix.checkpoints.importers import read_any
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError, ConfigError, DataError
from pix2pix.imaging.tensors import resize, to_bytes, to_pixels, to_rgb, to_unit
from pix2pix.imaging.tiles import Span, blend_tiles, plan_tiles, reflect_indices, round_up
from pix2pix.networks import sample_noise
from pix2pix.runtime.cuda_graphs import GraphCache
from pix2pix.runtime.device import choose_device
from pix2pix.runtime.fast_inference import (
    Precision,
    choose_inference_copy,
    computing_with,
    normalise_by_picture,
)
from pix2pix.runtime.files import LARGEST_PICTURE

Mode = Literal["fit", "native"]
MODES: tuple[Mode, ...] = ("fit", "native")
PRECISIONS = ("auto", "fp32", "bf16")
DROPOUT = ("auto", "on", "off")

TILE_MEMORY = 2.45e9
"""Bytes that the features of one tile may take; larger pictures are cut. 4096 x 4096 stays
under 4 GB in all."""

FEATURE_BYTES: dict[Precision, float] = {"fp32": 4.5, "bf16": 2.25}
"""Bytes of features a pixel at a U-Net's fullest moment, for each unit of width; measured."""
FULLNESS = {"unet": 1.0, "resnet": 3.2}
"""How many times that is it for other networks."""

LARGEST_SEED = 2**63 - 1


class Translator:
    """A checkpoint, ready to draw.

    `statistics` is for models with batch norm: those of the `picture` at hand, as in the paper, or the
    `running` ones of training. `dropout` on draws with noise even where no seed is given (that of seed 0).
    Both are the model's own choice by default: ours draw without noise, those of other projects as these
    projects test. `precision` auto computes in bf16 where this machine is faster with it and the picture
    stays the same to 1/255 in the mean.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str = "auto",
        precision: str = "auto",
        statistics: str = "auto",
        dropout: str = "auto",
    ) -> None:
        _check_choice("precision", precision, choices=PRECISIONS)
        _check_choice("dropout", dropout, choices=DROPOUT)
        statistics = choose_statistics(checkpoint, statistics)
        self.noisy = checkpoint.config.noisy if dropout == "auto" else dropout == "on"
        """Whether there is noise without a seed."""
        self.config: ModelConfig = checkpoint.config
        self.about: dict[str, Any] = checkpoint.about
        self.device = choose_device(device)
        generator = checkpoint.generator().requires_grad_(False)
        if statistics == "picture":
            generator = normalise_by_picture(generator)
        self.generator: nn.Module = generator.to(self.device)
        """The plain float32 network: (B, C, H, W) in [-1, 1] to the same."""
        quick, self.precision = choose_inference_copy(
            self.generator, self.config.in_channels, precision=precision
        )
        self._quick: Callable[..., Tensor] = GraphCache(quick) if self.device.type == "cuda" else quick
        self._threads = torch.get_num_threads()
        self.tile_memory = TILE_MEMORY
        # Threads that draw large pictures take turns, or their features would add up.
        self._large = threading.Lock()

    @classmethod
    def load(
        cls,
        path: str | Path,
        device: str = "auto",
        precision: str = "auto",
        statistics: str = "auto",
        dropout: str = "auto",
    ) -> Translator:
        """Loads a checkpoint file, ours or another project's. Raises `CheckpointError` where it
        cannot be used."""
        return cls(read_any(path), device, precision, statistics, dropout)

    def __repr__(self) -> str:
        config = self.config
        weights = sum(weight.numel() for weight in self.generator.parameters()) / 1e6
        return (
            f"<Translator: {config.source} to {config.target}, {config.size} x {config.size}, "
            f"{config.generator} of width {config.width}, {weights:.1f} million weights, "
            f"{self.precision} on {self.device}>"
        )

    @property
    def multiple(self) -> int:
        """The number of which the sides of a picture inside the network are multiples."""
        return int(getattr(self.generator, "multiple", 1))

    def _padded(self, side: int) -> int:
        """Returns the side of a picture as padded for the network."""
        return round_up(max(side, int(getattr(self.generator, "smallest", 1))), self.multiple)

    def __call__(self, image: Image.Image, mode: str = "fit", seed: int | None = None) -> Image.Image:
        """Returns the picture that the model makes of `image`: RGB, of the same size.

        The image is converted first: upright, so that the size is that of the turned picture where EXIF says
        so, on white where it is transparent, more than 8 bits scaled to 8 by the range that the model was
        trained with, if it has one; values outside are clipped.

        `fit` resizes to the size that the model was trained at, and back. `native` keeps every pixel: it pads
        by reflection, and cuts what is too large for the memory into tiles that are blended. With instance
        norm, or batch norm by picture, each tile is normalised by itself, so its colours may differ from
        those of a picture translated whole. A `seed` turns the dropout on, the paper's noise: the same seed
        gives the same picture. Without one there is no noise, unless the translator's `dropout` is on. Raises
        `ConfigError` for another mode or seed.
        """
        _check_choice("mode", mode, choices=MODES)
        _check_seed(seed)
        seed = 0 if seed is None and self.noisy else seed
        self._check_picture(image)
        image = to_rgb(image, self.config.source_levels)
        if mode == "native":
            return self._translate_whole(image, seed)
        size = (self.config.size, self.config.size)
        return resize(
            self._translate_whole(resize(image, size, kind=self.config.source), seed),
            image.size,
            kind=self.config.target,
        )

    def translate_batch(self, images: Sequence[Image.Image]) -> list[Image.Image]:
        """Returns each picture as translated in mode `fit` without a seed, in one batch where the
        model allows it."""
        size = self.config.size
        if len(images) == 1 or self.noisy or self._padded(size) != size:
            return [self(image) for image in images]
        for image in images:
            self._check_picture(image)
        uprights = [to_rgb(image, self.config.source_levels) for image in images]
        squares = [resize(image, (size, size), kind=self.config.source) for image in uprights]
        source = to_unit(torch.stack([self._to_bytes(square) for square in squares]))
        pictures = [_to_picture(pixels) for pixels in to_pixels(self._paint(source, None)).cpu()]
        return [
            resize(picture, image.size, kind=self.config.target)
            for picture, image in zip(pictures, images, strict=True)
        ]

    def translate_tensor(self, source: Tensor, seeds: Sequence[int] | None = None) -> Tensor:
        """Translates (B, C, H, W) in [-1, 1] to the same; sides are multiples of `multiple`.

        Dropout is on with `seeds`, one for each picture.
        """
        seeds = [0] * len(source) if seeds is None and self.noisy else seeds
        noise = None if seeds is None else self._sample_noise(source.shape[-2], source.shape[-1], seeds)
        return self._paint(source, noise)

    def _to_bytes(self, image: Image.Image) -> Tensor:
        return to_bytes(image, self.config.in_channels, kind=self.config.source)

    def _translate_whole(self, image: Image.Image, seed: int | None) -> Image.Image:
        """Returns the picture with every pixel through the network, in one piece or in tiles."""
        pixels = self._to_bytes(image)
        height, width = map(self._padded, pixels.shape[1:])
        y = reflect_indices(pixels.shape[1], height)
        x = reflect_indices(pixels.shape[2], width)
        noise = None if seed is None else self._sample_noise(height, width, [seed])

        def paint(row: Span, column: Span) -> Tensor:
            tile = to_unit(pixels[:, y[row.slice]][:, :, x[column.slice]]).unsqueeze(0)
            masks = (
                None
                if noise is None
                else [_cut(mask, row, column=column, scale=height // mask.shape[2]) for mask in noise]
            )
            return self._paint(tile, masks)[0]

        canvas = torch.empty((self.config.out_channels, height, width), dtype=torch.uint8)
        top = 0
        rows, columns = plan_tiles(height, width, multiple=self.multiple, most_pixels=self._most_pixels())
        for strip in blend_tiles(rows, columns, paint=paint):
            canvas[:, top : top + strip.shape[1]] = to_pixels(strip).cpu()
            top += strip.shape[1]
        above = (height - image.height) // 2
        left = (width - image.width) // 2
        return _to_picture(canvas[:, above : above + image.height, left : left + image.width])

    def _paint(self, source: Tensor, noise: Sequence[Tensor] | None) -> Tensor:
        """Returns the network's output for a batch. Raises `CheckpointError` where it is not finite."""
        masks = None if noise is None else [mask.to(self.device) for mask in noise]
        pixels = source.shape[-2] * source.shape[-1] * source.shape[0]
        turn = self._large if pixels > self._most_pixels() / 8 else contextlib.nullcontext()
        with turn, torch.inference_mode(), computing_with(self._threads):
            source = source.to(self.device)
            # Networks without dropout need not know of noise.
            fake = self._quick(source, masks) if masks else self._quick(source)
            broken = int(fake.numel() - torch.isfinite(fake).sum())
        if broken:
            raise CheckpointError(
                f"the model gave {broken:,} of {fake.numel():,} values that are not finite: it is broken, "
                "or was trained until it diverged."
                " Take an earlier checkpoint."
            )
        return fake

    def _sample_noise(self, height: int, width: int, seeds: Sequence[int]) -> list[Tensor]:
        find_shapes: Any = getattr(self.generator, "noise_shapes", None)
        shapes = find_shapes(height, width) if find_shapes else []
        return sample_noise(shapes, self.config.dropout, seeds=seeds)

    def _most_pixels(self) -> int:
        fullness = FULLNESS.get(self.config.generator, 1.0)
        return int(self.tile_memory / (FEATURE_BYTES[self.precision] * fullness * self.config.width))

    def _check_picture(self, image: Image.Image) -> None:
        if not isinstance(image, Image.Image):
            raise DataError(
                f"a {type(image).__name__} is no picture. Give a PIL image, such as PIL.Image.open(path)."
            )
        ins = self.config.in_channels
        outs = self.config.out_channels
        if ins not in (1, 3) or outs not in (1, 3):
            raise ConfigError(
                f"this model turns {ins} channels into {outs}; pictures have 1 or 3. Use "
                "translate_tensor for it."
            )
        width, height = image.size
        if not width or not height:
            raise DataError(
                f"the picture is {width} x {height}: there is nothing to translate. Give one with at least "
                "1 pixel on each side."
            )
        if width * height > LARGEST_PICTURE:
            raise DataError(
                f"the picture is {width} x {height}, {width * height / 1e6:.0f} million pixels;"
                f" at most {LARGEST_PICTURE / 1e6:.0f} million are translated. Make it smaller, or cut it."
            )


def _check_choice(name: str, value: str, *, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} is {value!r}; choose one of {', '.join(choices)}.")


def _check_seed(seed: int | None) -> None:
    if seed is not None and not (
        isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= LARGEST_SEED
    ):
        raise ConfigError(
            f"seed is {seed!r}; it must be a whole number from 0 to {LARGEST_SEED}, or None for no noise."
        )


def _cut(mask: Tensor, row: Span, *, column: Span, scale: int) -> Tensor:
    """Returns the part of a dropout mask, `scale` times smaller than the picture, that belongs to a tile."""
    return mask[:, :, row.start // scale : row.stop // scale, column.start // scale : column.stop // scale]


def _to_picture(pixels: Tensor) -> Image.Image:
    """Converts uint8 (C, H, W) to an RGB picture; one channel becomes gray."""
    return Image.fromarray(pixels.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy())
