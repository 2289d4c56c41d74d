"""A folder of pairs with edits made by hand: a list kept beside the folder, applied to the original anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from pix2pix.data.checks.report import Report
from pix2pix.data.edits import Edit
from pix2pix.data.intake.fixes import Case, edit_pair, for_each, take
from pix2pix.data.intake.unpack import check_space
from pix2pix.data.pairs import Pair, PairFolder
from pix2pix.data.scan import scan
from pix2pix.errors import DataError
from pix2pix.runtime.files import no_space, write_text

NAME = "edits.json"
"""The list's file beside an edited folder."""
FORMAT = 1


@dataclass(frozen=True)
class EditList:
    """The edits of a folder's pairs."""

    original: Path
    """The folder before the edits, which stays as it is."""
    by_file: Mapping[str, Edit] = field(default_factory=dict)
    """By the path below `original` of each pair's file, that of A where it has two."""
    ours: bool = False
    """Whether the original is a copy of ours, and no folder of the user's."""

    def of(self, folder: Path) -> EditList:
        """Returns the same edits for the user's own copy of the original."""
        return replace(self, original=folder, ours=False)

    def to_text(self) -> str:
        """Returns the list as JSON."""
        edits = {file: edit.to_dict() for file, edit in sorted(self.by_file.items())}
        values = {"format": FORMAT, "original": str(self.original), "ours": self.ours, "pairs": edits}
        return json.dumps(values, indent=2) + "\n"


def parse_edits(text: str, name: str = NAME) -> EditList:
    """Reads what `EditList.to_text` writes. Raises `DataError` where it is no such list."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} is no JSON: {error}") from error
    pairs = values.get("pairs") if isinstance(values, dict) else None
    if not isinstance(pairs, dict) or values.get("format") != FORMAT:
        raise DataError(f'{name} is no list of edits: it has no "format": {FORMAT} with "pairs".')
    by_file = {str(file): Edit.of(edit) for file, edit in pairs.items()}
    return EditList(Path(str(values.get("original", ""))), by_file, values.get("ours") is True)


def edits_beside(folder: Path) -> EditList | None:
    """Returns the list beside a folder that `write_edited` made with it; None where there is none, or where
    its original is gone."""
    file = folder.parent / NAME
    try:
        listed = parse_edits(file.read_text(encoding="utf-8"))
    except (OSError, DataError):
        return None
    return listed if listed.original.is_dir() else None


def open_edited(report: Report, root: Path) -> PairFolder:
    """Opens the pairs of a folder as for a report on it, from A to B."""
    forward = report if report.direction == "AtoB" else report.turned()
    return Case("", report=forward).open(root)


def file_of(pair: Pair, folder: PairFolder) -> str:
    """Returns the path below the folder by which a pair's edits are listed."""
    forward = folder.direction == "AtoB"
    return pair.files[0 if forward else 1].relative_to(folder.root).as_posix()


def write_edited(listed: EditList, pairs: PairFolder, *, out: Path) -> None:
    """Makes `out` from the original with the edits applied; the original stays as it is.

    `pairs` are the pairs of the original, from A to B. Files that stay are linked where the original is ours,
    else copied. Raises `DataError` where an edit cannot be made, or no pair would be left; then, as with a
    full disk, `out` is not there.
    """
    known = {file_of(pair, pairs): pair for pair in pairs.pairs}
    unknown = [file for file in listed.by_file if file not in known]
    if unknown:
        raise DataError(f"{unknown[0]} is edited, but there is no such pair in {pairs.root.name}.")
    excluded = [known[file] for file, edit in listed.by_file.items() if edit.excluded]
    if len(excluded) == len(known):
        raise DataError(f"that would leave out all {len(known):,} pairs. Keep at least one.")
    dropped = {file for pair in excluded for file in pair.files}
    kept = [found.path for found in scan(pairs.root)[0] if found.path not in dropped]
    if not listed.ours:
        check_space(out, sum(path.stat().st_size for path in kept), what=pairs.root.name)
    part = out.with_name(out.name + ".part")
    changed = [
        (edit, moved(known[file], pairs.root, part))
        for file, edit in listed.by_file.items()
        if edit.changes_pixels and not edit.excluded
    ]
    try:
        for path in kept:
            take(path, part / path.relative_to(pairs.root), ours=listed.ours)
        for_each(partial(_edit, pairs.direction), changed)
        part.replace(out)
    except OSError as error:
        raise no_space(out, error, name=out.name) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_list(listed: EditList, out: Path) -> None:
    """Writes the list beside the folder `out`."""
    write_text(out.parent / NAME, listed.to_text())


def moved(pair: Pair, root: Path, other: Path) -> Pair:
    """Returns the same pair in a copy of its folder."""
    target = other / pair.target.relative_to(root) if pair.target else None
    return replace(pair, source=other / pair.source.relative_to(root), target=target)


def _edit(direction: str, item: tuple[Edit, Pair]) -> None:
    edit_pair(*item, direction=direction)
