"""The Draw tab in a real browser: links that carry a drawing, one's own drawings that last, and videos."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import WAIT, drag
from playwright.sync_api import Browser, Page, expect

from pix2pix.ui.shared.model_library import ModelLibrary
from tests.ui.draw.test_draw_browser import (
    COLORS,
    SIZE,
    address,
    choose,
    library,
    open_page,
    page,
    picture_of,
    sheet_of,
    shown,
    wait_for_picture,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    # Gradio and Playwright leave event loops and sockets to the garbage collector.
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]


def steps(page: Page) -> int:
    return page.evaluate("document.querySelector('.p2p-draw').canvas.editor.sketch.history.done.length")


def link_of(page: Page) -> str:
    page.get_by_role("button", name="Download").click()
    page.get_by_role("button", name="Copy a link").click()
    expect(page.get_by_role("button", name="Copy a link")).to_be_hidden()
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_a_link_brings_model_and_drawing_as_one_step_and_a_bad_one_loses_nothing(
    browser: Browser, address: str, library: ModelLibrary
) -> None:
    page = open_page(browser, address)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(shown(page)).to_be_visible(timeout=WAIT)
    choose(page, "other")
    drag(page, [(5, 5), (30, 40)], SIZE)
    sent, link = sheet_of(page), link_of(page)
    choose(page, "facades")
    page.locator("[data-action=surprise]").click()
    own = sheet_of(page)
    assert len(link) < 2000
    page.goto(link[:-30] + "x" * 30)  # the same page, another fragment
    expect(page.get_by_text("This link carries no whole drawing")).to_be_visible()
    np.testing.assert_array_equal(sheet_of(page), own)
    page.close()
    other = open_page(browser, link)
    expect(shown(other)).to_be_visible(timeout=WAIT)
    wait_for_picture(other, library, "other")
    np.testing.assert_array_equal(sheet_of(other), sent)
    assert steps(other) == 1 and "#" not in other.url
    other.keyboard.press("Control+z")
    assert not np.array_equal(sheet_of(other), sent)
    other.close()


def test_own_drawings_last_and_are_opened_deleted_exported_and_imported(
    browser: Browser, address: str, library: ModelLibrary, tmp_path: Path
) -> None:
    page = open_page(browser, address)
    expect(shown(page)).to_be_visible(timeout=WAIT)
    drag(page, [(5, 5), (30, 40)], SIZE)
    wait_for_picture(page, library)
    kept = sheet_of(page)
    mine = page.get_by_role("button", name="My drawings")
    tiles = page.locator(".p2p-mine-tile")
    mine.click()
    expect(page.get_by_text("Nothing is kept yet")).to_be_visible()
    page.get_by_role("button", name="Keep this drawing").click()
    expect(tiles).to_have_count(1)
    page.keyboard.press("Escape")
    choose(page, "to-photo")
    expect(shown(page)).to_be_visible()
    mine.click()
    page.get_by_role("button", name="Keep this drawing").click()
    expect(tiles).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export all").click()
    file = tmp_path / "mine.json"
    download.value.save_as(file)
    page.reload()
    expect(shown(page)).to_be_visible(timeout=WAIT)
    mine.click()
    page.get_by_role("button", name="Open the drawing").filter(has_text="facades").click()
    wait_for_picture(page, library, "facades")
    np.testing.assert_array_equal(sheet_of(page), kept)
    mine.click()
    delete_and_undo(page, tiles)
    page.locator(".p2p-mine input[type=file]").set_input_files(file)
    expect(page.get_by_text("1 drawings came in; 1 were here already.")).to_be_visible()
    expect(tiles).to_have_count(2)
    file.write_text("{}")
    page.locator(".p2p-mine input[type=file]").set_input_files(file)
    expect(page.get_by_text("This file holds no drawings")).to_be_visible()
    page.close()


def delete_and_undo(page: Page, tiles: Any) -> None:
    """Deletes both, and takes the second back."""
    for left in (1, 0):
        page.get_by_role("button", name="Delete the drawing").first.click()
        expect(tiles).to_have_count(left)
    page.get_by_role("button", name="Undo", exact=True).last.click()
    expect(tiles).to_have_count(1)


LAST_FRAME = """async (data) => {
  const video = Object.assign(document.createElement('video'), { src: data, muted: true });
  await new Promise((resolve, reject) => { video.onloadeddata = resolve; video.onerror = reject; });
  await Promise.all([new Promise((resolve) => { video.onended = resolve; }), video.play()]);
  const sheet = new OffscreenCanvas(video.videoWidth, video.videoHeight).getContext('2d');
  sheet.drawImage(video, 0, 0);
  const colorAt = (x, y) => [...sheet.getImageData(x, y, 1, 1).data].slice(0, 3);
  return [video.videoWidth, video.videoHeight, colorAt(256, 256), colorAt(768, 256)];
}"""


def test_a_drawing_is_recorded_beside_its_picture_as_a_video(page: Page, library: ModelLibrary) -> None:
    page.locator("[data-action=clear]").click()
    wait_for_picture(page, library)
    page.get_by_role("button", name="Download").click()
    page.get_by_role("button", name="Record a video").click()
    stop = page.get_by_role("button", name="Stop recording and save the video")
    expect(stop).to_contain_text("0:00")
    page.locator("[data-label='11']").click()
    drag(page, [(5, 5), (58, 58)], SIZE)
    wait_for_picture(page, library)
    expect(stop).to_contain_text("0:01")
    with page.expect_download() as download:
        stop.click()
    expect(stop).to_be_hidden()
    name, video = download.value.suggested_filename, Path(download.value.path()).read_bytes()
    assert name in ("facades-video.webm", "facades-video.mp4")
    kind = name.rsplit(".", 1)[1]
    data = f"data:video/{kind};base64,{base64.b64encode(video).decode()}"
    width, height, drawn, pictured = page.evaluate(LAST_FRAME, data)
    assert (width, height) == (1024, 512)
    np.testing.assert_allclose(drawn, COLORS[11], atol=30)
    np.testing.assert_allclose(pictured, picture_of(page)[32, 32], atol=60)
