"""A report says what is in a folder and what is wrong with it, each with a remedy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from paths import SHARED
from PIL import Image, ImageDraw

from pix2pix.config import TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.data.checks.report import Report, inspect_folder
from pix2pix.data.kinds import look
from pix2pix.data.pairs import open_pairs
from pix2pix.imaging.palette import FACADES

DATA = SHARED / "data"


def photo(seed: int, side: int = 256) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    grain = np.random.default_rng(seed).normal(0, 8, (side, side, 3))
    clouds = Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)
    return Image.fromarray(np.clip(np.asarray(clouds) + grain, 0, 255).astype(np.uint8))


def labels(seed: int, side: int = 256) -> Image.Image:
    image = Image.new("RGB", (side, side), (0, 0, 222))
    for number in range(8):
        left, top = (int(value) for value in np.random.default_rng([seed, number]).integers(0, side - 40, 2))
        ImageDraw.Draw(image).rectangle(
            (left, top, left + 60, top + 30), fill=[(255, 80, 0), (0, 128, 255)][number % 2]
        )
    return image


def save_pair(path: Path, left: Image.Image, right: Image.Image) -> None:
    both = Image.new("RGB", (left.width + right.width, left.height))
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    both.save(path)


def findings(report: Report) -> dict[str, tuple[str, ...]]:
    return {f"{finding.what} {finding.remedy}": finding.files for finding in report.findings}


def test_good_folder_is_described_without_findings(tmp_path: Path) -> None:
    for seed in range(5):
        save_pair(tmp_path / ("val" if seed == 4 else "train") / f"{seed}.png", labels(seed), photo(seed))
    told: list[tuple[int, int]] = []
    report = inspect_folder(tmp_path, progress=lambda done, of: told.append((done, of)))
    assert (report.layout, report.counts, report.sizes) == (
        "side by side",
        {"train": 4, "val": 1, "test": 0},
        ((256, 256, 5),),
    )
    assert (report.source.kind, report.source.colors, report.target.kind) == ("labels", 3, "photo")
    assert report.findings == report.problems == ()
    assert report.guessed_direction == "AtoB"
    assert told[-1] == (5, 5)
    assert "5 pairs, side by side, halves 256 x 256" in report.text()
    assert "labels, 3 colours" in str(report)
    assert json.loads(json.dumps(report.to_dict()))["source"]["palette"][0][1] == [0, 0, 222]


def test_the_headline_says_what_lies_where(tmp_path: Path) -> None:
    for seed in range(4):
        save_pair(tmp_path / f"{seed}.png", photo(seed, 64), labels(seed, 64))
    report = inspect_folder(tmp_path, direction="BtoA")
    assert report.headline() == "4 pairs, side by side, 128 x 64, labels on the right: 3 colours"
    assert report.turned().headline() == report.headline()
    assert (report.turned().direction, report.turned().source.kind) == ("AtoB", "photo")
    assert report.turned().turned() == report
    photos = inspect_folder(tmp_path, make="gray")
    assert photos.headline() == "4 photos, 128 x 64"


def test_everything_that_is_wrong_is_found_with_a_remedy(tmp_path: Path) -> None:
    for seed in range(6):
        save_pair(tmp_path / "train" / f"{seed}.png", photo(seed), labels(seed))
    save_pair(tmp_path / "train" / "copy.png", photo(1), labels(1))
    save_pair(tmp_path / "val" / "leak.png", photo(2), labels(7))
    (tmp_path / "train" / "cut.png").write_bytes((tmp_path / "train" / "0.png").read_bytes()[:3000])
    Image.new("RGB", (40, 30)).save(tmp_path / "train" / "single.png")
    report = inspect_folder(tmp_path)
    assert report.guessed_direction == "BtoA"
    assert {problem.file for problem in report.problems} == {"train/cut.png", "train/single.png"}
    lines = [line for line in report.text().splitlines() if line.startswith("left out: ")]
    assert sorted(line.split()[2] for line in lines) == ["train/cut.png", "train/single.png"]
    assert all(line.count(".png") == 1 for line in lines)
    found = findings(report)
    assert any("wrong way round" in what and "--direction BtoA" in what for what in found)
    assert ("val/leak.png",) in found.values()
    assert {("train/1.png",), ("train/copy.png",)} & set(found.values())


def test_gray_among_coloured_small_and_stretched_are_found(tmp_path: Path) -> None:
    for seed in range(5):
        (tmp_path / "photos").mkdir(exist_ok=True)
        photo(seed, 40).crop((0, 0, 40, 30)).save(tmp_path / "photos" / f"{seed}.png")
    photo(9, 40).convert("L").save(tmp_path / "photos" / "gray.png")
    report = inspect_folder(tmp_path / "photos", make="lowres")
    found = findings(report)
    assert report.source.kind == "lowres"
    assert ("gray.png",) in found.values()
    assert any("not square" in what for what in found)
    assert any("Train with --size 16" in what for what in found)
    assert report.text().startswith("6 photos, halves 40 x 30")


def shoe(seed: int, *, chroma: int) -> Image.Image:
    """A coloured thing on white, or a black one; a photograph's noise differs between its channels."""
    random = np.random.default_rng(seed)
    pixels = np.full((256, 256, 3), 245) + random.integers(-4, 5, (256, 256, 3))
    pixels[60:200, 30:220] = random.integers(40, 90, (140, 190, 1)) + random.integers(-3, 4, (140, 190, 3))
    pixels[60:200, 30:220, 0] += chroma
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def save_shoes(root: Path, last: Image.Image) -> tuple[str, ...]:
    """Six pairs, the last one with the given photo; returns what the doctor takes for gray among coloured."""
    for seed in range(6):
        shown = last if seed == 5 else shoe(seed, chroma=100 if seed % 3 else 0)
        for side, image in (("A", labels(seed)), ("B", shown)):
            (root / side).mkdir(parents=True, exist_ok=True)
            image.save(root / side / f"{seed}.png")
    found = {finding.key: finding for finding in inspect_folder(root).findings}
    return found["gray"].files if "gray" in found else ()


def test_a_gray_thing_among_coloured_things_is_no_gray_picture(tmp_path: Path) -> None:
    black = shoe(9, chroma=0)
    assert save_shoes(tmp_path / "thing", black) == ()
    assert save_shoes(tmp_path / "one-channel", black.convert("L")) == ("A/5.png",)
    # Stored with three channels, but to the bit without the tints that the other photos have.
    assert save_shoes(tmp_path / "three", black.convert("L").convert("RGB")) == ("A/5.png",)


def test_a_gray_thing_in_a_set_that_was_drawn_by_computer_is_no_gray_picture(tmp_path: Path) -> None:
    for seed in range(6):
        image = Image.new("RGB", (256, 256), (200, 200, 200))
        color = (90, 90, 90) if seed == 5 else (200, 40 * seed, 30)
        shade = np.asarray(image).copy()
        shade[60:200, 30:220] = np.linspace(0.4, 1, 190)[None, :, None] * np.array(color)
        save_pair(tmp_path / f"{seed}.png", labels(seed), Image.fromarray(shade))
    assert "gray" not in {finding.key for finding in inspect_folder(tmp_path).findings}


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data")
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("facades", ("photo", "labels")),
        ("maps", ("photo", "labels")),
        ("edges2shoes", ("edges", "photo")),
        ("landscapes_gray2color", ("gray", "photo")),
    ],
)
def test_real_halves_are_told_apart(name: str, kinds: tuple[str, str]) -> None:
    looks = look(open_pairs(DATA / name))
    assert (looks.source, looks.target) == kinds
    assert name != "facades" or looks.target_palette == FACADES
    assert name != "maps" or 5 <= len(looks.target_palette) <= 9


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data")
def test_facades_open_as_the_paper_has_them() -> None:
    dataset = Dataset.open(TrainConfig(data=str(DATA / "facades"), direction="BtoA"))
    assert (dataset.train_size, len(dataset.folder.val), len(dataset.folder.test)) == (400, 50, 106)
    assert (dataset.source, dataset.palette, dataset.problems) == ("labels", FACADES, ())
    assert dataset.pixels(0)[0].shape == (1, 3, 256, 256)
