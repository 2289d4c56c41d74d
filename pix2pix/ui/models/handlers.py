"""The server functions of the Models tab. Each checks rights, names and values, because a visitor
can send anything."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from pix2pix.errors import ConfigError, RightsError, RunError
from pix2pix.runtime.progress import Progress
from pix2pix.ui.models import card as card
from pix2pix.ui.models import rename_delete as rename_delete
from pix2pix.ui.models.add_file import KEEP, add_file, palettes_of, set_kind
from pix2pix.ui.models.deleted import list_deleted, restore_model
from pix2pix.ui.models.hub_status import HubConnection
from pix2pix.ui.shared import downloads
from pix2pix.ui.shared.answers import Answer
from pix2pix.ui.shared.background_tasks import Outcome, Transfer, Transfers
from pix2pix.ui.shared.messages import sentence
from pix2pix.ui.shared.model_library import Model, ModelLibrary, key_of
from pix2pix.ui.shared.permissions import ON_A_SPACE
from pix2pix.ui.shared.run_actions import RunActions
from pix2pix.ui.shared.thumbnails import card_picture, thumbnails_of

HARDWARE = [
    ("", "as it is, or the Hub's own choice"),
    ("cpu-basic", "CPU basic: 2 cores, 16 GB"),
    ("cpu-upgrade", "CPU upgrade: 8 cores, 32 GB"),
    ("zero-a10g", "ZeroGPU: a GPU for single pictures"),
    ("t4-small", "GPU T4 small"),
    ("a10g-small", "GPU A10G small"),
]
"""Hardware of a Space by the Hub's name, and in words."""
NOT_LOGGED_IN = (
    "Nobody is logged in to the Hub on this machine. Run hf auth login in a terminal, with a token that may"
    " write."
)


@dataclass(frozen=True)
class Visitor:
    """The visitor who sent a request. `token` is their own, "" for none; None uses the
    login of this machine."""

    name: str = ""
    token: str | None = field(default=None, repr=False)


class ModelsHandlers:
    """The models of a library, and their transfers to and from the Hub."""

    def __init__(self, library: ModelLibrary, actions: RunActions) -> None:
        self.library = library
        self.actions = actions
        self.transfers = Transfers()
        self.connection = HubConnection()

    def visitor(self, name: str, token: str | None) -> Visitor:
        """Returns the visitor. On a Space the login of the machine is never used, only the
        visitor's own token."""
        return Visitor(name, token if token else "" if self.actions.rights.is_space else None)

    # What there is.

    def list_models(self, visitor: Visitor, asked: Any = None) -> Answer:
        """Returns all cards, what the visitor may do, the state of the Hub, and the visitor's transfers."""
        listing = self.library.listing()
        thumbnails_of(self.library.checkpoints).sweep(listing.models)
        kept, runs = card.cards_of(
            listing,
            self.library.checkpoints,
            visible_runs={run.name for run in self.actions.visible(visitor.name)},
        )
        palettes = palettes_of(self.library)
        return {
            "cards": kept,
            "runs": runs,
            "folder": str(self.library.checkpoints),
            "hub": self._hub(visitor),
            "deleted": self._deleted(visitor),
            "palettes": [[KEEP, "as it is"], *([key, title] for key, (title, _) in palettes.items())],
            "transfers": [transfer.describe() for transfer in self.transfers.of(visitor.name)],
        }

    def _hub(self, visitor: Visitor) -> Answer:
        state = self.connection.state(visitor.token)
        is_space = self.actions.rights.is_space
        user = visitor.name or ("" if is_space else state.account)
        refusals = {action: self.refusal(visitor, action) for action in ON_A_SPACE}
        if not is_space and not self.connection.has_token(visitor.token):
            refusals |= dict.fromkeys(("push", "deploy"), NOT_LOGGED_IN)
        place = self.connection.place
        can_sign_in = bool(os.environ.get("OAUTH_CLIENT_ID"))
        return {
            "state": state.word,
            "place": place,
            "user": user,
            "isSpace": is_space,
            "canSignIn": can_sign_in,
            "refusals": refusals,
        }

    def refusal(self, visitor: Visitor, action: Any) -> str:
        """Returns why the visitor may not do that; "" where they may."""
        try:
            self.actions.rights.check(visitor.name, action)
        except (RightsError, RunError) as error:
            return sentence(error)
        return ""

    def find_picture(self, visitor: Visitor, key: Any) -> Answer:
        """Returns the thumbnail of a model, or `isWaiting` while it is being made."""
        model = self.model(visitor, key)
        image = card_picture(self.library, model)
        if image is None:
            return {"isWaiting": True}
        return {"image": image, "problem": thumbnails_of(self.library.checkpoints).problem(model)}

    def model(self, visitor: Visitor, key: Any) -> Model:
        """Returns a model that the visitor may see. Raises `Pix2PixError` where there is none."""
        model = self.library.model(key if isinstance(key, str) else None)
        if model.is_run:
            self.actions.run(visitor.name, model.path.parent.name)
        return model

    # What is done to a file.

    def rename_model(self, visitor: Visitor, order: Any) -> Answer:
        """Renames a model in `checkpoints/` and returns its new key."""
        self.actions.rights.check(visitor.name, "rename")
        return {
            "key": rename_delete.rename(self.library, _text_of(order, "key"), name=_text_of(order, "name"))
        }

    def delete_model(self, visitor: Visitor, order: Any) -> Answer:
        """Deletes a model, or a file that cannot be used, and returns a token to restore it."""
        self.actions.rights.check(visitor.name, "delete")
        return {
            "token": rename_delete.delete(
                self.library, _text_of(order, "key"), version=_text_of(order, "version")
            )
        }

    def restore_model(self, visitor: Visitor, order: Any) -> Answer:
        """Undoes a deletion and returns the key of the model."""
        self.actions.rights.check(visitor.name, "delete")
        return {"key": key_of(restore_model(self.library.checkpoints, _text_of(order, "token")))}

    def add_file(self, visitor: Visitor, order: Any) -> Answer:
        """Adds a file of weights that was uploaded to the page, and returns the key of the model."""
        self.actions.rights.check(visitor.name, "pull")
        path = Path(_text_of(order, "path")).resolve()
        if Path(get_upload_folder()).resolve() not in path.parents or not path.is_file():
            raise ConfigError("this file was not uploaded to this page. Choose it again.")
        try:
            return {"key": add_file(self.library, path, name=_text_of(order, "name"))}
        finally:
            path.unlink(missing_ok=True)

    def set_kind(self, visitor: Visitor, order: Any) -> Answer:
        """Corrects what a model takes and makes, and returns its key."""
        self.actions.rights.check(visitor.name, "rename")
        names = ("version", "source", "target", "palette")
        values = {name: _text_of(order, name) for name in names}
        return {"key": set_kind(self.library, _text_of(order, "key"), **values)}

    def _deleted(self, visitor: Visitor) -> list[Answer]:
        if self.refusal(visitor, "delete"):
            return []
        return [
            {"token": each.token, "name": each.path.name, "minutes": math.ceil(each.seconds_left / 60)}
            for each in list_deleted(self.library.checkpoints)
        ]

    def stage(self, visitor: Visitor, order: Any) -> Path:
        """Copies a model's file into a folder for downloads and returns the path."""
        self.actions.rights.check(visitor.name, "download")
        model = self.model(visitor, _text_of(order, "key"))
        return downloads.stage_file(model.path, _file_name(model))

    # To the Hub and back.

    def look_on_hub(self, visitor: Visitor, order: Any) -> Answer:
        """Returns the file, size in bytes and commit that a repository on the Hub offers."""
        from pix2pix.hub.pull import look

        self.actions.rights.check(visitor.name, "pull")
        found = look(_text_of(order, "repo"), _text_of(order, "revision") or None, token=visitor.token)
        return {
            "repo": found.repo,
            "file": found.file,
            "bytes": found.size,
            "commit": found.commit,
            "revision": found.revision,
            "isPrivate": found.private,
            "link": found.url,
        }

    def pull_model(self, visitor: Visitor, order: Any) -> Answer:
        """Starts to download the commit that `look_on_hub` returned, in the background."""
        from pix2pix.hub.client import check_name
        from pix2pix.hub.pull import pull

        self.actions.rights.check(visitor.name, "pull")
        repo = check_name(_text_of(order, "repo"))
        commit = _text_of(order, "revision")
        file = _text_of(order, "file")

        def work(progress: Progress) -> Outcome:
            path = pull(
                f"{repo}/{file}" if file else repo,
                commit or None,
                to=self.library.checkpoints,
                token=visitor.token,
                progress=progress,
            )
            return Outcome(
                f"{path.name} is here, from {repo} at {commit[:7] or 'its newest commit'}.", key=path.stem
            )

        return self._begin(Transfer("pull", repo, visitor.name), work)

    def push_model(self, visitor: Visitor, order: Any) -> Answer:
        """Starts to upload a model to the visitor's repository, in the background."""
        from pix2pix.hub.client import check_name
        from pix2pix.hub.push import PushOptions, push

        self.actions.rights.check(visitor.name, "push")
        model = self.model(visitor, _text_of(order, "key"))
        repo = check_name(_text_of(order, "repo"))
        is_private = order.get("private") is True
        name = _file_name(model).removesuffix(".pth")

        def work(progress: Progress) -> Outcome:
            pushed = push(
                model.path,
                repo,
                token=visitor.token,
                terms=PushOptions(private=is_private, name=name),
                progress=progress,
            )
            return Outcome(
                f"{model.title} is on the Hub as {pushed.repo}, commit {pushed.commit[:7]}.", pushed.url
            )

        return self._begin(Transfer("push", f"{model.title} to {repo}", visitor.name), work)

    def deploy_space(self, visitor: Visitor, order: Any) -> Answer:
        """Starts to create or update a Space that draws with a model, in the background."""
        from pix2pix.hub.client import check_name
        from pix2pix.hub.deploy import Space, deploy

        self.actions.rights.check(visitor.name, "deploy")
        model = self.model(visitor, _text_of(order, "key"))
        space = check_name(_text_of(order, "space"))
        hardware = _text_of(order, "hardware")
        if hardware not in dict(HARDWARE):
            raise ConfigError(
                f"{hardware[:40]!r} is no hardware of a Space; choose one of {', '.join(dict(HARDWARE))[2:]}."
            )
        wishes = Space(models=(model.path,), hardware=hardware, private=order.get("private") is True)

        def work(progress: Progress) -> Outcome:
            made = deploy(space, wishes, token=visitor.token, progress=progress)
            return Outcome(
                f"{made.repo} is on the Hub. It is built there now, which takes some minutes.", made.url
            )

        return self._begin(Transfer("deploy", f"{model.title} as {space}", visitor.name), work)

    def _begin(self, transfer: Transfer, work: Callable[[Progress], Outcome]) -> Answer:
        return {"transfer": self.transfers.start(transfer, work).describe()}

    def forget_transfer(self, visitor: Visitor, key: Any) -> Answer:
        """Removes a finished transfer from the visitor's list."""
        self.transfers.forget(visitor.name, key)
        return {"forgotten": True}


def _file_name(model: Model) -> str:
    """Returns the name for a model's file: that of its run, with "-best" for the best model."""
    if not model.is_run:
        return model.path.name
    return model.path.parent.name + ("-best.pth" if model.path.stem == "best" else ".pth")


def _text_of(order: Any, name: str) -> str:
    """Returns the text of that name in an order, stripped. Raises `ConfigError` where it is missing
    or no text."""
    value = order.get(name, "") if isinstance(order, dict) else None
    if not isinstance(value, str):
        raise ConfigError(f"this is no order to the page: {name} is missing, or no text. Reload the page.")
    return value.strip()
