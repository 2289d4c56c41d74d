"""Writes pairs made from single photos to disk."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from pix2pix.data.made_sources import MADE, make_source
from pix2pix.data.names import ends_with_side
from pix2pix.data.pairs import Pair, Problem, open_pairs
from pix2pix.errors import ConfigError, DataError
from pix2pix.runtime.files import is_empty_folder, read_image, write_image, write_text
from pix2pix.runtime.progress import Progress
from pix2pix.seeding import seed_of
from pix2pix.settings import Levels, range_words

__all__ = ["Prepared", "make_source", "prepare"]

LARGEST_SIZE = 4096
UNFINISHED = ".pix2pix-unfinished"
"""A file in the output folder until all pairs are written; it identifies them."""


@dataclass(frozen=True)
class Prepared:
    """How many pairs were written where, and the photos that could not be used."""

    folder: Path
    count: int
    problems: tuple[Problem, ...]
    note: str = ""
    """What became of photos of more than 8 bits, in a sentence."""


def prepare(
    folder: str | Path,
    out: str | Path,
    *,
    kind: str,
    size: int = 256,
    seed: int = 0,
    progress: Progress | None = None,
) -> Prepared:
    """Writes a PNG for each photo in `folder`: the source made from it (A) beside the photo (B),
    for `pix2pix train`.

    Photos are cropped to their middle square and resized to `size`; with `size` 0 they keep their own shape,
    and the halves go to two folders, A and B. Subfolders train, val and test stay. Holes (`mask`) are a
    function of `seed` and name. One photo at a time is in memory; `progress` is called with (done, of). The
    same call continues what was interrupted.
    """
    out = Path(out)
    if kind not in MADE:
        raise ConfigError(f"kind is {kind!r}; choose one of {', '.join(MADE)}.")
    if size and not 8 <= size <= LARGEST_SIZE:
        raise ConfigError(
            f"size is {size}; it must be from 8 to {LARGEST_SIZE}, or 0 to keep each photo's own."
        )
    record = out / UNFINISHED
    if out.exists() and not is_empty_folder(out) and not record.is_file():
        raise DataError(
            f"{out} is not an empty folder; choose another name, so that nothing of yours is mixed or lost."
        )
    photos = open_pairs(folder, make=kind)
    # Pairs drawn for validation are drawn again in training: only folders are kept.
    splits = [
        ("" if photos.drawn else "train", photos.train),
        ("" if photos.drawn else "val", photos.val),
        ("test", photos.test),
    ]
    named = _file_names([(split, photo) for split, group in splits for photo in group])
    problems = list(photos.problems)
    _begin(record, _sign_of(named, f"{kind} {size} {seed}"))
    for done, (name, photo) in enumerate(named.items(), 1):
        try:
            if not all(half.exists() for half in _files_of(out / name, size)):
                image = read_image(photo.source, photo.source_levels)
                _write_pair(out / name, image, size=size, making=(kind, seed_of(seed, name)))
        except DataError as error:
            problems.append(Problem(photo.source.relative_to(photos.root).as_posix(), str(error)))
        if progress:
            progress(done, len(named))
    record.unlink()
    count = len(named) + len(photos.problems) - len(problems)
    return Prepared(out, count, tuple(problems), _scaling_note(photos.levels[1], kind))


def _scaling_note(levels: Levels | None, kind: str) -> str:
    if levels is None:
        return ""
    return (
        f"Photos of more than 8 bits were scaled to 8: {range_words(levels)}. To have the model know that "
        f"range, train on the photos themselves, with --make {kind}."
    )


def _file_names(photos: list[tuple[str, Pair]]) -> dict[str, Pair]:
    """Returns a path below the output folder for each photo, all different, none of which looks like
    half a pair."""
    named: dict[str, Pair] = {}
    taken: set[tuple[str, str]] = set()
    for split, photo in photos:
        flat = re.sub(r"[/\\]", "-", photo.name)
        flat = f"{flat}_AB" if ends_with_side(flat) else flat
        tries = (flat if number == 1 else f"{flat}-{number}" for number in itertools.count(1))
        stem = next(
            stem for stem in tries if (split, stem.casefold()) not in taken
        )  # some disks hold x and X to be one
        taken.add((split, stem.casefold()))
        named[f"{split}/{stem}.png" if split else f"{stem}.png"] = photo
    return named


def _sign_of(named: Mapping[str, Pair], settings: str) -> str:
    """Returns a digest of what is to be written, which differs for other photos or settings."""
    lines = [settings, *(f"{name} {photo.source.absolute()}" for name, photo in named.items())]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def _begin(record: Path, sign: str) -> None:
    """Records what the folder will hold. Raises `DataError` where it holds a part of something else."""
    if record.is_file() and record.read_text(encoding="utf-8").strip() != sign:
        raise DataError(
            f"{record.parent} holds a part of other pairs: of other photos, or made in another way. Give "
            "the same command again to go on"
            " with them, or choose another name."
        )
    write_text(record, sign + "\n")


def _files_of(path: Path, size: int) -> tuple[Path, ...]:
    return (path,) if size else (path.parent / "A" / path.name, path.parent / "B" / path.name)


def _write_pair(path: Path, photo: Image.Image, *, size: int, making: tuple[str, int]) -> None:
    if size:
        photo = ImageOps.fit(photo, (size, size), Image.Resampling.BICUBIC)
    source = make_source(photo, *making)
    if not size:
        for file, half in zip(_files_of(path, size), (source, photo), strict=True):
            write_image(file, half)
        return
    both = Image.new("RGB", (2 * size, size))
    both.paste(source, (0, 0))
    both.paste(photo, (size, 0))
    write_image(path, both)
