"""Copies in the memory of the host, and work done beside the program."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from learners import make_config

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint
from pix2pix.config import ModelConfig
from pix2pix.errors import NoSpaceError
from pix2pix.networks import build_generator
from pix2pix.runs.run import Run
from pix2pix.runtime.background import BackgroundWriter, copy_to_host
from pix2pix.training.events import Evaluated, Finished, Saved, Stepped

MODEL = ModelConfig(depth=3, width=4, size=16)


def test_a_copy_keeps_its_values_and_layout_whatever_becomes_of_the_original() -> None:
    weight = torch.rand(4, 3, 2, 2).to(memory_format=torch.channels_last).requires_grad_()
    values = {"a": weight, "nested": [torch.ones(2), (torch.zeros(1), 7)], "word": "x", "none": None}
    copied = copy_to_host(values)
    wanted = weight.detach().clone()
    with torch.no_grad():
        weight.zero_()
        values["nested"][0].zero_()  # type: ignore[index]
    assert torch.equal(copied["a"], wanted) and not copied["a"].requires_grad
    assert copied["a"].is_contiguous(memory_format=torch.channels_last)
    assert copied["nested"][0].tolist() == [1.0, 1.0] and copied["nested"][1][1] == 7
    assert copied["word"] == "x" and copied["none"] is None


def test_work_is_done_one_after_another_beside_the_program() -> None:
    writer, gate, done = BackgroundWriter(), threading.Event(), []

    def first() -> None:
        gate.wait(30)
        done.append(1)

    writer.start(first)
    assert done == []
    gate.set()
    writer.start(lambda: done.append(2))
    writer.wait()
    assert done == [1, 2]


def test_an_error_is_raised_once_where_the_work_is_waited_for() -> None:
    writer = BackgroundWriter()

    def fail() -> None:
        raise OSError("the disk is gone")

    writer.start(fail)
    writer.finish()
    with pytest.raises(OSError, match="the disk is gone"):
        writer.start(lambda: None)
    writer.start(lambda: None)
    writer.wait()


def make_saved(step: int) -> Saved:
    checkpoint = Checkpoint(MODEL, build_generator(MODEL).state_dict(), {"step": step})
    state = {
        "step": step,
        "model": MODEL.to_dict(),
        "precision": "fp32",
        "mean": torch.full((3,), float(step)),
    }
    state |= {"count": 0, "rate_scale": 1.0, "best": None, "metrics": {}, "sums": {}}
    return Saved(step, {"generator": checkpoint}, state, is_copy=True)


def test_a_run_writes_copies_in_the_background_and_says_so_when_they_are_there(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", make_config())
    with run.lock():
        run.record(make_saved(5))
        assert run.saved_step() == 5  # waits for it
        run.record(Stepped(6, 10))
        assert run.read_status()["saved_step"] == 5
        run.record(make_saved(9))
        run.record(Finished(9, "stopped"))
        assert run.read_status()["saved_step"] == 9
    state = run.read_state()
    assert state is not None and state["mean"].tolist() == [9.0] * 3
    assert load_checkpoint(run.model_path).about["step"] == 9


def test_a_full_disk_in_the_background_ends_the_run_and_leaves_the_state_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.create(tmp_path / "run", make_config())
    run.record(make_saved(5))
    run.saved_step()

    def full(*_: object, **__: object) -> None:
        raise NoSpaceError("no space left on the disk")

    monkeypatch.setattr("pix2pix.runs.run.write_atomically", full)
    run.record(make_saved(9))
    with pytest.raises(NoSpaceError):
        run.record(Finished(9, "finished"))
    assert run.read_status().get("state") != "finished"
    assert run.saved_step() == 5


def test_a_lock_is_held_until_the_last_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.create(tmp_path / "run", make_config())
    gate = threading.Event()
    monkeypatch.setattr(run, "_write_saved", lambda event: gate.wait(30))
    threading.Timer(0.3, gate.set).start()
    with run.lock():
        run.record(make_saved(5))
        assert not gate.is_set()
    assert gate.is_set()


def make_evaluated(step: int, models: Mapping[str, Checkpoint]) -> Evaluated:
    return Evaluated(step, {"ssim": 0.5, "l1": 0.1, "psnr": 20.0}, models)


@pytest.mark.parametrize("is_copy", [True, False])
def test_a_model_that_is_the_best_is_one_file_with_two_names(tmp_path: Path, is_copy: bool) -> None:
    run = Run.create(tmp_path / "run", make_config())
    with run.lock():
        saved = replace(make_saved(5), is_copy=is_copy)
        run.record(make_evaluated(5, saved.checkpoints))
        run.record(saved)
        assert run.saved_step() == 5
        assert run.best_path.samefile(run.model_path)
        # A later model takes a name of its own, and leaves the best one alone.
        run.record(replace(make_saved(9), is_copy=is_copy))
        assert run.saved_step() == 9
    assert not run.best_path.samefile(run.model_path)
    assert [load_checkpoint(path).about["step"] for path in (run.best_path, run.model_path)] == [5, 9]
    assert not list(run.path.glob("*.link")) + list(run.path.glob("*.part"))


def test_a_link_that_a_kill_left_is_not_written_through(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", make_config())
    with run.lock():
        saved = make_saved(5)
        run.record(make_evaluated(5, saved.checkpoints))
        run.record(saved)
        assert run.saved_step() == 5
        os.link(run.best_path, run.path / "model.pth.link")
        run.record(make_saved(9))
        assert run.saved_step() == 9
    assert load_checkpoint(run.best_path).about["step"] == 5


def test_where_a_disk_knows_no_links_the_best_model_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr("pix2pix.runtime.files.os.link", refuse)
    run = Run.create(tmp_path / "run", make_config())
    with run.lock():
        saved = make_saved(5)
        run.record(make_evaluated(5, saved.checkpoints))
        run.record(saved)
        assert run.saved_step() == 5
    assert not run.best_path.samefile(run.model_path)
    assert run.best_path.read_bytes() == run.model_path.read_bytes()


def test_a_best_model_that_finds_no_space_ends_the_run_before_a_state_hides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.create(tmp_path / "run", make_config())

    def full(*_: object, **__: object) -> None:
        raise NoSpaceError("no space left on the disk")

    with run.lock():
        monkeypatch.setattr("pix2pix.runs.run.save_checkpoint", full)
        saved = replace(make_saved(5), is_copy=False)
        run.record(make_evaluated(5, saved.checkpoints))
        with pytest.raises(NoSpaceError):
            run.record(saved)
    assert not run.state_path.exists() and not list(run.path.glob("*.part"))
