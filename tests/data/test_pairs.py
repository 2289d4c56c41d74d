"""Pairs are found in every layout that people have; what does not fit is named with its cause."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.pairs import PairFolder, open_pairs
from pix2pix.errors import DataError

RED, BLUE = (200, 0, 0), (0, 0, 200)


def picture(path: Path, size: tuple[int, int] = (16, 16), color: tuple[int, int, int] = RED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)
    return path


def side_by_side(path: Path, side: int = 16) -> Path:
    both = Image.new("RGB", (2 * side, side), RED)
    both.paste(BLUE, (side, 0, 2 * side, side))
    path.parent.mkdir(parents=True, exist_ok=True)
    both.save(path)
    return path


def colors(folder: PairFolder) -> set[tuple[object, object]]:
    """The colours of source and target of all pairs, to the nearest hundred (JPEG)."""

    def near(image: Image.Image) -> tuple[int, ...]:
        return tuple(round(int(value), -2) for value in np.asarray(image)[8, 8])

    return {(near(source), near(target)) for source, target in (folder.load(pair) for pair in folder.pairs)}


LAYOUTS = {
    "side by side": (["x.png", "y.png"], "side by side"),
    "side by side in splits": (["train/x.png", "val/x.png", "test/x.png"], "side by side"),
    "A and B": (["A/x.png", "B/x.jpg"], "two folders"),
    "trainA and trainB": (["trainA/x.png", "trainB/x.png", "testA/x.png", "testB/x.png"], "two folders"),
    "train_A and train_B": (["train_A/x.png", "train_B/x.png"], "two folders"),
    "input and target": (["input/x.png", "target/x.webp"], "two folders"),
    "source and target": (["Source/x.bmp", "Target/x.tif"], "two folders"),
    "splits around sides": (["train/A/x.png", "train/B/x.png", "val/A/y.png", "val/B/y.png"], "two folders"),
    "splits inside sides": (
        ["A/train/x.png", "A/test/x.png", "B/train/x.png", "B/test/x.png"],
        "two folders",
    ),
    "a folder around it all": (["facades/A/x.png", "facades/B/x.png"], "two folders"),
    "subfolders in sides": (["A/cats/x.png", "A/dogs/x.png", "B/cats/x.png", "B/dogs/x.png"], "two folders"),
    "suffixes": (["x_A.png", "x_B.jpg", "y_a.png", "y_b.png"], "two suffixes"),
    "suffixes in splits": (["train/x_A.png", "train/x_B.png", "val/x_A.png", "val/x_B.png"], "two suffixes"),
    "worded suffixes": (["x_input.png", "x_target.png"], "two suffixes"),
    "folders and suffixes": (["A/x_A.png", "B/x_B.png", "A/y_A.png", "B/y_B.png"], "two folders"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout_is_found_in_both_directions(tmp_path: Path, name: str) -> None:
    files, layout = LAYOUTS[name]
    for file in files:
        if layout == "side by side":
            side_by_side(tmp_path / file)
        else:
            first = any(word in file.casefold() for word in ("a/", "_a.", "input", "source"))
            picture(tmp_path / file, color=RED if first else BLUE)
    forward, backward = open_pairs(tmp_path), open_pairs(tmp_path, "BtoA")
    assert forward.layout == backward.layout == layout
    assert len(forward.pairs) == (len(files) if layout == "side by side" else len(files) // 2)
    assert forward.problems == ()
    assert colors(forward) == {((200, 0, 0), (0, 0, 200))}
    assert colors(backward) == {((0, 0, 200), (200, 0, 0))}


def test_folders_say_the_split(tmp_path: Path) -> None:
    for number in range(3):
        side_by_side(tmp_path / "train" / f"{number}.png")
    side_by_side(tmp_path / "valid" / "7.png")
    side_by_side(tmp_path / "test" / "8.png")
    folder = open_pairs(tmp_path)
    assert [[pair.name for pair in split] for split in (folder.train, folder.val, folder.test)] == [
        ["0", "1", "2"],
        ["7"],
        ["8"],
    ]
    assert not folder.drawn


def test_split_is_drawn_by_seed_and_barely_moves_when_pairs_are_added(tmp_path: Path) -> None:
    for number in range(40):
        side_by_side(tmp_path / f"{number}.png")
    first, again, other = open_pairs(tmp_path), open_pairs(tmp_path), open_pairs(tmp_path, seed=1)
    assert first == again
    assert first.drawn
    assert (len(first.train), len(first.val)) == (36, 4)
    assert not set(first.train) & set(first.val)
    assert first.val != other.val
    side_by_side(tmp_path / "40.png")
    assert len(set(open_pairs(tmp_path).val) - set(first.val)) <= 1


def test_one_pair_trains_and_two_leave_one_to_validate(tmp_path: Path) -> None:
    side_by_side(tmp_path / "a.png")
    assert (len(open_pairs(tmp_path).train), len(open_pairs(tmp_path).val)) == (1, 0)
    side_by_side(tmp_path / "b.png")
    assert (len(open_pairs(tmp_path).train), len(open_pairs(tmp_path).val)) == (1, 1)


def test_numbers_are_in_the_order_of_numbers(tmp_path: Path) -> None:
    for number in (10, 9, 1, 100):
        side_by_side(tmp_path / "train" / f"{number}.png")
    side_by_side(tmp_path / "val" / "1.png")
    assert [pair.name for pair in open_pairs(tmp_path).train] == ["1", "9", "10", "100"]


def test_what_does_not_fit_is_named_and_the_rest_is_used(tmp_path: Path) -> None:
    side_by_side(tmp_path / "good.png")
    picture(tmp_path / "wide.png", (500, 256))
    picture(tmp_path / "odd.png", (31, 16))
    picture(tmp_path / "thin.png", (300, 1))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "moving.gif").write_bytes(b"GIF89a")
    (tmp_path / "notes.txt").write_text("not a picture, and not meant to be")
    (tmp_path / "._good.png").write_bytes(b"what a Mac leaves")
    folder = open_pairs(tmp_path)
    assert [pair.name for pair in folder.pairs] == ["good"]
    causes = {problem.file: problem.cause for problem in folder.problems}
    assert "wide.png is 500 x 256; a side-by-side pair is twice as wide as it is high." in causes["wide.png"]
    assert "an odd width" in causes["odd.png"]
    assert "300 x 1" in causes["thin.png"]
    assert "cannot be read" in causes["broken.png"]
    assert ".gif is not read" in causes["moving.gif"]
    assert len(causes) == 5


def test_partners_that_are_missing_or_do_not_match_are_named(tmp_path: Path) -> None:
    for name in ("good", "lone", "twice", "big"):
        picture(tmp_path / "A" / f"{name}.png")
    picture(tmp_path / "A" / "twice.jpg")
    for name in ("good", "twice", "stray"):
        picture(tmp_path / "B" / f"{name}.png")
    picture(tmp_path / "B" / "big.png", (20, 16))
    picture(tmp_path / "readme.png")
    folder = open_pairs(tmp_path)
    assert {pair.name for pair in folder.pairs} == {"good", "twice"}
    causes = {problem.file: problem.cause for problem in folder.problems}
    assert causes.keys() == {"A/lone.png", "B/stray.png", "A/twice.jpg", "A/big.png", "readme.png"}
    assert "A/big.png is 16 x 16, B/big.png is 20 x 16" in causes["A/big.png"]
    assert "no partner" in causes["A/lone.png"]
    assert "same name as twice.png, which is used" in causes["A/twice.jpg"]


def test_each_problem_names_its_file_once_with_its_folder(tmp_path: Path) -> None:
    for name in ("good", "first", "second", "big"):
        picture(tmp_path / "data" / "A" / f"{name}.png")
        picture(tmp_path / "data" / "B" / f"{name}.png", (20, 16) if name == "big" else (16, 16))
    (tmp_path / "data" / "A" / "first.png").write_bytes(b"no picture")
    (tmp_path / "data" / "B" / "second.png").write_bytes(b"no picture")
    (tmp_path / "data" / "moving.gif").write_bytes(b"GIF89a")
    told = {problem.file: str(problem) for problem in open_pairs(tmp_path).problems}
    assert told["data/A/first.png"].startswith("data/A/first.png cannot be read as a picture: ")
    assert told["data/A/second.png"].startswith(
        "data/A/second.png: B/second.png cannot be read as a picture: "
    )
    assert told["data/A/big.png"].startswith("data/A/big.png: A/big.png is 16 x 16, B/big.png is 20 x 16;")
    assert told["data/moving.gif"].startswith("data/moving.gif: .gif is not read;")


def test_halves_that_all_differ_in_size_are_what_is_told(tmp_path: Path) -> None:
    for name in ("x", "y", "z"):
        picture(tmp_path / "A" / f"{name}.png")
        picture(tmp_path / "B" / f"{name}.png", (20, 16))
    with pytest.raises(
        DataError, match="the halves of all 3 pairs are of two sizes. A/x.png is 16 x 16, B/x.png is 20 x 16;"
    ):
        open_pairs(tmp_path)


def test_one_accidental_suffix_pair_does_not_hide_a_folder_of_pairs(tmp_path: Path) -> None:
    for name in ("1", "2", "3", "4", "5", "6", "plan_a", "plan_b"):
        side_by_side(tmp_path / f"{name}.png")
    folder = open_pairs(tmp_path)
    assert (folder.layout, len(folder.pairs)) == ("side by side", 8)


def test_names_that_end_like_a_suffix_pair_by_their_folder(tmp_path: Path) -> None:
    for side in "AB":
        picture(tmp_path / side / "plan_a.png")
        picture(tmp_path / side / "plan_b.png")
    assert {pair.name for pair in open_pairs(tmp_path).pairs} == {"plan_a", "plan_b"}


def test_folder_without_pairs_says_what_was_looked_for_and_found(tmp_path: Path) -> None:
    for name in "xyz":
        picture(tmp_path / f"{name}.png")
    with pytest.raises(
        DataError,
        match="no pairs. Looked for .*trainA and trainB.*found 3 single pictures.*16 x 16.*gray, edges, mask",
    ):
        open_pairs(tmp_path)


def test_unpaired_folders_are_not_taken_for_pairs(tmp_path: Path) -> None:
    picture(tmp_path / "trainA" / "monet.png")
    picture(tmp_path / "trainB" / "photo.png")
    with pytest.raises(DataError, match="no pairs"):
        open_pairs(tmp_path)


def test_folder_that_is_empty_missing_or_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no picture"):
        open_pairs(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        open_pairs(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is a file"):
        open_pairs(picture(tmp_path / "a.png"))


def test_photos_serve_alone_when_sources_are_made(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        picture(tmp_path / f"{name}.png", (20, 16))
    folder = open_pairs(tmp_path, make="gray")
    assert folder.layout == "photos"
    source, target = folder.load(folder.train[0])
    assert source.size == target.size == (20, 16)
    assert len(set(source.getpixel((3, 3)))) == 1  # type: ignore[arg-type]
    assert target.getpixel((3, 3)) == RED


def test_load_resizes_labels_without_new_colours(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).choice(np.array([[0, 0, 222], [255, 80, 0]], np.uint8), (16, 32))
    Image.fromarray(noise).save(tmp_path / "a.png")
    folder = open_pairs(tmp_path)
    source, target = folder.load(folder.train[0], 40, ("labels", "photo"))
    assert source.size == target.size == (40, 40)
    assert len(source.getcolors() or []) == 2
    assert len(target.getcolors(10_000) or []) > 2


def test_links_that_go_round_end(tmp_path: Path) -> None:
    side_by_side(tmp_path / "train" / "a.png")
    (tmp_path / "train" / "again").symlink_to(tmp_path)
    assert len(open_pairs(tmp_path).pairs) == 1


def test_pictures_are_found_however_deep_they_lie(tmp_path: Path) -> None:
    side_by_side(tmp_path / "/".join("abcdefghijklmnop") / "x.png")
    assert len(open_pairs(tmp_path).pairs) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_named_and_not_waited_for(tmp_path: Path) -> None:
    side_by_side(tmp_path / "x.png")
    os.mkfifo(tmp_path / "z.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    folder = open_pairs(tmp_path)
    assert [pair.name for pair in folder.pairs] == ["x"]
    causes = {problem.file: problem.cause for problem in folder.problems}
    assert causes.keys() == {"z.png", "gone.png"}
    assert "pipe" in causes["z.png"]


def test_rotated_halves_count_as_they_are_seen(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (16, 32), RED).save(tmp_path / "turned.jpg", exif=exif)
    assert open_pairs(tmp_path).layout == "side by side"


def test_names_that_differ_in_case_alone_are_pairs(tmp_path: Path) -> None:
    for number in range(2):
        picture(tmp_path / "A" / f"House{number}.png", color=RED)
        picture(tmp_path / "B" / f"house{number}.PNG", color=BLUE)
    assert len(open_pairs(tmp_path).pairs) == 2


def test_two_halves_without_a_common_name_are_told_as_that(tmp_path: Path) -> None:
    for number in range(3):
        picture(tmp_path / "trainA" / f"monet{number}.png")
        picture(tmp_path / "trainB" / f"photo{number}.png")
    with pytest.raises(
        DataError, match="3 and 3 pictures in its two halves, and no name stands in both .such as monet0.png"
    ):
        open_pairs(tmp_path)
