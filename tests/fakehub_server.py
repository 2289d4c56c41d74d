"""The requests that the Hub of the tests answers."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import yaml
from fakehub_repo import ACCOUNTS, CHUNK, KINDS, LARGE, Repo, blob_id, sha256

if TYPE_CHECKING:
    from fakehub import FakeHub


class Answered(Exception):
    """The request has had its answer."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    hub: FakeHub
    cut_after: int | None = None

    def log_message(self, *_: Any) -> None:
        """Tests are silent."""

    def do_GET(self) -> None:
        self.path_asked = unquote(urlsplit(self.path).path)
        with self.hub.lock:
            self.hub.log.append((self.command, self.path_asked))
        fault = self.hub.take_fault(self.command, self.path_asked)
        self.cut_after = fault.after if fault and not fault.status else None
        try:
            self.body = self.read_body()
            if fault and fault.status:
                self.refuse(fault.status, "Injected", "injected by the test")
            self.route()
        except Answered:
            pass
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            data = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        length, data = int(self.headers.get("Content-Length") or 0), bytearray()
        while len(data) < length:
            if self.cut_after is not None and self.command != "GET" and len(data) >= self.cut_after:
                break
            data += self.rfile.read(min(CHUNK, length - len(data)))
            time.sleep(self.hub.pause)
        if self.cut_after is not None and self.command != "GET":
            self.connection.close()
            raise ConnectionError
        return bytes(data)

    def route(self) -> None:
        for pattern, method in ROUTES:
            match = re.fullmatch(pattern, self.path_asked)
            if match:
                getattr(self, method)(**match.groupdict())
                raise Answered
        self.refuse(404, "NotFound", f"there is no {self.command} {self.path_asked} here")

    # Answers

    def send(self, status: int, data: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """The answer, whole or cut."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            for start in range(0, len(data), CHUNK):
                if self.cut_after is not None and start + CHUNK > self.cut_after:
                    self.wfile.write(data[start : self.cut_after])
                    self.wfile.flush()
                    self.connection.close()
                    raise ConnectionError
                self.wfile.write(data[start : start + CHUNK])
                time.sleep(self.hub.pause)
        raise Answered

    def send_json(self, value: Any, status: int = 200) -> None:
        self.send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def refuse(self, status: int, code: str, message: str = "") -> None:
        body = json.dumps({"error": message or code, "errors": [{"message": message}]}).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Error-Code": code,
            "X-Error-Message": message or code,
        }
        self.send(status, body, headers | ({"Retry-After": "1"} if status == 429 else {}))

    # Who asks

    def account(self) -> tuple[str, str]:
        """Name and role; a token that is none is refused."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in ACCOUNTS:
            self.refuse(401, "InvalidToken", "Invalid credentials in Authorization header")
        return ACCOUNTS.get(token, ("", ""))

    def check_writer(self, owner: str) -> None:
        name, role = self.account()
        if not name:
            self.refuse(401, "Unauthorized", "Invalid username or password.")
        if role != "write" or name != owner:
            self.refuse(403, "Forbidden", "You don't have the rights to do this")

    def repo(self, kind: str, name: str) -> Repo:
        repo, (user, _) = self.hub.repos.get((kind, name)), self.account()
        if repo is None or (repo.private and user != name.partition("/")[0]):
            self.refuse(404 if user else 401, "RepoNotFound", "Repository not found")
        assert repo is not None
        return repo

    def commit_of(self, repo: Repo, revision: str) -> str:
        sha = repo.head if revision in ("", "main") else revision
        if sha not in repo.trees:
            self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return sha

    # Routes

    def root(self) -> None:
        self.send(200)

    def whoami(self) -> None:
        name, role = self.account()
        if not name:
            self.refuse(401, "InvalidToken", "Invalid credentials in Authorization header")
        token = {"type": "access_token", "accessToken": {"displayName": "test", "role": role}}
        self.send_json(
            {
                "type": "user",
                "id": name,
                "name": name,
                "fullname": name,
                "orgs": [],
                "isPro": False,
                "auth": token,
            }
        )

    def validate(self) -> None:
        content = json.loads(self.body)["content"]
        try:
            _, head, _ = content.split("---\n", 2)
            assert isinstance(yaml.safe_load(head), dict)
        except (ValueError, AssertionError, yaml.YAMLError) as error:
            self.send_json({"errors": [{"message": f"front matter: {error!r}"}], "warnings": []}, 400)
        self.send_json({"errors": [], "warnings": []})

    def create_repo(self) -> None:
        wish = json.loads(self.body)
        kind, owner = wish.get("type", "model"), wish.get("organization") or self.account()[0]
        self.check_writer(owner)
        name = f"{owner}/{wish['name'].rpartition('/')[2]}"
        prefix = "" if kind == "model" else f"{kind}s/"
        where = {"url": f"{self.hub.url}/{prefix}{name}", "name": name, "id": name}
        if (kind, name) in self.hub.repos:
            self.send_json({"error": "You already created this repo", **where}, 409)
        self.hub.create(name, None, kind, wish.get("private") or wish.get("visibility") == "private")
        self.hub.repos[kind, name].hardware = wish.get("hardware") or ""
        self.send_json(where)

    def set_hardware(self, name: str) -> None:
        self.check_writer(name.partition("/")[0])
        self.repo("space", name).hardware = json.loads(self.body)["flavor"]
        self.send_json(
            {"stage": "RUNNING", "hardware": {"current": None, "requested": json.loads(self.body)["flavor"]}}
        )

    def lfs_batch(self, name: str, kinds: str | None = None) -> None:
        self.check_writer(name.partition("/")[0])
        objects = []
        for wanted in json.loads(self.body)["objects"]:
            upload = {
                "upload": {"href": f"{self.hub.url}/_lfs/{wanted['oid']}"},
                "verify": {"href": f"{self.hub.url}/_verify"},
            }
            objects.append({**wanted, **({} if wanted["oid"] in self.hub.large else {"actions": upload})})
        self.send_json({"transfer": "basic", "objects": objects})

    def lfs_verify(self) -> None:
        asked = json.loads(self.body)
        is_there = len(self.hub.large.get(asked["oid"], b"")) == asked["size"]
        self.send_json({}, 200 if is_there else 404)

    def lfs(self, oid: str) -> None:
        if self.command == "PUT":
            if sha256(self.body) != oid:
                self.refuse(400, "BadRequest", "the content is not what its name says")
            self.hub.large[oid] = self.body
            self.send(200)
        data = self.hub.large[oid]
        if any(
            sha256(tree.get(path, b"")) == oid
            for path in self.hub.corrupt
            for repo in self.hub.repos.values()
            for tree in repo.trees.values()
        ):
            data = data[:-1] + bytes([data[-1] ^ 1])
        self.send_ranged(data, {"ETag": f'"{oid}"'})

    def send_ranged(self, data: bytes, headers: dict[str, str]) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted:
            self.send(200, data, headers)
        start, end = int(wanted[1]), int(wanted[2] or len(data) - 1)  # type: ignore[index]
        self.send(206, data[start : end + 1], headers | {"Content-Range": f"bytes {start}-{end}/{len(data)}"})

    def info(self, kinds: str, name: str, revision: str = "") -> None:
        repo = self.repo(KINDS[kinds], name)
        sha = self.commit_of(repo, revision or "")
        siblings = [
            {"rfilename": path, **facts_of(path, data)} for path, data in sorted(repo.trees[sha].items())
        ]
        gated = "auto" if name in self.hub.gated else False
        facts = {
            "id": name,
            "modelId": name,
            "sha": sha,
            "private": repo.private,
            "gated": gated,
            "siblings": siblings,
        }
        self.send_json(facts | {"tags": [], "downloads": 0, "likes": 0})

    def tree(self, kinds: str, name: str, revision: str) -> None:
        repo = self.repo(KINDS[kinds], name)
        files = repo.trees[self.commit_of(repo, revision)]
        listed = []
        for path, data in sorted(files.items()):
            facts = facts_of(path, data)
            large = (
                {"lfs": {"oid": facts["lfs"]["sha256"], "size": len(data), "pointerSize": 134}}
                if "lfs" in facts
                else {}
            )
            listed.append({"type": "file", "path": path, "size": len(data), "oid": facts["blobId"], **large})
        self.send_json(listed)

    def preupload(self, kinds: str, name: str, revision: str) -> None:
        self.check_writer(name.partition("/")[0])
        self.commit_of(self.repo(KINDS[kinds], name), revision)
        asked = json.loads(self.body)["files"]
        modes = [
            {"path": file["path"], "uploadMode": mode_of(file["path"]), "shouldIgnore": False}
            for file in asked
        ]
        self.send_json({"files": modes})

    def take_commit(self, kinds: str, name: str, revision: str) -> None:
        self.check_writer(name.partition("/")[0])
        while self.hub.before_commit:
            self.hub.before_commit.pop()()
        repo = self.repo(KINDS[kinds], name)
        lines = [json.loads(line) for line in self.body.splitlines()]
        files = {
            line["value"]["path"]: base64.b64decode(line["value"]["content"])
            for line in lines
            if line["key"] == "file"
        }
        for line in lines:
            if line["key"] == "lfsFile":
                if line["value"]["oid"] not in self.hub.large:
                    self.refuse(400, "BadRequest", "LFS pointer pointed to a file that does not exist")
                files[line["value"]["path"]] = self.hub.large[line["value"]["oid"]]
        deleted = tuple(
            line["value"]["path"] for line in lines if line["key"] in ("deletedFile", "deletedFolder")
        )
        with self.hub.lock:
            parent = lines[0]["value"].get("parentCommit")
            if parent and parent != repo.head:
                self.refuse(
                    412, "PreconditionFailed", "A commit has happened since. Please refresh and try again."
                )
            sha = repo.add(files, deleted)
        self.send_json(
            {
                "success": True,
                "commitOid": sha,
                "commitUrl": f"{self.hub.url}/{name}/commit/{sha}",
                "hookOutput": "",
            }
        )

    def resolve(self, name: str, revision: str, path: str, kinds: str | None = None) -> None:
        repo = self.repo(KINDS[kinds or "models"], name)
        if name in self.hub.gated and self.account()[0] != name.partition("/")[0]:
            self.refuse(
                403 if self.account()[0] else 401, "GatedRepo", "Access to this repository is restricted"
            )
        sha = self.commit_of(repo, revision)
        data = repo.trees[sha].get(path)
        if data is None:
            self.refuse(404, "EntryNotFound", "Entry not found")
        assert data is not None
        headers = {"X-Repo-Commit": sha, "ETag": f'"{blob_id(data)}"'}
        if mode_of(path) == "lfs":
            oid = sha256(data)
            self.hub.large.setdefault(oid, data)
            elsewhere = {
                "Location": f"{self.hub.storage}/_lfs/{oid}",
                "X-Linked-Etag": f'"{oid}"',
                "X-Linked-Size": str(len(data)),
            }
            self.send(302, b"", headers | elsewhere)
        self.send_ranged(data, headers)


def mode_of(path: str) -> str:
    return "lfs" if path.endswith(LARGE) else "regular"


def facts_of(path: str, data: bytes) -> dict[str, Any]:
    large = (
        {"lfs": {"sha256": sha256(data), "size": len(data), "pointerSize": 134}}
        if mode_of(path) == "lfs"
        else {}
    )
    return {"size": len(data), "blobId": blob_id(data), **large}


NAME = r"(?P<name>[^/]+/[^/]+)"
API = rf"/api/(?P<kinds>models|datasets|spaces)/{NAME}"
ROUTES = (
    (r"/|", "root"),
    (r"/api/whoami-v2", "whoami"),
    (r"/api/validate-yaml", "validate"),
    (r"/api/repos/create", "create_repo"),
    (r"/_verify", "lfs_verify"),
    (r"/_lfs/(?P<oid>[0-9a-f]{64})", "lfs"),
    (rf"/(?:(?P<kinds>datasets|spaces)/)?{NAME}\.git/info/lfs/objects/batch", "lfs_batch"),
    (rf"/api/spaces/{NAME}/hardware", "set_hardware"),
    (rf"{API}/preupload/(?P<revision>[^/]+)", "preupload"),
    (rf"{API}/commit/(?P<revision>[^/]+)", "take_commit"),
    (rf"{API}/tree/(?P<revision>[^/]+)/?", "tree"),
    (rf"{API}(?:/revision/(?P<revision>[^/]+))?", "info"),
    (rf"/(?:(?P<kinds>datasets|spaces)/)?{NAME}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", "resolve"),
)
