"""What the browser tests share: the flags of a quiet Chromium, and a pointer on the drawing."""

from __future__ import annotations

from typing import Any

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
FLAGS += ["--disable-component-update", "--disable-sync"]
# A camera that is none, and that nobody is asked for.
FLAGS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
SIZE = 256
WAIT = 120_000
"""Milliseconds that a page may take: two cores are shared with a server, a trainer and other tests."""

Points = list[tuple[int, int]]


def place(page: Any, x: int, y: int, size: int = SIZE) -> tuple[float, float]:
    """The middle of a pixel of the drawing, on the page."""
    box = page.locator(".p2p-stage").bounding_box()
    return box["x"] + (x + 0.5) * box["width"] / size, box["y"] + (y + 0.5) * box["height"] / size


def drag(page: Any, points: Points, size: int = SIZE) -> None:
    """The pointer pressed at the first point, moved along the others, and released."""
    page.mouse.move(*place(page, *points[0], size))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*place(page, *point, size))
    page.mouse.up()
