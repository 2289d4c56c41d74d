"""The Models tab: every model as a card, with what can be done with it, and the way to the Hub and back.

The tab is one component with a script of its own, in `pix2pix/ui/models/cards/`; what it asks the server
goes to `ModelsHandlers`, with the name and
the token of whoever has signed in. A token goes from the request to the Hub, and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from pix2pix.ui.models.handlers import HARDWARE, ModelsHandlers, Visitor
from pix2pix.ui.shared.answers import Answer, answering
from pix2pix.ui.shared.js_bundle import bundle
from pix2pix.ui.shared.messages import CLICK_LATER, with_toasts
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.run_actions import open_run_actions
from pix2pix.ui.shared.visitors import Profile, name_of

CARDS = Path(__file__).parent / "cards"
Token = gr.OAuthToken | None
QUESTIONS = (
    "list_models",
    "find_picture",
    "rename_model",
    "delete_model",
    "look_on_hub",
    "pull_model",
    "push_model",
    "deploy_space",
    "forget_transfer",
)
"""What the page's script may ask: methods of `ModelsHandlers`."""


class ModelCards(gr.HTML):
    """All of the tab that is not Gradio's own."""

    def __init__(self, gallery: ModelsHandlers, **options: Any) -> None:
        super().__init__(
            html_template=(CARDS / "collection.html").read_text(encoding="utf-8"),
            css_template="",
            js_on_load=cards_script()
            + "\nPix2PixModels.mountCollection({ element, props, server, trigger });",
            apply_default_css=False,
            server_functions=[server_function(gallery, name) for name in QUESTIONS],
            hardware=[list(choice) for choice in HARDWARE],
            **options,
        )


def server_function(gallery: ModelsHandlers, name: str) -> Callable[..., Answer]:
    """A method of the gallery as the page's script calls it. Gradio fills in who has signed in, by
    the types of the parameters."""
    method: Callable[[Visitor, Any], Answer] = getattr(gallery, name)

    def serve(asked: Any, profile: Profile, token: Token) -> Answer:
        visitor = gallery.visitor(name_of(profile), token.token if token else None)
        return answering(lambda given: method(visitor, given))(asked)

    serve.__name__ = name
    return serve


@lru_cache(maxsize=1)
def cards_script() -> str:
    """The tab's modules as one classic script that defines `Pix2PixModels`."""
    return bundle(
        "Pix2PixModels",
        CARDS / "collection.js",
        exports=("mountCollection",),
        styles=[CARDS / "collection.css"],
    )


def build(demo: gr.Blocks, library: ModelLibrary) -> ModelCards:
    """The tab's layout, then what happens in it."""
    gallery = ModelsHandlers(library, open_run_actions(library))
    if os.environ.get("OAUTH_CLIENT_ID"):
        gr.LoginButton(size="sm", scale=0, elem_id="models-login")
    collection = ModelCards(gallery, elem_id="collection")
    file = gr.DownloadButton("file", elem_id="models-file", elem_classes="unseen")

    def take(profile: Profile, event: gr.EventData) -> Any:
        return gr.update(
            value=gallery.stage(gallery.visitor(name_of(profile), None), {"key": _key_of(event)})
        )

    press = CLICK_LATER.format(*["models-file"] * 3)
    taken = collection.download(with_toasts(take), None, file, api_visibility="private")
    taken.success(None, js=press, api_visibility="private")
    return collection


def _key_of(event: gr.EventData) -> str:
    """The model that a card's button has named; anybody can send anything."""
    sent = event._data
    return str(sent.get("key", ""))[:200] if isinstance(sent, dict) else ""


def bind_tuning(collection: ModelCards, init: gr.Dropdown) -> None:
    """Fine-tune: the Train tab begins with the card's model. Whether it may is
    checked when the run is started."""

    def choose(event: gr.EventData) -> Any:
        return gr.update(value=_key_of(event))

    collection.select(choose, None, init, api_visibility="private", show_progress="hidden")
