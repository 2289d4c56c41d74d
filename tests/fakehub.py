"""A small Hugging Face Hub on this machine, for tests: the real `huggingface_hub` client talks to it over HTTP. Its data lie in memory.

    with FakeHub() as hub:                                   # hub.url; a fixture of the same use: `hub` in tests/conftest.py
        hub.use(monkeypatch, tmp_path)                       # this process's huggingface_hub asks it (not needed with the fixture)
        environment = hub.environment(tmp_path)              # what another process needs for the same
        hub.create("ada/houses", {"houses.pth": data}, private=True)         # a repository; kind="space" or "dataset" for others
        sha = hub.commit("ada/houses", {"README.md": b"..."})                # somebody else commits
        hub.files("ada/houses"), hub.files("ada/houses", sha)                # path -> bytes, now or then
        hub.commits("ada/houses")                            # all commits, oldest first
        hub.gated.add("ada/houses")                          # nobody but its owner may read
        hub.fail("POST", "/commit/", 503, times=2)           # the next two such requests get this answer (any status)
        hub.cut("GET", "/_lfs/", after=1000)                 # the next such connection is cut after so many bytes (0: at once)
        hub.corrupt.add("houses.pth")                        # its bytes are delivered with one of them flipped
        hub.pause = 0.05                                     # seconds between two chunks of 64 KB, both ways: to see progress
        hub.before_commit.append(lambda: ...)                # called once, just before the next commit is looked at: a race
        hub.log                                              # [(method, path), ...]

Tokens: WRITE and READ belong to ada (READ may not write), EVE to eve. `python tests/fakehub.py` serves one until Ctrl-C.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

WRITE, READ, EVE = "hf_adaMayWrite", "hf_adaMayRead", "hf_eveMayWrite"
ACCOUNTS = {WRITE: ("ada", "write"), READ: ("ada", "read"), EVE: ("eve", "write")}
LARGE = (".pth", ".safetensors", ".bin", ".zip", ".png")
"""Files that are kept as LFS, as the .gitattributes of a repository says."""
KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}
CHUNK = 65_536


@dataclass
class Repo:
    """One repository: its commits, each with the whole tree."""

    private: bool
    trees: dict[str, dict[str, bytes]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    hardware: str = ""

    @property
    def head(self) -> str:
        return self.order[-1]

    def add(self, files: Mapping[str, bytes], deleted: tuple[str, ...] = ()) -> str:
        """A commit; its id."""
        tree = dict(self.trees[self.head]) if self.order else {}
        tree = {path: data for path, data in tree.items() if not path.startswith(deleted)} if deleted else tree
        tree.update(files)
        sha = hashlib.sha1(f"{len(self.order)} {sorted((path, sha256(data)) for path, data in tree.items())}".encode()).hexdigest()
        self.trees[sha] = tree
        self.order.append(sha)
        return sha


@dataclass
class Fault:
    """What is to go wrong: an answer with `status`, or (0) a cut after so many bytes."""

    method: str
    pattern: str
    status: int
    after: int
    times: int


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def blob_id(data: bytes) -> str:
    """The name that git gives a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class FakeHub:
    """The server, its repositories, and what is to go wrong with the next requests."""

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.large: dict[str, bytes] = {}
        self.gated: set[str] = set()
        self.corrupt: set[str] = set()
        self.faults: list[Fault] = []
        self.before_commit: list[Callable[[], Any]] = []
        self.log: list[tuple[str, str]] = []
        self.pause = 0.0
        self.lock = threading.RLock()

    def __enter__(self) -> FakeHub:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        # Another host's name, as the Hub's: files lie elsewhere, and a HEAD must not be followed there.
        self.storage = self.url.replace("127.0.0.1", "localhost")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.server.shutdown()
        self.server.server_close()

    def use(self, monkeypatch: Any, home: Path, token: str = WRITE) -> None:
        """Has this process's huggingface_hub ask this server, logged in with `token` (empty: not logged in)."""
        from huggingface_hub import constants

        for name, value in self.environment(home, token).items():
            monkeypatch.setenv(name, value)
        if not token:
            monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setattr(constants, "ENDPOINT", self.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", self.url + "/{repo_id}/resolve/{revision}/{filename}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))

    def environment(self, home: Path, token: str = WRITE) -> dict[str, str]:
        """The variables with which another process asks this server."""
        own = {"HF_ENDPOINT": self.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home)}
        return own | ({"HF_TOKEN": token} if token else {})

    def create(self, name: str, files: Mapping[str, bytes] | None = None, kind: str = "model", private: bool = False) -> str:
        """A repository with these files; its commit."""
        self.repos[kind, name] = Repo(private)
        return self.repos[kind, name].add({".gitattributes": b"*.pth filter=lfs diff=lfs merge=lfs -text\n", **(files or {})})

    def commit(self, name: str, files: Mapping[str, bytes], kind: str = "model") -> str:
        """Somebody else's commit."""
        return self.repos[kind, name].add(files)

    def files(self, name: str, revision: str = "", kind: str = "model") -> dict[str, bytes]:
        """What is in a repository now, or was at a commit."""
        repo = self.repos[kind, name]
        return repo.trees[revision or repo.head]

    def commits(self, name: str, kind: str = "model") -> list[str]:
        return list(self.repos[kind, name].order)

    def fail(self, method: str, pattern: str, status: int, times: int = 1) -> None:
        """The next `times` requests whose path `pattern` is found in are answered with `status`."""
        self.faults.append(Fault(method, pattern, status, 0, times))

    def cut(self, method: str, pattern: str, after: int = 0, times: int = 1) -> None:
        """The next `times` connections of that kind are cut after `after` bytes of the body."""
        self.faults.append(Fault(method, pattern, 0, after, times))

    def take_fault(self, method: str, path: str) -> Fault | None:
        """What is to go wrong with this request."""
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.method == method and re.search(fault.pattern, path):
                    fault.times -= 1
                    return fault
        return None


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
        headers = {"Content-Type": "application/json", "X-Error-Code": code, "X-Error-Message": message or code}
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
        self.send_json({"type": "user", "id": name, "name": name, "fullname": name, "orgs": [], "isPro": False, "auth": token})

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
        self.send_json({"stage": "RUNNING", "hardware": {"current": None, "requested": json.loads(self.body)["flavor"]}})

    def lfs_batch(self, name: str, kinds: str | None = None) -> None:
        self.check_writer(name.partition("/")[0])
        objects = []
        for wanted in json.loads(self.body)["objects"]:
            upload = {"upload": {"href": f"{self.hub.url}/_lfs/{wanted['oid']}"}, "verify": {"href": f"{self.hub.url}/_verify"}}
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
        siblings = [{"rfilename": path, **facts_of(path, data)} for path, data in sorted(repo.trees[sha].items())]
        gated = "auto" if name in self.hub.gated else False
        facts = {"id": name, "modelId": name, "sha": sha, "private": repo.private, "gated": gated, "siblings": siblings}
        self.send_json(facts | {"tags": [], "downloads": 0, "likes": 0})

    def tree(self, kinds: str, name: str, revision: str) -> None:
        repo = self.repo(KINDS[kinds], name)
        files = repo.trees[self.commit_of(repo, revision)]
        listed = []
        for path, data in sorted(files.items()):
            facts = facts_of(path, data)
            large = {"lfs": {"oid": facts["lfs"]["sha256"], "size": len(data), "pointerSize": 134}} if "lfs" in facts else {}
            listed.append({"type": "file", "path": path, "size": len(data), "oid": facts["blobId"], **large})
        self.send_json(listed)

    def preupload(self, kinds: str, name: str, revision: str) -> None:
        self.check_writer(name.partition("/")[0])
        self.commit_of(self.repo(KINDS[kinds], name), revision)
        asked = json.loads(self.body)["files"]
        modes = [{"path": file["path"], "uploadMode": mode_of(file["path"]), "shouldIgnore": False} for file in asked]
        self.send_json({"files": modes})

    def take_commit(self, kinds: str, name: str, revision: str) -> None:
        self.check_writer(name.partition("/")[0])
        while self.hub.before_commit:
            self.hub.before_commit.pop()()
        repo = self.repo(KINDS[kinds], name)
        lines = [json.loads(line) for line in self.body.splitlines()]
        files = {line["value"]["path"]: base64.b64decode(line["value"]["content"]) for line in lines if line["key"] == "file"}
        for line in lines:
            if line["key"] == "lfsFile":
                if line["value"]["oid"] not in self.hub.large:
                    self.refuse(400, "BadRequest", "LFS pointer pointed to a file that does not exist")
                files[line["value"]["path"]] = self.hub.large[line["value"]["oid"]]
        deleted = tuple(line["value"]["path"] for line in lines if line["key"] in ("deletedFile", "deletedFolder"))
        with self.hub.lock:
            parent = lines[0]["value"].get("parentCommit")
            if parent and parent != repo.head:
                self.refuse(412, "PreconditionFailed", "A commit has happened since. Please refresh and try again.")
            sha = repo.add(files, deleted)
        self.send_json({"success": True, "commitOid": sha, "commitUrl": f"{self.hub.url}/{name}/commit/{sha}", "hookOutput": ""})

    def resolve(self, name: str, revision: str, path: str, kinds: str | None = None) -> None:
        repo = self.repo(KINDS[kinds or "models"], name)
        if name in self.hub.gated and self.account()[0] != name.partition("/")[0]:
            self.refuse(403 if self.account()[0] else 401, "GatedRepo", "Access to this repository is restricted")
        sha = self.commit_of(repo, revision)
        data = repo.trees[sha].get(path)
        if data is None:
            self.refuse(404, "EntryNotFound", "Entry not found")
        assert data is not None
        headers = {"X-Repo-Commit": sha, "ETag": f'"{blob_id(data)}"'}
        if mode_of(path) == "lfs":
            oid = sha256(data)
            self.hub.large.setdefault(oid, data)
            elsewhere = {"Location": f"{self.hub.storage}/_lfs/{oid}", "X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(data))}
            self.send(302, b"", headers | elsewhere)
        self.send_ranged(data, headers)


def mode_of(path: str) -> str:
    return "lfs" if path.endswith(LARGE) else "regular"


def facts_of(path: str, data: bytes) -> dict[str, Any]:
    large = {"lfs": {"sha256": sha256(data), "size": len(data), "pointerSize": 134}} if mode_of(path) == "lfs" else {}
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


if __name__ == "__main__":
    with FakeHub() as served:
        served.create("ada/houses")
        sys.stdout.write(f"export HF_ENDPOINT={served.url} HF_HUB_OFFLINE=0 HF_HUB_DISABLE_XET=1 HF_TOKEN={WRITE}\n")
        sys.stdout.flush()
        threading.Event().wait()
