"""How long steps take, and what of it is waiting."""

from __future__ import annotations

import time

import pytest

from pix2pix.training.clock import Clock


def test_the_clock_counts_what_was_waited_for() -> None:
    clock = Clock()
    clock.waiting(lambda: time.sleep(0.02))
    clock.tick()
    assert clock.seconds_per_step >= 0.02 and clock.data_share > 0.5


def test_the_long_mean_of_the_clock_outlasts_intervals_and_counts_what_lies_between_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("pix2pix.training.clock.time.perf_counter", lambda: now[0])
    clock = Clock()

    def steps(count: int, seconds: float) -> None:
        for _ in range(count):
            now[0] += seconds
            clock.tick()

    steps(1, 30)  # the first one is slow, once
    assert clock.mean_seconds_per_step == 30
    steps(100, 1)
    assert clock.mean_seconds_per_step == pytest.approx(1)
    now[0] += 10  # a validation
    clock.restart()
    steps(10, 4)
    assert clock.seconds_per_step == pytest.approx(4)
    assert clock.mean_seconds_per_step == pytest.approx(150 / 110, rel=0.05)
    steps(2000, 4)  # and yet it learns that the machine has become slow
    assert clock.mean_seconds_per_step == pytest.approx(4, rel=0.05)
