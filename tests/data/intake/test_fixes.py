"""Each remedy mends what was found, on a copy; found again it is not there any more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pix2pix.data.checks.report import Report, inspect_folder
from pix2pix.data.intake.fixes import Case, _cut_in_the_middle, clean_labels, mend
from pix2pix.imaging.palette import extract_palette
from pix2pix.runtime.files import read_image, read_size, read_values

SIDE = 64
COLORS = [(255, 80, 0), (0, 128, 255), (40, 200, 60)]


def halves(number: int, side: int = SIDE) -> tuple[Image.Image, Image.Image]:
    """Boxes as labels, and the same boxes as a grainy picture."""
    random = np.random.default_rng(number)
    labels = Image.new("RGB", (side, side), (0, 0, 222))
    for box in range(6):
        left, top = (int(place) for place in random.integers(0, side - 12, 2))
        width, height = (int(length) for length in random.integers(side // 8, side // 3, 2))
        ImageDraw.Draw(labels).rectangle((left, top, left + width, top + height), fill=COLORS[box % 3])
    grain = (
        random.normal(0, 12, (side, side, 3))
        + np.asarray(labels.convert("L"))[..., None] * [0.9, 0.7, 0.5]
        + 20
    )
    return labels, Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8))


def save_folders(
    root: Path, count: int, change=lambda number, source, target: (source, target), suffix: str = "png"
) -> Path:
    for number in range(count):
        source, target = change(number, *halves(number))
        for half, image in (("A", source), ("B", target)):
            (root / half).mkdir(parents=True, exist_ok=True)
            image.save(
                root / half / f"{number}.{suffix}",
                **({"quality": 92, "subsampling": 0} if suffix == "jpg" else {}),
            )
    return root


def found(report: Report) -> dict[str, Case]:
    cases = {each.key: Case(each.key, each.files, each.amount, report) for each in report.findings}
    for problem in report.problems:
        files = (*(cases[problem.kind].files if problem.kind in cases else ()), problem.file)
        cases[problem.kind] = Case(problem.kind, files, report=report)
    return cases


def mended(folder: Path, key: str) -> Report:
    """The report after the remedy; the folder itself is the same, to the byte."""
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    out = folder.with_name(f"{folder.name}-{key}")
    mend(found(inspect_folder(folder))[key], folder, out=out, ours=True)
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before
    assert not list(folder.parent.glob("*.part"))
    report = inspect_folder(out)
    assert key not in found(report)
    return report


def move(image: Image.Image, across: int, down: int) -> Image.Image:
    return Image.fromarray(np.roll(np.asarray(image), (down, across), (0, 1)))


@pytest.mark.parametrize(("across", "down"), [(6, 0), (-5, 4), (0, -7)])
def test_shifted_halves_are_found_and_moved_back(tmp_path: Path, across: int, down: int) -> None:
    folder = save_folders(tmp_path / "x", 8, lambda _, source, target: (source, move(target, across, down)))
    shift = found(inspect_folder(folder))["shifted"].amount
    assert abs(shift[0] - across) <= 1 and abs(shift[1] - down) <= 1
    mended(folder, "shifted")


def test_aligned_and_unlike_halves_are_not_called_shifted(tmp_path: Path) -> None:
    assert "shifted" not in found(inspect_folder(save_folders(tmp_path / "x", 8)))
    noise = [
        Image.fromarray(np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), np.uint8))
        for seed in range(8)
    ]
    assert "shifted" not in found(
        inspect_folder(save_folders(tmp_path / "y", 8, lambda number, source, _: (source, noise[number])))
    )


def test_labels_that_went_through_jpeg_get_their_colours_back_and_photos_stay(tmp_path: Path) -> None:
    folder = save_folders(tmp_path / "x", 6, suffix="jpg")
    report = mended(folder, "scattered")
    out = tmp_path / "x-scattered"
    assert report.source.kind == "labels"
    assert sorted(path.name for path in (out / "A").iterdir()) == [f"{number}.png" for number in range(6)]
    assert (out / "B/0.jpg").exists()
    cleaned = np.asarray(read_image(out / "A/0.png"))
    assert len(np.unique(cleaned.reshape(-1, 3), axis=0)) <= 8
    truth = np.asarray(halves(0)[0])
    assert (np.abs(cleaned.astype(int) - truth).max(axis=2) > 24).mean() < 0.1


def test_cleaning_leaves_no_thin_outline_of_a_third_colour(tmp_path: Path) -> None:
    """Between blue and yellow JPEG makes gray, which is a class of its own here."""
    picture = Image.new("RGB", (64, 64), (0, 0, 255))
    ImageDraw.Draw(picture).rectangle((20, 0, 63, 63), fill=(255, 255, 0))
    ImageDraw.Draw(picture).rectangle((0, 50, 12, 63), fill=(128, 128, 128))
    picture.save(tmp_path / "x.jpg", quality=60)
    jpeg = np.array(read_image(tmp_path / "x.jpg"))
    cleaned = clean_labels(jpeg, extract_palette([np.asarray(picture)]))
    gray = (cleaned == 128).all(axis=2)
    assert gray[52:, :11].mean() > 0.95
    assert not gray[:45].any()


def test_halves_of_two_sizes_and_pairs_of_other_sizes_become_one(tmp_path: Path) -> None:
    def change(number: int, source: Image.Image, target: Image.Image) -> tuple[Image.Image, Image.Image]:
        if number == 1:
            return source.resize((48, 48)), target
        return (source.resize((96, 96)), target.resize((96, 96))) if number == 2 else (source, target)

    folder = save_folders(tmp_path / "x", 6, change)
    assert sum(mended(folder, "unequal").counts.values()) == 6
    assert mended(folder, "sizes").sizes == ((SIDE, SIDE, 5),)


def test_pictures_that_are_not_square_are_cropped(tmp_path: Path) -> None:
    folder = save_folders(
        tmp_path / "x",
        4,
        lambda _, source, target: (source.crop((0, 0, 64, 48)), target.crop((0, 0, 64, 48))),
    )
    assert mended(folder, "stretched").sizes == ((48, 48, 4),)


@pytest.mark.parametrize("width", [127, 129, 160])
def test_a_pair_of_an_odd_width_is_cut_in_the_middle(tmp_path: Path, width: int) -> None:
    (tmp_path / "x").mkdir()
    for number in range(5):
        both = Image.new("RGB", (128, 64))
        for half, image in enumerate(halves(number)):
            both.paste(image, (64 * half, 0))
        (both.resize((width, 64)) if number == 4 else both).save(tmp_path / "x" / f"{number}.png")
    assert sum(mended(tmp_path / "x", "shape").counts.values()) == 5
    assert read_size(tmp_path / "x-shape/4.png") == (128, 64)


def test_copies_leaks_and_what_fits_nowhere_are_taken_out(tmp_path: Path) -> None:
    save_folders(tmp_path / "x" / "train", 6)
    save_folders(tmp_path / "x" / "val", 2)
    for name, number in (("copy", 3), ("new", 8)):
        for half, image in zip("AB", halves(number), strict=True):
            image.save(tmp_path / "x" / "train" / half / f"{name}.png")
    (tmp_path / "x/train/A/alone.png").write_bytes((tmp_path / "x/train/A/0.png").read_bytes())
    (tmp_path / "x/train/A/bad.png").write_bytes(b"nothing")
    (tmp_path / "x/train/B/bad.png").write_bytes(b"nothing")
    assert {"copies", "leaked", "unpaired", "unreadable"} <= set(found(inspect_folder(tmp_path / "x")))
    assert mended(tmp_path / "x", "unpaired").counts["train"] == 8
    assert mended(tmp_path / "x", "leaked").drawn
    assert sum(mended(tmp_path / "x", "copies").counts.values()) == 7
    assert [problem.file for problem in mended(tmp_path / "x", "unreadable").problems] == [
        "train/A/alone.png"
    ]


def save_deep(root: Path, sizes: list[tuple[int, int]]) -> Path:
    """Sources of 12 bits in 16-bit PNG, one brighter than the other; targets are photos."""
    for number, (width, height) in enumerate(sizes):
        values = np.linspace(0, 3000 - 1000 * number, width * height).reshape(height, width)
        for half in "AB":
            (root / half).mkdir(parents=True, exist_ok=True)
        Image.fromarray(values.astype(np.uint16)).save(root / "A" / f"{number}.png")
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (64, 64, 3), np.uint8)).save(
            root / "B" / f"{number}.png"
        )
    return root


def test_mended_pictures_of_more_than_8_bits_keep_their_values(tmp_path: Path) -> None:
    """Scaled one by one, or each to 8 bits, they would no longer be those that a model is given later."""
    folder = save_deep(tmp_path / "unequal", [(64, 64), (32, 32)])
    report = mended(folder, "unequal")
    assert report.source.levels == (0, 4095) and not report.problems
    made = read_values(next((tmp_path / "unequal-unequal" / "A").glob("1.*")))
    assert made.size == (64, 64) and (np.asarray(made).min(), np.asarray(made).max()) == (0, 2000)


def test_the_other_half_of_spread_class_numbers_keeps_its_bits(tmp_path: Path) -> None:
    folder = save_deep(tmp_path / "scans", [(64, 64)] * 4)
    for number in range(4):
        blocks = np.random.default_rng(number).integers(0, 5, (4, 4), np.uint8)
        Image.fromarray(np.kron(blocks, np.ones((16, 16), np.uint8))).save(folder / "B" / f"{number}.png")
    report = mended(folder, "numbers")
    assert (report.target.kind, report.source.levels) == ("labels", (0, 4095))
    same = tmp_path / "scans-numbers" / "A" / "0.png"
    assert same.read_bytes() == (folder / "A" / "0.png").read_bytes()


def test_pairs_of_deep_halves_in_one_file_are_cut_with_their_values(tmp_path: Path) -> None:
    for number in range(2):
        values = np.linspace(-1000, 2000, 32 * 96, dtype=np.float32).reshape(32, 96)
        Image.fromarray(values).save(tmp_path / f"{number}.tif")
        _cut_in_the_middle(tmp_path / f"{number}.tif")
    made = read_values(tmp_path / "0.tif")
    assert made.mode == "F" and made.size == (64, 32)
    assert -1000 <= np.asarray(made).min() < -990 and 1990 < np.asarray(made).max() <= 2000
