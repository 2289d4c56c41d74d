"""`pix2pix translate` and `info`: use and describe a checkpoint."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.cli.import_command import add_choices
from pix2pix.cli.progress import counting, report_left_out, report_note, several
from pix2pix.errors import DataError, Pix2PixError
from pix2pix.model_config import PALETTES, RANGES
from pix2pix.settings import range_words

if TYPE_CHECKING:
    from pix2pix.checkpoints.checkpoint import Checkpoint
    from pix2pix.inference.translator import Translator

CHECKPOINT_HELP = "a .pth file, such as runs/houses/model.pth, or weights of another project"


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Adds the commands `translate` and `info`."""
    _add_translate(commands)
    text = "what is in a checkpoint"
    info = commands.add_parser(
        "info", help=text, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
    )
    info.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT_HELP)
    info.add_argument("--json", action="store_true", help="for programs: one JSON object")
    info.set_defaults(run=show_info)


def _add_translate(commands: argparse._SubParsersAction[Any]) -> None:
    text = "translate a picture, all pictures of a folder, or a video"
    parser = commands.add_parser(
        "translate", help=text, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
    )
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT_HELP)
    parser.add_argument(
        "input",
        type=Path,
        metavar="INPUT",
        help="a picture, a folder of pictures (its folders too), or a video",
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUTPUT",
        help="file for a file; folder for a folder, where PNG files are written; a video is .mp4, .mov, .mkv "
        "or .webm",
    )
    parser.add_argument(
        "--mode",
        choices=("fit", "native"),
        default="fit",
        help="fit resizes to the trained size and back (default); native keeps every pixel",
    )
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="turn the noise on: another picture for each seed (default: no noise)",
    )
    add_choices(parser)
    _add_device(parser)
    parser.set_defaults(run=translate)


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", default="auto", metavar="NAME", help="auto (default), cpu, cuda, cuda:1, mps"
    )


def translate(args: argparse.Namespace) -> int:
    """Writes the pictures. The exit code is 1 where some of a folder could not be read; the
    others are translated."""
    if not args.input.exists():
        raise DataError(f"{args.input} does not exist; name a picture, a folder of pictures or a video.")

    from pix2pix.inference.advice import advise
    from pix2pix.inference.folder import Job, plan_folder, translate_all, translate_file
    from pix2pix.inference.video_file import is_video

    if not args.input.is_dir():
        if is_video(args.input):
            return _translate_video(args)
        job = Job(args.input, target_of(args.input, args.output))
        translator = _load(args)
        source = translate_file(translator, job, mode=args.mode, seed=args.seed)
        _report_notes(source.note, *advise(source.image, translator.config, args.mode).sentences)
        return 0
    jobs, problems = plan_folder(args.input, args.output)
    translator = _load(args)
    with counting("pictures") as show:
        done = translate_all(translator, jobs, mode=args.mode, seed=args.seed, progress=show)
    report_note(done.note)
    result = (
        f"{len(done.written)} of {several(len(jobs) + len(problems), 'picture')} translated: {args.output}"
    )
    return report_left_out([*problems, *done.problems], result)


def _translate_video(args: argparse.Namespace) -> int:
    from pix2pix.inference.advice import advise
    from pix2pix.inference.folder import Job
    from pix2pix.inference.video import painter, translate_video
    from pix2pix.inference.video_file import look_at_video
    from pix2pix.inference.video_writer import format_of

    job = Job(args.input, target_of(args.input, args.output, suffix=".mp4"))
    format_of(job.target)
    first = look_at_video(job.source)[1]
    translator = _load(args)
    _report_notes(*advise(first, translator.config, args.mode, noun="video").sentences)
    paint, together = painter(translator, mode=args.mode, seed=args.seed)
    with counting("frames") as show:
        done = translate_video(paint, job, together=together, progress=show)
    _report_notes(*done.notes)
    return 0


def _report_notes(*notes: str) -> None:
    for note in notes:
        report_note(note)


def _load(args: argparse.Namespace) -> Translator:
    from pix2pix.inference.translator import Translator

    return Translator.load(args.checkpoint, args.device, statistics=args.statistics, dropout=args.dropout)


def target_of(picture: Path, output: str | Path, *, suffix: str = ".png") -> Path:
    """Returns the path of a translation: `output` itself, or a file of the picture's name in a folder.

    A name without a suffix, or like `out.v2/`, is a folder. The result is never the picture itself.
    """
    target = Path(output)
    is_folder = str(output).endswith(("/", os.sep))
    if is_folder or not target.suffix or target.is_dir():
        target /= f"{picture.stem}{suffix}"
    if target.resolve() == picture.resolve():
        raise DataError(
            f"{target} is the file to translate, and would be overwritten. Choose another name with -o."
        )
    return target


def show_info(args: argparse.Namespace) -> int:
    """Prints the model's description: its networks, what its pictures are, and where it comes from."""
    from pix2pix.checkpoints.importers import read_any, split_choice

    path, _ = split_choice(args.checkpoint)
    facts = describe(read_any(args.checkpoint), path)
    if facts["about"].get("command") and (command := own_command(path.parent)):
        facts["about"] = facts["about"] | {"command": command}
    if args.json:
        print(json.dumps(facts, indent=2))
        return 0
    print(*_lines(facts), sep="\n")
    return 0


def describe(checkpoint: Checkpoint, path: Path) -> dict[str, Any]:
    """Returns plain values: the file, its parameters, the model's config and its `about`."""
    parameters = sum(weight.numel() for weight in checkpoint.weights.values())
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "parameters": parameters,
        "config": checkpoint.config.to_dict(),
        "about": checkpoint.about,
    }


def own_command(folder: Path) -> str:
    """Returns the command that starts the run in `folder` anew, with its own paths; "" where no run is there.

    A `config.json` need not be a run's: that of a safetensors file beside the model has the same name. A
    checkpoint itself names no folder of the disk that it was made on, since it may be shared.
    """
    from pix2pix.runs.run import Run
    from pix2pix.training.presets import command_line

    run = Run(folder)
    with suppress(Pix2PixError):
        return command_line(run.config(), str(folder)) if run.config_path.is_file() else ""
    return ""


def _lines(facts: dict[str, Any], indent: str = "") -> Iterator[str]:
    """Yields one line for each value; a dict is a heading with its values indented below it."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield f"{indent}{_safe(name)}:"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{_safe(name):<{20 - len(indent)}} {_safe(_shown(name, value))}".rstrip()


def _shown(name: str, value: Any) -> str:
    if name in PALETTES:
        return ", ".join(f"{label} #{r:02x}{g:02x}{b:02x}" for label, (r, g, b) in value) or "-"
    if name in RANGES:
        return range_words(tuple(value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _safe(text: str) -> str:
    """Returns the text without control characters, since anybody may have written it."""
    return "".join(letter for letter in text if letter.isprintable())
