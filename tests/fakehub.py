"""A small Hugging Face Hub on this machine, for tests: the real `huggingface_hub` client asks it over HTTP.

Its data lie in memory. A fixture of the same use is `hub` in tests/conftest.py.

    with FakeHub() as hub:                           # hub.url
        hub.use(monkeypatch, tmp_path)               # this process's huggingface_hub asks it
        environment = hub.environment(tmp_path)      # what another process needs for the same
        hub.create("ada/houses", {"houses.pth": data}, private=True)   # or kind="space", "dataset"
        sha = hub.commit("ada/houses", {"README.md": b"..."})          # somebody else commits
        hub.files("ada/houses", sha)                 # path -> bytes, then; without a commit now
        hub.commits("ada/houses")                    # all commits, oldest first
        hub.gated.add("ada/houses")                  # nobody but its owner may read
        hub.fail("POST", "/commit/", 503, times=2)   # the next two such requests get this answer
        hub.cut("GET", "/_lfs/", after=1000)         # the next such connection is cut after so many bytes
        hub.corrupt.add("houses.pth")                # delivered with one byte flipped
        hub.pause = 0.05                             # seconds between two chunks, both ways
        hub.before_commit.append(lambda: ...)        # called once, just before the next commit is looked at
        hub.log                                      # [(method, path), ...]

Tokens: WRITE and READ belong to ada (READ may not write), EVE to eve. `python tests/fakehub.py` serves one
until Ctrl-C.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from fakehub_repo import EVE, READ, WRITE, Fault, Repo
from fakehub_server import Handler

__all__ = ["EVE", "READ", "WRITE", "FakeHub", "Repo"]


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
        """Has this process's huggingface_hub ask this server, logged in with
        `token` (empty: not logged in)."""
        from huggingface_hub import constants

        for name, value in self.environment(home, token).items():
            monkeypatch.setenv(name, value)
        if not token:
            monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setattr(constants, "ENDPOINT", self.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", self.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))

    def environment(self, home: Path, token: str = WRITE) -> dict[str, str]:
        """The variables with which another process asks this server."""
        own = {
            "HF_ENDPOINT": self.url,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(home),
        }
        return own | ({"HF_TOKEN": token} if token else {})

    def create(
        self, name: str, files: Mapping[str, bytes] | None = None, kind: str = "model", private: bool = False
    ) -> str:
        """A repository with these files; its commit."""
        self.repos[kind, name] = Repo(private)
        return self.repos[kind, name].add(
            {".gitattributes": b"*.pth filter=lfs diff=lfs merge=lfs -text\n", **(files or {})}
        )

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


if __name__ == "__main__":
    with FakeHub() as served:
        served.create("ada/houses")
        sys.stdout.write(
            f"export HF_ENDPOINT={served.url} HF_HUB_OFFLINE=0 HF_HUB_DISABLE_XET=1 HF_TOKEN={WRITE}\n"
        )
        sys.stdout.flush()
        threading.Event().wait()
