"""What a program that calls `train` sees of it."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
from PIL import Image

from pix2pix.runs import showing
from pix2pix.training.events import Evaluated, Event, Finished, LeftOut, Progress, Sampled, Stepped

EVENTS: tuple[Event, ...] = (
    LeftOut(0, "a<b>.png", "it is empty."),
    Sampled(0, Image.new("RGB", (4, 4), "red")),
    Stepped(1, 200),
    Progress(100, 200, {"g_l1": 0.25}, 2e-4, 0.5, 0.01),
    Evaluated(100, {"l1": 0.2, "ssim": 0.3}, {}),
    Sampled(100, Image.new("RGB", (4, 4), "blue")),
    Finished(200, "finished"),
)


class Shown:
    """An output of a cell, as IPython's display handle."""

    def __init__(self, content: Any) -> None:
        self.contents = [content]

    def update(self, content: Any) -> None:
        self.contents.append(content)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> list[Shown]:
    outputs: list[Shown] = []

    def display(content: Any, *, display_id: bool) -> Shown:
        assert display_id
        outputs.append(Shown(content))
        return outputs[-1]

    python, front = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    python.get_ipython = lambda: types.SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    front.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", python)
    monkeypatch.setitem(sys.modules, "IPython.display", front)
    return outputs


def test_a_program_gets_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    show = showing.listener()
    assert isinstance(show, showing.Lines)
    for event in EVENTS:
        show(event)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split("  ")[0] for line in err.splitlines()] == [
        "left out: a<b>.png: it is empty.",
        "step 100 of 200",
        "step 100",
        "finished at step 200",
    ]


def test_a_notebook_gets_one_bar_and_the_newest_grid(cell: list[Shown]) -> None:
    show = showing.listener()
    assert isinstance(show, showing.Notebook)
    for event in EVENTS:
        show(event)
    text, grid = cell
    page = text.contents[-1]._repr_html_()
    assert 'value="100" max="200"' in page and "finished at step 200" in page
    assert "step 100: l1 0.2, ssim 0.3" in page
    assert "a&lt;b&gt;.png" in page and "<b>" not in page  # names of files are no markup
    pictures = [content._repr_png_() for content in grid.contents]
    assert len(set(pictures)) == 2 and all(png.startswith(b"\x89PNG") for png in pictures)


def test_a_notebook_gets_at_most_a_message_a_percent(cell: list[Shown]) -> None:
    show = showing.listener()
    for step in range(1, 2001):
        show(Stepped(step, 2000))
    assert 100 <= len(cell[0].contents) <= 103


def test_ipython_in_a_terminal_is_no_notebook(cell: list[Shown]) -> None:
    sys.modules["IPython"].get_ipython = lambda: types.SimpleNamespace()
    assert not showing.is_notebook()
