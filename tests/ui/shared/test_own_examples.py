"""A model of one's own pairs has the validation sources of its run as examples, wherever it goes on this
machine, and no file of weights has them in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from pix2pix.config import TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.errors import Pix2PixError
from pix2pix.imaging.tensors import to_image
from pix2pix.runs.own_examples import keep_examples
from pix2pix.runtime.files import read_image
from pix2pix.ui.draw.tab import describe, list_own
from pix2pix.ui.models.deleted import restore_model
from pix2pix.ui.models.rename_delete import delete, rename
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.own_examples import folder_of, own_examples
from pix2pix.ui.shared.run_actions import open_run_actions
from pix2pix.ui.shared.thumbnails import _pair


@pytest.fixture
def library(tiny_run: Path, tmp_path: Path) -> ModelLibrary:
    """A library with one run in it, which trained with pairs of the user's own."""
    shutil.copytree(tiny_run, tmp_path / "runs" / "shoes")
    (tmp_path / "checkpoints").mkdir()
    return ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs")


def test_a_run_keeps_the_sources_that_it_validates_on(library: ModelLibrary) -> None:
    model = library.model("runs/shoes")
    found = own_examples(model)
    assert 1 <= len(found) <= 4
    assert all(read_image(path).size == (model.config.size, model.config.size) for path in found)
    assert describe(model)["own"] == len(found)
    assert len(list_own(library, {"model": "runs/shoes"})["examples"]) == len(found)
    for asked in (None, {}, {"model": "../x"}, {"model": 1}):
        with pytest.raises(Pix2PixError):
            list_own(library, asked)


def test_they_are_the_validation_sources_and_what_is_there_stays(pairs: Path, tmp_path: Path) -> None:
    dataset = Dataset.open(TrainConfig(data=str(pairs), size=16))
    keep_examples(tmp_path, dataset)
    files = sorted((tmp_path / "examples").iterdir())
    expected = [to_image(images["source"]) for _, images in dataset.validation(4)]
    assert len(files) == len(expected) > 0
    for file, image in zip(files, expected, strict=True):
        assert np.array_equal(np.asarray(read_image(file)), np.asarray(image))
    files[0].write_bytes(b"as it is")
    keep_examples(tmp_path, dataset)
    assert files[0].read_bytes() == b"as it is"


def test_they_go_with_a_model_that_is_kept_renamed_deleted_and_restored(library: ModelLibrary) -> None:
    actions = open_run_actions(library)
    actions.keep("", "shoes", "boots")
    count = len(own_examples(library.model("runs/shoes")))
    assert len(own_examples(library.model("boots"))) == count
    first = own_examples(library.model("boots"))[0]
    drawing, _ = _pair(library.model("boots"))
    assert np.array_equal(np.asarray(drawing), np.asarray(read_image(first)))
    rename(library, "boots", name="sandals")
    assert len(own_examples(library.model("sandals"))) == count
    assert not folder_of(library.checkpoints / "boots.pth").exists()
    token = delete(library, "sandals", version=library.model("sandals").version)
    assert not folder_of(library.checkpoints / "sandals.pth").exists()
    restore_model(library.checkpoints, token)
    assert len(own_examples(library.model("sandals"))) == count
