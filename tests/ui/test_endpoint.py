"""The page as an API: one endpoint, called as the README says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from paths import ROOT
from PIL import Image

from pix2pix.ui.app import launch_options
from pix2pix.ui.draw import tab as draw_tab
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.translate import tab as translate_tab
from tests.ui.draw.test_tab import write_small

README = ROOT / "README.md"

# Gradio and its client leave event loops and sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::DeprecationWarning"
)


def test_the_call_in_the_readme_translates_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small(tmp_path / "checkpoints" / "facades.pth")
    library = ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs")
    Image.new("RGB", (48, 40), (0, 48, 255)).save(tmp_path / "drawing.png")
    monkeypatch.chdir(tmp_path)
    with gr.Blocks(analytics_enabled=False) as demo:
        draw_tab.build(demo, library)
        translate_tab.build(demo, library)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
    try:
        assert set(demo.get_api_info()["named_endpoints"]) == {"/translate"}
        call = re.search(
            r"^```python client\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
        assert call
        names: dict[str, Any] = {}
        exec(call[1].replace("http://127.0.0.1:7860", url), names)
    finally:
        demo.close()
    translator, drawing = library.translator("facades"), Image.open("drawing.png").convert("RGB")
    for path, expected in (
        (names["photo"], translator(drawing)),
        (names["other"], translator(drawing, "native", 7)),
    ):
        picture = Image.open(path)
        assert (picture.format, picture.size) == ("PNG", (48, 40))
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(expected))
