"""`pix2pix export`: exports a model to other runtimes, or as a page that needs no server."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.cli.model_commands import CHECKPOINT_HELP
from pix2pix.errors import ConfigError
from pix2pix.runtime.paths import quoted

if TYPE_CHECKING:
    from pix2pix.checkpoints.checkpoint import Checkpoint

EPILOG = """\
Several can be written at once. The ONNX file takes any batch, height and width, and is compared with torch \
before it gets its name.
The page of --web is a folder of files for any static host: python -m http.server -d DIR shows it.
"""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Adds the command `export`."""
    text = "write a model for other runtimes: ONNX, safetensors, .pict, or a page without a server"
    parser = commands.add_parser(
        "export",
        help=text,
        description=text[:1].upper() + text[1:] + ".",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT_HELP)
    parser.add_argument(
        "--onnx", type=Path, metavar="FILE", help="for ONNX Runtime and whatever else reads ONNX"
    )
    parser.add_argument(
        "--safetensors", type=Path, metavar="FILE", help="the weights; a config.json is written beside them"
    )
    parser.add_argument(
        "--pict", type=Path, metavar="FILE", help="for the Unity and browser clients that read this format"
    )
    parser.add_argument(
        "--web",
        type=Path,
        metavar="DIR",
        help="a page to draw on that runs in the browser; an empty or new folder",
    )
    parser.add_argument(
        "--half",
        action="store_true",
        help="store the weights of --onnx and --safetensors in 16 bits (--web always does)",
    )
    parser.add_argument(
        "--statistics",
        choices=("auto", "picture", "running"),
        default="auto",
        help="batch norm goes by each picture, or by the running statistics of training (auto: as the "
        "model has it)",
    )
    parser.add_argument(
        "--runtime",
        type=Path,
        metavar="TGZ",
        help="onnxruntime-web's npm package, where --web cannot fetch it",
    )
    parser.set_defaults(run=export)


def export(args: argparse.Namespace) -> int:
    """Writes each file that was asked for, and prints a line for each."""
    writers = {"onnx": _write_onnx, "safetensors": _write_safetensors, "pict": _write_pict, "web": _write_web}
    wanted = [write for name, write in writers.items() if getattr(args, name)]
    if not wanted:
        raise ConfigError(
            "there is nothing to write: name a file with --onnx, --safetensors or --pict, or a folder "
            "with --web."
        )
    from pix2pix.checkpoints.importers import read_any

    checkpoint = read_any(args.checkpoint)
    for write in wanted:
        print(write(args, checkpoint))
    return 0


def _write_onnx(args: argparse.Namespace, checkpoint: Checkpoint) -> str:
    from pix2pix.checkpoints.export.onnx_file import write_onnx

    proof = write_onnx(args.onnx, checkpoint, half=args.half, statistics=args.statistics)
    return f"{args.onnx} ({_megabytes(args.onnx)}): {proof}"


def _write_safetensors(args: argparse.Namespace, checkpoint: Checkpoint) -> str:
    from pix2pix.checkpoints.export.safetensors_file import write_safetensors

    described = write_safetensors(args.safetensors, checkpoint, args.half)
    return f"{args.safetensors} ({_megabytes(args.safetensors)}), described by {described}"


def _write_pict(args: argparse.Namespace, checkpoint: Checkpoint) -> str:
    from pix2pix.checkpoints.pict import write_pict

    write_pict(args.pict, checkpoint)
    return f"{args.pict} ({_megabytes(args.pict)}): 256 different weights, as its clients read them"


def _write_web(args: argparse.Namespace, checkpoint: Checkpoint) -> str:
    from pix2pix.ui.static_page.write import write_page

    page = write_page(
        args.web, checkpoint, name=args.checkpoint, statistics=args.statistics, runtime=args.runtime
    )
    return (
        f"{args.web} ({page.megabytes:.0f} MB): {page.proof}\nLook at it with: python -m http.server -d"
        f" {quoted(args.web)}"
    )


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"
