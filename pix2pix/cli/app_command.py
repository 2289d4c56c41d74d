"""`pix2pix app`: opens the page."""

from __future__ import annotations

import argparse
import os
from typing import Any

from pix2pix.errors import ConfigError

PORT_VARIABLES = ("PIX2PIX_PORT", "PORT", "GRADIO_SERVER_PORT")
DEFAULT_PORT = 7860


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Adds the command `app`."""
    text = "open the page in which to draw, train and watch"
    parser = commands.add_parser(
        "app", help=text, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
    )
    places = ", ".join(PORT_VARIABLES)
    parser.add_argument(
        "--port",
        type=int,
        metavar="N",
        help=f"port to listen on (default: the first of {places} that is set, else 7860)",
    )
    parser.add_argument(
        "--host",
        metavar="NAME",
        help="address to listen on; 0.0.0.0 lets other machines in (default: GRADIO_SERVER_NAME, "
        "else 127.0.0.1)",
    )
    parser.set_defaults(run=lambda args: serve(args.host, args.port))


def serve(host: str | None = None, port: int | None = None) -> int:
    """Serves the page until Ctrl-C."""
    port = choose_port() if port is None else _checked(port, "--port")

    from pix2pix.ui.app import launch

    # Without a host Gradio takes GRADIO_SERVER_NAME, which a Space sets.
    launch(host=host, port=port)
    return 0


def choose_port() -> int:
    """Returns the port that the environment sets, or Gradio's default."""
    name = next((name for name in PORT_VARIABLES if os.environ.get(name)), None)
    if name is None:
        return DEFAULT_PORT
    value = os.environ[name]
    return _checked(int(value) if value.isascii() and value.isdecimal() else value, name)


def _checked(port: int | str, name: str) -> int:
    if isinstance(port, str) or not 1 <= port <= 65_535:
        raise ConfigError(f"{name} is {port!r}; a port is a whole number from 1 to 65535.")
    return port
