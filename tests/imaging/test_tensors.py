"""Every kind of picture that Pillow opens comes out upright, RGB and as bright as it was."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from pix2pix.imaging.tensors import (
    are_finite,
    resize,
    to_bytes,
    to_image,
    to_pixels,
    to_rgb,
    to_tensor,
    to_unit,
)


def reopened(image: Image.Image, form: str, **options: object) -> Image.Image:
    data = io.BytesIO()
    image.save(data, form, **options)
    return Image.open(io.BytesIO(data.getvalue()))


def middle(image: Image.Image) -> tuple[int, ...]:
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return pixel


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_mid_gray_of_16_bits_stays_mid_gray(form: str) -> None:
    deep = Image.fromarray(np.full((4, 6), 32896, np.uint16))
    assert middle(to_rgb(reopened(deep, form))) == (128, 128, 128)


def test_16_bits_span_black_to_white() -> None:
    ramp = Image.fromarray(np.linspace(0, 65535, 256).astype(np.uint16).reshape(1, 256).repeat(2, 0))
    assert np.array_equal(np.asarray(to_rgb(reopened(ramp, "PNG")))[0, :, 0], np.arange(256))


def test_dark_16_bit_picture_stays_dark() -> None:
    dark = Image.fromarray(np.full((4, 4), 200, np.uint16))
    assert middle(to_rgb(reopened(dark, "PNG"))) == (1, 1, 1)


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B"])
def test_either_byte_order_is_read(mode: str) -> None:
    order = ">u2" if mode.endswith("B") else "<u2"
    image = Image.frombytes(mode, (4, 4), np.full((4, 4), 32896, order).tobytes())
    assert middle(to_rgb(image)) == (128, 128, 128)


@pytest.mark.parametrize(
    ("value", "kind", "gray"),
    [(32896, np.int32, 128), (128, np.int32, 128), (0.5, np.float32, 128), (128, np.float32, 128)],
)
def test_32_bit_gray_is_scaled_by_its_range(value: float, kind: type, gray: int) -> None:
    image = Image.fromarray(np.full((4, 4), value, kind))
    assert image.mode in ("I", "F")
    assert middle(to_rgb(image)) == (gray, gray, gray)


def test_values_that_are_no_numbers_come_out_black() -> None:
    image = Image.fromarray(np.array([[np.nan, 1.0], [0.0, np.inf]], np.float32))
    assert to_rgb(image).getpixel((0, 0)) == (0, 0, 0)


def test_16_bit_colour_is_scaled() -> None:
    cv2 = pytest.importorskip("cv2")
    done, data = cv2.imencode(".png", np.full((4, 4, 3), 32896, np.uint16))
    assert done
    assert middle(to_rgb(Image.open(io.BytesIO(data.tobytes())))) == (128, 128, 128)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "La", "RGBa"])
def test_what_is_transparent_lies_on_white(mode: str) -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0)).convert("LA" if "L" in mode else "RGBA")
    assert middle(to_rgb(clear.convert(mode))) == (255, 255, 255)


def test_half_transparent_black_is_gray() -> None:
    assert middle(to_rgb(Image.new("LA", (4, 4), (0, 128)))) == (127, 127, 127)


def test_palette_keeps_its_colours() -> None:
    assert middle(to_rgb(reopened(Image.new("RGB", (4, 4), (174, 0, 0)).quantize(4), "PNG"))) == (174, 0, 0)


def test_transparent_entry_of_a_palette_lies_on_white() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([9, 9, 9, 200, 0, 0])
    assert middle(to_rgb(reopened(image, "PNG", transparency=1))) == (255, 255, 255)


def test_transparent_colour_lies_on_white() -> None:
    assert middle(to_rgb(reopened(Image.new("RGB", (4, 4), (1, 2, 3)), "PNG", transparency=(1, 2, 3)))) == (
        255,
        255,
        255,
    )


def test_cmyk_jpeg_keeps_its_colour() -> None:
    red, green, blue = middle(
        to_rgb(reopened(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95))
    )
    assert red > 240
    assert max(green, blue) < 15


@pytest.mark.parametrize("mode", ["1", "L", "HSV", "YCbCr"])
def test_other_modes_become_rgb(mode: str) -> None:
    assert to_rgb(Image.new("RGB", (4, 4), "white").convert(mode)).getpixel((0, 0)) == (255, 255, 255)


def test_exif_rotation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (32, 16), "black")
    image.paste("white", (0, 0, 32, 8))
    upright = to_rgb(reopened(image, "JPEG", exif=exif, quality=95))
    assert upright.size == (16, 32)
    assert upright.getpixel((14, 16)) > (240, 240, 240)
    assert upright.getpixel((2, 16)) < (15, 15, 15)


def test_bytes_come_back_exactly() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8))
    assert np.array_equal(np.asarray(to_image(to_tensor(image))), np.asarray(image))


def test_unit_and_pixels_are_inverse_for_each_byte() -> None:
    values = torch.arange(256, dtype=torch.uint8)
    unit = to_unit(values)
    assert (unit.min(), unit.max()) == (-1, 1)
    assert torch.equal(to_pixels(unit), values)


def test_one_channel_is_luma_and_comes_back_gray() -> None:
    image = Image.new("RGB", (3, 2), (255, 0, 0))
    assert to_bytes(image, 1).shape == (1, 2, 3)
    assert to_image(to_tensor(image, 1)).getpixel((0, 0)) == (76, 76, 76)


def test_a_resize_gives_labels_no_new_colours() -> None:
    stripes = Image.fromarray(np.tile(np.array([[[0, 0, 222]], [[255, 80, 0]]], np.uint8), (8, 16, 1)))
    assert len(resize(stripes, (40, 30), kind="labels").getcolors() or []) == 2
    assert len(resize(stripes, (40, 30), kind="photo").getcolors(10_000) or []) > 2
    assert resize(stripes, stripes.size, kind="photo") is stripes


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64]
)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_one_number_that_is_not_finite_is_found_among_many(dtype: torch.dtype, bad: float) -> None:
    good = [torch.linspace(-3, 3, 1001).to(dtype), torch.arange(5), torch.empty(0), torch.tensor(True)]
    assert are_finite(good) and are_finite([])
    for place in (0, 500, 1000):
        broken = good[0].clone()
        broken[place] = bad
        assert not are_finite([*good, broken])
