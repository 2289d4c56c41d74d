"""The Draw tab in a real browser: pictures follow the drawing, in order, and nothing
that goes wrong harms the page."""

from __future__ import annotations

import base64
import io
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from browsing import WAIT, drag
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pix2pix.checkpoints.checkpoint import Checkpoint, save_checkpoint
from pix2pix.config import ModelConfig, PaletteEntry
from pix2pix.imaging.palette import FACADES
from pix2pix.networks import build_generator, init_weights
from pix2pix.ui.app import launch_options
from pix2pix.ui.draw import tab as draw_tab
from pix2pix.ui.shared.model_library import ModelLibrary

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

SIZE = 64
MAP: tuple[PaletteEntry, ...] = (
    ("land", (232, 228, 220)),
    ("road", (255, 255, 255)),
    ("water", (176, 208, 255)),
)
COLORS = np.array([color for _, color in FACADES], np.uint8)


def write_model(path: Path, seed: int = 1, **settings: Any) -> Path:
    config = ModelConfig(
        **{"width": 4, "depth": 5, "size": SIZE, "source": "labels", "palette": FACADES} | settings
    )
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(seed))
    save_checkpoint(path, Checkpoint(config, generator.state_dict(), {"step": seed}))
    return path


def fill(folder: Path) -> None:
    write_model(folder / "to-map.pth", source="photo", target="labels", palette=())
    write_model(folder / "to-photo.pth", palette=MAP)
    write_model(folder / "other.pth", seed=2)
    write_model(folder / "facades.pth")  # the newest is the first to draw


def serve(library: ModelLibrary, port: int | None = None) -> tuple[gr.Blocks, str]:
    with gr.Blocks(analytics_enabled=False, fill_width=True) as demo, gr.Tab("Draw"):
        draw_tab.build(demo, library)
    _, url, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, inbrowser=False, server_port=port, **launch_options()
    )
    return demo, url


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ModelLibrary:
    folder = tmp_path_factory.mktemp("models")
    fill(folder / "checkpoints")
    return ModelLibrary(folder / "checkpoints", folder / "runs", kept=8)


@pytest.fixture(scope="module")
def address(library: ModelLibrary) -> Iterator[str]:
    demo, url = serve(library)
    yield url
    demo.close()


def open_page(browser: Browser, url: str, width: int = 1280, height: int = 900) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(url)
    return page


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    opened = open_page(browser, address)
    expect(shown(opened)).to_be_visible(timeout=WAIT)
    yield opened
    opened.close()


def shown(page: Page, pane: int = 0) -> Any:
    return page.locator(".p2p-picture").nth(pane)


def picture_of(page: Page, pane: int = 0) -> np.ndarray:
    url = shown(page, pane).get_attribute("src") or ""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))


def sheet_of(page: Page) -> np.ndarray:
    labels = page.evaluate("[...document.querySelector('.p2p-draw').canvas.editor.sketch.raster.labels]")
    return np.array(labels, np.uint8).reshape(SIZE, SIZE)


def wait_for_picture(page: Page, library: ModelLibrary, key: str = "facades", pane: int = 0) -> None:
    """Until the pane shows what the model makes of the drawing as it is now, pixel for pixel."""
    expected = np.asarray(library.translator(key)(Image.fromarray(COLORS[sheet_of(page)])))
    for _ in range(200):
        if np.array_equal(picture_of(page, pane), expected):
            return
        page.wait_for_timeout(50)
    np.testing.assert_array_equal(picture_of(page, pane), expected)


def choose(page: Page, key: str) -> None:
    page.locator(".p2p-picker").first.click()
    page.locator(f"[data-key='{key}']").first.click()


def png(image: Image.Image) -> dict[str, Any]:
    file = io.BytesIO()
    image.save(file, "PNG")
    return {"name": "picture.png", "mimeType": "image/png", "buffer": file.getvalue()}


def test_there_is_a_picture_before_anyone_has_drawn_and_it_follows_the_drawing(
    page: Page, library: ModelLibrary
) -> None:
    wait_for_picture(page, library)
    assert len(np.unique(sheet_of(page))) > 4
    before = picture_of(page)
    page.keyboard.press("8")
    drag(page, [(5, 5), (30, 40), (60, 50)], SIZE)
    wait_for_picture(page, library)
    assert not np.array_equal(picture_of(page), before)
    assert "ms on the server" in page.locator(".p2p-time").inner_text()
    page.keyboard.press("Control+z")
    wait_for_picture(page, library)
    np.testing.assert_array_equal(picture_of(page), before)


WATCHED = """() => {
  const studio = document.querySelector('.p2p-studio').studio, call = studio.link.call.bind(studio.link);
  window.seen = []; window.most = 0; window.asked = 0;
  let now = 0;
  studio.link.call = async (name, data) => {
    if (name !== 'translate_drawing') return call(name, data);
    window.asked += 1; now += 1; window.most = Math.max(window.most, now);
    await new Promise((resolve) => setTimeout(resolve, 250));
    try { return await call(name, data); } finally { now -= 1; }
  };

    const number = () => Number(document.querySelector('.p2p-picture').dataset.sequence);
  new MutationObserver(() => window.seen.push(number()))
    .observe(document.querySelector('.p2p-picture'), { attributes: true,
      attributeFilter: ['data-sequence'] });
}"""


def test_ten_fast_strokes_end_in_the_picture_of_the_last_drawing(page: Page, library: ModelLibrary) -> None:
    page.evaluate(WATCHED)
    for step in range(10):
        page.keyboard.press("123456789"[step % 9])
        drag(page, [(2 + step * 6, 4), (6 + step * 6, 60)], SIZE)
    wait_for_picture(page, library)
    seen, most, asked = page.evaluate("[window.seen, window.most, window.asked]")
    assert seen == sorted(seen), "an older picture came back"
    assert most == 1 and asked < 20, "requests piled up"


def test_with_live_off_the_picture_waits_for_the_end_of_the_stroke(page: Page, library: ModelLibrary) -> None:
    wait_for_picture(page, library)
    page.get_by_role("switch", name="Live").click()
    page.evaluate(WATCHED)
    box = page.locator(".p2p-stage").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 200, steps=5)
    page.wait_for_timeout(400)
    assert page.evaluate("window.asked") == 0
    page.mouse.up()
    wait_for_picture(page, library)
    assert page.evaluate("window.asked") == 1


def test_two_models_are_compared_on_the_same_drawing(page: Page, library: ModelLibrary) -> None:
    page.get_by_role("button", name="Compare", exact=True).click()
    page.locator(".p2p-picker").nth(1).click()
    page.locator(".p2p-chooser").nth(1).locator("[data-key=other]").click()
    expect(shown(page, 1)).to_be_visible(timeout=WAIT)
    drag(page, [(5, 5), (50, 50)], SIZE)
    wait_for_picture(page, library, "facades", 0)
    wait_for_picture(page, library, "other", 1)
    page.get_by_role("button", name="Stop comparing").click()
    expect(page.locator(".p2p-view")).to_have_count(1)


def test_the_slider_lays_the_drawing_over_the_picture(page: Page) -> None:
    page.get_by_role("button", name="Slider").click()
    slider = page.get_by_role("slider", name="How far the drawing covers the picture")
    expect(slider).to_be_focused()
    slider.press("Home")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.p2p-cover')).clipPath")
        == "inset(0px 100% 0px 0px)"
    )
    page.locator(".p2p-stage").focus()
    page.keyboard.press(".")
    page.wait_for_function("document.querySelector('.p2p-picture').style.transform.includes('scale(1.5)')")
    parts = page.locator(".p2p-pixels, .p2p-picture, .p2p-under").evaluate_all(
        "all => all.map((each) => { const [one, frame] = [each.getBoundingClientRect(), "
        "each.closest('.p2p-stage, .p2p-frame').getBoundingClientRect()]; return "
        "[one.x - frame.x, one.y - frame.y, one.width].map(Math.round) })"
    )
    assert parts[0] == parts[1] == parts[2], "zooming moves the picture with the drawing"
    page.keyboard.press("/")
    under = page.locator(".p2p-under").get_attribute("src") or ""
    shown_drawing = Image.open(io.BytesIO(base64.b64decode(under.split(",")[1]))).convert("RGB")
    np.testing.assert_array_equal(np.asarray(shown_drawing), COLORS[sheet_of(page)])


@pytest.mark.parametrize("side", [SIZE, 512, 1024])
def test_the_picture_that_is_shown_is_downloaded_in_each_size(
    page: Page, library: ModelLibrary, side: int
) -> None:
    wait_for_picture(page, library)
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.locator(f"[data-side='{side}']").click()
    saved = Image.open(download.value.path())
    assert (saved.format, saved.size) == ("PNG", (side, side))
    shown_picture = Image.fromarray(picture_of(page)).resize((side, side), Image.Resampling.LANCZOS)
    difference = np.abs(np.asarray(saved.convert("RGB"), np.int16) - np.asarray(shown_picture, np.int16))
    assert difference.max() <= (0 if side == SIZE else 2), "Pillow rounds between rows and columns"


def test_a_picture_drawn_anew_is_looked_at_before_it_is_saved(page: Page, library: ModelLibrary) -> None:
    wait_for_picture(page, library)
    page.get_by_role("button", name="Download").click()
    entry = page.locator("[data-anew='512']")
    expect(entry).to_contain_text("look at it first")
    entry.click()
    preview = entry.locator("img")
    expect(preview).to_be_visible(timeout=WAIT)
    with page.expect_download() as download:
        entry.click()
    saved = np.asarray(Image.open(download.value.path()).convert("RGB"))
    source = Image.fromarray(COLORS[sheet_of(page)].astype(np.uint8)).resize(
        (512, 512), Image.Resampling.NEAREST
    )
    np.testing.assert_array_equal(saved, np.asarray(library.translator("facades")(source, mode="native")))


def test_eight_variations_are_shown_and_one_can_be_chosen(page: Page, library: ModelLibrary) -> None:
    wait_for_picture(page, library)
    page.get_by_role("button", name="Variations", exact=True).click()
    expect(page.locator(".p2p-tile:not(:disabled)")).to_have_count(8, timeout=WAIT)
    pictures = page.locator(".p2p-tile img").evaluate_all("tiles => tiles.map((tile) => tile.src)")
    assert len(set(pictures)) == 8
    page.get_by_role("button", name="Variation, seed 3").click()
    expect(page.locator(".p2p-caption")).to_contain_text("seed 3")
    assert shown(page).get_attribute("src") == pictures[2]
    expect(page.locator(".p2p-variations")).to_contain_text("minor")


def test_maps_go_there_and_back(page: Page) -> None:
    choose(page, "to-photo")
    expect(page.locator(".p2p-caption")).to_contain_text("to-photo")
    page.wait_for_function("document.querySelector('.p2p-studio').studio.views[0].shown?.key === 'to-photo'")
    page.get_by_role("button", name="Use as drawing").click()
    expect(page.locator(".p2p-picker b").first).to_have_text("to-map")
    page.wait_for_function("document.querySelector('.p2p-studio').studio.views[0].shown?.key === 'to-map'")
    page.get_by_role("button", name="Use as drawing").click()
    expect(page.locator(".p2p-picker b").first).to_have_text("to-photo")


def test_results_of_this_visit_are_kept_over_a_reload_and_can_be_drawn_on(
    page: Page, library: ModelLibrary
) -> None:
    expect(page.locator(".p2p-shot")).to_have_count(1, timeout=WAIT)
    first = sheet_of(page)
    drag(page, [(5, 5), (50, 50)], SIZE)
    expect(page.locator(".p2p-shot")).to_have_count(2, timeout=WAIT)
    drawn = sheet_of(page)
    page.reload()
    expect(shown(page)).to_be_visible(timeout=WAIT)
    wait_for_picture(page, library)
    np.testing.assert_array_equal(sheet_of(page), drawn)
    page.locator(".p2p-shot").nth(1).click()
    page.wait_for_function(
        "count => document.querySelector('.p2p-draw').canvas.editor.sketch.history.done.length === count",
        arg=2,
    )
    np.testing.assert_array_equal(sheet_of(page), first)
    wait_for_picture(page, library)


def test_a_model_of_photos_takes_any_picture_and_refuses_what_is_none(page: Page) -> None:
    choose(page, "to-map")
    expect(page.get_by_text("The picture appears here")).to_be_visible()
    chooser = page.locator(".p2p-file")
    chooser.set_input_files([{"name": "broken.png", "mimeType": "image/png", "buffer": b"no picture"}])
    expect(page.locator(".p2p-toast")).to_contain_text("not a picture")
    before = None
    for image in (
        Image.new("RGB", (1, 6000), "red"),
        Image.new("RGBA", (90, 50), (0, 200, 0, 90)),
        Image.new("L", (3000, 2000), 80),
    ):
        chooser.set_input_files([png(image)])
        page.wait_for_function(
            "before => { const { src } = document.querySelector('.p2p-picture'); return src && src "
            "!== before }",
            arg=before,
        )
        before = page.evaluate("document.querySelector('.p2p-picture').src")
        expect(page.locator(".p2p-note")).to_be_empty()  # the refusal goes with the first good picture
        assert picture_of(page).shape == (SIZE, SIZE, 3)


def test_every_control_has_a_name_and_the_keyboard_reaches_it(page: Page) -> None:
    nameless = page.evaluate(
        "[...document.querySelectorAll('.p2p-studio :is(button, input)')].filter((each) => "
        "each.checkVisibility()"
        " && each.type !== 'file' && !(each.getAttribute('aria-label') || "
        "each.textContent).trim()).map((each) => each.outerHTML)"
    )
    assert nameless == []
    page.locator(".p2p-picker").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-key=facades]").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator(".p2p-models").first).to_be_hidden()


def test_a_phone_keeps_the_palette_in_sight_and_never_scrolls_sideways(
    browser: Browser, address: str
) -> None:
    phone = open_page(browser, address, 390, 844)
    expect(shown(phone)).to_be_visible(timeout=WAIT)
    for top in (0, 300, 700):
        phone.evaluate("top => window.scrollTo(0, top)", top)
        box = phone.locator(".p2p-palette").bounding_box()
        assert box and box["y"] + box["height"] <= 844 + 1, top
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    stage, picture = phone.locator(".p2p-stage").bounding_box(), phone.locator(".p2p-frame").bounding_box()
    assert (
        stage
        and picture
        and stage["width"] == picture["width"] > 320
        and picture["y"] > stage["y"] + stage["height"]
    )
    phone.close()


def test_a_model_that_vanishes_is_told_and_another_one_draws(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    library = ModelLibrary(folder, tmp_path / "runs")
    demo, url = serve(library)
    page = open_page(browser, url)
    expect(page.get_by_text("No model yet")).to_be_visible(timeout=WAIT)
    write_model(folder / "facades.pth")
    expect(shown(page)).to_be_visible(timeout=WAIT)
    write_model(folder / "other.pth", seed=2)
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_enabled(timeout=WAIT)
    (folder / "facades.pth").unlink()
    drag(page, [(5, 5), (40, 40)], SIZE)
    expect(page.get_by_text("facades was removed or renamed. other draws now.")).to_be_visible(timeout=WAIT)
    wait_for_picture(page, library, "other")
    shutil.rmtree(folder)
    expect(page.get_by_text("No model yet")).to_be_visible(timeout=WAIT)
    page.close()
    demo.close()


def test_a_newer_state_of_a_run_draws_by_itself(browser: Browser, tmp_path: Path) -> None:
    library = ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs")
    path = write_model(tmp_path / "runs" / "houses" / "model.pth")
    demo, url = serve(library)
    page = open_page(browser, url)
    expect(page.locator(".p2p-caption")).to_contain_text("step 1", timeout=WAIT)
    write_model(path, seed=2)
    expect(page.locator(".p2p-caption")).to_contain_text("step 2", timeout=WAIT)
    wait_for_picture(page, library, "runs/houses")
    page.close()
    demo.close()


def test_a_server_that_is_started_again_finds_the_drawing(browser: Browser, tmp_path: Path) -> None:
    write_model(tmp_path / "facades.pth")
    library = ModelLibrary(tmp_path, tmp_path / "runs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    demo, url = serve(library, port)
    page = open_page(browser, url)
    expect(shown(page)).to_be_visible(timeout=WAIT)
    demo.close()
    page.keyboard.press("8")
    drag(page, [(5, 5), (40, 40)], SIZE)
    expect(page.locator(".p2p-notice")).to_contain_text("does not answer", timeout=WAIT)
    drawn = sheet_of(page)
    demo, _ = serve(library, port)
    expect(page.locator(".p2p-notice")).not_to_contain_text("does not answer", timeout=2 * WAIT)
    expect(shown(page)).to_be_visible(timeout=WAIT)
    np.testing.assert_array_equal(sheet_of(page), drawn)
    wait_for_picture(page, library)
    page.close()
    demo.close()
