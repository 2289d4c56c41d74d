"""What a program that calls `train` sees of it: a bar and sample grids in a notebook, lines elsewhere."""

from __future__ import annotations

import html
import io
import sys
from typing import Any

from PIL import Image

from pix2pix.runs.event_lines import FirstSteps, clock, describe, losses_line, metrics_line
from pix2pix.training.events import Evaluated, Event, Finished, Progress, Sampled, Stepped


def is_notebook() -> bool:
    """Whether the program runs in a notebook: Jupyter, Colab, or another front end that shows pictures."""
    python = sys.modules.get("IPython")
    shell = python.get_ipython() if python else None
    return getattr(shell, "kernel", None) is not None


class Lines:
    """Called with each event of a training; writes a line on stderr for each that has something to say."""

    def __init__(self) -> None:
        self._duration = FirstSteps()

    def __call__(self, event: Event) -> None:
        for line in (self._duration(event), describe(event)):
            if line:
                sys.stderr.write(f"{line}\n")


class Notebook:
    """Called with each event of a training; keeps a bar, the last lines and the newest sample grid below the
    cell that trains."""

    LAST = 6
    """Lines that stay."""

    def __init__(self) -> None:
        from IPython.display import display

        self._duration = FirstSteps()
        self._lines: list[str] = []
        self._losses = ""
        self._step = self._steps = 0
        self._text = display(_Html(""), display_id=True)
        self._display = display
        self._grid: Any = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, Sampled):
            self._show(event.image)
            return
        if isinstance(event, Stepped | Progress):
            self._step, self._steps = event.step, event.steps
        if isinstance(event, Progress):
            mean = event.mean_seconds_per_step or event.seconds_per_step
            self._losses = f"{clock((event.steps - event.step) * mean)} left, {losses_line(event.losses)}"
        elif isinstance(event, Evaluated):
            best = " (best so far)" if event.best else ""
            self._lines.append(f"step {event.step}: {metrics_line(event.metrics)}{best}")
        elif line := self._duration(event) or describe(event):
            self._lines.append(line)
        elif not self._is_whole_percent():
            return
        if isinstance(event, Finished):
            self._losses = ""
        self._text.update(_Html(self._page()))

    def _is_whole_percent(self) -> bool:
        """Whether the bar has visibly moved: a message a step would be too many for a front end."""
        return self._step % max(1, self._steps // 100) == 0

    def _page(self) -> str:
        lines = "<br>".join(html.escape(line) for line in self._lines[-self.LAST :])
        return (
            f'<progress value="{self._step}" max="{max(1, self._steps)}" style="width: 20em"></progress> '
            f"step {self._step:,} of {self._steps:,} {html.escape(self._losses)}<br><small>{lines}</small>"
        )

    def _show(self, grid: Image.Image) -> None:
        file = io.BytesIO()
        grid.save(file, "PNG")
        shown = _Picture(file.getvalue())
        if self._grid is None:
            self._grid = self._display(shown, display_id=True)
        else:
            self._grid.update(shown)


class _Html:
    """HTML for a notebook, and nothing but that: its text form is empty."""

    def __init__(self, page: str) -> None:
        self._page = page

    def _repr_html_(self) -> str:
        return self._page

    def __repr__(self) -> str:
        return ""


class _Picture:
    def __init__(self, png: bytes) -> None:
        self._png = png

    def _repr_png_(self) -> bytes:
        return self._png

    def __repr__(self) -> str:
        return "sample grid"


def listener() -> Lines | Notebook:
    """Returns what shows a training where nobody else listens."""
    return Notebook() if is_notebook() else Lines()
