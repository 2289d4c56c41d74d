"""Downloads a file from the Hub, resuming an interrupted download and checking the checksum."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pix2pix.errors import HubError
from pix2pix.hub.client import Client, hub_errors
from pix2pix.runtime.progress import Progress

ANSWER_SECONDS = 10.0


def fetch(
    client: Client,
    where: tuple[str, str, str],
    *,
    path: Path,
    expected: tuple[int, str],
    progress: Progress | None = None,
) -> Path:
    """Downloads file `where` (repository, commit, name) to `path`; `expected` is (bytes, checksum).

    huggingface_hub resumes a download within one call only; this also resumes in a later call, from
    `<path>.part`. Raises `HubError` where the file cannot be downloaded, or its checksum differs.
    """
    repo, _, name = where
    part = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    if part.exists() and part.stat().st_size > expected[0]:
        part.unlink()
    with hub_errors(repo, client.token):
        _download(client, where, part=part, size=expected[0], progress=progress)
    found = digest_of(part, expected[1])
    if found != expected[1]:
        part.unlink()
        raise HubError(
            f"{repo}: {name} came with a wrong checksum ({found[:12]} instead of {expected[1][:12]}) and "
            "was thrown away. Try again."
        )
    part.replace(path)
    return path


def _download(
    client: Client, where: tuple[str, str, str], *, part: Path, size: int, progress: Progress | None
) -> None:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    repo, commit, name = where
    token = client.token or False
    url = hf_hub_url(repo, name, revision=commit, endpoint=client.endpoint)
    found = get_hf_file_metadata(url, token=token, timeout=ANSWER_SECONDS, endpoint=client.endpoint)
    # Large files lie with others, at an address that is signed by itself: the
    # token is none of their business.
    is_ours = urlsplit(found.location).netloc == urlsplit(client.endpoint).netloc
    headers = build_hf_headers(token=token if is_ours else False)
    bar: Any = _bar(progress) if progress else None
    with part.open("ab") as file:
        http_get(
            found.location,
            file,
            resume_size=file.tell(),
            headers=headers,
            expected_size=size,
            displayed_filename=name,
            tqdm_class=bar,
        )


def digest_of(path: Path, like: str) -> str:
    """Returns the SHA-256 of a file, or where `like` is a git blob id (shorter), that id."""
    digest = (
        hashlib.sha256()
        if len(like) == 64
        else hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    )
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _bar(progress: Progress) -> Any:
    """Returns a subclass of tqdm for huggingface_hub that calls `progress` and draws nothing."""
    from tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            self.done = int(options.get("initial") or 0)
            self.of = int(options.get("total") or 0)
            super().__init__(total=self.of, disable=True)

        def update(self, n: float | None = 1) -> bool | None:
            self.done += int(n or 0)
            progress(self.done, max(self.done, self.of))
            return None

    return Bar
