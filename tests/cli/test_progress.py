"""What long work tells on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from pix2pix.cli.progress import TrainingProgress, counting, report_left_out, several
from pix2pix.data.scan import Problem
from pix2pix.errors import DataError
from pix2pix.runs.event_lines import FirstSteps, describe
from pix2pix.training.events import Finished, Progress, Stepped

HALF_WAY = Progress(50, 100, {"g_l1": 0.25, "g_gan": 0.7}, 2e-4, 0.5, 0.01)


@pytest.fixture
def in_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """To be called in the test: from then on stderr, where it goes, is a person's terminal."""
    # Not done in the fixture: pytest exchanges sys.stderr between a fixture and its test.
    return lambda: monkeypatch.setattr(sys.stderr, "isatty", lambda: True)


def test_a_file_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with TrainingProgress() as progress:
        progress(HALF_WAY)
        progress(Finished(100, "finished"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [describe(HALF_WAY), "finished at step 100"]


def test_a_terminal_gets_a_bar_with_the_step_and_the_losses(
    in_terminal: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    in_terminal()
    with TrainingProgress() as progress:
        progress(Progress(1, 100, {"g_l1": 0.5}, 2e-4, 0.5, 0.01))
        progress(HALF_WAY)
    shown = capsys.readouterr().err
    assert "50/100" in shown
    assert "g_l1 0.250" in shown


def test_a_bar_that_went_back_goes_on_counting(
    in_terminal: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    in_terminal()
    with TrainingProgress() as progress:
        for step in (50, 20, 60):
            progress(Progress(step, 100, {}, 2e-4, 0.5, 0.01))
    assert "60/100" in capsys.readouterr().err


def test_counting_tells_done_and_of(
    in_terminal: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    in_terminal()
    with counting("pictures") as show:
        show(1, 2)
        show(2, 2)
    assert "2/2" in capsys.readouterr().err


def test_counting_is_silent_before_there_is_something_to_count(
    in_terminal: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    in_terminal()
    with pytest.raises(DataError), counting("pictures"):
        raise DataError("there is no picture.")
    assert capsys.readouterr().err == ""


def test_one_is_not_many() -> None:
    assert (several(1, "pair"), several(0, "pair"), several(2000, "pair")) == (
        "1 pair",
        "0 pairs",
        "2,000 pairs",
    )


def test_what_was_left_out_is_listed_and_is_bad_news(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_left_out([], "3 of 3") == 0
    problems = [Problem("a.png", "it is empty."), Problem("more/b.png", "b.png cannot be read.")]
    assert report_left_out(problems, "2 of 3") == 1
    lines = ["3 of 3", "left out: a.png: it is empty.", "left out: more/b.png cannot be read.", "2 of 3"]
    assert capsys.readouterr().err.splitlines() == lines


def test_after_the_first_steps_it_is_said_how_long_all_of_them_take(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = [0.0]
    with TrainingProgress() as progress:
        progress._duration = FirstSteps(clock=lambda: now[0])
        for step in range(1, 30):
            now[0] += 0.5
            progress(Stepped(step, 1_000))
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["note: 993 more steps at 0.5 s take 8:16, and validation some more"]
