"""The Draw tab: a drawing, and beside it what a model makes of it while it is being drawn.

The tab is one component with a script of its own, in `pix2pix/ui/draw/studio/`. It calls the server through
Gradio's server functions, which are no part of the API: one request, one answer, no queue in between, so that
a picture is shown within a few milliseconds of its translation. Requests may come from anybody: everything in
them is checked here.
"""

from __future__ import annotations

import time
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from pix2pix.config import ModelConfig
from pix2pix.errors import ConfigError
from pix2pix.runs.run import ALIVE, Run
from pix2pix.runs.run_folder import RunFolder
from pix2pix.runtime.files import read_image
from pix2pix.ui.shared import examples
from pix2pix.ui.shared.answers import Answer, answering
from pix2pix.ui.shared.canvas import (
    CANVAS,
    DRAWN,
    canvas_spec,
    canvas_template,
    read_drawing,
    snapped,
    spec_of,
    theme_of,
)
from pix2pix.ui.shared.data_urls import to_data_url
from pix2pix.ui.shared.js_bundle import bundle
from pix2pix.ui.shared.model_library import Listing, Model, ModelLibrary, default_key
from pix2pix.ui.shared.own_examples import own_examples
from pix2pix.ui.shared.thumbnails import thumbnail

STUDIO = Path(__file__).parent / "studio"
LARGER_SIDES = (512, 1024)
"""Sides in pixels of larger pictures that can be made of a drawing, every pixel through the network."""
QUICK = 1
"""PNG compression level of a picture that is only shown: 5 ms instead of 20, and a fifth larger."""
WHERE = {"cpu": "CPU", "cuda": "GPU", "mps": "GPU"}


def list_for_page(library: ModelLibrary) -> Answer:
    """Returns the models, newest first, the key of the first to show, and a sentence for each file that
    is no model."""
    listing = library.listing()
    alive = _find_alive(listing.models)
    return {
        "models": [describe(model, model.path.parent in alive) for model in listing.models],
        "first": _find_first(listing),
        "problems": list(listing.problems),
        "folder": library.checkpoints.name,
    }


def _find_first(listing: Listing) -> str | None:
    """Returns the key of the model to show first: one with an example input where there is one,
    shipped ones first."""
    drawn = tuple(model for model in listing.models if examples.fitting(model.config))
    return default_key(Listing(drawn or listing.models, ()))


def _find_alive(models: tuple[Model, ...]) -> set[Path]:
    """Returns the folders of runs that are training now."""
    folders = {model.path.parent for model in models if model.is_run}
    return {
        folder
        for folder in folders
        if RunFolder(folder).read_status().get("state") in ALIVE and Run(folder).is_held()
    }


def describe(model: Model, is_training: bool = False) -> Answer:
    """Returns a model as plain values for the page: title, task, size, date and the canvas on which its
    input is drawn."""
    config = model.config
    step = model.about.get("step")
    return {
        "key": model.key,
        "title": model.title,
        "task": model.task,
        "source": spec_of(config)["kind"],
        "target": config.target,
        "makes": _describe_target(config),
        "size": config.size,
        "date": model.date,
        "data": str(model.about.get("data", "")),
        "step": step if isinstance(step, int) else None,
        "training": is_training,
        "version": model.version,
        "dropout": config.dropout,
        "spec": spec_of(config, "draw"),
        "examples": examples.fitting(config),
        "own": len(own_examples(model)),
        "sides": [config.size, *(side for side in LARGER_SIDES if side > config.size)],
        "anew": [side for side in LARGER_SIDES if side > config.size],
    }


def _describe_target(config: ModelConfig) -> Answer:
    """Returns what is known of the pictures that a model makes: kind, palette, and the folder of examples
    of its theme, "" for an unknown one."""
    theme = theme_of(config.target_palette)
    if config.target == "photo":
        theme = examples.PHOTOS.get(theme_of(config.palette), "")
    palette = [[title, list(color)] for title, color in config.target_palette]
    return {"kind": config.target, "theme": theme, "palette": palette}


def list_own(library: ModelLibrary, asked: Any) -> Answer:
    """Returns the own examples of the model whose key `asked` holds, with names and data URLs. Raises
    `Pix2PixError` where there is no such model."""
    key = asked.get("model") if isinstance(asked, dict) else None
    model = library.model(key if isinstance(key, str) else None)
    return {
        "examples": [
            {"name": path.stem.partition("-")[2], "image": to_data_url(read_image(path))}
            for path in own_examples(model)
        ]
    }


def draw(library: ModelLibrary, order: Any) -> Answer:
    """Returns what a model makes of a drawing as a data URL, with the time in ms and the device.

    `order` holds `model` (a key) and `drawing` (as the canvas sends it), optionally `side` (pixels,
    for a larger picture) and `seed` (for one with noise). Raises `Pix2PixError` or `gr.Error` where it
    is not usable.
    """
    if not isinstance(order, dict):
        raise ConfigError("this is no order for a picture: give a model and a drawing.")
    key = order.get("model")
    seed = order.get("seed")
    translator = library.translator(key if isinstance(key, str) else None)
    config = translator.config
    side = order.get("side") or config.size
    if seed is not None and type(seed) is not int:
        raise ConfigError("a seed must be a whole number.")
    if side not in (config.size, *LARGER_SIDES):
        raise ConfigError(
            f"pictures of {str(side)[:20]!r} pixels are not made; choose one of {config.size}, 512 and 1024."
        )
    drawing = _fit_palette(read_drawing(order.get("drawing"), spec_of(config)), config)
    is_larger = side != config.size
    if is_larger and drawing.width != side:
        drawing = _resized(drawing, side)
    with library.turn():
        begin = time.perf_counter()
        picture = translator(drawing, mode="native" if is_larger else "fit", seed=seed)
        took = time.perf_counter() - begin
    return {
        "picture": to_data_url(picture, QUICK),
        "ms": round(took * 1000, 1),
        "where": WHERE.get(translator.device.type, translator.device.type),
        "sequence": drawing.info["sequence"],
    }


def _fit_palette(drawing: Image.Image, config: ModelConfig) -> Image.Image:
    """Snaps a drawing to the model's palette: it may be in the colours of another model that it
    is compared with."""
    if config.source != "labels" or not config.palette:
        return drawing
    return snapped(drawing, [color for _, color in config.palette])


def _resized(drawing: Image.Image, side: int) -> Image.Image:
    """Resizes a drawing: labels and edges by nearest neighbour, to keep their colours
    exact, photos bicubically."""
    sized = drawing.resize(
        (side, side), Image.Resampling.NEAREST if drawing.info["kind"] in DRAWN else Image.Resampling.BICUBIC
    )
    sized.info = drawing.info
    return sized


class Studio(gr.HTML):
    """The component of the tab: models, canvas, pictures, variations, downloads. `library`
    provides its models."""

    def __init__(self, library: ModelLibrary, **options: Any) -> None:
        def list_models(asked: Any) -> Answer:
            return answering(lambda _: list_for_page(library))(asked)

        def translate_drawing(asked: Any) -> Answer:
            return answering(partial(draw, library))(asked)

        def draw_thumbnail(asked: Any) -> Answer:
            return answering(
                lambda key: {"image": thumbnail(library, key if isinstance(key, str) else None)}
            )(asked)

        def list_examples(asked: Any) -> Answer:
            return answering(partial(list_own, library))(asked)

        super().__init__(
            html_template=studio_template(),
            css_template="",
            js_on_load=f"{studio_script()}\nPix2PixStudio.mountStudio({{ element, props, server }});",
            apply_default_css=False,
            server_functions=[list_models, translate_drawing, draw_thumbnail, list_examples],
            spec=canvas_spec(name="draw"),
            examples=examples.as_props(),
            **options,
        )


@lru_cache(maxsize=1)
def studio_template() -> str:
    """Returns the markup of the tab with the canvas in it."""
    return (STUDIO / "studio.html").read_text(encoding="utf-8").replace("<!-- canvas -->", canvas_template())


@lru_cache(maxsize=1)
def studio_script() -> str:
    """Returns the modules of the tab and of the canvas as one classic script that defines `Pix2PixStudio`."""
    styles = [CANVAS / "canvas.css", *sorted(STUDIO.glob("*.css"))]
    return bundle("Pix2PixStudio", STUDIO / "studio.js", exports=("mountStudio",), styles=styles)


def build(demo: gr.Blocks, library: ModelLibrary) -> None:
    """Adds the component to the page; its script asks for the models when the tab is shown."""
    Studio(library, elem_id="studio")
