"""Names in archives: read in the encoding that they are in, made safe, and equal where they were equal."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from conftest import draw_pair
from hypothesis import given, settings
from hypothesis import strategies as st

from pix2pix.data.intake.archive import Limits, open_archive
from pix2pix.data.intake.archive_names import UNSAFE, clean_paths, guess_encoding
from pix2pix.data.intake.unpack import unpack
from pix2pix.data.pairs import open_pairs


def png(number: int = 0) -> bytes:
    file = io.BytesIO()
    draw_pair(number, 32)[0].save(file, "PNG")
    return file.getvalue()


def pack(path: Path, names: list[bytes], flags: int = 0, extra: bytes = b"") -> Path:
    """An archive whose entries have these bytes for names, as old programs write them;
    entries differ in their pictures."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            info = zipfile.ZipInfo("~" * len(name))
            info.filename = info.orig_filename = (
                f"{number:04}".rjust(len(name), "~")[-len(name) :] if len(name) >= 4 else "~" * len(name)
            )
            info.extra = extra
            archive.writestr(info, b"" if name.endswith((b"/", b"\\")) else png(number % 7))
    data = path.read_bytes()
    for magic, at, where in ((b"PK\x03\x04", 30, 26), (b"PK\x01\x02", 46, 28)):
        place = 0
        for name in names:
            place = data.index(magic, place)
            assert struct.unpack_from("<H", data, place + where)[0] == len(name)
            begin = place + (6 if at == 30 else 8)
            data = data[:begin] + struct.pack("<H", flags) + data[begin + 2 :]
            data = data[: place + at] + name + data[place + at + len(name) :]
            place += at
    path.write_bytes(data)
    return path


def names_in(path: Path) -> list[str]:
    with open_archive(path, Limits()) as (_, contents):
        return [name for name, _ in contents.entries]


ENCODED = {
    "cp932": ["写真/A/ソ表0.png", "写真/B/ソ表0.png"],
    "gbk": ["照片/A/建筑0.png", "照片/B/建筑0.png"],
    "cp437": ["Häuser/A/für0.png", "Häuser/B/für0.png"],
    "utf-8": ["façades/A/é.png", "façades/B/é.png"],
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_names_of_old_programs_are_read_in_their_encoding(encoding: str, tmp_path: Path) -> None:
    raw = [name.encode(encoding) for name in ENCODED[encoding]]
    assert names_in(pack(tmp_path / "x.zip", raw)) == ENCODED[encoding]


@pytest.mark.parametrize(
    "encoding", ["cp949", "big5", "cp866", "cp850", "cp1252", "latin-1", "euc-jp", "shift_jis"]
)
def test_pairs_agree_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    word = {"cp949": "건물", "big5": "建築", "cp866": "дом", "euc-jp": "写真", "shift_jis": "ソ能"}.get(
        encoding, "façade"
    )
    raw = [f"{side}/{word}{number}.png".encode(encoding) for side in "AB" for number in range(3)]
    unpack(pack(tmp_path / "x.zip", raw), tmp_path / "out")
    assert len(open_pairs(tmp_path / "out").pairs) == 3


def test_one_odd_name_refuses_nothing(tmp_path: Path) -> None:
    pictures = [f"{side}/{number}.png".encode() for side in "AB" for number in range(3)]
    for flags in (0, 0x800):
        path = pack(
            tmp_path / f"{flags}.zip",
            [*pictures, "Anleitung für Studenten.txt".encode("cp437"), b"\x81\xff\xfe.txt", b"z" * 240],
        )
        unpacked = unpack(path, tmp_path / f"out{flags}")
        assert unpacked.count == 6 and unpacked.others[0] == "Anleitung für Studenten.txt"


def test_the_extra_field_of_info_zip_is_believed_where_its_checksum_fits(tmp_path: Path) -> None:
    raw = b"A/\x83\x5c?.png"
    for checksum, name in ((zlib.crc32(raw), "A/дом.png"), (1, "A/ソ_.png")):
        data = struct.pack("<BI", 1, checksum) + "A/дом.png".encode()
        path = pack(tmp_path / "x.zip", [raw], extra=struct.pack("<HH", 0x7075, len(data)) + data)
        assert names_in(path) == [name]


def test_backslashes_are_folders_also_for_folders_alone(tmp_path: Path) -> None:
    names = [b"pairs\\", b"pairs\\A\\", b"pairs\\B\\", b"pairs\\A\\0.png", b"pairs\\B\\0.png"]
    assert names_in(pack(tmp_path / "x.zip", names)) == ["pairs/A/0.png", "pairs/B/0.png"]


def test_names_that_differ_only_after_cleaning_get_the_same_number_in_both_halves(tmp_path: Path) -> None:
    names = [b"A/what?.png", b"A/what*.png", b"B/what*.png", b"B/what?.png", b"A/what_.png"]
    cleaned = names_in(pack(tmp_path / "x.zip", names))
    assert len(set(cleaned)) == 5
    assert [cleaned[0][1:], cleaned[1][1:]] == [cleaned[3][1:], cleaned[2][1:]]
    assert cleaned[4] == "A/what_.png"


STEM = st.text(st.sampled_from('ab?*:"<|_ -2éソAE'), min_size=1, max_size=4).map(lambda text: f"n{text}")


@settings(max_examples=150, deadline=None)
@given(st.lists(STEM, min_size=1, max_size=12, unique_by=str.casefold))
def test_clean_names_are_safe_different_and_the_same_in_both_halves(stems: list[str]) -> None:
    cleaned = clean_paths([[side, f"{stem}.png"] for side in "AB" for stem in stems])
    assert not any(UNSAFE.search(name) for name in cleaned)
    assert len({name.casefold() for name in cleaned}) == 2 * len(stems)
    assert [name[1:] for name in cleaned[: len(stems)]] == [name[1:] for name in cleaned[len(stems) :]]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=8))
def test_any_bytes_are_decoded_in_some_encoding(names: list[bytes]) -> None:
    for name in names:
        name.decode(guess_encoding(names))
