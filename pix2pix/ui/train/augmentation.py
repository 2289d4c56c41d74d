"""The preview of the augmentation: the first nine samples of a training, as it sees them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from PIL import Image

from pix2pix.config import ImageSpec, TrainConfig
from pix2pix.data.examples import EXAMPLES
from pix2pix.errors import ConfigError
from pix2pix.imaging.tensors import to_image
from pix2pix.methods import method_of
from pix2pix.ui.shared.data_urls import data_url
from pix2pix.ui.shared.messages import with_toasts

COUNT = 9
LARGEST = 160
"""Longer side in pixels of a crop on the page."""
SHOW = "Show nine crops as training sees them"


@dataclass(frozen=True)
class Preview:
    """The button, and the place of the crops."""

    button: gr.Button
    crops: gr.HTML


def first_crops(config: TrainConfig) -> tuple[list[tuple[Image.Image, ...]], Mapping[str, ImageSpec]]:
    """Returns the images of the first nine samples that a run with these settings trains on, and what they
    are; errors as where the data is opened."""
    # The samples are numbered through: those of larger and smaller batches are the same ones.
    few = replace(config, batch=COUNT, accumulate=1, cache="stream", workers=0)
    examples = EXAMPLES[method_of(few).examples](few, None, None)
    with closing(examples.batches()) as batches:
        _, passes = next(batches)
    images = [passes[0][name] for name in examples.images]
    samples = [tuple(to_image(image[place]) for image in images) for place in range(COUNT)]
    return samples, examples.images


def crops_html(config: TrainConfig) -> str:
    """Returns HTML of the first nine samples, source beside target, and a sentence on how they were cut."""
    samples, specs = first_crops(config)
    figures = []
    for number, images in enumerate(samples, 1):
        tags = (
            _tag(image, spec, alt=f"Crop {number}, {name}")
            for image, (name, spec) in zip(images, specs.items(), strict=True)
        )
        figures.append(f"<figure><div>{''.join(tags)}</div></figure>")
    return f"<p class='hint'>{words(config, specs)}</p><div class='strip crops'>{''.join(figures)}</div>"


def words(config: TrainConfig, specs: Mapping[str, ImageSpec]) -> str:
    """Returns how samples are cut with these settings."""
    whole, part = config.load_size(), config.crop_size()
    said = f"Each picture is resized to {whole} x {whole}"
    said += f", and a part of {part} x {part} taken at random." if part < whole else ", and taken whole."
    said += " Half of them are mirrored." if config.mirror else " None is mirrored."
    if config.crisp and "source" in specs and specs["source"].palette:
        said += f" {config.crisp:.0%} of the label maps are in exact colours."
    return f"The first nine samples of this training. {said}"


def _tag(image: Image.Image, spec: ImageSpec, *, alt: str) -> str:
    few = spec.kind == "labels"
    scale = min(1.0, LARGEST / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.NEAREST if few else Image.Resampling.BICUBIC).convert("RGB")
    file = io.BytesIO()
    small.save(file, "PNG") if few else small.save(file, "JPEG", quality=90)
    return f"<img alt='{alt}' src='{data_url(file.getvalue(), 'png' if few else 'jpeg')}'>"


def build_preview() -> Preview:
    """Builds the button and the place of the crops; both are hidden until there is data."""
    button = gr.Button(SHOW, size="sm", visible=False, elem_id="train-show-crops")
    return Preview(button, gr.HTML(visible=False, elem_id="train-crops"))


def bind_preview(
    preview: Preview, to_config: Callable[..., TrainConfig], *, data: gr.Textbox, inputs: list[Any]
) -> None:
    """Shows the crops of `to_config(*values of inputs)` when the button is pressed; other `data` hides
    them."""

    def shown(*values: Any) -> Any:
        config = to_config(*values)
        if not config.data:
            raise ConfigError("bring some pairs first, whose crops can be shown.")
        return gr.update(value=crops_html(config), visible=True)

    def changed(folder: str | None) -> Any:
        return gr.update(visible=bool(folder)), gr.update(value="", visible=False)

    private: dict[str, Any] = {"api_visibility": "private"}
    preview.button.click(
        with_toasts(shown), inputs, preview.crops, concurrency_limit=2, concurrency_id="bring", **private
    )
    data.change(changed, data, [preview.button, preview.crops], show_progress="hidden", **private)
