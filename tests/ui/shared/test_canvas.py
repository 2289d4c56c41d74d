"""The canvas as a component: what a client sends is checked, what Python gets is exactly palette colours."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

import gradio as gr
import numpy as np
import pytest
from canvas_page import canvas_script
from PIL import Image

from pix2pix.config import ModelConfig
from pix2pix.imaging.palette import FACADES
from pix2pix.ui.shared.canvas import CANVAS, canvas_spec, read_drawing, spec_of
from pix2pix.ui.shared.data_urls import data_url, start_of, to_data_url

PNG_START = start_of("png")

COLORS = np.array([color for _, color in FACADES], np.uint8)


SPEC = canvas_spec(size=64)


def drawing(size: int = 64, seed: int = 0) -> np.ndarray:
    return COLORS[np.random.default_rng(seed).integers(0, len(COLORS), (size, size))]


def payload(pixels: np.ndarray, **more: Any) -> dict[str, Any]:
    palette = [list(map(int, color)) for color in COLORS]
    return {
        "image": to_data_url(Image.fromarray(pixels)),
        "sequence": 7,
        "kind": "labels",
        "size": 64,
        "palette": palette,
    } | more


def png(width: int, height: int, body: bytes) -> str:
    """A PNG whose header may claim anything."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return data_url(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", body) + chunk(b"IEND", b""), "png")


def test_a_drawing_arrives_pixel_for_pixel_with_its_number() -> None:
    pixels = drawing()
    image = read_drawing(payload(pixels), SPEC)
    assert image.mode == "RGB"
    assert image.info["sequence"] == 7
    np.testing.assert_array_equal(np.asarray(image), pixels)


def test_a_bare_data_url_is_taken_for_the_own_size_and_palette() -> None:
    np.testing.assert_array_equal(
        np.asarray(read_drawing(to_data_url(Image.fromarray(drawing(seed=3))), SPEC)), drawing(seed=3)
    )


def test_colours_beside_the_palette_become_the_nearest() -> None:
    pixels = np.full((64, 64, 3), (3, 45, 250), np.uint8)
    assert set(map(tuple, np.asarray(read_drawing(payload(pixels), SPEC)).reshape(-1, 3).tolist())) == {
        (0, 48, 255)
    }


def test_the_page_may_draw_for_another_model_than_the_server_remembers() -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    image = read_drawing(payload(pixels, size=32, kind="edges", palette=[[255, 255, 255], [0, 0, 0]]), SPEC)
    np.testing.assert_array_equal(np.asarray(image), pixels)


NOISE = np.random.default_rng(1).integers(0, 256, (128, 128, 3), dtype=np.uint8)
SMALL = to_data_url(Image.fromarray(drawing(16)))
BAD = {
    "a number": 5,
    "a list": [1, 2],
    "words": "hello",
    "no picture": {"sequence": 1},
    "a path": {"path": "/etc/passwd"},
    "a JPEG": "data:image/jpeg;base64,/9j/4AAQ",
    "not base64": PNG_START + "%%%%",
    "not a PNG": data_url(b"GIF89a and more", "png"),
    "half a PNG": SMALL[: len(PNG_START) + 80],
    "wrong size": SMALL,
    "50 MB": PNG_START + "A" * (50 * 2**20),
    "a bomb that says so": png(60_000, 60_000, zlib.compress(bytes(1000))),
    "one pixel high": png(60_000, 1, zlib.compress(bytes(180_001))),
    "an empty body": png(64, 64, b""),
    "no size": payload(drawing(), size="64"),
    "a huge size": payload(drawing(), size=10**9),
    "a negative size": payload(drawing(), size=-1),
    "true as size": payload(drawing(), size=True),
    "no colours": payload(drawing(), palette=[]),
    "colours of text": payload(drawing(), palette=[["a", "b", "c"]]),
    "colours out of range": payload(drawing(), palette=[[0, 0, 256]]),
    "too many colours": payload(drawing(), palette=[[0, 0, 0]] * 300),
    "a photo as labels": payload(NOISE, image=to_data_url(Image.fromarray(NOISE)), size=128),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_drawing_gets_one_sentence(what: str) -> None:
    with pytest.raises(gr.Error) as caught:
        read_drawing(BAD[what], SPEC)
    message = str(caught.value.message)
    assert message.endswith(".") and len(message) < 160 and "Traceback" not in message


def test_a_strange_number_counts_as_none() -> None:
    for number in ("7", -1, 1.5, True, 2**60, None):
        image = read_drawing(payload(drawing(), sequence=number), SPEC)
        assert image.info["sequence"] == 0


def test_a_photo_is_taken_as_it_is() -> None:
    sent = {
        "image": to_data_url(Image.fromarray(NOISE)),
        "sequence": 1,
        "kind": "photo",
        "size": 128,
        "palette": [],
    }
    image = read_drawing(sent, canvas_spec(size=128, kind="photo"))
    np.testing.assert_array_equal(np.asarray(image), NOISE)


def test_the_spec_comes_from_the_checkpoint() -> None:
    spec = spec_of(ModelConfig(source="labels", palette=FACADES, size=512))
    assert (spec["kind"], spec["size"], spec["background"], spec["surprise"]) == ("labels", 512, 0, "facade")
    assert spec["palette"][1] == ["wall", [0, 48, 255]]
    assert [name for name, _ in spec_of(ModelConfig(source="edges"))["palette"]] == ["paper", "pen"]
    assert spec_of(ModelConfig(source="gray"))["kind"] == "gray"


def test_a_palette_of_a_street_map_can_surprise_with_a_map() -> None:
    roads = (("beige", (232, 227, 219)), ("white", (255, 255, 255)), ("light blue", (176, 208, 252)))
    assert canvas_spec(roads)["surprise"] == "map"
    assert canvas_spec((("red", (255, 0, 0)), ("black", (0, 0, 0))))["surprise"] == ""


def test_the_modules_share_one_script_without_a_clash() -> None:
    script = canvas_script()
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", script, re.MULTILINE)
    assert sorted(names) == sorted(set(names))
    assert not re.search(r"^(import|export) ", script, re.MULTILINE)
    assert "</script" not in script and "http" not in script.replace("http://www.w3.org", "")
    modules = {path.stem for path in CANVAS.glob("*.js")}
    assert len(modules) > 20 and all(len(path.read_text().splitlines()) < 300 for path in CANVAS.iterdir())
