"""What is brought becomes a folder of ours; what is named is used where it is, if its
owner allows; old uploads go."""

from __future__ import annotations

import os
import time
import zipfile
from pathlib import Path

import pytest
from conftest import draw_pair
from PIL import Image

from pix2pix.data.checks.report import inspect_folder
from pix2pix.data.intake import uploads
from pix2pix.data.intake.archive import Limits
from pix2pix.data.intake.fixes import Case
from pix2pix.data.intake.uploads import (
    add_files,
    add_named,
    allowed_folders,
    apply_remedy,
    is_allowed,
    sweep,
    use_folder,
)
from pix2pix.data.sides import find_sides
from pix2pix.errors import DataError


def pack(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as opened:
        for path in sorted(folder.rglob("*.*")):
            opened.write(path, path.relative_to(folder))
    return archive


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_zip_becomes_a_folder_with_its_name(pairs: Path, tmp_path: Path) -> None:
    upload = add_files([pack(pairs, tmp_path / "My houses (2).zip")], tmp_path / "uploads")
    assert upload.folder.name == "My-houses-2"
    assert upload.ours and not upload.left_out
    assert files_of(upload.folder) == files_of(pairs)
    assert is_allowed(upload.folder, tmp_path / "uploads", allowed=())
    assert not is_allowed(tmp_path / "uploads", tmp_path / "uploads", allowed=())
    assert not is_allowed(upload.folder.parent, tmp_path / "uploads", allowed=())


def test_two_zips_are_two_sides_each_in_a_folder_of_its_name(pairs: Path, tmp_path: Path) -> None:
    for name, count in (("monet (1)", 3), ("photo", 4)):
        for number in range(count):
            (tmp_path / name).mkdir(exist_ok=True)
            shape = (24 + number, 24)
            Image.new("RGB", shape, (9 * number, 9, 200)).save(tmp_path / name / f"{name[0]}{number}.png")
    archives = [pack(tmp_path / name, tmp_path / f"{name}.zip") for name in ("photo", "monet (1)")]
    upload = add_files(archives, tmp_path / "uploads")
    assert upload.folder.name == "monet-1-photo"
    sides = find_sides(upload.folder)
    assert sides.names == ("monet (1)", "photo") and sides.counts == (3, 4)
    with pytest.raises(DataError, match="together"):
        add_files(archives, tmp_path / "uploads", limits=Limits(entries=5))
    with pytest.raises(DataError, match="brought twice"):
        add_files([archives[0], archives[0]], tmp_path / "uploads")
    with pytest.raises(DataError, match="9 archives are more than 8"):
        add_files([tmp_path / f"{number}.zip" for number in range(9)], tmp_path / "uploads")
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == [upload.folder.parent.name]


def test_many_files_become_a_folder_and_broken_ones_are_named(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"nothing")
    upload = add_files([*sorted(pairs.iterdir()), tmp_path / "bad.png"], tmp_path / "uploads")
    assert len(files_of(upload.folder)) == 6
    assert [problem.file for problem in upload.left_out] == ["bad.png"]


@pytest.mark.parametrize(
    "names", [[], ["a.zip", "b.zip"], ["a.zip", "x.png"], ["x.txt"], ["a/x.png", "b/x.png"]]
)
def test_what_cannot_be_used_leaves_nothing(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (32, 32)).save(tmp_path / name, "PNG")
    with pytest.raises(DataError):
        add_files([tmp_path / name for name in names], tmp_path / "uploads")
    assert not list((tmp_path / "uploads").glob("*"))


def test_a_folder_is_used_where_it_is_if_its_owner_allows(pairs: Path, tmp_path: Path) -> None:
    ours = tmp_path / "uploads"
    assert add_named(f" {pairs} ", ours, allowed=[pairs.parent]).folder == pairs.resolve()
    (tmp_path / "link").symlink_to(pairs)
    for text in (
        str(pairs),
        f"{tmp_path}/../{pairs.parent.name}",
        "/etc",
        str(tmp_path / "link"),
        str(tmp_path / "missing"),
    ):
        with pytest.raises(DataError, match="may be used here"):
            use_folder(text, ours, allowed=[tmp_path / "data"])
    with pytest.raises(DataError, match="nothing is named"):
        add_named("  ", ours, allowed=[tmp_path])
    with pytest.raises(DataError, match="zero byte"):
        add_named("a\0b", ours, allowed=[tmp_path])
    with pytest.raises(DataError, match="is no folder"):
        add_named(str(tmp_path / "missing"), ours, allowed=[tmp_path])


def test_a_whole_disk_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(DataError, match="more than 3 files"):
        use_folder(str(tmp_path), tmp_path / "uploads", allowed=[tmp_path])


def test_a_space_allows_nothing_that_is_not_named(tmp_path: Path) -> None:
    assert allowed_folders({"SPACE_ID": "me/space"}) == ()
    assert allowed_folders({}) == (Path(Path.cwd().anchor),)
    named = f"{tmp_path}{os.pathsep}/srv/data"
    assert allowed_folders({"SPACE_ID": "me/space", "PIX2PIX_DATA": named}) == (
        tmp_path.resolve(),
        Path("/srv/data"),
    )


def test_a_remedy_makes_a_new_folder_and_touches_no_other(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    for side, half in enumerate("AB"):
        (mine / half).mkdir(parents=True)
        for number in range(4):
            draw_pair(number, 32)[side].save(mine / half / f"{number}.png")
    (mine / "B" / "3.png").unlink()
    before = {path: path.read_bytes() for path in mine.rglob("*.png")}
    upload = use_folder(str(mine), tmp_path / "uploads", allowed=[tmp_path])
    mended = apply_remedy(
        Case("unpaired", ("A/3.png",), report=inspect_folder(mine)), upload, uploads=tmp_path / "uploads"
    )
    assert files_of(mended.folder) == ["A/0.png", "A/1.png", "A/2.png", "B/0.png", "B/1.png", "B/2.png"]
    assert mended.ours and mended.folder.name == "mine"
    assert (mended.folder / "A/0.png").stat().st_nlink == 1
    again = apply_remedy(
        Case("copies", ("A/0.png",), report=inspect_folder(mended.folder)),
        mended,
        uploads=tmp_path / "uploads",
    )
    assert files_of(again.folder) == ["A/1.png", "A/2.png", "B/1.png", "B/2.png"]
    assert (again.folder / "A/1.png").stat().st_nlink == 2
    assert {path: path.read_bytes() for path in mine.rglob("*.png")} == before
    with pytest.raises(DataError, match="leave no picture"):
        apply_remedy(
            Case("gray", ("A/1.png", "A/2.png"), report=inspect_folder(again.folder)),
            again,
            uploads=tmp_path / "uploads",
        )
    assert len(list((tmp_path / "uploads").iterdir())) == 2


def test_old_uploads_are_swept_and_those_in_use_are_not(pairs: Path, tmp_path: Path) -> None:
    place = tmp_path / "uploads"
    (place / "notes").mkdir(parents=True)
    brought = [add_files(sorted(pairs.iterdir()), place).folder for _ in range(4)]
    ages = (9e5, 8e5, 8000, 10)
    for folder, age in zip(brought, ages, strict=True):
        os.utime(folder.parent, (time.time() - age,) * 2)
    assert sweep(place, in_use=[brought[1], "elsewhere"]) == [place / brought[0].parent.name]
    assert [folder.exists() for folder in brought] == [False, True, True, True]
    assert sweep(place, in_use=[brought[1]], largest=1) == [place / brought[2].parent.name]
    assert [folder.exists() for folder in brought] == [False, True, False, True]
    assert (place / "notes").exists()
    assert sweep(tmp_path / "missing") == []
