"""`pix2pix evaluate`, `segmenter` and `ablate`: measure how good models are."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.cli import flags
from pix2pix.cli.data_commands import LAYOUTS, data_folder
from pix2pix.cli.progress import TrainingProgress, counting, report_left_out, report_note
from pix2pix.config import SPLITS, TrainConfig

if TYPE_CHECKING:
    from pix2pix.evaluation.evaluate import Scores
    from pix2pix.evaluation.html_report import HtmlReport
    from pix2pix.evaluation.measures import Measure
    from pix2pix.inference.translator import Translator

ABLATE_EPILOG = """\
Each cell is a run of its own in DIR, trained with the settings given here but for the one that the grid \
changes; skips, conditional
and patch sizes are the grid's. Ctrl-C stops it, the same command goes on; finished cells are kept. Then \
DIR/table.md, scores.csv,
scores.json, losses.png, generators.png, patches.png and sheet.png, which has all of them, are written.
"""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Adds the commands `evaluate`, `segmenter` and `ablate`."""
    _add_evaluate(commands)
    _add_segmenter(commands)
    _add_ablate(commands)


def _add_evaluate(commands: argparse._SubParsersAction[Any]) -> None:
    text = "measure a model on pairs: L1, PSNR, SSIM, MS-SSIM, colours, segmentation"
    parser = commands.add_parser("evaluate", help=text, description=text + ".", allow_abbrev=False)
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a .pth file, such as runs/houses/model.pth")
    parser.add_argument("data", metavar="DATA", help="folder of pairs")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the scores, also those of each picture, to a file"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row a picture")
    parser.add_argument(
        "--html",
        type=Path,
        metavar="DIR",
        help="write a gallery: input, output and target, to sort by any measure",
    )
    parser.add_argument(
        "--segmenter",
        type=Path,
        metavar="FILE",
        help="the paper's FCN-score, with what `pix2pix segmenter` made",
    )
    parser.add_argument(
        "--perceptual",
        action="store_true",
        help="LPIPS, FID and KID too; their weights (325 MB) are fetched the first time",
    )
    parser.add_argument(
        "--split",
        choices=SPLITS,
        help="which pairs (default: test where there are any, else val, else train)",
    )
    parser.add_argument(
        "--direction",
        choices=("AtoB", "BtoA"),
        help="which half is the source (default: as the model was trained)",
    )
    parser.add_argument(
        "--layout", choices=LAYOUTS, help="how the pairs lie (default: as the model was trained)"
    )
    parser.add_argument(
        "--mode", choices=("fit", "native"), default="fit", help="as in translate (default: fit)"
    )
    parser.add_argument(
        "--device", default="auto", metavar="NAME", help="auto (default), cpu, cuda, cuda:1, mps"
    )
    parser.set_defaults(run=evaluate)


def _add_segmenter(commands: argparse._SubParsersAction[Any]) -> None:
    text = "train a segmenter on pairs of photo and labels, the judge of evaluate --segmenter"
    parser = commands.add_parser(
        "segmenter", help=text, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
    )
    parser.add_argument(
        "data", metavar="DATA", help="folder of pairs, one half labels; its training pairs are learned from"
    )
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="the .pth file to write")
    for name, default, words in (
        ("size", 128, "side of the pictures that it looks at"),
        ("width", 20, "channels of its first layer"),
        ("steps", 2500, "steps"),
        ("batch", 8, "pairs a step"),
        ("seed", 0, "same seed, same segmenter"),
    ):
        parser.add_argument(
            f"--{name}", type=int, default=default, metavar="N", help=f"{words} (default {default})"
        )
    parser.add_argument(
        "--layout",
        choices=LAYOUTS,
        default="auto",
        help="how the pairs lie (default: what explains most pictures)",
    )
    parser.set_defaults(run=make_segmenter)


def _add_ablate(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "ablate",
        usage="pix2pix ablate DATA --out DIR [settings]",
        help="train and score the paper's grid of losses, generators and patch sizes",
        description="Trains and scores the paper's grid of losses, generators and patch sizes, the same "
        "budget for each cell.",
        epilog=ABLATE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("data", metavar="DATA", help="folder of pairs (or of photos, with --make)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the runs, the tables and the sheets"
    )
    parser.add_argument(
        "--segmenter", type=Path, metavar="FILE", help="score photos made from labels as the paper does"
    )
    parser.add_argument(
        "--drawings",
        type=Path,
        metavar="DIR",
        help="pictures to show on the sheets in the place of test pairs",
    )
    parser.add_argument(
        "--tables",
        default="losses,generators,patches",
        metavar="NAMES",
        help="tables to make, with commas: losses, generators, patches (the paper's, all by default), and "
        "recipes (scales and feature matching)",
    )
    flags.add_knobs(parser)
    parser.set_defaults(run=ablate)


def evaluate(args: argparse.Namespace) -> int:
    """Prints the table, and writes the files that were asked for. The exit code is 1 where some pairs
    were left out."""
    from pix2pix.cli.score_table import table_of
    from pix2pix.evaluation import evaluate as evaluation
    from pix2pix.inference.translator import Translator
    from pix2pix.runtime.files import write_text

    args.data = data_folder(args.data)
    translator = Translator.load(args.checkpoint, args.device)
    pairs = evaluation.open_evaluation_pairs(
        translator, args.data, direction=args.direction, layout=args.layout
    )
    evaluator = evaluation.Evaluation(translator, pairs, split=args.split, mode=args.mode)
    gallery = _open_gallery(args, translator)
    measures = _measures(args, translator)
    with counting("pairs") as show:
        scores = evaluator.run([*measures, *([gallery] if gallery else [])], show)
    if args.json:
        write_text(args.json, json.dumps(scores.to_dict(), indent=2) + "\n")
    if args.csv:
        write_text(args.csv, scores.to_csv())
    print(*table_of(scores), sep="\n")
    for note in scores.notes:
        report_note(note)
    return report_left_out([*pairs.problems, *scores.problems], _finish_gallery(gallery, scores, args=args))


def _open_gallery(args: argparse.Namespace, translator: Translator) -> HtmlReport | None:
    from pix2pix.evaluation.html_report import HtmlReport

    return HtmlReport(args.html, translator.config) if args.html else None


def _finish_gallery(gallery: HtmlReport | None, scores: Scores, *, args: argparse.Namespace) -> str:
    """Writes the report's page and returns what to print on stderr at the end."""
    from pix2pix.cli.score_table import protocol_of

    if gallery is None:
        return f"{scores.seconds_per_picture:.3f} s a picture"
    title = f"{Path(args.checkpoint).name} on {Path(args.data).name}"
    return f"gallery: {gallery.finish(scores, title, protocol_of(scores))}"


def _measures(args: argparse.Namespace, translator: Translator) -> list[Measure]:
    from pix2pix.evaluation.measures import FcnScore, open_perceptual
    from pix2pix.evaluation.segmenter import Segmenter

    measures: list[Measure] = (
        [FcnScore(Segmenter.load(args.segmenter), translator.config)] if args.segmenter else []
    )
    if args.perceptual:
        # What torch says of its downloads is no part of the table.
        with redirect_stdout(sys.stderr):
            found, sentences = open_perceptual()
        measures += found
        print(*sentences, sep="\n", end="\n" * bool(sentences), file=sys.stderr)
    return measures


def make_segmenter(args: argparse.Namespace) -> int:
    """Trains and writes a segmenter, and prints its scores on held-out pairs."""
    from pix2pix.checkpoints.checkpoint import save_checkpoint
    from pix2pix.evaluation.segmenter import SegmenterSettings, train_segmenter

    settings = SegmenterSettings(args.size, args.width, args.steps, args.batch, seed=args.seed)
    folder = data_folder(args.data)
    with counting("steps") as show:
        made = train_segmenter(folder, settings, progress=show, layout=args.layout)
    save_checkpoint(args.to, made)
    scores = made.about["metrics"]
    print(
        f"{args.to}: {len(made.config.palette)} classes"
        + "".join(f", {name} {value:.3f}" for name, value in scores.items())
    )
    return 0


def ablate(args: argparse.Namespace) -> int:
    """Trains the missing cells, then writes tables and sheets. The exit code is 1 where it was stopped
    before the end."""
    args.data = data_folder(args.data)
    base = TrainConfig(**flags.given(args))

    from pix2pix.evaluation.segmenter import Segmenter
    from pix2pix.experiments.ablation import plan, train_cells
    from pix2pix.experiments.ablation_report import Report

    tables = [name.strip() for name in args.tables.split(",") if name.strip()]
    plan(base, tables)
    segmenter = Segmenter.load(args.segmenter) if args.segmenter else None
    with TrainingProgress() as progress:
        done = train_cells(
            base,
            args.out,
            tables=tables,
            report=lambda cell, state: print(f"{cell.name}: {state}", file=sys.stderr),
            on_event=progress,
        )
    if not done:
        print("stopped: the same command goes on.", file=sys.stderr)
        return 1
    table = Report(base, args.out, segmenter, args.drawings, tables).write()
    print(table.read_text(encoding="utf-8"))
    return 0
