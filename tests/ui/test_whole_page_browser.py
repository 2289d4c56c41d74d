"""The whole page in a real browser: the open tab, files dropped anywhere, a server that is gone."""

from __future__ import annotations

import base64
import io
import os
import signal
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import WAIT
from PIL import Image
from playwright.sync_api import Page, expect

from pix2pix.imaging.palette import FACADES
from tests.ui.draw.test_draw_browser import sheet_of, write_model
from tests.ui.test_page_browser import page
from tests.ui.test_restart_browser import serve

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]

DROP = """([place, name, text]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), carrier = new DataTransfer();
  carrier.items.add(new File([bytes], name, { type: "image/png" }));
  const drop = new DragEvent("drop", { dataTransfer: carrier, bubbles: true, cancelable: true });
  const over = new DragEvent("dragover", { dataTransfer: carrier, bubbles: true, cancelable: true });
  const target = document.querySelector(place);
  target.dispatchEvent(over);
  target.dispatchEvent(drop);
  return [over.defaultPrevented, drop.defaultPrevented];
}"""


def drop(page: Page, image: Image.Image, place: str = ".masthead") -> None:
    """Drops a picture on an element; a browser leaves the page where nobody takes it."""
    file = io.BytesIO()
    image.save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    assert page.evaluate(DROP, [place, "map.png", text]) == [True, True]


def drop_weights(page: Page, path: Path) -> None:
    """Drops a file of weights on the Draw tab."""
    text = base64.b64encode(path.read_bytes()).decode()
    assert page.evaluate(DROP.replace("image/png", ""), [".p2p-stage", "mine.pth", text]) == [True, True]


def expect_drawing(page: Page, label: int) -> None:
    page.wait_for_function(
        "label => document.querySelector('.p2p-draw')?.canvas.editor.sketch.raster.labels.every((each) => "
        "each === label)",
        arg=label,
        timeout=WAIT,
    )


def plain(label: int, size: tuple[int, int] = (64, 64)) -> Image.Image:
    return Image.new("RGB", size, FACADES[label][1])


def expect_result(page: Page, size: tuple[int, int]) -> None:
    page.wait_for_function(
        "([width, height]) => { const it = document.querySelector('#result img'); return it?.naturalWidth "
        "=== width && it.naturalHeight === height }",
        arg=list(size),
        timeout=WAIT,
    )


def test_tabs_drops_and_a_server_that_goes_and_comes(page: Page, tmp_path: Path) -> None:
    write_model(tmp_path / "checkpoints" / "facades.pth")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server: Any = serve(tmp_path, port)
    page.goto(f"http://127.0.0.1:{port}/")
    expect(page.locator(".p2p-picture")).to_be_visible(timeout=WAIT)
    assert page.locator(".page-notice").is_hidden()

    drop(page, plain(5))
    expect_drawing(page, 5)
    page.get_by_role("tab", name="Translate").click()
    drop(page, plain(3, (48, 40)))
    expect_result(page, (48, 40))
    drop(page, plain(4, (40, 56)))
    expect_result(page, (40, 56))
    expect(page.locator("#translate-note")).not_to_contain_text("stretched")
    page.locator("#translate-examples button").first.click()
    expect(page.locator("#translate-note")).to_contain_text("256 × 256: it was made 64 × 64", timeout=WAIT)
    page.get_by_role("button", name="Make every pixel").click()
    expect(page.locator("#translate-note .advice")).to_have_count(0, timeout=WAIT)
    page.get_by_role("tab", name="Models").click()
    page.reload()
    expect(page.locator(".p2p-card")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("tab", name="Models")).to_have_attribute("aria-selected", "true")
    drop(page, plain(7), ".p2p-card")
    expect(page.locator(".p2p-picture")).to_be_visible(timeout=WAIT)
    expect_drawing(page, 7)
    assert np.all(sheet_of(page) == 7)

    drop_weights(page, tmp_path / "checkpoints" / "facades.pth")
    expect(page.locator(".p2p-card[data-key=mine]")).to_be_visible(timeout=WAIT)

    page.get_by_role("tab", name="Train").click()
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    expect(page.locator(".page-notice")).to_contain_text("The server does not answer", timeout=WAIT)
    server = serve(tmp_path, port)
    expect(page.locator(".page-notice")).not_to_contain_text("does not answer", timeout=WAIT)
    expect(page.get_by_role("tab", name="Train")).to_have_attribute("aria-selected", "true", timeout=WAIT)
    server.kill()
    server.wait()
