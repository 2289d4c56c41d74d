"""What curves mean, in words: from drawn curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pix2pix.config import TrainConfig
from pix2pix.runs.advice import Advice, advise
from pix2pix.runs.evidence import Evidence

Curve = Callable[[int], float]


def curves(steps: int = 4000, every: int = 40, **columns: Curve) -> list[dict[str, Any]]:
    return [
        {"step": step, **{name: value(step) for name, value in columns.items()}}
        for step in range(every, steps + 1, every)
    ]


def said(rows: list[dict[str, Any]], config: TrainConfig | None = None, **facts: Any) -> list[Advice]:
    return advise(Evidence(rows, config or TrainConfig(steps=4000), **facts))


def words(rows: list[dict[str, Any]], config: TrainConfig | None = None, **facts: Any) -> str:
    return " ".join(advice.sentence for advice in said(rows, config, **facts))


def at(value: float) -> Curve:
    return lambda step: value


def falling(step: int) -> float:
    return 0.2 + 200 / (step + 500)


def rising(step: int) -> float:
    return 0.5 - 100 / (step + 500)


FAIR = {"d_real": at(0.5), "d_fake": at(0.5)}
SOUND = {"val_spread": at(0.8), "val_saturated": at(0.02), "val_edges": at(0.5)}


def test_health_is_told_and_nothing_else() -> None:
    found = said(curves(g_l1=falling, val_ssim=rising, val_l1=falling, **FAIR, **SOUND), val_size=10)
    assert [each.tone for each in found] == ["good"] and "It is learning" in found[0].sentence


@pytest.mark.parametrize(
    ("sign", "value", "told"),
    [
        ("val_spread", 0.02, "outputs are alike"),
        ("val_edges", 0.03, "flat areas"),
        ("val_saturated", 0.6, "60% more values"),
    ],
)
def test_outputs_that_have_collapsed_are_named_with_the_evidence(sign: str, value: float, told: str) -> None:
    signs = SOUND | {sign: lambda step: value if step > 2000 else SOUND[sign](step)}
    ssim = {"val_ssim": lambda step: 0.4 if step == 1800 else 0.1}
    found = said(curves(g_l1=at(0.9), **ssim, **FAIR, **signs))[0]
    assert found.tone == "warn" and found.sentence.startswith("G has collapsed") and told in found.sentence
    assert "of step 1,800, is kept" in found.sentence and found.changes["rate"] == 5e-5
    assert TrainConfig(**found.changes)


def test_one_bad_validation_or_the_first_steps_are_no_collapse() -> None:
    once = SOUND | {"val_spread": lambda step: 0.01 if step == 4000 else 0.8}
    assert "collapsed" not in words(curves(g_l1=falling, **FAIR, **once))
    early = SOUND | {"val_spread": at(0.01), "val_edges": at(0.01)}
    assert "collapsed" not in words(curves(60, 5, g_l1=falling, **FAIR, **early), TrainConfig(steps=60))
    assert "collapsed" not in words(curves(320, g_l1=falling, **FAIR, **early))


def test_a_rate_that_never_works_is_blamed_for_the_collapse_and_mended_by_a_click() -> None:
    config = TrainConfig(steps=400, rate=1.0)
    red = SOUND | {"val_spread": at(0.0), "val_saturated": at(0.6), "val_ssim": at(0.02)}
    found = said(curves(400, 8, g_l1=at(1.4), **FAIR, **red), config, state="finished")
    assert "Rate is 1, which is 5,000 times the usual 0.0002" in found[0].sentence and found[0].tone == "warn"
    assert found[0].changes == {"rate": 2e-4} and "G has collapsed" in found[1].sentence
    assert (
        not found[1].changes
        and "is kept" not in found[1].sentence
        and "more steps" not in " ".join(each.sentence for each in found)
    )


def test_a_rate_that_is_too_low_is_named_and_random_weights_are_no_collapse() -> None:
    config = TrainConfig(steps=400, rate=1e-7)
    found = said(curves(400, 8, g_l1=at(0.76), **FAIR, **SOUND | {"val_spread": at(0.004)}), config)
    assert "1/2,000 of the usual" in found[0].sentence and found[0].changes == {"rate": 2e-4}
    assert not any("collapsed" in each.sentence for each in found)


def test_a_rate_that_is_far_and_does_no_harm_is_information_and_a_usual_one_is_not_mentioned() -> None:
    fine = curves(g_l1=falling, **FAIR, **SOUND)
    found = said(fine, TrainConfig(steps=4000, rate=1e-2))[0]
    assert found.tone == "info" and "falls all the same" in found.sentence
    for rate in (1e-5, 2e-4, 2e-3):
        assert "usual" not in words(fine, TrainConfig(steps=4000, rate=rate))
    far = said(fine, TrainConfig(steps=4000, discriminator_rate=1e-7))[0]
    assert far.sentence.startswith("Discriminator rate is 1e-07") and far.changes == {
        "discriminator_rate": 0.0
    }


@pytest.mark.parametrize(("steps", "every", "told"), [(1500, 15, "225 steps"), (40_000, 50, "6,000 steps")])
def test_a_discriminator_that_is_never_wrong_has_won_in_a_short_run_too(
    steps: int, every: int, told: str
) -> None:
    won = {"d_real": at(0.01), "d_fake": at(0.02), "g_l1": falling}
    config = TrainConfig(steps=steps)
    found = said(curves(steps // 4, every, **won), config)[0]
    assert found.tone == "warn" and found.sentence.startswith("D has won") and told in found.sentence
    assert found.changes == {"discriminator_rate": 5e-5, "real_label": 0.9} and TrainConfig(**found.changes)
    # Before a share of the run has gone, and of losses that have no floor, it is not said.
    assert "D has won" not in words(curves(steps // 10, every, **won), config)
    assert "D has won" not in words(curves(steps, every, **won), TrainConfig(gan="hinge", steps=steps))


def test_label_smoothing_has_a_floor_that_a_discriminator_can_stand_on() -> None:
    config = TrainConfig(steps=4000, real_label=0.9)
    found = said(curves(d_real=at(0.335), d_fake=at(0.02), g_l1=falling), config)[0]
    assert found.sentence.startswith("D has won") and "real_label" not in found.changes
    assert "D has won" not in words(curves(d_real=at(0.45), d_fake=at(0.2), g_l1=falling), config)


def test_a_discriminator_that_only_guesses_is_named() -> None:
    guesses = {"d_real": at(0.69), "d_fake": at(0.697), "g_l1": falling}
    assert "only guesses" in words(curves(400, 15, **guesses), TrainConfig(steps=1500))
    assert "only guesses" not in words(curves(**guesses | {"d_fake": lambda step: 0.3 + step / 10_000}))


def worse_from(best: int, low: float, high: float, slope: float) -> Curve:
    """A curve at its best, `low`, in step `best`, and away from it by `slope` a step up to `high`."""
    return lambda step: low + max(-abs(high), min(abs(high), abs(step - best) * slope))


BY_HEART = {
    "g_l1": falling,
    "val_l1": worse_from(1480, 0.3, 0.2, 1e-4),
    "val_ssim": worse_from(1480, 0.4, 0.3, -1e-4),
    "val_detail": worse_from(1600, 0.3, 0.2, -1e-4),
}


def test_learning_by_heart_is_seen_where_validation_falls_off_by_each_measure() -> None:
    found = said(curves(**BY_HEART), val_size=10)[0]
    assert "by heart" in found.sentence and "L1 from 0.300 (step 1,480)" in found.sentence
    assert "detail from 0.300 (step 1,600)" in found.sentence and found.changes == {"steps": 1600}


def test_a_gray_blur_with_a_good_l1_is_no_step_to_stop_at() -> None:
    # The edges come after the best L1: detail goes on rising.
    assert "by heart" not in words(curves(**BY_HEART | {"val_detail": rising}), val_size=10)
    early = {
        name: worse_from(200, low, 0.2, slope)
        for name, low, slope in (
            ("val_l1", 0.3, 1e-4),
            ("val_ssim", 0.4, -1e-4),
            ("val_detail", 0.3, -1e-4),
        )
    }
    config = TrainConfig(steps=4000, mirror=False)
    found = said(curves(g_l1=falling, **early), config, val_size=10)[0]
    assert "by heart" in found.sentence and found.changes == {"mirror": True, "jitter": True}


def test_one_validation_pair_judges_nothing_and_few_pairs_are_said_to_be_few() -> None:
    told = words(curves(**BY_HEART), val_size=1, train_size=10)
    assert "fallen off" not in told and "Only 1 pair to validate on" in told
    assert "Each of the 10 training pairs was shown 400 times" in told
    none = words(curves(**BY_HEART), val_size=0)
    assert "No pair is held back" in none
    many = words(curves(g_l1=falling), val_size=5, train_size=30)
    assert "to validate on" not in many and "was shown" not in many


def test_a_batch_larger_than_the_set_is_named() -> None:
    config = TrainConfig(steps=4000, batch=128)
    found = said(curves(g_l1=falling, **FAIR), config, train_size=100)[-1]
    assert "Batch is 128, and there are 100 training pairs" in found.sentence and found.changes == {
        "batch": 1
    }
    assert "Batch" not in words(curves(g_l1=falling, **FAIR), config, train_size=128)
    # In 60 steps nothing is learned by heart, however often a step shows it.
    assert "by heart" not in words(curves(60, 1, g_l1=falling), config, train_size=10)


def test_a_curve_that_stands_still_is_called_so_in_a_short_run_too() -> None:
    still = {"g_l1": lambda step: max(0.25, 0.5 - step / 2000), **FAIR}
    config = TrainConfig(steps=1500)
    assert "stood still at 0.250 for 450 steps" in words(curves(1500, 15, **still), config)
    assert "stood still" not in words(curves(700, 15, **still), config)
    # What validation shows to become better does not stand still.
    assert "stood still" not in words(
        curves(1500, 15, **still, val_ssim=lambda step: 0.1 + step / 3000), config
    )


def test_without_pairs_the_cycle_and_each_sides_discriminator_are_looked_at() -> None:
    config = TrainConfig(method="cyclegan", gan="lsgan", steps=4000)
    fair: dict[str, Curve] = {"d_a": at(0.2), "d_b": lambda step: 0.15 + step / 100_000}
    healthy = said(curves(**fair, cycle_a=falling, cycle_b=falling), config)
    assert [each.tone for each in healthy] == ["good"] and "the cycle loss fell from" in healthy[0].sentence
    won = said(curves(**fair | {"d_b": at(0.01)}, cycle_a=falling, cycle_b=falling), config)[0]
    assert won.sentence.startswith("D has won") and "beyond the cycle loss" in won.sentence
    assert "only guesses" in words(curves(d_a=at(0.25), d_b=at(0.252), cycle_a=falling), config)
    still = words(curves(**fair, cycle_b=lambda step: max(0.25, 0.5 - step / 2000)), config)
    assert "The cycle loss has stood still" in still
    assert "1 picture to validate on" in words(curves(**fair, cycle_b=falling), config, val_size=1)


def test_it_is_learning_ends_with_the_run() -> None:
    rows = curves(g_l1=falling, val_ssim=rising, **FAIR)
    assert "It is learning" in words(rows)
    finished = words(rows, state="finished")
    assert "It has learned" in finished and "more steps would help" in finished
    peak = curves(g_l1=falling, val_ssim=lambda step: 0.4 - abs(step - 3200) / 1e5, **FAIR)
    assert "best model is that of step 3,200" in words(peak, state="finished")
    assert "when it was stopped" in words(rows, state="stopped") and "ended" in words(rows, state="died")
    assert "learning" not in words(curves(120, g_l1=falling), state="finished")


def test_a_loss_that_does_not_fall_is_a_matter_of_patience_only_at_first() -> None:
    flat = {"g_l1": lambda step: 0.5 + 0.05 * (step // 40 % 2), **FAIR}
    assert "some more steps" in words(curves(600, **flat))
    late = said(curves(1800, 200, **flat))[0]
    assert late.tone == "warn" and "45% of the run" in late.sentence
    ended = said(curves(1800, 200, **flat), state="finished")[0]
    assert ended.tone == "warn" and "learned next to nothing" in ended.sentence
    assert "usual for a trained start" in words(
        curves(1800, 200, **flat), TrainConfig(init="m.pth", steps=4000)
    )


def test_the_first_steps_are_not_judged() -> None:
    assert said([]) == []
    assert "Too early" in words(curves(200, g_l1=falling))


def test_divergence_is_named_and_so_is_waiting_for_pictures_that_are_not_in_memory() -> None:
    assert said([], state="diverged")[0].changes["precision"] == "fp32"
    rows = curves(g_l1=falling)
    streamed = TrainConfig(steps=4000, cache="stream")
    assert "waiting for pictures" in said(rows, streamed, data_share=0.6)[-1].sentence
    assert "waiting" not in words(rows, streamed, data_share=0.1) + words(rows, data_share=0.6)


@pytest.mark.parametrize(
    "junk", [[{"step": 1, "g_l1": "x"}], [{"step": 2, "g_l1": float("nan")}], [{"step": 3}]]
)
def test_rows_without_numbers_are_no_reason_to_fall(junk: list[dict[str, Any]]) -> None:
    assert said(junk * 10) == []
