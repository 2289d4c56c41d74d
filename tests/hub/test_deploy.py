"""A Space: its folder starts as the Hub would start it, its front matter is valid, and
it goes there in one commit."""

from __future__ import annotations

import ast
import json
import os
import re
import socket
import subprocess
import sys
import time
import venv
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import gradio
import pytest
import yaml
from fakehub import EVE, READ, FakeHub
from paths import ROOT

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from pix2pix.errors import HubError
from pix2pix.hub.deploy import Space, deploy, write_space
from pix2pix.hub.space_folder import space_front
from pix2pix.hub.space_metadata import check_front


@pytest.fixture(scope="module")
def folder(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Space with one model. Tests only read it."""
    return write_space(
        tmp_path_factory.mktemp("space") / "space", Space((tiny_model,)), repo="ada/draw-houses"
    )


def front_of(text: str) -> dict[str, object]:
    values = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(values, dict)
    return values


def test_the_folder_has_all_that_a_space_needs_and_nothing_else(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "app.py",
        "pix2pix",
        "examples",
        "checkpoints",
        "requirements.txt",
        "README.md",
    }
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["houses.pth"]
    assert not [
        path
        for path in folder.rglob("*")
        if path.suffix in (".pyc", ".pyi", ".part") or path.name.startswith(".")
    ]
    ours = {
        path.relative_to(ROOT)
        for path in (ROOT / "pix2pix").rglob("*")
        if path.suffix in (".py", ".js", ".css", ".html", ".typed")
    }
    assert {path.relative_to(folder) for path in (folder / "pix2pix").rglob("*") if path.is_file()} >= ours


def test_app_py_is_what_the_repository_runs(folder: Path) -> None:
    def statements(path: Path) -> list[str]:
        return [
            ast.dump(node)
            for node in ast.parse(path.read_text()).body
            if not isinstance(node, (ast.Expr, ast.ImportFrom, ast.Import))
        ]

    assert statements(folder / "app.py") == statements(ROOT / "app.py")


def test_the_front_matter_is_valid_and_needs_no_secret(folder: Path) -> None:
    values = front_of((folder / "README.md").read_text(encoding="utf-8"))
    check_front(values)
    assert (values["sdk"], values["app_file"], values["title"]) == ("gradio", "app.py", "draw-houses")
    assert values["hf_oauth"] is True and values["hf_oauth_scopes"] == ["write-repos"]
    assert values["sdk_version"] == gradio.__version__


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sdk_version", 6.31),
        ("python_version", 3.10),
        ("colorFrom", "mauve"),
        ("short_description", "x" * 61),
        ("suggested_hardware", "gpu"),
        ("hf_oauth_scopes", ["everything"]),
        ("hf_oauth", "yes"),
        ("emoji", "house"),
        ("app_file", "../app.py"),
        ("sdk", "flask"),
        ("colour", "red"),
    ],
)
def test_front_matter_that_the_hub_would_not_take_is_named(key: str, value: object) -> None:
    with pytest.raises(HubError, match=key):
        check_front({**space_front(Space()), key: value})


def test_front_matter_without_an_sdk_is_incomplete() -> None:
    with pytest.raises(HubError, match="needs sdk, sdk_version"):
        check_front({"title": "x", "app_file": "app.py"})


def test_the_repositorys_own_readme_is_valid_as_a_space() -> None:
    check_front(front_of((ROOT / "README.md").read_text(encoding="utf-8")))


def test_hardware_decides_on_torch_and_python(tmp_path: Path) -> None:
    plain = (write_space(tmp_path / "a", Space()) / "requirements.txt").read_text()
    cpu = write_space(tmp_path / "b", Space(hardware="cpu-basic")) / "requirements.txt"
    zero = front_of(
        (write_space(tmp_path / "c", Space(hardware="zero-a10g")) / "README.md").read_text(encoding="utf-8")
    )
    assert (
        "download.pytorch.org" not in plain
        and "gradio[oauth]>=" in plain
        and not re.search(r"^torch==", plain, re.MULTILINE)
        and plain.endswith("\nav\n")
    )
    assert cpu.read_text().startswith("--extra-index-url https://download.pytorch.org/whl/cpu\n")
    assert (zero["suggested_hardware"], zero["python_version"]) == ("zero-a10g", "3.12")


def test_what_cannot_be_deployed_gets_a_sentence_and_leaves_nothing(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("x")
    twin = tmp_path / "houses.pth"
    twin.write_bytes(tiny_model.read_bytes())
    for space, words in (
        (Space(hardware="gpu"), "no hardware 'gpu'"),
        (Space((tiny_model, twin)), "two of the models are named houses"),
    ):
        with pytest.raises(HubError, match=words):
            write_space(tmp_path / "new", space)
    with pytest.raises(HubError, match="is not empty"):
        write_space(tmp_path / "mine", Space())
    assert not (tmp_path / "new").exists() and [path.name for path in (tmp_path / "mine").iterdir()] == [
        "diary.txt"
    ]


def test_a_deploy_makes_the_space_and_another_one_brings_it_up_to_date(
    hub: FakeHub, tiny_model: Path
) -> None:
    told: list[tuple[int, int]] = []
    done = deploy("ada/draw", Space((tiny_model,), "zero-a10g"), progress=lambda *each: told.append(each))
    first = hub.files("ada/draw", kind="space")
    assert done.url == f"{hub.url}/spaces/ada/draw" and len(hub.commits("ada/draw", "space")) == 2
    assert first["checkpoints/houses.pth"] == tiny_model.read_bytes() and "pix2pix/ui/app.py" in first
    assert hub.repos["space", "ada/draw"].hardware == "zero-a10g" and told[-1][0] == told[-1][1]
    hub.commit("ada/draw", {"pix2pix/long_gone.py": b"old", "notes.md": b"mine"}, kind="space")
    deploy("ada/draw", Space())
    second = hub.files("ada/draw", kind="space")
    assert (
        "pix2pix/long_gone.py" not in second
        and second["notes.md"] == b"mine"
        and "checkpoints/houses.pth" in second
    )


def test_a_deployed_model_names_the_repository_that_it_is_from(tiny_model: Path, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(tiny_model)
    save_checkpoint(
        tmp_path / "x.pth",
        Checkpoint(checkpoint.config, checkpoint.weights, {"origin": {"repo": "eve/houses"}}),
    )
    assert space_front(Space((tmp_path / "x.pth",)))["models"] == ["eve/houses"]


@pytest.mark.parametrize("token", [READ, EVE])
def test_who_may_not_write_deploys_nothing(hub: FakeHub, token: str) -> None:
    head = hub.create("ada/draw", kind="space")
    with pytest.raises(HubError, match="this token may not write"):
        deploy("ada/draw", Space(), token=token)
    assert hub.commits("ada/draw", "space") == [head]


def test_a_deploy_that_dies_half_way_leaves_the_old_space(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    head = hub.create("ada/draw", {"app.py": b"old"}, kind="space")
    hub.cut("POST", "/commit/", after=5000, times=9)
    with pytest.raises(HubError, match="was cut"):
        deploy("ada/draw", Space())
    assert hub.commits("ada/draw", "space") == [head]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start_as_a_space(folder: Path, python: str, storage: Path) -> dict[str, object]:
    """Runs `app_file` as the Hub does, and returns what the page says of itself."""
    port = free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not re.search("HF_|PIX2PIX|PYTHONPATH|TOKEN", name)
    }
    environment |= {
        "SPACE_ID": "ada/draw-houses",
        "SPACE_AUTHOR_NAME": "ada",
        "SYSTEM": "spaces",
        "HF_HUB_OFFLINE": "1",
    }
    environment |= {
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": str(port),
        "PIX2PIX_STORE": str(storage),
    }
    server = subprocess.Popen([python, "app.py"], cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    try:
        return json.loads(answer(f"http://127.0.0.1:{port}/config", server))  # type: ignore[no-any-return]
    finally:
        server.terminate()
        server.wait(30)


def answer(address: str, server: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(address, timeout=10) as page:
                return str(page.read().decode())
        except URLError:
            time.sleep(0.2)
    raise AssertionError(f"no answer at {address}; the server's exit code is {server.poll()}")


def test_the_folder_starts_as_a_space_would_start_it(folder: Path, tmp_path: Path) -> None:
    page = start_as_a_space(folder, sys.executable, tmp_path)
    assert page["title"] == "pix2pix"
    assert "Duplicate this Space" in json.dumps(page)
    assert [path.name for path in (tmp_path / "checkpoints").glob("*.pth")] == ["houses.pth"], (
        "the store has the models that came along"
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_folder_starts_in_a_fresh_environment_of_its_own_requirements(
    folder: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    # This machine has one build of torch at hand; the Space takes the newest that its requirements allow.
    (tmp_path / "constraints.txt").write_text("torch==2.13.0\n")
    install = [
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "-r",
        str(folder / "requirements.txt"),
        "-c",
        str(tmp_path / "constraints.txt"),
    ]
    subprocess.run(install, check=True, timeout=700)
    (tmp_path / "store").mkdir()
    assert start_as_a_space(folder, python, tmp_path / "store")["title"] == "pix2pix"
