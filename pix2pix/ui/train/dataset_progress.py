"""The progress of inspecting pictures, as Gradio's progress bar."""

from __future__ import annotations

from typing import Any

from pix2pix.runtime.progress import Progress

WORKING = "Looking at each picture"


def progress_of(progress: Any) -> Progress:
    """Returns a function of (done, of) that updates a `gr.Progress` at most about a hundred times."""

    def update(done: int, of: int) -> None:
        if done % max(1, of // 100) == 0 or done == of:
            progress((done, of), desc=WORKING, unit="pictures")

    return update
