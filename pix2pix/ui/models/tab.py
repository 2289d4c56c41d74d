"""The Models tab: every model as a card with its actions, and transfers to and from the Hub.

The tab is one component with a script in `pix2pix/ui/models/cards/`. Its requests go to `ModelsHandlers` with
the name and token of the signed-in visitor. A token is passed to the Hub's client and nowhere else.
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
    "restore_model",
    "add_file",
    "set_kind",
    "look_on_hub",
    "pull_model",
    "push_model",
    "deploy_space",
    "forget_transfer",
)
"""Methods of `ModelsHandlers` that the page's script may call."""


class ModelCards(gr.HTML):
    """The component of the tab: cards and dialogs."""

    def __init__(self, gallery: ModelsHandlers, **options: Any) -> None:
        super().__init__(
            html_template=(CARDS / "collection.html").read_text(encoding="utf-8"),
            css_template="",
            js_on_load=cards_script()
            + "\nPix2PixModels.mountCollection({ element, props, server, trigger, upload });",
            apply_default_css=False,
            server_functions=[server_function(gallery, name) for name in QUESTIONS],
            hardware=[list(choice) for choice in HARDWARE],
            **options,
        )


def server_function(gallery: ModelsHandlers, name: str) -> Callable[..., Answer]:
    """Wraps a method of `ModelsHandlers` as a server function; Gradio passes profile and token by
    the parameters' types."""
    method: Callable[[Visitor, Any], Answer] = getattr(gallery, name)

    def serve(asked: Any, profile: Profile, token: Token) -> Answer:
        visitor = gallery.visitor(name_of(profile), token.token if token else None)
        return answering(lambda given: method(visitor, given))(asked)

    serve.__name__ = name
    return serve


@lru_cache(maxsize=1)
def cards_script() -> str:
    """Returns the tab's modules as one classic script that defines `Pix2PixModels`."""
    return bundle(
        "Pix2PixModels",
        CARDS / "collection.js",
        exports=("mountCollection",),
        styles=[CARDS / "collection.css"],
    )


def build(demo: gr.Blocks, library: ModelLibrary) -> ModelCards:
    """Builds the layout of the tab and binds its events."""
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
    """Returns the key of the model whose button was pressed, cut to 200 characters; ""
    where none was sent."""
    sent = event._data
    return str(sent.get("key", ""))[:200] if isinstance(sent, dict) else ""


def bind_tuning(collection: ModelCards, init: gr.Dropdown) -> None:
    """Makes the button Fine-tune choose the card's model in the Train tab, where its use is checked
    at the start."""

    def choose(event: gr.EventData) -> Any:
        return gr.update(value=_key_of(event))

    collection.select(choose, None, init, api_visibility="private", show_progress="hidden")
