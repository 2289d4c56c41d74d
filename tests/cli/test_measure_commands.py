"""`pix2pix evaluate`, `segmenter` and `ablate` on tiny pairs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from pix2pix.cli import main

SEGMENTER = ["--size", "32", "--width", "4", "--steps", "5", "--batch", "2"]
CELL = [
    "--size",
    "16",
    "--width",
    "2",
    "--discriminator-width",
    "2",
    "--steps",
    "2",
    "--patch",
    "16",
    "--precision",
    "fp32",
]


@pytest.fixture(scope="module")
def segmenter(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("judge") / "segmenter.pth"
    assert main(["segmenter", str(pairs), "--to", str(file), *SEGMENTER]) == 0
    return str(file)


@pytest.fixture
def model(tiny_run: Path) -> str:
    return str(tiny_run / "model.pth")


def test_evaluate_prints_a_table_and_writes_what_was_asked_for(
    model: str, pairs: Path, segmenter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {kind: tmp_path / f"scores.{kind}" for kind in ("json", "csv", "html")}
    flags = [text for kind, file in files.items() for text in (f"--{kind}", str(file))]
    assert main(["evaluate", model, str(pairs), "--split", "all", "--segmenter", segmenter, *flags]) == 0
    values = json.loads(files["json"].read_text())
    assert values["count"] == len(values["pictures"]) == 6
    assert {"l1", "psnr", "ssim", "fcn_accuracy"} <= set(values["means"]) and "real_fcn_iou" in values[
        "overall"
    ]
    rows = list(csv.DictReader(io.StringIO(files["csv"].read_text())))
    assert [row["name"] for row in rows] == [row["name"] for row in values["pictures"]]
    table = capsys.readouterr().out
    assert table.startswith("6 all pairs at 32 x 32, ")
    assert all(word in table for word in ("l1", "Lab colours", "generated photos", "real photos"))
    assert (files["html"] / "index.html").is_file()


def test_evaluate_leaves_other_folders_alone(
    model: str, pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["evaluate", model, str(pairs), "--html", str(tmp_path)]) == 2
    assert "holds other files already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_model_in_the_place_of_a_segmenter_is_a_sentence(
    model: str, pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", model, str(pairs), "--segmenter", model]) == 2
    assert "holds no segmenter" in capsys.readouterr().err


def test_ablate_trains_scores_and_keeps_what_is_finished(
    pairs: Path, segmenter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["ablate", str(pairs), "--out", str(tmp_path / "grid"), "--segmenter", segmenter, *CELL]
    assert main(command) == 0
    first = capsys.readouterr()
    assert first.err.count(": starts\n") == 8
    assert (
        "### Losses" in first.out
        and "At size 16 there is no patch of 286 x 286 (from 96 pixels on)." in first.out
    )
    assert sorted(path.name for path in (tmp_path / "grid").iterdir() if path.is_file()) == [
        "generators.png",
        "losses.png",
        "patches.png",
        "scores.csv",
        "scores.json",
        "sheet.png",
        "table.md",
    ]
    assert main(command) == 0
    again = capsys.readouterr()
    assert again.err.count(": kept\n") == 8 and again.out == first.out


def test_what_the_grid_changes_is_not_to_be_asked_for(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ablate", str(pairs), "--out", str(tmp_path / "grid"), "--no-skips"]) == 2
    assert "skips is what the ablation changes by itself" in capsys.readouterr().err
    assert main(["ablate", str(pairs), "--out", str(tmp_path / "grid"), "--l1", "0"]) == 2
    assert "choose a GAN loss, and l1 above 0" in capsys.readouterr().err
    assert not (tmp_path / "grid").exists()
