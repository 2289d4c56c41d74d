"""The client of the Hugging Face Hub that all parts of pix2pix use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from huggingface_hub import HfApi

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
"""`owner/name` of a repository on the Hub."""


def open_hub_api(token: str | bool | None) -> HfApi:
    """Returns a client for `token`: None is the login of this machine, False is nobody. Asks nothing yet.

    Silences its own bars and warnings, which speak of its parts; the messages for people are ours.
    """
    from huggingface_hub import HfApi, constants
    from huggingface_hub.utils import disable_progress_bars, logging

    disable_progress_bars()
    logging.set_verbosity_error()
    return HfApi(endpoint=constants.ENDPOINT, token=token)
