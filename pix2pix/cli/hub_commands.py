"""`pix2pix push`, `pull` and `deploy`: models on the Hugging Face Hub."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pix2pix.cli.progress import counting

LOG_IN = "Log in first: hf auth login, with a token that may write."


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Adds the commands `push`, `pull` and `deploy`."""
    _add_push(commands)
    _add_pull(commands)
    _add_deploy(commands)


def _add_push(commands: argparse._SubParsersAction[Any]) -> None:
    text = "send a model to the Hugging Face Hub"
    described = f"{text[:1].upper()}{text[1:]}, with its card. {LOG_IN}"
    parser = commands.add_parser("push", help=text, description=described, allow_abbrev=False)
    parser.add_argument(
        "checkpoint", type=Path, metavar="FILE", help="a .pth file, such as runs/houses/model.pth"
    )
    parser.add_argument("repo", metavar="OWNER/NAME", help="model repository; it is made where there is none")
    parser.add_argument(
        "--private", action="store_true", help="make a private repository, if this push makes one"
    )
    parser.add_argument(
        "--message", default="", metavar="TEXT", help="of the commit (default: task and step)"
    )
    parser.set_defaults(run=push)


def _add_pull(commands: argparse._SubParsersAction[Any]) -> None:
    text = "fetch a model from the Hugging Face Hub"
    parser = commands.add_parser(
        "pull", help=text, description=f"{text[:1].upper()}{text[1:]}, and check it.", allow_abbrev=False
    )
    parser.add_argument(
        "repo",
        metavar="OWNER/NAME",
        help="also OWNER/NAME@REVISION, OWNER/NAME/FILE.pth, or an address on the Hub",
    )
    parser.add_argument("--revision", metavar="R", help="branch, tag or commit (default: main)")
    parser.add_argument(
        "--to",
        type=Path,
        default=Path("checkpoints"),
        metavar="FOLDER",
        help="where to put it (default: checkpoints)",
    )
    parser.set_defaults(run=pull)


def _add_deploy(commands: argparse._SubParsersAction[Any]) -> None:
    text = "put the page with your models on the Hugging Face Hub, as a Space"
    parser = commands.add_parser(
        "deploy", help=text, description=f"{text[:1].upper()}{text[1:]}. {LOG_IN}", allow_abbrev=False
    )
    parser.add_argument(
        "repo",
        metavar="OWNER/SPACE",
        help="the Space; it is made where there is none, else brought up to date",
    )
    parser.add_argument(
        "--model", type=Path, nargs="+", metavar="FILE", help="models to show (default: all of checkpoints/)"
    )
    parser.add_argument(
        "--hardware",
        default="",
        metavar="NAME",
        help="cpu-basic, zero-a10g, t4-small, ... (default: as it is)",
    )
    parser.add_argument("--private", action="store_true", help="make a private Space, if this makes one")
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="write the Space's files into a new folder, and send nothing",
    )
    parser.set_defaults(run=deploy)


def push(args: argparse.Namespace) -> int:
    """Pushes a model, and prints the repository's address and commit."""
    _begin(args.repo)

    from pix2pix.hub.push import PushOptions
    from pix2pix.hub.push import push as send

    with counting("B") as show:
        done = send(args.checkpoint, args.repo, terms=PushOptions(args.private, args.message), progress=show)
    print(f"{done.url}/tree/{done.commit}")
    return 0


def pull(args: argparse.Namespace) -> int:
    """Prints what is downloaded, downloads it, and prints its path."""
    _begin()

    from pix2pix.hub.pull import look
    from pix2pix.hub.pull import pull as fetch

    remote = look(args.repo, args.revision)
    print(remote.title, file=sys.stderr)
    with counting("B") as show:
        path = fetch(remote, to=args.to, progress=show)
    print(path)
    return 0


def deploy(args: argparse.Namespace) -> int:
    """Deploys a Space, and prints its address, or the folder."""
    if not args.folder:
        _begin(args.repo)

    from pix2pix.hub.client import check_name
    from pix2pix.hub.deploy import Space, write_space
    from pix2pix.hub.deploy import deploy as send

    models = sorted(Path("checkpoints").glob("*.pth")) if args.model is None else args.model
    space = Space(tuple(models), args.hardware, args.private)
    if args.folder:
        print(write_space(args.folder, space, repo=check_name(args.repo)))
        return 0
    with counting("B") as show:
        done = send(args.repo, space, progress=show)
    print(done.url)
    return 0


def _begin(repo: str = "") -> None:
    """Checks what needs no torch: that the name is valid and the Hub can be reached."""
    from pix2pix.hub.client import check_name, check_online

    if repo:
        check_name(repo)
    check_online()
