"""The same bytes as torch.save, sooner."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from pix2pix.runtime import torch_save

SHARED = torch.rand(7, 5)
CONTENTS: list[Any] = [
    {},
    {"a": torch.rand(3, 4), "nested": [torch.arange(5), {"half": torch.rand(9).half()}], "words": "x" * 300},
    {"view": SHARED[2:], "whole": SHARED, "empty": torch.empty(0), "one": torch.tensor(3.0)},
    {"large": torch.rand(5_000_000)},
]


@pytest.mark.parametrize("content", CONTENTS)
def test_entries_and_checksums_are_those_of_torch(content: Any, tmp_path: Path) -> None:
    wanted = io.BytesIO()
    torch.save(content, wanted)
    with (tmp_path / "ours.pt").open("w+b") as file:
        torch_save.save(content, file)
    assert (tmp_path / "ours.pt").stat().st_size == len(wanted.getvalue())
    with zipfile.ZipFile(tmp_path / "ours.pt") as ours, zipfile.ZipFile(wanted) as theirs:
        assert ours.testzip() is None
        for left, right in zip(ours.infolist(), theirs.infolist(), strict=True):
            assert (left.filename, left.header_offset) == (right.filename, right.header_offset)
            # A name for the whole, which torch makes of the checksums it computed.
            if not left.filename.endswith("serialization_id"):
                assert left.CRC == right.CRC and ours.read(left) == theirs.read(right)


def test_the_programs_own_choice_stays(tmp_path: Path) -> None:
    for choice in (False, True):
        torch.serialization.set_crc32_options(choice)
        with (tmp_path / "file.pt").open("w+b") as file:
            torch_save.save({"a": torch.ones(3)}, file)
        assert torch.serialization.get_crc32_options() == choice
        assert torch.load(tmp_path / "file.pt", weights_only=True)["a"].tolist() == [1.0, 1.0, 1.0]


def test_an_error_of_the_disk_goes_through_and_leaves_the_choice() -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises((OSError, RuntimeError)):
        torch_save.save({"a": torch.ones(3)}, Full())
    assert torch.serialization.get_crc32_options()
