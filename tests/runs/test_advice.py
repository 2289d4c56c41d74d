"""What curves mean, in words: from drawn curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pix2pix.config import TrainConfig
from pix2pix.runs.advice import advise

CONFIG = TrainConfig()


def curves(steps: int = 4000, every: int = 100, **columns: Callable[[int], float]) -> list[dict[str, Any]]:
    return [
        {"step": step, **{name: value(step) for name, value in columns.items()}}
        for step in range(every, steps + 1, every)
    ]


def falling(step: int) -> float:
    return 0.2 + 200 / (step + 500)


def test_a_discriminator_that_is_never_wrong_has_won_and_a_click_mends_it() -> None:
    rows = curves(d_real=lambda step: 0.01, d_fake=lambda step: 0.02, g_l1=falling)
    said = advise(rows, CONFIG)[0]
    assert said.tone == "warn" and said.sentence.startswith("D has won") and "2,000 steps" in said.sentence
    assert said.changes == {"discriminator_rate": 5e-5, "real_label": 0.9}
    assert TrainConfig(**said.changes)
    assert "real_label" not in advise(rows, TrainConfig(real_label=0.9))[0].changes


def test_it_is_not_said_before_it_has_held_for_2000_steps_nor_of_losses_without_a_floor() -> None:
    quiet = {"d_real": lambda step: 0.01, "d_fake": lambda step: 0.02, "g_l1": falling}
    assert "D has won" not in advise(curves(1500, **quiet), CONFIG)[0].sentence
    assert "D has won" not in advise(curves(**quiet), TrainConfig(gan="hinge"))[0].sentence


def test_a_discriminator_that_only_guesses_is_named() -> None:
    rows = curves(d_real=lambda step: 0.69, d_fake=lambda step: 0.697, g_l1=falling)
    assert "only guesses" in advise(rows, CONFIG)[0].sentence


def test_learning_by_heart_is_seen_where_validation_rises_while_training_falls() -> None:
    rows = curves(g_l1=falling, val_l1=lambda step: 0.3 + abs(step - 1500) / 10_000)
    said = advise(rows, CONFIG)[0]
    assert "by heart" in said.sentence and "step 1,500" in said.sentence and said.changes["steps"] == 1500
    assert "by heart" not in advise(curves(g_l1=falling, val_l1=falling), CONFIG)[0].sentence


def test_without_pairs_the_cycle_and_each_sides_discriminator_are_looked_at() -> None:
    config = TrainConfig(method="cyclegan", gan="lsgan")
    fair = {"d_a": lambda step: 0.2, "d_b": lambda step: 0.15 + step / 100_000}
    healthy = advise(curves(**fair, cycle_a=falling, cycle_b=falling), config)
    assert [each.tone for each in healthy] == ["good"] and "the cycle loss fell from" in healthy[0].sentence
    won = advise(curves(**fair | {"d_b": lambda step: 0.01}, cycle_a=falling, cycle_b=falling), config)[0]
    assert won.sentence.startswith("D has won") and "beyond the cycle loss" in won.sentence
    guess = {"d_a": lambda step: 0.25, "d_b": lambda step: 0.252}
    assert "only guesses" in advise(curves(**guess, cycle_a=falling), config)[0].sentence
    still = advise(curves(9000, **fair, cycle_b=lambda step: 0.25), config)
    assert "The cycle loss has stood still" in still[0].sentence


def test_a_curve_that_stands_still_is_called_so() -> None:
    assert "stood still" in advise(curves(9000, g_l1=lambda step: 0.25), CONFIG)[0].sentence


def test_health_is_told_too() -> None:
    said = advise(curves(g_l1=falling, d_real=lambda step: 0.5, d_fake=lambda step: 0.5), CONFIG)
    assert [each.tone for each in said] == ["good"] and "It is learning" in said[0].sentence


def test_the_first_steps_are_not_judged() -> None:
    assert advise([], CONFIG) == []
    assert "Too early" in advise(curves(300, g_l1=falling), CONFIG)[0].sentence


def test_divergence_and_waiting_for_pictures_are_named() -> None:
    assert advise([], CONFIG, state="diverged")[0].changes["precision"] == "fp32"
    assert "waiting for pictures" in advise(curves(g_l1=falling), CONFIG, data_share=0.6)[-1].sentence


@pytest.mark.parametrize(
    "junk", [[{"step": 1, "g_l1": "x"}], [{"step": 2, "g_l1": float("nan")}], [{"step": 3}]]
)
def test_rows_without_numbers_are_no_reason_to_fall(junk: list[dict[str, Any]]) -> None:
    assert advise(junk * 10, CONFIG) == []
