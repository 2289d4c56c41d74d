"""The whole page as axe-core sees it: each tab, light and dark, with nothing that keeps somebody out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from browsing import WAIT
from playwright.sync_api import Page, expect
from videos import make_video, picture_of

from pix2pix.ui.app import build_app, launch_options
from tests.ui.draw.test_tab import write_small
from tests.ui.test_page_browser import page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    # Gradio and Playwright leave event loops and sockets to the garbage collector.
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]

OF_GRADIO = {
    ("aria-prohibited-attr", '<div aria-label="Empty value" class="empty'): (
        "the place of a picture that is not there yet: Gradio writes the label on a plain div, and has no "
        "parameter for it"
    ),
}
"""Rule and first characters of the markup of what is Gradio's own and cannot be mended here; the reason."""
WRONG = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const heavy = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  const say = ({ target, any, all, none }) => `${target}: ${[...any, ...all, ...none][0]?.message}`;
  return heavy.flatMap(({ id, nodes }) => nodes.map((node) => [id, node.html, say(node)]));
}"""


@pytest.fixture
def address(tiny_run: Path, tmp_path: Path) -> Iterator[str]:
    """A page with two models, and a run that has ended."""
    write_small(tmp_path / "checkpoints" / "photo.pth", source="photo")
    write_small(tmp_path / "checkpoints" / "facades.pth")
    shutil.copytree(tiny_run, tmp_path / "runs" / "houses")
    demo = build_app(tmp_path / "checkpoints", tmp_path / "runs")
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
    yield url
    demo.close()


def find_wrong(page: Page, where: str) -> list[str]:
    """What axe finds serious or critical, light and dark, and is not Gradio's own."""
    found: list[str] = []
    for theme in ("light", "dark"):
        page.evaluate("dark => document.body.classList.toggle('dark', dark)", theme == "dark")
        page.wait_for_timeout(350)  # colours fade from one theme into the other
        wrong: list[Any] = page.evaluate(WRONG)
        found += [
            f"{where}, {theme}: {rule}: {words}"
            for rule, html, words in wrong
            if not any(rule == other and html.startswith(begin) for other, begin in OF_GRADIO)
        ]
    return found


def show(page: Page, tab: str, ready: str) -> None:
    page.get_by_role("tab", name=tab).click()
    expect(page.locator(ready).first).to_be_visible(timeout=WAIT)


def test_axe_finds_nothing_serious_on_any_tab(page: Page, address: str, pairs: Path, tmp_path: Path) -> None:
    page.goto(address)
    expect(page.locator(".p2p-picture")).to_be_visible(timeout=WAIT)
    page.evaluate(AXE_SCRIPT)
    dim = "color => document.querySelector('.masthead span').style.color = color"
    page.evaluate(dim, "#777")
    assert any("color-contrast" in line for line in find_wrong(page, "Draw")), "axe sees what is wrong"
    page.evaluate(dim, "")
    found = find_wrong(page, "Draw")
    show(page, "Translate", "#translate-examples button")
    found += find_wrong(page, "Translate, empty")
    picture_of(0, (64, 48)).save(tmp_path / "house.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    page.get_by_text("Many pictures, or a video").click()
    clip = make_video(tmp_path / "clip.mp4")
    page.locator(".many-input").set_input_files([tmp_path / "house.png", tmp_path / "broken.png", clip])
    expect(page.locator(".many-files")).to_have_attribute("data-state", "done", timeout=WAIT)
    found += find_wrong(page, "Translate, files")
    show(page, "Train", "#train-sample img")
    found += find_wrong(page, "Train")
    show(page, "Models", ".p2p-card")
    found += find_wrong(page, "Models")
    page.locator(".p2p-card [data-do=push]").first.click()
    found += find_wrong(page, "Models, a dialog")
    page.keyboard.press("Escape")
    show(page, "Real or fake?", ".p2p-setup")
    found += find_wrong(page, "Study")
    page.set_viewport_size({"width": 390, "height": 844})
    found += find_wrong(page, "Study on a phone")
    page.get_by_role("tab", name="Translate").click()
    found += find_wrong(page, "Translate on a phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert found == []
