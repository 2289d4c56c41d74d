"""What the Draw tab's server answers: pictures of drawings, the list of models, a
sentence for everything else."""

from __future__ import annotations

import base64
import gc
import io
import json
import re
import time
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from pix2pix.checkpoints.checkpoint import Checkpoint, save_checkpoint
from pix2pix.config import Kind, ModelConfig, PaletteEntry
from pix2pix.imaging.palette import FACADES, MAPS
from pix2pix.networks import build_generator, init_weights
from pix2pix.ui.draw import tab as draw_tab
from pix2pix.ui.shared import examples
from pix2pix.ui.shared.canvas import spec_of
from pix2pix.ui.shared.data_urls import to_data_url
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.thumbnails import thumbnail
from tests.ui.shared.test_model_library import write_model

# Gradio leaves an event loop to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

MAP: tuple[PaletteEntry, ...] = (
    ("land", (232, 228, 220)),
    ("road", (255, 255, 255)),
    ("water", (176, 208, 255)),
)


def write_small(
    path: Path, source: Kind = "labels", target: Kind = "photo", palette: tuple[PaletteEntry, ...] = FACADES
) -> Path:
    config = ModelConfig(
        width=2, depth=4, size=32, source=source, target=target, palette=palette if source == "labels" else ()
    )
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(1))
    save_checkpoint(path, Checkpoint(config, generator.state_dict(), {"step": 5, "data": "houses"}))
    return path


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ModelLibrary:
    folder = tmp_path_factory.mktemp("draw")
    write_small(folder / "checkpoints" / "facades.pth")
    write_small(folder / "checkpoints" / "map.pth", palette=MAP)
    write_small(folder / "checkpoints" / "photo.pth", source="photo", target="labels")
    write_small(folder / "checkpoints" / "edges.pth", source="edges")
    return ModelLibrary(folder / "checkpoints", folder / "runs")


def drawing(size: int = 32, seed: int = 0, **more: Any) -> dict[str, Any]:
    colors = np.array([color for _, color in FACADES], np.uint8)
    pixels = colors[np.random.default_rng(seed).integers(0, len(colors), (size, size))]
    palette = colors.tolist()
    return {
        "image": to_data_url(Image.fromarray(pixels)),
        "sequence": 7,
        "kind": "labels",
        "size": size,
        "palette": palette,
    } | more


def to_picture(answer: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(answer["picture"].split(",")[1])))


def to_drawing(payload: dict[str, Any]) -> Image.Image:
    return to_picture({"picture": payload["image"]}).convert("RGB")


def test_a_drawing_becomes_the_picture_that_the_translator_makes(library: ModelLibrary) -> None:
    answer = draw_tab.draw(library, {"model": "facades", "drawing": drawing()})
    picture = to_picture(answer)
    assert (picture.format, picture.size, answer["sequence"], answer["where"]) == ("PNG", (32, 32), 7, "CPU")
    assert answer["ms"] > 0
    expected = library.translator("facades")(to_drawing(drawing()))
    np.testing.assert_array_equal(np.asarray(picture), np.asarray(expected))


def test_a_seed_turns_the_noise_on_and_gives_the_same_picture_again(library: ModelLibrary) -> None:
    pictures = [
        draw_tab.draw(library, {"model": "facades", "drawing": drawing(), "seed": seed})["picture"]
        for seed in (None, 1, 1, 2)
    ]
    assert pictures[1] == pictures[2]
    assert len(set(pictures)) == 3


@pytest.mark.parametrize("side", [512, 1024])
def test_larger_pictures_are_drawn_anew_from_the_drawing_scaled_by_nearest(
    library: ModelLibrary, side: int
) -> None:
    picture = to_picture(draw_tab.draw(library, {"model": "facades", "drawing": drawing(), "side": side}))
    large = to_drawing(drawing()).resize((side, side), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(
        np.asarray(picture), np.asarray(library.translator("facades")(large, mode="native"))
    )


def test_a_drawing_in_the_colours_of_another_model_is_snapped_to_this_one(library: ModelLibrary) -> None:
    answer = draw_tab.draw(library, {"model": "map", "drawing": drawing()})
    colors = np.array([color for _, color in MAP], np.int32)
    pixels = np.asarray(to_drawing(drawing()), np.int32)
    nearest = ((pixels[:, :, None] - colors) ** 2).sum(3).argmin(2)
    expected = library.translator("map")(Image.fromarray(colors[nearest].astype(np.uint8)))
    np.testing.assert_array_equal(np.asarray(to_picture(answer)), np.asarray(expected))


def test_a_drawing_of_another_size_is_translated_at_the_models_and_scaled_back(library: ModelLibrary) -> None:
    assert to_picture(draw_tab.draw(library, {"model": "edges", "drawing": drawing(64)})).size == (64, 64)


BAD_ORDERS: dict[str, Any] = {
    "nothing": None,
    "text": "draw!",
    "no drawing": {"model": "facades"},
    "no model": {"drawing": drawing()},
    "a model that is not there": {"model": "../facades", "drawing": drawing()},
    "a model that is no text": {"model": {"$ne": 1}, "drawing": drawing()},
    "another size than stated": {"model": "facades", "drawing": drawing(16) | {"size": 32}},
    "no PNG": {"model": "facades", "drawing": drawing(image="data:image/png;base64,AAAA")},
    "a web address": {"model": "facades", "drawing": drawing(image="http://example.org/a.png")},
    "50 MB": {"model": "facades", "drawing": drawing(image="data:image/png;base64," + "A" * 50 * 2**20)},
    "a seed that is no number": {"model": "facades", "drawing": drawing(), "seed": "one"},
    "a seed below 0": {"model": "facades", "drawing": drawing(), "seed": -1},
    "a side that is not offered": {"model": "facades", "drawing": drawing(), "side": 100_000},
    "a side that is a list": {"model": "facades", "drawing": drawing(), "side": [512]},
}


@pytest.mark.parametrize("what", BAD_ORDERS)
def test_a_bad_order_gets_one_sentence(library: ModelLibrary, what: str) -> None:
    answer = draw_tab.answering(lambda order: draw_tab.draw(library, order))(BAD_ORDERS[what])
    assert set(answer) == {"error"}
    assert (
        len(answer["error"]) > 20
        and answer["error"].endswith((".", "?"))
        and "Traceback" not in answer["error"]
    )


def test_models_are_described_with_all_that_the_page_needs(library: ModelLibrary) -> None:
    found = draw_tab.list_for_page(library)
    json.dumps(found)
    by_key = {model["key"]: model for model in found["models"]}
    assert found["first"] == "facades", "what a newcomer meets"
    assert not found["problems"]
    facades = by_key["facades"]
    assert facades["task"] == "labels to photo" and facades["step"] == 5 and not facades["training"]
    assert facades["spec"] == spec_of(ModelConfig(source="labels", palette=FACADES, size=32), "draw")
    assert facades["sides"] == [32, 512, 1024]
    assert [by_key[key]["examples"] for key in ("facades", "map", "edges", "photo")] == [
        "facade",
        "map",
        "edges",
        "",
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", facades["date"])
    assert [by_key[key]["makes"] for key in ("facades", "map", "photo")] == [
        {"kind": "photo", "theme": "house", "palette": []},
        {"kind": "photo", "theme": "aerial", "palette": []},
        {"kind": "labels", "theme": "", "palette": []},
    ]


def test_a_model_written_anew_has_another_version_and_another_picture(tmp_path: Path) -> None:
    library = ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs")
    path = write_small(tmp_path / "runs" / "houses" / "model.pth")
    before, picture = (
        draw_tab.list_for_page(library)["models"][0],
        draw_tab.draw(library, {"model": "runs/houses", "drawing": drawing()})["picture"],
    )
    time.sleep(0.01)
    write_model(path)
    after = draw_tab.list_for_page(library)["models"][0]
    assert before["key"] == after["key"] and before["version"] != after["version"]
    assert draw_tab.draw(library, {"model": "runs/houses", "drawing": drawing()})["picture"] != picture


def test_a_thumbnail_comes_from_a_runs_samples_or_is_drawn(
    library: ModelLibrary, tmp_path: Path, tiny_run: Path
) -> None:
    drawn = thumbnail(library, "facades")
    assert to_picture({"picture": drawn}).size == (112, 112)
    assert to_picture({"picture": thumbnail(library, "photo")}).size == (112, 112)
    from_run = thumbnail(ModelLibrary(tmp_path, tiny_run.parent), f"runs/{tiny_run.name}")
    assert to_picture({"picture": from_run}).size == (112, 112)


@pytest.mark.parametrize("kind", ["facade", "map"])
def test_examples_have_the_colours_of_their_palette(kind: str) -> None:
    script = (examples.EXAMPLES / "make.mjs").read_text(encoding="utf-8")
    block = script.split(f"const {kind.upper()} = [")[1].split("];")[0]
    known = {tuple(map(int, color)) for color in re.findall(r"\[(\d+), (\d+), (\d+)\]", block)}
    assert kind != "facade" or known == {color for _, color in FACADES}
    paths = examples.list_examples()[kind]
    assert len(paths) >= 3
    for path in paths:
        image = Image.open(path).convert("RGB")
        assert image.size == (256, 256)
        assert {color for _, color in image.getcolors(999)} <= known, path


@pytest.mark.parametrize(
    ("made", "kind"), [(MAPS, "aerial"), (FACADES, "house"), ((), ""), ((("cat", (9, 9, 9)),), "")]
)
def test_a_model_that_makes_label_maps_starts_from_a_photo_of_such_a_place(
    made: tuple[PaletteEntry, ...], kind: str
) -> None:
    config = ModelConfig(source="photo", target="labels", target_palette=made)
    assert examples.fitting(config) == kind
    shown = examples.as_props().get(kind, [])
    assert bool(shown) == bool(kind)
    for picture in shown:
        image = Image.open(
            io.BytesIO(base64.b64decode(picture["image"].removeprefix("data:image/jpeg;base64,")))
        )
        assert (image.format, image.size) == ("JPEG", (256, 256))


def test_the_tab_adds_nothing_to_the_api(library: ModelLibrary) -> None:
    with gr.Blocks(analytics_enabled=False) as demo:
        draw_tab.build(demo, library)
    assert demo.get_api_info() == {"named_endpoints": {}, "unnamed_endpoints": {}}
    del demo
    gc.collect()


def test_the_modules_of_the_tab_and_the_canvas_share_one_script_without_a_clash() -> None:
    script = draw_tab.studio_script()
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", script, re.MULTILINE)
    names += [
        name
        for line in re.findall(r"^const .*;$", script, re.MULTILINE)
        for name in re.findall(r", (\w+) = ", line)
    ]
    assert sorted(names) == sorted(set(names))
    assert not re.search(r"^(import|export) ", script, re.MULTILINE)
    assert "</script" not in script and "http" not in script.replace("http://www.w3.org", "")
    assert all(len(path.read_text(encoding="utf-8").splitlines()) < 300 for path in draw_tab.STUDIO.iterdir())


def test_a_model_that_makes_paintings_of_photos_starts_from_landscapes() -> None:
    assert examples.fitting(ModelConfig(source="photo", target="photo")) == "landscape"
    shown = examples.as_props()["landscape"]
    assert len(shown) >= 3 and all(
        to_picture({"picture": each["image"]}).size == (256, 256) for each in shown
    )
