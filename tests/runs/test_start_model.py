"""A training that starts from a model: what the model decides, what it costs,
and what the page says of it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

from pix2pix import ModelConfig, TrainConfig
from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from pix2pix.config import ARCHITECTURE, knobs
from pix2pix.errors import ConfigError, RunError
from pix2pix.networks import build_generator
from pix2pix.runs import jobs
from pix2pix.runs import queue as run_queue
from pix2pix.runs import requirements as requirements
from pix2pix.runs.preflight import adopt_start, check_asked, nearest_size, resolve
from pix2pix.runs.run import Run
from pix2pix.training.presets import PRESETS
from pix2pix.ui.shared.messages import sentence, without_paths
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.permissions import Rights
from pix2pix.ui.shared.run_actions import RunActions
from pix2pix.ui.train import form
from pix2pix.ui.train.form import Pairs
from pix2pix.ui.train.form_handlers import FormHandlers
from pix2pix.ui.train.step_slider import StepSlider

SHIPPED = sorted((ROOT / "checkpoints").glob("*.pth"))
TINY = {"size": 64, "width": 4, "discriminator_width": 4, "steps": 2, "precision": "fp32", "device": "cpu"}


def small_model(path: Path, **settings: object) -> Path:
    config = ModelConfig(**({"depth": 6, "width": 4, "size": 64, "decoder": "sharp"} | settings))  # type: ignore[arg-type]
    save_checkpoint(path, Checkpoint(config, build_generator(config).state_dict(), {}))
    return path


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
@pytest.mark.parametrize("largest", [64, 256])
def test_every_preset_can_start_from_every_shipped_model(path: Path, preset: object, largest: int) -> None:
    start = load_checkpoint(path).config
    config = adopt_start(preset.apply(TrainConfig(data="pairs"), 40, largest=largest), start)  # type: ignore[attr-defined]
    assert {name: getattr(config, name) for name in ARCHITECTURE} == {
        name: getattr(start, name) for name in ARCHITECTURE
    }
    assert config.size == nearest_size(config.size, start)
    assert requirements.memory_needed(config) > 0


@pytest.mark.parametrize(
    ("size", "depth", "fits"), [(128, 8, 256), (300, 8, 256), (400, 8, 512), (100, 5, 96), (8, 6, 64)]
)
def test_the_size_is_the_nearest_one_that_the_levels_can_halve(size: int, depth: int, fits: int) -> None:
    assert nearest_size(size, ModelConfig(depth=depth)) == fits


def test_a_start_model_in_python_brings_its_network_and_size(tmp_path: Path) -> None:
    path = small_model(tmp_path / "start.pth", norm="batch", skips=False, dropout=0.25)
    config = resolve(TrainConfig(data="pairs", init=str(path), size=80, width=64))
    assert (config.size, config.width, config.depth, config.decoder, config.norm) == (
        64,
        4,
        6,
        "sharp",
        "batch",
    )
    assert (config.skips, config.dropout) == (False, 0.25)


def test_a_size_that_was_typed_and_cannot_be_is_refused_with_the_one_that_can(tmp_path: Path) -> None:
    path = small_model(tmp_path / "start.pth")
    with pytest.raises(ConfigError, match="need a multiple of 64. Take size 128, or leave size out"):
        check_asked({"size": 100}, load_checkpoint(path).config, init=str(path))
    check_asked({"size": 128}, load_checkpoint(path).config, init=str(path))


def test_fine_tuning_from_the_form_begins_with_the_preset_it_opens_with(pairs: Path, tmp_path: Path) -> None:
    small_model(tmp_path / "checkpoints" / "start.pth") if (
        tmp_path / "checkpoints"
    ).mkdir() is None else None
    library = ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs")
    actions = RunActions(
        tmp_path / "runs", tmp_path / "checkpoints", Rights(), tmp_path / "uploads", (Path("/"),)
    )
    found = Pairs(count=6)
    values = {"data": str(pairs), "init": "start", "device": "cpu", "steps": 2, "discriminator_width": 4}
    config = form.to_config([values.get(knob.name) for knob in knobs()], "quick", pairs=found)
    assert (config.size, config.width) == (128, 32)
    model = actions.start_from("", library, "start")
    config = dataclasses.replace(adopt_start(config, model.config), init=str(model.path))
    name, words = actions.start("", "", config)
    try:
        assert Run(tmp_path / "runs" / name).config().size == 128 and "is training" in words
    finally:
        job = jobs.running()
        if job:
            job.process.kill()
            job.wait(10)


def test_needs_and_times_are_told_for_the_start_model(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    small_model(tmp_path / "checkpoints" / "start.pth")
    actions = RunActions(
        tmp_path / "runs", tmp_path / "checkpoints", Rights(), tmp_path / "uploads", (Path("/"),)
    )
    plan = FormHandlers(actions, ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs"), fields=None)  # type: ignore[arg-type]

    def told(init: str) -> tuple[str, str]:
        values = {
            "data": str(tmp_path / "uploads" / "shoes"),
            "init": init,
            "size": 96,
            "width": 64,
            "device": "cpu",
        }
        return plan.describe_settings(
            None, "", "quick", Pairs(count=6), *[values.get(knob.name) for knob in knobs()]
        )

    needs, command = told("start")
    assert "as start has it: size 128, width 4, decoder sharp, norm instance" in needs
    assert "--init start.pth" in command and str(tmp_path) not in command and "--run runs/shoes" in command


def test_an_empty_field_means_what_the_preset_says() -> None:
    pairs = Pairs(count=40)
    for preset in PRESETS:
        nothing = form.to_config([None] * len(knobs()), preset.key, pairs=pairs)
        assert nothing == preset.apply(TrainConfig(), 40)
        blank = form.to_config(
            ["  " if knob.type is str else None for knob in knobs()], preset.key, pairs=pairs
        )
        assert blank == nothing
    given = form.to_config([7 if knob.name == "steps" else None for knob in knobs()], "quick", pairs=pairs)
    assert (given.steps, given.width) == (7, 32)


MEASURE = """
import resource, sys, time
from pix2pix import TrainConfig
from pix2pix.runs import requirements as estimates
def estimate(**changes):
    config = TrainConfig(device="cpu", **changes)
    return estimates.memory_needed(config), estimates.disk_needed(config)
for generator in ("unet", "resnet"):
    estimate(generator=generator)
before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
for generator in ("unet", "resnet"):
    for decoder in ("transposed", "sharp"):
        wide = {"width": 512, "discriminator_width": 512, "size": 2048, "batch": 4096, "blocks": 32}
        needed = estimate(**wide, generator=generator, decoder=decoder)
        assert min(needed) > 1e9, needed
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(after - before, time.process_time() - begin)
"""


def test_the_largest_settings_are_estimated_without_memory_or_time() -> None:
    """Typing width 512 into the form once took 11.3 GB of the server's memory."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    kibibytes, seconds = map(float, done.stdout.split())
    assert kibibytes < 6000, (
        "the interpreter's own small objects, no weights: those of one layer would be 134 MB"
    )
    assert seconds < 5


def test_another_name_is_another_run_and_so_is_one_after_a_stop(pairs: Path, tmp_path: Path) -> None:
    config = TrainConfig(data=str(pairs), **(TINY | {"steps": 5000}))
    first = jobs.start(tmp_path, "one", config=config)
    try:
        assert (
            jobs.start(tmp_path, "one", config=config).name == "one"
            and jobs.start(tmp_path, "", config=config).name == "one"
        )
        assert jobs.start(tmp_path, "two", config=config).name == "two", "another name"
        first.request_stop()
        third = jobs.start(tmp_path, "three", config=config)
        assert third.name == "three" and third.state() == "queued", "its twin is about to stop"
        with pytest.raises(RunError, match="holds a run. Choose another name, or go on with that run"):
            jobs.start(tmp_path, "one", config=config)
    finally:
        for run in [Run(tmp_path / "two"), Run(tmp_path / "three")]:
            if run.state() == "queued":
                run_queue.leave(run)
        job = jobs.running()
        if job:
            job.process.kill()
            job.wait(10)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Size is 128, and /srv/app/checkpoints/facades.pth has 8 levels.",
            "Size is 128, and facades.pth has 8 levels.",
        ),
        (
            "[Errno 13] Permission denied: '/home/ada/runs/x/state.pt'",
            "[Errno 13] Permission denied: 'state.pt'",
        ),
        ("C:\\Users\\ada\\runs\\x is full", "x is full"),
        ("see https://huggingface.co/ada/houses/tree/main and hf://datasets/ada/pairs", None),
        ("edges and/or labels, 3/4 of them; owner/name", None),
        ("~/pairs/train holds nothing", "train holds nothing"),
        ("/translate takes a picture", None),
    ],
)
def test_a_sentence_of_the_page_names_files_and_no_folders_of_the_server(text: str, told: str | None) -> None:
    assert without_paths(text) == (told or text)


def test_folders_with_spaces_are_known_where_the_server_works_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "my place"
    place.mkdir()
    monkeypatch.chdir(place)
    assert sentence(RunError(f"the run in {place / 'runs' / 'a'} is gone")) == "The run in runs/a is gone"


@pytest.mark.parametrize(
    ("sent", "taken"), [(814, 814), (-3, -3), (12, 12), (None, 40), ("x", 40), (float("nan"), 40), (True, 40)]
)
def test_a_step_beyond_the_slider_is_taken_and_what_is_none_is_the_newest(sent: object, taken: float) -> None:
    assert StepSlider(1, 40, step=1).preprocess(sent) == taken
