"""Files are whole or not there; pictures that cannot be read give one sentence."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
import torch
from PIL import Image

from pix2pix.errors import DataError, NoSpaceError, RunError
from pix2pix.runtime.files import (
    is_empty_folder,
    read_image,
    read_size,
    write_atomically,
    write_image,
    write_text,
)


class FullDisk:
    """A file on a disk that is full after 1000 bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write(self, data: bytes) -> int:
        if self.file.tell() + len(data) > 1000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def flush(self) -> None:
        self.file.flush()


def test_text_is_written_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "a.txt", "größer")
    assert (tmp_path / "new" / "a.txt").read_text(encoding="utf-8") == "größer"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]


def test_old_file_survives_a_writer_that_fails(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "old")

    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a", fail)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_full_disk_is_named_and_leaves_the_old_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "old")
    with pytest.raises(NoSpaceError, match="no space left: .*a could not be written"):
        write_atomically(tmp_path / "a", lambda file: FullDisk(file).write(bytes(2000)) and None)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_full_disk_is_named_when_torch_saves(tmp_path: Path) -> None:
    with pytest.raises(NoSpaceError, match="no space left"):
        write_atomically(
            tmp_path / "a", lambda file: torch.save({"weights": torch.zeros(5000)}, FullDisk(file))
        )
    assert not list(tmp_path.iterdir())


def test_folder_in_the_way_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    with pytest.raises(RunError, match="could not be written"):
        write_text(tmp_path / "a" / "b.txt", "x")


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp"])
def test_pictures_come_back_exactly(tmp_path: Path, suffix: str) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8))
    write_image(tmp_path / f"a{suffix}", image)
    assert np.array_equal(np.asarray(read_image(tmp_path / f"a{suffix}")), np.asarray(image))
    assert read_size(tmp_path / f"a{suffix}") == (7, 5)


def test_suffix_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="name it .png"):
        write_image(tmp_path / "a.doc", Image.new("RGB", (4, 4)))


def broken_files() -> dict[str, bytes]:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))

    data = {}
    for form in ("PNG", "JPEG", "TIFF", "WEBP", "BMP"):
        stream = io.BytesIO()
        noise.save(stream, form)
        data[f"cut.{form.lower()}"] = stream.getvalue()[: len(stream.getvalue()) // 2]
    return data | {
        "empty.png": b"",
        "words.jpg": b"hello, I am no picture",
        "zeros.png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    }


@pytest.mark.parametrize("name", broken_files())
def test_broken_picture_is_one_sentence_with_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(broken_files()[name])
    with pytest.raises(DataError, match=f"^{name} cannot be read as a picture: .+"):
        read_image(tmp_path / name)


def test_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a.png cannot be read as a picture: no such file"):
        read_image(tmp_path / "a.png")


def test_picture_one_pixel_high_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (300, 1)).save(tmp_path / "thin.png")
    with pytest.raises(DataError, match="thin.png is 300 x 1; a picture has at least 2"):
        read_image(tmp_path / "thin.png")


@pytest.mark.parametrize("side", [10_000, 20_000])
def test_bomb_is_refused_by_its_header(tmp_path: Path, side: int) -> None:
    Image.new("1", (side, side)).save(tmp_path / "bomb.png")
    with pytest.raises(DataError, match="bomb.png .* 89 million pixels"):
        read_size(tmp_path / "bomb.png")


def test_size_in_the_header_is_of_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (32, 16)).save(tmp_path / "a.jpg", exif=exif)
    assert read_size(tmp_path / "a.jpg") == read_image(tmp_path / "a.jpg").size == (16, 32)


def test_what_a_file_manager_leaves_makes_no_folder_full(tmp_path: Path) -> None:
    assert is_empty_folder(tmp_path) and not is_empty_folder(tmp_path / "none")
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._x"):
        (tmp_path / name).write_bytes(b"")
    assert is_empty_folder(tmp_path)
    (tmp_path / "x").write_bytes(b"")
    assert not is_empty_folder(tmp_path)
