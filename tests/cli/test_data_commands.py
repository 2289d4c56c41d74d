"""`pix2pix inspect` and `prepare`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from pix2pix.cli import main


def test_inspect_tells_what_is_there(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(pairs)]) == 0
    report = capsys.readouterr().out
    assert "6 pairs, side by side" in report
    assert "64 x 64" in report


def test_inspect_as_json_is_one_object(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(pairs), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["layout"] == "side by side"


def test_inspect_of_nothing_gives_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["gray", "edges", "mask", "lowres"])
def test_prepare_makes_pairs_that_inspect_can_read(
    kind: str, pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made"
    assert main(["prepare", str(pairs), "-o", str(out), "--make", kind, "--size", "64"]) == 0
    assert "6 pairs written" in capsys.readouterr().err
    assert main(["inspect", str(out)]) == 0
    assert "6 pairs, side by side" in capsys.readouterr().out


def test_prepare_leaves_a_folder_with_files_alone(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["prepare", str(pairs), "-o", str(tmp_path), "--make", "gray"]) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def sides(root: Path, *counts: int) -> Path:
    """Two folders of single pictures with other names."""
    for folder, count in zip(("monet", "photo"), counts, strict=True):
        for number in range(count):
            (root / folder).mkdir(parents=True, exist_ok=True)
            colour = (40 * number % 256, 200 - 30 * number, 90 + 70 * (folder == "photo") + number)
            Image.new("RGB", (32, 32), colour).save(root / folder / f"{folder}{number}.png")
    return root


def test_inspect_offers_training_without_pairs_where_nothing_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(sides(tmp_path, 3, 5))]) == 0
    said = capsys.readouterr().out
    assert "3 pictures in monet and 5 in photo, without pairs" in said
    assert "3 and 5 pictures that do not pair: train without pairs (--method cyclegan), or mend" in said


def test_inspect_offers_it_too_where_a_few_names_are_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, first in (("A", 0), ("B", 9)):
        for number in range(first, first + 10):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.new("RGB", (32, 32), (20 * number % 256, 9, first)).save(
                tmp_path / folder / f"{number}.png"
            )
    assert main(["inspect", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "1 pair, two folders" in said and "10 and 10 pictures that do not pair, all but 1:" in said
    assert main(["inspect", str(tmp_path), "--layout", "folders"]) == 0
    assert "do not pair, all but 1" in capsys.readouterr().out


def test_inspect_of_two_folders_is_of_two_sides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = sides(tmp_path, 3, 5)
    assert main(["inspect", str(root / "photo"), str(root / "monet"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["layout"] == "without pairs" and report["folders"] == ["photo", "monet"]
    assert main(["inspect", str(root), "--method", "cyclegan", "--direction", "BtoA"]) == 0
    assert "5 pictures in photo and 3 in monet" in capsys.readouterr().out
    assert main(["inspect", str(root / "photo"), str(root / "photo")]) == 2
    assert "the same folder" in capsys.readouterr().err


def test_copies_on_and_across_sides_are_found_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = sides(tmp_path / "data", 4, 5)
    shutil.copy(root / "monet" / "monet1.png", root / "monet" / "again.png")
    shutil.copy(root / "monet" / "monet2.png", root / "photo" / "stray.png")
    (root / "photo" / "broken.png").write_bytes(b"no picture")
    assert main(["inspect", str(root)]) == 0
    said = capsys.readouterr().out
    assert "monet: 1 picture is a copy of another." in said
    assert "1 picture of photo is in monet too." in said and "photo/stray.png" in said
    assert "left out: photo/broken.png" in said
    out = tmp_path / "mended"
    assert main(["inspect", str(root), "--mend", "across", "-o", str(out)]) == 0
    assert not (out / "photo" / "stray.png").exists() and (out / "monet" / "monet2.png").exists()
    assert main(["inspect", str(root), "--mend", "stretched", "-o", str(tmp_path / "x")]) == 2
    two = [str(root / "monet"), str(root / "photo")]
    assert main(["inspect", *two, "--mend", "copies", "-o", str(tmp_path / "x")]) == 2
    assert "put both sides into one" in capsys.readouterr().err


def test_two_folders_are_trained_on_without_pairs_or_not_at_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = sides(tmp_path, 3, 5)
    assert main(["train", str(root / "monet"), str(root / "photo"), "--run", str(tmp_path / "run")]) == 2
    assert "--method cyclegan" in capsys.readouterr().err and not (tmp_path / "run").exists()
