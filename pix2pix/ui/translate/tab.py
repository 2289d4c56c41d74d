"""The Translate tab: a picture, and the model's picture beside it."""

from __future__ import annotations

import secrets
from functools import partial
from html import escape
from typing import Any, Literal

import gradio as gr
from PIL import Image

from pix2pix.errors import DataError, Pix2PixError
from pix2pix.inference.advice import advise
from pix2pix.inference.source_file import SourceFile, read_source
from pix2pix.inference.translator import Translator
from pix2pix.inference.zero_gpu import ZeroGpuTranslator
from pix2pix.runtime.files import read_image
from pix2pix.settings import range_words
from pix2pix.ui.shared import examples
from pix2pix.ui.shared.messages import SECONDS, sentence, with_toasts
from pix2pix.ui.shared.model_library import Listing, ModelLibrary, default_key
from pix2pix.ui.shared.permissions import read_rights
from pix2pix.ui.shared.turns import CALL, MOST_TOGETHER
from pix2pix.ui.translate.advice import to_alert, to_notes
from pix2pix.ui.translate.endpoint import add_endpoints
from pix2pix.ui.translate.files import FilesHandlers, FilesPage

HEAVY = "translate"
"""Gradio's `concurrency_id` of all events that compute a picture."""
AT_ONCE = 2 * MOST_TOGETHER
"""How many of them run at the same time: while some are in the network, others read and write files."""

MODES = [("as trained, resized back", "fit"), ("every pixel (native)", "native")]
HEIGHT = 470
"""Height of a picture on the page in pixels."""
MOST_SEEDS = 1000
"""Seeds that the button chooses from; larger ones can be typed."""
PANES = """<fieldset><legend>What to translate</legend>
<label><input type="radio" name="translate-what" value="picture" checked><span>One picture</span></label>\
<label><input type="radio" name="translate-what" value="files"><span>Many pictures, or a video</span></label>
</fieldset>"""
"""The choice between the two panes of the tab. The style sheet shows the one that is chosen, so that neither
is ever built anew; Gradio's own radio buttons are no group for the arrow keys."""
SOURCES: list[Literal["upload", "webcam", "clipboard"]] = ["upload", "clipboard"]
"""Where one picture comes from; for a model of photos from a camera, too."""
TELL_FILES = "(...choice) => { globalThis.pix2pixChoice = choice; return []; }"
"""Hands model, mode, noise and seed to the script of the pane for many files."""
NO_MODEL = """
<div class="empty"><div class="empty-picture" aria-hidden="true"><i></i><i></i><i></i></div><h2>No model \
yet</h2>
<p>Train one in the tab <b>Train</b>: it is here as soon as it is saved for the first time.<br>
Or put a <code>.pth</code> file of pix2pix into the folder <code>{}</code>.</p></div>
"""


def translate(
    library: ModelLibrary,
    picture: str | None,
    model: str | None,
    mode: str = "fit",
    seed: float | None = None,
) -> Image.Image:
    """Returns what a model makes of the picture in a file, as a picture of the same size.

    `picture` is a path, `model` a key. With a `seed` dropout is on, without one the result is deterministic.
    Raises `Pix2PixError` where there is no picture, no such model, or the file cannot be read.
    """
    if not picture:
        raise DataError("there is no picture yet: choose one to translate.")
    translator = library.translator(model)
    return _translate(library, translator, read_source(picture, translator.config), mode=mode, seed=seed)


def _translate(
    library: ModelLibrary,
    translator: Translator | ZeroGpuTranslator,
    source: SourceFile,
    *,
    mode: str,
    seed: float | None,
) -> Image.Image:
    if mode == "fit" and seed is None and isinstance(translator, Translator):
        made = library.batches.translate(translator, source.image)
    else:
        with library.turns.take(CALL):
            made = translator(source.image, mode=mode, seed=None if seed is None else int(seed))
    if source.note:
        gr.Info(source.note, duration=SECONDS, title="Values beyond the model's range")
    # Gradio names the file after its content, and would write it again while it is sent to
    # somebody who got the same picture.
    made.info["id"] = secrets.token_hex(8)
    return made


def show_translation(
    library: ModelLibrary, picture: str | None, key: str | None, *, mode: str, seed: float | None
) -> tuple[Image.Image | None, str, Any]:
    """Returns the result for the page, HTML about it, and an update of the button that makes every pixel.

    Where the picture cannot be translated there is no result, and the HTML says why.
    """
    hidden = gr.update(visible=False)
    if not picture:
        return None, "", hidden
    try:
        translator = library.translator(key)
        source = read_source(picture, translator.config)
        made = _translate(library, translator, source, mode=mode, seed=seed)
    except Pix2PixError as error:
        return None, to_alert(sentence(error)), hidden
    advice = advise(source.image, translator.config, mode)
    return made, to_notes(advice.sentences), gr.update(visible=advice.offers_native)


def offer_examples(library: ModelLibrary, key: str | None) -> Any:
    """Returns an update of the row of examples: those that suit the chosen model, hidden where none do."""
    model = next((model for model in library.listing().models if model.key == key), None)
    paths = examples.list_examples().get(examples.fitting(model.config), []) if model else []
    pictures = [(read_image(path), examples.title_of(path)) for path in paths]
    return gr.update(value=pictures, visible=bool(pictures), selected_index=None)


def take_example(library: ModelLibrary, key: str | None, event: gr.SelectData) -> Any:
    """Returns the example that was clicked as the picture to translate."""
    model = library.model(key)
    return read_image(examples.list_examples()[examples.fitting(model.config)][int(event.index)])


def offer_sources(library: ModelLibrary, key: str | None) -> Any:
    """Returns an update of the box for the picture: with a camera where the chosen model takes photos."""
    model = next((model for model in library.listing().models if model.key == key), None)
    takes_photos = model is not None and model.config.source in PHOTOS
    return gr.update(sources=[*SOURCES, "webcam"] if takes_photos else SOURCES)


def describe(library: ModelLibrary, key: str | None) -> str:
    """Returns HTML that states what the chosen model makes of which input; "" where there
    is no such model."""
    model = next((model for model in library.listing().models if model.key == key), None)
    if not model:
        return ""
    source = model.config.source
    target = model.config.target
    data = f", trained on {escape(str(model.about['data']))}" if model.about.get("data") else ""
    levels = model.config.source_levels
    values = f" Pictures of more than 8 bits are read from {range_words(levels)}." if levels else ""
    return f'<p class="hint">Give it {_a(source)}, get {_a(target)}{data}.{values}</p>'


PHOTOS = ("photo", "lowres")
"""Kinds of pictures that a camera takes."""
KINDS = {"labels": "a label map", "photo": "a photo", "gray": "a gray picture", "edges": "an edge drawing"}
KINDS |= {"mask": "a picture with holes", "lowres": "a small, blurred picture"}


def _a(kind: str) -> str:
    return KINDS.get(kind, "a picture")


def offer(library: ModelLibrary, key: str | None) -> tuple[Any, Any, Any, str, str]:
    """Returns updates of menu, empty page, working page, description and problems; the chosen
    model stays chosen."""
    listing = library.listing()
    chosen = default_key(listing, key)
    has_models = bool(listing.models)
    menu = gr.update(choices=listing.choices(), value=chosen)
    return (
        menu,
        gr.update(visible=not has_models),
        gr.update(visible=has_models),
        describe(library, chosen),
        _left_out(listing),
    )


def _left_out(listing: Listing) -> str:
    lines = "".join(f"<li>{escape(problem)}</li>" for problem in listing.problems)
    return f'<ul class="problems" aria-label="files that were left out">{lines}</ul>' if lines else ""


def build(demo: gr.Blocks, library: ModelLibrary) -> None:
    """Builds the layout of the tab and binds its events."""
    empty = gr.HTML(NO_MODEL.format(escape(library.checkpoints.name)), visible=False)
    with gr.Column(visible=False, elem_id="translate-page") as page:
        with gr.Row(elem_classes="card toolbar"):
            # A model may come while the page is open: any key is accepted, and looked up in the library.
            model = gr.Dropdown(
                [], label="Model", allow_custom_value=True, scale=3, min_width=260, elem_id="translate-model"
            )
            mode = gr.Dropdown(
                MODES,
                value="fit",
                label="Work at",
                filterable=False,
                scale=2,
                min_width=210,
                elem_id="translate-mode",
            )
            with gr.Row(elem_classes="tight variation"):
                noise = gr.Checkbox(label="Noise", scale=0, min_width=80, elem_id="translate-noise")
                seed = gr.Number(
                    0, label="Seed", precision=0, scale=1, min_width=80, elem_id="translate-seed"
                )
                vary = gr.Button("Vary", scale=1, min_width=80, elem_id="translate-vary")
        with gr.Row(elem_classes="what-and-how"):
            gr.HTML(PANES, elem_id="translate-what")
            about = gr.HTML()
        with gr.Row(elem_classes="notes one-picture"):
            note = gr.HTML(elem_id="translate-note")
            style: dict[str, Any] = {"scale": 0, "min_width": 170, "elem_id": "translate-native"}
            every_pixel = gr.Button("Make every pixel", visible=False, size="md", **style)
        with gr.Row(elem_classes="pictures one-picture", equal_height=True):
            picture = _picture_input()
            result = _result()
        shown = _example_row()
        FilesPage(FilesHandlers(library, read_rights()), elem_id="translate-files")
    problems = gr.HTML()
    _bind_translation(library, [picture, model, mode, noise, seed], outputs=[result, note, every_pixel])
    choice: list[Any] = [model, mode, noise, seed]
    gr.on([field.change for field in choice], None, choice, None, js=TELL_FILES, api_visibility="private")
    every_pixel.click(lambda: "native", None, mode, api_visibility="private", show_progress="hidden")
    add_endpoints(
        library,
        partial(translate, library),
        picture=picture,
        result=result,
        concurrency_id=HEAVY,
        concurrency_limit=AT_ONCE,
    )
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    vary.click(lambda: (True, secrets.randbelow(MOST_SEEDS)), None, [noise, seed], **private)
    model.change(partial(describe, library), model, about, **private)
    model.change(partial(offer_sources, library), model, picture, **private)
    _bind_examples(library, model, shown=shown, picture=picture)
    menu: dict[str, Any] = {
        "fn": partial(offer, library),
        "inputs": model,
        "outputs": [model, empty, page, about, problems],
    }
    gr.on([demo.load, model.focus], **menu, **private)


def _bind_examples(
    library: ModelLibrary, model: gr.Dropdown, *, shown: gr.Gallery, picture: gr.Image
) -> None:
    """Shows the examples that suit the chosen model; the one that is clicked becomes the picture."""
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    model.change(partial(offer_examples, library), model, shown, **private)

    # Without `partial`: Gradio finds the event's data by the parameters' types.
    def take_shown(key: str | None, event: gr.SelectData) -> Any:
        return take_example(library, key, event)

    shown.select(take_shown, model, picture, **private)


class PictureFile(gr.Image):
    """An image upload that passes its file to the handler unchanged, as a path.

    Transparency, 16 bits and damage are handled by `read_source`, with a sentence; Gradio would decode the
    picture and write it again.
    """

    def preprocess(self, payload: Any) -> Any:
        return payload.path if payload and payload.path else super().preprocess(payload)

    def get_block_name(self) -> str:
        return "image"  # the component of the page that shows it


def _picture_input() -> gr.Image:
    return PictureFile(
        type="filepath",
        image_mode=None,
        label="Picture",
        sources=SOURCES,
        height=HEIGHT,
        alt_text="The picture to translate",
        elem_id="picture",
    )


def _bind_translation(library: ModelLibrary, inputs: list[Any], *, outputs: list[Any]) -> None:
    """Updates the result whenever an input changes; of many changes in a row only the last is computed."""

    def translate_shown(file: str | None, key: str | None, mode: str, noise: bool, seed: float | None) -> Any:
        return show_translation(library, file, key, mode=mode, seed=seed if noise else None)

    gr.on(
        [widget.change for widget in inputs],
        with_toasts(translate_shown),
        inputs,
        outputs,
        trigger_mode="always_last",
        api_visibility="private",
        concurrency_id=HEAVY,
        concurrency_limit=AT_ONCE,
    )


def _result() -> gr.Image:
    return gr.Image(
        label="Result",
        format="png",
        interactive=False,
        height=HEIGHT,
        buttons=["download", "fullscreen"],
        alt_text="The model's picture",
        elem_id="result",
    )


def _example_row() -> gr.Gallery:
    return gr.Gallery(
        label="Examples for this model",
        show_label=False,
        height=132,
        columns=8,
        object_fit="cover",
        allow_preview=False,
        buttons=[],
        visible=False,
        elem_id="translate-examples",
    )
