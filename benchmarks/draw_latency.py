"""From the end of a stroke to the new picture, measured in a real browser: python -m
benchmarks.draw_latency [checkpoint.pth ...]

Without checkpoints: a model of width 64 with weights of chance, and checkpoints/facades.pth where it is
there. Prints a table for the README. A frame is the time from one painting of the page to the next while the
pointer is down: 16.7 ms are 60 a second.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import torch
from playwright.sync_api import Page, TimeoutError, sync_playwright

from pix2pix.checkpoints.checkpoint import Checkpoint, save_checkpoint
from pix2pix.config import ModelConfig
from pix2pix.imaging.palette import FACADES
from pix2pix.networks import build_generator, init_weights

SHIPPED = Path("checkpoints/facades.pth")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
FLAGS += ["--disable-component-update", "--disable-sync"]

# The clock runs in the page: from the pointer's release to the frame in which the
# picture of that drawing is shown.
WATCH = """() => {
  const studio = document.querySelector('.p2p-studio').studio,
    picture = document.querySelector('.p2p-picture');
  window.measured = []; window.frames = [];
  let released = null, wanted = null, isDown = false, before = null;
  const tick = (now) => {
    if (isDown && before !== null) window.frames.push(now - before);
    before = isDown ? now : null;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  const send = studio.send.bind(studio);
  studio.send = (drawing, isFinal) => {
    if (isFinal && released !== null) wanted = drawing.sequence;
    return send(drawing, isFinal);
  };
  document.addEventListener('pointerdown', () => { isDown = true; }, true);
  document.addEventListener('pointerup', () => { isDown = false; released = performance.now();
    wanted = null; }, true);
  new MutationObserver(() => requestAnimationFrame(() => {
    if (wanted === null || Number(picture.dataset.sequence) < wanted) return;
    window.measured.push([performance.now() - released, studio.views[0].shown.ms]);
    released = wanted = null;
  })).observe(picture, { attributes: true, attributeFilter: ['data-sequence'] });
}"""


def write_model(path: Path, width: int) -> None:
    """A checkpoint for facades with weights of chance: time does not depend on what they are."""
    config = ModelConfig(width=width, source="labels", target="photo", palette=FACADES)
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(0))
    save_checkpoint(path, Checkpoint(config, generator.state_dict()))


@contextmanager
def serving(checkpoints: Path) -> Iterator[str]:
    """The page over a folder of checkpoints, in a process of its own; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys; from pix2pix.ui.app import build_app, launch_options\n"
    code += (
        "build_app(sys.argv[1], sys.argv[2]).launch(server_port=int(sys.argv[3]), quiet=True,"
        " inbrowser=False, **launch_options())"
    )
    folders = [str(checkpoints), str(checkpoints / "runs")]
    server = subprocess.Popen(
        [sys.executable, "-c", code, *folders, str(port)], env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
    )
    try:
        yield wait_for(f"http://127.0.0.1:{port}/")
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str) -> str:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url).close()
            return url
        except OSError:
            time.sleep(0.2)
    raise OSError(f"{url} did not answer within two minutes.")


def stroke(page: Page, chance: random.Random) -> None:
    """A rectangle, drawn in about a quarter of a second as a hand does; pictures come
    meanwhile, as the page is live."""
    box = page.locator(".p2p-stage").bounding_box()
    assert box
    (x0, y0), (x1, y1) = (
        (box["x"] + chance.uniform(0, box["width"]), box["y"] + chance.uniform(0, box["height"]))
        for _ in range(2)
    )
    page.keyboard.press(chance.choice("123456789"))
    page.mouse.move(x0, y0)
    page.mouse.down()
    for step in range(1, 13):
        page.mouse.move(x0 + (x1 - x0) * step / 12, y0 + (y1 - y0) * step / 12)
        page.wait_for_timeout(20)
    page.mouse.up()


@dataclass(frozen=True)
class Measured:
    """Milliseconds: of each stroke's end to its picture, of each such translation,
    of each frame while drawing."""

    total: list[float]
    translation: list[float]
    frames: list[float]

    def row(self, title: str) -> str:
        """A line of the table."""
        numbers = (median(self.translation), median(self.total), late(self.total))
        return " | ".join(
            [
                f"| {title}",
                *(f"{number:.0f} ms" for number in numbers),
                f"{median(self.frames):.1f} / {late(self.frames):.1f} ms |",
            ]
        )


def late(times: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(times, n=20)[-1]


def measure(page: Page, strokes: int) -> Measured:
    chance = random.Random(0)
    page.wait_for_selector(".p2p-picture:not([hidden])")
    page.wait_for_timeout(1500)
    page.evaluate(WATCH)
    seen = 0
    for _ in range(strokes):
        stroke(page, chance)
        # A stroke that changed nothing, or whose last live picture was already the final one,
        # has no new picture to wait for.
        with contextlib.suppress(TimeoutError):
            page.wait_for_function("count => window.measured.length > count", arg=seen, timeout=3000)
        seen = page.evaluate("window.measured.length")
    assert seen > strokes / 2, f"only {seen} of {strokes} strokes were followed by a picture"
    total, translation = zip(*page.evaluate("window.measured"), strict=True)
    return Measured(list(total), list(translation), page.evaluate("window.frames"))


def measure_model(checkpoint: Path, strokes: int) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(checkpoint, folder)
        with serving(Path(folder)) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(url)
            measured = measure(page, strokes)
            browser.close()
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", nargs="*", type=Path)
    parser.add_argument("--strokes", type=int, default=60)
    asked = parser.parse_args()
    print(
        "| model | translation, median | to the new picture, median | 95th percentile | a frame, median / "
        "95th percentile |"
    )
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        wide = Path(folder) / "width-64.pth"
        if not asked.checkpoints:
            write_model(wide, 64)
        for path in asked.checkpoints or [wide, *([SHIPPED] if SHIPPED.exists() else [])]:
            print(measure_model(path, asked.strokes).row(path.stem), flush=True)


if __name__ == "__main__":
    main()
