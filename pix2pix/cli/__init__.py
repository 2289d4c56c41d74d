"""The command line: `pix2pix COMMAND`, or `python -m pix2pix COMMAND`.

Importing it needs no torch, so that help comes at once; each command imports what it uses when it runs.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import pix2pix
from pix2pix.cli import (
    app_command,
    data_commands,
    export_command,
    hub_commands,
    import_command,
    measure_commands,
    model_commands,
    train_command,
)
from pix2pix.cli.flags import join_ranges
from pix2pix.cli.output import is_reader_gone, lost_output, secure_output
from pix2pix.errors import Pix2PixError
from pix2pix.runtime.paths import expand_home

__all__ = ["build_parser", "main"]

USER_ERROR = 2
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence and the way to the help, not a page of usage."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Of each argument that is a path, and of those that may be one.
        self.register("type", Path, lambda text: Path(expand_home(text)))
        for kind in (None, str):
            self.register("type", kind, expand_home)

    def error(self, message: str) -> NoReturn:
        self.exit(USER_ERROR, f"{self.prog}: {message.rstrip('.')}. See {self.prog} --help.\n")


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the whole command line: every command with its flags."""
    parser = Parser(
        prog="pix2pix", description="Image-to-image translation with conditional GANs.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"pix2pix {pix2pix.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    data_commands.add(commands)
    train_command.add(commands)
    model_commands.add(commands)
    measure_commands.add(commands)
    import_command.add(commands)
    export_command.add(commands)
    hub_commands.add(commands)
    app_command.add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code: 0 done, 1 done with bad news, 2 something to
    put right, 130 interrupted."""
    secure_output()
    # A program that ends need not look for cycles among a million objects of torch: half a second.
    atexit.register(gc.freeze)
    given = join_ranges(sys.argv[1:] if arguments is None else arguments)
    code = _run(build_parser().parse_args(given))
    lost = lost_output()
    if lost and not is_reader_gone(lost):
        return _complain(f"the output could not be written: {(lost.strerror or str(lost)).lower()}.")
    return max(code, 1) if lost else code


def _run(args: argparse.Namespace) -> int:
    try:
        return int(args.run(args) or 0)
    except Pix2PixError as error:
        return _complain(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        return _complain(f"{os.fsdecode(error.filename)}: {error.strerror}.")
    except KeyboardInterrupt:
        print("pix2pix: interrupted.", file=sys.stderr)
        return INTERRUPTED


def _complain(sentence: str) -> int:
    print(f"pix2pix: {sentence}", file=sys.stderr)
    return USER_ERROR
