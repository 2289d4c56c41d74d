"""`pix2pix translate`, `evaluate` and `info`: what is done with a checkpoint."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.cli.progress import counted, metrics_line
from pix2pix.errors import DataError

if TYPE_CHECKING:
    from pix2pix.checkpoint import Checkpoint
    from pix2pix.translator import Translator

SPLITS = ("val", "test", "train", "all")
CHECKPOINT_HELP = "a .pth file, such as runs/houses/model.pth"


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """The commands `translate`, `evaluate` and `info`."""
    _add_translate(commands)
    _add_evaluate(commands)
    text = "what is in a checkpoint"
    info = commands.add_parser("info", help=text, description=text.capitalize() + ".", allow_abbrev=False)
    info.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT_HELP)
    info.add_argument("--json", action="store_true", help="for programs: one JSON object")
    info.set_defaults(run=show_info)


def _add_translate(commands: argparse._SubParsersAction[Any]) -> None:
    text = "translate a picture, or all pictures of a folder"
    parser = commands.add_parser("translate", help=text, description=text.capitalize() + ".", allow_abbrev=False)
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT_HELP)
    parser.add_argument("input", type=Path, metavar="INPUT", help="a picture, or a folder of pictures (its folders too)")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUTPUT",
        help="file for a file; folder for a folder, where PNG files are written",
    )
    parser.add_argument(
        "--mode",
        choices=("fit", "native"),
        default="fit",
        help="fit resizes to the trained size and back (default); native keeps every pixel",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="turn the noise on: another picture for each seed (default: no noise)")
    _add_device(parser)
    parser.set_defaults(run=translate)


def _add_evaluate(commands: argparse._SubParsersAction[Any]) -> None:
    text = "measure a model on pairs: L1, PSNR, SSIM"
    parser = commands.add_parser("evaluate", help=text, description=text + ".", allow_abbrev=False)
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT_HELP)
    parser.add_argument("data", metavar="DATA", help="folder of pairs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores, also those of each picture, to a file")
    parser.add_argument("--split", choices=SPLITS, help="which pairs (default: test where there are any, else val, else train)")
    parser.add_argument("--direction", choices=("AtoB", "BtoA"), help="which half is the source (default: as the model was trained)")
    parser.add_argument("--mode", choices=("fit", "native"), default="fit", help="as in translate (default: fit)")
    _add_device(parser)
    parser.set_defaults(run=evaluate)


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", metavar="NAME", help="auto (default), cpu, cuda, cuda:1, mps")


def translate(args: argparse.Namespace) -> int:
    """Writes the pictures. The exit code is 1 where some of a folder could not be read; the others are translated."""
    jobs, problems = plan(args.input, args.output)

    from pix2pix.translator import Translator

    translator = Translator.load(args.checkpoint, device=args.device)
    if args.input.is_file():
        translate_one(translator, *jobs[0], args)
        return 0
    for source, target in counted(jobs, "picture"):
        try:
            translate_one(translator, source, target, args)
        except DataError as error:
            problems.append(str(error))
    for problem in problems:
        print(f"left out: {problem}", file=sys.stderr)
    print(f"{len(jobs) + len(problems)} pictures, {len(problems)} left out: {args.output}", file=sys.stderr)
    return 1 if problems else 0


def translate_one(translator: Translator, source: Path, target: Path, args: argparse.Namespace) -> None:
    """Reads, translates and writes one picture."""
    from pix2pix.files import read_image, write_image

    target.parent.mkdir(parents=True, exist_ok=True)
    write_image(target, translator(read_image(source), mode=args.mode, seed=args.seed))


def plan(source: Path, output: Path) -> tuple[list[tuple[Path, Path]], list[str]]:
    """Which file becomes which, and what cannot be read; `DataError` where nothing can, or an input would be overwritten."""
    if not source.exists():
        raise DataError(f"{source} does not exist; name a picture or a folder of pictures.")
    jobs, problems = _plan_folder(source, output) if source.is_dir() else ([(source, _target_file(source, output))], [])
    for picture, target in jobs:
        if target.resolve() == picture.resolve():
            raise DataError(f"{target} would overwrite the picture that it is made from. Choose another name with -o.")
    return jobs, problems


def _target_file(source: Path, output: Path) -> Path:
    """`out.jpg` as it is; a name without the suffix of a picture is a folder."""
    return output if output.suffix and not output.is_dir() else output / f"{source.stem}.png"


def _plan_folder(source: Path, output: Path) -> tuple[list[tuple[Path, Path]], list[str]]:
    from pix2pix.data.scan import scan

    if output.is_file():
        raise DataError(f"{output} is a file, and {source} a folder of pictures. Name a folder with -o.")
    found, problems = scan(source)
    # What an earlier call wrote into the folder is no input of this one.
    inside = output.resolve() if source.resolve() in output.resolve().parents else None
    pictures = [file.path for file in found if inside is None or inside not in file.path.resolve().parents]
    if not pictures:
        raise DataError(f"{source} has no picture that can be read (PNG, JPEG, WebP, BMP, TIFF). Choose another folder.")
    return list(zip(pictures, _names(pictures, source, output), strict=True)), [f"{problem.file}: {problem.cause}" for problem in problems]


def _names(pictures: Iterable[Path], source: Path, output: Path) -> Iterator[Path]:
    """`a/x.jpg` becomes `OUTPUT/a/x.png`; a second x, of another suffix, `OUTPUT/a/x.bmp.png`."""
    taken = set()
    for picture in pictures:
        relative = picture.relative_to(source)
        name = relative.with_suffix(".png")
        if name in taken:
            name = relative.with_name(relative.name + ".png")
        taken.add(name)
        yield output / name


def evaluate(args: argparse.Namespace) -> int:
    """Prints the means, and writes all scores where a file was named."""
    raise NotImplementedError


def show_info(args: argparse.Namespace) -> int:
    """Prints the model's description: its networks, what its pictures are, and where it comes from."""
    from pix2pix.checkpoint import load_checkpoint

    facts = describe(load_checkpoint(args.checkpoint), Path(args.checkpoint))
    if args.json:
        print(json.dumps(facts, indent=2))
        return 0
    for name, value in _lines(facts):
        print(f"{name:<16} {value}")
    return 0


def describe(checkpoint: Checkpoint, path: Path) -> dict[str, Any]:
    """Plain values: the file, its parameters, the model's config and what is told about it."""
    parameters = sum(weight.numel() for weight in checkpoint.weights.values())
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "parameters": parameters,
        "config": checkpoint.config.to_dict(),
        "about": checkpoint.about,
    }


def _lines(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from _lines(value)
        elif name == "palette":
            yield name, ", ".join(f"{label} #{r:02x}{g:02x}{b:02x}" for label, (r, g, b) in value) or "-"
        elif isinstance(value, int) and not isinstance(value, bool):
            yield name, f"{value:,}"
        else:
            yield name, str(value)
