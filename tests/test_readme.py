"""The README can be followed: its commands exist, and those marked as runnable are run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from paths import ROOT
from PIL import Image

from pix2pix.cli import build_parser, main

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```sh( run)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(TEXT)
COMMANDS = [line for _, block in BLOCKS for line in block.splitlines() if line.startswith("pix2pix ")]
RUNNABLE = [line for runs, block in BLOCKS if runs for line in block.splitlines()]
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


def front_matter() -> dict[str, object]:
    _, head, _ = TEXT.split("---\n", 2)
    values = yaml.safe_load(head)
    assert isinstance(values, dict)
    return values


def test_the_front_matter_is_what_a_space_reads() -> None:
    values = front_matter()
    assert values["sdk"] == "gradio"
    assert (ROOT / str(values["app_file"])).is_file()
    assert {values["colorFrom"], values["colorTo"]} <= COLORS
    assert re.fullmatch(r"3\.1[0-3]", str(values["python_version"]))
    assert isinstance(values["python_version"], str), "quoted, or 3.10 becomes 3.1"
    assert len(str(values["short_description"])) <= 60


def test_the_space_gets_a_gradio_that_the_requirements_allow() -> None:
    line = next(
        line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("gradio")
    )
    low, high = (tuple(map(int, number.split("."))) for number in re.findall(r"[\d.]+", line))
    wanted = tuple(map(int, str(front_matter()["sdk_version"]).split(".")))
    assert low <= wanted < high
    assert low <= tuple(map(int, version("gradio").split(".")[:3])) < high


def test_the_two_commands_stand_on_top_and_make_knows_them() -> None:
    assert [line.split("#")[0].strip() for line in BLOCKS[0][1].splitlines()] == ["make app", "make test"]
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = set(
        re.findall(
            r"^make ([a-z]+)", TEXT + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    assert {"app", "test"} <= named <= set(targets)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_is_understood(line: str) -> None:
    assert build_parser().parse_args(shlex.split(line, comments=True)[1:]).run


def test_the_runnable_commands_run(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(pairs, tmp_path / "pairs")
    (tmp_path / "drawings").mkdir()
    for file in pairs.iterdir():
        with Image.open(file) as both:
            both.crop((0, 0, both.width // 2, both.height)).save(tmp_path / "drawings" / file.name)
    monkeypatch.chdir(tmp_path)
    for line in RUNNABLE:
        code = main(shlex.split(line, comments=True)[1:])
        assert code == 0, f"{line}: {capsys.readouterr().err}"
    assert json.loads((tmp_path / "runs/tiny/status.json").read_text())["step"] == 3
    translated = list((tmp_path / "out").glob("*.png"))
    assert len(translated) == 6
    with Image.open(translated[0]) as picture:
        assert picture.size == (64, 64), "sources, not both halves"
    assert json.loads((tmp_path / "scores.json").read_text())["count"] > 0


def test_python_in_the_readme_uses_public_names() -> None:
    import pix2pix

    names = re.findall(r"^from pix2pix import (.+)$", TEXT, re.MULTILINE)
    assert names
    assert {name.strip() for line in names for name in line.split(",")} <= set(pix2pix.__all__)
