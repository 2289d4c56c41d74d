"""The canvas's pure JavaScript, tested by node itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from paths import ROOT

SCRIPTS = sorted((ROOT / "tests" / "js").glob("*.test.mjs"))


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on the PATH")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_javascript_modules_keep_their_claims(script: Path) -> None:
    done = subprocess.run(
        ["node", "--no-warnings", "--test", str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
