"""Repositories of the Hub of the tests, with all their commits, and what is to go wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

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
        tree = (
            {path: data for path, data in tree.items() if not path.startswith(deleted)} if deleted else tree
        )
        tree.update(files)
        sha = hashlib.sha1(
            f"{len(self.order)} {sorted((path, sha256(data)) for path, data in tree.items())}".encode()
        ).hexdigest()
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
