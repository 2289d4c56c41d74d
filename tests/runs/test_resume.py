"""Going on with a run whose pictures have become more, have moved or are others; and
refusals, which change nothing."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import draw_pair
from PIL import Image

from pix2pix.cli import main
from pix2pix.config import TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.errors import Pix2PixError
from pix2pix.runs import jobs
from pix2pix.runs.execute import resume, train
from pix2pix.runs.run import Run
from pix2pix.training.events import Event, Noted
from pix2pix.training.trainer import Trainer

GREEN = (0, 200, 0)


def tiny(data: Path, **changes: Any) -> TrainConfig:
    settings = {
        "data": str(data),
        "steps": 2,
        "size": 32,
        "width": 4,
        "discriminator_width": 4,
        "patch": "16",
        "precision": "fp32",
    }
    return TrainConfig(**(settings | {"samples": 1} | changes))


def add_pair(folder: Path, name: str, fill: tuple[int, int, int]) -> None:
    """A pair whose labels are mostly of one colour, so that the colours have another order of frequency."""
    labels, picture = draw_pair(1)
    labels.paste(fill, (0, 0, 64, 56))
    both = Image.new("RGB", (128, 64))
    both.paste(labels, (0, 0))
    both.paste(picture, (64, 0))
    both.save(folder / f"{name}.png")


@pytest.fixture
def data(pairs: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pairs, tmp_path / "data"))


@pytest.fixture
def run(data: Path, tmp_path: Path) -> Run:
    """A finished run of two steps."""
    return train(tiny(data), tmp_path / "run")


def files_of(run: Run) -> dict[str, bytes]:
    """All that the run says of itself, but for its log."""
    left_out = {run.log_path, run.lock_path}
    return {
        str(path): path.read_bytes()
        for path in sorted(run.path.rglob("*"))
        if path.is_file() and path not in left_out
    }


def test_more_label_pairs_change_the_order_of_colours_and_not_the_palette(run: Run, data: Path) -> None:
    before = run.saved_model()
    for number in range(12):
        add_pair(data, f"more{number}", (255, 255, 0))
    assert before and Dataset.open(run.config()).palette != before.palette
    assert resume(run.path, steps=4).snapshot().state == "finished"
    assert run.saved_model() == before


def test_a_colour_that_the_run_does_not_know_is_told_and_leaves_its_palette(run: Run, data: Path) -> None:
    before, events = run.saved_model(), list[Event]()
    for number in range(3):
        add_pair(data, f"green{number}", GREEN)
    assert resume(run.path, steps=3, on_event=events.append).snapshot().state == "finished"
    assert run.saved_model() == before
    assert any(isinstance(event, Noted) and "does not know (#00c800)" in event.remark for event in events)


def test_a_trainer_takes_a_state_whose_palette_has_another_order(run: Run) -> None:
    state = run.read_state()
    assert state
    model = run.saved_model()
    assert model
    state["model"] = dataclasses.replace(model, palette=model.palette[::-1]).to_dict()
    trainer = Trainer(dataclasses.replace(run.config(), steps=3), Dataset.open(run.config()), state=state)
    assert trainer.models["generator"].palette == model.palette[::-1] and trainer.step == 2


def test_a_moved_folder_is_named_once_and_remembered(run: Run, data: Path, tmp_path: Path) -> None:
    written = run.config_path.read_bytes()
    moved = data.rename(tmp_path / "elsewhere")
    assert main(["train", str(moved), "--run", str(run.path), "--resume", "--steps", "3"]) == 0
    assert main(["train", "--run", str(run.path), "--resume", "--steps", "4"]) == 0
    assert run.snapshot().step == 4 and run.config().data == str(moved) == run.snapshot().config.data
    assert run.config_path.read_bytes() == written


def other_kind(data: Path) -> None:
    for number in range(6):
        noise = Image.effect_noise((128, 64), 90).convert("RGB")
        noise.save(data / f"house{number}.png")


def other_colours(data: Path) -> None:
    for file in sorted(data.iterdir()):
        with Image.open(file) as both:
            labels = both.crop((0, 0, 64, 64)).point([255 - level // 2 for level in range(256)] * 3)
            turned = both.copy()
            turned.paste(labels, (0, 0))
        turned.save(file)


def no_folder(data: Path) -> None:
    shutil.rmtree(data)


@pytest.mark.parametrize("spoil", [other_kind, other_colours, no_folder])
@pytest.mark.parametrize("state", ["finished", "stopped", "failed", "died"])
def test_a_refused_resume_changes_nothing(run: Run, data: Path, spoil: Any, state: str) -> None:
    written = "running" if state == "died" else state
    run.write_status(state=written, reason="as it was")
    spoil(data)
    before = files_of(run)
    with pytest.raises(Pix2PixError):
        resume(run.path, steps=5)
    assert files_of(run) == before
    assert run.state() == state


def test_an_error_of_ours_before_the_first_step_changes_nothing_either(run: Run) -> None:
    before = files_of(run)

    def break_down(event: Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        resume(run.path, steps=5, on_event=break_down)
    assert files_of(run) == before and "ZeroDivisionError" in run.log_tail()


def test_a_resume_from_the_page_that_is_refused_leaves_the_run_finished_and_says_why(
    run: Run, data: Path
) -> None:
    no_folder(data)
    jobs.resume(run.path, 5)
    job = jobs.running()
    if job:
        job.wait(60)
    snapshot = run.snapshot()
    assert (snapshot.state, snapshot.step, snapshot.steps) == ("finished", 2, 2)
    assert snapshot.reason.startswith("it could not go on: ") and "does not exist" in snapshot.reason


def test_a_run_that_goes_on_forgets_what_it_was(run: Run) -> None:
    resume(run.path, steps=3)
    assert "earlier" not in json.loads(run.status_path.read_text(encoding="utf-8"))
    assert torch.load(run.state_path, weights_only=True)["step"] == 3
