"""`pix2pix prepare` and `inspect`: work on a folder of pictures."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.cli import flags
from pix2pix.cli.progress import counting, report_left_out, report_note, several
from pix2pix.config import knobs
from pix2pix.errors import DataError

if TYPE_CHECKING:
    from pix2pix.data.checks.report import Report

MADE, LAYOUTS = (
    next(knob.choices or () for knob in knobs() if knob.name == name) for name in ("make", "layout")
)


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Adds the commands `prepare` and `inspect`."""
    _add_prepare(commands)
    _add_inspect(commands)


def _add_prepare(commands: argparse._SubParsersAction[Any]) -> None:
    text = "make a folder of pairs from single photos"
    parser = commands.add_parser(
        "prepare", help=text, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
    )
    parser.add_argument(
        "photos", metavar="PHOTOS", help="folder of photos; its folders train, val and test stay"
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUTPUT",
        help="new folder for the pairs: source left, photo right",
    )
    parser.add_argument(
        "--make",
        choices=[kind for kind in MADE if kind != "none"],
        required=True,
        help="the source to make; the model learns to undo it",
    )
    parser.add_argument(
        "--size",
        type=int,
        default=256,
        metavar="N",
        help="side of the halves (default 256); 0 keeps each photo's shape, in two folders",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="another seed, other holes of mask (default 0)"
    )
    parser.set_defaults(run=prepare)


def _add_inspect(commands: argparse._SubParsersAction[Any]) -> None:
    text = "what is in a data set, and what is wrong with it"
    parser = commands.add_parser(
        "inspect", help=text, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
    )
    parser.add_argument(
        "data",
        metavar="DATA",
        help="folder of pairs (of photos, with --make; of two sides or the first one, without pairs), or "
        "hf://datasets/OWNER/NAME",
    )
    flags.add_second_folder(parser)
    flags.add_data_knobs(parser)
    parser.add_argument("--json", action="store_true", help="for programs: one JSON object")
    parser.add_argument(
        "--mend", metavar="KEY", help="mend what was found, such as numbers, in a copy; wants -o"
    )
    parser.add_argument(
        "--edits",
        type=Path,
        metavar="FILE",
        help="make the edits of pairs that the page's viewer lists in an edits.json, in a copy; wants -o",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="the new folder of --mend or --edits"
    )
    parser.set_defaults(run=inspect)


def prepare(args: argparse.Namespace) -> int:
    """Writes the pairs. The exit code is 1 where some photos could not be used."""
    from pix2pix.data import prepare as maker

    try:
        with counting("photos") as show:
            made = maker.prepare(
                args.photos, args.output, kind=args.make, size=args.size, seed=args.seed, progress=show
            )
    except KeyboardInterrupt:
        print("stopped: the same command goes on.", file=sys.stderr)
        raise
    report_note(made.note)
    return report_left_out(made.problems, f"{several(made.count, 'pair')} written: {made.folder}")


def inspect(args: argparse.Namespace) -> int:
    """Prints the report."""
    from pix2pix.data.checks.sides_report import inspect_data

    folder = data_folder(args.data)
    settings = {name: value for name, value in flags.given(args).items() if name in flags.DATA_SETTINGS}
    if settings.get("data_b"):
        settings["data_b"] = data_folder(settings["data_b"])
    with counting("pictures") as show:
        report = inspect_data(folder, show, **settings)
    print(json.dumps(report.to_dict(), indent=2) if args.json else report.text())
    if settings.get("data_b") and (args.mend or args.edits or args.output):
        raise DataError("--mend copies one folder: put both sides into one, as A and B, and name that.")
    if args.mend and args.edits:
        raise DataError("--mend and --edits make a copy each: use one, and then the other on its copy.")
    if args.edits:
        print(f"edited: {edit(report, Path(folder), edits=args.edits, output=args.output)}", file=sys.stderr)
    elif args.mend or args.output:
        print(f"mended: {mend(report, Path(folder), key=args.mend, output=args.output)}", file=sys.stderr)
    return 0


def mend(report: Report, folder: Path, *, key: str | None, output: Path | None) -> Path:
    """Writes a new folder in which one finding is fixed, as a click on the page does.

    Raises `DataError` where there is no such finding, or it cannot be fixed.
    """
    from pix2pix.data.checks.sides_report import WITHOUT_PAIRS
    from pix2pix.data.intake.fixes import CHANGES, DROPPED, Case
    from pix2pix.data.intake.fixes import mend as apply

    fixes = DROPPED if report.layout == WITHOUT_PAIRS else {*CHANGES, *DROPPED, "turned"}
    mendable = [finding for finding in report.findings if finding.key in fixes]
    keys = ", ".join(finding.key for finding in mendable) or "nothing"
    found = next((finding for finding in mendable if finding.key == key), None)
    if found is None or output is None:
        raise DataError(
            f"name what to mend and where to: --mend KEY -o FOLDER. Here these can be mended: {keys}."
        )
    _make_way(output)
    apply(Case(found.key, found.files, found.amount, report), folder, out=output, ours=False)
    return output


def edit(report: Report, folder: Path, *, edits: Path, output: Path | None) -> Path:
    """Writes a new folder in which the edits of a list are made, as the page's viewer of pairs does.

    Raises `DataError` where the list cannot be read, or does not fit the pairs.
    """
    from pix2pix.data.intake.edited_folder import open_edited, parse_edits, write_edited

    if output is None:
        raise DataError("name where to: --edits FILE -o FOLDER.")
    try:
        listed = parse_edits(edits.read_text(encoding="utf-8"), edits.name)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{edits} cannot be read: {error}") from error
    _make_way(output)
    write_edited(listed.of(folder), open_edited(report, folder), out=output)
    return output


def _make_way(output: Path) -> None:
    """Raises `DataError` where the new folder would be mixed with anything."""
    from pix2pix.runtime.files import is_empty_folder

    if output.exists() and not is_empty_folder(output):
        raise DataError(
            f"{output} is not empty; name a new folder, so that nothing of yours is mixed or lost."
        )
    if output.exists():
        output.rmdir()


def data_folder(data: str) -> str:
    """Returns the folder; for `hf://datasets/owner/name` a local copy, downloaded if needed."""
    if not data.startswith("hf:"):
        return data

    from pix2pix.data.intake import hub_datasets as hub_datasets

    with counting("pictures") as show:
        folder, note = hub_datasets.local_copy(data, show)
    print(note, file=sys.stderr)
    return str(folder)
