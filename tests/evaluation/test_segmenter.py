"""A segmenter learns the tiny houses, and is told apart from a model that draws."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from paths import ROOT
from PIL import Image

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from pix2pix.errors import CheckpointError, ConfigError, DataError
from pix2pix.evaluation.segmenter import (
    Segmenter,
    SegmenterSettings,
    measure_segmenter,
    open_labelled,
    train_segmenter,
)
from pix2pix.imaging.palette import FACADES
from pix2pix.ui.shared.model_library import list_models

SHIPPED = ROOT / "checkpoints" / "segmenters" / "facades.pth"
FACADES_DATA = ROOT.parent / "shared" / "data" / "facades"
LESSON = SegmenterSettings(size=32, width=8, steps=60, batch=4)


@pytest.fixture(scope="module")
def made(pairs: Path) -> Checkpoint:
    return train_segmenter(pairs, LESSON)


def test_it_finds_wall_window_and_door_in_a_house_that_it_has_not_seen(made: Checkpoint) -> None:
    scores = made.about["metrics"]
    assert scores["accuracy"] > 0.8 and scores["class_accuracy"] > 0.6
    assert scores["iou"] <= scores["class_accuracy"]


def test_its_file_goes_through_the_checks_of_every_checkpoint(
    made: Checkpoint, pairs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "segmenter.pth"
    save_checkpoint(file, made)
    segmenter, (folder, palette) = Segmenter.load(file), open_labelled(pairs)
    assert segmenter.palette == palette and len(palette) == segmenter.config.out_channels == 3
    photo, labels = folder.load(folder.train[0])
    found, truth = segmenter.find(photo), segmenter.truth(labels)
    assert found.shape == truth.shape == (32, 32)
    assert (found == truth).mean() > 0.8
    broken = dict(made.weights) | {
        "up.0.conv.weight": torch.full_like(made.weights["up.0.conv.weight"], torch.nan)
    }
    with pytest.raises(CheckpointError, match="not finite"):
        save_checkpoint(tmp_path / "broken.pth", Checkpoint(made.config, broken, made.about))


def test_the_same_lesson_gives_the_same_segmenter(pairs: Path) -> None:
    short = SegmenterSettings(size=32, width=4, steps=3, batch=2, seed=5)
    one, two = (train_segmenter(pairs, short).weights for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_model_that_draws_is_no_segmenter(tiny_run: Path) -> None:
    with pytest.raises(
        CheckpointError, match="holds no segmenter, but a model that draws. Make one with: pix2pix segmenter"
    ):
        Segmenter.load(tiny_run / "model.pth")
    assert load_checkpoint(tiny_run / "model.pth").about["task"] != "segmentation"


def test_pairs_without_labels_and_sizes_that_do_not_fit_are_sentences(tmp_path: Path) -> None:
    for number in range(2):
        noise = torch.randint(
            256, (16, 32, 3), generator=torch.Generator().manual_seed(number), dtype=torch.uint8
        )
        Image.fromarray(noise.numpy()).save(tmp_path / f"{number}.png")
    with pytest.raises(DataError, match="has no label maps: its halves are photo and photo"):
        train_segmenter(tmp_path)
    with pytest.raises(ConfigError, match="size is 100; a segmenter needs a multiple of 8"):
        SegmenterSettings(size=100)
    with pytest.raises(ConfigError, match="steps is 0; it must be from 1"):
        SegmenterSettings(steps=0)


def test_the_shipped_one_is_small_and_the_page_does_not_offer_it_for_drawing(tmp_path: Path) -> None:
    assert SHIPPED.stat().st_size < 3e6
    assert Segmenter.load(SHIPPED).palette == FACADES
    assert SHIPPED not in [model.path for model in list_models(SHIPPED.parent.parent, tmp_path).models]


@pytest.mark.slow
@pytest.mark.skipif(not FACADES_DATA.is_dir(), reason="no ../shared/data")
def test_the_shipped_one_is_as_good_as_its_description_says() -> None:
    segmenter, (folder, _) = Segmenter.load(SHIPPED), open_labelled(FACADES_DATA)
    told = load_checkpoint(SHIPPED).about["metrics"]
    assert measure_segmenter(segmenter, folder, pairs=folder.val) == pytest.approx(told, abs=0.005)
