"""`pix2pix train`: what it leaves behind, and what a resume may be told."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

from pix2pix.cli import main
from pix2pix.config import TrainConfig
from pix2pix.runs.run import Run

TINY = [
    "--size",
    "32",
    "--width",
    "4",
    "--discriminator-width",
    "4",
    "--precision",
    "fp32",
    "--log-every",
    "1",
]


@pytest.fixture
def run_folder(tiny_run: Path, tmp_path: Path) -> Path:
    """A finished run of two steps that a test may change."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


def status(run: Path) -> dict[str, object]:
    values = json.loads((run / "status.json").read_text())
    assert isinstance(values, dict)
    return values


def test_a_run_leaves_model_metrics_and_status(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "runs" / "new"
    assert main(["train", str(pairs), "--run", str(run), "--steps", "2", *TINY]) == 0
    assert (run / "model.pth").is_file()
    assert len((run / "metrics.jsonl").read_text().splitlines()) >= 2
    assert status(run)["state"] == "finished"
    assert json.loads((run / "config.json").read_text())["width"] == 4
    assert f"model: {run / 'model.pth'}" in capsys.readouterr().err


def test_a_run_is_not_started_twice(
    pairs: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(pairs), "--run", str(run_folder), *TINY]) == 2
    assert "--resume" in capsys.readouterr().err


def test_a_resume_prolongs_a_run(run_folder: Path) -> None:
    assert main(["train", "--run", str(run_folder), "--resume", "--steps", "3"]) == 0
    assert status(run_folder)["step"] == 3


def test_a_resume_takes_settings_that_are_those_of_the_run(pairs: Path, run_folder: Path) -> None:
    assert main(["train", str(pairs), "--run", str(run_folder), "--resume", "--width", "4"]) == 0


def test_a_resume_with_other_settings_is_refused(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (run_folder / "status.json").read_bytes()
    assert main(["train", "--run", str(run_folder), "--resume", "--width", "8"]) == 2
    error = capsys.readouterr().err
    assert "width" in error
    assert "4" in error
    assert "8" in error
    assert (run_folder / "status.json").read_bytes() == before


def test_a_resume_of_nothing_says_how_to_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--run", str(tmp_path / "none"), "--resume"]) == 2
    assert "pix2pix train DATA --run" in capsys.readouterr().err


def test_a_folder_without_pairs_leaves_no_run_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["train", str(tmp_path / "empty"), "--run", str(tmp_path / "run"), *TINY]) == 2
    assert "no picture" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_init_starts_from_a_checkpoint(pairs: Path, tiny_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "tuned"
    assert (
        main(
            [
                "train",
                str(pairs),
                "--run",
                str(run),
                "--steps",
                "1",
                *TINY,
                "--init",
                str(tiny_run / "model.pth"),
            ]
        )
        == 0
    )
    assert status(run)["state"] == "finished"


def test_pictures_smaller_than_the_crop_are_told_on_the_terminal(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [
        "--size",
        "128",
        "--width",
        "4",
        "--discriminator-width",
        "4",
        "--precision",
        "fp32",
        "--steps",
        "1",
    ]
    assert main(["train", str(pairs), "--run", str(tmp_path / "run"), *given]) == 0
    told = capsys.readouterr().err
    assert "note: " in told and "smaller than the crop of 128 x 128" in told and "Train with --size" in told
    assert "smaller than the crop of 128 x 128" in (tmp_path / "run" / "log.txt").read_text()


def test_a_resume_with_other_pictures_says_so_once(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = Path(shutil.copytree(pairs, tmp_path / "data")), tmp_path / "run"
    main(["train", str(data), "--run", str(run), "--steps", "1", *TINY])
    again = next(file for file in sorted(data.rglob("*")) if file.is_file())
    sides = (
        [again]
        if again.parent == data
        else [again, *[file for file in data.rglob(again.name) if file != again]]
    )
    for file in sides:
        shutil.copy(file, file.with_name(f"zz{file.name}"))
    for steps, count in ((2, 1), (3, 0)):
        capsys.readouterr()
        assert main(["train", "--run", str(run), "--resume", "--steps", str(steps)]) == 0
        assert capsys.readouterr().err.count("the pictures have changed since this run stopped") == count


def test_a_start_at_a_size_that_the_checkpoint_cannot_take_names_one(
    pairs: Path, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--init", str(tiny_run / "model.pth"), "--size", "48"]
    assert main(["train", str(pairs), "--run", str(tmp_path / "run"), *given]) == 2
    assert "need a multiple of 32. Take size 64, or leave size out." in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_compile_without_a_compiler_is_one_sentence(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert (
        main(["train", str(pairs), "--run", str(tmp_path / "run"), "--compile", "on", "--steps", "1", *TINY])
        == 2
    )
    assert "torch.compile finds no compiler" in capsys.readouterr().err
    assert (
        main(
            ["train", str(pairs), "--run", str(tmp_path / "auto"), "--compile", "auto", "--steps", "1", *TINY]
        )
        == 0
    )


def test_a_finished_run_stays_finished_where_its_data_has_gone(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = Path(shutil.copytree(pairs, tmp_path / "data")), tmp_path / "run"
    main(["train", str(data), "--run", str(run), "--steps", "1", *TINY])
    data.rename(tmp_path / "elsewhere")
    assert main(["train", "--run", str(run), "--resume", "--steps", "2"]) == 2
    assert "data does not exist" in capsys.readouterr().err
    assert (status(run)["state"], status(run)["step"]) == ("finished", 1)


def test_a_layout_that_is_stated_holds_for_a_resume_and_an_evaluation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = tmp_path / "set", tmp_path / "run"
    data.mkdir()
    for number in range(6):
        Image.effect_noise((64, 32), 40 + number).convert("RGB").save(
            data / f"house{number // 2}_{'ab'[number % 2]}.png"
        )
    assert (
        main(["train", str(data), "--run", str(run), "--steps", "1", "--layout", "side-by-side", *TINY]) == 0
    )
    assert json.loads((run / "config.json").read_text())["layout"] == "side-by-side"
    assert main(["train", "--run", str(run), "--resume", "--steps", "2"]) == 0
    capsys.readouterr()
    assert (
        main(
            [
                "evaluate",
                str(run / "model.pth"),
                str(data),
                "--split",
                "all",
                "--csv",
                str(tmp_path / "a.csv"),
            ]
        )
        == 0
    )
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 1 + 6
    assert (
        main(
            [
                "evaluate",
                str(run / "model.pth"),
                str(data),
                "--split",
                "all",
                "--layout",
                "suffixes",
                "--csv",
                str(tmp_path / "b.csv"),
            ]
        )
        == 0
    )
    assert len((tmp_path / "b.csv").read_text().splitlines()) == 1 + 3
    assert main(["inspect", str(data), "--layout", "side-by-side"]) == 0
    assert "6 pairs, side by side" in capsys.readouterr().out


def test_a_run_folder_that_the_finder_has_looked_at_is_empty(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".DS_Store").write_bytes(b"")
    assert main(["train", str(pairs), "--run", str(tmp_path / "run"), "--steps", "1", *TINY]) == 0


def test_before_the_first_step_it_says_what_is_learned_from_what_and_where(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(
            [
                "train",
                str(pairs),
                "--run",
                str(tmp_path / "run"),
                "--steps",
                "1",
                "--direction",
                "BtoA",
                "--device",
                "cpu",
                *TINY,
            ]
        )
        == 0
    )
    told = capsys.readouterr().err
    first = told.splitlines()[0]
    assert first.startswith("note: 5 training pairs, 1 for validation drawn from them; source: ")
    assert (
        "source: labels on the right" in first
        and "target: labels on the left, 3 colours; on cpu, fp32" in first
    )
    assert told.index(first) < told.index("step 1 of 1")
    main(["train", "--run", str(tmp_path / "run"), "--resume", "--steps", "2"])
    assert capsys.readouterr().err.startswith("note: 5 training pairs")


def test_it_warns_as_inspect_does(pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = Path(shutil.copytree(pairs, tmp_path / "data"))
    shutil.copy(data / "house0.png", data / "copy.png")
    main(["inspect", str(data)])
    sentence = "1 pair is a copy of another. Delete copies"
    assert sentence in capsys.readouterr().out
    assert main(["train", str(data), "--run", str(tmp_path / "run"), "--steps", "1", *TINY]) == 0
    assert f"note: {sentence}" in capsys.readouterr().err


def test_settings_that_never_work_are_warned_of_before_the_first_step(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    assert (
        main(["train", str(pairs), "--run", run, "--steps", "1", "--rate", "1", "--batch", "6", *TINY]) == 0
    )
    told = capsys.readouterr().err.partition("step 1 of 1")[0]
    assert "note: rate is 1, which is 5,000 times the usual 0.0002" in told
    assert "note: batch is 6, and there are 5 training pairs" in told
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(pairs / "house0.png", alone)
    assert main(["train", str(alone), "--run", str(tmp_path / "one"), "--steps", "1", *TINY]) == 0
    told = capsys.readouterr().err.partition("step 1 of 1")[0]
    assert "note: There is only 1 training pair. It is learned by heart" in told
    assert "usual 0.0002" not in told and "batch is" not in told


def test_the_line_that_goes_on_can_be_typed_as_it_stands(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "my run's place"
    Run.create(
        run, TrainConfig(data=str(pairs), size=32, width=4, discriminator_width=4, steps=50, precision="fp32")
    )
    Run(run).write_status(state="starting", time=time.time())
    time.sleep(0.01)
    Run(run).request_stop()
    os.utime(run / "stop", (time.time() + 60,) * 2)
    assert main(["train", "--run", str(run), "--resume"]) == 0
    line = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("go on: pix2pix "))
    assert main([*shlex.split(line.removeprefix("go on: pix2pix ")), "--steps", "2"]) == 0


def test_info_prints_the_command_with_the_own_paths_of_a_run(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(run_folder / "model.pth"), "--json"]) == 0
    words = shlex.split(json.loads(capsys.readouterr().out)["about"]["command"])
    data = json.loads((run_folder / "config.json").read_text(encoding="utf-8"))["data"]
    assert words[:5] == ["pix2pix", "train", data, "--run", str(run_folder)]
    alone = Path(shutil.copy(run_folder / "model.pth", tmp_path / "alone.pth"))
    assert main(["info", str(alone)]) == 0
    assert "--run runs/tiny " in capsys.readouterr().out
