"""The environment says which of the processes that train together this one is."""

from __future__ import annotations

import pytest

from pix2pix.runtime.distributed import ENVIRONMENT, Place, is_first, own_place


def test_a_process_alone_is_the_first_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    assert own_place() == Place(rank=0, world=1, local_rank=0) and is_first()


def test_torchrun_says_which_process_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    assert own_place() == Place(rank=5, world=8, local_rank=1) and not is_first()
