"""Scores of a model on the pairs of a folder."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shutil
from pathlib import Path

import pytest
import torch

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.config import ModelConfig
from pix2pix.data.pairs import open_pairs
from pix2pix.errors import ConfigError, DataError
from pix2pix.evaluation.evaluate import evaluate, open_evaluation_pairs
from pix2pix.evaluation.metrics import l1, ssim
from pix2pix.imaging.tensors import to_tensor
from pix2pix.inference.translator import Translator
from pix2pix.networks import build_generator, init_weights


@pytest.fixture(scope="module")
def translator() -> Translator:
    config = ModelConfig(width=4, depth=3, size=32, source="labels")
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(0))
    return Translator(
        Checkpoint(config, generator.state_dict(), {"direction": "BtoA", "seed": 3}), device="cpu"
    )


def test_scores_are_those_of_the_translated_pictures(translator: Translator, pairs: Path) -> None:
    folder = open_pairs(pairs)
    scores = evaluate(translator, folder, "all")
    source, target = folder.load(folder.pairs[0], 32, ("labels", "photo"))
    fake, wanted = to_tensor(translator(source)), to_tensor(target)
    first = scores.pictures[0]
    assert (first.name, first.scores["l1"], first.scores["ssim"]) == (
        folder.pairs[0].name,
        l1(fake, wanted)[0],
        ssim(fake, wanted)[0],
    )
    assert scores.count == 6 and scores.size == 32
    assert scores.means["psnr"] == pytest.approx(sum(row.scores["psnr"] for row in scores.pictures) / 6)
    assert scores.seconds_per_picture > 0


def test_scores_are_plain_values_for_json(translator: Translator, pairs: Path) -> None:
    written = json.loads(json.dumps(evaluate(translator, pairs).to_dict(), allow_nan=False))
    assert written["split"] == "val" and written["count"] == len(written["pictures"]) == 1
    assert set(written["means"]) == {"l1", "psnr", "ssim", "edges", "grid"} and set(written["overall"]) == {
        "lab_l",
        "lab_a",
        "lab_b",
    }
    assert set(written["pictures"][0]) == {"split", "name", "l1", "psnr", "ssim", "edges", "grid", "seconds"}


def test_a_csv_has_a_row_a_picture(translator: Translator, pairs: Path) -> None:
    scores = evaluate(translator, pairs, "all")
    head, *rows = list(csv.reader(io.StringIO(scores.to_csv())))
    assert head == ["split", "name", "l1", "psnr", "ssim", "edges", "grid", "seconds"]
    assert [row[:2] for row in rows] == [[row.split, row.name] for row in scores.pictures]
    assert float(rows[2][2]) == scores.pictures[2].scores["l1"]


def test_a_model_of_labels_is_scored_by_its_classes(pairs: Path) -> None:
    config = ModelConfig(width=4, depth=3, size=64, target="labels")
    painter = Translator(
        Checkpoint(config, build_generator(config).state_dict(), {"direction": "BtoA"}), device="cpu"
    )
    scores = evaluate(painter, pairs, "all")
    # Weights of zero paint gray; the nearest of the three colours is one for all pixels.
    assert scores.overall["label_class_accuracy"] == pytest.approx(1 / 3)
    assert scores.overall["label_accuracy"] == pytest.approx(scores.means["label_accuracy"])
    assert scores.overall["label_iou"] == pytest.approx(scores.overall["label_accuracy"] / 3)


def test_direction_and_split_are_those_of_the_training(translator: Translator, pairs: Path) -> None:
    folder = open_evaluation_pairs(translator, pairs)
    assert folder.direction == "BtoA"
    assert folder.val == open_pairs(pairs, "BtoA", seed=3).val
    assert open_evaluation_pairs(translator, pairs, direction="AtoB").direction == "AtoB"


def test_test_pairs_come_before_validation_pairs(translator: Translator, pairs: Path) -> None:
    folder = open_pairs(pairs)
    named = dataclasses.replace(folder, train=folder.train[2:], test=folder.train[:2])
    assert (evaluate(translator, named).split, evaluate(translator, named).count) == ("test", 2)


def test_native_compares_at_the_size_of_the_pictures(translator: Translator, pairs: Path) -> None:
    scores = evaluate(translator, pairs, mode="native")
    assert (scores.size, scores.count) == (None, 1)


def test_a_pair_that_went_bad_is_listed_and_the_rest_is_measured(
    translator: Translator, pairs: Path, tmp_path: Path
) -> None:
    shutil.copytree(pairs, tmp_path / "pairs")
    folder = open_pairs(tmp_path / "pairs")
    folder.train[0].source.write_bytes(b"no picture")
    calls: list[tuple[int, int]] = []
    scores = evaluate(translator, folder, "train", lambda done, count: calls.append((done, count)))
    assert [problem.file for problem in scores.problems] == [folder.train[0].source.name]
    assert scores.count == 4 and calls == [(done, 5) for done in range(1, 6)]
    for pair in folder.train:
        pair.source.write_bytes(b"no picture")
    with pytest.raises(DataError, match="none of the 5 train pairs"):
        evaluate(translator, folder, "train")


def test_unknown_and_empty_splits_are_sentences(translator: Translator, pairs: Path) -> None:
    with pytest.raises(ConfigError, match="split is 'best'; choose one of test, val, train, all"):
        evaluate(translator, pairs, "best")
    with pytest.raises(DataError, match="has no test pairs; it has 5 train, 1 val, 0 test"):
        evaluate(translator, pairs, "test")
    with pytest.raises(ConfigError, match="mode is 'wide'"):
        evaluate(translator, pairs, mode="wide")
