"""What is chosen on the Train tab stays chosen, in a real browser: runs of different lengths,
starts, photos without a choice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from browsing import WAIT
from conftest import draw_pair
from playwright.sync_api import Browser, Page, expect

from pix2pix import ModelConfig
from pix2pix.checkpoints.checkpoint import Checkpoint, save_checkpoint
from pix2pix.networks import build_generator
from pix2pix.runs import jobs
from pix2pix.ui.app import build_app, launch_options

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]


SESSIONS = 20


@pytest.fixture
def demo(tiny_run: Path, tmp_path: Path) -> Iterator[gr.Blocks]:
    """The page over a long run and a short one, and a small model to start from; it keeps few sessions."""
    for name, newest in (("long", 814), ("short", 40)):
        folder = tmp_path / "runs" / name
        shutil.copytree(tiny_run, folder)
        status = json.loads((folder / "status.json").read_text())
        (folder / "status.json").write_text(json.dumps(status | {"step": newest, "steps": newest}))
        grid = sorted((folder / "samples").glob("*.png"))[-1]
        grid.rename(grid.with_name(f"{newest:08}.png"))
    config = ModelConfig(depth=6, width=4, size=64, decoder="sharp", norm="batch", source="labels")
    (tmp_path / "checkpoints").mkdir()
    save_checkpoint(
        tmp_path / "checkpoints" / "start.pth", Checkpoint(config, build_generator(config).state_dict(), {})
    )
    demo = build_app(tmp_path / "checkpoints", tmp_path / "runs")
    options = launch_options() | {"state_session_capacity": SESSIONS}
    demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **options)
    yield demo
    demo.close()
    job = jobs.running()
    if job:
        job.process.kill()
        job.wait(10)


@pytest.fixture
def page(browser: Browser, demo: gr.Blocks) -> Iterator[Page]:
    """Its Train tab."""
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.goto(demo.local_url)
    opened.get_by_role("tab", name="Train").click()
    yield opened
    opened.close()


def choose_run(page: Page, name: str) -> None:
    page.locator("#train-run input").click()
    page.get_by_role("option", name=name, exact=True).click()
    expect(page.locator("#train-headline h2")).to_have_text(name, timeout=WAIT)


def choose_start(page: Page, words: str) -> None:
    page.locator("#train-init input").click()
    page.get_by_role("option", name=words).click()


def bring(page: Page, pairs: Path) -> None:
    page.locator("#bring-named input, #bring-named textarea").first.fill(str(pairs))
    page.locator("#bring-open").click()
    expect(page.locator("#train-preset")).to_contain_text("1,500 steps, ", timeout=WAIT)


def test_from_a_long_run_to_a_short_one_and_back_nothing_is_refused(
    page: Page, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, newest in (("long", 814), ("short", 40), ("long", 814), ("short", 40)):
        choose_run(page, name)
        expect(page.locator("#train-caption")).to_contain_text(f"Step {newest:,}", timeout=WAIT)
        slider = page.locator("#train-time input[type=range]")
        expect(slider).to_have_attribute("max", str(newest), timeout=WAIT)
        expect(slider).to_have_value(str(newest), timeout=WAIT)
        page.wait_for_timeout(1500)  # a tick of the page sends the slider's value once more
        slider.focus()
        page.keyboard.press("Home")
        expect(page.locator("#train-caption")).to_contain_text("Step 0", timeout=WAIT)
        page.keyboard.press("End")
        expect(page.locator("#train-caption")).to_contain_text(f"Step {newest:,}", timeout=WAIT)
    assert page.locator(".toast-body.error, .toast-wrap .error").count() == 0
    assert "Traceback" not in capfd.readouterr().err


def test_a_start_model_fills_the_form_and_the_run_that_was_started_is_shown(page: Page, pairs: Path) -> None:
    bring(page, pairs)
    page.get_by_role("button", name="All settings").click()
    expect(page.locator("#train-width input")).to_have_value("32", timeout=WAIT)
    choose_start(page, "start")
    expect(page.locator("#train-width input")).to_have_value("4", timeout=WAIT)
    expect(page.locator("#train-depth input")).to_have_value("6")
    expect(page.locator("#train-needs")).to_contain_text(
        "as start has it: size 64, width 4, decoder sharp, norm batch", timeout=WAIT
    )
    choose_start(page, "From scratch")
    expect(page.locator("#train-width input")).to_have_value("32", timeout=WAIT)
    choose_start(page, "start")
    expect(page.locator("#train-depth input")).to_have_value("6", timeout=WAIT)
    choose_run(page, "short")
    page.locator("#train-steps input").fill("")
    page.get_by_label("Name", exact=True).fill("fine")
    page.get_by_role("button", name="Start training").click()
    expect(page.locator("#train-headline h2")).to_have_text("fine", timeout=WAIT)
    expect(page.locator("#train-headline")).to_contain_text("of 1,500", timeout=WAIT)
    page.wait_for_timeout(3000)  # ticks that were on their way
    expect(page.locator("#train-headline h2")).to_have_text("fine")


def test_photos_without_a_choice_are_asked_for_one(page: Page, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(3):
        draw_pair(number)[1].save(photos / f"photo{number}.png")
    page.locator("#bring-named input, #bring-named textarea").first.fill(str(photos))
    page.locator("#bring-open").click()
    expect(page.locator("#bring-make")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Start training").click()
    expect(page.locator(".toast-body")).to_contain_text(
        "Choose what to learn from these photos", timeout=WAIT
    )


def test_a_page_goes_on_whose_session_was_forgotten_among_many_others(
    page: Page, demo: gr.Blocks, pairs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bring(page, pairs)
    choose_run(page, "long")
    for number in range(2 * SESSIONS):
        assert demo.state_holder[f"visitor {number}"] is not None
    choose_run(page, "short")
    page.locator("#train-time input[type=range]").focus()
    page.keyboard.press("Home")
    expect(page.locator("#train-caption")).to_contain_text("Step 0", timeout=WAIT)
    page.get_by_role("button", name="All settings").click()
    page.locator("#train-steps input").fill("7")
    page.get_by_label("Name", exact=True).fill("after")
    page.get_by_role("button", name="Start training").click()
    expect(page.locator("#train-headline h2")).to_have_text("after", timeout=WAIT)
    expect(page.locator("#train-headline")).to_contain_text("of 7", timeout=WAIT)
    assert page.locator(".toast-body.error, .toast-wrap .error").count() == 0
    assert "Traceback" not in capfd.readouterr().err
