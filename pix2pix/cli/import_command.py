"""`pix2pix import`: converts the weights of another project to a checkpoint of ours."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.errors import ConfigError
from pix2pix.runtime.paths import slug

if TYPE_CHECKING:
    from pix2pix.checkpoints.checkpoint import Checkpoint

EPILOG = """\
Read are the generators of pytorch-CycleGAN-and-pix2pix, KimRass/Pix2Pix, HugGAN and pix2pix-tensorflow \
(.pict). Every command takes their
files as they are, too; a kept copy opens faster. docs/importing.md says more.
"""
OF_AN_EPOCH = re.compile(r"(?:latest|\d+)_net_G(?:_[AB])?")
"""The file names of pytorch-CycleGAN-and-pix2pix; the folder has the model's name."""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Adds the command `import`."""
    text = "keep another project's weights as a checkpoint"
    parser = commands.add_parser(
        "import",
        help=text,
        description=text[:1].upper() + text[1:] + ".",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="weights: .pth, .pt, .bin, .safetensors or .pict; FILE::NAME for one of several networks",
    )
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="where to write it (default: checkpoints/NAME.pth)"
    )
    add_choices(parser)
    parser.add_argument(
        "--size",
        type=int,
        metavar="N",
        help="side that it was trained at, in pixels (default: what the network suggests)",
    )
    parser.add_argument(
        "--half",
        action="store_true",
        help="store 16-bit weights: half the file, and pictures that differ in the fourth digit",
    )
    parser.set_defaults(run=import_weights)


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Adds the two choices of a model's use: the statistics of batch norm, and noise."""
    parser.add_argument(
        "--statistics",
        choices=("auto", "picture", "running"),
        default="auto",
        help="batch norm goes by this picture, or by the running statistics of training (auto: as the "
        "model has it)",
    )
    parser.add_argument(
        "--dropout",
        choices=("auto", "on", "off"),
        default="auto",
        help="dropout while drawing, without a seed too (auto: as the model has it)",
    )


def import_weights(args: argparse.Namespace) -> int:
    """Writes the checkpoint and prints a description."""
    from pix2pix.checkpoints.checkpoint import save_checkpoint
    from pix2pix.checkpoints.importers import adjusted, is_own, read_any, split_choice

    file, network = split_choice(args.file)
    target = args.to or Path("checkpoints") / f"{name_of(file)}{f'-{safe_name(network)}' * bool(network)}.pth"
    if target.suffix != ".pth":
        raise ConfigError(
            f"{target} does not end with .pth, which is how checkpoints are found. Name it so with --to."
        )
    if target.exists():
        raise ConfigError(f"{target} is there already. Choose another name with --to.")
    if file.is_file() and is_own(file):
        raise ConfigError(f"{file} is a checkpoint of pix2pix already: use it as it is.")
    checkpoint = adjusted(read_any(args.file), args.statistics, dropout=args.dropout, size=args.size)
    save_checkpoint(target, checkpoint, args.half)
    print(f"{target}: {description_of(checkpoint)}")
    return 0


def name_of(file: Path) -> str:
    """Returns the model's name: `houses` for `houses.pict` and for `houses/latest_net_G.pth`."""
    return file.resolve().parent.name if OF_AN_EPOCH.fullmatch(file.stem) else file.stem


def safe_name(network: str) -> str:
    """Returns a network's name in a file as a part of a file name."""
    return slug(network, "network", longest=40)


def description_of(checkpoint: Checkpoint) -> str:
    """Returns a description such as `a U-Net for 256 px of KimRass/Pix2Pix, 54,413,955 parameters; ...`."""
    config = checkpoint.config
    origin = checkpoint.about.get("origin", {})
    kind = "a ResNet" if config.generator == "resnet" else "a U-Net"
    parameters = sum(weight.numel() for weight in checkpoint.weights.values())
    use = (
        f"batch norm by {'the picture at hand' if config.statistics == 'picture' else 'running statistics'}, "
        * (config.norm == "batch")
    )
    dropout = "on" if config.noisy else "off"
    project = origin.get("project", "pix2pix")
    taken = f"; it is {origin['network']} of the file" if origin.get("network") else ""
    left = f"; left out: {origin['left_out']}" if origin.get("left_out") else ""
    use += f"dropout {dropout} where no seed is given"
    return f"{kind} of {project}, drawn at {config.size} px, {parameters:,} numbers; {use}{taken}{left}"
