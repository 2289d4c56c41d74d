"""Renaming over a file that somebody reads, as Windows refuses it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pix2pix.runtime import renames
from pix2pix.runtime.renames import replace_file


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(renames.time, "sleep", slept.append)
    return slept


def refusing(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Has the system refuse that many renames."""
    left = [times]

    def replace(part: Path, path: Path) -> None:
        if left[0]:
            left[0] -= 1
            raise PermissionError(13, "Access is denied")
        os.replace(part, path)  # noqa: PTH105  # the method is what this stands in for

    monkeypatch.setattr(Path, "replace", replace)


def test_windows_is_asked_again_while_a_reader_has_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    part, path = tmp_path / "a.part", tmp_path / "a"
    part.write_text("new")
    path.write_text("old")
    refusing(monkeypatch, 3)
    monkeypatch.setattr(renames, "IS_WINDOWS", True)
    replace_file(part, path)
    assert path.read_text() == "new" and len(pauses) == 3


def test_a_file_that_stays_closed_to_us_is_an_error_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    part = tmp_path / "a.part"
    part.write_text("new")
    refusing(monkeypatch, 100)
    monkeypatch.setattr(renames, "IS_WINDOWS", True)
    with pytest.raises(PermissionError):
        replace_file(part, tmp_path / "a")
    assert sum(pauses) < 2


def test_other_systems_refuse_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    refusing(monkeypatch, 1)
    with pytest.raises(PermissionError):
        replace_file(tmp_path / "a.part", tmp_path / "a")
    assert pauses == []
