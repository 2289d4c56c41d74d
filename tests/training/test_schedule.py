"""Rates, and the steps at which a training shows, validates and saves."""

from __future__ import annotations

import pytest

from pix2pix.config import TrainConfig
from pix2pix.training.schedule import SPARED, Due, Schedule

KINDS = ("sample", "evaluate", "save")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def make_schedule(*, sparing: bool, steps: int = 10_000) -> tuple[Schedule, Clock]:
    clock = Clock()
    config = TrainConfig(
        data="x", steps=steps, log_every=10, sample_every=50, evaluate_every=100, save_every=100
    )
    return Schedule(config, sparing=sparing, clock=clock), clock


def drive(
    schedule: Schedule, clock: Clock, *, steps: int, step_seconds: float, cost: dict[str, float]
) -> list[Due]:
    """Trains by the clock alone; returns what was due after each step."""
    dues = []
    for step in range(1, steps + 1):
        clock.now += step_seconds
        due = schedule.due(step, stop=False, sample=False)
        dues.append(due)
        for kind in KINDS:
            if getattr(due, kind):
                with schedule.timing(kind):
                    clock.now += cost[kind]
    return dues


def test_intervals_are_steps_where_steps_are_slow() -> None:
    schedule, clock = make_schedule(sparing=False)
    dues = drive(schedule, clock, steps=300, step_seconds=0.001, cost=dict.fromkeys(KINDS, 100.0))
    assert [step for step, due in enumerate(dues, 1) if due.sample] == [50, 100, 150, 200, 250, 300]
    assert [step for step, due in enumerate(dues, 1) if due.evaluate] == [100, 200, 300]
    assert [step for step, due in enumerate(dues, 1) if due.save] == [100, 200, 300]
    assert sum(due.log for due in dues) == 30


@pytest.mark.parametrize("seconds", [0.001, 0.004, 0.02])
def test_a_sparing_schedule_takes_at_most_five_percent(seconds: float) -> None:
    schedule, clock = make_schedule(sparing=True, steps=10**6)
    begin = clock.now
    cost = {"sample": 0.05, "evaluate": 2.0, "save": 1.5}
    steps = int(1200 / seconds)
    drive(schedule, clock, steps=steps, step_seconds=seconds, cost=cost)
    around = clock.now - begin - steps * seconds
    assert 0.005 < around / (clock.now - begin) <= 0.05


def test_a_sparing_schedule_is_by_steps_where_these_are_rare_enough() -> None:
    schedule, clock = make_schedule(sparing=True)
    dues = drive(schedule, clock, steps=300, step_seconds=1.0, cost=dict.fromkeys(KINDS, 0.1))
    assert [step for step, due in enumerate(dues, 1) if due.save] == [100, 200, 300]


def test_the_last_step_and_a_stop_are_never_left_out() -> None:
    schedule, _ = make_schedule(sparing=True, steps=5)
    assert schedule.due(5, stop=False, sample=False) == Due(False, True, True, True, True)
    stopped = schedule.due(3, stop=True, sample=False)
    assert stopped.save and stopped.is_shown and not stopped.evaluate
    assert schedule.due(3, stop=False, sample=True).sample
    assert not schedule.due(3, stop=False, sample=False).is_anything


def test_kinds_and_intervals_are_the_settings_own() -> None:
    assert set(SPARED) == set(KINDS)
    schedule, _ = make_schedule(sparing=True)
    ending = [step for step in range(1, 101) if schedule.ends_interval(step)]
    assert ending == list(range(10, 101, 10))
