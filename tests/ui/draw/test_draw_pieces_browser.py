"""Pieces of a drawing in a real browser: stamps, the clipboard, arrow keys, rows and floors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from browsing import WAIT, drag, place
from playwright.sync_api import Browser, Page, expect

from pix2pix.imaging.palette import FACADES
from pix2pix.ui.shared.model_library import ModelLibrary
from tests.ui.draw.test_draw_browser import (
    SIZE,
    address,
    choose,
    library,
    open_page,
    page,
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

NAMES = [name for name, _ in FACADES]
WALL, WINDOW, DOOR = (NAMES.index(name) for name in ("wall", "window", "door"))


def clear(page: Page) -> None:
    page.locator("[data-action=clear]").click()


def editor(page: Page, what: str) -> Any:
    return page.evaluate(f"document.querySelector('.p2p-draw').canvas.editor.{what}")


def rectangle(page: Page, name: str, start: tuple[int, int], end: tuple[int, int]) -> None:
    page.locator("[data-tool=rectangle]").click()
    page.locator(f"[data-label='{NAMES.index(name)}']").click()
    drag(page, [start, end], SIZE)


def select(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    page.keyboard.press("v")
    page.keyboard.press("Escape")
    drag(page, [start, end], SIZE)


def test_a_window_is_copied_pasted_nudged_and_flipped_with_the_keys_of_other_editors(
    browser: Browser, address: str
) -> None:
    page = open_page(browser, address)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(shown(page)).to_be_visible(timeout=WAIT)
    clear(page)
    rectangle(page, "wall", (4, 4), (59, 59))
    rectangle(page, "window", (10, 10), (15, 17))
    rectangle(page, "door", (10, 16), (12, 17))
    select(page, (10, 10), (15, 17))
    before, steps = sheet_of(page), editor(page, "sketch.history.done.length")
    page.keyboard.press("Control+c")
    page.mouse.move(*place(page, 40, 40, SIZE))
    page.keyboard.press("Control+v")
    page.wait_for_function(
        "document.querySelector('.p2p-draw').canvas.editor.sketch.history.done.length === " + str(steps + 1)
    )
    pasted = before.copy()
    pasted[36:44, 37:43] = before[10:18, 10:16]
    np.testing.assert_array_equal(sheet_of(page), pasted)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Shift+H")
    moved = before.copy()
    moved[26:34, 36:42] = before[10:18, 10:16][:, ::-1]
    np.testing.assert_array_equal(sheet_of(page), moved)
    page.keyboard.press("Control+x")
    page.wait_for_function(
        "document.querySelector('.p2p-draw').canvas.editor.sketch.labelAt([38, 28]) === " + str(WALL)
    )
    np.testing.assert_array_equal(sheet_of(page), before)
    for _ in range(4):  # cut, flip, the run of arrow keys, paste
        page.keyboard.press("Control+z")
    np.testing.assert_array_equal(sheet_of(page), before)
    assert editor(page, "sketch.history.done.length") == steps
    page.close()


def test_a_stamp_becomes_a_row_and_floors_and_is_there_only_where_its_classes_are(
    page: Page, library: ModelLibrary
) -> None:
    clear(page)
    rectangle(page, "wall", (2, 2), (61, 61))
    page.locator("[data-tool=stamp]").click()
    page.get_by_role("button", name="Stamp: Window with sill").click()
    page.locator("[data-stamp=framed]").click()
    drag(page, [(5, 6), (12, 15)], SIZE)
    assert (sheet_of(page)[6:16, 5:13] == WINDOW).any()
    piece, steps = sheet_of(page)[6:16, 5:13], editor(page, "sketch.history.done.length")
    page.get_by_role("button", name="Selection", exact=True).click()
    page.get_by_role("button", name="Repeat in a row").click()
    page.get_by_label("How many side by side").fill("4")
    page.get_by_label("How many rows").fill("3")
    assert len(editor(page, "plan")) == 11
    page.get_by_role("button", name="Repeat", exact=True).click()
    sheet = sheet_of(page)
    for row in range(3):
        for column in range(4):
            y, x = 6 + 13 * row, 5 + 12 * column
            np.testing.assert_array_equal(sheet[y : y + 10, x : x + 8], piece)
    assert editor(page, "sketch.history.done.length") == steps + 1 and editor(page, "plan") == []
    wait_for_picture(page, library)
    page.keyboard.press("Control+z")
    assert (sheet_of(page)[6:16, 17:] == WALL)[:, :40].all()
    choose(page, "to-photo")
    page.keyboard.press("t")
    page.get_by_role("button", name="Stamp: ").click()
    expect(page.locator("[data-stamp]")).to_have_count(1)
    expect(page.locator("[data-stamp]")).to_have_attribute("data-stamp", "crossroads")


def test_snapping_draws_a_rectangle_to_the_edges_of_what_is_there(page: Page) -> None:
    clear(page)
    rectangle(page, "wall", (8, 8), (39, 55))
    page.keyboard.press("n")
    expect(page.locator("[data-switch=snap]")).to_have_attribute("aria-pressed", "true")
    rectangle(page, "door", (20, 40), (28, 54))
    sheet = sheet_of(page)
    assert (sheet[40:56, 20:29] == DOOR).all() and not (sheet[56:] == DOOR).any()
    select(page, (19, 39), (29, 54))
    assert editor(page, "selection") == {"x0": 20, "y0": 40, "x1": 29, "y1": 56}
