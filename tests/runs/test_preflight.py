"""Settings, data, a start and a run that do not go together are refused before anything is made of them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pix2pix.config import TrainConfig
from pix2pix.errors import ConfigError, DataError, Pix2PixError
from pix2pix.runs.execute import resume, train
from pix2pix.runs.preflight import check_resume, prepare
from pix2pix.runs.run import Run


def tiny(pairs: Path, **changes: object) -> TrainConfig:
    settings = {
        "data": str(pairs),
        "steps": 3,
        "size": 32,
        "width": 4,
        "discriminator_width": 4,
        "patch": "16",
        "precision": "fp32",
    }
    return TrainConfig(**{**settings, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"device": "cuda:9"}, "Choose auto or cpu"),
        ({"data": ""}, "data is empty"),
        ({"size": 16, "patch": "70"}, "needs at least 24"),
        ({"data": "/no/such/folder"}, "does not exist"),
    ],
)
def test_nothing_is_made_of_settings_that_do_not_fit(
    pairs: Path, tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Pix2PixError, match=sentence):
        train(tiny(pairs, **changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_batch_that_processes_cannot_share_is_refused(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="2 processes cannot share it evenly"):
        prepare(tiny(pairs, batch=3))


def test_paths_are_kept_whole(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pairs.parent)
    assert prepare(tiny(Path("pairs"))).config.data == str(pairs)


def test_a_start_with_another_network_than_asked_for_is_refused(pairs: Path, tmp_path: Path) -> None:
    first = train(tiny(pairs, steps=1), tmp_path / "first")
    with pytest.raises(ConfigError, match="has width 4, and 8 was asked for"):
        prepare(tiny(pairs, width=8, init=str(first.model_path)), asked={"width": 8})
    prepare(tiny(pairs, width=4, init=str(first.model_path)), asked={"width": 4})
    assert prepare(tiny(pairs, width=64, init=str(first.model_path))).config.width == 4


def test_a_resume_may_change_the_machine_but_not_what_is_learned(pairs: Path, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny(pairs, device="cuda"))
    check_resume(run, {"steps": 99, "width": 4, "data": str(pairs), "device": "cpu", "workers": 0})
    with pytest.raises(ConfigError, match="started with width 4, not 8"):
        check_resume(run, {"width": 8})
    assert resume(run.path, settings={"device": "cpu"}).snapshot().state == "finished"


@pytest.mark.parametrize("steps", [0, 2])
def test_fewer_steps_than_are_made_harm_nothing(pairs: Path, tmp_path: Path, steps: int) -> None:
    run = train(tiny(pairs), tmp_path / "run")
    with pytest.raises(ConfigError, match="has made 3 already"):
        resume(run.path, steps=steps)
    assert (run.snapshot().state, run.snapshot().steps) == ("finished", 3)


@pytest.mark.parametrize("damage", ["cut", "text"])
def test_a_damaged_state_is_named_and_the_model_offered(pairs: Path, tmp_path: Path, damage: str) -> None:
    run = train(tiny(pairs), tmp_path / "run")
    data = run.state_path.read_bytes()
    run.state_path.write_bytes(data[:3000] if damage == "cut" else b"hello")
    with pytest.raises(Pix2PixError, match=r"state\.pt is damaged .* --init .*model\.pth"):
        resume(run.path, steps=5)


def test_other_pictures_under_the_old_name_are_noticed(pairs: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for path in pairs.iterdir():
        Image.open(path).save(data / path.name)
    run = train(tiny(data), tmp_path / "run")
    for path in data.iterdir():
        Image.open(path).convert("L").save(path)
    with pytest.raises(DataError, match="is not what this run was trained on"):
        resume(run.path, steps=5)


COUNT = """
import sys
from collections import Counter
from pathlib import Path

from pix2pix import TrainConfig, open_pairs, train
from pix2pix.runs.start import read_start

data, init, run = sys.argv[1:]
seen = Counter()
def listen(name, values):
    if name in ("open", "os.scandir"):
        seen.update([(name, str(values[0]))])
sys.addaudithook(listen)
settings = {"size": 32, "width": 4, "discriminator_width": 4, "patch": "16", "samples": 1}
settings |= {"device": "cpu", "precision": "fp32"}
config = TrainConfig(data=data, init=init, steps=1, **settings)
read_start(config)
open_pairs(data)
once = [seen[("open", init)], seen[("os.scandir", data)]]
seen.clear()
train(config, run, asked={"width": 4})
print(once, [seen[("open", init)], seen[("os.scandir", data)]])
"""


def test_data_and_start_are_looked_at_once_before_the_first_step(pairs: Path, tmp_path: Path) -> None:
    first = train(tiny(pairs, steps=1), tmp_path / "first")
    command = [sys.executable, "-c", COUNT, str(pairs), str(first.model_path), str(tmp_path / "run")]
    counted = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True).stdout
    once, while_training = ast.literal_eval(f"[{counted.strip().replace('] [', '], [')}]")
    assert min(once) > 0 and while_training == once


def test_all_that_a_training_begins_with_is_in_one_place(pairs: Path, tmp_path: Path) -> None:
    first = train(tiny(pairs, steps=1), tmp_path / "first")
    prepared = prepare(tiny(pairs, init=str(first.model_path)))
    assert prepared.start.keys() == prepared.models.keys() == {"generator"}
    assert (
        prepared.config.data == str(pairs)
        and prepared.examples.train_size == 5
        and prepared.machine.rank == 0
    )
