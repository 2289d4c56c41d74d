"""The page without a server, opened in a headless Chromium from a plain file server, under a sub-path."""

from __future__ import annotations

import base64
import io
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from browsing import drag
from paths import ROOT
from PIL import Image

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint
from pix2pix.config import ModelConfig
from pix2pix.errors import ConfigError, DataError
from pix2pix.imaging.tensors import to_tensor
from pix2pix.networks import build_generator, init_weights
from pix2pix.ui.static_page import onnxruntime_web as onnxruntime_web
from pix2pix.ui.static_page.write import write_page
from tests.checkpoints.test_export import make_checkpoint

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
SHIPPED = ROOT / "checkpoints" / "facades.pth"
PATIENCE = 60_000
STUDIO = "document.querySelector('.p2p-studio').studio"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder that is served, and its address; skipped where the registry of npm cannot be reached."""
    try:
        onnxruntime_web.browser_runtime()
    except DataError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("site")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def small(root: tuple[Path, str]) -> tuple[Path, str]:
    """The page of a small model of labels, written once, and its address."""
    write_page(root[0] / "deep" / "small", make_checkpoint(), name="runs/small-houses/model.pth")
    return root[0] / "deep" / "small", f"{root[1]}/deep/small/"


def open_page(browser: Any, url: str, **options: Any) -> Any:
    page = browser.new_page(viewport={"width": 1200, "height": 800}, **options)
    page.set_default_timeout(PATIENCE)
    page.strays = []
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((url.split("?")[0], "data:", "blob:"))
            else page.strays.append(request.url)
        ),
    )
    page.on("pageerror", lambda error: page.strays.append(str(error)))
    page.goto(url)
    return page


def decode(url: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")


def shown(page: Any) -> tuple[Image.Image, np.ndarray]:
    """The drawing and its picture, once the picture on the page is that of the drawing on the canvas."""
    page.wait_for_function(
        f"{STUDIO}.drawing && {STUDIO}.views[0].shown?.drawing.image === {STUDIO}.drawing.image"
    )
    drawing, picture = page.evaluate(
        f"(() => {{ const {{ shown }} = {STUDIO}.views[0]; return [shown.drawing.image, shown.picture]; }})()"
    )
    return decode(drawing), np.asarray(decode(picture), np.float32)


def shown_of(page: Any, is_it: Callable[[Image.Image], bool]) -> tuple[Image.Image, np.ndarray]:
    """As `shown`, once the drawing is the wanted one: a stroke shows pictures of its way, too."""
    end = time.monotonic() + PATIENCE / 1000
    drawing, picture = shown(page)
    while not is_it(drawing):
        assert time.monotonic() < end, "the wanted drawing was never translated"
        page.wait_for_timeout(100)
        drawing, picture = shown(page)
    return drawing, picture


def mean_difference(checkpoint: Checkpoint, drawing: Image.Image, picture: np.ndarray) -> float:
    """To what torch makes of the drawing, in levels of 255."""
    with torch.inference_mode():
        wanted = checkpoint.generator()(to_tensor(drawing, checkpoint.config.in_channels))[0].expand(
            3, -1, -1
        )
    return float(np.abs(picture - (wanted.permute(1, 2, 0).numpy() + 1) * 127.5).mean())


def test_a_drawing_becomes_the_picture_that_torch_makes(small: tuple[Path, str], browser: Any) -> None:
    page = open_page(browser, small[1])
    page.wait_for_selector(".p2p-picture:not([hidden])")
    before, _ = shown(page)
    assert len(before.getcolors() or ()) > 3, "the page begins with an example"
    page.locator("[data-label='2']").click()
    drag(page, [(4, 4), (20, 20)], 32)
    drawing, picture = shown_of(
        page, lambda drawing: drawing.getpixel((10, 10)) == drawing.getpixel((19, 19)) == (0, 128, 255)
    )
    assert mean_difference(make_checkpoint(), drawing, picture) < 2
    assert re.fullmatch(r"\d+ ms in this browser", page.inner_text(".p2p-time"))
    page.locator("[data-action=undo]").click()
    shown_of(page, lambda drawing: np.array_equal(drawing, before))
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.locator("[data-side='32']").click()
    assert download.value.suggested_filename == "small-houses-32.png"
    assert Image.open(download.value.path()).size == (32, 32)
    assert page.strays == [], "the page asks nobody else, and nothing fails"


def test_a_gray_photo_model_takes_a_picture(root: tuple[Path, str], browser: Any, tmp_path: Path) -> None:
    config = ModelConfig(width=4, depth=3, size=32, in_channels=1, out_channels=1, source="gray")
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(1))
    checkpoint = Checkpoint(config, {name: value * 5 for name, value in generator.state_dict().items()})
    write_page(root[0] / "gray", checkpoint, name="gray.pth")
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "photo.png")
    page = open_page(browser, f"{root[1]}/gray/?on=cpu")
    page.get_by_text("The picture appears here").wait_for()
    page.locator(".p2p-file").set_input_files(tmp_path / "photo.png")
    page.wait_for_selector(".p2p-picture:not([hidden])")
    assert mean_difference(checkpoint, *shown(page)) < 2


def test_it_fits_a_phone_and_follows_dark_mode(small: tuple[Path, str], browser: Any) -> None:
    page = open_page(browser, small[1], color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_selector(".p2p-picture:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(9, 9, 11)"


def test_stamps_own_drawings_and_links_need_no_server(small: tuple[Path, str], browser: Any) -> None:
    page = open_page(browser, small[1])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.wait_for_selector(".p2p-picture:not([hidden])")
    labels = "document.querySelector('.p2p-draw').canvas.editor.sketch.raster.labels.join()"
    page.locator("[data-action=clear]").click()
    page.locator("[data-tool=stamp]").click()
    drag(page, [(4, 4), (25, 28)], 32)
    drawn = page.evaluate(labels)
    assert len(set(drawn.split(","))) > 3
    page.get_by_role("button", name="My drawings").click()
    page.get_by_role("button", name="Keep this drawing").click()
    page.get_by_role("button", name="open the drawing").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Download").click()
    page.get_by_role("button", name="Copy a link").click()
    page.get_by_role("button", name="Copy a link").wait_for(state="hidden")
    link = page.evaluate("navigator.clipboard.readText()")
    page.locator("[data-action=clear]").click()
    page.goto(link)
    page.wait_for_function(f"{labels} === '{drawn}'")
    assert page.strays == [], "the page asks nobody else, and nothing fails"


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("model.onnx", "model.onnx is missing on this host (404). Upload the whole folder."),
        ("static_page/web/worker.js", "The model could not be started"),
    ],
)
def test_a_missing_file_is_a_sentence_on_the_page(
    small: tuple[Path, str], browser: Any, file: str, sentence: str
) -> None:
    broken = small[0].parent / "broken"
    shutil.copytree(small[0], broken, copy_function=lambda source, target: Path(target).symlink_to(source))
    (broken / file).unlink()
    page = open_page(browser, small[1].replace("small", "broken"))
    page.wait_for_function("document.getElementById('words').textContent.includes('Upload the whole folder')")
    assert page.inner_text("#words").startswith(sentence)
    shutil.rmtree(broken)


def test_without_webassembly_the_page_says_so(small: tuple[Path, str], browser: Any) -> None:
    page = browser.new_page()
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(small[1])
    page.get_by_text("This browser has no WebAssembly").wait_for(timeout=PATIENCE)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match=r"is not empty \(mine.txt\). Name a new or an empty folder"):
        write_page(tmp_path, make_checkpoint(), name="small.pth")
    strange = Checkpoint(ModelConfig(in_channels=4), {})
    with pytest.raises(ConfigError, match="4 channels into 3"):
        write_page(tmp_path / "new", strange, name="small.pth")


@pytest.mark.slow
def test_the_shipped_model_paints_on_the_page_what_torch_paints(root: tuple[Path, str], browser: Any) -> None:
    write_page(root[0] / "facades", load_checkpoint(SHIPPED), name=str(SHIPPED))
    page = open_page(browser, f"{root[1]}/facades/")
    page.wait_for_selector(".p2p-picture:not([hidden])")
    drag(page, [(40, 30), (180, 120)])
    assert mean_difference(load_checkpoint(SHIPPED), *shown(page)) < 2
