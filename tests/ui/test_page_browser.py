"""The page in a real browser: a run started, watched, reloaded, stopped and resumed, and a
picture translated with its model."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import WAIT
from conftest import draw_pair
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pix2pix.runs import jobs
from pix2pix.ui.app import build_app, launch_options

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

SETTINGS = {"size": 32, "width": 4, "steps": 4000}
DRAWER = {
    "discriminator_width": 4,
    "samples": 2,
    "log_every": 10,
    "sample_every": 50,
    "evaluate_every": 50,
    "save_every": 50,
}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The page over two empty folders; its trainer is ended with it."""
    demo = build_app(tmp_path / "checkpoints", tmp_path / "runs")
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
    yield url
    demo.close()
    job = jobs.running()
    if job:
        job.process.kill()
        job.wait(10)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    yield opened
    opened.close()


def open_tab(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.get_by_role("tab", name=name).click()


def shown_step(page: Page) -> int:
    bar = page.locator("#train-headline [role=progressbar]")
    return int(bar.get_attribute("aria-valuenow") or 0)


def expect_step_beyond(page: Page, step: int) -> None:
    page.wait_for_function(
        "step => +document.querySelector('#train-headline [role=progressbar]')?.ariaValueNow > step",
        arg=step,
        timeout=WAIT,
    )


def bring(page: Page, pairs: Path) -> None:
    """Names a folder, and waits until the form knows of it: it then sets the number of steps."""
    page.locator("#bring-named input, #bring-named textarea").first.fill(str(pairs))
    page.locator("#bring-open").click()
    expect(page.locator("#train-preset")).to_contain_text("1,500 steps, ", timeout=WAIT)


def start_run(page: Page, pairs: Path) -> None:
    bring(page, pairs)
    page.get_by_label("Name").fill("houses")
    page.get_by_role("button", name="All settings").click()
    for name, value in (SETTINGS | DRAWER).items():
        page.locator(f"#train-{name} input").fill(str(value))
    page.get_by_role("button", name="Start training").click()


def expect_state(page: Page, state: str, timeout: int = WAIT) -> None:
    expect(page.locator("#train-headline .run-state")).to_have_text(state, timeout=timeout)


def test_a_run_is_started_watched_reloaded_stopped_resumed_and_drawn_with(
    page: Page, address: str, pairs: Path, browser: Browser
) -> None:
    open_tab(page, address, "Train")
    expect(page.get_by_text("No run yet")).to_be_visible()
    start_run(page, pairs)

    expect_state(page, "training")
    expect(page.locator("#train-sample img")).to_be_visible(timeout=WAIT)
    for chart in ("d", "g_gan", "ssim"):
        expect(page.locator(f"#train-curves .curve[data-key={chart}] canvas")).to_be_visible(timeout=WAIT)
    zoom = zoom_in(page)
    expect_step_beyond(page, shown_step(page))
    first = page.locator("#train-sample img").get_attribute("src")
    expect(page.locator("#train-sample img")).not_to_have_attribute("src", first or "", timeout=WAIT)
    assert page.locator("#train-curves .curves").get_attribute("data-zoom") == zoom

    step = shown_step(page)
    page.reload()
    page.get_by_role("tab", name="Train").click()
    expect_state(page, "training")
    expect_step_beyond(page, step)
    other = browser.new_page()
    open_tab(other, address, "Train")
    expect(other.locator("#train-headline h2")).to_have_text("houses", timeout=WAIT)
    other.close()

    page.get_by_role("button", name="Stop", exact=True).click()
    expect_state(page, "stopped", timeout=30_000)
    stopped_at = shown_step(page)
    page.get_by_role("button", name="Resume").click()
    expect_state(page, "training")
    expect_step_beyond(page, stopped_at)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect_state(page, "stopped", timeout=30_000)

    look_back_and_take_away(page)
    translate_with_it(page)


def zoom_in(page: Page) -> str:
    """Drags over the middle of a curve; the steps that are shown then."""
    curve, curves = (
        page.locator("#train-curves .curve[data-key=d] canvas"),
        page.locator("#train-curves .curves"),
    )
    # New rows may move the curve under the pointer between two moves: a hand would try again, too.
    for _ in range(5):
        curve.scroll_into_view_if_needed()
        box = curve.bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 40, steps=4)
        page.mouse.up()
        page.wait_for_timeout(300)
        if curves.get_attribute("data-zoom"):
            break
    zoom = curves.get_attribute("data-zoom")
    assert zoom and re.fullmatch(r"\d+-\d+", zoom)
    return zoom


def look_back_and_take_away(page: Page) -> None:
    """Beside its start; kept as a model; as a zip."""
    page.get_by_role("button", name="Compare with its start").click()
    expect(page.locator("#train-caption .sample-columns span")).to_have_count(4, timeout=WAIT)
    page.locator("#train-more-box > button").click()
    page.locator("#train-kept-name input, #train-kept-name textarea").first.fill("my-houses")
    page.get_by_role("button", name="Keep model").click()
    expect(page.get_by_text("Kept as my-houses.pth").first).to_be_visible(timeout=WAIT)
    with page.expect_download(timeout=WAIT) as download:
        page.get_by_role("button", name="Download run (.zip)").click()
    assert download.value.suggested_filename == "houses.zip"
    page.get_by_role("button", name="Draw with it").click()
    page.wait_for_function(
        "() => document.querySelector('.p2p-studio')?.studio?.key === 'runs/houses'", timeout=WAIT
    )
    page.get_by_role("tab", name="Train").click()


def translate_with_it(page: Page) -> None:
    """The run's model is in the menu of the other tab, and makes a picture as large as the one given."""
    page.reload()
    page.get_by_role("tab", name="Translate").click()
    expect(page.locator("#translate-model input")).to_have_value(re.compile("houses"), timeout=WAIT)
    file = io.BytesIO()
    draw_pair(7)[0].resize((80, 60), Image.Resampling.NEAREST).save(file, "PNG")
    page.locator("#picture input[type=file]").set_input_files(
        {"name": "house.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    result = page.locator("#result img")
    expect(result).to_be_visible(timeout=WAIT)
    url = result.get_attribute("src") or ""
    picture = Image.open(io.BytesIO(page.request.get(url).body()))
    assert (picture.format, picture.size) == ("PNG", (80, 60))
    page.get_by_role("button", name="Vary").click()
    page.wait_for_function(
        "src => { const now = document.querySelector('#result img'); return now && now.src != src }",
        arg=url,
        timeout=WAIT,
    )


def test_a_mistake_is_a_sentence_and_the_page_goes_on(
    page: Page, address: str, pairs: Path, tmp_path: Path
) -> None:
    open_tab(page, address, "Translate")
    expect(page.get_by_role("heading", name="No model yet")).to_be_visible()
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("bring pairs", exact=False).first).to_be_visible(timeout=WAIT)
    bring(page, pairs)
    page.get_by_label("Name").fill("../escape")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("is no name for a run", exact=False).first).to_be_visible(timeout=WAIT)
    assert not list((tmp_path / "runs").glob("*/config.json"))


def test_a_phone_shows_everything_without_scrolling_sideways(browser: Browser, address: str) -> None:
    phone = browser.new_page(viewport={"width": 390, "height": 844})
    for tab in ("Translate", "Train"):
        open_tab(phone, address, tab)
        phone.locator(".empty").nth(0 if tab == "Translate" else -1).wait_for()
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()
