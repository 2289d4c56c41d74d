"""Converts between pictures and tensors. The only module that uses values from 0 to 255.

Outside the networks a picture is an RGB `PIL.Image`; inside it is a float32 tensor in [-1, 1] of shape (B,
C, H, W).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps
from torch import Tensor

from pix2pix.settings import Levels

SRGB = ImageCms.createProfile("sRGB")
SAME_COLOUR = 3
"""Levels of 255 by which a profile that means sRGB may move a colour."""

Batch = Mapping[str, Tensor]
"""Images by name, (B, C, H, W) in [-1, 1]."""

EXTRA_SAMPLES = 338
"""TIFF's tag for the meaning of bands beyond colour; 1 and 2 are transparency."""
DEEP_MODES = ("I", "F")


def are_finite(values: Iterable[Tensor]) -> bool:
    """Whether all numbers of all tensors are finite.

    The least and the largest of a tensor are NaN where any number is. `torch.isfinite` of every number takes
    eight times as long on a CPU; on a GPU all answers are waited for at once.
    """
    answers = [_is_finite(value.detach()) for value in values if value.numel()]
    return not answers or bool(torch.stack(answers).all())


def _is_finite(value: Tensor) -> Tensor:
    if value.dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        value = torch.stack(torch.aminmax(value))
    return torch.isfinite(value).all()


def is_deep(image: Image.Image) -> bool:
    """Whether the values are of more than 8 bits, or signed, or no whole numbers."""
    return image.mode.startswith(DEEP_MODES)


def to_rgb(image: Image.Image, levels: Levels | None = None) -> Image.Image:
    """Converts a picture to upright sRGB of 8 bits: rotation applied, transparency on white, colours
    by its profile.

    A deep picture is scaled so that `levels` become black and white; without them by the usual range of its
    type. Values outside are clipped: `overshoot` returns their share.
    """
    has_alpha = _declares_alpha(image)
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if is_deep(image):
        return _from_deep(image, levels).convert("RGB")
    if not has_alpha and image.mode == "RGBA":
        image = image.convert("RGB")
    if profile:
        image = _to_srgb(image, profile)
    if image.mode == "La":
        image = image.convert("LA")
    if {"A", "a"} & set(image.getbands()) or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def _declares_alpha(image: Image.Image) -> bool:
    """Whether a fourth band is transparency. A TIFF must declare it: there it may also be infrared,
    which Pillow ignores."""
    tags = getattr(image, "tag_v2", None)
    return tags is None or bool(set(tags.get(EXTRA_SAMPLES, ())) & {1, 2})


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Converts colours by the profile to sRGB; unchanged where it cannot be read or is of another
    kind of picture."""
    bands = image.convert("RGB") if image.mode == "P" and "transparency" not in image.info else image
    transform = _transform(profile, bands.mode)
    return ImageCms.applyTransform(bands, transform) or image if transform else image


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Returns the transform from a profile to sRGB; None where none is needed or possible.

    A profile that is sRGB under another name changes colours by a level or so, which must not happen to
    labels: its effect is tried on sample colours.
    """
    if mode not in ("RGB", "RGBA", "CMYK"):
        return None
    try:
        source = ImageCms.ImageCmsProfile(ImageCms.core.profile_frombytes(profile))
        transform = ImageCms.buildTransform(source, SRGB, mode, "RGBA" if mode == "RGBA" else "RGB")
        if mode == "CMYK":
            return transform
        levels = np.stack(np.meshgrid(*[np.arange(0, 256, 51, dtype=np.uint8)] * 3), axis=-1).reshape(
            -1, 1, 3
        )
        card = Image.fromarray(levels).convert(mode)
        shown = ImageCms.applyTransform(card, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    moved = np.abs(np.asarray(shown, np.int16) - np.asarray(card, np.int16)).max()
    return transform if moved > SAME_COLOUR else None


def finite_range(image: Image.Image) -> Levels | None:
    """Returns the least and the largest finite value of a deep picture; None where there is none."""
    values = np.asarray(image, dtype=np.float64)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else None


def usual_levels(low: float, high: float, *, is_float: bool) -> Levels:
    """Returns the values for black and white of pictures from `low` to `high`: a usual range that they
    fill, else these.

    The usual ranges are those of 8 to 16 bits (of 0 to 1 and -1 to 1, for floating point). One is filled
    where the values take up half of it, so that no more than one bit is lost.
    """
    usual = [(0.0, 1.0), (-1.0, 1.0)] if is_float else []
    usual += [(0.0, float(2**bits - 1)) for bits in (8, 10, 12, 14, 16)]
    for bottom, top in usual:
        if bottom <= low and high <= top and high - low >= (top - bottom) / 2:
            return bottom, top
    return (low, high) if high > low else (low, low + 1)


def overshoot(image: Image.Image, levels: Levels) -> float:
    """Returns the share of a deep picture's values outside the levels, which are clipped; 0 for a picture
    of 8 bits."""
    if not is_deep(image):
        return 0.0
    values = np.asarray(image, dtype=np.float64)
    return float(((values < levels[0]) | (values > levels[1])).mean())


def _levels_of_one(image: Image.Image) -> Levels:
    """Returns the values for black and white of a single picture: all 16 bits, else the least usual range
    that holds it."""
    if image.mode.startswith("I;16"):
        return 0.0, 65535.0
    low, high = finite_range(image) or (0.0, 1.0)
    usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    top = next((top for top in usual if high <= top), high)
    return (0.0, top) if low >= 0 else (low, max(high, low + 1))


def _from_deep(image: Image.Image, levels: Levels | None) -> Image.Image:
    """Scales gray pictures of 16 or 32 bits to 8; Pillow's own convert would clip at 255 instead."""
    values = np.asarray(image, dtype=np.float64)
    low, high = levels or _levels_of_one(image)
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    return Image.fromarray(np.clip(np.rint((values - low) * (255 / (high - low))), 0, 255).astype(np.uint8))


def resize(image: Image.Image, size: tuple[int, int], *, kind: str) -> Image.Image:
    """Resizes to (width, height): labels keep their exact colours, photos are smoothed (antialiased
    when made smaller)."""
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.NEAREST if kind == "labels" else Image.Resampling.BICUBIC)


def to_bytes(image: Image.Image, channels: int = 3, *, kind: str = "photo") -> Tensor:
    """Converts an RGB picture to uint8 (C, H, W).

    One channel is the luma (ITU-R 601), which is in all three channels of a picture of the kind `gray`.
    """
    if kind == "gray":
        image = image.convert("L")
    array = np.array(image.convert("L" if channels == 1 else "RGB"))
    return torch.from_numpy(array.reshape(image.height, image.width, -1)).permute(2, 0, 1)


def to_unit(pixels: Tensor) -> Tensor:
    """Converts uint8 values 0 to 255 to float32 in [-1, 1]."""
    return pixels.float().div_(127.5).sub_(1)


def to_tensor(image: Image.Image, channels: int = 3, *, kind: str = "photo") -> Tensor:
    """Converts an RGB picture to float32 (1, C, H, W) in [-1, 1], by way of `to_bytes`."""
    return to_unit(to_bytes(image, channels, kind=kind)).unsqueeze(0)


def to_pixels(tensor: Tensor) -> Tensor:
    """Converts values in [-1, 1] to uint8 0 to 255, rounded; values outside are clipped."""
    return tensor.detach().float().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def to_image(tensor: Tensor) -> Image.Image:
    """Converts (C, H, W) or (1, C, H, W) in [-1, 1] to an RGB picture; one channel becomes gray."""
    pixels = to_pixels(tensor.squeeze(0) if tensor.dim() == 4 else tensor).cpu()
    array = pixels.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(array)
