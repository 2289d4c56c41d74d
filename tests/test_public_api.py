"""What others may import. A change here is a change of version."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pix2pix

PUBLIC = [
    "Checkpoint",
    "ModelConfig",
    "Pix2PixError",
    "Run",
    "TrainConfig",
    "Translator",
    "evaluate",
    "load_checkpoint",
    "open_pairs",
    "resume",
    "save_checkpoint",
    "train",
]


def test_the_public_names_are_these() -> None:
    assert sorted(pix2pix.__all__) == PUBLIC
    assert set(PUBLIC) <= set(dir(pix2pix))


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_can_be_imported_and_is_described(name: str) -> None:
    thing = getattr(pix2pix, name)
    assert callable(thing)
    assert thing.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Trainslator'"):
        pix2pix.Trainslator  # noqa: B018


def test_importing_the_package_needs_no_torch() -> None:
    program = (
        "import sys, pix2pix; pix2pix.TrainConfig; pix2pix.Pix2PixError; print('torch' in sys.modules,"
        " 'numpy' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert answer.split() == ["False", "False"]
