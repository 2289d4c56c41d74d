"""What stands around the drawing, in a real Chromium: grid, clear, zoom and pan,
tooltips, files that are too much."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import drag
from PIL import Image

from tests.ui.shared.test_canvas_browser import (
    COLORS,
    WALL,
    Server,
    labels,
    page,
    rectangle,
    server,
    wait_until,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]

INK_ON_TOP = (
    "() => { const sheet = document.querySelector('.p2p-overlay');"
    " const pixels = sheet.getContext('2d').getImageData(0, 0, sheet.width, sheet.height).data;"
    " return pixels.filter((value, at) => at % 4 === 3 && value).length }"
)
PLACE = (
    "([x, y]) => { const stage = document.querySelector('.p2p-stage').getBoundingClientRect();"
    " const { view } = document.querySelector('.p2p-draw').canvas.editor;"
    " return [stage.left + view.x + (x + 0.5) * view.scale, stage.top + view.y + (y + 0.5) * view.scale] }"
)
VIEW = (
    "() => { const { x, y, zoom } = document.querySelector('.p2p-draw').canvas.editor.view; return [x, y,"
    " zoom] }"
)


def sheet(start: tuple[int, int], end: tuple[int, int]) -> np.ndarray:
    expected = labels()
    rectangle(expected, start, end, WALL)
    return COLORS[expected]


def test_the_grid_lies_over_the_drawing_and_is_no_part_of_it(server: Server, page: Any) -> None:
    page.mouse.move(1, 1)
    bare = page.evaluate(INK_ON_TOP)
    page.keyboard.press("g")
    page.wait_for_selector("[data-switch=grid][aria-pressed=true]")
    wait_until(lambda: page.evaluate(INK_ON_TOP) > bare + 1000)
    drag(page, [(40, 30), (120, 90)])
    server.wait_for(sheet((48, 32), (127, 95)))  # shapes snap to its cells of 16 pixels
    page.keyboard.press("g")
    page.mouse.move(1, 1)
    wait_until(lambda: page.evaluate(INK_ON_TOP) == bare)


def test_clear_leaves_the_background_and_can_be_taken_back(server: Server, page: Any) -> None:
    drag(page, [(40, 30), (120, 90)])
    server.wait_for(sheet((40, 30), (120, 90)))
    page.locator("[data-action=clear]").click()
    server.wait_for(COLORS[labels()])
    page.keyboard.press("Control+z")
    server.wait_for(sheet((40, 30), (120, 90)))


def test_wheel_and_held_space_zoom_and_move_and_pixels_are_still_hit(server: Server, page: Any) -> None:
    page.mouse.move(*page.evaluate(PLACE, [64, 64]))
    for _ in range(3):
        page.mouse.wheel(0, -300)
    wait_until(lambda: page.evaluate(VIEW)[2] > 3)
    zoomed = page.evaluate(VIEW)
    for button, key in (("left", "Space"), ("middle", None)):
        here = page.evaluate(VIEW)
        page.mouse.move(*page.evaluate(PLACE, [64, 64]))
        if key:
            page.keyboard.down(key)
        page.mouse.down(button=button)
        x, y = page.evaluate(PLACE, [64, 64])
        page.mouse.move(x - 40, y - 24)
        page.mouse.up(button=button)
        if key:
            page.keyboard.up(key)
        wait_until(lambda: np.allclose(page.evaluate(VIEW)[:2], [here[0] - 40, here[1] - 24], atol=1))  # noqa: B023  waited for at once
    assert page.evaluate(VIEW)[2] == zoomed[2]
    page.mouse.move(*page.evaluate(PLACE, [60, 61]))
    page.mouse.down()
    page.mouse.move(*page.evaluate(PLACE, [75, 79]))
    page.mouse.up()
    server.wait_for(sheet((60, 61), (75, 79)))
    page.keyboard.press("/")
    wait_until(lambda: page.evaluate(VIEW) == [0, 0, 1])


def test_every_tool_switch_action_and_class_names_its_key(page: Any) -> None:
    titles = page.evaluate(
        "[...document.querySelectorAll('.p2p-draw :is([data-tool], [data-switch], .p2p-icon[data-action], "
        ".p2p-worded, .p2p-swatch)')]"
        ".map((each) => each.title)"
    )
    assert len(titles) >= 10 + 3 + 3 + 3 + 4 + 12
    assert [title for title in titles if not re.search(r" \(\S+\)$", title)] == []
    keys = [title.rsplit("(", 1)[1] for title in titles]
    assert len(set(keys)) == len(keys)


def test_files_that_are_too_much_get_a_sentence_and_the_drawing_stays(
    server: Server, page: Any, tmp_path: Path
) -> None:
    drag(page, [(40, 30), (120, 90)])
    server.wait_for(sheet((40, 30), (120, 90)))
    large, thin = tmp_path / "large.png", tmp_path / "thin.png"
    large.write_bytes(bytes(51 * 2**20))
    page.locator(".p2p-file").set_input_files(large)
    page.wait_for_selector("text=The file has 51 MB; open one of at most 50 MB.")
    drag(page, [(10, 10), (20, 20)])
    both = sheet((40, 30), (120, 90))
    both[10:21, 10:21] = COLORS[WALL]
    server.wait_for(both)
    Image.new("RGB", (1, 60_000), tuple(COLORS[WALL].tolist())).save(thin)
    page.locator(".p2p-file").set_input_files(thin)
    server.wait_for(np.broadcast_to(COLORS[WALL], (256, 256, 3)))
