"""Values, colours and profiles of pictures: nothing is clipped, crushed or taken
for something else in silence."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from paths import CASES
from PIL import Image, ImageCms, TiffImagePlugin

from pix2pix.cli import main
from pix2pix.config import PaletteEntry
from pix2pix.data.checks.report import inspect_folder
from pix2pix.data.intake.uploads import add_files
from pix2pix.data.kinds import look
from pix2pix.data.pairs import open_pairs, read_pair
from pix2pix.errors import DataError
from pix2pix.imaging.palette import MOST_CLASSES, class_colors, extract_palette, has_class_numbers, has_color
from pix2pix.imaging.tensors import to_rgb, usual_levels
from pix2pix.runtime.files import read_image, read_size


def save_sides(
    folder: Path, sources: list[Image.Image], targets: list[Image.Image], suffix: str = ".tif"
) -> Path:
    for side, images in (("A", sources), ("B", targets)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(images):
            image.save(folder / side / f"{number}{suffix if side == 'A' else '.png'}")
    return folder


def photo(number: int = 0, side: int = 32) -> Image.Image:
    return Image.fromarray(np.random.default_rng(number).integers(0, 255, (side, side, 3), np.uint8))


def deep(low: float, high: float, kind: type, side: int = 32) -> Image.Image:
    return Image.fromarray(np.linspace(low, high, side * side).reshape(side, side).astype(kind))


@pytest.mark.parametrize(
    ("low", "high", "is_float", "levels"),
    [
        (0, 3232, False, (0, 4095)),
        (0, 65000, False, (0, 65535)),
        (0, 255, False, (0, 255)),
        (-1024, 2208, False, (-1024, 2208)),
        (30_000, 31_000, False, (30_000, 31_000)),
        (0, 0.9, True, (0, 1)),
        (-0.8, 0.7, True, (-1, 1)),
        (0, 1.2, True, (0, 1.2)),
        (5, 5, True, (5, 6)),
    ],
)
def test_the_range_of_a_set_is_a_usual_one_or_its_own(
    low: float, high: float, is_float: bool, levels: tuple[float, float]
) -> None:
    assert usual_levels(low, high, is_float=is_float) == levels


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_one_range_holds_for_all_pictures_of_a_side(kind: type, tmp_path: Path) -> None:
    """Scaled one by one, a dark picture would come out as bright as a bright one."""
    save_sides(
        tmp_path,
        [deep(0, 1000, kind), deep(0, 4000, kind), deep(1000, 2000, kind)],
        [photo(n) for n in range(3)],
    )
    pairs = open_pairs(tmp_path).pairs
    assert {pair.source_levels for pair in pairs} == {(0, 4095)} and {
        pair.target_levels for pair in pairs
    } == {None}
    shown = {pair.name: np.asarray(read_pair(pair)[0])[..., 0] for pair in pairs}
    for name, top in (("0", 1000), ("1", 4000), ("2", 2000)):
        assert shown[name].max() == round(255 * top / 4095)
    assert len(np.unique(shown["1"])) > 200


def test_signed_values_are_not_clipped_at_zero(tmp_path: Path) -> None:
    save_sides(tmp_path, [deep(-1000, 1000, np.int32), deep(-500, 2000, np.int32)], [photo(0), photo(1)])
    first = read_pair(next(pair for pair in open_pairs(tmp_path).pairs if pair.name == "0"))[0]
    assert len(np.unique(np.asarray(first)[..., 0])) > 150
    report = inspect_folder(tmp_path)
    assert any("sources from -1000 (black) to 2000 (white)" in finding.what for finding in report.findings)


def test_what_is_no_number_does_not_decide_the_range(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 1024, dtype=np.float32).reshape(32, 32)
    values[0, :3] = np.nan, np.inf, -np.inf
    save_sides(tmp_path, [Image.fromarray(values)] * 2, [photo(0), photo(1)])
    pair = open_pairs(tmp_path).pairs[0]
    assert pair.source_levels == (0, 1)
    assert np.asarray(read_pair(pair)[0])[0, :3, 0].tolist() == [0, 255, 0]


def test_dropped_pictures_keep_their_values(tmp_path: Path) -> None:
    """An upload is written anew: each picture scaled by itself would be wrong for good."""
    save_sides(tmp_path / "set", [deep(0, 1000, np.int32), deep(-500, 4000, np.int32)], [photo(0), photo(1)])
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted((tmp_path / "set").rglob("*.*")):
            archive.write(path, path.relative_to(tmp_path / "set"))
    upload = add_files([tmp_path / "set.zip"], tmp_path / "uploads")
    assert {pair.source_levels for pair in open_pairs(upload.folder).pairs} == {(-500, 4000)}


@pytest.mark.parametrize(("case", "levels"), [("u16_12bit", (0, 4095)), ("ct_s16", (-1024, 2704))])
def test_the_cases_keep_their_levels(case: str, levels: tuple[float, float]) -> None:
    if not CASES.is_dir():
        pytest.skip("no ../shared/cases here")
    pairs = open_pairs(CASES / case)
    assert pairs.pairs[0].source_levels == levels
    assert len(np.unique(np.asarray(read_pair(pairs.pairs[0])[0]))) > 150
    assert look(pairs).source == "gray"


def test_one_coloured_picture_makes_a_side_one_of_colours(tmp_path: Path) -> None:
    grays = [photo(number).convert("L").convert("RGB") for number in range(120)]
    targets = list(grays)
    targets[77] = photo(77)
    save_sides(tmp_path, grays, targets, ".png")
    found = look(open_pairs(tmp_path))
    assert (found.source, found.target) == ("gray", "photo")
    finding = next(finding for finding in inspect_folder(tmp_path).findings if finding.key == "coloured")
    assert (
        finding.what == "Among gray targets 1 is coloured: all are learned in colour."
        and finding.files == ("A/77.png",)
    )
    assert look(open_pairs(tmp_path), target="gray").target == "gray"


def test_small_marks_in_colour_count_and_what_jpeg_does_to_gray_does_not() -> None:
    gray = np.repeat(np.random.default_rng(0).integers(0, 255, (128, 128, 1), np.uint8), 3, axis=2)
    marked = gray.copy()
    marked[5:8, 5:9] = (250, 20, 20)
    assert has_color(marked) and not has_color(gray)
    file = io.BytesIO()
    Image.fromarray(gray).save(file, "JPEG", quality=30)
    assert not has_color(np.asarray(Image.open(file).convert("RGB")))


@pytest.mark.parametrize("classes", [2, 21])
def test_class_numbers_are_found_and_spread_into_colours(
    classes: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    masks = []
    for seed in range(4):
        blocks = np.random.default_rng(seed).integers(0, classes, (4, 4), np.uint8)
        blocks[0, 0], blocks[1, 1] = 0, classes - 1
        masks.append(Image.fromarray(np.kron(blocks, np.ones((16, 16), np.uint8))))
    save_sides(tmp_path / "pairs", masks, [photo(n, 64) for n in range(4)], ".png")
    assert (
        main(["inspect", str(tmp_path / "pairs"), "--mend", "numbers", "-o", str(tmp_path / "mended")]) == 0
    )
    assert "look like class numbers" in capsys.readouterr().out
    pairs = open_pairs(tmp_path / "mended")
    found = look(pairs)
    used = {
        color
        for mask in masks
        for color in (class_colors(MOST_CLASSES)[n] for n in np.unique(np.asarray(mask)))
    }
    colors = {color for _, color in found.palette}
    assert found.source == "labels" and colors <= used and len(colors) >= 0.8 * len(used), (
        "but for classes of the validation pair"
    )
    same = next(pair for pair in pairs.pairs if pair.name == "0")
    np.testing.assert_array_equal(np.asarray(read_pair(same)[1]), np.asarray(photo(0, 64)))
    assert main(["inspect", str(tmp_path / "pairs"), "--mend", "shifted", "-o", str(tmp_path / "x")]) == 2
    assert "these can be mended: numbers" in capsys.readouterr().err


def test_a_dark_photo_is_no_map_of_class_numbers() -> None:
    dark = np.repeat(np.random.default_rng(0).integers(0, 40, (64, 64, 1), np.uint8), 3, axis=2)
    black = np.zeros((64, 64, 3), np.uint8)
    assert not has_class_numbers([dark]) and not has_class_numbers([black])


def test_exact_colours_are_never_merged() -> None:
    """Classes 1 and 2 levels apart are classes: nothing but JPEG or smoothing
    makes neighbours of one colour."""
    colors = [(10, 10, 10), (12, 10, 10), (10, 11, 10), (200, 0, 0), (203, 0, 0)]
    picture = np.repeat(np.repeat(np.array([colors], np.uint8), 20, axis=0), 10, axis=1)
    palette: tuple[PaletteEntry, ...] = extract_palette([picture])
    assert {color for _, color in palette} == set(colors) and len({name for name, _ in palette}) == 5


def tiff(bands: int, extra: int | None) -> Image.Image:
    """A TIFF of 4 bands as a camera with infrared writes it, and what it says of the fourth."""
    values = np.zeros((16, 16, 4), np.uint8)
    values[:] = (60, 120, 40, 100)
    info = TiffImagePlugin.ImageFileDirectory_v2()
    if extra is not None:
        info[338] = extra
    file = io.BytesIO()
    Image.fromarray(values[..., :bands]).save(file, "TIFF", tiffinfo=info)
    data = file.getvalue()
    if extra is None:  # Pillow writes the tag by itself: renamed to one that nobody reads
        data = data.replace((338).to_bytes(2, "little"), (65000).to_bytes(2, "little"), 1)
    return Image.open(io.BytesIO(data))


def test_a_fourth_band_is_transparency_only_where_the_file_says_so() -> None:
    assert to_rgb(tiff(4, None)).getpixel((3, 3)) == (60, 120, 40)
    assert to_rgb(tiff(4, 2)).getpixel((3, 3)) != (60, 120, 40), "declared: laid on white"
    values = np.zeros((16, 16, 4), np.uint8)
    assert to_rgb(Image.fromarray(values)).getpixel((3, 3)) == (255, 255, 255), (
        "PNG and the like always mean it"
    )


@pytest.mark.parametrize("name", ["bands4_extra0", "bands4_extraNone"])
def test_the_case_of_four_bands_keeps_its_colours(name: str) -> None:
    if not CASES.is_dir():
        pytest.skip("no ../shared/cases here")
    assert np.asarray(read_image(CASES / "bands" / f"{name}.tif")).mean((0, 1)).tolist() == [60, 120, 40]


def test_colours_go_by_their_profile_and_a_broken_one_does_no_harm(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8), (200, 40, 90))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, profile in (("srgb", srgb), ("broken", b"no profile"), ("cut", srgb[:200])):
        image.save(tmp_path / f"{name}.png", icc_profile=profile)
        assert read_image(tmp_path / f"{name}.png").getpixel((0, 0)) == (200, 40, 90), name
    if CASES.is_dir():
        plain, read = Image.open(CASES / "p3.png"), read_image(CASES / "p3.png")
        assert np.abs(np.asarray(plain.convert("RGB")).astype(int) - np.asarray(read)).max() >= 20


def test_an_orientation_in_xmp_alone_turns_pixels_and_size(tmp_path: Path) -> None:
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description'
        b' tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    image = Image.new("RGB", (20, 10))
    image.putpixel((0, 0), (255, 0, 0))
    for suffix, options in (
        (".jpg", {"xmp": xmp, "quality": 100, "subsampling": 0}),
        (".webp", {"xmp": xmp, "lossless": True}),
    ):
        image.save(tmp_path / f"turned{suffix}", **options)
        assert (
            read_size(tmp_path / f"turned{suffix}")
            == (10, 20)
            == read_image(tmp_path / f"turned{suffix}").size
        )


def test_of_several_pages_the_first_is_read_and_said(tmp_path: Path) -> None:
    save_sides(tmp_path, [photo(0), photo(1)], [photo(2), photo(3)])
    photo(0).save(tmp_path / "A" / "0.tif", save_all=True, append_images=[photo(5), photo(6)])
    findings = inspect_folder(tmp_path).findings
    assert any(finding.what == "Of 1 file with several pages the first page is read." for finding in findings)
    np.testing.assert_array_equal(np.asarray(read_image(tmp_path / "A" / "0.tif")), np.asarray(photo(0)))


def test_a_picture_of_five_bands_is_named_with_its_cause() -> None:
    if not CASES.is_dir():
        pytest.skip("no ../shared/cases here")
    with pytest.raises(DataError, match="5 bands"):
        read_image(CASES / "bands" / "bands5_extraNone.tif")
