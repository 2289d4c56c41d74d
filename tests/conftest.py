"""What the tests share: few threads, a folder of tiny drawn pairs, Chromium where there is one."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before torch is imported by any test, and handed on to the processes that tests start.
# One each where several processes of tests run beside one another; what they start must
# count as they do, to the bit.
os.environ["OMP_NUM_THREADS"] = (
    "1" if "PYTEST_XDIST_WORKER" in os.environ else os.environ.get("OMP_NUM_THREADS", "2")
)
# Threads that wait without spinning: on a busy machine the tiny networks of the tests
# would take twenty times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Beside a browser and other tests a trainer that steps back would hardly come to make a step.
os.environ.setdefault("PIX2PIX_NICENESS", "0")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import pytest
import torch
from browsing import FLAGS, WAIT
from fakehub import FakeHub
from PIL import Image, ImageDraw

NO_CHROMIUM = "no Chromium on this machine"
WALL, WINDOW, DOOR = (0, 0, 255), (0, 85, 255), (255, 255, 0)
BRICK, GLASS, WOOD = (178, 92, 70), (120, 160, 190), (84, 54, 30)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves files without a test for a GPU unread where those alone are asked for: a bare machine with a GPU
    has torch, and not all that the others import."""
    if config.option.markexpr != "gpu" or not collection_path.name.startswith("test_"):
        return None
    return True if "mark.gpu" not in collection_path.read_text(encoding="utf-8") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `gpu` are skipped where there is none; those in a browser come first, as they last
    longest, and have a second try on CI.

    There a whole Chromium, a server and a trainer share two cores with whatever else the machine does.
    At a desk a failure stays one.
    """
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)
    if os.environ.get("CI"):
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))
    if torch.cuda.is_available():
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="no GPU on this machine"))


@pytest.fixture(autouse=True, scope="session")
def _few_threads() -> None:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium to drive. CI must have one; elsewhere the test is skipped without it."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
    if not Path(path).exists():
        pytest.fail(NO_CHROMIUM) if os.environ.get("CI") else pytest.skip(NO_CHROMIUM)
    return path


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    """Says last how many tests did not run for want of a browser, and the command that makes them run."""
    yield
    skipped = [
        report for report in terminalreporter.stats.get("skipped", []) if NO_CHROMIUM in str(report.longrepr)
    ]
    if skipped:
        command = f"{sys.executable} -m playwright install --with-deps chromium"
        terminalreporter.write_line(
            f"{len(skipped)} browser tests did not run: {NO_CHROMIUM}. They do after:  {command}", yellow=True
        )


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """A headless Chromium, closed after the module."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=WAIT)

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHub]:
    """A Hub on this machine, which the client of this process asks; ada is logged in,
    with a token that may write."""
    with FakeHub() as served:
        served.use(monkeypatch, tmp_path_factory.mktemp("hub-home"))
        yield served


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the smallest network, untrained, which tells all that a trained
    one does. Tests only read it."""
    from pix2pix.checkpoints.checkpoint import Checkpoint, save_checkpoint
    from pix2pix.config import ModelConfig
    from pix2pix.networks import build_generator

    torch.manual_seed(0)
    palette = (("background", WALL), ("window", WINDOW), ("door", DOOR))
    config = ModelConfig(depth=5, width=4, size=32, source="labels", palette=palette)
    about = {
        "task": "labels to photo",
        "data": "houses",
        "pairs": 6,
        "step": 2000,
        "licence": "cc-by-4.0",
        "date": "2026-11-21T10:00:00",
    }
    about |= {
        "metrics": {"l1": 0.25, "psnr": 14.5, "ssim": 0.5},
        "command": "pix2pix train houses --run runs/houses",
    }
    path = tmp_path_factory.mktemp("models") / "houses.pth"
    save_checkpoint(path, Checkpoint(config, build_generator(config).state_dict(), about))
    return path


def draw_pair(number: int, size: int = 64) -> tuple[Image.Image, Image.Image]:
    """A house as labels and as a picture: the same shapes in the colours of labels, and in
    those of brick, glass and wood."""
    labels, picture = Image.new("RGB", (size, size), WALL), Image.new("RGB", (size, size), BRICK)
    unit = size // 8
    windows = [
        (unit * (1 + 2 * column), unit * (1 + 2 * row))
        for column in range(3)
        for row in range(2)
        if (column + row + number) % 3
    ]
    for image, window, door in ((labels, WINDOW, DOOR), (picture, GLASS, WOOD)):
        draw = ImageDraw.Draw(image)
        for x, y in windows:
            draw.rectangle((x, y, x + unit, y + unit), fill=window)
        left = unit * (1 + number % 5)
        draw.rectangle((left, unit * 5, left + unit, size), fill=door)
    return labels, picture


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six side-by-side pairs of 64 x 64, labels left and picture right. Tests only read it."""
    folder = tmp_path_factory.mktemp("data") / "pairs"
    folder.mkdir()
    for number in range(6):
        labels, picture = draw_pair(number)
        both = Image.new("RGB", (128, 64))
        both.paste(labels, (0, 0))
        both.paste(picture, (64, 0))
        both.save(folder / f"house{number}.png")
    return folder


@pytest.fixture(scope="session")
def tiny_run(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two steps with the smallest networks. Tests only read it."""
    from pix2pix import TrainConfig, train

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    config = TrainConfig(
        data=str(pairs), size=32, width=4, discriminator_width=4, steps=2, log_every=1, precision="fp32"
    )
    train(config, folder)
    return folder
