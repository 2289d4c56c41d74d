"""The viewer of pairs in a real browser: a turned half is found and turned back at a click; pairs are marked,
left out, brought back, turned, cropped, with the mouse and with the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from browsing import WAIT
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from pix2pix.runtime.files import read_image
from pix2pix.ui.app import build_app, launch_options
from pix2pix.ui.train import pair_viewer as pair_viewer
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
SIDE = 64


def halves(seed: int) -> tuple[Image.Image, Image.Image]:
    """Labels of a house, storeys in rows, and a grainy picture of it."""
    random = np.random.default_rng(seed)
    labels = Image.new("RGB", (SIDE, SIDE), (0, 0, 222))
    pen = ImageDraw.Draw(labels)
    for row in range(3):
        pen.rectangle((0, 16 * row + 12, SIDE, 16 * row + 14), fill=(255, 80, 0))
        for column in range(int(random.integers(3, 6))):
            left = column * 12 + int(random.integers(0, 4))
            pen.rectangle((left, 16 * row + 3, left + 6, 16 * row + 9), fill=(0, 128, 255))
    pen.rectangle((26, 50, 38, SIDE), fill=(170, 0, 0))
    grain = np.asarray(labels.convert("L"))[..., None] * [0.9, 0.7, 0.5] + random.normal(
        0, 9, (SIDE, SIDE, 3)
    )
    return labels, Image.fromarray(np.clip(grain + 20, 0, 255).astype(np.uint8))


def save_houses(root: Path, count: int) -> Path:
    """Pairs in two folders; the photo of the last one is turned."""
    for number in range(count):
        for side, half in zip("AB", halves(number), strict=True):
            (root / side).mkdir(parents=True, exist_ok=True)
            turned = half.transpose(Image.Transpose.ROTATE_90) if (number, side) == (count - 1, "B") else half
            turned.save(root / side / f"house{number}.png")
    return root


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The section alone, with a folder of eight houses opened in it."""
    with gr.Blocks() as demo:
        build_dataset_form(tmp_path / "uploads", (tmp_path / "mine",))
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.goto(url)
    opened.get_by_label("Or a folder on this computer").fill(str(save_houses(tmp_path / "mine", 8)))
    opened.get_by_role("button", name="Open").click()
    expect(opened.locator(".bring-headline")).to_contain_text("8 pairs", timeout=WAIT)
    yield opened
    opened.close()
    demo.close()


def folder_of(page: Page) -> Path:
    return Path(page.locator("#bring-data textarea, #bring-data input").first.input_value())


def pixels(folder: Path, file: str) -> np.ndarray:
    return np.asarray(read_image(folder / file))


def apply(page: Page) -> Path:
    """Applies the changes, and returns the folder that they made."""
    before = folder_of(page)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("Applied", timeout=WAIT)
    expect(page.locator("#bring-data textarea, #bring-data input").first).not_to_have_value(str(before))
    return folder_of(page)


def test_pairs_are_looked_through_and_edited_and_come_back(page: Page, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    page.get_by_role("button", name="Look closely").click()
    dialog = page.get_by_role("dialog")
    cards = dialog.get_by_role("listitem")
    expect(cards).to_have_count(8, timeout=WAIT)
    # The worst first: the doctor has found the turned half.
    expect(cards.first).to_contain_text("One half is turned")
    expect(cards.first).to_contain_text("house7")
    for number in (1, 2):
        dialog.get_by_label(f"Mark house{number}").check()
    dialog.get_by_role("button", name="Leave out").click()
    dialog.get_by_label("Mark house2").uncheck()
    dialog.get_by_role("button", name="As it was").click()
    expect(dialog.get_by_role("button", name="Apply 1 change")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(dialog.get_by_role("status")).to_contain_text("1 change not applied yet")

    # The turned pair, enlarged: the photo alone is turned, and both are cropped by the numbers.
    cards.first.get_by_role("button").focus()
    page.keyboard.press("Enter")
    large = dialog.get_by_label("Enlarged pair")
    expect(large.get_by_role("img")).to_have_count(2, timeout=WAIT)
    dialog.get_by_label("Which half").select_option("target")
    dialog.get_by_role("button", name="Turn right").click()
    expect(large).to_contain_text("turned right")
    for name, value in (("Left", "25"), ("Top", "0"), ("Size", "50")):
        dialog.get_by_label(name, exact=True).fill(value)
    dialog.get_by_role("button", name="Crop").click()
    edited = apply(page)
    assert not (edited / "A" / "house2.png").exists() and (edited / "A" / "house1.png").exists()
    for half, side in zip(halves(7), "AB", strict=True):
        assert np.array_equal(pixels(edited, f"{side}/house7.png"), np.asarray(half)[:32, 16:48])
    assert len(list((mine / "A").iterdir())) == 8

    page.keyboard.press("Escape")
    dialog.get_by_label("Which pairs").select_option("excluded")
    expect(cards).to_have_count(1, timeout=WAIT)
    expect(cards.first).to_contain_text("left out")
    dialog.get_by_label("Mark all shown").check()
    dialog.get_by_role("button", name="Bring back").click()
    assert (apply(page) / "A" / "house2.png").exists()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Look closely")).to_be_focused()


def test_a_turned_half_is_turned_back_at_a_click_and_a_refusal_loses_nothing(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect(page.locator("#bring-turned")).to_contain_text("In 1 pair one half looks turned")
    page.get_by_role("button", name="Turn it back").click()
    expect(page.locator("#bring-turned")).to_be_hidden(timeout=WAIT)
    assert np.array_equal(pixels(folder_of(page), "B/house7.png"), np.asarray(halves(7)[1]))
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Look closely").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("listitem")).to_have_count(8, timeout=WAIT)
    assert page.evaluate("document.querySelector('.pairs-dialog').scrollWidth") <= 390
    dialog.get_by_label("Mark all shown").check()
    dialog.get_by_role("button", name="Leave out").click()
    dialog.get_by_role("button", name="Apply 8 changes").click()
    expect(dialog.get_by_role("status")).to_contain_text("leave out all 8 pairs", timeout=WAIT)
    dialog.get_by_label("Mark house3").uncheck()
    dialog.get_by_role("button", name="Bring back").click()
    monkeypatch.setattr(pair_viewer, "edit", lambda *_, **__: 1 / 0)
    for _ in range(2):
        dialog.get_by_role("button", name="Apply 1 change").click()
        expect(dialog.get_by_role("status")).to_contain_text("The server could not do this", timeout=WAIT)
    dialog.get_by_role("button", name="Discard").click()
    expect(dialog.get_by_role("button", name="Apply")).to_be_disabled()


@pytest.fixture
def train_page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The Train tab of the whole page, without a model or a run."""
    (tmp_path / "checkpoints").mkdir()
    demo = build_app(tmp_path / "checkpoints", tmp_path / "runs")
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.goto(url)
    opened.get_by_role("tab", name="Train").click()
    yield opened
    opened.close()
    demo.close()


def test_nine_crops_are_shown_as_the_form_says(train_page: Page, tmp_path: Path) -> None:
    page = train_page
    button = page.get_by_role("button", name="Show nine crops")
    expect(page.locator("#bring-open")).to_be_visible(timeout=WAIT)
    expect(button).to_be_hidden()
    page.locator("#bring-named input, #bring-named textarea").first.fill(
        str(save_houses(tmp_path / "mine", 4))
    )
    page.locator("#bring-open").click()
    # The form is filled for these data when their times are known.
    expect(page.locator("#train-preset")).to_contain_text("1,500 steps, ", timeout=WAIT)
    button.click()
    crops = page.locator("#train-crops")
    expect(crops.get_by_role("img")).to_have_count(18, timeout=WAIT)
    expect(crops).to_contain_text("Half of them are mirrored")
    before = crops.get_by_role("img").first.get_attribute("src")
    page.get_by_text("All settings").click()
    page.locator("#train-jitter input").uncheck()
    page.locator("#train-mirror input").uncheck()
    button.click()
    expect(crops).to_contain_text("taken whole. None is mirrored", timeout=WAIT)
    assert crops.get_by_role("img").first.get_attribute("src") != before
    page.get_by_role("button", name="Bring other data").click()
    expect(crops).to_be_hidden(timeout=WAIT)
