"""A start model of three channels takes gray pairs, as three equal channels; one of a single channel takes no
coloured ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from pix2pix import ModelConfig, TrainConfig, Translator, load_checkpoint, resume, train
from pix2pix.checkpoints.checkpoint import Checkpoint, save_checkpoint
from pix2pix.config import knobs
from pix2pix.errors import ConfigError
from pix2pix.networks import build_generator
from pix2pix.runs.execute import Run
from pix2pix.runs.preflight import prepare, prepare_run
from pix2pix.runs.start import check_channels
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.permissions import Rights
from pix2pix.ui.shared.run_actions import RunActions
from pix2pix.ui.train import form
from pix2pix.ui.train.form import Pairs
from pix2pix.ui.train.form_handlers import FormHandlers

TINY: dict[str, Any] = {
    "size": 32,
    "width": 4,
    "discriminator_width": 4,
    "patch": "16",
    "steps": 1,
    "precision": "fp32",
    "device": "cpu",
}


def small_model(path: Path, in_channels: int = 3, out_channels: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, Any] = {
        "source": "gray" if in_channels == 1 else "photo",
        "target": "gray" if out_channels == 1 else "photo",
    }
    config = ModelConfig(
        depth=5, width=4, size=32, in_channels=in_channels, out_channels=out_channels, **kinds
    )
    save_checkpoint(path, Checkpoint(config, build_generator(config).state_dict(), {}))
    return path


def write_gray_pairs(folder: Path, count: int = 4) -> Path:
    for side in ("A", "B"):
        (folder / side).mkdir(parents=True)
        for number in range(count):
            values = np.random.default_rng(number).integers(0, 255, (32, 32), np.uint8)
            Image.fromarray(values).save(folder / side / f"{number}.png")
    return folder


def test_gray_pairs_are_read_as_three_equal_channels_for_a_start_that_has_three(tmp_path: Path) -> None:
    start = small_model(tmp_path / "start.pth")
    data = write_gray_pairs(tmp_path / "pairs")
    config = TrainConfig(data=str(data), init=str(start), **TINY)
    prepared = prepare(config)
    source = prepared.examples.validation(1)[0][1]["source"]
    assert source.shape == (1, 3, 32, 32) and bool((source == source[:, :1]).all())
    run = train(config, tmp_path / "run")
    model = load_checkpoint(run.model_path).config
    assert (model.source, model.target, model.in_channels, model.out_channels) == ("gray", "gray", 3, 3)
    assert "source: gray in A, three equal channels" in run.snapshot().log
    assert resume(run.path, steps=2).snapshot().state == "finished"
    photo = Image.fromarray(np.random.default_rng(9).integers(0, 255, (32, 32, 3), np.uint8))
    translator = Translator.load(run.model_path, device="cpu")
    np.testing.assert_array_equal(
        np.asarray(translator(photo)), np.asarray(translator(photo.convert("L").convert("RGB")))
    )


def test_a_run_that_never_saved_begins_again_with_the_channels_of_its_start(
    pairs: Path, tmp_path: Path
) -> None:
    start = small_model(tmp_path / "start.pth")
    config = TrainConfig(data=str(pairs), make="gray", init=str(start), **TINY)
    run = Run.create(tmp_path / "run", prepare(config).config)
    model = prepare_run(run, run.config()).models["generator"]
    assert (model.source, model.in_channels, model.out_channels) == ("gray", 3, 3)


@pytest.mark.parametrize(
    ("channels", "sentence"),
    [
        ((1, 3), "takes pictures of 1 channel, and the sources of these pairs have 3.*set source to gray"),
        ((3, 1), "gives pictures of 1 channel, and the targets of these pairs have 3.*set target to gray"),
    ],
)
def test_coloured_pairs_are_refused_by_a_start_of_one_channel(
    pairs: Path, tmp_path: Path, channels: tuple[int, int], sentence: str
) -> None:
    start = small_model(tmp_path / "start.pth", *channels)
    with pytest.raises(ConfigError, match=sentence):
        prepare(TrainConfig(data=str(pairs), init=str(start), **TINY))
    stated = {"source" if channels[0] == 1 else "target": "gray"}
    assert prepare(TrainConfig(data=str(pairs), init=str(start), **TINY, **stated)).start


def test_other_numbers_of_channels_get_no_advice_that_does_not_help() -> None:
    with pytest.raises(ConfigError, match=r"takes pictures of 4 channels, .* have 3\. Start .* scratch\.$"):
        check_channels(ModelConfig(in_channels=4), 3, 3, name="bands")


def test_the_page_offers_starts_that_can_show_the_pairs_and_says_how(pairs: Path, tmp_path: Path) -> None:
    for name, channels in (("rgb", (3, 3)), ("gray", (1, 1)), ("colourise", (1, 3))):
        small_model(tmp_path / "checkpoints" / f"{name}.pth", *channels)
    library = ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs")
    actions = RunActions(
        tmp_path / "runs", tmp_path / "checkpoints", Rights(), tmp_path / "uploads", (Path("/"),)
    )

    def offered(channels: tuple[int, int]) -> set[str]:
        return {key for _, key in form.starts(library.listing(), Pairs(6, channels), hidden=set())} - {""}

    assert offered((1, 3)) == {"rgb", "colourise"} and offered((3, 3)) == {"rgb"}
    assert offered((1, 1)) == {"rgb", "gray", "colourise"}
    with gr.Blocks(analytics_enabled=False):
        plan = FormHandlers(actions, library, fields=form.build_form())
    values = {"data": str(pairs), "init": "rgb", "size": 32, "width": 4, "device": "cpu"}
    given = [values.get(knob.name) for knob in knobs()]
    needs, _ = plan.describe_settings(None, "", "quick", Pairs(6, (1, 3)), *given)
    assert "gray sources are read as three equal channels" in needs
    values["init"] = "gray"
    given = [values.get(knob.name) for knob in knobs()]
    refused, command = plan.describe_settings(None, "", "quick", Pairs(6, (3, 3)), *given)
    assert (
        "Gray takes pictures of 1 channel, and the sources of these pairs have 3" in refused and not command
    )
    found = [
        plan.consider(
            None, str(pairs), "AtoB", "auto", "none", *stated, "pix2pix", None, "quick", 32, Pairs()
        )[-2]
        for stated in (("auto", "auto"), ("gray", "gray"))
    ]
    assert [pairs.channels for pairs in found] == [(3, 3), (1, 1)]
