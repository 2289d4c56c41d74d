"""Drawing on ZeroGPU, with a small stand-in for the package `spaces`: it runs the
function in another process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from paths import ROOT

from pix2pix.inference.translator import Translator
from pix2pix.inference.zero_gpu import on_zero_gpu, open_translator

SPACES = """
import multiprocessing, os
calls = []
def GPU(duration=60):
    def decorate(function):
        def call(*args):
            calls.append(function.__name__)
            # Its own interpreter: only what can be pickled comes through, as on ZeroGPU.
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                return pool.apply(run, (function.__module__, function.__name__, os.getpid(), *args))
        return call
    return decorate
def run(module, name, parent, *args):
    import importlib
    assert os.getpid() != parent
    return getattr(importlib.import_module(module), name)(*args)
"""
SCRIPT = """
import sys
from PIL import Image
if __name__ == "__main__":
    from pix2pix.runtime.device import choose_device
    from pix2pix.inference.zero_gpu import ZeroGpuTranslator, on_zero_gpu, open_translator
    from pix2pix.inference.translator import Translator
    import spaces
    assert on_zero_gpu() and choose_device("auto").type == "cpu"
    model, drawing = open_translator(sys.argv[1]), Image.new("RGB", (40, 30), (0, 85, 255))
    assert isinstance(model, ZeroGpuTranslator) and model.config.size == 32
    picture = model(drawing, mode="fit", seed=3)
    assert spaces.calls == ["_draw"]
    assert picture.tobytes() == Translator.load(sys.argv[1])(drawing, seed=3).tobytes()
    print("drawn")
"""


def test_everywhere_else_a_model_is_drawn_with_here(tiny_model: Path) -> None:
    assert not on_zero_gpu() and isinstance(open_translator(tiny_model), Translator)


def test_on_zerogpu_the_picture_is_made_where_the_gpu_is(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "spaces.py").write_text(SPACES)
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = os.environ | {
        "SPACES_ZERO_GPU": "true",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
    }
    done = subprocess.run(
        [sys.executable, "script.py", str(tiny_model)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.stdout == "drawn\n", done.stderr
