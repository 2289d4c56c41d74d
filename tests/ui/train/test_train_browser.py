"""Real pairs, zipped, dropped, trained on and drawn with, in a real browser; and
photos alone. Minutes long."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import WAIT
from paths import SHARED
from playwright.sync_api import Browser, Page, expect

from pix2pix.runs import jobs
from pix2pix.ui.app import build_app, launch_options

DATA = SHARED / "data"
SMALL = {
    "size": 64,
    "width": 8,
    "discriminator_width": 8,
    "log_every": 5,
    "sample_every": 20,
    "evaluate_every": 20,
    "save_every": 20,
}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not DATA.is_dir(), reason="no real pictures here"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The Train tab over two empty folders."""
    demo = build_app(tmp_path / "checkpoints", tmp_path / "runs")
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.goto(url)
    opened.get_by_role("tab", name="Train").click()
    yield opened
    opened.close()
    demo.close()
    job = jobs.running()
    if job:
        job.process.kill()
        job.wait(10)


def zipped(folder: Path, target: Path, half: bool = False) -> Path:
    """Twenty pictures of a data set; only their right halves where photos alone are wanted."""
    from PIL import Image

    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.glob("train/*.jpg"))[:20]:
            if not half:
                archive.write(path, path.name)
                continue
            with Image.open(path) as picture, archive.open(f"{path.stem}.png", "w") as file:
                picture.crop((0, 0, picture.height, picture.height)).save(file, "PNG")
    return target


def expect_state(page: Page, state: str, timeout: int = WAIT) -> None:
    expect(page.locator("#train-headline .run-state")).to_have_text(state, timeout=timeout)


def start(page: Page, steps: int) -> None:
    expect(page.locator("#train-preset")).to_contain_text("1,500 steps, ", timeout=WAIT)
    page.get_by_role("button", name="All settings").click()
    for name, value in (SMALL | {"steps": steps}).items():
        page.locator(f"#train-{name} input").fill(str(value))
    page.get_by_role("button", name="Start training").click()


@pytest.mark.parametrize("name", ["facades", "edges2shoes"])
def test_real_pairs_are_dropped_trained_on_prolonged_and_drawn_with(
    name: str, page: Page, tmp_path: Path
) -> None:
    page.locator("#bring-files input[type=file]").set_input_files(
        zipped(DATA / name, tmp_path / f"{name}.zip")
    )
    expect(page.locator("#bring-headline")).to_contain_text("20 pairs, side by side", timeout=WAIT)
    start(page, 40)
    expect_state(page, "finished")
    expect(page.locator("#train-curves .curve[data-key=d] canvas")).to_be_visible(timeout=WAIT)
    page.locator("#train-more-box > button").click()
    page.locator("#train-more input").fill("100000")
    page.get_by_role("button", name="Prolong").click()
    expect_state(page, "training")
    page.wait_for_function(
        "() => +document.querySelector('#train-headline [role=progressbar]').ariaValueNow > 40", timeout=WAIT
    )
    page.reload()
    page.get_by_role("tab", name="Train").click()
    expect_state(page, "training")
    second = page.context.browser.new_page()  # type: ignore[union-attr]
    second.goto(page.url)
    second.get_by_role("tab", name="Train").click()
    expect_state(second, "training")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect_state(page, "stopped", timeout=30_000)
    expect_state(second, "stopped")
    second.get_by_role("button", name="Resume").click()
    expect_state(page, "training")
    second.get_by_role("button", name="Stop", exact=True).click()
    expect_state(second, "stopped")
    second.close()
    expect_state(page, "stopped")
    page.get_by_role("button", name="Draw with it").click()
    page.wait_for_function(
        "() => document.querySelector('.p2p-studio')?.studio?.key?.startsWith('runs/')", timeout=WAIT
    )


def test_photos_alone_are_enough(page: Page, tmp_path: Path) -> None:
    page.locator("#bring-files input[type=file]").set_input_files(
        zipped(DATA / "facades", tmp_path / "photos.zip", half=True)
    )
    page.locator("#bring-make").get_by_text(re.compile("Colouri")).click(timeout=WAIT)
    start(page, 20)
    expect_state(page, "finished")
    expect(page.locator("#train-sample img")).to_be_visible(timeout=WAIT)


def test_paintings_and_photos_without_pairs_are_trained_on_stopped_resumed_and_drawn_with_both_ways(
    page: Page, tmp_path: Path
) -> None:
    zips = []
    for side, name in (("A", "monet"), ("B", "photo")):
        zips.append(tmp_path / f"{name}.zip")
        with zipfile.ZipFile(zips[-1], "w") as archive:
            pictures = sorted((DATA / "monet2photo" / f"train{side}").glob("*.jpg"))
            for path in pictures[: 12 if side == "A" else 15]:
                archive.write(path, path.name)
    page.locator("#bring-files input[type=file]").set_input_files([str(path) for path in zips])
    page.get_by_role("button", name="Train without pairs").click(timeout=WAIT)
    expect(page.locator(".bring-headline")).to_contain_text("without pairs", timeout=WAIT)
    page.get_by_role("button", name="All settings").click()
    expect(page.locator("#train-generator input")).to_have_value("resnet", timeout=WAIT)
    expect(page.locator("#train-gan input")).to_have_value("lsgan")
    page.locator("#train-blocks input").fill("2")
    page.get_by_role("button", name="All settings").click()
    start(page, 100_000)
    expect_state(page, "training", timeout=2 * WAIT)
    expect(page.locator("#train-sample img")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("figure", name=re.compile("^Losses: cycle"))).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect_state(page, "stopped", timeout=60_000)
    page.get_by_role("button", name="Resume").click()
    expect_state(page, "training", timeout=60_000)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect_state(page, "stopped", timeout=60_000)
    for way in ("monet-photo ·", "monet-photo, B to A ·"):
        page.reload()
        page.get_by_role("tab", name="Translate").click()
        page.locator("#translate-model input").click(timeout=WAIT)
        page.get_by_role("option").filter(has_text=way).click(timeout=WAIT)
        page.locator("#picture input[type=file]").set_input_files(str(pictures[-1]))
        expect(page.locator("#result img")).to_be_visible(timeout=WAIT)
        expect(page.locator("#translate-model input")).to_have_value(re.compile(re.escape(way)))
