"""The half of a pair that is turned is found; pairs as they should be are not accused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from paths import SHARED
from PIL import Image, ImageDraw

from pix2pix.data.checks.report import inspect_folder
from pix2pix.data.checks.turns import needed_turn, turn_scores
from pix2pix.data.intake.fixes import Case, mend
from pix2pix.data.pairs import open_pairs, read_pair
from pix2pix.runtime.files import read_image

DATA = SHARED / "data"
SIDE = 64


def house(seed: int) -> tuple[Image.Image, Image.Image]:
    """Labels of a house with a door below and windows in rows, and a grainy picture of it."""
    random = np.random.default_rng(seed)
    labels = Image.new("RGB", (SIDE, SIDE), (0, 0, 222))
    pen = ImageDraw.Draw(labels)
    for row in range(3):
        pen.rectangle((0, 16 * row + 12, SIDE, 16 * row + 14), fill=(255, 80, 0))
        for column in range(int(random.integers(3, 6))):
            left = column * 12 + int(random.integers(0, 4))
            pen.rectangle((left, 16 * row + 3, left + 6, 16 * row + 9), fill=(0, 128, 255))
    pen.rectangle((26, 50, 38, SIDE), fill=(170, 0, 0))
    gray = np.asarray(labels.convert("L"))[..., None] * [0.9, 0.7, 0.5] + random.normal(0, 9, (SIDE, SIDE, 3))
    return labels, Image.fromarray(np.clip(gray + 20, 0, 255).astype(np.uint8))


def save(path: Path, left: Image.Image, right: Image.Image) -> None:
    both = Image.new("RGB", (2 * SIDE, SIDE))
    both.paste(left, (0, 0))
    both.paste(right, (SIDE, 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    both.save(path)


def test_the_turned_half_is_found_whichever_it_is_and_turned_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for seed in range(8):
        save(data / f"{seed}.png", *house(seed))
    labels, photo = house(8)
    save(data / "left.png", labels.transpose(Image.Transpose.ROTATE_90), photo)
    save(data / "right.png", labels, photo.transpose(Image.Transpose.ROTATE_270))
    save(data / "over.png", labels, photo.transpose(Image.Transpose.ROTATE_180))
    report = inspect_folder(data)
    (found,) = [finding for finding in report.findings if finding.key == "turned"]
    turns = dict(zip(found.files, found.turns, strict=True))
    assert turns == {"left.png": (1, 0), "right.png": (0, 3), "over.png": (0, 2)}
    reversed_report = inspect_folder(data, direction="BtoA")
    (other,) = [finding for finding in reversed_report.findings if finding.key == "turned"]
    assert dict(zip(other.files, other.turns, strict=True)) == turns

    for number, each in enumerate((report, reversed_report, report.turned())):
        out = tmp_path / f"mended{number}"
        mend(Case("turned", found.files, report=each), data, out=out, ours=False)
        whole = np.hstack([np.asarray(labels), np.asarray(photo)])
        for file in found.files:
            assert np.array_equal(np.asarray(read_image(out / file)), whole)
    assert not [finding for finding in inspect_folder(out).findings if finding.key == "turned"]


def test_pairs_that_do_not_fit_in_any_turn_are_not_accused(tmp_path: Path) -> None:
    noise = [
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), np.uint8))
        for seed in range(6)
    ]
    for seed in range(6):
        save(tmp_path / f"{seed}.png", house(seed)[0], noise[seed])
    assert "turned" not in {finding.key for finding in inspect_folder(tmp_path).findings}


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data")
@pytest.mark.parametrize(("name", "least"), [("facades", 90), ("edges2shoes", 100)])
def test_real_pairs_are_not_accused_and_found_once_turned(name: str, least: int) -> None:
    pairs = open_pairs(DATA / name).pairs
    found = 0
    for place in range(100):
        first, second = map(np.asarray, read_pair(pairs[place * len(pairs) // 100]))
        assert needed_turn(turn_scores(first, second)) == 0, pairs[place]
        found += needed_turn(turn_scores(first, np.rot90(second))) == 1
    assert found >= least


def test_findings_with_a_direction_follow_when_sources_and_targets_are_exchanged(tmp_path: Path) -> None:
    for seed in range(8):
        labels, photo = house(seed)
        shifted = Image.fromarray(np.roll(np.asarray(photo), (0, 5), axis=(0, 1)))
        save(tmp_path / f"{seed}.png", labels, shifted)
    report = inspect_folder(tmp_path, direction="AtoB")
    for each, amount in ((report, (5, 0)), (report.turned(), (-5, 0)), (report.turned().turned(), (5, 0))):
        (found,) = [finding for finding in each.findings if finding.key == "shifted"]
        assert found.amount == amount
        assert ("to the right" in found.what) == (amount[0] > 0)
        mend(Case("shifted", amount=found.amount, report=each), tmp_path, out=tmp_path / "x", ours=False)
        assert "shifted" not in {finding.key for finding in inspect_folder(tmp_path / "x").findings}
        shutil.rmtree(tmp_path / "x")
