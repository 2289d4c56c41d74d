"""Turns uploaded files, a folder of this machine or a data set of the Hub into a folder to train from.

Uploads, downloads and fixed copies are in `uploads/<random>/<name>`, where nobody finds those of others. A
folder of this machine is used in place, until a fix makes a copy.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pix2pix.data.edits import Edit
from pix2pix.data.intake.archive import Limits
from pix2pix.data.intake.edited_folder import EditList, edits_beside, write_edited, write_list
from pix2pix.data.intake.fixes import Case, mend
from pix2pix.data.intake.hub_datasets import NAME as HUB_NAME
from pix2pix.data.intake.hub_datasets import fetch_pictures, is_address, name_in
from pix2pix.data.intake.unpack import Unpacked, copy_pictures, unpack, unpack_several
from pix2pix.data.pairs import PairFolder
from pix2pix.data.scan import Problem
from pix2pix.errors import DataError, is_utf8, showable
from pix2pix.runtime.files import no_space
from pix2pix.runtime.paths import pasted, slug
from pix2pix.runtime.progress import Progress

FOLDERS = "PIX2PIX_DATA"
"""Environment variable: the folders, separated as in PATH, below which visitors may name data."""
PLACE = re.compile(r"[0-9a-f]{16}")
LONGEST_NAME = 40
MOST_FILES = 200_000
DAY = 86_400.0
OLDEST = 7 * DAY
LARGEST = 20e9
"""Uploads older than `OLDEST` seconds are deleted, and the oldest ones beyond this many bytes in all."""
FRESH = 3600.0
"""Seconds for which an upload is never deleted, since its visitor may just be looking at it."""


@dataclass(frozen=True)
class Upload:
    """A folder to train from, and what was left out."""

    folder: Path
    ours: bool
    """Whether it is a copy below `uploads`."""
    left_out: tuple[Problem, ...] = ()
    note: str = ""
    """A sentence about what else is worth knowing."""


def allowed_folders(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Returns the folders below which visitors may name data: those of PIX2PIX_DATA.

    Without it, none on a Space, and all on a private machine.
    """
    named = tuple(
        Path(part).expanduser().resolve()
        for part in environ.get(FOLDERS, "").split(os.pathsep)
        if part.strip()
    )
    return named if named or environ.get("SPACE_ID") else (Path(Path.cwd().anchor),)


def is_allowed(folder: str | Path, uploads: Path, *, allowed: Iterable[Path]) -> bool:
    """Whether a visitor may train from that folder: it is in an upload or an allowed folder,
    after following links."""
    real = Path(folder).expanduser().resolve()
    inside = uploads.resolve() in real.parents and len(real.relative_to(uploads.resolve()).parts) >= 2
    return inside or any(place.resolve() == real or place.resolve() in real.parents for place in allowed)


def add_files(
    files: Sequence[Path], uploads: Path, *, limits: Limits | None = None, progress: Progress | None = None
) -> Upload:
    """Unpacks one archive, or several each into a folder of its own, or copies many pictures.

    Raises `DataError` on a failure; nothing is left then.
    """
    archives = [file for file in files if file.suffix.lower() == ".zip"]
    if not files:
        raise DataError("nothing was brought. Drop a zip archive, or several pictures.")
    if archives and len(archives) < len(files):
        raise DataError(
            f"{len(files)} files with {len(archives)} archives among them: bring zip archives alone, or "
            "pictures alone."
        )
    if len(archives) > 1:
        name = " ".join(sorted(file.stem for file in archives))
        return _make(
            uploads, name, write=lambda out: unpack_several(files, out, limits=limits, progress=progress)
        )
    if archives:
        return _make(
            uploads, files[0].stem, write=lambda out: unpack(files[0], out, limits=limits, progress=progress)
        )
    names: dict[str, Path] = {}
    for file in files:
        if file.name.casefold() in {name.casefold() for name in names}:
            raise DataError(
                f"{file.name} was brought twice. For pictures of two folders pack the folders as one "
                "zip archive."
            )
        names[file.name] = file
    return _make(
        uploads, "pictures", write=lambda out: copy_pictures(names, out, limits=limits, progress=progress)
    )


def add_named(
    text: str, uploads: Path, *, allowed: Sequence[Path], progress: Progress | None = None
) -> Upload:
    """Returns a folder of this machine by path, or a data set: `owner/name`, `hf://datasets/owner/name`."""
    text = pasted(text)
    if not text:
        raise DataError(
            "nothing is named. Give the path of a folder, or owner/name of a data set on the Hub."
        )
    if "\0" in text:
        raise DataError("a path has no zero byte in it. Give the path of a folder.")
    if is_address(text):
        return fetch_hub(name_in(text), uploads, progress=progress)
    if HUB_NAME.fullmatch(text) and not (allowed and Path(text).is_dir()):
        return fetch_hub(text, uploads, progress=progress)
    return use_folder(text, uploads, allowed=allowed)


def use_folder(text: str, uploads: Path, *, allowed: Sequence[Path]) -> Upload:
    """Returns a folder of this machine, used in place. Raises `DataError` where it may not be used."""
    if not is_allowed(text, uploads, allowed=allowed):
        # The same words whether it exists or not: a visitor learns nothing of the disk.
        where = ", ".join(str(place) for place in allowed) or "nowhere on this server"
        raise DataError(
            f"{text[:200]} is not a folder that may be used here ({where}). Bring a zip archive instead."
        )
    folder = Path(text).expanduser().resolve()
    if not folder.is_dir():
        raise DataError(f"{text[:200]} is no folder. Give the path of a folder of pictures.")
    if not is_utf8(str(folder)):
        raise DataError(
            f"{showable(str(folder))[:200]} has a name that is not UTF-8, which no page can hold. Rename "
            "the folder."
        )
    _check_reach(folder, text)
    return Upload(folder, ours=uploads.resolve() in folder.parents)


def _check_reach(folder: Path, text: str) -> None:
    """Raises `DataError` for more than `MOST_FILES` files, before all of them are searched for pictures."""
    count = 0
    for _, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        count += len(files)
        if count > MOST_FILES:
            raise DataError(
                f"{text[:200]} has more than {MOST_FILES:,} files in it. Name the folder of the "
                "pictures itself."
            )


def fetch_hub(name: str, uploads: Path, *, progress: Progress | None = None) -> Upload:
    """Downloads the pictures of a data set on the Hub."""
    note = ""

    def fetch(out: Path) -> Unpacked:
        nonlocal note
        unpacked, note = fetch_pictures(name, out, progress=progress)
        return unpacked

    return replace(_make(uploads, name.partition("/")[2], write=fetch), note=note)


def apply_remedy(case: Case, upload: Upload, *, uploads: Path) -> Upload:
    """Returns a new folder with the fix applied; the old one stays, and may be in use for training."""

    def write(out: Path) -> Unpacked:
        mend(case, upload.folder, out=out, ours=upload.ours)
        return Unpacked(0)

    made = _make(uploads, upload.folder.name, write=write)
    mended = {problem for problem in upload.left_out if problem.file in case.files}
    return replace(
        made,
        left_out=tuple(problem for problem in upload.left_out if problem not in mended),
        note=upload.note,
    )


def apply_edits(listed: EditList, pairs: PairFolder, upload: Upload, *, uploads: Path) -> Upload:
    """Returns a new folder in which pairs of the original are edited, with the list beside it; without an
    edit, the original itself.

    `pairs` are those of the original, from A to B. Errors as `write_edited`.
    """
    listed = replace(listed, by_file={file: edit for file, edit in listed.by_file.items() if edit != Edit()})
    if not listed.by_file:
        return replace(upload, folder=listed.original, ours=listed.ours)

    def write(out: Path) -> Unpacked:
        write_edited(listed, pairs, out=out)
        write_list(listed, out)
        return Unpacked(0)

    made = _make(uploads, listed.original.name, write=write)
    return replace(made, left_out=upload.left_out, note=upload.note)


def edits_of(upload: Upload) -> EditList:
    """Returns the edits that were applied to an upload, and its original; an empty list for the original
    itself."""
    listed = edits_beside(upload.folder) if upload.ours else None
    return listed or EditList(upload.folder, ours=upload.ours)


def _make(uploads: Path, name: str, *, write: Callable[[Path], Unpacked]) -> Upload:
    """Creates a folder below `uploads` and fills it with `write`; on an error it is deleted."""
    plain = slug(name, "pictures", longest=LONGEST_NAME)
    place = uploads / secrets.token_hex(8)
    try:
        place.mkdir(parents=True)
        unpacked = write(place / plain)
    except BaseException as error:
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(error, OSError):
            raise no_space(uploads, error, name=plain) from error
        raise
    return Upload((place / plain).resolve(), ours=True, left_out=unpacked.left_out)


def forget(upload: Upload) -> None:
    """Deletes an upload that cannot be used."""
    shutil.rmtree(upload.folder.parent, ignore_errors=True)


def sweep(
    uploads: Path, in_use: Iterable[str | Path] = (), *, oldest: float = OLDEST, largest: float = LARGEST
) -> list[Path]:
    """Deletes old uploads, and the oldest while all together are too large, but none in `in_use`;
    returns the deleted."""
    used = {Path(path).resolve() for path in in_use}
    now = time.time()
    total = 0
    deleted = []
    places = (
        [place for place in uploads.iterdir() if PLACE.fullmatch(place.name) and place.is_dir()]
        if uploads.is_dir()
        else []
    )
    for place in sorted(places, key=lambda place: place.stat().st_mtime, reverse=True):
        age = now - place.stat().st_mtime
        size = _size_of(place)
        is_used = any(place.resolve() in (path, *path.parents) for path in used)
        too_large = total + size > largest and age > FRESH
        if not is_used and (age > oldest or too_large):
            shutil.rmtree(place, ignore_errors=True)
            deleted.append(place)
        else:
            total += size
            # The original of an edited folder is older, and looked at after it: what was left out is there.
            used |= {listed.original for listed in _lists_in(place)}
    return deleted


def _lists_in(place: Path) -> list[EditList]:
    folders = [folder for folder in place.iterdir() if folder.is_dir()]
    return [listed for folder in folders[:1] if (listed := edits_beside(folder))]


def _size_of(place: Path) -> int:
    """Returns the bytes below a folder; a file with several links counts by its share."""
    stats = [path.lstat() for path in place.rglob("*") if path.is_file()]
    return sum(stat.st_size // max(1, stat.st_nlink) for stat in stats)
