"""Events of a training in lines of text."""

from __future__ import annotations

import pytest

from pix2pix.runs.event_lines import FirstSteps, clock, describe, metrics_line
from pix2pix.training.events import Evaluated, Event, Finished, Progress, Recovered, Stepped

HALF_WAY = Progress(50, 100, {"g_l1": 0.25, "g_gan": 0.7}, 2e-4, 0.5, 0.01)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (HALF_WAY, "step 50 of 100  2 steps/s, 0:25 left  g_l1 0.250 g_gan 0.700"),
        (Evaluated(50, {"psnr": 14.25, "ssim": 0.3}, {}), "step 50  validation psnr 14.25 dB, ssim 0.3"),
        (Finished(100, "finished"), "finished at step 100"),
        (Finished(7, "diverged", "a loss was not finite"), "diverged at step 7: a loss was not finite"),
    ],
)
def test_an_event_is_one_line(event: Event, line: str) -> None:
    assert describe(event) == line


def test_a_recovery_says_where_training_went_back_to() -> None:
    line = describe(Recovered(90, 50, 0.5))
    assert "back to step 50" in line
    assert "0.5 times the learning rate" in line


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (750, "12:30"), (10_931, "3:02:11")]
)
def test_a_clock_reads_as_people_write_it(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_metrics_are_told_with_their_unit() -> None:
    assert metrics_line({"l1": 0.12345, "psnr": 14.2, "ssim": 0.31}) == "l1 0.1235, psnr 14.2 dB, ssim 0.31"


def said(steps: int, seconds: float) -> list[str]:
    now = [0.0]
    first = FirstSteps(clock=lambda: now[0])
    lines = []
    for step in range(1, steps + 1):
        now[0] += seconds
        lines.append(first(Stepped(step, 20_000)))
    return [line for line in lines if line]


def test_the_duration_is_said_once_when_a_few_steps_have_shown_it() -> None:
    assert said(100, 0.43) == ["19,992 more steps at 0.43 s take 2:23:17, and validation some more"]
    assert said(5, 60.0) == ["19,996 more steps at 60 s take 333:16:00, and validation some more"]


def test_a_training_that_ends_at_once_is_not_told_how_long_it_takes() -> None:
    assert said(5, 0.1) == []
    assert said(3, 60.0) == []
