"""The canvas alone in a page of its own, with the drawing as the value of a component."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from pix2pix.ui.shared.canvas import CANVAS, canvas_template, read_drawing
from pix2pix.ui.shared.js_bundle import bundle

MOUNT = """
const canvas = Pix2PixCanvas.mountCanvas(element, {
  spec: props.spec,
  name: props.spec.name,
  send(drawing, isFinal) { props.value = drawing; trigger("input"); if (isFinal) trigger("release"); },
});
watch("spec", () => canvas.changeSpec(props.spec));
if (canvas.editor.sketch.history.done.length) canvas.redraw();
element.querySelector(".p2p-draw").canvas = canvas;
"""


def canvas_script() -> str:
    """All modules of the canvas as one script."""
    styles = [CANVAS / "canvas.css"]
    return bundle("Pix2PixCanvas", CANVAS / "canvas.js", exports=("mountCanvas",), styles=styles)


class CanvasPart(gr.HTML):
    """`input` comes while drawing and after each stroke, `release` after each stroke."""

    def __init__(self, spec: dict[str, Any], **options: Any) -> None:
        script = canvas_script() + MOUNT
        markup = {"html_template": canvas_template(), "css_template": "", "apply_default_css": False}
        super().__init__(value=None, js_on_load=script, spec=spec, **markup, **options)
        self.spec = spec

    def preprocess(self, payload: Any) -> Image.Image | None:  # type: ignore[override]
        return read_drawing(payload, self.spec) if payload else None

    def api_info(self) -> dict[str, Any]:
        return {"type": "string"}
