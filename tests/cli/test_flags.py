"""The flags of `pix2pix train` are the knobs of a training run."""

from __future__ import annotations

import argparse

import pytest

from pix2pix.cli import build_parser
from pix2pix.cli.flags import described, flag, given
from pix2pix.cli.settings_table import settings_page
from pix2pix.config import knobs

KNOBS = {knob.name: knob for knob in knobs()}


def parse(*words: str) -> argparse.Namespace:
    return build_parser().parse_args(["train", *words])


def test_what_is_not_typed_is_not_given() -> None:
    assert given(parse("pairs", "--run", "runs/x")) == {"data": "pairs"}
    assert given(parse("--run", "runs/x", "--resume")) == {}


def test_the_names_that_scripts_rely_on() -> None:
    settings = {
        "direction": "BtoA",
        "steps": 7,
        "size": 64,
        "width": 8,
        "batch": 2,
        "seed": 3,
        "init": "a.pth",
    }
    words = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    assert given(parse("pairs", "--run", "runs/x", *words)) == {"data": "pairs", **settings}


@pytest.mark.parametrize("name", [name for name in KNOBS if name != "data"])
def test_each_knob_takes_its_default_as_a_flag(name: str) -> None:
    knob = KNOBS[name]
    if knob.type is bool:
        words, off = [flag(knob)], ["--no-" + flag(knob)[2:]]
        assert given(parse("--run", "x", *off)) == {name: False}
        assert given(parse("--run", "x", *words)) == {name: True}
    else:
        assert given(parse("--run", "x", flag(knob), str(knob.default))) == {name: knob.default}


def test_flags_are_written_with_hyphens() -> None:
    assert flag(KNOBS["save_every"]) == "--save-every"


def test_the_description_tells_default_and_bounds() -> None:
    assert described(KNOBS["width"]) == "channels of the generator's first layer (default 64; 1 to 512)"
    assert described(KNOBS["init"]) == "checkpoint to start from"
    assert "default on" in described(KNOBS["mirror"])


def test_the_page_of_settings_has_a_row_for_each_knob() -> None:
    page = settings_page()
    assert all(f"| {knob.help} |" in page for knob in knobs())
    assert "`--save-every`" in page
    assert "`--mirror`, `--no-mirror`" in page
