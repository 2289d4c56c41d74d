"""The canvas's pure JavaScript, tested by node itself."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT
from PIL import Image

from pix2pix.data.clean_labels import clean_labels
from pix2pix.imaging.palette import FACADES, snap
from pix2pix.ui.shared.canvas import CANVAS

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


CLEAN = """
import { cleanPixels } from "%s/clean.js";
import { createPalette } from "%s/palette.js";
const { data, width, palette } = JSON.parse(await new Response(process.stdin).text());
const cleaned = cleanPixels(Uint8ClampedArray.from(data), width, createPalette(palette), 0);
console.log(JSON.stringify({ ...cleaned, labels: [...cleaned.labels] }));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on the PATH")
def test_a_jpeg_is_cleaned_on_the_canvas_as_in_training_to_the_pixel() -> None:
    drawn = Image.open(sorted((ROOT / "examples" / "facade").glob("*.png"))[0]).convert("RGB")
    file = io.BytesIO()
    drawn.save(file, "JPEG", quality=75)
    jpeg = np.asarray(Image.open(file).convert("RGB"))
    data = np.dstack([jpeg, np.full(jpeg.shape[:2], 255, np.uint8)]).ravel().tolist()
    done = subprocess.run(
        ["node", "--no-warnings", "--input-type=module", "-e", CLEAN % (CANVAS, CANVAS)],
        input=json.dumps({"data": data, "width": jpeg.shape[1], "palette": FACADES}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answer = json.loads(done.stdout)
    colors = np.array([color for _, color in FACADES], np.uint8)
    cleaned = colors[np.array(answer["labels"])].reshape(jpeg.shape)
    np.testing.assert_array_equal(cleaned, clean_labels(jpeg, FACADES))
    wrong, wrong_nearest = (
        (labels != np.asarray(drawn)).any(axis=2).mean() for labels in (cleaned, snap(jpeg, FACADES)[0])
    )
    assert wrong < 0.7 * wrong_nearest and not answer["isUnlike"] and answer["moved"] > 1000
