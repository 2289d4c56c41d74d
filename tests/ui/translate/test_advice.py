"""What the Translate tab says beside a result, and the results themselves."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from paths import ROOT
from PIL import Image

from pix2pix.config import ModelConfig
from pix2pix.imaging.palette import FACADES
from pix2pix.inference.advice import advise, has_palette_colors
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.translate import tab as translate_tab
from tests.ui.draw.test_tab import write_small

# Gradio leaves an event loop to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
LABELS = ModelConfig(source="labels", palette=FACADES, size=256)
FACADE = ROOT / "examples" / "facade" / "hotel.png"
HOUSE = ROOT / "examples" / "house" / "corner-house.jpg"


def read(path: Path) -> Image.Image:
    return Image.open(path).convert("RGB")


def test_a_photo_for_a_model_of_labels_is_told_and_a_jpeg_of_labels_is_not() -> None:
    file = io.BytesIO()
    read(FACADE).save(file, "JPEG", quality=60)
    assert has_palette_colors(read(FACADE), FACADES)
    assert has_palette_colors(Image.open(file), FACADES)
    assert not has_palette_colors(read(HOUSE), FACADES)
    assert not advise(read(FACADE), LABELS, "fit").sentences
    (said,) = advise(read(HOUSE), LABELS, "fit").sentences
    assert "looks like a photo" in said and "12 classes, such as background, wall, window" in said
    assert not advise(read(HOUSE), ModelConfig(source="photo"), "fit").sentences


def test_a_result_that_was_stretched_says_so_and_offers_every_pixel() -> None:
    large = Image.new("RGB", (6000, 4000), FACADES[1][1])
    advice = advise(large, LABELS, "fit")
    assert advice.offers_native and "6000 × 4000: it was made 256 × 256" in advice.sentences[0]
    assert advise(large, LABELS, "native").sentences == ()
    assert not advise(large.resize((300, 256)), LABELS, "fit").offers_native


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    write_small(tmp_path / "checkpoints" / "facades.pth")
    write_small(tmp_path / "checkpoints" / "photo.pth", source="photo")
    return ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs")


def test_a_picture_that_cannot_be_read_has_a_sentence_and_no_result(
    library: ModelLibrary, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    show: dict[str, Any] = {"mode": "fit", "seed": None}
    made, said, offer = translate_tab.show_translation(
        library, str(tmp_path / "broken.png"), "facades", **show
    )
    assert made is None and 'role="alert"' in said and "broken.png cannot be read" in said
    assert not offer["visible"]
    assert translate_tab.show_translation(library, None, "facades", **show)[:2] == (None, "")
    made, said, offer = translate_tab.show_translation(library, str(FACADE), "facades", **show)
    assert made is not None and made.size == read(FACADE).size
    assert "256 × 256: it was made 32 × 32" in said and offer["visible"]


def test_examples_suit_the_chosen_model_and_one_becomes_the_picture(library: ModelLibrary) -> None:
    shown = translate_tab.offer_examples(library, "facades")
    assert shown["visible"] and "Hotel" in [title for _, title in shown["value"]]
    place = [title for _, title in shown["value"]].index("Hotel")
    event = gr.SelectData(None, {"index": place, "value": None})
    np.testing.assert_array_equal(
        np.asarray(translate_tab.take_example(library, "facades", event)), np.asarray(read(FACADE))
    )
    landscapes = translate_tab.offer_examples(library, "photo")
    assert landscapes["visible"] and "Meadow" in [title for _, title in landscapes["value"]]
    assert not translate_tab.offer_examples(library, "none")["visible"]
