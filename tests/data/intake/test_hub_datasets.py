"""Data sets of the Hub, through a small stand-in for its protocol: files,
archives and columns of pictures."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from conftest import draw_pair

from pix2pix.data.intake import hub_datasets as hub_datasets
from pix2pix.data.intake.hub_datasets import label_column, picture_columns
from pix2pix.data.intake.uploads import add_named
from pix2pix.data.sides import find_sides
from pix2pix.errors import DataError

SHA = "0" * 40


def png(number: int, side: int = 0) -> bytes:
    file = io.BytesIO()
    draw_pair(number, 32)[side].save(file, "PNG")
    return file.getvalue()


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for number in range(3):
            for side, half in enumerate("AB"):
                opened.writestr(f"{half}/{number}.png", png(number, side))
    return file.getvalue()


REPOS: dict[str, dict[str, bytes]] = {
    "me/files": {
        f"{half}/{number}.png": png(number, side) for number in range(3) for side, half in enumerate("AB")
    }
    | {"README.md": b"x"},
    "me/archive": {"data/pairs.zip": archive(), "README.md": b"x"},
    "me/table": {"data/train.parquet": b"PAR1"},
    "me/text": {"data/train.parquet": b"PAR1"},
    "me/evil": {"data/train.parquet": b"PAR1"},
    "me/labelled": {"data/train.parquet": b"PAR1"},
    "me/holes": {"data/train.parquet": b"PAR1"},
    "me/zips": {"monet.zip": archive(), "photo.zip": archive()},
}
COLUMNS = {
    "me/table": ["id", "target_image", "input_image"],
    "me/text": ["id"],
    "me/evil": ["id", "a", "b"],
    "me/labelled": ["id", "image"],
    "me/holes": ["id", "imageA", "imageB"],
}
LABELS = ["Claude Monet", "photo"]
ROWS = 15


class Hub(BaseHTTPRequestHandler):
    """Answers as the Hub and its table viewer do, as far as is asked here."""

    protocol_version = "HTTP/1.1"
    address = ""

    def log_message(self, *_: Any) -> None:
        """Tests are silent."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        path = unquote(url.path)
        repo = re.match(r"/(?:api/)?datasets/([^/]+/[^/]+)(.*)", path)
        if path in ("/splits", "/rows"):
            self.send_json(self.splits(query) if path == "/splits" else self.rows(query))
        elif path.startswith("/picture/"):
            self.send(200, png(*map(int, path.split("/")[2:])))
        elif not repo or repo[1] not in REPOS:
            self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif repo[2].startswith(f"/resolve/{SHA}/"):
            data = REPOS[repo[1]][repo[2].removeprefix(f"/resolve/{SHA}/")]
            self.send(200, data, {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": SHA})
        elif repo[2].startswith("/tree/"):
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": SHA}
                for name, data in REPOS[repo[1]].items()
            ]
            self.send_json(tree)
        else:
            files = [{"rfilename": name, "size": len(data)} for name, data in REPOS[repo[1]].items()]
            self.send_json(
                {
                    "id": repo[1],
                    "sha": SHA,
                    "siblings": files,
                    "private": False,
                    "tags": [],
                    "downloads": 0,
                    "likes": 0,
                }
            )

    def splits(self, query: dict[str, str]) -> Any:
        return {"splits": [{"config": "default", "split": "train"}, {"config": "other", "split": "train"}]}

    def rows(self, query: dict[str, str]) -> Any:
        names, offset = COLUMNS[query["dataset"]], int(query["offset"])
        host = "http://127.0.0.1:1" if query["dataset"] == "me/evil" else self.address
        rows: list[dict[str, Any]] = [
            {
                "row_idx": index,
                "row": {"id": index}
                | {name: {"src": f"{host}/picture/{index}/{name[0] == 't':d}"} for name in names[1:]},
            }
            for index in range(offset, min(ROWS, offset + int(query["length"])))
        ]
        features: list[dict[str, Any]] = [
            {"name": name, "type": {"_type": "Value" if name == "id" else "Image"}} for name in names
        ]
        if query["dataset"] == "me/labelled":
            features.append({"name": "label", "type": {"_type": "ClassLabel", "names": LABELS}})
            for row in rows:
                row["row"]["label"] = int(row["row_idx"] % 3 == 0)
        if query["dataset"] == "me/holes":
            for row in rows:
                row["row"]["imageA"] = row["row"]["imageA"] if row["row_idx"] < 5 else None
        return {"features": features, "rows": rows, "num_rows_total": ROWS}

    def send_json(self, value: Any) -> None:
        self.send(200, json.dumps(value).encode())

    def send(self, code: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    import huggingface_hub.constants as constants

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.daemon_threads = True
    Hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", Hub.address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", Hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub_datasets, "VIEWER", Hub.address)
    yield Hub.address
    server.shutdown()
    server.server_close()


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["me/files", "me/archive"])
def test_pictures_and_archives_of_a_data_set_are_fetched(hub: str, name: str, tmp_path: Path) -> None:
    upload = add_named(name, tmp_path, allowed=())
    assert files_of(upload.folder) == [f"{half}/{number}.png" for half in "AB" for number in range(3)]
    assert upload.folder.name == name.partition("/")[2]
    assert [path.name for path in upload.folder.parent.iterdir()] == [upload.folder.name]


def test_columns_of_pictures_are_found_by_themselves(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_datasets, "MOST_ROWS", 12)
    monkeypatch.setattr(hub_datasets, "ROWS_AT_ONCE", 5)
    upload = add_named("me/table", tmp_path, allowed=())
    names = files_of(upload.folder)
    assert len(names) == 24 and names[0] == "train/A/000000.png" and names[-1] == "train/B/000011.png"
    assert "first 12 of 15 rows" in upload.note
    assert (upload.folder / "train/A/000001.png").stat().st_size != (
        upload.folder / "train/B/000001.png"
    ).stat().st_size


def test_a_column_of_labels_gives_a_folder_for_each_label(hub: str, tmp_path: Path) -> None:
    upload = add_named("me/labelled", tmp_path, allowed=())
    sides = find_sides(upload.folder)
    assert sides.names == ("Claude-Monet", "photo") and sides.counts == (10, 5) and not sides.partners


def test_columns_of_two_lengths_are_two_sides(hub: str, tmp_path: Path) -> None:
    assert find_sides(add_named("me/holes", tmp_path, allowed=()).folder).counts == (5, 15)


def test_two_archives_are_both_taken(hub: str, tmp_path: Path) -> None:
    names = files_of(add_named("me/zips", tmp_path, allowed=()).folder)
    assert len(names) == 12 and names[0] == "monet/A/0.png" and names[-1] == "photo/B/2.png"


def test_labels_of_one_name_are_told_apart() -> None:
    kind = {"_type": "ClassLabel", "names": ["a b", "a/b", "..", "c"]}
    assert label_column([{"name": "style", "type": kind}]) == ("style", ["a-b", "a-b-1", "label", "c"])
    assert label_column([{"name": "n", "type": {"_type": "Value"}}]) == ("", [])


@pytest.mark.parametrize(
    ("name", "words"),
    [("me/missing", "no data set"), ("me/text", "no column of pictures"), ("me/evil", "could not be read")],
)
def test_what_cannot_be_fetched_gets_a_sentence_and_leaves_nothing(
    hub: str, name: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=words):
        add_named(name, tmp_path, allowed=())
    assert not list(tmp_path.iterdir())


def test_without_a_network_a_sentence_comes_soon(
    hub: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(DataError, match="cannot be reached"):
        add_named("me/files", tmp_path, allowed=())


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["image"], {"": "image"}),
        (["photo", "sketch"], {"A/": "photo", "B/": "sketch"}),
        (["target", "source"], {"A/": "source", "B/": "target"}),
        (["target", "photo"], {"A/": "photo", "B/": "target"}),
        (["edited_image", "input_image"], {"A/": "input_image", "B/": "edited_image"}),
        ([], {}),
    ],
)
def test_columns_go_to_the_sides_that_their_names_say(names: list[str], columns: dict[str, str]) -> None:
    features = [{"name": name, "type": {"_type": "Image"}} for name in names]
    assert picture_columns([{"name": "text", "type": {"_type": "Value"}}, *features]) == columns
