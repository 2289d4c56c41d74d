"""`pix2pix inspect` and `prepare`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
