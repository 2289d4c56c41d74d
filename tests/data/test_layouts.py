"""The layout that explains most pictures wins, whatever lies around and beside them;
what is left over is named."""

from __future__ import annotations

import itertools
import json
import struct
import unicodedata
from pathlib import Path, PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pix2pix.data.checks.report import inspect_folder
from pix2pix.data.intake.fixes import Case, mend
from pix2pix.data.layouts import match_files
from pix2pix.data.names import as_training
from pix2pix.data.pairs import PairFolder, open_pairs
from pix2pix.data.scan import scan
from pix2pix.errors import DataError

NUMBERS = itertools.count()


def picture(path: Path, size: tuple[int, int] = (16, 16)) -> Path:
    """A picture of a colour of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = next(NUMBERS)
    Image.new("RGB", size, (number % 256, number // 256 % 256, 7)).save(path)
    return path


def fill(root: Path, *files: str, size: tuple[int, int] = (16, 16)) -> Path:
    for file in files:
        picture(root / file, size)
    return root


def paired(folder: PairFolder) -> set[tuple[str, str]]:
    at = folder.root
    return {
        (p.source.relative_to(at).as_posix(), p.target.relative_to(at).as_posix())
        for p in folder.pairs
        if p.target
    }


def causes(folder: PairFolder) -> dict[str, str]:
    return {problem.file: problem.cause for problem in folder.problems}


def test_composed_and_decomposed_names_are_one(tmp_path: Path) -> None:
    names = ["Café", "Häuser", "ガラス", "plain"]
    for name in names:
        picture(tmp_path / "A" / f"{unicodedata.normalize('NFD', name)}.png")
        picture(tmp_path / "B" / f"{name}.png")
    folder = open_pairs(tmp_path)
    assert {pair.name for pair in folder.pairs} == set(names) and not folder.problems
    assert (tmp_path / "A" / unicodedata.normalize("NFD", "Café.png")).exists()


def test_decomposed_folders_and_suffixes_are_one_too(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "é")
    fill(tmp_path / "x", f"A/{decomposed}/1.png", "B/é/1.png")
    fill(tmp_path / "y", f"{decomposed}_A.png", "é_B.png")
    assert len(open_pairs(tmp_path / "x").pairs) == len(open_pairs(tmp_path / "y").pairs) == 1


def test_one_equal_name_hides_neither_the_suffixes_nor_the_case_of_all_others(tmp_path: Path) -> None:
    fill(
        tmp_path / "x",
        "A/cover.png",
        "B/cover.png",
        *(f"{side}/{number}_{side}.png" for side in "AB" for number in range(5)),
    )
    assert len(open_pairs(tmp_path / "x").pairs) == 6
    fill(
        tmp_path / "y",
        "A/cover.png",
        "B/cover.png",
        "A/House1.png",
        "B/house1.PNG",
        "A/Two_A.png",
        "B/two_b.png",
        "A/lone.png",
    )
    folder = open_pairs(tmp_path / "y")
    assert len(folder.pairs) == 3 and causes(folder).keys() == {"A/lone.png"}


WIDE = [
    "input/output",
    "inputs/outputs",
    "source/target",
    "A/B",
    "x/y",
    "photo/label",
    "images/masks",
    "edges/photos",
    "before/after",
]


@pytest.mark.parametrize("words", WIDE)
def test_two_named_folders_win_over_twice_as_wide_as_high(words: str, tmp_path: Path) -> None:
    first, second = words.split("/")
    fill(
        tmp_path,
        *(f"{folder}/{number}.png" for folder in (first, second) for number in range(4)),
        size=(32, 16),
    )
    folder = open_pairs(tmp_path)
    assert folder.layout == "two folders" and not folder.problems
    assert inspect_folder(tmp_path, direction="BtoA").folders == (first, second)
    assert paired(folder) == {(f"{first}/{number}.png", f"{second}/{number}.png") for number in range(4)}


@pytest.mark.parametrize("words", ["photo_label", "x_y", "in_out", "before_after", "sketch_photo"])
def test_suffixes_of_all_words_make_pairs(words: str, tmp_path: Path) -> None:
    fill(tmp_path, *(f"{number}-{word}.png" for word in words.split("_") for number in range(3)))
    assert open_pairs(tmp_path).layout == "two suffixes" and len(open_pairs(tmp_path).pairs) == 3


@pytest.mark.parametrize(
    "wrapping",
    ["input", "source", "train", "test", "A", "b", "data/input", "train/input", "input/source/A", "val/x"],
)
@pytest.mark.parametrize("sides", ["A/B", "input/target", "trainA/trainB"])
def test_a_wrapping_folder_is_looked_through(wrapping: str, sides: str, tmp_path: Path) -> None:
    first, second = sides.split("/")
    fill(tmp_path, *(f"{wrapping}/{side}/{number}.png" for side in (first, second) for number in range(3)))
    fill(tmp_path / "__MACOSX", f"{wrapping}/{first}/._0.png")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    folder = open_pairs(tmp_path)
    assert paired(folder) == {
        (f"{wrapping}/{first}/{number}.png", f"{wrapping}/{second}/{number}.png") for number in range(3)
    }
    assert not folder.problems


def test_a_picture_beside_the_wrapping_folder_hides_nothing(tmp_path: Path) -> None:
    fill(tmp_path, "preview.png", *(f"input/{side}/{number}.png" for side in "AB" for number in range(3)))
    folder = open_pairs(tmp_path)
    assert len(folder.pairs) == 3 and causes(folder).keys() == {"preview.png"}


def test_a_wrapping_train_does_not_hide_the_splits_within(tmp_path: Path) -> None:
    fill(
        tmp_path,
        *(f"train/{split}/{side}/{split}.png" for split in ("train", "val", "test") for side in "AB"),
    )
    folder = open_pairs(tmp_path)
    assert [len(folder.train), len(folder.val), len(folder.test)] == [1, 1, 1]


def test_a_layout_that_is_stated_is_the_one(tmp_path: Path) -> None:
    fill(tmp_path, *(f"house{number}_{side}.png" for number in range(3) for side in "ab"), size=(32, 16))
    assert (open_pairs(tmp_path).layout, len(open_pairs(tmp_path).pairs)) == ("two suffixes", 3)
    stated = open_pairs(tmp_path, layout="side-by-side")
    assert (stated.layout, len(stated.pairs)) == ("side by side", 6)
    with pytest.raises(
        DataError, match="no pairs. Looked for two folders; .* This layout .folders. was stated"
    ):
        open_pairs(tmp_path, layout="folders")
    with pytest.raises(DataError, match="choose one of auto, side-by-side, folders, suffixes"):
        open_pairs(tmp_path, layout="sideways")


def test_of_two_files_with_one_name_the_usual_suffix_is_taken_or_none(tmp_path: Path) -> None:
    fill(tmp_path / "x", "A/1.jpg", "A/1.png", "B/1.png", "A/2.jpg", "B/2.png", "A/3.jpg", "B/3.png")
    assert ("A/1.jpg", "B/1.png") in paired(open_pairs(tmp_path / "x"))
    fill(tmp_path / "y", "A/1.jpg", "A/1.bmp", "B/1.png", "A/2.png", "B/2.png")
    folder = open_pairs(tmp_path / "y")
    assert paired(folder) == {("A/2.png", "B/2.png")}
    assert (
        causes(folder).keys() == {"A/1.jpg", "A/1.bmp", "B/1.png"}
        and "do not tell" in causes(folder)["A/1.bmp"]
    )
    fill(tmp_path / "z", "A/1.jpg", "A/1.png", "B/1.png", "B/1.jpg")
    folder = open_pairs(tmp_path / "z")
    assert paired(folder) == {("A/1.jpg", "B/1.jpg"), ("A/1.png", "B/1.png")}
    assert len({pair.name for pair in folder.pairs}) == 2


def test_pairs_that_cannot_be_read_are_told_with_their_cause(tmp_path: Path) -> None:
    tags = [
        (256, 16),
        (257, 16),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 200),
        (277, 5),
        (278, 16),
        (279, 16 * 16 * 5),
        (284, 1),
    ]
    five = struct.pack("<4sIH", b"II*\0", 8, len(tags)) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags
    )
    for side in "AB":
        (tmp_path / side).mkdir()
        (tmp_path / side / "0.tif").write_bytes(five.ljust(200, b"\0") + bytes(16 * 16 * 5))
    with pytest.raises(
        DataError,
        match="of 1 file none can be read. A/0.tif cannot be read as a picture: it is a TIFF of 5 "
        "bands of 8 bits",
    ):
        open_pairs(tmp_path)


def test_formats_that_are_not_read_are_named_with_their_number_and_others_are_read(tmp_path: Path) -> None:
    for number, suffix in enumerate((".jfif", ".ppm", ".pgm", ".webp", ".bmp", ".JPE")):
        fill(tmp_path, f"A/{number}.png")
        kind = {
            ".jfif": "JPEG",
            ".ppm": "PPM",
            ".pgm": "PPM",
            ".webp": "WEBP",
            ".bmp": "BMP",
            ".JPE": "JPEG",
        }[suffix]
        (tmp_path / "B").mkdir(exist_ok=True)
        Image.new("L" if suffix == ".pgm" else "RGB", (16, 16)).save(
            tmp_path / "B" / f"{number}{suffix}", kind
        )
    for name in ("A/7.npy", "B/7.npy", "A/8.dcm", "A/9", "A/notes.txt", "A/movie.mp4"):
        (tmp_path / name).write_bytes(b"x")
    folder = open_pairs(tmp_path)
    assert len(folder.pairs) == 6
    assert causes(folder).keys() == {"A/7.npy", "A/8.dcm", "A/9", "A/movie.mp4"}
    kinds = {problem.file: problem.kind for problem in folder.problems}
    assert kinds["A/movie.mp4"] == "skipped" and {kinds[name] for name in ("A/7.npy", "A/8.dcm", "A/9")} == {
        "unread"
    }
    assert ".npy is not read, 2 files in all (A/7.npy, B/7.npy)" in causes(folder)["A/7.npy"]


def test_folders_of_systems_and_of_runs_are_skipped_and_said(tmp_path: Path) -> None:
    fill(tmp_path, "1.png", "2.png", size=(32, 16))
    skipped = [
        "@eaDir",
        "#recycle",
        "$RECYCLE.BIN",
        "lost+found",
        ".Trash-1000",
        ".thumbnails",
        "System Volume Information",
    ]
    fill(
        tmp_path,
        *(f"{folder}/deep/{number}.png" for folder in skipped for number in range(2)),
        "runs/x/samples/1.png",
        size=(32, 16),
    )
    for name in ("config.json", "status.json"):
        (tmp_path / "runs/x" / name).write_text(json.dumps({}))
    fill(tmp_path, ".hidden.png")
    folder = open_pairs(tmp_path)
    assert {pair.name for pair in folder.pairs} == {"1", "2"}
    assert causes(folder).keys() == {*skipped, "runs/x", ".hidden.png"}
    assert {problem.kind for problem in folder.problems} == {"skipped"}
    assert "2 pictures lie in it" in causes(folder)["@eaDir"] and "training run" in causes(folder)["runs/x"]


def test_a_linked_split_is_not_lost_and_a_loop_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "train/1.png", "test/2.png", size=(32, 16))
    (tmp_path / "val").symlink_to(tmp_path / "test")
    (tmp_path / "train" / "loop").symlink_to(tmp_path)
    (tmp_path / "train" / "again").symlink_to(tmp_path / "train")
    (tmp_path / "test" / "same").symlink_to(tmp_path / "test")
    folder = open_pairs(tmp_path)
    assert [len(folder.train), len(folder.val), len(folder.test)] == [1, 1, 1]
    assert {"train/loop", "train/again"} <= causes(folder).keys() and not folder.drawn


def test_many_folders_linked_to_each_other_are_walked_in_no_time(tmp_path: Path) -> None:
    names = [f"d{number}" for number in range(12)]
    for name in names:
        fill(tmp_path, f"{name}/{name}.png", size=(32, 16))
        for other in names:
            (tmp_path / name / f"to-{other}").symlink_to(tmp_path / other)
    assert len(open_pairs(tmp_path).pairs) == 12


NAME = st.text(st.sampled_from("abcAB12ée\u0301_- ."), min_size=1, max_size=5).filter(
    lambda name: name.strip(". ") == name
)


@settings(max_examples=60, deadline=None)
@given(names=st.sets(NAME, min_size=1, max_size=8), data=st.data())
def test_files_of_one_name_are_pairs_whatever_it_is(
    names: set[str], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Half A with composed names and half B with decomposed ones: each file has the partner
    of its own name, or is named."""
    root = tmp_path_factory.mktemp("names")
    forms = [data.draw(st.sampled_from(["NFC", "NFD"])) for _ in names]
    for name, form in zip(sorted(names), forms, strict=True):
        for side in "AB":
            (root / side).mkdir(exist_ok=True)
            (root / side / f"{unicodedata.normalize(form if side == 'B' else 'NFC', name)}.png").write_bytes(
                b""
            )
    matched = match_files(scan(root)[0], "folders")
    for match in matched.matches:
        assert match.b and unicodedata.normalize("NFC", match.a.path.name) == unicodedata.normalize(
            "NFC", match.b.path.name
        )
    assert len(matched.matches) == len({unicodedata.normalize("NFC", name) for name in names})


def test_a_set_under_test_alone_offers_to_train_on_it(tmp_path: Path) -> None:
    fill(
        tmp_path / "set", *(f"test/{side}/{number}.png" for side in "AB" for number in range(4)), size=(8, 8)
    )
    report = inspect_folder(tmp_path / "set")
    finding = next(finding for finding in report.findings if finding.key == "untrained")
    assert finding.what == "There is no pair to train on: all 4 are in test." and "set/test" in finding.remedy
    mend(Case("untrained", report=report), tmp_path / "set", out=tmp_path / "out", ours=False)
    assert len(open_pairs(tmp_path / "out").train) == 3 and len(open_pairs(tmp_path / "set").test) == 4
    assert len(open_pairs(tmp_path / "set" / "test").train) == 3


@pytest.mark.parametrize(
    ("before", "after"),
    [("testA/x.png", "trainA/x.png"), ("A/val/test.png", "A/train/test.png"), ("Test/1.png", "train/1.png")],
)
def test_the_split_in_a_path_becomes_train(before: str, after: str) -> None:
    assert as_training(PurePath(before)) == PurePath(after)


def test_pairs_that_may_be_side_by_side_are_a_finding_until_the_layout_is_stated(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{side}/{number}.png" for side in "AB" for number in range(4)), size=(16, 8))
    assert "double" in {finding.key for finding in inspect_folder(tmp_path).findings}
    assert "double" not in {finding.key for finding in inspect_folder(tmp_path, layout="folders").findings}


def test_unreadable_pairs_are_taken_out_with_their_partners_in_any_layout(tmp_path: Path) -> None:
    fill(
        tmp_path / "set",
        *(f"{side}/{number}_{side}.png" for side in ("input", "output") for number in range(3)),
    )
    (tmp_path / "set/output/1_output.png").write_bytes(b"nothing")
    report = inspect_folder(tmp_path / "set")
    files = tuple(problem.file for problem in report.problems if problem.kind == "unreadable")
    mend(Case("unreadable", files, report=report), tmp_path / "set", out=tmp_path / "out", ours=False)
    assert len(open_pairs(tmp_path / "out").pairs) == 2 and not open_pairs(tmp_path / "out").problems
