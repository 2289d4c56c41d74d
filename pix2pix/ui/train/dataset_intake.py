"""What the data section does with folders: takes uploads in, mends what was found, and edits pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import gradio as gr
from gradio.utils import get_upload_folder

from pix2pix.data.edits import Edit
from pix2pix.data.intake import uploads as uploads
from pix2pix.data.intake.edited_folder import EditList, file_of, open_edited
from pix2pix.data.intake.fixes import Case, turns_of
from pix2pix.data.intake.uploads import Upload
from pix2pix.data.names import as_training
from pix2pix.data.pairs import PairFolder
from pix2pix.data.scan import Problem
from pix2pix.errors import DataError
from pix2pix.runtime.progress import Progress
from pix2pix.ui.train import dataset_report as dataset_report
from pix2pix.ui.train import uploaded as uploaded
from pix2pix.ui.train.uploaded import UploadedDataset

OFFER = "apart"
"""The finding whose card comes first, as it offers another way to train."""


@dataclass(frozen=True)
class Place:
    """Where uploads are stored, and which folders may be named."""

    uploads: Path
    allowed: tuple[Path, ...]
    in_use: Callable[[], Iterable[str | Path]] = tuple
    """Returns the data folders of runs, which are never swept."""
    check: Callable[[gr.Request | None], object] = bool
    """Raises a `Pix2PixError` where this visitor may not upload data."""


def add_files(
    place: Place, files: Sequence[str] | None, *, progress: Progress | None = None
) -> UploadedDataset:
    """Unpacks uploaded files and inspects them. The uploaded files are deleted afterwards,
    also on an error."""
    paths = [Path(file) for file in files or ()]
    try:
        uploads.sweep(place.uploads, place.in_use())
        return _look_or_undo(uploads.add_files(paths, place.uploads, progress=progress), progress)
    finally:
        _discard(paths)


def add_named(place: Place, text: str | None, *, progress: Progress | None = None) -> UploadedDataset:
    """Opens a folder on this machine, or downloads a data set, and inspects it."""
    uploads.sweep(place.uploads, place.in_use())
    return _look_or_undo(
        uploads.add_named(str(text or ""), place.uploads, allowed=place.allowed, progress=progress), progress
    )


def mend(
    place: Place, dataset: UploadedDataset, *, key: str, progress: Progress | None = None
) -> UploadedDataset:
    """Applies the fix of a card and inspects the result; the direction and the chosen source stay.

    Raises `DataError` where the card is no longer there.
    """
    card = next(
        (card for card in dataset_report.cards(dataset) if card.case.key == key and card.button), None
    )
    if card is None:
        raise DataError("this has been mended already. Reload the page.")
    if key == OFFER:
        return uploaded.without_pairs(dataset, progress)
    left_out = {problem.file for problem in dataset.upload.left_out}
    if set(card.case.files) <= left_out and card.case.files:
        upload = replace(dataset.upload, left_out=_without(dataset.upload.left_out, card.case.files))
        return replace(dataset, upload=upload, before=replace(dataset, before=None))
    if key == "turned":
        return edit(place, dataset, turned_back(dataset, card.case), progress=progress)
    upload = _remedied(place, dataset, card.case)
    look = uploaded.look_without_pairs if dataset.sides else uploaded.look_at
    inspected = uploaded.turned(
        _look_or_undo(upload, progress, layout=dataset.layout, look=look), dataset.report.direction
    )
    return replace(
        inspected, make=dataset.make if inspected.is_photos else "none", before=replace(dataset, before=None)
    )


def original_of(dataset: UploadedDataset) -> tuple[EditList, PairFolder]:
    """Returns the edits of a data set, and the pairs of its original, from A to B."""
    listed = uploads.edits_of(dataset.upload)
    return listed, open_edited(dataset.report, listed.original)


def edit(
    place: Place, dataset: UploadedDataset, edits: Mapping[str, Edit], *, progress: Progress | None = None
) -> UploadedDataset:
    """Makes edits of pairs, by file, anew from the original, beside those that were made before, and inspects
    the result; undo gives the data as it was.

    Raises `DataError` where one cannot be made, or no pair would be left.
    """
    listed, pairs = original_of(dataset)
    merged = replace(listed, by_file={**listed.by_file, **edits})
    upload = uploads.apply_edits(merged, pairs, dataset.upload, uploads=place.uploads)
    # The original is nothing to delete where it cannot be looked at.
    look = uploaded.look_at if upload.folder == listed.original else _look_or_undo
    inspected = uploaded.turned(look(upload, progress, layout=dataset.layout), dataset.report.direction)
    return replace(
        inspected, make=dataset.make if inspected.is_photos else "none", before=replace(dataset, before=None)
    )


def turned_back(dataset: UploadedDataset, case: Case) -> dict[str, Edit]:
    """Returns the edits that turn back the halves that the report found turned, after the edits made so
    far."""
    listed, pairs = original_of(dataset)
    needed = {stem_of(file): turns for file, turns in turns_of(case).items()}
    edits = {}
    for pair in pairs.pairs:
        stems = [stem_of(file.relative_to(pairs.root).as_posix()) for file in pair.files]
        turns = next((needed[stem] for stem in stems if stem in needed), None)
        if turns:
            file = file_of(pair, pairs)
            edits[file] = listed.by_file.get(file, Edit()).turned(turns)
    return edits


def _remedied(place: Place, dataset: UploadedDataset, case: Case) -> Upload:
    """Applies a fix. Pairs that were left out by hand are mended with the others, so that they can still come
    back, and left out again."""
    listed = uploads.edits_of(dataset.upload)
    out = [file for file, edit in listed.by_file.items() if edit.excluded]
    if not out:
        return uploads.apply_remedy(case, dataset.upload, uploads=place.uploads)
    whole = {file: replace(edit, excluded=False) for file, edit in listed.by_file.items()}
    pairs = open_edited(dataset.report, listed.original)
    complete = uploads.apply_edits(
        replace(listed, by_file=whole), pairs, dataset.upload, uploads=place.uploads
    )
    mended = uploads.apply_remedy(case, complete, uploads=place.uploads)
    again = uploaded.look_at(mended, layout=dataset.layout).pairs
    files = {stem_of(file_of(pair, again)): file_of(pair, again) for pair in again.pairs}
    # A fix may write another format, and move files into the training folder.
    stems = [
        stem for file in out for stem in (stem_of(file), stem_of(as_training(PurePosixPath(file)).as_posix()))
    ]
    excluded = {files[stem]: Edit(excluded=True) for stem in stems if stem in files}
    listed = EditList(mended.folder, excluded, ours=True)
    return uploads.apply_edits(listed, again, mended, uploads=place.uploads)


def stem_of(file: str) -> str:
    """Returns a path without its suffix, which mending may change."""
    return PurePosixPath(file).with_suffix("").as_posix()


def _without(problems: Iterable[Problem], files: Iterable[str]) -> tuple[Problem, ...]:
    gone = set(files)
    return tuple(problem for problem in problems if problem.file not in gone)


def _look_or_undo(
    upload: Upload,
    progress: Progress | None,
    *,
    layout: str = "auto",
    look: Callable[..., UploadedDataset] = uploaded.look_at,
) -> UploadedDataset:
    """Inspects an upload with `look`; one that cannot be used is deleted, and its `DataError` raised."""
    try:
        return look(upload, progress, layout=layout)
    except DataError:
        if upload.ours:
            uploads.forget(upload)
        raise


def _discard(paths: Iterable[Path]) -> None:
    """Deletes Gradio's copies of uploaded files, and nothing outside its upload folder."""
    kept = Path(get_upload_folder()).resolve()
    for path in paths:
        if kept in path.resolve().parents:
            path.unlink(missing_ok=True)
