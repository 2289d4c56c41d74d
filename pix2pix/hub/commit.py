"""Sends files to a repository on the Hub as one commit: all of them, or none."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.errors import HubError
from pix2pix.hub.client import Client, hub_errors
from pix2pix.runtime.progress import Progress

if TYPE_CHECKING:
    from typing_extensions import Buffer


@dataclass(frozen=True)
class Pushed:
    """The result of a push: where the files are on the Hub."""

    url: str
    commit: str
    repo: str
    file: str = ""
    """Name of the checkpoint in the repository."""


@dataclass(frozen=True)
class Place:
    """The state of a repository when it was read."""

    kind: str
    repo: str
    head: str
    """The parent of the next commit: if somebody else commits in between, that is an error and
    nothing is overwritten."""
    files: tuple[str, ...]
    private: bool


class Counted(io.BufferedReader):
    """A file that calls `on_read` after each read, and records the furthest position read in `most`."""

    def __init__(self, path: Path, on_read: Callable[[], Any]) -> None:
        super().__init__(io.FileIO(path))
        self._on_read = on_read
        self.most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.most = max(self.most, self.tell())
        self._on_read()
        return data

    def readinto(self, buffer: Buffer, /) -> int:
        count = super().readinto(buffer)
        self.most = max(self.most, self.tell())
        self._on_read()
        return count


def open_place(client: Client, kind: str, *, repo: str, create: Mapping[str, Any]) -> Place:
    """Returns the state of the repository, which is created with the options `create` if it
    does not exist."""
    from huggingface_hub.errors import RepositoryNotFoundError

    with hub_errors(repo, client.token):
        try:
            info: Any = client.api.repo_info(repo, repo_type=kind)
        except RepositoryNotFoundError:
            client.api.create_repo(repo, repo_type=kind, exist_ok=True, **create)
            info = client.api.repo_info(repo, repo_type=kind)
        files = tuple(file.rfilename for file in info.siblings or ())
        return Place(kind, repo, str(info.sha), files, bool(info.private))


def read_text(client: Client, place: Place, *, file: str, folder: Path) -> str:
    """Returns the text of a small file of the repository, "" where it does not exist; `folder` is
    a temporary one."""
    if file not in place.files:
        return ""
    with hub_errors(place.repo, client.token):
        path = client.api.hf_hub_download(
            place.repo, file, repo_type=place.kind, revision=place.head, local_dir=folder
        )
        return Path(path).read_text(encoding="utf-8", errors="replace")


def send(
    client: Client,
    place: Place,
    *,
    files: Mapping[str, Path],
    deleted: Sequence[str],
    message: str,
    progress: Progress | None = None,
) -> Pushed:
    """Makes one commit that adds `files` (name in the repository: local path) and removes `deleted`.

    `progress` is called with the bytes sent and their sum. Raises `HubError` where somebody else has changed
    the repository since `place` was read, or on any other failure; the repository is then unchanged.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    opened: list[Counted] = []
    is_sending = False
    total = sum(path.stat().st_size for path in files.values())

    def on_read() -> None:
        if progress and is_sending:
            progress(min(total, sum(file.most for file in opened)), total)

    with hub_errors(place.repo, client.token):
        try:
            opened += [Counted(path, on_read) for path in files.values()]
            operations: list[Any] = [
                CommitOperationAdd(name, file) for name, file in zip(files, opened, strict=True)
            ]
            operations += [CommitOperationDelete(name) for name in deleted]
            # Each file was read once by now, for its checksum. What counts is the second time.
            for file in opened:
                file.most = 0
            is_sending = True
            done = client.api.create_commit(
                place.repo,
                operations,
                commit_message=message,
                repo_type=place.kind,
                parent_commit=place.head,
                num_threads=2,
            )
        finally:
            for file in opened:
                file.close()
    if progress:
        progress(total, total)
    if not done.oid:
        raise HubError(
            f"{place.repo}: the Hub took the files and named no commit. Look at it, then try again."
        )
    prefix = {"space": "spaces/", "dataset": "datasets/"}.get(place.kind, "")
    return Pushed(f"{client.endpoint}/{prefix}{place.repo}", str(done.oid), place.repo)
