"""Writes files atomically, and reads pictures with one sentence where they cannot be read."""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from PIL import Image, ImageOps, TiffImagePlugin

from pix2pix.errors import DataError, NoSpaceError, Pix2PixError, RunError, is_utf8, showable
from pix2pix.imaging.tensors import finite_range, is_deep, overshoot, to_rgb
from pix2pix.runtime.renames import flush_folder, replace_file
from pix2pix.settings import Levels

T = TypeVar("T")

IMAGE_SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".bmp",
    ".tif",
    ".tiff",
    ".jfif",
    ".jpe",
    ".ppm",
    ".pgm",
    ".pbm",
    ".pnm",
)
SMALLEST_SIDE = 2
LARGEST_PICTURE = 89_478_485
"""Pixels; Pillow suspects a decompression bomb above it."""

FULL_DISK = {errno.ENOSPC, errno.EDQUOT}
WRITABLE = "Choose a folder that you may write to."
MANY_FILES = "Close other programs, or allow more open files (ulimit -n), then try again."
WAYS_OUT = {
    errno.EIO: "The disk may be failing: look at it, or choose a folder on another one.",
    errno.EMFILE: MANY_FILES,
    errno.ENFILE: MANY_FILES,
}
EXIF_ORIENTATION = 0x0112
BITS_PER_SAMPLE = 258
SAMPLES_PER_PIXEL = 277
SAMPLE_FORMAT = 339
TIFF_NUMBERS = {
    1: "whole numbers",
    2: "signed numbers",
    3: "floating point",
    5: "complex whole numbers",
    6: "complex numbers",
}
LEFT_BY_SYSTEMS = {".ds_store", ".localized", ".directory", "thumbs.db", "desktop.ini"}
"""Files that a file manager creates in a folder when it shows it, in lower case."""
JPEG = {"quality": 95, "subsampling": 0}
SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    **dict.fromkeys((".jpg", ".jpeg", ".jfif", ".jpe"), JPEG),
    ".webp": {"lossless": True},
}


def write_atomically(path: str | Path, write: Callable[[BinaryIO], None]) -> None:
    """Writes a file beside `path` with `write`, then renames it: readers see the old file or the new,
    never a part.

    The folder is created where it is missing. Raises `NoSpaceError` for a full disk, `DataError` for a name
    that is too long, `RunError` for any other error of the system; the old file is then unchanged.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        replace_file(part, path)
        flush_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        cause = _system_error(error)
        if cause:
            raise no_space(path, cause) from error
        raise


def _system_error(error: BaseException | None) -> OSError | None:
    """Returns the system's error at the origin of an exception: `torch.save` wraps it into
    a `RuntimeError`."""
    while isinstance(error, RuntimeError):
        error = error.__context__
    return error if isinstance(error, OSError) else None


def no_space(path: Path, error: OSError, *, name: str = "") -> Pix2PixError:
    """Returns the error to raise where `path` could not be written: `NoSpaceError` for a full disk, else
    with the cause.

    `name` is shown instead of the path, where that must not be shown.
    """
    shown_name = name or str(path)
    if error.errno == errno.ENAMETOOLONG:
        return DataError(
            f"{shown_name} could not be written: the file name is too long for this disk. Shorten it."
        )
    if error.errno not in FULL_DISK:
        return RunError(
            f"{shown_name} could not be written: {_cause(error)}. {WAYS_OUT.get(error.errno or 0, WRITABLE)}"
        )
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    free = shutil.disk_usage(folder).free / 1e6
    return NoSpaceError(
        f"no space left: {shown_name} could not be written, {free:,.0f} MB are free. Make room, then resume."
    )


def link_atomically(source: Path, path: Path) -> None:
    """Gives the file `source` a second name, `path`; where the disk knows no links, a copy. What is written
    to either name later leaves the other as it is. Errors as in `write_atomically`."""
    # Not `.part`: what a kill leaves of that is opened again and written over, with the source.
    link = path.with_name(path.name + ".link")
    try:
        link.unlink(missing_ok=True)
        os.link(source, link)
        replace_file(link, path)
        flush_folder(path.parent)
    except OSError:
        with suppress(OSError):
            link.unlink()
        write_atomically(path, lambda file: _copy_into(source, file))


def _copy_into(source: Path, file: BinaryIO) -> None:
    with source.open("rb") as opened:
        shutil.copyfileobj(opened, file)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Writes `data` to the file atomically."""

    def write(file: BinaryIO) -> None:
        file.write(data)

    write_atomically(path, write)


def write_text(path: str | Path, text: str) -> None:
    r"""Writes `text` to the file atomically, as UTF-8; bytes of a name that are none are written as
    \udc80 to \udcff."""
    write_bytes(path, showable(text).encode("utf-8"))


def append_line(path: str | Path, text: str) -> None:
    """Appends a line to a file and flushes it to disk; an incomplete line that a power cut left
    is ended first.

    On an error (`NoSpaceError`, `RunError`) the file is unchanged.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            begin = b"\n" if size and file.read(1) != b"\n" else b""
            line = begin + showable(text).encode("utf-8") + b"\n"
            try:
                # One call, so that two processes never mix their lines.
                if file.write(line) != len(line):
                    raise OSError(errno.ENOSPC, "the disk took a part of the line")
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise
    except OSError as error:
        raise no_space(path, error) from error


@contextmanager
def all_or_nothing(folder: Path) -> Iterator[None]:
    """Empties `folder`, which was new or empty before, on an error within the context, so that it can
    be filled again."""
    try:
        yield
    except BaseException:
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        raise


@contextmanager
def utf8_name(path: str | Path) -> Iterator[str]:
    """Provides a name of the file for libraries that need UTF-8: its path, or `/dev/fd/` and a number."""
    if is_utf8(str(path)):
        yield str(path)
        return
    with Path(path).open("rb") as file:
        yield f"/dev/fd/{file.fileno()}"


def is_empty_folder(path: str | Path) -> bool:
    """Whether it is a folder without files of the user; those that a file manager creates do not count."""
    path = Path(path)
    return path.is_dir() and all(
        file.name.lower() in LEFT_BY_SYSTEMS or file.name.startswith("._") for file in path.iterdir()
    )


def write_image(path: str | Path, image: Image.Image) -> None:
    """Writes a picture in the format of the suffix; PNG, BMP, TIFF and WebP without loss, JPEG
    with quality 95.

    Raises `DataError` for another suffix, and errors as `write_atomically`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in IMAGE_SUFFIXES:
        raise DataError(
            f"{path} does not end like a picture; name it {', '.join(IMAGE_SUFFIXES[:-1])} or "
            f"{IMAGE_SUFFIXES[-1]}."
        )
    write_atomically(
        path,
        lambda file: image.save(file, Image.registered_extensions()[suffix], **SAVE_OPTIONS.get(suffix, {})),
    )


def read_image(path: str | Path, levels: Levels | None = None) -> Image.Image:
    """Returns the picture in a file, upright and RGB; one of more than 8 bits with `levels` as
    black and white.

    Raises `DataError` with the file and the cause where that fails.
    """
    return _read(path, lambda image: to_rgb(image, levels))


def read_values(path: str | Path) -> Image.Image:
    """Returns the picture in a file, upright; one of more than 8 bits with its values in mode I or F,
    others as RGB.

    Raises `DataError` as `read_image`.
    """

    def look(image: Image.Image) -> Image.Image:
        if not is_deep(image):
            return to_rgb(image)
        image = ImageOps.exif_transpose(image)
        return image.copy() if image.mode == "F" else image.convert("I")

    return _read(path, look)


def read_overshoot(path: str | Path, levels: Levels) -> float:
    """Returns the share of a picture's values that `levels` clip. Raises `DataError` as `read_image`."""
    return _read(path, lambda image: overshoot(image, levels))


def read_range(path: str | Path) -> tuple[Levels | None, bool]:
    """Returns the least and largest value of a deep picture (None for one of 8 bits), and whether it
    is floating point."""
    return _read(path, lambda image: (finite_range(image) if is_deep(image) else None, image.mode == "F"))


def decode_image(data: bytes, name: str) -> Image.Image:
    """Returns the picture in `data`, as `read_image`; `name` is used in errors."""
    return _read(io.BytesIO(data), to_rgb, name=name)


def decode_deep(data: bytes, name: str) -> Image.Image | None:
    """Returns a gray picture of more than 8 bits with its values unchanged; None for one of 8 bits.

    Raises `DataError` as `read_image`.
    """

    def look(image: Image.Image) -> Image.Image | None:
        return ImageOps.exif_transpose(image).copy() if is_deep(image) else None

    return _read(io.BytesIO(data), look, name=name)


@dataclass(frozen=True)
class Header:
    """What the header of a picture's file contains."""

    size: tuple[int, int]
    """Width and height of the upright picture, in pixels."""
    is_deep: bool = False
    """Whether it has more than 8 bits a channel."""
    pages: int = 1
    """Pages of a TIFF; the first one is read."""
    is_gray: bool = False
    """Whether it is stored without colours: in one channel, perhaps with transparency."""


def read_header(path: str | Path) -> Header:
    """Returns what is known of a picture without decoding it. Raises `DataError` as `read_image`."""
    return _read(path, _to_header)


def read_size(path: str | Path) -> tuple[int, int]:
    """Returns width and height of the upright picture, from its header. Errors as `read_image`."""
    return _read(path, _to_header).size


def _to_header(image: Image.Image) -> Header:
    has_tags = any(key in image.info for key in ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"))
    # A TIFF has its orientation among its own tags.
    turned = (has_tags or image.format == "TIFF") and image.getexif().get(EXIF_ORIENTATION, 1) >= 5
    pages = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    size = (image.height, image.width) if turned else image.size
    return Header(size, is_deep(image), pages, Image.getmodebase(image.mode) == "L")


def _read(file: str | Path | io.BytesIO, look: Callable[[Image.Image], T], *, name: str = "") -> T:
    name = name if isinstance(file, io.BytesIO) else Path(file).name
    try:
        with _open(file, name) as image:
            return look(image)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001  # decoders meet damage in many ways: OSError, SyntaxError, struct.error, IndexError, ...
        cause = (isinstance(error, Image.UnidentifiedImageError) and _cause_in_tiff(file)) or _cause(error)
        raise DataError(
            f"{name} cannot be read as a picture: {cause}. Save it anew as PNG, or leave it out."
        ) from error


def _open(file: str | Path | io.BytesIO, name: str) -> Image.Image:
    try:
        image = Image.open(file)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(
            f"{name} has more than {LARGEST_PICTURE / 1e6:.0f} million pixels. Make it smaller."
        ) from error
    width, height = image.size
    if width * height > LARGEST_PICTURE:
        image.close()
        raise DataError(
            f"{name} is {width} x {height}, more than {LARGEST_PICTURE / 1e6:.0f} million pixels. Make "
            "it smaller."
        )
    if min(width, height) < SMALLEST_SIDE:
        image.close()
        raise DataError(
            f"{name} is {width} x {height}; a picture has at least {SMALLEST_SIDE} pixels on each side."
        )
    return image


def _cause_in_tiff(file: str | Path | io.BytesIO) -> str:
    """Returns the kind of a TIFF's pixels for which Pillow has no mode, from its first directory; "" for
    a damaged file."""
    with (
        suppress(Exception),
        io.BytesIO(file.getvalue()) if isinstance(file, io.BytesIO) else Path(file).open("rb") as opened,
    ):
        # A damaged directory fails in many ways, and is reported like any damage.
        head = opened.read(8)
        head += opened.read(8) if head[2:4] in (b"+\0", b"\0+") else b""
        directory = TiffImagePlugin.ImageFileDirectory_v2(head)
        opened.seek(directory.next)
        directory.load(opened)
        bands = directory.get(SAMPLES_PER_PIXEL, 1)
        bits = directory.get(BITS_PER_SAMPLE, (1,))
        number = TIFF_NUMBERS.get(directory.get(SAMPLE_FORMAT, (1,))[0], "numbers")
        return (
            f"it is a TIFF of {bands} band{'s' * (bands != 1)} of {bits[0]} bits ({number}), which is not"
            " read"
        )
    return ""


def _cause(error: BaseException) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return "it is empty, damaged or of another format"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).rstrip(".") or type(error).__name__
