"""The page survives what happens to it: a reload before the start, a server that
is killed while a run trains."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pix2pix.runs.run import Run
from tests.ui.test_page_browser import (
    WAIT,
    bring,
    expect_state,
    expect_step_beyond,
    open_tab,
    page,
    shown_step,
    start_run,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore::DeprecationWarning",
    ),
]

SERVER = "from pix2pix.ui.app import launch; launch('127.0.0.1', {})"


def serve(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """The whole page in a process of its own, as `make app` has it, over the folders
    `checkpoints` and `runs` of `folder`."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER.format(port)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 90
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
            return process
        except OSError:
            assert process.poll() is None, "the server ended at once"
            time.sleep(0.2)
    raise AssertionError("the server did not answer in 90 seconds")


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder to serve from; a trainer that was started in it is ended."""
    yield tmp_path
    run = tmp_path / "runs" / "houses"
    if run.exists() and (pid := Run.open(run).read_status().get("pid")) and Run.open(run).snapshot().is_alive:
        os.kill(int(pid), signal.SIGKILL)


def test_reloads_and_killed_servers_lose_neither_data_nor_runs(
    page: Page,
    folder: Path,
    port: int,
    pairs: Path,
) -> None:
    server, address = serve(folder, port), f"http://127.0.0.1:{port}/"
    try:
        open_tab(page, address, "Train")
        see_brought_data_again(page, pairs)
        start_run(page, pairs)
        expect_state(page, "training")
        expect_step_beyond(page, 0)
        seen = shown_step(page)

        end(server)  # alone: the run goes on
        server = serve(folder, port)
        open_tab(page, address, "Train")
        expect_state(page, "training")
        expect_step_beyond(page, seen)

        run = Run.open(folder / "runs" / "houses")
        end(server)  # with its trainer: the run is shown as it truly is
        os.kill(int(run.read_status()["pid"]), signal.SIGKILL)
        server = serve(folder, port)
        open_tab(page, address, "Train")
        expect_state(page, "ended by accident")
        page.get_by_role("button", name="Resume").click()
        expect_state(page, "training")
        expect_step_beyond(page, shown_step(page))
    finally:
        end(server)


def see_brought_data_again(page: Page, pairs: Path) -> None:
    """After a reload; and no longer when something else is to be brought."""
    bring(page, pairs)
    words = page.locator(".bring-headline").inner_text().split("\n")[0]
    page.reload()
    page.get_by_role("tab", name="Train").click()
    expect(page.locator(".bring-headline")).to_contain_text(words, timeout=WAIT)
    page.locator("#bring-other").click()
    expect(page.locator("#bring-named")).to_be_visible(timeout=WAIT)
    page.reload()
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#bring-named")).to_be_visible(timeout=WAIT)


def end(server: subprocess.Popen[bytes]) -> None:
    """As a power cut would."""
    server.kill()
    server.wait(10)
