"""Pairs are made from single photos, and read again as what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.checks.report import inspect_folder
from pix2pix.data.made_sources import MADE, holes_of
from pix2pix.data.pairs import open_pairs
from pix2pix.data.prepare import make_source, prepare
from pix2pix.errors import ConfigError, DataError
from pix2pix.imaging.palette import HOLE


def photo(seed: int, width: int = 80, height: int = 60) -> Image.Image:
    """Coloured patches with grain: there are edges to be found."""
    patches = (
        np.random.default_rng(seed)
        .integers(0, 256, (4, 5, 3), np.uint8)
        .repeat(height // 4, 0)
        .repeat(width // 5, 1)
    )
    grain = np.random.default_rng(seed).normal(0, 5, patches.shape)
    return Image.fromarray(np.clip(patches + grain, 0, 255).astype(np.uint8))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(6):
        path = tmp_path / "photos" / ("val" if number == 5 else "train") / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(number).save(path, quality=95)
    return tmp_path / "photos"


def test_gray_is_luma_and_edges_are_black_on_white() -> None:
    gray = np.asarray(make_source(photo(0), "gray"))
    assert np.array_equal(gray[..., 0], np.asarray(photo(0).convert("L")))
    edges = np.asarray(make_source(photo(0), "edges"))
    assert set(np.unique(edges)) == {0, 255}
    assert 0.005 < (edges == 0).mean() < 0.3


def test_lowres_keeps_the_size_and_loses_the_grain() -> None:
    lowres = make_source(photo(0), "lowres")
    assert lowres.size == (80, 60)
    assert (
        np.diff(np.asarray(lowres, float), axis=1).std() < np.diff(np.asarray(photo(0), float), axis=1).std()
    )


def test_holes_are_a_function_of_the_seed_and_a_fair_part() -> None:
    assert np.array_equal(holes_of(60, 80, seed=3), holes_of(60, 80, seed=3))
    shares = [holes_of(60, 80, seed=seed).mean() for seed in range(50)]
    assert 0.15 < np.mean(shares) < 0.45
    assert 0 < min(shares) <= max(shares) < 0.9
    holes = holes_of(60, 80, seed=3)
    source = np.asarray(make_source(photo(0), "mask", 3))
    assert (source[holes] == HOLE).all()
    assert np.array_equal(source[~holes], np.asarray(photo(0))[~holes])


@pytest.mark.parametrize("kind", MADE)
def test_tiny_pictures_have_sources_too(kind: str) -> None:
    assert make_source(Image.new("RGB", (3, 2), "red"), kind).size == (3, 2)


@pytest.mark.parametrize("kind", MADE)
def test_pairs_are_written_side_by_side_in_their_splits(photos: Path, tmp_path: Path, kind: str) -> None:
    told: list[tuple[int, int]] = []
    done = prepare(photos, tmp_path / "out", kind=kind, size=32, progress=lambda *count: told.append(count))
    assert (done.count, done.problems, told[-1]) == (6, (), (6, 6))
    folder = open_pairs(done.folder)
    assert (folder.layout, len(folder.train), len(folder.val), folder.problems) == ("side by side", 5, 1, ())
    source, target = folder.load(folder.train[0])
    assert source.size == target.size == (32, 32)
    if kind != "mask":
        assert np.array_equal(np.asarray(source), np.asarray(make_source(target, kind)))


@pytest.mark.parametrize("kind", ["gray", "edges", "mask"])
def test_prepared_pairs_are_recognised(photos: Path, tmp_path: Path, kind: str) -> None:
    prepare(photos, tmp_path / "out", kind=kind, size=64)
    assert inspect_folder(tmp_path / "out").source.kind == kind


def test_photos_can_keep_their_shape_in_two_folders(photos: Path, tmp_path: Path) -> None:
    prepare(photos, tmp_path / "out", kind="gray", size=0)
    folder = open_pairs(tmp_path / "out")
    assert (folder.layout, len(folder.train), len(folder.val)) == ("two folders", 5, 1)
    assert folder.load(folder.train[0])[0].size == (80, 60)


def test_same_seed_writes_the_same_holes(photos: Path, tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        prepare(photos, tmp_path / name, kind="mask", size=32, seed=seed)
    one, again, other = (
        (tmp_path / name / "train" / "0.png").read_bytes() for name in ("one", "again", "other")
    )
    assert one == again != other


def test_names_that_would_read_as_halves_or_clash_are_changed(tmp_path: Path) -> None:
    for name in ("x_A.png", "x_B.png", "A/x.png", "B/x.png", "y.png", "y.bmp", "cats/y.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(0).save(path)
    assert prepare(tmp_path / "photos", tmp_path / "out", kind="gray", size=16).count == 7
    folder = open_pairs(tmp_path / "out")
    assert (folder.layout, len(folder.pairs), folder.problems) == ("side by side", 7, ())


def test_broken_photos_are_left_out_and_named(photos: Path, tmp_path: Path) -> None:
    (photos / "train" / "cut.jpg").write_bytes((photos / "train" / "0.jpg").read_bytes()[:900])
    (photos / "train" / "none.jpg").write_bytes(b"")
    done = prepare(photos, tmp_path / "out", kind="gray", size=16)
    assert done.count == len(open_pairs(tmp_path / "out").pairs) == 6
    assert {problem.file for problem in done.problems} == {"train/cut.jpg", "train/none.jpg"}


def test_folder_that_is_not_empty_is_left_alone(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")
    with pytest.raises(DataError, match="not an empty folder"):
        prepare(photos, tmp_path / "out", kind="gray")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_settings_that_make_no_sense_are_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="choose one of gray, edges, mask, lowres"):
        prepare(photos, tmp_path / "out", kind="sepia")
    with pytest.raises(ConfigError, match="size is 3"):
        prepare(photos, tmp_path / "out", kind="gray", size=3)
    with pytest.raises(ConfigError, match="choose one of"):
        make_source(photo(0), "sepia")


def test_what_was_stopped_goes_on_and_is_the_same_in_the_end(photos: Path, tmp_path: Path) -> None:
    class Pressed(Exception):
        pass

    def press(done: int, of: int) -> None:
        if done == 2:
            raise Pressed

    whole = prepare(photos, tmp_path / "whole", kind="mask", size=32)
    for size, name in ((32, "square"), (0, "shapes")):
        with pytest.raises(Pressed):
            prepare(photos, tmp_path / name, kind="mask", size=size, progress=press)
        first = min((tmp_path / name).rglob("*.png"))
        before = first.stat().st_mtime_ns
        with pytest.raises(DataError, match="a part of other pairs"):
            prepare(photos, tmp_path / name, kind="gray", size=size)
        made = prepare(photos, tmp_path / name, kind="mask", size=size)
        assert made.count == whole.count == 6 and first.stat().st_mtime_ns == before
        assert not list((tmp_path / name).rglob(".*"))
    files = {path.relative_to(whole.folder): path.read_bytes() for path in whole.folder.rglob("*.png")}
    assert files == {
        path.relative_to(tmp_path / "square"): path.read_bytes()
        for path in (tmp_path / "square").rglob("*.png")
    }
    with pytest.raises(DataError, match="not an empty folder"):
        prepare(photos, tmp_path / "square", kind="mask", size=32)
