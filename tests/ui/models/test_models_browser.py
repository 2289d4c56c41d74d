"""The Models tab in a real browser, against a Hub on this machine: cards, names, deletions, pull
and draw, push, no network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import gradio.oauth
import itsdangerous
import pytest
from browsing import WAIT
from fakehub import EVE, WRITE, FakeHub
from playwright.sync_api import Browser, Page, expect

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.imaging.palette import MAPS
from pix2pix.ui.app import build_app, launch_options
from tests.ui.draw.test_tab import MAP, write_small
from tests.ui.models.test_tab import write_torn

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

KEY = "() => document.querySelector('.p2p-studio')?.studio?.key"

Opener = Callable[[], Page]


@pytest.fixture
def folder(tmp_path: Path, tiny_run: Path) -> Path:
    """Two models, a broken file, and a run that has ended."""
    write_small(tmp_path / "checkpoints" / "map.pth", palette=MAP)
    write_small(tmp_path / "checkpoints" / "facades.pth")
    write_torn(tmp_path / "checkpoints" / "torn.pth")
    shutil.copytree(tiny_run, tmp_path / "runs" / "houses")
    return tmp_path


@pytest.fixture
def opened(folder: Path, browser: Browser) -> Iterator[Opener]:
    """Opens the Models tab of a page over that folder. What the page could not do is an error of the test."""
    served: list[gr.Blocks] = []
    pages: list[Page] = []

    def open_tab() -> Page:
        demo = build_app(folder / "checkpoints", folder / "runs")
        served.append(demo)
        _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **launch_options())
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        pages.append(page)
        page.goto(url)
        page.get_by_role("tab", name="Models").click()
        return page

    yield open_tab
    for page in pages:
        page.close()
    for demo in served:
        demo.close()


def card(page: Page, key: str) -> Any:
    return page.locator(f'.p2p-card[data-key="{key}"]')


def choose(page: Page, key: str, entry: str) -> None:
    """An entry of a card's menu."""
    card(page, key).get_by_role("button", name=f"More for {key}").click()
    card(page, key).locator(f".p2p-entry[data-do={entry}]").click()


def expect_drawing_with(page: Page, key: str) -> None:
    page.wait_for_function(f"key => ({KEY})() === key", arg=key, timeout=WAIT)
    expect(page.get_by_role("tab", name="Draw")).to_have_attribute("aria-selected", "true")


def test_cards_are_looked_at_renamed_deleted_downloaded_and_drawn_with_offline(
    opened: Opener, folder: Path
) -> None:
    page = opened()
    expect(page.locator(".p2p-account")).to_contain_text(
        "cannot be reached from here. What is on this machine works", timeout=WAIT
    )
    expect(card(page, "facades").locator("img")).to_be_visible(timeout=WAIT)
    expect(card(page, "torn")).to_contain_text("cannot be read")
    expect(page.locator(".p2p-of-runs summary")).to_have_text("Models of runs (2)")

    choose(page, "facades", "rename")
    page.locator(".p2p-dialog input").fill("map")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.locator(".p2p-dialog .p2p-refused")).to_contain_text("map.pth is there already", timeout=WAIT)
    page.locator(".p2p-dialog input").fill("Old houses")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(card(page, "Old houses")).to_be_visible(timeout=WAIT)
    assert not (folder / "checkpoints" / "facades.pth").exists()

    card(page, "torn").get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Cancel").click()
    expect(card(page, "torn")).to_be_visible()
    card(page, "torn").get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".p2p-dialog")).to_be_hidden()
    assert (folder / "checkpoints" / "torn.pth").exists(), "Enter alone deletes nothing"
    card(page, "torn").get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(card(page, "torn")).to_have_count(0, timeout=WAIT)
    assert not (folder / "checkpoints" / "torn.pth").exists()
    page.get_by_role("button", name="Undo").click()
    expect(card(page, "torn")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)

    with page.expect_download(timeout=WAIT) as download:
        choose(page, "Old houses", "download")
    assert download.value.suggested_filename == "Old houses.pth"
    card(page, "map").get_by_role("button", name="Draw", exact=True).click()
    expect_drawing_with(page, "map")


def test_a_card_opens_the_other_tabs_with_its_model(opened: Opener, folder: Path) -> None:
    write_small(folder / "checkpoints" / "town.pth", palette=MAP)  # takes the same drawings as map
    page = opened()
    choose(page, "map", "compare")
    page.wait_for_function(
        "() => document.querySelector('.p2p-studio').studio.views[1]?.model.key === 'map'", timeout=WAIT
    )
    page.wait_for_function(f"() => ({KEY})() !== 'map'")
    page.get_by_role("tab", name="Models").click()
    card(page, "map").get_by_role("button", name="Fine-tune").click()
    expect(page.get_by_role("tab", name="Train")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#train-init input")).to_have_value(re.compile("map"), timeout=WAIT)


def test_a_model_is_looked_at_pulled_and_drawn_with_at_once(
    opened: Opener, folder: Path, hub: FakeHub
) -> None:
    data = (folder / "checkpoints" / "facades.pth").read_bytes()
    commit = hub.create("eve/palaces", {"palaces.pth": data})
    page = opened()
    expect(page.locator(".p2p-account")).to_contain_text("Signed in as ada", timeout=WAIT)
    page.get_by_label("Repository").fill("eve/none")
    page.get_by_role("button", name="Look").click()
    expect(page.locator(".p2p-found")).to_contain_text("no repository eve/none", timeout=WAIT)
    page.get_by_label("Repository").fill(f"{hub.url}/eve/palaces")
    page.get_by_role("button", name="Look").click()
    expect(page.locator(".p2p-found")).to_contain_text(commit[:7], timeout=WAIT)
    expect(page.locator(".p2p-found")).to_contain_text(f"palaces.pth, {len(data) / 1000:.0f} kB")
    assert not (folder / "checkpoints" / "palaces.pth").exists()
    page.get_by_role("button", name=re.compile("^Pull")).click()
    expect(card(page, "palaces")).to_contain_text(f"from eve/palaces at {commit[:7]}", timeout=WAIT)
    page.get_by_role("button", name="Draw with it").first.click()
    expect_drawing_with(page, "palaces")
    expect(page.locator(".p2p-picture")).to_be_visible(timeout=WAIT)


def test_a_model_is_pushed_with_progress_also_from_its_finished_run(opened: Opener, hub: FakeHub) -> None:
    page = opened()
    expect(page.locator(".p2p-user")).to_be_visible(timeout=WAIT)
    hub.pause = 1.0
    card(page, "facades").get_by_role("button", name="Push…").click()
    expect(page.locator(".p2p-dialog input[name=repo]")).to_have_value("ada/facades")
    page.get_by_label("Private").check()
    page.get_by_role("button", name="Push", exact=True).click()
    expect(page.locator(".p2p-dialog [role=progressbar]")).to_be_visible(timeout=WAIT)
    hub.pause = 0.0
    expect(page.locator(".p2p-dialog a")).to_have_attribute("href", f"{hub.url}/ada/facades", timeout=WAIT)
    assert hub.repos["model", "ada/facades"].private and "README.md" in hub.files("ada/facades")
    page.get_by_role("button", name="Close").click()

    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Push to the Hub").click()
    page.get_by_role("button", name="Push", exact=True).click()
    expect(page.locator(".p2p-dialog a")).to_have_attribute("href", f"{hub.url}/ada/houses", timeout=WAIT)
    assert "README.md" in hub.files("ada/houses")
    page.reload()
    page.get_by_role("tab", name="Models").click()
    expect(page.locator(".p2p-transfer[data-state=done]")).to_have_count(2, timeout=WAIT)
    assert "hf_" not in page.content()


def test_a_space_is_made_of_a_model(opened: Opener, hub: FakeHub) -> None:
    page = opened()
    expect(page.locator(".p2p-user")).to_be_visible(timeout=WAIT)
    choose(page, "facades", "deploy")
    page.locator(".p2p-dialog select").select_option("cpu-basic")
    page.get_by_role("button", name="Make the Space").click()
    expect(page.locator(".p2p-dialog a")).to_have_attribute(
        "href", f"{hub.url}/spaces/ada/facades", timeout=WAIT
    )
    assert "app.py" in hub.files("ada/facades", kind="space")


def test_who_is_not_signed_in_is_told_how_to(
    opened: Opener, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    page = opened()
    expect(page.locator(".p2p-account")).to_contain_text("Not signed in", timeout=WAIT)
    card(page, "facades").get_by_role("button", name="Push…").click()
    expect(page.locator(".p2p-dialog")).to_contain_text("hf auth login")
    expect(page.get_by_role("button", name="Push", exact=True)).to_have_count(0)


def sign_in(page: Page, token: str, name: str) -> None:
    """As after a sign-in with Hugging Face: Gradio keeps the account and its token in a signed cookie."""
    user = {"name": name, "preferred_username": name, "profile": "", "picture": ""}
    session = {
        "oauth_info": {
            "access_token": token,
            "scope": "write-repos",
            "expires_at": time.time() + 999,
            "userinfo": user,
        }
    }
    secret = hashlib.sha256(b"secret-v4").hexdigest()
    cookie = (
        itsdangerous.TimestampSigner(secret).sign(base64.b64encode(json.dumps(session).encode())).decode()
    )
    page.context.add_cookies([{"name": "session", "value": cookie, "url": page.url}])


def test_on_a_space_a_visitor_pushes_under_their_own_name_with_their_own_token(
    opened: Opener, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPACE_ID", "ada/houses")
    # Gradio's own word for a Space (SYSTEM) starts a reloader beside each page.
    monkeypatch.setattr(gradio.oauth, "get_space", lambda: "ada/houses")
    for name, told in {
        "OAUTH_CLIENT_ID": "id",
        "OAUTH_CLIENT_SECRET": "secret",
        "OAUTH_SCOPES": "openid",
        "OPENID_PROVIDER_URL": hub.url,
    }.items():
        monkeypatch.setenv(name, told)
        monkeypatch.setattr(gradio.oauth, name, told)
    page = opened()
    expect(page.locator("#models-login")).to_contain_text("Sign in", timeout=WAIT)
    sign_in(page, EVE, "eve")
    page.reload()
    page.get_by_role("tab", name="Models").click()
    expect(page.locator(".p2p-account")).to_contain_text("Signed in as eve", timeout=WAIT)
    card(page, "facades").get_by_role("button", name="Push…").click()
    expect(page.locator(".p2p-dialog input[name=repo]")).to_have_value("eve/facades")
    page.locator(".p2p-dialog input[name=repo]").fill("ada/facades")
    page.get_by_role("button", name="Push", exact=True).click()
    expect(page.locator(".p2p-dialog .p2p-refused")).to_contain_text(
        "may not write to ada/facades", timeout=WAIT
    )
    page.get_by_role("button", name="Close").click()
    card(page, "facades").get_by_role("button", name="Push…").click()
    page.get_by_role("button", name="Push", exact=True).click()
    expect(page.locator(".p2p-dialog a")).to_have_attribute("href", f"{hub.url}/eve/facades", timeout=WAIT)
    assert "README.md" in hub.files("eve/facades")
    said = "".join(capfd.readouterr())
    assert not any(token in text for token in (EVE, WRITE) for text in (page.content(), said))


def test_a_public_space_shows_what_a_visitor_may(
    opened: Opener, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPACE_ID", "ada/houses")
    page = opened()
    expect(page.get_by_role("button", name="Duplicate this Space")).to_be_visible(timeout=WAIT)
    expect(card(page, "facades")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("button", name="Look")).to_have_count(0)
    expect(card(page, "torn").get_by_role("button")).to_have_count(0)
    card(page, "facades").get_by_role("button", name="Push…").click()
    expect(page.locator(".p2p-dialog")).to_contain_text("Sign in to push here")
    page.get_by_role("button", name="Close").click()
    card(page, "facades").get_by_role("button", name="More for facades").click()
    expect(card(page, "facades").locator(".p2p-entry b")).to_have_text(["Compare", "Download"])


def test_a_file_is_added_and_its_kind_corrected_on_its_card(opened: Opener, folder: Path) -> None:
    page = opened()
    expect(card(page, "facades")).to_be_visible(timeout=WAIT)
    weights = (folder / "checkpoints" / "facades.pth").read_bytes()
    file = {"name": "My houses.pth", "mimeType": "application/octet-stream", "buffer": weights}
    page.locator(".p2p-weights").set_input_files([file])
    expect(card(page, "My houses").locator("img")).to_be_visible(timeout=WAIT)
    page.locator(".p2p-weights").set_input_files([file | {"name": "notes.pth", "buffer": b"nothing"}])
    expect(page.locator(".p2p-collection .p2p-toast")).to_contain_text("notes.pth", timeout=WAIT)
    assert not (folder / "checkpoints" / "notes.pth").exists()

    choose(page, "My houses", "kind")
    page.locator(".p2p-dialog select[name=palette]").select_option("maps")
    page.get_by_role("button", name="Change", exact=True).click()
    page.locator(".p2p-dialog").wait_for(state="hidden", timeout=WAIT)
    assert load_checkpoint(folder / "checkpoints" / "My houses.pth").config.palette == MAPS
