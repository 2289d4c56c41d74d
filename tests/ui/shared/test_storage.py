"""Where a page keeps its models and runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pix2pix.ui.shared.storage import Places, find_places


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "app" / "checkpoints").mkdir(parents=True)
    (tmp_path / "app" / "checkpoints" / "facades.pth").write_bytes(b"first")
    (tmp_path / "data").mkdir()
    return tmp_path / "app"


def test_at_home_they_lie_beside_the_page(here: Path) -> None:
    beside = Places(here / "checkpoints", here / "runs")
    assert find_places({}, here) == beside
    assert find_places({"SPACE_ID": "ada/x", "PIX2PIX_STORE": str(here / "nowhere")}, here) == beside


def test_a_store_has_what_came_along_and_keeps_what_is_done_there(here: Path) -> None:
    environment = {"SPACE_ID": "ada/x", "PIX2PIX_STORE": str(here.parent / "data")}
    places = find_places(environment, here)
    kept = places.checkpoints / "facades.pth"
    assert kept.read_bytes() == b"first" and places.runs == here.parent / "data" / "runs"
    kept.unlink()
    assert not (find_places(environment, here).checkpoints / "facades.pth").exists(), (
        "what was deleted stays deleted"
    )
    (here / "checkpoints" / "facades.pth").write_bytes(b"a newer one")
    assert (find_places(environment, here).checkpoints / "facades.pth").read_bytes() == b"a newer one"
