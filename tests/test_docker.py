"""The Dockerfile, read by hadolint: an image cannot be built where the tests run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is there on Linux only")
def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    found = subprocess.run([HADOLINT, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_what_the_image_needs_is_not_left_out_of_it() -> None:
    left_out = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert not {"pix2pix", "checkpoints", "examples", "app.py", "requirements.txt"} & set(left_out)
    assert "runs" in left_out and ".venv" in left_out
    assert (ROOT / "Dockerfile").read_text(encoding="utf-8").count("\n") <= 21
