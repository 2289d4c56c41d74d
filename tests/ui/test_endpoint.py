"""The page as an API: one endpoint, called as the README says."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
from paths import ROOT
from PIL import Image

from pix2pix.ui.app import launch_options
from pix2pix.ui.draw import tab as draw_tab
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.translate import tab as translate_tab
from pix2pix.ui.translate.endpoint import ApiPage
from tests.ui.draw.test_tab import write_small

README = ROOT / "README.md"

# Gradio and its client leave event loops and sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::DeprecationWarning"
)


def serve(library: ModelLibrary) -> tuple[gr.Blocks, str]:
    with ApiPage(analytics_enabled=False) as demo:
        draw_tab.build(demo, library)
        translate_tab.build(demo, library)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
    return demo, url


def test_the_call_in_the_readme_translates_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small(tmp_path / "checkpoints" / "facades.pth")
    library = ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs")
    Image.new("RGB", (48, 40), (0, 48, 255)).save(tmp_path / "drawing.png")
    monkeypatch.chdir(tmp_path)
    demo, url = serve(library)
    try:
        assert set(demo.get_api_info()["named_endpoints"]) == {"/translate", "/models"}
        call = re.search(
            r"^```python client\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
        assert call
        names: dict[str, Any] = {}
        exec(call[1].replace("http://127.0.0.1:7860", url), names)
    finally:
        demo.close()
    assert [model["model"] for model in names["models"]] == ["facades"]
    translator, drawing = library.translator("facades"), Image.open("drawing.png").convert("RGB")
    for path, expected in (
        (names["photo"], translator(drawing)),
        (names["other"], translator(drawing, "native", 7)),
    ):
        picture = Image.open(path)
        assert (picture.format, picture.size) == ("PNG", (48, 40))
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(expected))


def call(url: str, data: list[Any]) -> tuple[str, Any]:
    """Calls /translate over plain HTTP, and returns the last event and what it holds."""
    asked = httpx.post(f"{url}gradio_api/call/translate", json={"data": data}, timeout=60)
    assert asked.status_code == 200, asked.text
    answer = httpx.get(f"{url}gradio_api/call/translate/{asked.json()['event_id']}", timeout=60).text
    event, said = re.findall(r"^event: (\w+)\ndata: (.*)$", answer, re.MULTILINE)[-1]
    return event, json.loads(said)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[gr.Blocks, str, ModelLibrary]]:
    folder = tmp_path_factory.mktemp("page")
    write_small(folder / "checkpoints" / "facades.pth")
    library = ModelLibrary(folder / "checkpoints", folder / "runs")
    demo, url = serve(library)
    yield demo, url, library
    demo.close()


def upload(url: str, image: Image.Image) -> dict[str, str]:
    file = io.BytesIO()
    image.save(file, "PNG")
    sent = httpx.post(
        f"{url}gradio_api/upload", files={"files": ("drawing.png", file.getvalue())}, timeout=60
    )
    return {"path": sent.json()[0]}


def test_plain_http_fills_in_the_defaults(served: tuple[gr.Blocks, str, ModelLibrary]) -> None:
    _, url, library = served
    drawing = Image.new("RGB", (48, 40), (0, 48, 255))
    expected = np.asarray(library.translator("facades")(drawing))
    for rest in ([], ["facades"], ["facades.pth"], [None, "fit"], ["facades", "fit", None]):
        event, data = call(url, [upload(url, drawing), *rest])
        assert event == "complete", data
        picture = Image.open(io.BytesIO(httpx.get(data[0]["url"]).content))
        np.testing.assert_array_equal(np.asarray(picture), expected)


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (["castle"], "The model 'castle' is not there"),
        ([7], "7 is no model; the second argument is a name that /models lists."),
        (["facades", "best"], "'best' is no way to work; the third argument is one of fit, native."),
        (["facades", "fit", "x"], "'x' is no seed; the fourth argument is a whole number, or null."),
    ],
)
def test_a_wrong_argument_gets_one_sentence(
    served: tuple[gr.Blocks, str, ModelLibrary], rest: list[Any], words: str
) -> None:
    event, data = call(served[1], [upload(served[1], Image.new("RGB", (8, 8))), *rest])
    assert event == "error" and words.lower() in data["error"].lower() and "\n" not in data["error"]


@pytest.mark.parametrize("picture", [None, "drawing.png", {"name": "x"}, 5])
def test_a_call_without_a_picture_is_told_how_to_send_one(
    served: tuple[gr.Blocks, str, ModelLibrary], picture: Any
) -> None:
    event, data = call(served[1], [picture])
    assert event == "error" and data["error"].startswith("The first argument is the picture")


def test_the_description_lists_the_models_as_choices(served: tuple[gr.Blocks, str, ModelLibrary]) -> None:
    found = served[0].get_api_info()["named_endpoints"]["/translate"]["parameters"]
    assert [each["parameter_name"] for each in found] == ["picture", "model", "mode", "seed"]
    assert found[1]["type"]["enum"] == ["facades"] and found[2]["type"]["enum"] == ["fit", "native"]
    assert [each["parameter_has_default"] for each in found] == [True] * 4


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on the PATH")
def test_the_curl_lines_in_the_readme_fetch_the_picture(
    served: tuple[gr.Blocks, str, ModelLibrary], tmp_path: Path
) -> None:
    _, url, library = served
    drawing = Image.new("RGB", (48, 40), (0, 48, 255))
    drawing.save(tmp_path / "drawing.png")
    found = re.search(
        r"^```bash curl\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found
    script = found[1].replace("http://127.0.0.1:7860/", url)
    subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True, timeout=60)
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / "picture.png")), np.asarray(library.translator("facades")(drawing))
    )
