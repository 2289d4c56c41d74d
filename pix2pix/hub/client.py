"""The connection to the Hugging Face Hub: names, tokens, a quick check that it answers, and errors as
sentences without secrets."""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pix2pix.errors import CheckpointError, HubError, OfflineError, Pix2PixError, RunError
from pix2pix.runtime.hub_api import NAME, open_hub_api

if TYPE_CHECKING:
    from huggingface_hub import HfApi

LONGEST_NAME = 96
"""Limit of `owner/name` in characters, as the Hub counts them."""
PROBE_SECONDS = 2.5
"""Seconds to wait for the first answer; without a network huggingface_hub itself would take 23 s to fail."""
TOKEN = re.compile(r"hf_[A-Za-z0-9_]+|(?<=Bearer )\S+")
TOKEN_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
HIDDEN = "(a token)"
LOCAL = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENAMETOOLONG,
}
"""Error numbers of this machine's own faults, as opposed to those of the connection."""


@dataclass(frozen=True)
class Client:
    """The Hub's API as one account, or anonymously."""

    api: HfApi
    token: str | None

    @property
    def endpoint(self) -> str:
        """The Hub's address: `https://huggingface.co`, or the value of HF_ENDPOINT."""
        return str(self.api.endpoint)


def connect(token: str | None = None, needs_token: bool = False) -> Client:
    """Returns a client for `token`; None is the login of this machine, if any, and "" is anonymous.

    Raises `OfflineError` where the Hub does not answer within three seconds, and `HubError` where
    `needs_token` and there is none.
    """
    token = token_here() if token is None else token
    if needs_token and not token:
        raise HubError(
            "nobody is logged in to the Hub here. Log in with a token that may write (hf auth login), or "
            "sign in on the page of a Space."
        )
    check_online()
    # False, or huggingface_hub would take the token of this machine after all.
    return Client(open_hub_api(token or False), token or None)


def token_here() -> str | None:
    """Returns the token of `hf auth login` or of HF_TOKEN; None where nobody is logged in."""
    from huggingface_hub import get_token

    return str(get_token() or "") or None


def take_token() -> str | None:
    """Returns the token and removes it from this process's environment, so that child processes do
    not get it."""
    token = token_here()
    for name in TOKEN_VARIABLES:
        os.environ.pop(name, None)
    return token


def is_online() -> bool:
    """Whether the Hub answers within three seconds."""
    answers: list[bool] = []
    # A thread, since no timeout of a client bounds the search for an address.
    asking = threading.Thread(target=lambda: answers.append(_answers()), daemon=True)
    asking.start()
    asking.join(PROBE_SECONDS)
    return any(answers)


def check_online() -> None:
    """Raises `OfflineError` where the Hub does not answer within three seconds."""
    from huggingface_hub import constants

    if not is_online():
        raise OfflineError(
            f"the Hub ({constants.ENDPOINT}) cannot be reached from here. What lies on this machine works "
            "without it."
        )


def _answers() -> bool:
    import httpx
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        httpx.head(constants.ENDPOINT, timeout=PROBE_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return False
    return True


def account_of(client: Client) -> str:
    """Returns the name of the account that the client's token belongs to."""
    with hub_errors("the account of this token"):
        return str(client.api.whoami()["name"])


def check_name(repo: str) -> str:
    """Returns `owner/name`, stripped. Raises `HubError` where the Hub does not allow it, such as `../x`."""
    text = repo.strip()
    is_right = NAME.fullmatch(text) and len(text) <= LONGEST_NAME and "--" not in text and ".." not in text
    if not is_right or text.endswith((".git", ".", "-")):
        raise HubError(
            f"{text[:120]!r} is no name of a repository: it is owner/name, with letters, digits, -, _ "
            "and . in it."
        )
    return text


def redact(text: object, *secrets: str | None) -> str:
    """Returns the text with everything replaced that is, or looks like, a token."""
    message = str(text)
    for secret in filter(None, secrets):
        message = message.replace(secret, HIDDEN)
    return TOKEN.sub(HIDDEN, message)


@contextmanager
def hub_errors(repo: str, token: str | None = None) -> Iterator[None]:
    """Turns errors of the Hub, or of the connection, into a `HubError` with one sentence about `repo`."""
    from huggingface_hub.errors import HTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        yield
    except Pix2PixError:
        raise
    # ValueError: card and names as huggingface_hub checks them; RuntimeError: it wraps
    # what breaks an upload in one.
    except (
        HTTPError,
        OSError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        ValueError,
        RuntimeError,
    ) as error:
        # From None: a chain of causes is printed with the requests that failed, and those carry the token.
        raise _to_sentence(error, repo, token=token) from None


@contextmanager
def writing_here(repo: str) -> Iterator[None]:
    """Turns an error in writing temporary files for `repo` into a `HubError` with the cause,
    without their paths."""
    try:
        yield
    except (RunError, CheckpointError, OSError) as error:
        cause = next(
            (each for each in _chain(error) if isinstance(each, OSError) and each.errno is not None), None
        )
        if cause is None:
            raise
        raise HubError(refused_here(repo, cause)) from error


def _to_sentence(error: BaseException, repo: str, *, token: str | None) -> HubError:
    from huggingface_hub.errors import HfHubHTTPError

    chain = list(_chain(error))
    answer = next((each for each in chain if isinstance(each, HfHubHTTPError)), None)
    if answer is not None:
        return HubError(_refusal(answer, repo))
    local = next((each for each in chain if isinstance(each, OSError) and each.errno in LOCAL), None)
    if local is not None:
        return HubError(refused_here(repo, local))
    message = redact(_first_line(error), token)
    if any(isinstance(each, ValueError) for each in chain):
        return HubError(f"{repo}: the Hub would not take it ({message}).")
    return HubError(
        f"the connection to the Hub was cut while {repo} was being worked on ({message}). Nothing was half "
        "done: try again."
    )


def refused_here(repo: str, error: OSError) -> str:
    """Returns the sentence for an error of this machine, not the Hub, without the path, which is
    a temporary one."""
    cause = (error.strerror or type(error).__name__).lower()
    return (
        f"this machine could not do its part for {repo}: {cause}. Nothing was half done: mend that, then try"
        " again."
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _refusal(error: Any, repo: str) -> str:
    """Returns the sentence for an HTTP error of the Hub."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    status = getattr(error.response, "status_code", 0)
    if isinstance(error, GatedRepoError):
        return (
            f"{repo} is gated: ask for access on its page on the Hub, with the account of your token, then"
            " try again."
        )
    if isinstance(error, RevisionNotFoundError):
        return f"{repo} has no such revision. Name a branch, a tag or a whole commit id."
    if "InvalidToken" in str(error.response.headers.get("X-Error-Code", "")) or "Invalid credentials" in str(
        error
    ):
        return "the Hub does not know this token: it is wrong, or was revoked. Log in again: hf auth login."
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"the Hub has no repository {repo} that may be read from here. Look at its name; if it is"
            " private, log in first."
        )
    sentence = (
        STATUS.get(status)
        or STATUS.get(status // 100)
        or "the Hub refused what was asked about {repo} (status {status}). Try again."
    )
    return sentence.format(repo=repo, status=status)


STATUS = {
    401: "the Hub wants to know who you are before it does this with {repo}. Log in with a token that may "
    "write: hf auth login.",
    403: "this token may not write to {repo}: take one with the right to write (on the Hub: Settings, "
    "Access Tokens),"
    " and a repository of its account.",
    409: "somebody else changed {repo} at the same moment; nothing of yours was sent. Look at it, "
    "then try again.",
    412: "somebody else changed {repo} at the same moment; nothing of yours was sent. Look at it, "
    "then try again.",
    413: "{repo}: the Hub says that a file is too large. Save the model with half precision.",
    429: "the Hub has had too many requests from here (status 429), also about {repo}. Wait some minutes, "
    "then try again.",
    5: "the Hub has a failure of its own (status {status}) and could not do it for {repo}. Nothing was half "
    "done: try again later.",
}
"""Sentences by HTTP status, or by its first digit."""


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
