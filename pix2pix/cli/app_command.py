"""`pix2pix app`: opens the page."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """The command `app`."""
    text = "open the page in which to draw, train and watch"
    parser = commands.add_parser("app", help=text, description=text.capitalize() + ".", allow_abbrev=False)
    parser.add_argument(
        "--port", type=int, metavar="N", help="port to listen on (default: PIX2PIX_PORT, PORT or GRADIO_SERVER_PORT, else 7860)"
    )
    parser.add_argument(
        "--host", metavar="NAME", help="address to listen on; 0.0.0.0 lets other machines in (default: GRADIO_SERVER_NAME, else 127.0.0.1)"
    )
    parser.set_defaults(run=open_page)


def open_page(args: argparse.Namespace) -> int:
    """Serves the page until Ctrl-C."""
    from pix2pix.ui.app import launch

    launch(host=args.host, port=args.port)
    return 0
