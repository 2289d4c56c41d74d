"""The coach, its button and the curves on a page, over a run whose rows are written here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import WAIT
from playwright.sync_api import Browser, Page, expect

from pix2pix.config import TrainConfig
from pix2pix.runs.run import Run
from pix2pix.ui.app import build_app, launch_options

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The Train tab over a finished run at rate 1, whose L1 jumps up in its last row."""
    run = Run.create(tmp_path / "runs" / "red", TrainConfig(data="houses", steps=400, rate=1.0))
    rows = [{"step": step, "g_l1": 0.8 if step < 400 else 0.9} for step in range(10, 401, 10)]
    rows += [{"step": 400, "val_ssim": 0.02, "val_saturated": 0.6}]
    run.metrics_path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run.write_status(state="finished", step=400)
    demo = build_app(tmp_path / "checkpoints", tmp_path / "runs")
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.goto(url)
    opened.get_by_role("tab", name="Train").click()
    yield opened
    opened.close()
    demo.close()


def test_the_coach_blames_the_rate_and_the_curves_tell_what_was_measured(page: Page) -> None:
    expect(page.locator("#train-meaning")).to_contain_text(
        "Rate is 1, which is 5,000 times the usual", timeout=WAIT
    )
    expect(page.locator("#train-headline")).to_contain_text("best by SSIM")
    # Not 0.85, which the smooth line has come to.
    expect(page.locator("#train-curves .curve[data-key=g_l1] .curve-legend")).to_have_text("L1 0.9")
    box = page.locator("#train-curves input[type=checkbox]")
    box.check()
    look = "element => [getComputedStyle(element).appearance, element.offsetWidth >= 13].join()"
    assert box.evaluate(look) == "auto,true"
    page.locator("#train-follow").click()
    toast = "This advice is on houses (pix2pix), and the form holds no data"
    expect(page.get_by_text(toast)).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="All settings").click()
    expect(page.locator("#train-rate input")).to_have_value("0.0002")
