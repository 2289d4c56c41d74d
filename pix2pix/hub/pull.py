"""Downloads a model from the Hub into `checkpoints/`.

The file is fetched to a temporary folder and its checksum and weights are checked; then it is saved
as a checkpoint.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from pix2pix.checkpoints.importers import SUFFIXES, read_any
from pix2pix.data.intake.unpack import check_space
from pix2pix.errors import CheckpointError, HubError
from pix2pix.hub.client import Client, check_name, connect, hub_errors
from pix2pix.hub.download import fetch
from pix2pix.hub.push import LARGEST_MODEL, is_half
from pix2pix.runtime.locks import hold
from pix2pix.runtime.paths import unquoted
from pix2pix.runtime.progress import Progress

REVISION = re.compile(r"(?!.*\.\.)[\w][\w./-]{0,199}")
STAGE = ".hub"
"""Folder in `checkpoints/` for interrupted downloads, which the next call resumes."""
MOST_NAMED = 5


@dataclass(frozen=True)
class Wanted:
    """What a person asked for: repository, revision and file."""

    repo: str
    revision: str = "main"
    file: str = ""


@dataclass(frozen=True)
class Remote:
    """A checkpoint on the Hub that can be downloaded."""

    repo: str
    revision: str
    """As it was asked for: `main`, a tag or a commit."""
    commit: str
    file: str
    size: int
    """Size in bytes."""
    digest: str
    """SHA-256 of the content, or (shorter) its git blob id."""
    private: bool
    url: str

    @property
    def title(self) -> str:
        """A line such as `ada/houses at 1a2b3c4: houses.pth, 19.6 MB`."""
        return f"{self.repo} at {self.commit[:7]}: {self.file}, {self.size / 1e6:,.1f} MB"


def look(where: str, revision: str | None = None, *, token: str | None = None) -> Remote:
    """Returns what `pull` would download. Raises `HubError` where there is no model, or only one that
    is too large."""
    wanted = parse_place(where, revision)
    return _look(connect(token), wanted)


def pull(
    where: str | Remote,
    revision: str | None = None,
    *,
    to: str | Path = "checkpoints",
    token: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Downloads a model into the folder `to` and returns its path there, named after the repository.

    `where` is `owner/name`, `owner/name@revision`, `owner/name/file.pth`, an address on the Hub, or the
    result of `look`, whose commit is then downloaded. An interrupted download is resumed. The file's checksum
    is checked, then its content as for every checkpoint. Its `about["origin"]` records the source. An older
    version of the same model is replaced; another file of that name stays, and the new one gets a number.
    Raises a `Pix2PixError` on failure.
    """
    wanted = None if isinstance(where, Remote) else parse_place(where, revision)
    to = Path(to)
    client = connect(token)
    remote = _look(client, wanted) if wanted else cast(Remote, where)
    check_space(to, 2 * remote.size, what=remote.repo)
    stage = to / STAGE / remote.repo.replace("/", "--")
    stage.mkdir(parents=True, exist_ok=True)
    with hold(stage.with_suffix(".lock")):
        file = _fetch(client, remote, stage=stage / remote.commit, progress=progress)
        checkpoint = read_checkpoint(file, remote)
        target = _free_place(to, remote)
        # 16-bit weights stay 16-bit, others as they came.
        save_checkpoint(
            target,
            replace(checkpoint, about={**checkpoint.about, "origin": origin_of(remote)}),
            is_half(file, checkpoint),
        )
        shutil.rmtree(stage, ignore_errors=True)
    return target


def parse_place(where: str, revision: str | None = None) -> Wanted:
    """Parses repository, revision and file from what a person typed or pasted. Raises `HubError` where it
    is not valid."""
    text = unquoted(where).removeprefix("hf://")
    if re.match(r"https?://", text):
        text = _path_of_address(text)
    parts = text.strip("/").split("/")
    owner_and_name, at, asked = "/".join(parts[:2]).partition("@")
    rest = parts[2:]
    if rest[:1] in (["tree"], ["blob"], ["resolve"]) and len(rest) > 1:
        at = "@"
        asked = rest[1]
        rest = rest[2:]
    if at and not asked:
        raise HubError(
            f"{where.strip()[:120]!r} names no revision after the @. Name a branch, a tag or a commit, or "
            "leave the @ out."
        )
    chosen = revision or asked or "main"
    file = "/".join(rest)
    if not REVISION.fullmatch(chosen):
        raise HubError(f"{chosen[:120]!r} is no revision. Name a branch, a tag or a whole commit id.")
    if file and (not file.lower().endswith(SUFFIXES) or ".." in file.split("/")):
        raise HubError(f"{file[:120]!r} is no model file: its name ends with {' or '.join(SUFFIXES)}.")
    return Wanted(check_name(owner_and_name), chosen, file)


def _path_of_address(text: str) -> str:
    from huggingface_hub import constants

    address = urlsplit(text)
    hosts = {urlsplit(constants.ENDPOINT).netloc, "huggingface.co", "hf.co"}
    path = unquote(address.path).strip("/").removeprefix("models/")
    if address.netloc not in hosts:
        raise HubError(f"{text[:120]} is no address of the Hub ({constants.ENDPOINT}). Give owner/name.")
    if path.startswith(("datasets/", "spaces/")):
        raise HubError(
            f"{text[:120]} is no model but one of the {path.partition('/')[0]}. Give the address of a model."
        )
    return path


def _look(client: Client, wanted: Wanted) -> Remote:
    with hub_errors(wanted.repo, client.token):
        info = client.api.model_info(wanted.repo, revision=wanted.revision, files_metadata=True, timeout=20)
    files = {file.rfilename: file for file in info.siblings or ()}
    name = wanted.file or choose_file(wanted.repo, list(files))
    if name not in files:
        raise HubError(
            f"{wanted.repo} has no file {name} at {wanted.revision}. Leave the file out, or look at the "
            "repository."
        )
    found: Any = files[name]
    size = int(found.size or 0)
    if size > LARGEST_MODEL:
        raise HubError(
            f"{wanted.repo}: {name} has {size / 1e9:,.1f} GB; models of more than {LARGEST_MODEL / 1e9:.0f} "
            "GB are not fetched."
            " It is none of pix2pix."
        )
    digest = str(found.lfs.sha256 if found.lfs else found.blob_id)
    url = f"{client.endpoint}/{wanted.repo}"
    return Remote(wanted.repo, wanted.revision, str(info.sha), name, size, digest, bool(info.private), url)


def choose_file(repo: str, files: Sequence[str]) -> str:
    """Returns the model among a repository's files: the only `.pth`, or the one named like the repository.

    Other suffixes count where there is no `.pth`. Raises `HubError` where there is none, or the choice
    is not clear.
    """
    models: list[str] = []
    for suffix in SUFFIXES:
        models = models or sorted(file for file in files if file.lower().endswith(suffix))
    named = [file for file in models if Path(file).stem.lower() == repo.partition("/")[2].lower()]
    if not models:
        raise HubError(
            f"{repo} holds no model: there is no {' or '.join(SUFFIXES)} file among its {len(files)} files."
        )
    if len(models) > 1 and len(named) != 1:
        more = f" and {len(models) - MOST_NAMED} more" if len(models) > MOST_NAMED else ""
        raise HubError(
            f"{repo} holds several models: {', '.join(models[:MOST_NAMED])}{more}. Name one: "
            f"{repo}/{models[0]}"
        )
    return named[0] if len(named) == 1 else models[0]


def _fetch(client: Client, remote: Remote, *, stage: Path, progress: Progress | None) -> Path:
    """Downloads the file unchanged, and deletes partial downloads of other commits."""
    for other in stage.parent.glob("*"):
        if other.is_dir() and other != stage:
            shutil.rmtree(other, ignore_errors=True)
    path = stage / Path(remote.file).name
    return fetch(
        client,
        (remote.repo, remote.commit, remote.file),
        path=path,
        expected=(remote.size, remote.digest),
        progress=progress,
    )


def read_checkpoint(file: Path, remote: Remote) -> Checkpoint:
    """Reads the model in a downloaded file, ours or another project's; errors name the repository,
    not the path."""
    try:
        return read_any(file)
    except CheckpointError as error:
        shutil.rmtree(file.parent, ignore_errors=True)
        raise CheckpointError(f"{remote.repo}: " + str(error).replace(str(file), remote.file)) from None


def origin_of(remote: Remote) -> dict[str, str]:
    """Returns the origin of a model for its `about`."""
    return {"repo": remote.repo, "revision": remote.revision, "commit": remote.commit, "file": remote.file}


def _free_place(folder: Path, remote: Remote) -> Path:
    """Returns the path `houses.pth`, or `houses-2.pth` and so on where that is another model.

    A file with the same origin is replaced.
    """
    name = remote.repo.partition("/")[2]
    for number in range(1, 1000):
        place = folder / (f"{name}.pth" if number == 1 else f"{name}-{number}.pth")
        if not place.exists() or _is_same(place, remote):
            return place
    raise HubError(f"{folder} has a thousand models named {name}. Remove some.")


def _is_same(place: Path, remote: Remote) -> bool:
    try:
        origin = load_checkpoint(place).about.get("origin")
    except CheckpointError:
        return False
    return isinstance(origin, dict) and (origin.get("repo"), origin.get("file")) == (remote.repo, remote.file)
