"""How far the looking at brought pictures has come, as Gradio's progress bar."""

from __future__ import annotations

from typing import Any

from pix2pix.runtime.progress import Progress

WORKING = "Looking at each picture"


def progress_of(progress: Any) -> Progress:
    """What is called with (done, of), and moves a `gr.Progress` at most a hundred times."""

    def tell(done: int, of: int) -> None:
        if done % max(1, of // 100) == 0 or done == of:
            progress((done, of), desc=WORKING, unit="pictures")

    return tell
