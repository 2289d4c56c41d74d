"""Pictures and tensors, back and forth. The only module that knows of 0 to 255.

Outside the networks a picture is an RGB `PIL.Image`; inside it is a float32 tensor in [-1, 1] of shape (B, C, H, W).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor


def to_rgb(image: Image.Image) -> Image.Image:
    """Any picture that Pillow opens as upright RGB: EXIF rotation applied, alpha on white, 16 bit scaled to 8."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(image).convert("RGB")
    if image.mode == "La":
        image = image.convert("LA")
    if {"A", "a"} & set(image.getbands()) or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """Gray pictures of 16 or 32 bits. Pillow's own convert clips at 255 instead of scaling: mid gray would come out white."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0, neginf=0)
    top = 65535.0 if image.mode.startswith("I;16") else _top(float(values.max(initial=0)), image.mode == "F")
    return Image.fromarray(np.clip(np.rint(values * (255 / top)), 0, 255).astype(np.uint8))


def _top(largest: float, is_float: bool) -> float:
    """What white is in a picture of 32 bits, whose mode does not say it: the least usual range that holds its largest value."""
    ranges = (1.0, 255.0, 65535.0) if is_float else (255.0, 65535.0)
    return next((top for top in ranges if largest <= top), largest)


def resize(image: Image.Image, size: tuple[int, int], kind: str) -> Image.Image:
    """To (width, height): labels keep their exact colours, photos are smoothed (Pillow widens its filter when it makes them smaller)."""
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.NEAREST if kind == "labels" else Image.Resampling.BICUBIC)


def to_bytes(image: Image.Image, channels: int = 3) -> Tensor:
    """RGB picture as uint8 (C, H, W); with one channel its luma (ITU-R 601)."""
    array = np.array(image.convert("L" if channels == 1 else "RGB"))
    return torch.from_numpy(array.reshape(image.height, image.width, -1)).permute(2, 0, 1)


def to_unit(pixels: Tensor) -> Tensor:
    """uint8 values 0 to 255 as float32 in [-1, 1]."""
    return pixels.float().div_(127.5).sub_(1)


def to_tensor(image: Image.Image, channels: int = 3) -> Tensor:
    """RGB picture as float32 (1, C, H, W) in [-1, 1]."""
    return to_unit(to_bytes(image, channels)).unsqueeze(0)


def to_pixels(tensor: Tensor) -> Tensor:
    """Values in [-1, 1] as uint8 0 to 255, rounded; what lies outside is clipped."""
    return tensor.detach().float().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def to_image(tensor: Tensor) -> Image.Image:
    """(C, H, W) or (1, C, H, W) in [-1, 1] as an RGB picture; one channel becomes gray."""
    pixels = to_pixels(tensor.squeeze(0) if tensor.dim() == 4 else tensor).cpu()
    array = pixels.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(array)


def lay_out(rows: Sequence[tuple[Tensor, ...]], gap: int = 4) -> Image.Image:
    """Rows of pictures (1, C, H, W) in [-1, 1] on white."""
    height, width = rows[0][0].shape[-2:]
    grid = Image.new("RGB", (len(rows[0]) * (width + gap) - gap, len(rows) * (height + gap) - gap), "white")
    for top, row in enumerate(rows):
        for left, picture in enumerate(row):
            grid.paste(to_image(picture), (left * (width + gap), top * (height + gap)))
    return grid
