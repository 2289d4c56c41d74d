"""The drawing canvas: a label map, an edge drawing or a picture, drawn in the browser.

`canvas_spec` describes what is drawn (classes, colours, size) to the page; `read_drawing` checks what the
page sends and returns an RGB picture. The script is plain JavaScript in `pix2pix/ui/shared/canvas_js/`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from pix2pix.config import Color, ModelConfig, PaletteEntry
from pix2pix.imaging.palette import FACADES, snap
from pix2pix.imaging.tensors import to_rgb
from pix2pix.ui.shared.data_urls import from_data_url, start_of

CANVAS = Path(__file__).parent / "canvas_js"
MAX_SIDE = 2048
MAX_CLASSES = 256
MAX_CHARACTERS = 16 * 2**20
"""Limit for a drawing as text. A photo of the largest side fits; a label map takes a thousandth of it."""
EDGES: tuple[PaletteEntry, ...] = (("paper", (255, 255, 255)), ("pen", (0, 0, 0)))
DRAWN = ("labels", "edges")
SURPRISE_MARKS: dict[str, tuple[Color, ...]] = {
    "facade": ((0, 48, 255), (0, 128, 255), (255, 80, 0)),
    "map": ((232, 228, 220), (255, 255, 255)),
}
"""Colours that a palette must contain for a generated facade, or a generated map, to be drawn with it."""
MAX_COLORS = 4096


def canvas_spec(
    palette: Sequence[PaletteEntry] = FACADES, size: int = 256, *, kind: str = "labels", name: str = "main"
) -> dict[str, Any]:
    """Returns the description of the canvas as plain values: the `spec` of `mountCanvas`.

    `kind` is a `Kind` of the config: `labels` and `edges` are drawn, every other one is a picture to open.
    `size` is the side in pixels. `name` identifies the canvas among those of one page.
    """
    classes = EDGES if kind == "edges" else tuple(palette) if kind == "labels" else ()
    names = [title.lower() for title, _ in classes]
    return {
        "kind": kind,
        "size": size,
        "palette": [[title, [int(part) for part in color]] for title, color in classes],
        "background": next(
            (names.index(title) for title in ("background", "paper", "land") if title in names), 0
        ),
        "surprise": theme_of(classes) if kind == "labels" else "",
        "name": name,
    }


def spec_of(config: ModelConfig, name: str = "main") -> dict[str, Any]:
    """Returns the description of the canvas on which the input of a model is drawn."""
    kind = "photo" if config.source == "labels" and not config.palette else config.source
    return canvas_spec(config.palette, config.size, kind=kind, name=name)


def theme_of(classes: Sequence[PaletteEntry]) -> str:
    """Returns which of our example drawings suit a palette: "facade", "map", or "" where neither does."""
    colors = np.array([color for _, color in classes], dtype=np.int32).reshape(-1, 3)
    near = {
        kind: sum(np.abs(colors - mark).sum(axis=1).min(initial=999) < 60 for mark in marks)
        for kind, marks in SURPRISE_MARKS.items()
    }
    return next((kind for kind, marks in SURPRISE_MARKS.items() if near[kind] == len(marks)), "")


def read_drawing(payload: Any, own: dict[str, Any]) -> Image.Image:
    """Checks what a client sent and returns the drawing as an RGB picture of `size` x `size`.

    `payload` is a data URL of a PNG, or a dict with `image` and optionally `size`, `kind`, `palette` and
    `sequence`. `own` is the spec of the model, used where the payload states none. The picture's `info` holds
    `sequence` and `kind`. Raises `gr.Error` with one sentence where the payload is no such drawing.
    """
    if isinstance(payload, str):
        payload = {"image": payload}
    if not isinstance(payload, dict):
        raise gr.Error("This is not a drawing: send a PNG as a data URL.")
    spec = _stated_spec(payload, own)
    image = _open_png(payload.get("image"), spec["size"])
    if spec["kind"] in DRAWN:
        image = snapped(image, spec["palette"])
    image.info = {"sequence": _sequence(payload), "kind": spec["kind"]}
    return image


def _stated_spec(payload: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Returns size, kind and palette that the payload states, checked; those of `own` where it states none.

    The payload takes precedence: after a restart the server no longer knows which model the page had chosen,
    and a drawing snapped to another model's colours would be ruined.
    """
    if "size" not in payload and "palette" not in payload:
        return {"size": own["size"], "kind": own["kind"], "palette": [color for _, color in own["palette"]]}
    size = payload.get("size")
    kind = payload.get("kind", "labels")
    palette = payload.get("palette")
    if not isinstance(size, int) or isinstance(size, bool) or not 8 <= size <= MAX_SIDE:
        raise gr.Error(f"This drawing has no usable size; its side must be from 8 to {MAX_SIDE} pixels.")
    if (
        not isinstance(kind, str)
        or not isinstance(palette, list)
        or len(palette) > MAX_CLASSES
        or not all(map(_is_color, palette))
    ):
        raise gr.Error(
            f"This drawing has no usable palette; send at most {MAX_CLASSES} colours of three numbers "
            "from 0 to 255."
        )
    if kind in DRAWN and not palette:
        raise gr.Error("This drawing has no colours; reload the page and choose the model again.")
    return {"size": size, "kind": kind[:20], "palette": palette}


def _is_color(color: Any) -> bool:
    return (
        isinstance(color, list)
        and len(color) == 3
        and all(type(part) is int and 0 <= part <= 255 for part in color)
    )


def _sequence(payload: dict[str, Any]) -> int:
    number = payload.get("sequence", 0)
    return number if type(number) is int and 0 <= number < 2**53 else 0


def _open_png(text: Any, size: int) -> Image.Image:
    """Decodes the PNG in a data URL to RGB of `size` x `size`.

    The size is checked from the header, before any pixel is decoded, so that a small file cannot
    fill the memory.
    """
    if not isinstance(text, str) or not text.startswith(start_of("png")):
        raise gr.Error("This is not a drawing: send a PNG as a data URL.")
    if len(text) > MAX_CHARACTERS:
        raise gr.Error(
            f"This drawing has {len(text) / 2**20:.0f} MB; at most {MAX_CHARACTERS // 2**20} MB are taken."
        )
    try:
        image = Image.open(io.BytesIO(from_data_url(text, "png")), formats=["PNG"])
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise gr.Error("This drawing cannot be read: it is not a whole PNG file.") from error
    if image.size != (size, size):
        raise gr.Error(
            f"This drawing is {image.width} x {image.height} pixels; this model draws on {size} x {size}."
        )
    try:
        return to_rgb(image)
    except (OSError, SyntaxError, ValueError, MemoryError) as error:
        raise gr.Error("This drawing cannot be read: the PNG file is damaged.") from error


def snapped(image: Image.Image, colors: Sequence[Sequence[int]]) -> Image.Image:
    """Returns the drawing with each pixel in the nearest of `colors`.

    Our page sends exact colours, but another client may not, and two models may have different palettes.
    Raises `gr.Error` where the drawing has more than `MAX_COLORS` colours.
    """
    found = image.getcolors(MAX_COLORS)
    if found is None:
        raise gr.Error(f"This drawing has more than {MAX_COLORS} colours; a label map has a few.")
    if {color for _, color in found} <= {tuple(color) for color in colors}:
        return image
    palette = tuple(
        (str(number), (int(red), int(green), int(blue))) for number, (red, green, blue) in enumerate(colors)
    )
    pixels, _ = snap(np.asarray(image), palette)
    clean = Image.fromarray(pixels)
    clean.info = image.info
    return clean


@lru_cache(maxsize=1)
def canvas_template() -> str:
    """Returns the markup of the canvas. It refers to no property, so Gradio never renders
    it a second time."""
    return f'<div class="p2p-host">{(CANVAS / "canvas.html").read_text(encoding="utf-8")}</div>'
