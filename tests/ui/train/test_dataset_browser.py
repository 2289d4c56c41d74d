"""Bringing data in a real browser: dropped, described, mended, turned; mistakes are
sentences and leave nothing."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from browsing import WAIT
from conftest import draw_pair
from paths import SHARED
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pix2pix.ui.app import launch_options
from pix2pix.ui.train.dataset import build_dataset_form

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
DATA = SHARED / "data"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The section alone, over an empty folder of uploads."""
    with gr.Blocks() as demo:
        build_dataset_form(tmp_path / "uploads", (tmp_path / "mine",))
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
    yield url
    demo.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 390, "height": 844})
    opened.goto(address)
    expect(opened.get_by_text("Your pictures")).to_be_visible(timeout=WAIT)
    yield opened
    opened.close()


def drop(page: Page, *files: Path) -> None:
    expect(page.get_by_text("Drop File Here")).to_be_visible(timeout=WAIT)
    page.locator("#bring-files input[type=file]").set_input_files([str(file) for file in files])


def headline(page: Page) -> str:
    shown = page.locator(".bring-headline")
    expect(shown).to_be_visible(timeout=WAIT)
    return shown.inner_text()


def chosen(page: Page) -> str:
    return page.locator("#bring-data textarea, #bring-data input").first.input_value()


def house(number: int, side: int) -> bytes:
    image = draw_pair(number, 64)[side]
    if side:
        grain = np.random.default_rng(number).normal(0, 25, (64, 64, 3)) + np.asarray(image)
        image = Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def pack(path: Path, count: int, more: dict[str, bytes] | None = None, sides: str = "AB") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            for side in sides:
                archive.writestr(f"{side}/{number}.png", house(number, "BA".index(side)))
        for name, data in (more or {}).items():
            archive.writestr(name, data)
    return path


def test_a_zip_is_described_leafed_through_turned_and_mended(page: Page, tmp_path: Path) -> None:
    drop(page, pack(tmp_path / "houses.zip", 8, {"B/alone.png": house(9, 0), "A/bad.png": b"nothing"}))
    assert headline(page) == "8 pairs, two folders, 64 x 64, labels in B: 3 colours"
    first = chosen(page)
    assert first.endswith("/houses") and Path(first).is_dir()
    expect(page.get_by_label("labels → photos")).to_be_checked()
    expect(page.locator("#bring-strip figure")).to_have_count(6)
    page.locator("#bring-next").click()
    expect(page.locator("#bring-place")).to_contain_text("7 to 8 of 8")
    picture = page.locator("#bring-strip img").first
    before = picture.get_attribute("src") or ""
    page.get_by_label("photos → labels").click()
    expect(picture).not_to_have_attribute("src", before, timeout=WAIT)

    expect(page.locator("#bring-unpaired")).to_contain_text("alone.png")
    page.get_by_role("button", name="Leave them out").first.click()
    expect(page.locator("#bring-unpaired")).to_be_hidden(timeout=WAIT)
    assert chosen(page) not in ("", first)
    expect(page.get_by_label("photos → labels")).to_be_checked()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#bring-unpaired")).to_be_visible(timeout=WAIT)
    assert chosen(page) == first
    page.get_by_role("button", name="Bring other data").click()
    expect(page.get_by_text("Your pictures")).to_be_visible(timeout=WAIT)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_two_zips_that_do_not_pair_are_taken_without_pairs(page: Page, tmp_path: Path) -> None:
    zips = [tmp_path / "monet.zip", tmp_path / "photo.zip"]
    for side, (path, count) in enumerate(zip(zips, (9, 12), strict=True)):
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(count):
                archive.writestr(f"{path.stem}{number}.png", house(number, side))
    drop(page, *zips)
    assert headline(page) == "21 photos, 64 x 64"
    expect(page.locator("#bring-apart")).to_contain_text("9 and 12 pictures that do not pair")
    assert chosen(page) == ""
    page.get_by_role("button", name="Train without pairs").click()
    expect(page.locator(".bring-headline")).to_have_text(
        "9 pictures in monet and 12 in photo, without pairs", timeout=WAIT
    )
    expect(page.locator("#bring-method textarea, #bring-method input").first).to_have_value("cyclegan")
    assert chosen(page).endswith("/monet-photo")
    page.get_by_label("photo → monet").click()
    expect(page.locator(".bring-headline")).to_have_text(
        "12 pictures in photo and 9 in monet, without pairs", timeout=WAIT
    )
    page.locator("#bring-next").click()
    expect(page.locator("#bring-place")).to_contain_text("7 to 12 of 12")
    expect(page.locator("#bring-strip img")).to_have_count(9)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#bring-apart")).to_be_visible(timeout=WAIT)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_photos_alone_are_learned_from_after_a_choice(page: Page, tmp_path: Path) -> None:
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number}.png")
        files[-1].write_bytes(house(number, 1))
    drop(page, *files)
    assert headline(page) == "3 photos, 64 x 64"
    assert chosen(page) == ""
    page.get_by_label("Colourise: gray to colour").click()
    expect(page.locator("#bring-strip img")).to_have_count(6, timeout=WAIT)
    assert Path(chosen(page)).is_dir()


def test_mistakes_are_sentences_and_leave_nothing(page: Page, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    toast = page.locator(".toast-body")
    (tmp_path / "text.zip").write_bytes(b"hello")
    cases = [
        (tmp_path / "text.zip", "no zip archive"),
        (pack(tmp_path / "up.zip", 1, {"../x.png": b"x"}), "lead out of its folder"),
    ]
    for file, words in cases:
        drop(page, file)
        expect(toast.filter(has_text=words)).to_be_visible(timeout=WAIT)
        toast.first.get_by_test_id("toast-close").click()
    for text, words in (("/etc", "may be used here"), (str(tmp_path / "mine"), "has no picture")):
        page.get_by_label("Or a folder on this computer").fill(text)
        page.get_by_role("button", name="Open").click()
        expect(toast.filter(has_text=words)).to_be_visible(timeout=WAIT)
        toast.first.get_by_test_id("toast-close").click()
    assert not list((tmp_path / "uploads").glob("*"))
    drop(page, pack(tmp_path / "good.zip", 3))
    assert headline(page).startswith("3 pairs")


@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data")
@pytest.mark.parametrize(
    ("name", "words"),
    [("facades", r"labels on the right: \d+ colours"), ("edges2shoes", "edges on the left")],
    ids=["facades", "shoes"],
)
def test_real_pairs_are_known(page: Page, tmp_path: Path, name: str, words: str) -> None:
    with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
        for file in sorted((DATA / name / "train").iterdir())[:12]:
            archive.write(file, file.name)
    drop(page, tmp_path / f"{name}.zip")
    assert re.fullmatch(f"12 pairs, side by side, 512 x 256, {words}", headline(page))
    expect(page.locator("#bring-shifted")).to_be_hidden()
    if name == "facades":
        page.get_by_role("button", name="Clean the colours").click()
        expect(page.locator("#bring-scattered")).to_be_hidden(timeout=WAIT)
        expect(page.locator(".bring-name")).to_contain_text("nothing wrong")


def test_a_wrong_guess_of_the_layout_is_put_right_at_a_click(page: Page, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "wide.zip", "w") as archive:
        for number in range(4):
            both = Image.new("RGB", (128, 64))
            for side in (0, 1):
                both.paste(Image.open(io.BytesIO(house(number, side))), (64 * side, 0))
            file = io.BytesIO()
            both.save(file, "PNG")
            archive.writestr(f"house{number // 2}_{'ab'[number % 2]}.png", file.getvalue())
    drop(page, tmp_path / "wide.zip")
    assert "2 pairs, two suffixes" in headline(page)
    expect(page.locator("#bring-double")).to_be_visible()
    page.get_by_label("Two folders").click()
    expect(page.locator(".toast-body")).to_contain_text(
        "Wide has no pairs. Looked for two folders", timeout=WAIT
    )
    expect(page.get_by_label("As found")).to_be_checked(timeout=WAIT)
    page.get_by_label("Side by side in one picture").click()
    expect(page.locator(".bring-headline")).to_contain_text("4 pairs, side by side", timeout=WAIT)
    expect(page.locator("#bring-double")).to_be_hidden()
    assert chosen(page)
