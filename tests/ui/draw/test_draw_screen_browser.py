"""The Draw tab in a real browser: a photo to trace, and the whole screen with drawing and picture."""

from __future__ import annotations

import numpy as np
import pytest
from browsing import WAIT, drag
from PIL import Image
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
    png,
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

INSIDE = """selectors => selectors.every((selector) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  const isBelow = box.bottom > innerHeight || box.right > innerWidth;
  return box.width > 100 && box.top >= 0 && box.left >= 0 && !isBelow;
})"""
SAME_PLACE = """() => {
  const boxOf = (selector) => document.querySelector(selector).getBoundingClientRect();
  const a = boxOf('.p2p-stage'), b = boxOf('.p2p-frame');
  return Math.abs(a.x - b.x) + Math.abs(a.y - b.y) + Math.abs(a.width - b.width) < 2;
}"""

OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll('.p2p-bar :is(button:not(.p2p-inset), .p2p-size)')]
    .filter((each) => each.checkVisibility() && !each.closest('[popover]'))
    .map((each) => [each.title || each.className, each.getBoundingClientRect()]);
  const meets = (a, b, from, to) => a[from] < b[to] - 1 && b[from] < a[to] - 1;
  return boxes.flatMap(([name, a], i) => boxes.slice(i + 1)
    .filter(([, b]) => meets(a, b, 'left', 'right') && meets(a, b, 'top', 'bottom'))
    .map(([other]) => `${name} and ${other}`));
}"""


def photo() -> Image.Image:
    rows, columns = np.mgrid[:90, :60]
    return Image.fromarray(np.stack([rows * 2, columns * 3, rows + columns], axis=2).astype(np.uint8))


def test_a_photo_is_laid_over_the_drawing_to_trace_and_is_no_part_of_it(
    page: Page, library: ModelLibrary
) -> None:
    wait_for_picture(page, library)
    before = sheet_of(page)
    page.locator(".p2p-file").set_input_files([png(photo())])
    page.get_by_role("button", name="Trace it instead").click()
    traced = page.locator(".p2p-trace")
    expect(traced).to_be_visible()
    np.testing.assert_array_equal(sheet_of(page), before)
    page.get_by_role("button", name="Trace", exact=True).click()
    page.get_by_role("slider", name="How much of the photo shows").fill("30")
    page.keyboard.press("Escape")
    expect(traced).to_have_css("opacity", "0.3")
    page.locator(".p2p-stage").focus()
    page.keyboard.press(".")
    expect(traced).to_have_attribute("style", "opacity: 0.3; transform: translate(-25%, -25%) scale(1.5);")
    page.keyboard.press("/")
    drag(page, [(5, 5), (30, 40)], SIZE)
    wait_for_picture(page, library)
    with page.expect_download() as download:
        page.locator("[data-action=save]").click()
    saved = np.asarray(Image.open(download.value.path()).convert("RGB"))
    np.testing.assert_array_equal(saved, COLORS[sheet_of(page)])
    page.reload()
    expect(traced).to_be_visible(timeout=WAIT)
    expect(traced).to_have_css("opacity", "0.3")
    page.get_by_role("button", name="Trace", exact=True).click()
    page.get_by_role("button", name="Remove").click()
    expect(traced).to_be_hidden()
    page.reload()
    expect(shown(page)).to_be_visible(timeout=WAIT)
    expect(traced).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_whole_screen_has_drawing_and_picture_and_with_the_slider_one_on_the_other(
    browser: Browser, address: str, library: ModelLibrary, width: int, height: int
) -> None:
    page = open_page(browser, address, width, height)
    expect(shown(page)).to_be_visible(timeout=WAIT)
    before = page.locator(".p2p-stage").bounding_box()
    page.locator(".p2p-stage").focus()
    page.keyboard.press("Shift+F")
    page.wait_for_function("document.fullscreenElement !== null")
    expect(page.locator(".p2p-choosers")).to_be_hidden()
    page.wait_for_function(INSIDE, arg=[".p2p-stage", ".p2p-picture"])
    if width > 1000:
        assert page.locator(".p2p-stage").bounding_box()["width"] > before["width"]
    page.get_by_role("button", name="Slider").click()
    page.wait_for_function(SAME_PLACE)
    drag(page, [(3, 5), (20, 50)], SIZE)
    drag(page, [(50, 5), (60, 50)], SIZE)  # through the picture
    assert (sheet_of(page)[5:51, 3:21] == 1).all() and (sheet_of(page)[5:51, 50:61] == 1).all()
    wait_for_picture(page, library)
    slider = page.get_by_role("slider", name="How far the drawing covers the picture")
    box = page.locator(".p2p-frame").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    assert 15 < float(slider.input_value()) < 35
    page.get_by_role("button", name="Full screen").click()
    expect(page.locator(".p2p-choosers")).to_be_visible()
    assert page.evaluate("document.fullscreenElement") is None
    page.close()


def test_a_model_of_photos_has_nothing_to_trace(page: Page) -> None:
    choose(page, "to-map")
    expect(page.locator(".p2p-draw")).to_have_attribute("data-kind", "photo")
    expect(page.get_by_role("button", name="Trace", exact=True)).to_be_hidden()


def test_no_button_below_the_drawing_lies_on_another_with_any_tool_on_any_screen(page: Page) -> None:
    for width, height in ((1440, 900), (1024, 700), (390, 844), (844, 390)):
        page.set_viewport_size({"width": width, "height": height})
        for tool in ("rectangle", "brush", "select", "stamp"):
            page.locator(f"[data-tool={tool}]").click()
            page.wait_for_selector(f"[data-using={tool}]")
            assert page.evaluate(OVERLAPS) == [], (width, tool)
