"""A training on two folders without pairs, by the small second method: it learns, resumes to the bit, and
knows its pictures again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from two_way import TwoWay

from pix2pix import resume, train
from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.config import TrainConfig
from pix2pix.errors import DataError
from pix2pix.methods import METHODS
from pix2pix.runs.run import Run
from pix2pix.training.events import Event, Progress


class Apart(TwoWay):
    """Learns from two folders of files."""

    examples = "unpaired"


@pytest.fixture(autouse=True)
def _method(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pix2pix", "cyclegan"):
        monkeypatch.setitem(METHODS, name, Apart)


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    """Seven gray scans and nine photos."""
    for folder, count, shape in (("scans", 7, (24, 24)), ("photos", 9, (24, 24, 3))):
        (tmp_path / folder).mkdir()
        for number in range(count):
            grain = np.random.default_rng([count, number]).integers(0, 256, shape, np.uint8)
            Image.fromarray(grain).save(tmp_path / folder / f"{folder}{number}.png")
    return tmp_path / "scans", tmp_path / "photos"


def config(sides: tuple[Path, Path], **changes: Any) -> TrainConfig:
    shape = {"size": 16, "width": 4, "depth": 3, "patch": "16", "precision": "fp32", "batch": 2}
    intervals = {"log_every": 1, "sample_every": 3, "evaluate_every": 2, "save_every": 2}
    folders = {"data": str(sides[0]), "data_b": str(sides[1]), "method": "cyclegan"}
    return TrainConfig(**{**shape, **intervals, **folders, "steps": 4, **changes})


def test_two_models_come_of_two_folders_each_with_the_channels_of_its_sides(
    sides: tuple[Path, Path], tmp_path: Path
) -> None:
    run = train(config(sides), tmp_path / "run")
    assert run.snapshot().state == "finished"
    log = run.snapshot().log
    assert "6 and 8 training pictures without pairs, 1 and 1 for validation drawn from them" in log
    models = [load_checkpoint(run.path / name).config for name in ("model.pth", "model_BtoA.pth")]
    assert [(model.source, model.target) for model in models] == [("gray", "photo"), ("photo", "gray")]
    assert [(model.in_channels, model.out_channels) for model in models] == [(1, 3), (3, 1)]
    assert run.config().data_b == str(sides[1])


@pytest.mark.parametrize("cache", ["memory", "stream"])
def test_a_resumed_run_goes_on_to_the_bit(sides: tuple[Path, Path], tmp_path: Path, cache: str) -> None:
    whole = train(config(sides, cache=cache), tmp_path / "whole")

    def stop_at_two(event: Event) -> None:
        if isinstance(event, Progress) and event.step == 2:
            (tmp_path / "parts" / "stop").touch()

    parts = train(config(sides, cache=cache), tmp_path / "parts", on_event=stop_at_two)
    assert parts.snapshot().state == "stopped"
    moved = [folder.rename(folder.with_name(f"moved-{folder.name}")) for folder in sides]
    resume(parts.path, settings={"data": str(moved[0]), "data_b": str(moved[1])})
    assert Run.open(parts.path).config().data_b == str(moved[1])
    for name in ("model.pth", "model_BtoA.pth"):
        one, other = (load_checkpoint(run.path / name).weights for run in (whole, parts))
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_resume_on_pictures_of_another_kind_is_refused(sides: tuple[Path, Path], tmp_path: Path) -> None:
    run = train(config(sides, steps=2), tmp_path / "run")
    for path in sides[0].iterdir():
        pixels = np.random.default_rng(1).integers(0, 256, (24, 24, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    with pytest.raises(DataError, match="is not what this run was trained on"):
        resume(run.path, steps=4)
