"""The Draw tab in a real browser: a first visit, the sheet of keys, and pictures to take along."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from browsing import WAIT, drag
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.own_examples import folder_of
from tests.ui.draw.test_draw_browser import (
    COLORS,
    SIZE,
    address,
    library,
    open_page,
    page,
    picture_of,
    sheet_of,
    shown,
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

CLIPBOARD = """async () => {
  const [item] = await navigator.clipboard.read(), blob = await item.getType("image/png");
  const { width, height } = await createImageBitmap(blob);
  return [width, height];
}"""


def test_a_first_visit_has_a_hint_until_the_first_stroke_and_a_sheet_of_keys(page: Page) -> None:
    expect(page.locator(".p2p-welcome")).to_be_visible()
    drag(page, [(5, 5), (30, 40)], SIZE)
    expect(page.locator(".p2p-welcome")).to_have_count(0)
    page.keyboard.press("Shift+?")
    sheet = page.get_by_role("dialog", name="All keys")
    expect(sheet).to_contain_text("Rectangle")
    expect(sheet).to_contain_text("balcony")
    page.keyboard.press("b")
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(page.locator("[data-tool=rectangle]")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(shown(page)).to_be_visible(timeout=WAIT)
    expect(page.locator(".p2p-welcome")).to_have_count(0)


def test_the_picture_is_copied_and_saved_beside_its_drawing(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(shown(page)).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Drawing and picture").click()
    both = np.asarray(Image.open(download.value.path()).convert("RGB"))
    np.testing.assert_array_equal(both[:, :SIZE], COLORS[sheet_of(page)])
    np.testing.assert_array_equal(both[:, SIZE:], picture_of(page))
    page.get_by_role("button", name="Download").click()
    page.get_by_role("button", name="Copy the picture").click()
    expect(page.get_by_role("button", name="Copy the picture")).to_be_hidden()
    assert page.evaluate(CLIPBOARD) == [SIZE, SIZE]
    page.close()


def test_a_model_with_examples_of_its_own_opens_with_them(
    browser: Browser, library: ModelLibrary, address: str
) -> None:
    stripes = np.repeat(np.arange(SIZE)[:, None] // 8 % 4 + 2, SIZE, axis=1)
    folder = folder_of(library.checkpoints / "facades.pth")
    folder.mkdir(parents=True)
    try:
        Image.fromarray(COLORS[stripes]).save(folder / "1-boots.png")
        page = open_page(browser, address)
        expect(shown(page)).to_be_visible(timeout=WAIT)
        np.testing.assert_array_equal(sheet_of(page), stripes)
        page.get_by_role("button", name="Examples").click()
        menu = page.locator(".p2p-examples")
        expect(menu.get_by_role("button")).to_have_count(1)
        expect(menu).to_contain_text("boots")
        page.close()
    finally:
        shutil.rmtree(folder)
