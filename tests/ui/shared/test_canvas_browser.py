"""The canvas under a real pointer in a headless Chromium: Python gets, pixel for pixel, what was drawn."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
import numpy as np
import pytest
from browsing import SIZE, Points, drag, place
from canvas_page import CanvasPart
from PIL import Image

from pix2pix.imaging.palette import FACADES
from pix2pix.ui.shared.canvas import canvas_spec

pytestmark = [
    pytest.mark.browser,
    # Sockets and loops of gradio's server and of Playwright, closed when they are collected.
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]
COLORS = np.array([color for _, color in FACADES], np.uint8)
NAMES = [name for name, _ in FACADES]
WALL, WINDOW, DOOR, SHOP = (NAMES.index(name) for name in ("wall", "window", "door", "shop"))
FEW = (("sea", (0, 0, 200)), ("sand", (250, 240, 20)), ("rock", (250, 10, 10)))
SPECS = {
    "facades": canvas_spec(),
    "few": canvas_spec(FEW),
    "edges": canvas_spec(kind="edges"),
    "small": canvas_spec(size=64),
    "photo": canvas_spec(size=64, kind="photo"),
}


@dataclass
class Server:
    """What the handler got, newest last, and how long it takes for each."""

    url: str = ""
    delay: float = 0.0
    drawings: list[np.ndarray] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)

    def receive(self, image: Image.Image | None) -> str:
        if image is None:
            return ""
        time.sleep(self.delay)
        self.drawings.append(np.asarray(image))
        self.sequences.append(image.info["sequence"])
        return str(self.sequences[-1])

    def wait_for(self, expected: np.ndarray) -> None:
        """Until the last drawing received is `expected`; the first difference where it never is."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if (
                self.drawings
                and self.drawings[-1].shape == expected.shape
                and (self.drawings[-1] == expected).all()
            ):
                return
            time.sleep(0.02)
        assert self.drawings, "no drawing arrived"
        np.testing.assert_array_equal(self.drawings[-1], expected)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    with gr.Blocks() as demo:
        choice = gr.Radio(list(SPECS), value="facades", label="model")
        gr.Textbox(label="words")
        canvas = CanvasPart(SPECS["facades"])
        last = gr.Textbox(label="last")
        canvas.input(
            server.receive,
            canvas,
            last,
            trigger_mode="always_last",
            concurrency_limit=1,
            show_progress="hidden",
        )
        choice.change(lambda name: gr.update(spec=SPECS[name]), choice, canvas)
    _, server.url, _ = demo.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, run_history=False)
    yield server
    demo.close()


@pytest.fixture
def page(server: Server, browser: Any) -> Iterator[Any]:
    server.drawings.clear()
    server.sequences.clear()
    server.delay = 0.0
    context = browser.new_context(viewport={"width": 900, "height": 1000}, has_touch=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server.url)
    page.wait_for_selector(".p2p-swatch")
    page.locator(".p2p-stage").scroll_into_view_if_needed()
    yield page
    context.close()
    assert not errors


def labels() -> np.ndarray:
    return np.zeros((SIZE, SIZE), np.uint8)


def rectangle(sheet: np.ndarray, start: tuple[int, int], end: tuple[int, int], label: int) -> None:
    (x0, x1), (y0, y1) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    sheet[max(0, y0) : y1 + 1, max(0, x0) : x1 + 1] = label


def stroke(sheet: np.ndarray, points: Points, size: int, label: int) -> None:
    """Dabs of a round brush along a polyline."""
    offsets = np.arange(size) - (size - 1) / 2
    dab = offsets[:, None] ** 2 + offsets**2 <= (size / 2) ** 2
    for (x0, y0), (x1, y1) in zip([points[0], *points], points, strict=False):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for step in range(steps + 1):
            x, y = (
                int(np.floor(a + (b - a) * step / steps + 0.5)) - size // 2 for a, b in ((x0, x1), (y0, y1))
            )
            for row, column in np.argwhere(dab):
                if 0 <= y + row < SIZE and 0 <= x + column < SIZE:
                    sheet[y + row, x + column] = label


def ellipse(sheet: np.ndarray, start: tuple[int, int], end: tuple[int, int], label: int) -> None:
    (x0, y0), (x1, y1) = start, end
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    across = (columns + 0.5 - (x0 + x1 + 1) / 2) / ((x1 - x0 + 1) / 2)
    down = (rows + 0.5 - (y0 + y1 + 1) / 2) / ((y1 - y0 + 1) / 2)
    sheet[across**2 + down**2 <= 1] = label


def pick(page: Any, tool: str, label: int | None = None) -> None:
    page.locator(f"[data-tool={tool}]").click()
    if label is not None:
        page.locator(f"[data-label='{label}']").click()


def test_a_rectangle_is_the_first_tool(server: Server, page: Any) -> None:
    drag(page, [(40, 30), (100, 90), (180, 200)])
    expected = labels()
    rectangle(expected, (40, 30), (180, 200), WALL)
    server.wait_for(COLORS[expected])


def test_a_rectangle_reaches_over_the_border(server: Server, page: Any) -> None:
    drag(page, [(200, 200), (SIZE + 20, SIZE + 8)])
    expected = labels()
    expected[200:, 200:] = WALL
    server.wait_for(COLORS[expected])


def test_brush_and_line_have_sizes(server: Server, page: Any) -> None:
    expected, curve = labels(), [(30, 40), (60, 44), (61, 90), (140, 130)]
    pick(page, "brush", WINDOW)
    drag(page, curve)
    stroke(expected, curve, 12, WINDOW)
    page.locator(".p2p-size input").fill("5")
    pick(page, "line", DOOR)
    drag(page, [(20, 200), (90, 90), (220, 180)])
    stroke(expected, [(20, 200), (220, 180)], 5, DOOR)
    server.wait_for(COLORS[expected])


def test_ellipse_bucket_and_eraser(server: Server, page: Any) -> None:
    expected = labels()
    pick(page, "ellipse", WINDOW)
    drag(page, [(50, 60), (149, 121)])
    ellipse(expected, (50, 60), (149, 121), WINDOW)
    pick(page, "bucket", SHOP)
    page.mouse.click(*place(page, 100, 90))
    expected[expected == WINDOW] = SHOP
    pick(page, "eraser")
    drag(page, [(100, 50), (100, 130)])
    stroke(expected, [(100, 50), (100, 130)], 12, 0)
    server.wait_for(COLORS[expected])


def test_a_polygon_closes_at_its_first_corner(server: Server, page: Any) -> None:
    pick(page, "polygon", WALL)
    for corner in [(40, 40), (200, 40), (200, 160), (40, 160), (41, 41)]:
        page.mouse.click(*place(page, *corner))
    expected = labels()
    rectangle(expected, (40, 40), (200, 160), WALL)
    server.wait_for(COLORS[expected])
    page.keyboard.press("Control+z")
    server.wait_for(COLORS[labels()])


def test_the_eyedropper_takes_the_class_under_it(server: Server, page: Any) -> None:
    pick(page, "rectangle", SHOP)
    drag(page, [(10, 10), (50, 50)])
    page.locator(f"[data-label='{WALL}']").click()
    pick(page, "eyedropper")
    page.mouse.click(*place(page, 30, 30))
    page.wait_for_selector(f"[data-label='{SHOP}'][aria-checked=true]")


def test_a_selection_is_moved_and_copied(server: Server, page: Any) -> None:
    expected = labels()
    drag(page, [(20, 20), (39, 49)])
    pick(page, "select")
    drag(page, [(20, 20), (39, 49)])
    drag(page, [(30, 30), (100, 60)])
    rectangle(expected, (90, 50), (109, 79), WALL)
    server.wait_for(COLORS[expected])
    page.locator(".p2p-copy").click()
    drag(page, [(100, 60), (180, 160)])
    rectangle(expected, (170, 150), (189, 179), WALL)
    server.wait_for(COLORS[expected])


def test_the_mirror_draws_both_sides(server: Server, page: Any) -> None:
    page.keyboard.press("m")
    drag(page, [(10, 20), (60, 80)])
    expected = labels()
    rectangle(expected, (10, 20), (60, 80), WALL)
    server.wait_for(COLORS[np.maximum(expected, expected[:, ::-1])])


def test_keys_choose_tools_and_classes_but_not_while_typing(server: Server, page: Any) -> None:
    page.keyboard.press("b")
    page.keyboard.press("3")
    page.wait_for_selector("[data-tool=brush][aria-pressed=true]")
    page.wait_for_selector("[data-label='2'][aria-checked=true]")
    page.keyboard.press("=")
    page.wait_for_selector(f"[data-label='{len(NAMES) - 1}'][aria-checked=true]")
    page.get_by_label("words").fill("")
    page.get_by_label("words").press_sequentially("re1")
    assert page.get_by_label("words").input_value() == "re1"
    assert page.locator("[data-tool=brush]").get_attribute("aria-pressed") == "true"
    assert "(B)" in page.locator("[data-tool=brush]").get_attribute("title")


def test_the_keyboard_draws_alone(server: Server, page: Any) -> None:
    page.locator(".p2p-stage").focus()
    for key in ["ArrowLeft", "Enter", *["Shift+ArrowRight"] * 3, "ArrowDown", "Enter"]:
        page.keyboard.press(key)
    expected = labels()
    rectangle(expected, (127, 128), (151, 129), WALL)
    server.wait_for(COLORS[expected])


def touch(session: Any, kind: str, points: list[tuple[float, float]]) -> None:
    fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})


def test_one_finger_draws_and_two_zoom(server: Server, page: Any) -> None:
    session = page.context.new_cdp_session(page)
    touch(session, "touchStart", [place(page, 30, 40)])
    touch(session, "touchMove", [place(page, 90, 100)])
    touch(session, "touchEnd", [])
    expected = labels()
    rectangle(expected, (30, 40), (90, 100), WALL)
    server.wait_for(COLORS[expected])
    touch(session, "touchStart", [place(page, 100, 128)])
    touch(session, "touchStart", [place(page, 100, 128), place(page, 156, 128)])
    touch(session, "touchMove", [place(page, 50, 128), place(page, 206, 128)])
    touch(session, "touchEnd", [])
    page.wait_for_function("parseInt(document.querySelector('[data-action=zoomFit]').textContent) > 200")
    server.wait_for(COLORS[expected])


def test_undo_goes_a_hundred_steps_back_and_forth(server: Server, page: Any) -> None:
    expected = labels()
    page.locator(f"[data-label='{WINDOW}']").click()
    for step in range(100):
        x, y = 8 + step % 10 * 20, 8 + step // 10 * 20
        drag(page, [(x, y), (x + 9, y + 9)])
        rectangle(expected, (x, y), (x + 9, y + 9), WINDOW)
    server.wait_for(COLORS[expected])
    for _ in range(100):
        page.keyboard.press("Control+z")
    server.wait_for(COLORS[labels()])
    assert page.locator("[data-action=undo]").is_disabled()
    for _ in range(100):
        page.keyboard.press("Control+Shift+z")
    server.wait_for(COLORS[expected])


RANDOM_STROKES = """() => {
  const { editor } = document.querySelector('.p2p-draw').canvas, stage = document.querySelector('.p2p-stage');
  let seed = 20261121;  // mulberry32: the same thousand strokes each time
  const random = () => { seed = (seed + 0x6D2B79F5) | 0; let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296; };
  const frame = stage.getBoundingClientRect(), chance = (n) => Math.floor(random() * n);
  const tools = [...document.querySelectorAll('[data-tool]')];
  const send = (type, more) => stage.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, pointerType: 'mouse', bubbles: true, button: 0, buttons: 1, shiftKey: chance(5) === 0,
      altKey: chance(5) === 0,
    clientX: frame.left + (random() * 1.2 - 0.1) * frame.width,
      clientY: frame.top + (random() * 1.2 - 0.1) * frame.height }));
  stage.setPointerCapture = () => {};
  const drawn = new Set();
  for (let stroke = 0; stroke < 1000; stroke++) {
    if (chance(3) === 0) tools[chance(tools.length)].click();
    if (chance(40) === 0) document.querySelector('[data-switch=mirror]').click();
    editor.resizeBrush(1 + chance(30));
    editor.pick(chance(12));
    send('pointerdown');
    for (let step = chance(4); step >= 0; step--) send('pointermove');
    send('pointerup');
    if (stroke % 20 === 0) editor.sketch.raster.labels.forEach((label) => drawn.add(label));
  }
  editor.quit();
  editor.announce();
  return [[...editor.sketch.raster.labels], [...drawn]];
}"""

SHOWN = """() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const canvas = document.querySelector('.p2p-pixels');
  resolve([...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]);
})))"""


def test_no_colour_outside_the_palette_in_a_thousand_random_strokes(server: Server, page: Any) -> None:
    left, drawn = page.evaluate(RANDOM_STROKES)
    assert len(drawn) > 6  # in the end a bucket or a clear may have taken most of them away
    expected = COLORS[np.array(left).reshape(SIZE, SIZE)]
    server.wait_for(expected)
    known = {tuple(color) for color in COLORS.tolist()}
    for drawing in server.drawings:
        assert {tuple(color) for color in np.unique(drawing.reshape(-1, 3), axis=0).tolist()} <= known
    shown = np.array(page.evaluate(SHOWN), np.uint8).reshape(SIZE, SIZE, 4)
    np.testing.assert_array_equal(shown[..., :3], expected)


def test_ten_fast_strokes_end_with_the_last_drawing(server: Server, page: Any) -> None:
    server.delay = 0.35
    expected = labels()
    begun = time.monotonic()
    for step in range(10):
        start, end = (10 + step * 22, 20), (25 + step * 22, 200)
        drag(page, [start, end])
        rectangle(expected, start, end, WALL)
    server.wait_for(COLORS[expected])
    # One after the other: in the time that the strokes took there was room for so many.
    assert len(server.drawings) <= (time.monotonic() - begun) / server.delay + 2, "requests piled up"
    assert server.sequences == sorted(set(server.sequences))
    time.sleep(0.8)
    np.testing.assert_array_equal(server.drawings[-1], COLORS[expected])


def test_a_result_comes_while_the_stroke_lasts(server: Server, page: Any) -> None:
    page.mouse.move(*place(page, 20, 20))
    page.mouse.down()
    page.mouse.move(*place(page, 120, 120))
    expected = labels()
    rectangle(expected, (20, 20), (120, 120), WALL)
    server.wait_for(COLORS[expected])
    page.keyboard.press("Escape")
    server.wait_for(COLORS[labels()])
    page.mouse.up()


def choose(page: Any, name: str) -> None:
    page.get_by_label(name, exact=True).check()


def test_another_model_has_its_own_drawing_and_leaves_this_one_alone(server: Server, page: Any) -> None:
    pick(page, "rectangle", SHOP)
    drag(page, [(30, 30), (90, 90)])
    expected = labels()
    rectangle(expected, (30, 30), (90, 90), SHOP)
    server.wait_for(COLORS[expected])
    choose(page, "few")
    page.wait_for_selector("text=sand")
    server.wait_for(np.full((SIZE, SIZE, 3), (0, 0, 200), np.uint8))
    choose(page, "edges")
    page.wait_for_selector("[data-label='1'] >> text=pen")
    server.wait_for(np.full((SIZE, SIZE, 3), 255, np.uint8))
    drag(page, [(50, 50), (50, 99)])
    lines = np.zeros((SIZE, SIZE), np.uint8)
    stroke(lines, [(50, 50), (50, 99)], 3, 1)
    server.wait_for(np.array([[255] * 3, [0] * 3], np.uint8)[lines])
    choose(page, "facades")
    page.wait_for_selector(f"[data-label='{SHOP}']")
    server.wait_for(COLORS[expected])
    page.locator("[data-action=undo]").click()
    server.wait_for(COLORS[labels()])


def test_another_size_scales_the_drawing(server: Server, page: Any) -> None:
    drag(page, [(64, 128), (255, 255)])
    choose(page, "small")
    expected = np.zeros((64, 64), np.uint8)
    expected[32:, 16:] = WALL
    server.wait_for(COLORS[expected])


def test_a_reload_keeps_the_drawing_its_undo_and_the_tool(server: Server, page: Any) -> None:
    pick(page, "ellipse")
    pick(page, "rectangle")
    drag(page, [(64, 128), (200, 220)])
    expected = labels()
    rectangle(expected, (64, 128), (200, 220), WALL)
    server.wait_for(COLORS[expected])
    before = server.sequences[-1]
    server.drawings.clear()
    page.reload()
    page.wait_for_selector(".p2p-swatch")
    server.wait_for(COLORS[expected])
    assert server.sequences[-1] > before
    page.locator("[data-action=undo]").click()
    server.wait_for(COLORS[labels()])


def test_a_saved_drawing_opens_again_and_other_pictures_are_snapped(server: Server, page: Any) -> None:
    drag(page, [(10, 20), (99, 49)])
    expected = labels()
    rectangle(expected, (10, 20), (99, 49), WALL)
    with page.expect_download() as download:
        page.locator("[data-action=save]").click()
    saved = Image.open(download.value.path()).convert("RGB")
    np.testing.assert_array_equal(np.asarray(saved), COLORS[expected])
    saved.putpixel((5, 5), (170, 5, 5))
    file = io.BytesIO()
    saved.save(file, "PNG")
    page.locator("[data-action=clear]").click()
    upload = {"name": "map.png", "mimeType": "image/png", "buffer": file.getvalue()}
    page.locator(".p2p-file").set_input_files([upload])
    expected[5, 5] = SHOP
    server.wait_for(COLORS[expected])
    page.wait_for_selector("text=1 of 65,536 pixels had another colour")
    page.locator(".p2p-file").set_input_files([upload | {"buffer": b"no picture"}])
    page.wait_for_selector("text=not a picture")


def test_surprise_me_draws_a_house_that_undo_takes_back(server: Server, page: Any) -> None:
    page.locator("[data-action=surprise]").click()
    wait_until(
        lambda: bool(server.drawings) and len(np.unique(server.drawings[-1].reshape(-1, 3), axis=0)) > 4
    )
    page.keyboard.press("Control+z")
    server.wait_for(COLORS[labels()])


def test_a_model_of_photos_takes_a_picture_from_a_file_or_the_camera(server: Server, page: Any) -> None:
    choose(page, "photo")
    page.wait_for_selector("text=Drop a picture here")
    file = io.BytesIO()
    Image.new("RGB", (90, 64), (10, 200, 30)).save(file, "PNG")
    page.locator(".p2p-file").set_input_files(
        [{"name": "photo.png", "mimeType": "image/png", "buffer": file.getvalue()}]
    )
    server.wait_for(np.full((64, 64, 3), (10, 200, 30), np.uint8))
    page.context.grant_permissions(["camera"])
    page.locator("[data-action=camera]").click()
    page.wait_for_selector("text=Press Camera again")
    page.locator("[data-action=camera]").click()
    wait_until(lambda: len(np.unique(server.drawings[-1].reshape(-1, 3), axis=0)) > 1)


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
