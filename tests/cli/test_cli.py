"""The command line from outside: help, errors, exit codes."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from pix2pix.cli import main

COMMANDS = ("prepare", "inspect", "train", "translate", "evaluate", "info", "app")
HEAVY = ("torch", "numpy", "PIL", "gradio", "cv2", "tqdm")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pix2pix", *words], capture_output=True, text=True, timeout=60
    )


def test_help_names_every_command() -> None:
    answer = run("--help")
    assert answer.returncode == 0
    assert all(command in answer.stdout for command in COMMANDS)


def test_help_comes_at_once() -> None:
    """In time of the processor: what else the machine does is not its fault."""
    run("--help")  # once to compile
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run("train", "--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 0.3


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_loads_nothing_heavy(command: str) -> None:
    program = f"""
import sys
from pix2pix.cli import main
try:
    main([{command!r}, "--help"])
except SystemExit:
    print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"pix2pix {command}" in answer.stdout
    assert answer.stderr.strip() == ""


def test_help_of_train_tells_default_and_bounds_of_a_setting() -> None:
    text = " ".join(run("train", "--help").stdout.split())
    assert "--save-every N" in text
    assert "channels of the generator's first layer (default 64; 1 to 512)" in text
    assert "--mirror, --no-mirror" in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train"], "required: --run"),
        (["train", "--run", "runs/x"], "there is nothing to train on"),
        (["train", "pairs", "--run", "x", "--width", "0"], "width is 0; it must be from 1 to 512."),
        (["train", "pairs", "--run", "x", "--width", "many"], "invalid int value: 'many'"),
        (["train", "pairs", "--run", "x", "--size", "100"], "size 100 can be halved 2 times"),
        (["train", "pairs", "--run", "x", "--wid", "8"], "unrecognized arguments: --wid 8"),
        (["draw"], "invalid choice: 'draw'"),
    ],
)
def test_a_mistake_gives_one_sentence_and_code_2(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _code(words) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_a_missing_checkpoint_gives_one_sentence_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _code(["info", str(tmp_path / "none.pth")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_no_command_is_a_mistake_with_a_way_out() -> None:
    answer = run()
    assert answer.returncode == 2
    assert "See pix2pix --help" in answer.stderr


def test_the_version_is_told() -> None:
    assert run("--version").stdout.startswith("pix2pix ")


def _code(words: list[str]) -> int:
    try:
        return main(words)
    except SystemExit as end:
        return int(end.code or 0)
