"""Edits are applied to a copy, can be taken back, and are the same for the page and the command line."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.cli import main
from pix2pix.data.edits import Edit
from pix2pix.data.intake.edited_folder import EditList, edits_beside, parse_edits, write_edited
from pix2pix.data.intake.uploads import Upload, apply_edits, edits_of, sweep
from pix2pix.data.pairs import open_pairs
from pix2pix.errors import DataError
from pix2pix.runtime.files import read_image


def picture(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8))


@pytest.fixture
def upload(tmp_path: Path) -> Upload:
    """Four pairs in two folders, sources as PNG and targets as JPEG, below `uploads`."""
    folder = tmp_path / "uploads" / f"{0:016x}" / "houses"
    for number in range(4):
        for side, suffix in (("A", "png"), ("B", "jpg")):
            (folder / side).mkdir(parents=True, exist_ok=True)
            picture(2 * number + (side == "B")).save(folder / side / f"{number}.{suffix}")
    return Upload(folder, ours=True)


def values(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*.*")
        if path.is_file()
    }


def edit(upload: Upload, tmp_path: Path, edits: dict[str, Edit]) -> Upload:
    listed = edits_of(upload)
    pairs = open_pairs(listed.original)
    changed = EditList(listed.original, {**listed.by_file, **edits}, listed.ours)
    return apply_edits(changed, pairs, upload, uploads=tmp_path / "uploads")


def test_what_was_left_out_comes_back_and_the_original_stays(upload: Upload, tmp_path: Path) -> None:
    before = values(upload.folder)
    edits = {"A/0.png": Edit(excluded=True), "A/1.png": Edit(turns=(1, 0)), "A/2.png": Edit(swapped=True)}
    first = edit(upload, tmp_path, edits)
    names = set(values(first.folder))
    assert names == {"A/1.png", "A/2.png", "A/3.png", "B/1.jpg", "B/2.png", "B/3.jpg"}
    turned = np.asarray(read_image(first.folder / "A/1.png"))
    assert np.array_equal(turned, np.rot90(np.asarray(picture(2)), -1))
    # What stood in A is exact in B, where the file was a JPEG before.
    assert np.array_equal(np.asarray(read_image(first.folder / "B/2.png")), np.asarray(picture(4)))
    assert (first.folder / "A/3.png").stat().st_ino == (upload.folder / "A/3.png").stat().st_ino
    assert dict(edits_of(first).by_file) == edits

    second = edit(first, tmp_path, {"A/0.png": Edit(), "A/1.png": Edit()})
    assert "A/0.png" in values(second.folder)
    assert np.array_equal(np.asarray(read_image(second.folder / "A/1.png")), np.asarray(picture(2)))
    assert edit(second, tmp_path, {"A/2.png": Edit()}).folder == upload.folder
    assert values(upload.folder) == before


def test_what_cannot_be_edited_leaves_nothing(upload: Upload, tmp_path: Path) -> None:
    there = set((tmp_path / "uploads").iterdir())
    for edits, words in (
        ({f"A/{number}.png": Edit(excluded=True) for number in range(4)}, "leave out all 4 pairs"),
        ({"A/9.png": Edit(swapped=True)}, "no such pair"),
        ({"A/0.png": Edit(crop=(0, 0, 0.1))}, "keep at least 8"),
    ):
        with pytest.raises(DataError, match=words):
            edit(upload, tmp_path, edits)
        assert set((tmp_path / "uploads").iterdir()) == there


def test_the_original_of_a_folder_in_use_is_not_swept(upload: Upload, tmp_path: Path) -> None:
    edited = edit(upload, tmp_path, {"A/0.png": Edit(excluded=True)})
    old = time.time() - 30 * 86400
    for place in (upload.folder.parent, edited.folder.parent):
        os.utime(place, (old, old))
    os.utime(edited.folder.parent, (old + 60, old + 60))
    assert sweep(tmp_path / "uploads", [edited.folder]) == []
    assert set(sweep(tmp_path / "uploads")) == {upload.folder.parent, edited.folder.parent}


def test_a_list_of_somebody_else_is_not_believed(upload: Upload, tmp_path: Path) -> None:
    (upload.folder.parent / "edits.json").write_text("{", encoding="utf-8")
    assert edits_beside(upload.folder) is None
    for text in ("{", "[]", '{"format": 2, "pairs": {}}', '{"format": 1, "pairs": {"a": {"turns": 1}}}'):
        with pytest.raises(DataError):
            parse_edits(text)


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_the_command_line_makes_the_edits_of_a_list(
    upload: Upload, tmp_path: Path, direction: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edits = {"A/0.png": Edit(excluded=True), "A/1.png": Edit(mirrored=(True, False))}
    edited = edit(upload, tmp_path, edits)
    listed = edited.folder.parent / "edits.json"
    out = tmp_path / "out"
    command = ["inspect", str(upload.folder), "--direction", direction, "--edits", str(listed)]
    assert main([*command, "-o", str(out)]) == 0
    assert values(out) == values(edited.folder)
    assert main([*command, "-o", str(out)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert main(command) == 2


def test_side_by_side_halves_are_edited_in_their_file(tmp_path: Path) -> None:
    both = Image.new("RGB", (32, 16))
    both.paste(picture(0), (0, 0))
    both.paste(picture(1), (16, 0))
    both.save(tmp_path / "0.png")
    (tmp_path / "1.png").write_bytes((tmp_path / "0.png").read_bytes())
    listed = EditList(tmp_path, {"0.png": Edit(swapped=True, turns=(0, 2), crop=(0.5, 0.5, 0.5))})
    write_edited(listed, open_pairs(tmp_path), out=tmp_path / "out")
    expected = np.hstack([np.asarray(picture(1))[8:, 8:], np.rot90(np.asarray(picture(0)), 2)[8:, 8:]])
    assert np.array_equal(np.asarray(read_image(tmp_path / "out" / "0.png")), expected)
    assert (tmp_path / "out" / "1.png").read_bytes() == (tmp_path / "1.png").read_bytes()
