"""`pix2pix push`, `pull` and `deploy` as they are typed, and data of the Hub by its address."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import draw_pair
from fakehub import WRITE, FakeHub

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.cli import main
from pix2pix.data.intake.uploads import add_named
from pix2pix.errors import DataError


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_was_pushed_can_be_pulled(
    hub: FakeHub, tiny_model: Path, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["push", str(tiny_model), "ada/houses", "--message", "The first one", "--private"]) == 0
    assert capsys.readouterr().out == f"{hub.url}/ada/houses/tree/{hub.commits('ada/houses')[-1]}\n"
    assert main(["pull", "ada/houses"]) == 0
    said = capsys.readouterr()
    assert (
        said.out == "checkpoints/houses.pth\n"
        and f"ada/houses at {hub.commits('ada/houses')[-1][:7]}: houses.pth, 0.1 MB" in said.err
    )
    assert main(["pull", "ada/houses", "--revision", hub.commits("ada/houses")[-1], "--to", "elsewhere"]) == 0
    assert load_checkpoint("elsewhere/houses.pth").about["origin"]["repo"] == "ada/houses"


@pytest.mark.parametrize(
    "command",
    [
        ["push", "MODEL", "../x"],
        ["push", "missing.pth", "ada/x"],
        ["push", "MODEL", "eve/x"],
        ["pull", "../x"],
        ["pull", "ada/none"],
        ["deploy", "ada"],
        ["deploy", "ada/x", "--hardware", "gpu"],
        ["deploy", "ada/x", "--model", "missing.pth"],
    ],
)
def test_a_mistake_is_one_sentence_and_code_2(
    hub: FakeHub, tiny_model: Path, there: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main([str(tiny_model) if word == "MODEL" else word for word in command]) == 2
    said = capsys.readouterr().err
    assert said.startswith("pix2pix: ") and said.count("\n") == 1 and WRITE not in said


def test_a_space_is_deployed_or_written(
    hub: FakeHub, tiny_model: Path, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["deploy", "ada/draw", "--model", str(tiny_model), "--folder", "space"]) == 0
    assert (there / "space" / "checkpoints" / "houses.pth").exists() and hub.log == []
    assert main(["deploy", "ada/draw", "--model", str(tiny_model), "--hardware", "cpu-basic"]) == 0
    assert capsys.readouterr().out.splitlines() == ["space", f"{hub.url}/spaces/ada/draw"]
    assert hub.repos["space", "ada/draw"].hardware == "cpu-basic"


def test_without_a_network_it_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    environment = os.environ | {
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_HUB_OFFLINE": "0",
        "HF_HOME": str(tmp_path),
    }
    script = (
        "import sys; from pix2pix.cli import main; code = main(sys.argv[1:]); sys.exit(code if 'torch' not"
        " in sys.modules else 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "pull", "ada/x"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 2
    assert (
        done.stderr.startswith("pix2pix: the Hub (http://127.0.0.1:9) cannot be reached from here.")
        and done.stderr.count("\n") == 1
    )


def encoded(number: int, side: int) -> bytes:
    file = io.BytesIO()
    draw_pair(number, 64)[side].save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def dataset(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    """ada/pairs is a data set of three pairs; the cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    hub.create(
        "ada/pairs",
        {f"{'AB'[side]}/{number}.png": encoded(number, side) for number in range(3) for side in (0, 1)},
        "dataset",
    )
    return hub


def test_a_data_set_of_the_hub_is_trained_on_by_its_address(
    dataset: FakeHub, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = ["--size", "32", "--width", "4", "--discriminator-width", "4", "--steps", "1"]
    assert main(["inspect", "hf://datasets/ada/pairs"]) == 0
    asked = len(dataset.log)
    assert main(["train", "hf://datasets/ada/pairs", "--run", "runs/houses", *tiny]) == 0
    assert len(dataset.log) == asked, "it was fetched once"
    assert "is here since an earlier time" in capsys.readouterr().err
    assert load_checkpoint("runs/houses/model.pth").about["data"] == "ada--pairs"


def test_the_train_tab_takes_the_address_too(dataset: FakeHub, tmp_path: Path) -> None:
    upload = add_named("hf://datasets/ada/pairs", tmp_path / "uploads", allowed=())
    assert len(list(upload.folder.rglob("*.png"))) == 6
    for wrong in ("hf://datasets/../x", "hf://datasets/ada", "hf://datasets/ada/missing"):
        with pytest.raises(DataError):
            add_named(wrong, tmp_path / "uploads", allowed=())


@pytest.mark.parametrize("address", ["hf://datasets/ada", "hf://ada/pairs", "hf://datasets/ada/missing"])
def test_an_address_of_nothing_gets_a_sentence(
    dataset: FakeHub, there: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", address]) == 2
    assert capsys.readouterr().err.count("\n") == 1
