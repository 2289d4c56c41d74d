"""What is measured over all pictures, with a segmenter and a painter that know the houses by heart."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.config import ModelConfig
from pix2pix.data.pairs import open_pairs
from pix2pix.errors import ConfigError
from pix2pix.evaluation.measures import EvaluatedPair, FcnScore, LabelScore
from pix2pix.evaluation.segmenter import Segmenter, SegmenterSettings, train_segmenter
from pix2pix.networks import build_generator


@pytest.fixture(scope="module")
def segmenter(pairs: Path) -> Segmenter:
    return Segmenter(train_segmenter(pairs, SegmenterSettings(size=32, width=8, steps=60, batch=4)))


def test_the_fcn_score_of_a_perfect_model_is_that_of_the_real_photos(
    segmenter: Segmenter, pairs: Path
) -> None:
    folder = open_pairs(pairs)
    score = FcnScore(segmenter, ModelConfig(source="labels"))
    for pair in folder.pairs:
        source, target = folder.load(pair)
        score.see(EvaluatedPair(folder, pair, source, target, target))
    found = score.result()
    assert {found[name] for name in ("fcn_accuracy", "fcn_iou")} == {
        found[f"real_{name}"] for name in ("fcn_accuracy", "fcn_iou")
    }
    assert found["fcn_accuracy"] > 0.8


def test_the_fcn_score_of_an_empty_picture_is_lower(segmenter: Segmenter, pairs: Path) -> None:
    folder = open_pairs(pairs)
    score = FcnScore(segmenter, ModelConfig(source="labels"))
    source, target = folder.load(folder.pairs[0])
    row = score.see(
        EvaluatedPair(folder, folder.pairs[0], source, Image.new("RGB", (64, 64), "gray"), target)
    )
    found = score.result()
    assert row["fcn_accuracy"] == found["fcn_accuracy"] < found["real_fcn_accuracy"]
    assert found["fcn_class_accuracy"] < found["real_fcn_class_accuracy"]


def test_a_segmenter_is_for_photos_made_from_labels(segmenter: Segmenter) -> None:
    with pytest.raises(ConfigError, match="this model's sources are photo. Leave --segmenter out"):
        FcnScore(segmenter, ModelConfig(source="photo", target="labels"))


def test_labels_are_scored_by_their_nearest_class(segmenter: Segmenter, pairs: Path) -> None:
    folder = open_pairs(pairs, "BtoA")
    photo, labels = folder.load(folder.pairs[0])
    score = LabelScore(segmenter.palette)
    slightly_off = labels.point(lambda level: max(0, level - 9))
    assert score.see(EvaluatedPair(folder, folder.pairs[0], photo, slightly_off, labels)) == {
        "label_accuracy": 1
    }
    assert score.result() == {"label_accuracy": 1, "label_class_accuracy": 1, "label_iou": 1}


def test_a_checkpoint_of_classes_does_not_draw() -> None:
    from pix2pix.inference.translator import Translator

    config = ModelConfig(width=4, depth=3, size=8, out_channels=5, target="labels")
    translator = Translator(Checkpoint(config, build_generator(config).state_dict()), device="cpu")
    with pytest.raises(ConfigError, match="3 channels into 5"):
        translator(Image.new("RGB", (8, 8)))
