"""Paths as people type and paste them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pix2pix.cli import main
from pix2pix.data.intake.uploads import add_named
from pix2pix.runtime.paths import cache_folder, expand_home, is_device_name, pasted, slug


@pytest.mark.parametrize(
    "text",
    ["{}", "  {}\n", "'{}'", '"{}"', ' "{}" ', "“{}”", "file://{}", "'file://{}'"],
)
def test_what_comes_along_with_a_copied_path_is_taken_off(tmp_path: Path, text: str) -> None:
    assert pasted(text.format(tmp_path)) == str(tmp_path)


def test_spaces_as_a_terminal_and_an_address_write_them_are_spaces(tmp_path: Path) -> None:
    folder = tmp_path / "my pairs (2)"
    folder.mkdir()
    assert pasted(str(folder).replace(" ", r"\ ").replace("(", r"\(").replace(")", r"\)")) == str(folder)
    assert pasted("file://" + str(folder).replace(" ", "%20")) == str(folder)
    odd = tmp_path / "back\\slash"
    odd.mkdir()
    assert pasted(str(odd)) == str(odd)
    assert pasted("file:///C:/my%20pairs") == "C:/my pairs"


def test_the_page_opens_a_folder_whose_path_was_pasted_in_quotes(pairs: Path, tmp_path: Path) -> None:
    assert add_named(f'"{pairs}"', tmp_path, allowed=[Path("/")]).folder == pairs.resolve()
    assert add_named(f" 'file://{pairs}' ", tmp_path, allowed=[Path("/")]).folder == pairs.resolve()


def test_home_is_meant_by_a_tilde_where_no_shell_has_seen_it(
    pairs: Path, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    (home / "model.pth").write_bytes((tiny_run / "model.pth").read_bytes())
    (home / "pairs").symlink_to(pairs)
    tiny = [
        "--steps",
        "1",
        "--size",
        "32",
        "--width",
        "4",
        "--discriminator-width",
        "4",
        "--precision",
        "fp32",
        "--init=~/model.pth",
    ]
    assert main(["train", "~/pairs", "--run=~/runs/x", *tiny]) == 0
    assert main(["translate", "~/model.pth", "~/pairs", "--output=~/out/"]) == 0
    assert main(["evaluate", "~/model.pth", "~/pairs", "--csv=~/scores.csv", "--html=~/gallery"]) == 0
    assert main(["prepare", "~/pairs", "--output=~/made", "--make", "gray", "--size", "32"]) == 0
    assert main(["export", "~/model.pth", "--safetensors=~/model.safetensors"]) == 0
    assert main(["import", "~/model.safetensors", "--to=~/again.pth"]) == 0
    assert main(["info", "~/model.pth"]) == 0
    assert not list(here.iterdir())
    names = {path.name for path in home.iterdir()}
    assert names >= {"runs", "out", "scores.csv", "gallery", "made", "model.safetensors", "again.pth"}


def test_an_unknown_user_stays_as_typed() -> None:
    assert expand_home("~nobody-of-this-name/x/") == "~nobody-of-this-name/x/"


@pytest.mark.parametrize("name", ["con", "NUL", "com1", "lpt9.pairs", "aux "])
def test_a_name_that_windows_gives_to_a_device_gets_a_number(name: str) -> None:
    assert is_device_name(name)
    assert not is_device_name(slug(name, "run"))


def test_a_slug_that_only_begins_like_a_device_is_left_alone() -> None:
    assert slug("console", "run") == "console" and slug("com10", "run") == "com10"


def test_a_slug_is_a_plain_name() -> None:
    assert slug("My houses (2024)!", "model") == "My-houses-2024"
    assert slug("v1.2", "model") == "v1-2" and slug("v1.2", "model", dots=True) == "v1.2"
    assert slug("../..", "model", dots=True) == "model" and slug("???", "run") == "run"
    assert len(slug("a" * 300, "run", longest=40)) == 40


def test_the_cache_is_where_the_system_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "pix2pix"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "pix2pix"
