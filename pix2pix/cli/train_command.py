"""`pix2pix train`: starts or resumes a run."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any

from pix2pix.cli import flags
from pix2pix.cli.data_commands import data_folder
from pix2pix.cli.progress import TrainingProgress
from pix2pix.config import TrainConfig
from pix2pix.errors import ConfigError, RunError
from pix2pix.runtime.paths import quoted

USAGE = (
    "pix2pix train DATA --run RUN [settings]\n"
    "       pix2pix train A_FOLDER B_FOLDER --method cyclegan --run RUN [settings]\n"
    "       pix2pix train [DATA] --run RUN --resume [--steps N]"
)
EPILOG = """\
The run is a folder: model.pth is the model so far (pix2pix translate reads it), metrics.jsonl the losses, \
samples/ the pictures.
Ctrl-C, or an empty file named stop in the folder, finishes the step and saves; --resume goes on from \
there, to the bit on a CPU.
"""
RESUME_HELP = (
    "go on with the run and its settings; --steps may be raised, and DATA name its pictures where they were"
    " moved"
)
DATA_HELP = (
    "folder of pairs (of photos, with --make; of two sides or the first one, without pairs), or "
    "hf://datasets/OWNER/NAME"
)


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Adds the command `train`."""
    parser = commands.add_parser(
        "train",
        usage=USAGE,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        help="train a model on a folder of pairs or on two sides without pairs, or go on with a run",
        description="Trains a model on a folder of pairs, or on two sides of pictures without pairs.",
    )
    parser.add_argument("data", nargs="?", default=argparse.SUPPRESS, metavar="DATA", help=DATA_HELP)
    flags.add_second_folder(parser)
    parser.add_argument(
        "--run",
        dest="run_folder",
        type=Path,
        required=True,
        metavar="RUN",
        help="folder of the run, such as runs/houses",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help=RESUME_HELP,
    )
    flags.add_knobs(parser)
    hub = parser.add_argument_group("Hugging Face Hub")
    hub.add_argument(
        "--push-to", metavar="OWNER/NAME", help="send the model to this repository when the training ends"
    )
    hub.add_argument(
        "--push-every",
        type=int,
        default=0,
        metavar="N",
        help="and whenever N more steps are saved; a failure stops nothing",
    )
    hub.add_argument(
        "--private", action="store_true", help="make a private repository, if the push makes one"
    )
    parser.set_defaults(run=train)


def train(args: argparse.Namespace) -> int:
    """Trains to the end, or until it is stopped. The exit code is 1 where the run did not end well."""
    settings = flags.given(args)
    if args.push_every < 0 or (args.push_every and not args.push_to):
        raise ConfigError(
            f"--push-every is {args.push_every}; it is a number of steps, and --push-to names the repository."
        )
    if not args.resume and (args.run_folder / "config.json").exists():
        raise RunError(
            f"{args.run_folder} already holds a run. Go on with it with --resume, or choose another name."
        )
    config = None if args.resume else _new_config(settings)

    from pix2pix.runs import execute as training

    if args.resume:
        settings |= _folders(settings)
    with TrainingProgress() as progress, _pushing(args):
        if config is None:
            run = training.resume(args.run_folder, on_event=progress, settings=settings)
        else:
            run = training.train(config, args.run_folder, on_event=progress, asked=settings)
    return _report(run.snapshot())


def _pushing(args: argparse.Namespace) -> contextlib.AbstractContextManager[Any]:
    """Returns a context that pushes the model to the Hub meanwhile, if asked for; with several processes
    in the first."""
    from pix2pix.runtime.distributed import is_first

    if not args.push_to or not is_first():
        return contextlib.nullcontext()
    from pix2pix.hub.client import take_token
    from pix2pix.hub.push_while_training import Pushing

    return Pushing(
        args.run_folder, args.push_to, every=args.push_every, token=take_token() or "", private=args.private
    )


def _new_config(settings: dict[str, Any]) -> TrainConfig:
    if not settings.get("data"):
        raise ConfigError(
            "there is nothing to train on: name a folder of pairs (pix2pix train DATA --run RUN), or add "
            "--resume for an existing run."
        )
    return TrainConfig(**settings | _folders(settings))


def _folders(settings: dict[str, Any]) -> dict[str, str]:
    """Returns the folders that were typed, those of the Hub as local copies."""
    return {name: data_folder(settings[name]) for name in ("data", "data_b") if settings.get(name)}


def _report(snapshot: Any) -> int:
    """Prints the last line on stderr: where the model is, and how to resume."""
    if snapshot.model:
        from pix2pix.runs.run_folder import RunFolder

        for model in RunFolder(snapshot.model.parent).models():
            print(f"model: {model}", file=sys.stderr)
    if snapshot.state == "stopped" and snapshot.can_resume:
        print(f"go on: pix2pix train --run {quoted(snapshot.model.parent)} --resume", file=sys.stderr)
    return 0 if snapshot.state in ("finished", "stopped") else 1
