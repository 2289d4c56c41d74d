"""The study in a real browser: set up, taken with keys and by touch, its result and its table; nothing
told before it is answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from browsing import WAIT
from playwright.sync_api import Browser, Page, expect

from pix2pix.experiments.study import Protocol
from pix2pix.ui import app
from tests.experiments.test_study import write_pairs
from tests.ui.shared.test_model_library import write_model

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

SHORT = Protocol(practice=2, trials=4, shown_ms=60, pause_ms=10, feedback_ms=200, tolerance_ms=60_000)
"""However busy the machine is, each exposure counts."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("houses", "palaces"):
        write_model(tmp_path / "checkpoints" / f"{name}.pth", name=name)
    write_pairs(tmp_path / "pairs")
    return tmp_path


@pytest.fixture
def address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The page, its study with the short protocol."""
    tabs = tuple(
        (key, title, partial(build, protocol=SHORT) if key == "study" else build)
        for key, title, build in app.TABS
    )
    monkeypatch.setattr(app, "TABS", tabs)
    demo: gr.Blocks = app.build_app(folder / "checkpoints", folder / "runs")
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **app.launch_options())
    yield url
    demo.close()


def open_tab(browser: Browser, address: str, **options: Any) -> Page:
    page = browser.new_page(**options)
    page.set_default_timeout(WAIT)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(address)
    page.get_by_role("tab", name="Real or fake?").click()
    return page


def set_up(page: Page, data: Path) -> None:
    page.locator(".p2p-setup [name=data]").fill(str(data))
    page.locator(".p2p-setup [name=first]").select_option("houses")
    page.locator(".p2p-setup [name=second]").select_option("palaces")
    page.get_by_role("button", name="Make its pictures").click()
    expect(page.locator(".p2p-making[data-state=done]")).to_contain_text(
        "The study of 9 scenes is ready.", timeout=WAIT
    )


WATCH = """() => {
  const screen = document.querySelector('.p2p-screen'), sheet = screen.querySelector('.p2p-sheet');
  window.seen = [];
  new MutationObserver(() => {
    if (screen.dataset.shown !== 'true') return;
    const pixels = sheet.getContext('2d').getImageData(0, 0, sheet.width, sheet.height).data;
    const { width, height } = sheet.getBoundingClientRect();
    const isFull = pixels.every((value, place) => place % 4 !== 3 || value === 255);
    window.seen.push([Math.round(width), Math.round(height), getComputedStyle(sheet).visibility, isFull]);
  }).observe(screen, { attributeFilter: ['data-shown'] });
}"""
"""What stands on the screen whenever a picture is shown: its size, whether it can be seen, and all of it."""


def wait_for_question(page: Page) -> None:
    expect(page.locator(".p2p-choices [data-said=real]")).to_have_attribute(
        "aria-disabled", "false", timeout=WAIT
    )
    # The picture is gone by then, from the canvas too.
    assert page.locator(".p2p-screen").get_attribute("data-shown") == "false"
    sheet = (
        "sheet => sheet.getContext('2d').getImageData(0, 0, sheet.width, sheet.height).data.every((value) =>"
        " value === 0)"
    )
    assert page.locator(".p2p-sheet").evaluate(sheet)


def test_a_study_is_set_up_taken_with_keys_and_its_result_stays(
    browser: Browser, address: str, folder: Path
) -> None:
    page = open_tab(browser, address, viewport={"width": 1280, "height": 900})
    answers: list[Any] = []
    page.on(
        "response", lambda response: answers.append(response) if "component_server" in response.url else None
    )
    set_up(page, folder / "pairs")
    expect(page.locator(".p2p-exam h3")).to_have_text("houses and palaces, mixed", timeout=WAIT)
    page.get_by_role("button", name="Take it").click()
    answers.clear()
    page.evaluate(WATCH)
    page.get_by_role("button", name="Start the practice").click()
    for place in range(2):
        expect(page.locator(".p2p-progress")).to_have_text(f"Practice: {place + 1} of 2", timeout=WAIT)
        wait_for_question(page)
        page.keyboard.press("r")
        expect(page.locator(".p2p-line[data-tone=good], .p2p-line[data-tone=bad]")).to_contain_text(
            "it was", timeout=WAIT
        )
    page.get_by_role("button", name="Go on").click()
    for place in range(4):
        expect(page.locator(".p2p-progress")).to_have_text(f"{place + 1} of 4", timeout=WAIT)
        wait_for_question(page)
        page.keyboard.press("R" if place % 2 else "f")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible(timeout=WAIT)
    assert page.evaluate("window.seen") == [[256, 256, "visible", True]] * 6
    told = [response.text() for response in answers]
    assert [sum(f'"truth":"{word}"' in text for text in told) for word in ("real", "fake")] == [1, 1]
    page.get_by_role("button", name="All results").click()
    expect(page.locator(".p2p-table tbody tr")).to_have_count(2, timeout=WAIT)
    assert page.request.get(
        f"{address}gradio_api/file={next((folder / 'studies').glob('*/study.json'))}"
    ).status in (403, 404)

    (kept,) = (json.loads(line) for line in (folder / "studies" / "pairs.jsonl").read_text().splitlines())
    assert [said["real"] for said in kept["said"]] == [False, True, False, True]
    assert all(said["shown_ms"] >= SHORT.shown_ms - 20 and said["answer_ms"] >= 150 for said in kept["said"])
    with page.expect_download() as saved:
        page.get_by_role("button", name="All answers as CSV").click()
    head, *lines = saved.value.path().read_text().splitlines()
    assert head.startswith("session,date,data") and len(lines) == 4
    assert all(line.startswith(kept["session"]) and line.endswith(",1") for line in lines)
    page.reload()
    page.get_by_role("tab", name="Real or fake?").click()
    expect(page.locator('.p2p-table tr[data-model="houses"]')).to_contain_text("of 1", timeout=WAIT)
    page.close()


def test_a_phone_takes_it_by_touch_and_may_leave(browser: Browser, address: str, folder: Path) -> None:
    phone = open_tab(browser, address, viewport={"width": 390, "height": 844}, has_touch=True)
    set_up(phone, folder / "pairs")
    phone.get_by_role("button", name="Take it").tap()
    phone.get_by_role("button", name="Start the practice").tap()
    wait_for_question(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    buttons = phone.locator(".p2p-choices").bounding_box()
    assert buttons and buttons["y"] + buttons["height"] <= 844
    phone.locator("[data-said=fake]").tap()
    expect(phone.locator(".p2p-progress")).to_have_text("Practice: 2 of 2", timeout=WAIT)
    phone.get_by_role("button", name="Leave").tap()
    expect(phone.get_by_role("button", name="Take it")).to_be_visible(timeout=WAIT)
    assert not (folder / "studies" / "pairs.jsonl").exists()
    phone.close()
