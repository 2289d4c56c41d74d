"""The API of the page: /translate, and /models, which lists what can translate.

Both take what a program sends over plain HTTP: arguments that are left out have their defaults, and a wrong
one is refused with one sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
from PIL import Image

from pix2pix.errors import ConfigError, DataError
from pix2pix.ui.shared.messages import sentence, with_toasts
from pix2pix.ui.shared.model_library import ModelLibrary, default_key

MODES = ("fit", "native")
DEFAULTS = (None, None, MODES[0], None)
"""Picture, model, mode and seed where they are left out: a picture is asked for, the model is the one that
the page shows first."""

NO_PICTURE = (
    'the first argument is the picture: {"path": what /gradio_api/upload returned}, or {"url": its address}.'
)

Translate = Callable[[str, str | None, str, int | None], Image.Image]


class ApiPage(gr.Blocks):
    """A page whose API function /translate gets its defaults where a call leaves arguments out."""

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Appends the missing arguments of /translate to `inputs`; refuses other calls as Gradio does.

        Raises `gr.Error` where the picture is no file.
        """
        if block_fn.api_name == "translate":
            inputs.extend(DEFAULTS[len(inputs) :])
            picture = inputs[0]
            if picture is not None and not (isinstance(picture, dict) and (picture.keys() & {"path", "url"})):
                raise gr.Error(sentence(NO_PICTURE), print_exception=False)
            if isinstance(picture, dict):
                picture.setdefault("meta", {"_type": "gradio.FileData"})
        super().validate_inputs(block_fn, inputs)


class ModelName(gr.Textbox):
    """A parameter that takes a model's name; the API's description lists the models of now."""

    library: ModelLibrary | None = None
    """Set after the construction: Gradio reads what a component shows from its constructor's signature."""

    def api_info(self) -> dict[str, Any]:
        """Returns the JSON schema: the keys of all models."""
        keys = [model.key for model in self.library.listing().models] if self.library else []
        return {"type": "string", "enum": keys} if keys else {"type": "string"}

    def preprocess(self, payload: Any) -> Any:
        """Returns what was sent as it is; the function checks it."""
        return payload

    def get_block_name(self) -> str:
        """Returns the name of the component of the page that shows it."""
        return "textbox"


class Choice(gr.Dropdown):
    """A parameter of the API with a list of values, which the function checks."""

    def preprocess(self, payload: Any) -> Any:
        """Returns what was sent as it is."""
        return payload

    def get_block_name(self) -> str:
        """Returns the name of the component of the page that shows it."""
        return "dropdown"


class WholeNumber(gr.Number):
    """A parameter of the API that is a whole number, which the function checks."""

    def preprocess(self, payload: Any) -> Any:
        """Returns what was sent as it is."""
        return payload

    def get_block_name(self) -> str:
        """Returns the name of the component of the page that shows it."""
        return "number"


def add_endpoints(
    library: ModelLibrary, translate: Translate, *, picture: gr.Image, result: gr.Image, **options: Any
) -> None:
    """Adds /translate (picture, model, mode, seed) and /models to the page that is being built.

    `picture` and `result` are the components whose formats the API has; `options` are those of the event.
    """

    def translate_for_api(
        picture: str | None = None, model: Any = None, mode: Any = MODES[0], seed: Any = None
    ) -> Image.Image:
        return translate(*checked(library, picture, model, mode=mode, seed=seed))

    def list_for_api() -> list[dict[str, Any]]:
        return list_models(library)

    hidden: dict[str, Any] = {"visible": False}
    name = ModelName(label="Model", **hidden)
    name.library = library
    inputs = [
        picture,
        name,
        Choice(list(MODES), value=MODES[0], label="Work at", **hidden),
        WholeNumber(None, label="Seed", precision=0, **hidden),
    ]
    gr.on([], with_toasts(translate_for_api), inputs, result, api_name="translate", **options)
    gr.on([], list_for_api, None, gr.JSON(label="Models", **hidden), api_name="models", queue=False)


def list_models(library: ModelLibrary) -> list[dict[str, Any]]:
    """Returns name, source, target and side in pixels of each model, the newest first."""
    return [
        {
            "model": model.key,
            "source": model.config.source,
            "target": model.config.target,
            "size": model.config.size,
        }
        for model in library.listing().models
    ]


def checked(
    library: ModelLibrary, picture: Any, model: Any, *, mode: Any, seed: Any
) -> tuple[str, str, str, int | None]:
    """Returns picture, model, mode and seed of a call, the defaults filled in.

    Raises `Pix2PixError` with one sentence for a wrong one.
    """
    if not picture:
        raise DataError(NO_PICTURE)
    if mode not in MODES:
        raise ConfigError(f"{mode!r:.40} is no way to work; the third argument is one of {', '.join(MODES)}.")
    if model is not None and not isinstance(model, str):
        raise ConfigError(f"{model!r:.40} is no model; the second argument is a name that /models lists.")
    is_whole = type(seed) is int or (isinstance(seed, float) and seed.is_integer())
    if seed is not None and not is_whole:
        raise ConfigError(f"{seed!r:.40} is no seed; the fourth argument is a whole number, or null.")
    key = model or default_key(library.listing())
    return picture, library.model(key).key, mode, None if seed is None else int(seed)
