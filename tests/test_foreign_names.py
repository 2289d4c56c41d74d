"""Names in every script and of bytes that are no text, on terminals that show few
letters: nothing ends for a name."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.errors import DataError, showable
from pix2pix.runs.run import Run
from pix2pix.runtime.files import append_line, write_text
from pix2pix.ui.shared.model_library import list_models
from pix2pix.ui.shared.permissions import read_rights
from pix2pix.ui.shared.run_actions import RunActions
from pix2pix.ui.train import dataset as dataset

RAW = os.fsdecode(b"raw\xff")
NAMES = ("ガラス", "é", os.fsdecode(b"h\xfe1"), "a", "b", "c")
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
TERMINALS = {
    "a code page of Windows": {"PYTHONIOENCODING": "cp1252"},
    "no locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are a matter of Linux")


@pytest.fixture
def foreign(pairs: Path, tmp_path: Path) -> Path:
    """A folder called by bytes that are no text, with pairs of such names and
    pictures that cannot be read."""
    folder = tmp_path / f"data{RAW}"
    folder.mkdir()
    for name, file in zip(NAMES, sorted(pairs.iterdir()), strict=True):
        shutil.copy(file, folder / f"{name}.png")
    for name in ("壊れ", RAW):
        (folder / f"{name}.png").write_bytes(b"no picture")
    return folder


def pix2pix(
    words: list[str], environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[bytes]:
    """What the command says into files, as `> out 2> err` has it."""
    answer = subprocess.run(
        [sys.executable, "-m", "pix2pix", *words],
        capture_output=True,
        env=os.environ | environment,
        cwd=folder,
    )
    assert b"Traceback" not in answer.stderr and b"Error" not in answer.stderr, answer.stderr.decode(
        errors="replace"
    )
    return answer


@pytest.mark.parametrize(
    "terminal", ["no locale", pytest.param("a code page of Windows", marks=pytest.mark.slow)]
)
def test_commands_go_through_with_names_of_any_bytes(foreign: Path, tmp_path: Path, terminal: str) -> None:
    environment = TERMINALS[terminal]
    run = tmp_path / f"run{RAW}"
    trained = pix2pix(
        ["train", str(foreign), "--run", str(run), "--steps", "2", *TINY], environment, tmp_path
    )
    assert (
        trained.returncode == 0
        and trained.stderr.count(b"left out: ") == 2
        and b"\\udcff.png cannot be read" in trained.stderr
    )
    assert (
        pix2pix(["train", "--run", str(run), "--resume", "--steps", "3"], environment, tmp_path).returncode
        == 0
    )
    assert Run(run).snapshot().state == "finished" and "cannot be read" in Run(run).log_path.read_text(
        encoding="utf-8"
    )
    assert load_checkpoint(run / "model.pth").about["step"] == 3

    inspected = pix2pix(["inspect", str(foreign)], environment, tmp_path)
    assert inspected.returncode == 0 and inspected.stdout.count(b"left out: ") == 2
    scores = ["--csv", "scores.csv", "--json", "scores.json", "--html", f"gallery{RAW}", "--split", "train"]
    assert (
        pix2pix(["evaluate", str(run / "model.pth"), str(foreign), *scores], environment, tmp_path).returncode
        == 1
    )
    rows = list(csv.DictReader((tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines()))
    assert (
        len(rows) == len(json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))["pictures"]) == 5
    )
    assert (tmp_path / f"gallery{RAW}" / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("terminal", TERMINALS)
def test_the_other_commands_do_so_too(foreign: Path, tiny_run: Path, tmp_path: Path, terminal: str) -> None:
    environment, place = TERMINALS[terminal], f"out{RAW}"
    model = tmp_path / f"model{RAW}.pth"
    shutil.copy(tiny_run / "model.pth", model)
    for words, code in (
        (["info", str(model)], 0),
        (["translate", str(model), str(foreign), "-o", place], 1),
        (["prepare", str(foreign), "-o", f"made{RAW}", "--make", "mask", "--size", "32"], 1),
        (["export", str(model), "--onnx", f"{place}/m.onnx", "--safetensors", f"{place}/m.safetensors"], 0),
        (["import", f"{place}/m.safetensors", "--to", f"{place}/again.pth"], 0),
        (
            [
                "segmenter",
                str(foreign),
                "--to",
                f"{place}/s.pth",
                "--size",
                "32",
                "--width",
                "4",
                "--steps",
                "2",
            ],
            0,
        ),
        (["ablate", str(foreign), "--out", f"grid{RAW}", "--steps", "1", *TINY], 0),
        (["info", f"no model {RAW} ガラス"], 2),
    ):
        assert pix2pix(words, environment, tmp_path).returncode == code, words


def test_text_files_are_utf8_whatever_they_say(tmp_path: Path) -> None:
    write_text(tmp_path / "text", f"ガラス {RAW}")
    append_line(tmp_path / "text", RAW)
    assert (tmp_path / "text").read_text(encoding="utf-8") == "ガラス raw\\udcff\nraw\\udcff\n"


def test_a_sentence_can_always_be_shown() -> None:
    assert str(DataError(f"{RAW} is odd.")) == "raw\\udcff is odd." and showable("ガラス") == "ガラス"


def test_files_are_opened_as_utf8_by_name() -> None:
    """Python itself tells of a text file that is opened in the encoding of the machine."""
    program = (
        "import pathlib, tempfile; from pix2pix.runs.run import Run; from pix2pix.config import TrainConfig\n"
    )
    program += "run = Run.create(pathlib.Path(tempfile.mkdtemp()) / 'run', TrainConfig(data='x'))\n"
    program += "run.append_row({'step': 1}); run.note('x'); run.snapshot(); run.keep_rows(0)"
    strict = ["-X", "warn_default_encoding", "-W", "error::EncodingWarning:pix2pix"]
    subprocess.run([sys.executable, *strict, "-c", program], check=True)


def test_a_page_lists_what_it_can_show_and_names_the_rest(tiny_run: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_run, tmp_path / "runs" / RAW)
    shutil.copytree(tiny_run, tmp_path / "runs" / "ガラス")
    (tmp_path / "checkpoints").mkdir()
    shutil.copy(tiny_run / "model.pth", tmp_path / "checkpoints" / f"{RAW}.pth")
    listing = list_models(tmp_path / "checkpoints", tmp_path / "runs")
    assert {model.key for model in listing.models} == {"runs/ガラス", "runs/ガラス/best"}
    assert any(problem.startswith("raw\\udcff has a name that is not UTF-8") for problem in listing.problems)
    actions = RunActions(tmp_path / "runs", tmp_path / "checkpoints", read_rights(), tmp_path / "uploads")
    assert [run.name for run in actions.visible("")] == ["ガラス"]


def test_the_page_shows_data_whose_pictures_have_such_names(foreign: Path, tmp_path: Path) -> None:
    place = dataset.Place(tmp_path / "uploads", (Path("/"),))
    with pytest.raises(DataError, match="is not UTF-8"):
        dataset.add_named(place, str(foreign))
    plain = foreign.rename(tmp_path / "plain")
    shown = dataset.show(dataset.add_named(place, str(plain)))
    shown.pop("state")
    assert showable(repr(shown)) == repr(shown) and json.dumps(shown, ensure_ascii=False, default=str).encode(
        "utf-8"
    )
