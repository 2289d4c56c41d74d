"""Files of weights that visitors upload, and what a model takes, corrected on its card."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import foreign
import pytest
import torch
from gradio.utils import get_upload_folder
from paths import ROOT

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.errors import CheckpointError, ConfigError, RightsError
from pix2pix.imaging.palette import FACADES, MAPS
from pix2pix.ui.app import page_script
from pix2pix.ui.models.add_file import set_kind, to_stem
from pix2pix.ui.models.handlers import ModelsHandlers, Visitor
from pix2pix.ui.models.provenance import is_shipped
from pix2pix.ui.models.tab import cards_script
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.run_actions import open_run_actions
from pix2pix.ui.shared.thumbnails import thumbnails_of
from tests.ui.draw.test_tab import write_small
from tests.ui.models.test_tab import HERE, PATIENCE, cards, on_a_space
from tests.ui.shared.test_model_library import write_model

# Gradio leaves an event loop to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
KINDS = {"source": "labels", "target": "photo", "palette": "maps"}


@pytest.fixture
def gallery(tmp_path: Path) -> ModelsHandlers:
    write_small(tmp_path / "checkpoints" / "facades.pth")
    library = ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs")
    return ModelsHandlers(library, open_run_actions(library))


def upload(path: Path, name: str) -> Path:
    """A copy of a file where Gradio keeps uploads."""
    target = Path(get_upload_folder()) / "a1b2" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(path, target))


def write_foreign(path: Path) -> Path:
    """Weights of pytorch-CycleGAN-and-pix2pix, which say nothing of pictures."""
    torch.save(foreign.draw(foreign.UsualUNet(3, 3, 2, 5, "batch")).state_dict(), path)
    return path


def test_an_uploaded_file_is_a_card_with_a_name_of_its_own(gallery: ModelsHandlers, tmp_path: Path) -> None:
    mine = write_small(tmp_path / "mine.pth", palette=MAPS)
    for expected in ("my houses", "my houses-2"):
        sent = upload(mine, "sent.pth")
        answer = gallery.add_file(HERE, {"path": str(sent), "name": "my houses.pth"})
        assert answer == {"key": expected} and not sent.exists()
    weights, added = (load_checkpoint(path) for path in (mine, gallery.library.checkpoints / "my houses.pth"))
    assert added.config == weights.config and added.about == weights.about
    assert all(torch.equal(added.weights[name], value) for name, value in weights.weights.items())


def test_weights_of_another_project_are_opened_apart_and_become_a_checkpoint(
    gallery: ModelsHandlers, tmp_path: Path
) -> None:
    sent = upload(write_foreign(tmp_path / "latest_net_G.pth"), "latest_net_G.pth")
    key = gallery.add_file(HERE, {"path": str(sent), "name": "latest_net_G.pth"})["key"]
    card = cards(gallery)[key]
    assert card["origin"]["kind"] == "imported" and card["facts"]


@pytest.mark.parametrize(
    ("name", "words"), [("notes.txt", "is no file of weights"), ("torn.pth", "torn.pth")]
)
def test_what_is_no_model_is_refused_with_a_sentence_and_leaves_nothing(
    gallery: ModelsHandlers, tmp_path: Path, name: str, words: str
) -> None:
    before = set(gallery.library.checkpoints.iterdir())
    (tmp_path / name).write_bytes(b"PK no model at all")
    sent = upload(tmp_path / name, name)
    with pytest.raises(CheckpointError, match=words) as refused:
        gallery.add_file(HERE, {"path": str(sent), "name": name})
    assert str(sent.parent) not in str(refused.value)
    assert set(gallery.library.checkpoints.iterdir()) == before and not sent.exists()


def test_only_uploaded_files_of_those_who_may_are_taken(gallery: ModelsHandlers, tmp_path: Path) -> None:
    own = write_small(tmp_path / "own.pth")
    for path in (own, Path(get_upload_folder()) / ".." / "own.pth", tmp_path):
        with pytest.raises(ConfigError, match="was not uploaded"):
            gallery.add_file(HERE, {"path": str(path), "name": "own.pth"})
    assert own.exists()
    with pytest.raises(RightsError):
        on_a_space(gallery).add_file(Visitor("eve", ""), {"path": str(own), "name": "own.pth"})


def test_a_name_from_another_machine_becomes_one_for_a_model() -> None:
    names = ["../a b.pth", "häuser (2).pth", "...pth", "x" * 90 + ".pth", "C:\\n\\y.pt"]
    stems = [to_stem(name) for name in names]
    assert stems[0] == "a b" and stems[1] == "häuser -2" and stems[2] == "model"
    assert len(stems[3]) <= 56 and "\\" not in stems[4]


def test_kind_and_classes_are_corrected_in_the_file(gallery: ModelsHandlers) -> None:
    folder = gallery.library.checkpoints
    before = load_checkpoint(folder / "facades.pth")
    order = {"key": "facades", "version": cards(gallery)["facades"]["version"], **KINDS}
    assert gallery.set_kind(HERE, order) == {"key": "facades"}
    after = load_checkpoint(folder / "facades.pth")
    assert after.config == replace(before.config, palette=MAPS) and after.about == before.about
    with pytest.raises(CheckpointError, match="written anew"):
        gallery.set_kind(HERE, order)
    version = cards(gallery)["facades"]["version"]
    for wrong in ({"source": "cats"}, {"palette": "cats"}):
        with pytest.raises(ConfigError, match="choose one of"):
            gallery.set_kind(HERE, {**order, "version": version, **wrong})
    gallery.set_kind(HERE, {**order, "version": version, "source": "photo"})
    assert load_checkpoint(folder / "facades.pth").config.palette == ()


def test_the_kind_of_foreign_weights_is_kept_in_a_checkpoint_of_ours(gallery: ModelsHandlers) -> None:
    folder = gallery.library.checkpoints
    write_foreign(folder / "net_G.pt")
    version = cards(gallery)["net_G.pt"]["version"]
    key = set_kind(gallery.library, "net_G.pt", version=version, **KINDS | {"palette": "facades"})
    assert key == "net_G" and load_checkpoint(folder / "net_G.pth").config.palette == FACADES
    assert not (folder / "net_G.pt").exists()
    assert [each["name"] for each in gallery.list_models(HERE)["deleted"]] == ["net_G.pt"]


def test_a_model_that_cannot_draw_says_so_on_its_card_before_anybody_draws(gallery: ModelsHandlers) -> None:
    folder = gallery.library.checkpoints
    write_model(folder / "odd.pth")
    content = torch.load(folder / "odd.pth", weights_only=True)
    content["weights"].popitem()
    torch.save(content, folder / "odd.pth")
    assert cards(gallery)["odd"]["problem"] == "", "its description is sound"
    until = time.monotonic() + PATIENCE
    while (answer := gallery.find_picture(HERE, "odd")) == {"isWaiting": True} and time.monotonic() < until:
        time.sleep(0.01)
    assert answer["image"] == "" and "odd.pth" in answer["problem"]
    assert str(folder) not in answer["problem"]
    assert thumbnails_of(folder).problem(gallery.library.model("facades")) == ""


@pytest.mark.parametrize("script", [cards_script, page_script])
def test_the_modules_of_a_script_share_it_without_a_clash(script: Callable[[], str]) -> None:
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", script(), re.MULTILINE)
    assert sorted(names) == sorted(set(names))


def test_the_models_that_come_along_are_known_as_such(tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "checkpoints", tmp_path / "checkpoints")
    write_small(folder / "mine.pth")
    models = ModelLibrary(folder, tmp_path / "runs").listing().models
    assert {model.key for model in models if is_shipped(model)} == {
        path.stem for path in (ROOT / "checkpoints").glob("*.pth")
    }
    shutil.copy(folder / "mine.pth", folder / "facades.pth")
    models = ModelLibrary(folder, tmp_path / "runs").listing().models
    assert not any(is_shipped(model) for model in models if model.key == "facades"), "one's own of that name"
