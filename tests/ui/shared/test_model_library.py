"""Which models the page offers, and how they are loaded."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import foreign
import pytest
import torch
from PIL import Image

from pix2pix.checkpoints.checkpoint import Checkpoint, save_checkpoint
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError
from pix2pix.networks import build_generator
from pix2pix.ui.shared import model_library
from pix2pix.ui.shared.model_library import Listing, ModelLibrary, default_key, list_models

CONFIG = ModelConfig(
    width=2, depth=3, size=16, source="labels", palette=(("wall", (0, 0, 255)), ("door", (255, 255, 0)))
)


def weights(seed: int) -> dict[str, Any]:
    generator = build_generator(CONFIG)
    torch.nn.init.normal_(next(generator.parameters()), generator=torch.Generator().manual_seed(seed))
    return dict(generator.state_dict())


def write_model(path: Path, age: float = 0, **about: object) -> Path:
    save_checkpoint(path, Checkpoint(CONFIG, weights(1), {"step": 1200, **about}))
    os.utime(path, (path.stat().st_atime, 1_700_000_000 - age))
    return path


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    write_model(tmp_path / "checkpoints" / "facades.pth", age=30)
    write_model(tmp_path / "runs" / "houses" / "model.pth", age=10)
    write_model(tmp_path / "runs" / "houses" / "best.pth", age=20)
    return ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs", kept=2)


def test_models_of_checkpoints_and_runs_come_newest_first(library: ModelLibrary) -> None:
    models = library.listing().models
    assert [model.key for model in models] == ["runs/houses", "runs/houses/best", "facades"]
    assert models[0].label == "houses · labels to photo · 16 px · step 1,200 · 2023-11-14"
    assert models[0].config == CONFIG and models[0].config.palette


def test_both_directions_of_a_run_without_pairs_are_listed(library: ModelLibrary) -> None:
    write_model(library.runs / "monet" / "model.pth", age=1)
    write_model(library.runs / "monet" / "model_BtoA.pth", age=2)
    write_model(library.runs / "monet" / "best_BtoA.pth", age=3)
    models = {model.key: model.title for model in library.listing().models}
    assert models["runs/monet"] == "monet" and models["runs/monet/BtoA"] == "monet, B to A"
    assert models["runs/monet/best_BtoA"] == "monet, B to A, best"
    assert library.model("runs/monet/BtoA").path.name == "model_BtoA.pth"


def test_a_file_that_is_no_model_is_told_and_harms_no_other(library: ModelLibrary) -> None:
    (library.checkpoints / "broken.pth").write_bytes(b"no zip")
    torch.save({"weights": torch.zeros(3)}, library.checkpoints / "stranger.pth")
    listing = library.listing()
    assert len(listing.models) == 3
    assert [problem.split()[0] for problem in listing.problems] == ["broken.pth", "stranger.pth"]


def test_folders_that_do_not_exist_hold_no_models(tmp_path: Path) -> None:
    listing = list_models(tmp_path / "none", tmp_path / "neither")
    assert listing.models == () and listing.problems == () and default_key(listing) is None
    with pytest.raises(CheckpointError, match="no model yet"):
        ModelLibrary(tmp_path / "none", tmp_path / "neither").translator("facades")


@pytest.mark.parametrize(
    "key", ["../secret", "/etc/passwd", "checkpoints/facades.pth", "", None, "runs/houses/../houses"]
)
def test_a_key_is_looked_up_and_never_a_path(library: ModelLibrary, key: str | None) -> None:
    with pytest.raises(CheckpointError, match="is not there"):
        library.translator(key)


def test_a_translator_is_loaded_once_until_its_file_changes(library: ModelLibrary) -> None:
    first = library.translator("runs/houses")
    assert library.translator("runs/houses") is first
    write_model(library.runs / "houses" / "model.pth", age=0)
    assert library.translator("runs/houses") is not first


def test_only_the_translators_used_last_are_kept(library: ModelLibrary) -> None:
    first = library.translator("facades")
    library.translator("runs/houses")
    assert library.translator("facades") is first
    library.translator("runs/houses/best")
    library.translator("runs/houses")
    assert library.translator("facades") is not first


def test_a_model_that_vanished_is_a_sentence(library: ModelLibrary) -> None:
    library.translator("runs/houses")
    shutil.rmtree(library.runs / "houses")
    with pytest.raises(CheckpointError, match="such as 'facades'"):
        library.translator("runs/houses")


def test_a_menu_starts_with_the_wanted_model_then_a_shipped_one(library: ModelLibrary) -> None:
    listing = library.listing()
    assert default_key(listing) == "facades"
    assert default_key(listing, "runs/houses") == "runs/houses"
    assert default_key(listing, "gone") == "facades"
    assert listing.choices()[0][1] == "runs/houses"


def test_weights_of_another_project_are_drawn_with_as_they_are(library: ModelLibrary) -> None:
    network = foreign.draw(foreign.UsualUNet(3, 3, 2, 5, "instance"))
    torch.save(network.state_dict(), library.checkpoints / "edges.pth")
    model = next(model for model in library.listing().models if model.key == "edges")
    assert model.about["origin"]["project"] == "pytorch-CycleGAN-and-pix2pix"
    assert library.translator("edges")(Image.new("RGB", (20, 10))).size == (20, 10)


def test_the_files_are_looked_at_when_something_has_changed_and_not_at_each_stroke(
    library: ModelLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []

    def counted(checkpoints: Path, runs: Path) -> Listing:
        looks.append(checkpoints)
        return list_models(checkpoints, runs)

    monkeypatch.setattr(model_library, "list_models", counted)
    time.sleep(2 * model_library.SETTLED)
    for _ in range(200):
        library.translator("facades")
        library.model("runs/houses")
    assert len(looks) == 1
    begin = time.monotonic()
    for _ in range(200):
        library.listing()
    assert len(looks) <= 2 + (time.monotonic() - begin) / model_library.FRESH

    for place in ("checkpoints/new.pth", "runs/sheds/model.pth", "runs/houses/model.pth"):
        before = {model.key: model.version for model in library.listing().models}
        save_checkpoint(library.checkpoints.parent / place, Checkpoint(CONFIG, weights(2), {"step": 7}))
        assert {model.key: model.version for model in library.listing().models} != before
    (library.checkpoints / "new.pth").unlink()
    assert "new" not in [model.key for model in library.listing().models]

    # Written over where it is, which changes no folder.
    (library.checkpoints / "facades.pth").write_bytes((library.runs / "sheds" / "model.pth").read_bytes())
    assert library.model("facades").about == {"step": 7}
    assert library.listing().models[0].key == "facades"
