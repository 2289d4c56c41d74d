"""Archives of strangers: what is fit is written anew, the rest gets a sentence
within 5 s and leaves nothing."""

from __future__ import annotations

import io
import shutil
import stat
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import draw_pair
from PIL import Image, PngImagePlugin

from pix2pix.data.intake.archive import Limits
from pix2pix.data.intake.unpack import copy_pictures, unpack
from pix2pix.data.pairs import open_pairs
from pix2pix.errors import DataError, NoSpaceError

Fill = Callable[[zipfile.ZipFile], None]
LIMIT_SECONDS = 5


def png(number: int = 0, size: int = 32, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    draw_pair(number, size)[0].save(file, kind)
    return file.getvalue()


def pack(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def written(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_pictures_are_written_anew_by_their_kind(tmp_path: Path) -> None:
    noted = io.BytesIO()
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "a secret")
    draw_pair(1, 32)[0].save(noted, "PNG", pnginfo=info)
    entries = {
        "pairs/A/1.png": noted.getvalue(),
        "pairs/B/1.jpeg": png(1, kind="JPEG"),
        "pairs/A/ü.bmp": png(2, kind="BMP"),
        "__MACOSX/A/._1.png": b"x",
        "pairs/.DS_Store": b"x",
        "pairs/README.txt": b"hello",
        "pairs/A/cut.png": png()[:60],
        "pairs/A/phone.heic": b"x",
    }
    told: list[tuple[int, int]] = []
    result = unpack(
        pack(tmp_path / "pairs.zip", entries),
        tmp_path / "out",
        progress=lambda done, of: told.append((done, of)),
    )
    assert written(tmp_path / "out") == ["pairs/A/1.png", "pairs/A/ü.png", "pairs/B/1.jpg"]
    assert (result.count, result.others) == (3, ("pairs/README.txt", "pairs/A/phone.heic"))
    assert {(problem.file, problem.kind) for problem in result.left_out} == {
        ("pairs/A/cut.png", "unreadable"),
        ("pairs/A/phone.heic", "unread"),
    }
    assert b"a secret" not in (tmp_path / "out/pairs/A/1.png").read_bytes()
    assert Image.open(tmp_path / "out/pairs/A/1.png").tobytes() == draw_pair(1, 32)[0].tobytes()
    assert told[-1] == (4, 4)


def test_no_picture_takes_another_ones_place(tmp_path: Path) -> None:
    entries = {
        "x.png": png(0),
        "x.jpg": png(1, kind="JPEG"),
        "x.bmp": png(2, kind="BMP"),
        "x.bmp.png": png(3),
    }
    unpack(pack(tmp_path / "x.zip", entries), tmp_path / "out")
    assert len(written(tmp_path / "out")) == 4


def _link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("x.png")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def _many(count: int) -> Fill:
    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(count):
            archive.writestr(f"{number}.png", b"")

    return fill


def _table_of(path: Path, count: int) -> Path:
    """An archive of one file, whose table of contents names it `count` times over,
    each time with another name."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("000000.png", png())
    data = path.read_bytes()
    central, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    table = b"".join(data[central:end].replace(b"000000", b"%06d" % number) for number in range(count))
    record = struct.pack("<HHI", count & 0xFFFF, count & 0xFFFF, len(table))
    path.write_bytes(data[:central] + table + data[end : end + 8] + record + data[end + 16 :])
    return path


def _named(*names: str) -> Fill:
    def fill(archive: zipfile.ZipFile) -> None:
        for name in names:
            archive.writestr(name, png())

    return fill


def _zeros(name: str, size: int) -> Fill:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr("good.png", png())
        archive.writestr(name, bytes(size))

    return fill


BAD: dict[str, tuple[Fill, str]] = {
    "up": (_named("good.png", "../evil.png"), "'..'"),
    "up inside": (_named("a/../../evil.png"), "'..'"),
    "up by backslash": (_named("a\\..\\..\\evil.png"), "'..'"),
    "absolute": (_named("/tmp/evil.png"), "absolute path"),
    "drive": (_named("C:\\evil.png"), "absolute path"),
    "case": (_named("a/x.png", "a/X.png"), "one file on many disks"),
    "case of a folder": (_named("a/x.png", "A/x.png"), "one file on many disks"),
    "unicode forms": (_named("\u00e9.png", "e\u0301.png"), "one file on many disks"),
    "file and folder": (_named("a.png", "a.png/b.png"), "as a file and as a folder"),
    "deep": (_named("/".join("abcdefghijkl") + "/x.png"), "deep"),
    "long": (_named("x" * 230 + ".png"), "longer than"),
    "link": (_link, "a link"),
    "nested": (_zeros("more.zip", 100), "another archive in it"),
    "bomb": (_zeros("bomb.png", 20_000_000), "grow"),
    "bomb of one more suffix": (_zeros("bomb.txt", 20_000_000), "grow"),
    "huge": (_zeros("huge.png", 201_000_000), "MB are the most"),
    "empty": (_many(0), "is empty"),
    "no pictures": (lambda archive: archive.writestr("a.csv", "1"), "no picture that can be read"),
    "only broken": (_many(3), "can be read"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", BAD)
def test_a_bad_archive_gets_a_sentence_and_leaves_nothing(case: str, tmp_path: Path) -> None:
    fill, words = BAD[case]
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        fill(archive)
    begun = time.monotonic()
    with pytest.raises(DataError) as caught:
        unpack(tmp_path / "x.zip", tmp_path / "uploads" / "out")
    assert time.monotonic() - begun < LIMIT_SECONDS
    assert words in str(caught.value) and str(caught.value).endswith(".")
    assert written(tmp_path) == ["x.zip"]


def test_a_hundred_thousand_entries_are_refused_also_where_the_count_lies(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(DataError, match="100,000 entries"):
        unpack(_table_of(tmp_path / "x.zip", 100_000), tmp_path / "out")
    assert time.monotonic() - begun < LIMIT_SECONDS
    assert written(tmp_path) == ["x.zip"]


def test_names_without_a_mark_are_read_as_utf8_or_as_what_decodes(tmp_path: Path) -> None:
    """Python marks UTF-8 names; the mark is taken off by hand, in the entry's head
    and in the table of contents."""
    for encoding in ("utf-8", "cp437"):
        raw = "fa\u00e7ade.png".encode(encoding)
        plain = "fa" + "~" * (len(raw) - len("faade.png")) + "ade.png"
        data = pack(tmp_path / "x.zip", {plain: png()}).read_bytes().replace(plain.encode(), raw)
        (tmp_path / "x.zip").write_bytes(data)
        unpack(tmp_path / "x.zip", tmp_path / "out")
        assert written(tmp_path / "out") == ["fa\u00e7ade.png"]
        shutil.rmtree(tmp_path / "out")


def test_which_files_are_a_pair_does_not_hang_on_their_order_in_the_archive(tmp_path: Path) -> None:
    """A/1.jpg and A/1.png are two pictures; B/1.png belongs to the second of
    them, as all others of its kind."""
    entries = {
        "A/1.jpg": png(0, kind="JPEG"),
        "A/1.png": png(1),
        "B/1.png": png(1),
        "A/2.png": png(2),
        "B/2.png": png(2),
    }
    for number, order in enumerate((list(entries), list(reversed(entries)))):
        unpack(pack(tmp_path / "x.zip", {name: entries[name] for name in order}), tmp_path / f"out{number}")
        folder = open_pairs(tmp_path / f"out{number}")
        assert len(folder.pairs) == 2
        assert all(source.tobytes() == target.tobytes() for source, target in map(folder.load, folder.pairs))
        assert [problem.kind for problem in folder.problems] == ["unpaired"]


def test_thumbnails_of_systems_and_pictures_of_runs_are_no_pictures_and_are_named(tmp_path: Path) -> None:
    entries = {
        "x/1.png": png(1),
        "x/@eaDir/1.png/THUMB.jpg": png(),
        "x/#recycle/2.png": png(),
        "x/$RECYCLE.BIN/3.png": png(),
    }
    entries |= {
        "x/run/config.json": b"{}",
        "x/run/status.json": b"{}",
        "x/run/samples/1.png": png(),
        "__MACOSX/x/._1.png": b"x",
    }
    result = unpack(pack(tmp_path / "x.zip", entries), tmp_path / "out")
    assert written(tmp_path / "out") == ["x/1.png"]
    assert {problem.file: problem.kind for problem in result.left_out} == dict.fromkeys(
        ("x/@eaDir", "x/#recycle", "x/$RECYCLE.BIN", "x/run"), "skipped"
    )


def test_encrypted_cut_and_other_archives_get_a_sentence(tmp_path: Path) -> None:
    whole = pack(tmp_path / "whole.zip", {"x.png": png()}).read_bytes()
    central = whole.index(b"PK\x01\x02")
    locked = bytearray(whole)
    locked[central + 8] |= 1
    cases = {
        "locked.zip": (bytes(locked), "encrypted"),
        "cut.zip": (whole[: len(whole) // 2], "no zip archive"),
        "text.zip": (b"hello", "no zip archive"),
        "nothing.zip": (b"", "no zip archive"),
        "other.zip": (b"Rar!\x1a\x07" + bytes(100), "a RAR archive"),
        "table.zip": (whole[:central] + b"\xff" * (len(whole) - central - 22) + whole[-22:], "damaged"),
    }
    for name, (data, words) in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match=words):
            unpack(tmp_path / name, tmp_path / "out")
        assert not list(tmp_path.glob("out*"))


def test_a_count_that_lies_and_a_picture_that_is_damaged_inside(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {"x.png": png(0), "y.png": png(1)}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 8] ^= 0xFF
    path.write_bytes(data)
    result = unpack(path, tmp_path / "out")
    assert [problem.file for problem in result.left_out] == ["x.png"]
    assert "damaged in the archive" in result.left_out[0].cause
    end = data.rindex(b"PK\x05\x06")
    data[end + 8 : end + 12] = struct.pack("<HH", 60_000, 60_000)
    path.write_bytes(data)
    with pytest.raises(DataError, match="60,000 entries"):
        unpack(path, tmp_path / "out2")


def test_single_files_pass_the_same_gate(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.png").write_bytes(png())
    (tmp_path / "in" / "y.png").write_bytes(b"no picture")
    files = {path.name: path for path in sorted((tmp_path / "in").iterdir())}
    result = copy_pictures(files, tmp_path / "out")
    assert (result.count, [problem.file for problem in result.left_out]) == (1, ["y.png"])
    with pytest.raises(DataError, match="2 files are more than 1"):
        copy_pictures(files, tmp_path / "out2", limits=Limits(entries=1))
    with pytest.raises(DataError, match="million pixels"):
        copy_pictures(files, tmp_path / "out2", limits=Limits(pixels=100))
    assert not list(tmp_path.glob("out2*"))


def test_a_disk_that_is_nearly_full_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(tmp_path / "x.zip", {"x.png": png()})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 10_000_000))  # type: ignore[attr-defined]
    with pytest.raises(NoSpaceError, match=r"needs about 0 MB .* 10 MB are free"):
        unpack(path, tmp_path / "out")
    assert written(tmp_path) == ["x.zip"]
