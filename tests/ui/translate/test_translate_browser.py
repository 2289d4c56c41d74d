"""The Translate tab in a real browser: twenty pictures come one by one, a video is played, both are cancelled
and taken away."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import WAIT
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from videos import make_video, picture_of, sound_of

from pix2pix.ui.app import build_app, launch_options
from tests.ui.draw.test_tab import write_small

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
DROP = """([place, name, type, text]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), carrier = new DataTransfer();
  carrier.items.add(new File([bytes], name, { type }));
  const event = new DragEvent("drop", { dataTransfer: carrier, bubbles: true, cancelable: true });
  document.querySelector(place).dispatchEvent(event);
  return event.defaultPrevented;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with a model of labels, and one of photos."""
    folder = tmp_path_factory.mktemp("page")
    write_small(folder / "checkpoints" / "facades.pth")
    write_small(folder / "checkpoints" / "photo.pth", source="photo")
    demo = build_app(folder / "checkpoints", folder / "runs")
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
    yield url
    demo.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The Translate tab; what its script could not do is an error of the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, permissions=["camera"])
    opened = context.new_page()
    opened.set_default_timeout(WAIT)
    opened.on("pageerror", lambda error: pytest.fail(str(error)))
    opened.goto(address)
    opened.get_by_role("tab", name="Translate").click()
    expect(opened.locator("#translate-model input")).to_have_value(re.compile("facades"), timeout=WAIT)
    yield opened
    context.close()


def expect_state(page: Page, state: str) -> None:
    expect(page.locator(".many-files")).to_have_attribute("data-state", state, timeout=WAIT)


def test_twenty_pictures_come_in_order_and_are_taken_as_a_zip(page: Page, tmp_path: Path) -> None:
    files = []
    for number in range(20):
        path = tmp_path / f"{number % 2}" / f"house{number // 2}.png"
        path.parent.mkdir(exist_ok=True)
        picture_of(number, (60 + number, 40)).save(path)
        files.append(path)
    files[7].write_bytes(b"no picture")
    # By the keyboard: the choice of the pane is a radio group.
    page.get_by_role("radio", name="One picture").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Choose files…")).to_be_visible()
    page.locator(".many-input").set_input_files(files)
    expect_state(page, "done")
    entries = page.locator(".many-entry")
    assert page.locator(".many-caption b").all_inner_texts() == [path.name for path in files]
    assert "house3.png cannot be read as a picture" in entries.nth(7).inner_text()
    expect(page.locator(".many-summary")).to_have_text("19 of 20 pictures translated; 1 could not be.")
    expect(page.locator(".many-notes")).to_contain_text("19 of 20 pictures look like a photo")
    entries.nth(19).scroll_into_view_if_needed()
    page.wait_for_function(
        "document.querySelectorAll('.many-entry img')[18]?.naturalWidth === 79", timeout=WAIT
    )
    with page.expect_download(timeout=WAIT) as download:
        page.get_by_role("button", name="Download all (.zip)").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist()[:3] == ["house0.png", "house0.png.png", "house1.png"]
        assert len(archive.namelist()) == 19
        assert Image.open(io.BytesIO(archive.read("house9.png.png"))).size == (79, 40)
    page.reload()
    expect(page.locator(".many-entry")).to_have_count(20, timeout=WAIT)
    expect(page.locator(".many-entry a.many-save").last).to_be_visible(timeout=WAIT)


def choose_model(page: Page, words: str) -> None:
    page.locator("#translate-model input").click()
    page.get_by_role("option").filter(has_text=words).click()


def test_a_snapshot_of_the_camera_is_translated_by_a_model_of_photos(page: Page) -> None:
    box = page.locator("#picture")
    camera = box.get_by_role("button", name="Capture from camera")
    expect(box.get_by_role("button", name="Upload file")).to_be_visible()
    expect(camera).to_have_count(0)
    choose_model(page, "photo to photo")
    camera.click()
    box.get_by_role("button", name="Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('#picture video')?.currentTime > 0", timeout=WAIT)
    box.get_by_role("button", name="capture photo").click()
    page.wait_for_function("document.querySelector('#result img')?.naturalWidth > 600", timeout=WAIT)
    expect(page.locator("#translate-note")).to_contain_text("it was made 32 × 32", timeout=WAIT)
    choose_model(page, "labels to photo")
    expect(camera).to_have_count(0)


def test_a_video_dropped_on_the_box_for_a_picture_is_shown_with_its_progress_and_played(
    page: Page, tmp_path: Path
) -> None:
    clip = make_video(tmp_path / "clip.mp4")
    text = base64.b64encode(clip.read_bytes()).decode()
    assert page.evaluate(DROP, ["#picture", "clip.mp4", "video/mp4", text])
    expect_state(page, "done")
    expect(page.get_by_role("radio", name="Many pictures, or a video")).to_be_checked()
    page.wait_for_function(
        "(() => { const it = document.querySelector('.many-entry video'); return it?.videoWidth === 64 && "
        "Math.abs(it.duration - 0.4) < 0.05 })()",
        timeout=WAIT,
    )
    with page.expect_download(timeout=WAIT) as download:
        page.get_by_role("link", name="Download clip.mp4").click()
    download.value.save_as(tmp_path / "fake.mp4")
    assert sound_of(tmp_path / "fake.mp4") == sound_of(clip)

    long = make_video(tmp_path / "long.mp4", times=range(3000), size=(16, 16), codecs=("libx264", ""))
    page.locator(".many-input").set_input_files([long])
    track = page.get_by_role("progressbar", name="long.mp4")
    expect(track).to_be_visible(timeout=WAIT)
    expect(page.locator(".many-about")).to_contain_text(" of 3,000 frames · ", timeout=WAIT)
    newest = page.get_by_role("img", name="The newest frame of long.mp4")
    expect(newest).to_have_attribute("src", re.compile("^data:image/jpeg"), timeout=WAIT)
    page.get_by_role("button", name="Cancel").click()
    expect_state(page, "cancelled")
    expect(page.locator(".many-summary")).to_have_text("Cancelled: 0 of 1 video translated.")

    (tmp_path / "broken.mp4").write_bytes(b"no video")
    page.locator(".many-input").set_input_files([tmp_path / "broken.mp4"])
    expect(page.locator(".many-about")).to_contain_text("broken.mp4 cannot be read as a video", timeout=WAIT)
