"""Downloads the pictures of a data set on the Hugging Face Hub: files, zip archives, or
columns of a table."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pix2pix.data.intake.archive import Limits
from pix2pix.data.intake.unpack import Unpacked, check_space, copy_pictures, unpack, unpack_several
from pix2pix.data.names import SIDES, is_system_folder
from pix2pix.errors import DataError
from pix2pix.runtime.files import IMAGE_SUFFIXES
from pix2pix.runtime.hub_api import NAME, open_hub_api
from pix2pix.runtime.paths import cache_folder, slug
from pix2pix.runtime.progress import Progress

SCHEME = "hf://datasets/"
VIEWER = "https://datasets-server.huggingface.co"
"""The Hub's dataset viewer, which returns rows as JSON and pictures as files, so no Parquet
library is needed."""
PROBE_SECONDS = 4.0
"""Seconds to wait for the first answer; without a network huggingface_hub itself would take 23 s to fail."""
WAIT_SECONDS = 30.0
"""Seconds to wait for any later answer."""
MOST_ROWS = 2000
ROWS_AT_ONCE = 100
LARGEST_PICTURE = 50_000_000
JPEG = b"\xff\xd8"


def fetch_pictures(name: str, out: Path, *, progress: Progress | None = None) -> tuple[Unpacked, str]:
    """Writes the pictures of data set `owner/name` below the new folder `out`; returns them and a note.

    Raises `DataError` where that fails. A public server uses no token, so that visitors cannot read its
    owner's private data.
    """
    limits = Limits()
    sizes = _list_files(name)
    pictures = [
        file
        for file in sizes
        if file.lower().endswith(IMAGE_SUFFIXES) and not any(map(is_system_folder, file.split("/")))
    ]
    archives = [file for file in sizes if file.lower().endswith(".zip")]
    with tempfile.TemporaryDirectory(prefix="hub-", dir=out.parent) as folder:
        if len(pictures) > 1:
            _check_sizes(name, [sizes[file] for file in pictures], limits=limits, out=out)
            root = _download(name, pictures, folder=Path(folder))
            return copy_pictures(
                {file: root / file for file in pictures}, out, limits=limits, progress=progress
            ), ""
        if len(archives) == 2:
            _check_sizes(name, [sizes[archive] for archive in archives], limits=limits, out=out)
            root = _download(name, archives, folder=Path(folder))
            both = [root / archive for archive in archives]
            return unpack_several(both, out, limits=limits, progress=progress), ""
        if archives:
            _check_sizes(name, [sizes[archives[0]]], limits=limits, out=out)
            root = _download(name, archives[:1], folder=Path(folder))
            note = f"{archives[0]} was taken, one of {len(archives)} archives." if len(archives) > 1 else ""
            return unpack(root / archives[0], out, limits=limits, progress=progress), note
        files, note = _fetch_columns(name, Path(folder), progress=progress)
        return copy_pictures(files, out, limits=limits, progress=progress), note


def is_address(text: str) -> bool:
    """Whether the text is an address `hf://datasets/owner/name`."""
    return text.strip().startswith(SCHEME)


def name_in(address: str) -> str:
    """Returns `owner/name` of `hf://datasets/owner/name`. Raises `DataError` for another text."""
    name = address.strip().removeprefix(SCHEME).strip("/")
    if not NAME.fullmatch(name):
        raise DataError(f"{address[:120]} names no data set of the Hub; write {SCHEME}owner/name.")
    return name


def local_copy(address: str, progress: Progress | None = None) -> tuple[Path, str]:
    """Returns the folder in the user's cache with the pictures of `hf://datasets/owner/name`, and a note.

    It is downloaded once.
    """
    name = name_in(address)
    cache = cache_folder() / "datasets"
    folder = cache / name.replace("/", "--")
    if folder.is_dir():
        return folder, f"{name} is here since an earlier time: {folder}. Delete that folder to fetch it anew."
    cache.mkdir(parents=True, exist_ok=True)
    unpacked, note = fetch_pictures(name, folder, progress=progress)
    left_out = [f"left out: {problem}" for problem in unpacked.left_out]
    return folder, "\n".join([*left_out, *filter(None, [note]), f"{name} is in {folder}."])


def _token() -> bool | None:
    return False if os.environ.get("SPACE_ID") else None


def _list_files(name: str) -> dict[str, int]:
    """Returns paths and sizes in bytes of the files of a data set."""
    import httpx
    from huggingface_hub.constants import ENDPOINT
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

    try:
        httpx.head(f"{ENDPOINT}/api/datasets/{name}", timeout=PROBE_SECONDS)
        info = open_hub_api(_token()).dataset_info(name, files_metadata=True, timeout=WAIT_SECONDS)
    except HfHubHTTPError as error:
        raise DataError(
            f"the Hub has no data set {name} that may be read from here. Look at its name, and whether "
            "it is public."
        ) from error
    except (httpx.HTTPError, HTTPError, OSError, OfflineModeIsEnabled) as error:
        raise DataError(
            f"the Hub cannot be reached from here to fetch {name}. Try again later, or bring a zip archive."
        ) from error
    return {
        file.rfilename: file.size or 0
        for file in info.siblings or ()
        if ".." not in file.rfilename.split("/")
    }


def _check_sizes(name: str, sizes: Sequence[int], *, limits: Limits, out: Path) -> None:
    if len(sizes) > limits.entries or sum(sizes) > limits.unpacked:
        raise DataError(
            f"{name} has {len(sizes):,} files with {sum(sizes) / 1e9:,.1f} GB; {limits.entries:,} and "
            f"{limits.unpacked / 1e9:,.0f} GB"
            " are the most. Bring a part of it as a zip archive."
        )
    check_space(out, 3 * sum(sizes), what=name)


def _download(name: str, files: Sequence[str], *, folder: Path) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HTTPError

    patterns = [re.sub(r"([*?\[])", r"[\1]", file) for file in files]
    try:
        return Path(
            snapshot_download(
                name,
                repo_type="dataset",
                allow_patterns=patterns,
                local_dir=folder,
                token=_token(),
                max_workers=4,
            )
        )
    except (HTTPError, OSError) as error:
        raise DataError(
            f"{name} could not be fetched whole from the Hub. Try again later, or bring a zip archive."
        ) from error


def _fetch_columns(name: str, folder: Path, *, progress: Progress | None) -> tuple[dict[str, Path], str]:
    """Saves the pictures of up to two columns: train/A/000001, train/B/000001; of one column in a folder for
    each of its labels, train/monet/000001, where there are such."""
    import httpx

    files: dict[str, Path] = {}
    notes: list[str] = []
    try:
        with (
            httpx.Client(timeout=WAIT_SECONDS, follow_redirects=True) as client,
            ThreadPoolExecutor(8, "pix2pix-hub") as pool,
        ):
            for split in _splits(client, name):
                for done, total, pictures in _pages(client, name, split=split, notes=notes):
                    paths = list(
                        pool.map(
                            lambda place: _save_picture(client, place[1], place=folder / place[0]),
                            pictures.items(),
                        )
                    )
                    files |= {path.relative_to(folder).as_posix(): path for path in paths}
                    if progress:
                        progress(done, total)
    except (httpx.HTTPError, OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{name} has no pictures or zip archives as files, and its table could not be read. Bring a "
            "zip archive."
        ) from error
    if not files:
        raise DataError(
            f"{name} has no column of pictures, and no pictures or zip archives as files. Choose "
            "another data set."
        )
    return files, " ".join(dict.fromkeys(notes))


def _splits(client: Any, name: str) -> list[tuple[str, str]]:
    """Returns (config, split) of the data set's first config."""
    answer = client.get(f"{VIEWER}/splits", params={"dataset": name}).raise_for_status().json()
    splits = [(str(each["config"]), str(each["split"])) for each in answer["splits"]]
    return [
        (config, split)
        for config, split in splits
        if config == splits[0][0] and re.fullmatch(r"\w{1,40}", split)
    ]


def _pages(
    client: Any, name: str, *, split: tuple[str, str], notes: list[str]
) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Yields (rows read, of, URL of each picture by its path without suffix), some rows at a time."""
    where = {"dataset": name, "config": split[0], "split": split[1]}
    offset = 0
    total = 1
    while offset < total:
        length = min(ROWS_AT_ONCE, MOST_ROWS - offset)
        page = (
            client.get(f"{VIEWER}/rows", params=where | {"offset": offset, "length": length})
            .raise_for_status()
            .json()
        )
        total = min(MOST_ROWS, int(page["num_rows_total"]))
        if total < int(page["num_rows_total"]):
            notes.append(
                f"The first {total:,} of {int(page['num_rows_total']):,} rows of {split[1]} were taken."
            )
        columns = picture_columns(page["features"])
        labels = label_column(page["features"])
        if not columns or not page["rows"]:
            return
        offset += len(page["rows"])
        pictures: dict[str, str] = {}
        for row in page["rows"]:
            label = row["row"].get(labels[0]) if labels and len(columns) == 1 else None
            folder = f"{labels[1][label]}/" if isinstance(label, int) and 0 <= label < len(labels[1]) else ""
            pictures |= {
                f"{split[1]}/{place or folder}{int(row['row_idx']):06}": str(row["row"][column]["src"])
                for place, column in columns.items()
                if row["row"][column]
            }
        yield offset, total, pictures


def picture_columns(features: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Returns the columns of pictures by folder: `A/` and `B/`, by their names if possible, or "" for
    a single one."""
    names = [str(feature["name"]) for feature in features if feature["type"].get("_type") == "Image"]
    if len(names) < 2:
        return dict.fromkeys([""], names[0]) if names else {}
    sides = {
        name: next((SIDES[word] for word in re.split(r"[^a-z]+", name.lower()) if word in SIDES), None)
        for name in names
    }
    first = next((name for name in names if sides[name] == 0), None) or next(
        name for name in names if sides[name] != 1 or name == names[-1]
    )
    second = next((name for name in names if sides[name] == 1 and name != first), None) or next(
        name for name in names if name != first
    )
    return {"A/": first, "B/": second}


def label_column(features: Sequence[Mapping[str, Any]]) -> tuple[str, list[str]]:
    """Returns the name of the first column of labels, and a folder for each label; "" and no folders for
    none."""
    for feature in features:
        names = feature["type"].get("names")
        if feature["type"].get("_type") == "ClassLabel" and isinstance(names, list) and len(names) > 1:
            return str(feature["name"]), [
                f"{slug(str(name), 'label')}{f'-{place}' if _is_twin(names, place) else ''}"
                for place, name in enumerate(names)
            ]
    return "", []


def _is_twin(names: Sequence[Any], place: int) -> bool:
    """Whether an earlier label has the same folder."""
    folders = [slug(str(name), "label").casefold() for name in names[: place + 1]]
    return folders[-1] in folders[:-1]


def _save_picture(client: Any, url: str, *, place: Path) -> Path:
    """Downloads a URL to `place` plus its suffix. Only the Hub's own servers are contacted, whatever
    a table contains."""
    host = urlsplit(url).hostname or ""
    if not (host == urlsplit(VIEWER).hostname or host.endswith((".huggingface.co", ".hf.co"))):
        raise ValueError(f"{host} is not the Hub")
    with client.stream("GET", url) as answer:
        answer.raise_for_status()
        data = b""
        for chunk in answer.iter_bytes():
            data += chunk
            if len(data) > LARGEST_PICTURE:
                raise ValueError("a picture is too large")
    path = place.with_name(f"{place.name}.{'jpg' if data[:2] == JPEG else 'png'}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
