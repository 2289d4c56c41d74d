"""`pix2pix prepare` and `inspect`: what is done with a folder of pictures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

MADE = ("gray", "edges", "mask", "lowres")


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """The commands `prepare` and `inspect`."""
    _add_prepare(commands)
    _add_inspect(commands)


def _add_prepare(commands: argparse._SubParsersAction[Any]) -> None:
    text = "make a folder of pairs from single photos"
    parser = commands.add_parser("prepare", help=text, description=text.capitalize() + ".", allow_abbrev=False)
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="folder of photos")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUTPUT", help="folder that the pairs are written to")
    parser.add_argument("--make", choices=MADE, required=True, help="what the source is made to be: the model learns to undo it")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="where the holes of mask are, and what is validation (default 0)")
    parser.set_defaults(run=prepare)


def _add_inspect(commands: argparse._SubParsersAction[Any]) -> None:
    text = "what is in a data set, and what is wrong with it"
    parser = commands.add_parser("inspect", help=text, description=text.capitalize() + ".", allow_abbrev=False)
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of pairs (or of photos, with --make)")
    parser.add_argument("--direction", choices=("AtoB", "BtoA"), default="AtoB", help="which half is the source (default AtoB)")
    parser.add_argument("--make", choices=("none", *MADE), default="none", help="look at single photos, as train --make does")
    parser.set_defaults(run=inspect)


def prepare(args: argparse.Namespace) -> int:
    """Writes the pairs."""
    from pix2pix.data import prepare as pairs_from_photos

    pairs_from_photos.prepare(args.photos, args.output, args.make, seed=args.seed)
    return 0


def inspect(args: argparse.Namespace) -> int:
    """Prints the report."""
    from pix2pix.data.inspect import inspect_folder

    print(inspect_folder(args.data, args.direction, args.make))
    return 0
