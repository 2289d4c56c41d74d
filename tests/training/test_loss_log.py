"""Sums of losses, read at once or a step late."""

from __future__ import annotations

import pytest
import torch

from pix2pix.runtime.device import Machine
from pix2pix.training.loss_log import LossLog, NotFiniteError


def make_log(*values: float) -> LossLog:
    log = LossLog(Machine(torch.device("cpu")))
    for step, value in enumerate(values, 1):
        log.add(step, {"g": torch.tensor(value), "d": torch.tensor(2 * value)})
    return log


def test_means_are_those_of_the_steps_since_the_last() -> None:
    log = make_log(1.0, 2.0, 6.0)
    log.collect()
    assert log.take_means() == {"g": 3.0, "d": 6.0}
    log.add(4, {"g": torch.tensor(5.0), "d": torch.tensor(7.0)})
    log.collect()
    assert log.take_means() == {"g": 5.0, "d": 7.0}


def test_a_late_row_lacks_the_last_step_which_the_next_one_has() -> None:
    log = make_log(1.0, 3.0, 100.0)
    log.collect(but=1)
    assert log.take_means() == {"g": 2.0, "d": 4.0}
    log.collect()
    assert log.take_means() == {"g": 100.0, "d": 200.0}


def test_a_row_of_one_step_waits_for_it() -> None:
    log = make_log(4.0)
    log.collect(but=1)
    assert log.take_means() == {"g": 4.0, "d": 8.0}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_the_step_that_was_not_finite_is_named(value: float) -> None:
    log = make_log(1.0, value, 3.0)
    with pytest.raises(NotFiniteError) as raised:
        log.collect()
    assert raised.value.step == 2


def test_sums_go_on_from_a_state() -> None:
    log = make_log(1.0, 3.0)
    log.collect()
    other = make_log()
    other.load_state(log.state())
    other.add(3, {"g": torch.tensor(5.0), "d": torch.tensor(5.0)})
    other.collect()
    assert other.take_means() == {"g": 3.0, "d": 13 / 3}
