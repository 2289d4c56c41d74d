"""The Draw tab in a real browser, around the drawing: photos in their own size, examples, layout,
what can be read and reached."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from browsing import drag
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pix2pix.imaging.palette import MAPS
from pix2pix.runs.run import Run
from pix2pix.runs.run_folder import RunFolder
from pix2pix.ui.shared.model_library import ModelLibrary
from tests.ui.draw.test_draw_browser import (
    SIZE,
    WAIT,
    address,
    choose,
    library,
    open_page,
    page,
    png,
    serve,
    sheet_of,
    shown,
    write_model,
)
from tests.ui.draw.test_draw_browser import wait_for_picture as wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]


def photo(side: int = 1200) -> Image.Image:
    """Detail that a picture of 64 pixels cannot hold: stripes of four pixels, and a shade."""
    rows, columns = np.mgrid[:side, :side]
    stripes = ((columns // 4) % 2 * 255).astype(np.uint8)
    return Image.fromarray(np.stack([stripes, stripes, (rows * 255 // side).astype(np.uint8)], axis=2))


@pytest.mark.parametrize("side", [512, 1024])
def test_a_photo_is_translated_in_its_own_size_for_the_larger_pictures(
    page: Page, library: ModelLibrary, side: int
) -> None:
    choose(page, "to-map")
    page.locator(".p2p-file").set_input_files([png(photo(1024))])
    expect(shown(page)).to_be_visible(timeout=WAIT)
    assert page.evaluate("document.querySelector('.p2p-picture').naturalWidth") == SIZE
    page.get_by_role("button", name="Download").click()
    entry = page.locator(f"[data-anew='{side}']")
    entry.click()
    expect(entry.locator("img")).to_be_visible(timeout=WAIT)
    with page.expect_download() as download:
        entry.click()
    saved = np.asarray(Image.open(download.value.path()))
    exact = photo(1024) if side == 1024 else photo(1024).resize((side, side), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(saved, np.asarray(library.translator("to-map")(exact, mode="native")))


def test_a_gray_model_takes_a_picture_in_colour(browser: Browser, tmp_path: Path) -> None:
    write_model(tmp_path / "colours.pth", source="gray", in_channels=1, palette=())
    library = ModelLibrary(tmp_path, tmp_path / "runs")
    demo, url = serve(library)
    page = open_page(browser, url)
    expect(page.get_by_text("The picture appears here")).to_be_visible(timeout=WAIT)
    page.locator(".p2p-file").set_input_files([png(Image.new("RGB", (SIZE, SIZE), (200, 30, 90)))])
    expect(shown(page)).to_be_visible(timeout=WAIT)
    assert page.evaluate("document.querySelector('.p2p-studio').studio.views[0].shown.key") == "colours"
    page.close()
    demo.close()


def test_an_example_is_chosen_from_the_menu_and_can_be_taken_back(page: Page, library: ModelLibrary) -> None:
    wait_for(page, library)
    first = sheet_of(page)
    page.get_by_role("button", name="Examples").click()
    page.locator(".p2p-example").nth(1).click()
    page.wait_for_function(
        "document.querySelector('.p2p-draw').canvas.editor.sketch.history.done.length === 1"
    )
    assert not np.array_equal(sheet_of(page), first)
    wait_for(page, library)
    page.keyboard.press("Control+z")
    np.testing.assert_array_equal(sheet_of(page), first)


def test_a_label_map_that_is_not_square_is_stretched_and_the_page_says_so(
    page: Page, library: ModelLibrary
) -> None:
    wait_for(page, library)
    page.locator(".p2p-file").set_input_files([png(Image.new("RGB", (80, 40), (0, 0, 170)))])
    expect(page.locator(".p2p-note")).to_contain_text("It was 80 x 40, and was stretched to a square.")


def test_the_run_that_trains_now_says_so_in_the_list(
    browser: Browser, tmp_path: Path, tiny_run: Path
) -> None:
    folder = tmp_path / "runs" / "houses"
    write_model(folder / "model.pth")
    (folder / "config.json").write_bytes((tiny_run / "config.json").read_bytes())
    demo, url = serve(ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs"))
    page = open_page(browser, url)
    expect(shown(page)).to_be_visible(timeout=WAIT)
    page.locator(".p2p-picker").first.click()
    expect(page.locator(".p2p-training")).to_have_count(0)
    with Run(folder).lock():
        RunFolder(folder).write_status(state="running", step=1)
        page.keyboard.press("Escape")
        page.locator(".p2p-picker").first.click()
        expect(page.locator(".p2p-training").first).to_have_text("training now", timeout=WAIT)
    page.close()
    demo.close()


def test_variations_that_fail_leave_no_empty_tiles(browser: Browser, tmp_path: Path) -> None:
    path = write_model(tmp_path / "checkpoints" / "facades.pth")
    demo, url = serve(ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs"))
    page = open_page(browser, url)
    expect(shown(page)).to_be_visible(timeout=WAIT)
    path.unlink()
    page.get_by_role("button", name="Variations", exact=True).click()
    expect(page.locator(".p2p-toasts")).to_contain_text("facades", timeout=WAIT)
    expect(page.locator(".p2p-variations")).to_be_hidden()
    expect(page.locator(".p2p-tile:disabled")).to_have_count(0)
    page.close()
    demo.close()


STUCK = (
    "() => { const { link } = document.querySelector('.p2p-studio').studio; link.call = () => new Promise(()"
    " => {}) }"
)
PAINTED = (
    "() => document.querySelector('.p2p-pixels').getContext('2d').getImageData(0, 0, 64, 64).data.join()"
)


def test_drawing_goes_on_while_the_server_is_silent(page: Page, library: ModelLibrary) -> None:
    wait_for(page, library)
    page.evaluate(STUCK)
    seen = {page.evaluate(PAINTED)}
    for key, x in zip("2468", (4, 20, 36, 52), strict=True):
        page.keyboard.press(key)
        drag(page, [(x, 4), (x + 8, 60)], SIZE)
        page.evaluate("new Promise(requestAnimationFrame)")
        seen.add(page.evaluate(PAINTED))
    assert len(seen) == 5, "a stroke did not appear"


@pytest.fixture(params=[1024, 1280])
def wide(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    opened = open_page(browser, address, request.param)
    expect(shown(opened)).to_be_visible(timeout=WAIT)
    yield opened
    opened.close()


def test_tools_drawing_and_picture_stand_in_a_row_with_the_classes_below(wide: Page) -> None:
    boxes = [
        wide.locator(name).first.bounding_box()
        for name in (".p2p-rail", ".p2p-stage", ".p2p-frame", ".p2p-palette")
    ]
    tools, drawing, picture, palette = (box or {} for box in boxes)
    assert tools["x"] + tools["width"] <= drawing["x"] < drawing["x"] + drawing["width"] <= picture["x"]
    assert drawing["width"] == drawing["height"] == picture["width"] == picture["height"] > 350
    assert drawing["y"] == picture["y"]
    assert palette["y"] >= drawing["y"] + drawing["height"]
    assert wide.evaluate("document.documentElement.scrollWidth") <= wide.evaluate("window.innerWidth")


READABLE = """() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b,
    a] };
  const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const light = (color) => color.slice(0, 3).map((part) => linear(part / 255))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] > 0.95) return color;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  for (const node of document.querySelectorAll('.p2p-studio *')) {
    const words = [...node.childNodes].filter((child) => child.nodeType === 3 && child.textContent.trim());
    const isSeen = node.checkVisibility({ opacityProperty: true });
    if (!words.length || !isSeen || node.closest(':disabled')) continue;
    const lights = [light(parse(getComputedStyle(node).color)), light(ground(node))];
    const [one, two] = lights.sort((a, b) => b - a);
    found.push([(one + 0.05) / (two + 0.05), node.textContent.trim().slice(0, 30)]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_in_light_and_dark(browser: Browser, address: str, scheme: Any) -> None:
    page = open_page(browser, f"{address}?__theme={scheme}")
    expect(shown(page)).to_be_visible(timeout=WAIT)
    ratios = page.evaluate(READABLE)
    assert len(ratios) > 20
    assert [(round(ratio, 2), words) for ratio, words in ratios if ratio < 4.5] == []
    page.close()


FOCUSED = (
    "() => document.activeElement.closest('.p2p-studio') && document.activeElement.outerHTML.split('>')[0]"
)
STOPS = (
    "p2p-picker",
    "compare",
    "p2p-live",
    "data-tool",
    "p2p-stage",
    "clear",
    "zoom",
    "p2p-swatch",
    "examples",
    "reuse",
)


def test_tab_walks_from_group_to_group_and_the_arrows_inside_one(page: Page, library: ModelLibrary) -> None:
    wait_for(page, library)
    page.locator(".p2p-picker").first.focus()
    walked = []
    while name := page.evaluate(FOCUSED):
        walked.append(name)
        page.keyboard.press("Tab")
    assert [next((stop for stop in STOPS if stop in name), name) for name in walked[: len(STOPS)]] == list(
        STOPS
    )
    page.locator("[data-do=download]").focus()
    page.keyboard.press("Home")
    assert "reuse" in page.evaluate(FOCUSED)
    for name in ("variations", "slider", "download"):
        page.keyboard.press("ArrowRight")
        assert name in page.evaluate(FOCUSED)


def test_a_group_whose_first_button_is_hidden_is_still_reached(browser: Browser, tmp_path: Path) -> None:
    write_model(tmp_path / "facades.pth")
    demo, url = serve(ModelLibrary(tmp_path, tmp_path / "runs"))
    page = open_page(browser, url)
    expect(shown(page)).to_be_visible(timeout=WAIT)
    expect(page.locator("[data-do=reuse]")).to_be_hidden()
    page.locator("[data-do=examples]").focus()
    page.keyboard.press("Tab")
    assert "variations" in page.evaluate(FOCUSED)
    page.close()
    demo.close()


def test_each_palette_has_its_own_drawing_to_the_other_and_back(page: Page, library: ModelLibrary) -> None:
    wait_for(page, library)
    drag(page, [(5, 5), (50, 50)], SIZE)
    houses = sheet_of(page)
    choose(page, "to-photo")
    page.wait_for_function("document.querySelector('.p2p-studio').studio.views[0].shown?.key === 'to-photo'")
    assert set(np.unique(sheet_of(page))) == {0, 1, 2}, "the example of maps has land, road and water"
    drag(page, [(5, 5), (20, 20)], SIZE)
    maps = sheet_of(page)
    choose(page, "other")
    page.wait_for_function("document.querySelector('.p2p-studio').studio.views[0].shown?.key === 'other'")
    np.testing.assert_array_equal(sheet_of(page), houses)
    page.get_by_role("switch", name="Live").click()
    page.reload()
    page.wait_for_function("document.querySelector('.p2p-studio')?.studio?.views[0].shown?.key === 'other'")
    expect(page.get_by_role("switch", name="Live")).to_have_attribute("aria-checked", "false")
    np.testing.assert_array_equal(sheet_of(page), houses)
    choose(page, "to-photo")
    page.wait_for_function("document.querySelector('.p2p-studio').studio.views[0].shown?.key === 'to-photo'")
    np.testing.assert_array_equal(sheet_of(page), maps)
    page.keyboard.press("Control+z")
    assert not np.array_equal(sheet_of(page), maps)


def wait_for_another_photo(page: Page, before: str) -> str:
    """The photo on the canvas, as text, when it is no longer the one `before`."""
    page.wait_for_function(
        "(before) => document.querySelector('.p2p-photo-image').src !== before", arg=before
    )
    return str(page.locator(".p2p-photo-image").get_attribute("src"))


def test_a_model_that_takes_photos_shows_one_of_ours_until_there_is_another(
    browser: Browser, tmp_path: Path
) -> None:
    write_model(tmp_path / "aerial.pth", source="photo", target="labels", palette=(), target_palette=MAPS)
    demo, url = serve(ModelLibrary(tmp_path, tmp_path / "runs"))
    page = open_page(browser, url)
    expect(shown(page)).to_be_visible(timeout=WAIT)
    bay = wait_for_another_photo(page, "")
    page.get_by_role("button", name="Examples").click()
    page.get_by_role("button", name="Suburb").click()
    suburb = wait_for_another_photo(page, bay)
    page.locator(".p2p-file").set_input_files([png(photo(256))])
    mine = wait_for_another_photo(page, suburb)
    choose(page, "aerial")
    page.wait_for_timeout(500)
    assert page.locator(".p2p-photo-image").get_attribute("src") == mine, "one's own photo stays"
    page.close()
    demo.close()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390), (1024, 700)])
def test_tools_classes_and_picture_are_in_the_first_screen_of_small_ones(
    browser: Browser, address: str, width: int, height: int
) -> None:
    small = open_page(browser, address, width, height)
    expect(shown(small)).to_be_visible(timeout=WAIT)
    picture = ".p2p-inset img" if width < 700 else ".p2p-picture"
    for name in (".p2p-stage", picture, ".p2p-palette", "[data-action=undo]", "[data-tool]"):
        boxes = [each.bounding_box() for each in small.locator(name).all()]
        assert all(box and box["y"] >= 0 and box["y"] + box["height"] <= height for box in boxes), name
        assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes), name
    assert small.locator(".p2p-inset img").get_attribute("src") == shown(small).get_attribute("src")
    small.keyboard.press("p")
    expect(small.locator(".p2p-hint")).to_have_text(re.compile("at the first one again"))
    small.close()


def redness_at_the_edge(page: Page) -> int:
    """The red of the first pixel of the photo as it goes to the model."""
    url = page.locator(".p2p-photo-image").get_attribute("src") or ""
    image = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")
    return int(np.asarray(image)[image.height // 2, 0, 0])


def test_the_part_of_a_photo_is_told_moved_and_made_the_whole(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    expect(shown(page)).to_be_visible(timeout=WAIT)
    choose(page, "to-map")
    pixels = np.zeros((100, 300, 3), np.uint8)
    pixels[:, :100] = 255, 0, 0
    pixels[:, 200:] = 0, 0, 255
    page.locator(".p2p-file").set_input_files([png(Image.fromarray(pixels))])
    expect(page.locator(".p2p-photo-part")).to_contain_text("100 × 100 of 300 × 100 pixels")
    assert redness_at_the_edge(page) < 50
    first = shown(page).get_attribute("src")
    drag(page, [(10, 30), (60, 30)], SIZE)
    drag(page, [(10, 30), (60, 30)], SIZE)
    page.wait_for_function("before => document.querySelector('.p2p-picture').src !== before", arg=first)
    for _ in range(100):
        if redness_at_the_edge(page) > 250:
            break
        page.wait_for_timeout(50)
    assert redness_at_the_edge(page) > 250, "the left part is under the hand now"
    page.get_by_role("button", name="Whole picture").click()
    expect(page.locator(".p2p-photo-part")).to_contain_text("All of 300 × 100, squeezed")
    page.close()


CONTRAST = """button => {
    const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
    const seen = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const [r, g, b, alpha = 1] = parse(getComputedStyle(at).backgroundColor);
            if (alpha > 0.5) return [r, g, b];
        }
        return [255, 255, 255];
    };
    const light = (colour) => colour.slice(0, 3).map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
        .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
    const [a, b] = [light(parse(getComputedStyle(button).color)), light(seen(button))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_icon_of_a_chosen_tool_is_seen_under_the_pointer(
    browser: Browser, address: str, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page.goto(f"{address}?__theme={scheme}")
    tools = page.locator(".p2p-rail [aria-pressed]:visible")
    expect(tools.first).to_be_visible(timeout=WAIT)
    for tool in tools.all():
        tool.hover()
        assert tool.evaluate(CONTRAST) >= 3, tool.get_attribute("title")
    tools.first.click()
    tools.first.hover()
    page.wait_for_timeout(300)  # colours change gradually
    assert tools.first.get_attribute("aria-pressed") == "true"
    assert tools.first.evaluate(CONTRAST) >= 3
    page.close()


FRAMES = """
window.__frames = [];
const look = () => {
    const studio = document.querySelector(".p2p-studio");
    if (studio) {
        const style = getComputedStyle(studio);
        const canvas = studio.querySelector("canvas");
        window.__frames.push({
            seen: style.visibility !== "hidden" && studio.getClientRects().length > 0,
            styled: style.display === "grid" || style.display === "flex" || style.containerType !== "normal"
                || getComputedStyle(studio.querySelector(".p2p-draw") || studio).display === "grid",
            built: Boolean(canvas && canvas.width > 0 && studio.querySelector(".p2p-swatch")),
        });
    }
    requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def test_no_frame_shows_the_tab_unstyled_or_half_built(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(FRAMES)
    page.goto(address)
    expect(page.locator(".p2p-swatch").first).to_be_visible(timeout=WAIT)
    frames = page.evaluate("window.__frames")
    assert any(frame["seen"] for frame in frames)
    assert [frame for frame in frames if frame["seen"] and not (frame["styled"] and frame["built"])] == []
    page.close()
