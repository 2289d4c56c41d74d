"""What was read of a file is known until the file changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pix2pix.runtime.file_cache import FileCache, signature_of


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    reads: list[str] = []

    def read(path: Path) -> str:
        reads.append(path.name)
        return path.read_text(encoding="utf-8")

    cache: FileCache[str] = FileCache(2)
    files = [tmp_path / name for name in "abc"]
    for file in files:
        file.write_text(f"one {file.name}", encoding="utf-8")
    assert [cache.read(files[0], read) for _ in range(3)] == ["one a"] * 3 and reads == ["a"]
    files[0].write_text("another", encoding="utf-8")
    assert cache.read(files[0], read) == "another"
    os.utime(files[0], ns=(0, 7))
    assert cache.read(files[0], read) == "another" and reads == ["a"] * 3
    # Two are kept: those that were used last.
    for file in (files[1], files[0], files[2], files[0]):
        cache.read(file, read)
    assert reads == ["a", "a", "a", "b", "c"]
    cache.read(files[1], read)
    assert reads[-1] == "b"


def test_values_of_one_file_are_told_apart_and_old_states_dropped(tmp_path: Path) -> None:
    file = tmp_path / "model"
    file.write_text("1")
    cache: FileCache[int] = FileCache(10)
    before = signature_of(file)
    cache.put(before, 1, detail="a")
    cache.put(before, 2, detail="b")
    assert (cache.get(before, "a"), cache.get(before, "b"), cache.get(before)) == (1, 2, None)
    file.write_text("22")
    cache.put(signature_of(file), 3, detail="a")
    assert cache.get(before, "a") is None and cache.get(before, "b") is None
    with pytest.raises(OSError):
        cache.read(tmp_path / "gone", len)  # type: ignore[arg-type]
