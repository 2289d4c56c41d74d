"""The loop as an iterable of events, with no run and no page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from paths import SHARED

from pix2pix.config import TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.imaging.tensors import to_image
from pix2pix.inference.translator import Translator
from pix2pix.methods.pix2pix import describe_model
from pix2pix.training.events import Diverged, Evaluated, Event, Finished, Progress, Sampled, Saved, Stepped
from pix2pix.training.schedule import rate_at
from pix2pix.training.trainer import Requests, Trainer


def tiny(pairs: Path, **changes: object) -> TrainConfig:
    settings = {
        "data": str(pairs),
        "steps": 6,
        "size": 32,
        "width": 4,
        "discriminator_width": 4,
        "patch": "16",
        "precision": "fp32",
    }
    intervals = {"log_every": 2, "sample_every": 3, "evaluate_every": 3, "save_every": 3, "samples": 1}
    return TrainConfig(**{**settings, **intervals, **changes})  # type: ignore[arg-type]


def train(config: TrainConfig) -> list[Event]:
    return list(Trainer(config, Dataset.open(config)))


def test_events_come_in_the_order_of_the_steps(pairs: Path) -> None:
    events = train(tiny(pairs))
    assert [event.step for event in events if isinstance(event, Stepped)] == [1, 2, 3, 4, 5, 6]
    assert [(type(event), event.step) for event in events if not isinstance(event, Stepped)] == [
        (Sampled, 0), (Progress, 2), (Sampled, 3), (Evaluated, 3), (Saved, 3),
        (Progress, 4), (Progress, 6), (Sampled, 6), (Evaluated, 6), (Saved, 6), (Finished, 6),
    ]  # fmt: skip


def test_pictures_and_models_in_events_stay_as_they_were(pairs: Path) -> None:
    config = tiny(pairs, ema=0.0, rate=0.01)
    kept: list[tuple[Event, object]] = []
    for event in Trainer(config, Dataset.open(config)):
        if isinstance(event, Saved):
            kept.append(
                (
                    event,
                    {name: value.clone() for name, value in event.checkpoints["generator"].weights.items()},
                )
            )
        if isinstance(event, Sampled):
            kept.append((event, event.image.tobytes()))
    for event, then in kept:
        if isinstance(event, Saved):
            assert isinstance(then, dict)
            weights = event.checkpoints["generator"].weights
            assert all(torch.equal(value, then[name]) for name, value in weights.items())
        if isinstance(event, Sampled):
            assert event.image.tobytes() == then


def test_no_event_leaks_a_context_into_the_consumer(pairs: Path) -> None:
    config = tiny(pairs, precision="bf16")
    for _ in Trainer(config, Dataset.open(config)):
        assert (
            torch.is_grad_enabled()
            and not torch.is_autocast_enabled("cpu")
            and not torch.is_inference_mode_enabled()
        )


def test_a_stop_saves_at_once_and_says_where(pairs: Path) -> None:
    config = tiny(pairs, steps=1000)
    seen: list[Event] = []
    for event in Trainer(config, Dataset.open(config), requests=Requests(stop=lambda: len(seen) > 3)):
        seen.append(event)
    assert isinstance(seen[-2], Saved) and isinstance(seen[-1], Finished)
    assert seen[-1].state == "stopped" and seen[-2].step == seen[-1].step < 1000


def test_a_state_of_a_version_that_knew_fewer_settings_goes_on(pairs: Path) -> None:
    config = tiny(pairs)
    saved = next(event for event in train(config) if isinstance(event, Saved))
    state = saved.state | {
        "model": {
            name: value for name, value in saved.state["model"].items() if name not in ("blocks", "dialect")
        }
    }
    assert Trainer(config, Dataset.open(config), state=state).step == 3


def test_a_stop_never_saves_weights_that_are_not_finite(pairs: Path) -> None:
    config = tiny(pairs, log_every=100, save_every=100, evaluate_every=100, sample_every=100, steps=1000)
    stop: list[bool] = []
    trainer = Trainer(config, Dataset.open(config), requests=Requests(stop=lambda: bool(stop)))
    events: list[Event] = []
    for event in trainer:
        events.append(event)
        if event.step == 5 and isinstance(event, Stepped):
            next(trainer.method.networks["discriminator"].parameters()).data.fill_(float("nan"))
            stop.append(True)
    assert isinstance(events[-1], Diverged) and not [event for event in events if isinstance(event, Saved)]


def test_leaving_the_loop_early_leaves_no_thread_behind(pairs: Path) -> None:
    import gc
    import threading

    config, others = tiny(pairs), set(threading.enumerate())
    for event in Trainer(config, Dataset.open(config)):
        if isinstance(event, Progress):
            break
    del event
    gc.collect()
    assert not [thread for thread in set(threading.enumerate()) - others if thread.name.startswith("pix2pix")]


def test_the_best_model_comes_with_its_metrics(pairs: Path) -> None:
    evaluations = [event for event in train(tiny(pairs)) if isinstance(event, Evaluated)]
    first = evaluations[0]
    assert first.best["generator"].about["metrics"] == {**first.metrics, "step": 3}
    best = max(evaluations, key=lambda event: event.metrics["ssim"])
    assert best.best


def test_the_rate_is_constant_and_then_falls_to_almost_zero() -> None:
    rates = [rate_at(step, 100, decay_from=0.5) for step in range(100)]
    assert rates[:51] == [1.0] * 51 and rates[99] == pytest.approx(0.02)
    assert all(left > right for left, right in zip(rates[50:], rates[51:], strict=False))
    assert [rate_at(step, 3, decay_from=1.0) for step in range(3)] == [1.0, 1.0, 1.0]


def test_the_model_says_what_its_pictures_are(pairs: Path) -> None:
    config = tiny(pairs)
    model = describe_model(config, Dataset.open(config).images)
    assert (model.source, model.size, model.width, model.depth) == ("labels", 32, 4, 5)
    assert {color for _, color in model.palette} >= {(0, 0, 255), (0, 85, 255)}


def test_the_model_knows_the_classes_of_what_it_makes(pairs: Path) -> None:
    there, back = (
        describe_model(config, Dataset.open(config).images)
        for config in (tiny(pairs), tiny(pairs, direction="BtoA"))
    )
    assert there.target_palette == back.palette != ()
    assert back.target_palette == there.palette != there.target_palette


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_facades_form_in_a_few_hundred_steps() -> None:
    data = SHARED / "data" / "facades"
    if not data.is_dir():
        pytest.skip("needs ../shared/data/facades")
    config = TrainConfig(
        data=str(data),
        direction="BtoA",
        size=64,
        width=16,
        steps=300,
        evaluate_every=150,
        save_every=300,
        sample_every=300,
    )
    evaluations = [event.metrics for event in train(config) if isinstance(event, Evaluated)]
    assert evaluations[-1]["l1"] < 0.19 and evaluations[-1]["psnr"] > 11.5


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_the_sample_grid_shows_what_the_saved_model_paints(pairs: Path, norm: str) -> None:
    config = tiny(
        pairs,
        norm=norm,
        steps=30,
        rate=0.002,
        ema=0.0,
        log_every=30,
        sample_every=30,
        evaluate_every=30,
        save_every=30,
    )
    dataset = Dataset.open(config)
    events = list(Trainer(config, dataset))
    grid = next(event.image for event in reversed(events) if isinstance(event, Sampled))
    model = next(event.checkpoints["generator"] for event in events if isinstance(event, Saved))
    shown = np.asarray(grid.crop((36, 0, 68, 32)), np.float64)
    source = to_image(dataset.validation(1)[0][1]["source"])
    painted = np.asarray(Translator(model, precision="fp32")(source), np.float64)
    assert np.abs(shown - painted).mean() < 1
