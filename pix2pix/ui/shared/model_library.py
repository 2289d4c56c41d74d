"""The models that a page offers: the files in `checkpoints/`, and those that runs save while they train.

A model is named by a key (`facades`, `runs/houses`, `runs/houses/best`), which is looked up in the list and
never used as a path, because a visitor can send any text.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

from pix2pix.checkpoints.checkpoint import FORMAT, is_plain
from pix2pix.checkpoints.importers import SUFFIXES, is_own, read_any
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError, ConfigError, is_utf8, showable
from pix2pix.inference.translator import Translator
from pix2pix.inference.zero_gpu import ZeroGpuTranslator, open_translator
from pix2pix.runtime.file_cache import FileCache, signature_of
from pix2pix.runtime.files import utf8_name
from pix2pix.ui.shared.turns import Batches, RequestQueue

FRESH = 1.0
"""Seconds after which the files are read again even if no folder changed, since a file may be
overwritten in place."""
SETTLED = 0.05
"""Seconds within which a folder may change twice without its modification time changing."""
KEPT_TRANSLATORS = 3
KEPT_DESCRIPTIONS = 1000
FIRST = "facades"
"""The model shown first on a new page: in a fresh copy all files are equally old, so the
newest means nothing."""
RUN_FILES = (
    ("model.pth", "", ""),
    ("best.pth", "/best", ", best"),
    ("model_BtoA.pth", "/BtoA", ", B to A"),
    ("best_BtoA.pth", "/best_BtoA", ", B to A, best"),
)
"""File of a run, and the suffixes that it adds to the model's key and title."""


def to_version(modified: float) -> str:
    """Returns a modification time, in seconds since 1970, as text to the microsecond."""
    return f"{modified:.6f}"


@dataclass(frozen=True)
class Model:
    """One usable checkpoint file, described without reading its weights."""

    key: str
    title: str
    path: Path
    config: ModelConfig
    about: dict[str, Any]
    modified: float
    """Modification time in seconds since 1970."""

    @property
    def is_run(self) -> bool:
        """Whether the model belongs to a run, and so may change while the run trains."""
        return self.key.startswith("runs/")

    @property
    def task(self) -> str:
        """The translation in words, such as `labels to photo`."""
        return f"{self.config.source} to {self.config.target}"

    @property
    def version(self) -> str:
        """The modification time as text, which differs whenever the file is written again."""
        return to_version(self.modified)

    @property
    def date(self) -> str:
        """The day on which the file was written, such as `2026-08-01`."""
        return datetime.fromtimestamp(self.modified).strftime("%Y-%m-%d")

    @property
    def label(self) -> str:
        """The entry of a menu, such as `houses · labels to photo · 256 px · step 2,000 · 2026-08-01`."""
        step = self.about.get("step")
        facts = [self.title, self.task, f"{self.config.size} px"]
        facts += [f"step {step:,}"] if isinstance(step, int) and self.is_run else []
        return " · ".join([*facts, self.date])


@dataclass(frozen=True)
class Listing:
    """The usable models, the newest first, and one sentence for each file that cannot be used."""

    models: tuple[Model, ...]
    problems: tuple[str, ...]
    broken: tuple[tuple[Path, str], ...] = ()
    """Path and sentence of each file that cannot be used."""

    def choices(self) -> list[tuple[str, str]]:
        """Returns pairs of label and key for a Gradio menu."""
        return [(model.label, model.key) for model in self.models]


def key_of(path: Path) -> str:
    """Returns the key of a file in `checkpoints/`: its name without `.pth`; other endings are kept."""
    return path.stem if path.suffix == ".pth" else path.name


def list_models(checkpoints: Path, runs: Path) -> Listing:
    """Lists the models in `checkpoints/` (other projects' too), and those of runs: `RUN_FILES`.

    A file that cannot be read is listed with a sentence instead of raising an error.
    """
    files = [path for path in checkpoints.glob("*") if path.suffix in SUFFIXES]
    places = [(key_of(path), key_of(path), path) for path in files]
    for file, suffix, word in RUN_FILES:
        places += [
            (f"runs/{path.parent.name}{suffix}", path.parent.name + word, path)
            for path in runs.glob(f"*/{file}")
        ]
    models = []
    broken = []
    nameless = []
    for key, title, path in places:
        if not is_utf8(key):
            nameless.append(
                f"{showable(title)} has a name that is not UTF-8, which no page can show. Rename it."
            )
            continue
        try:
            config, about = _describe(path)
            models.append(Model(key, title, path, config, about, path.stat().st_mtime))
        except CheckpointError as error:
            broken.append((path, str(error)))
        except OSError:  # a run was deleted between the two looks
            continue
    models.sort(key=lambda model: (model.modified, model.key), reverse=True)
    return Listing(tuple(models), tuple(sorted([*nameless, *(cause for _, cause in broken)])), tuple(broken))


Description = tuple[ModelConfig, dict[str, Any]]
_descriptions: FileCache[Description | str] = FileCache(KEPT_DESCRIPTIONS)
_opening = threading.Lock()
"""Held while another project's file is read: each takes a child process and a second or two."""


def _describe(path: Path) -> Description:
    """Returns a file's config and `about`, from the cache unless the file has changed.

    Raises `CheckpointError` with the sentence about a file that cannot be used; that is cached too.
    """
    signature = signature_of(path)
    known = _descriptions.get(signature)
    if known is None:
        if is_own(path):
            known = _descriptions.put(signature, _read_or_explain(path))
        else:
            with _opening:
                known = _descriptions.read(path, _read_or_explain)
    if isinstance(known, str):
        raise CheckpointError(known)
    return known


def _read_or_explain(path: Path) -> Description | str:
    try:
        return read_description(path)
    except CheckpointError as error:
        return str(error).replace(str(path), path.name)  # a visitor need not know the server's folders


def read_description(path: Path) -> Description:
    """Returns config and `about` of a checkpoint without reading its weights (2 ms instead of a second).

    Weights of another project carry no description: they are read once, in a child process. Raises
    `CheckpointError` where the file is damaged or no checkpoint.
    """
    if not is_own(path):
        checkpoint = read_any(path)
        return checkpoint.config, checkpoint.about
    try:
        with utf8_name(path) as name:
            content = torch.load(name, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # whatever a damaged file makes torch raise, the page says one sentence
        raise CheckpointError(
            f"{path.name} is damaged, or no PyTorch checkpoint. Remove it, or get it again."
        ) from error
    if (
        not isinstance(content, dict)
        or content.get("format") != FORMAT
        or not is_plain(content.get("about", {}))
    ):
        raise CheckpointError(f"{path.name} is a PyTorch file, but no pix2pix checkpoint.")
    try:
        return ModelConfig.from_dict(content["config"]), content.get("about", {})
    except (ConfigError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path.name}: the model's description cannot be read ({error}).") from error


class ModelLibrary:
    """The models of two folders, and the `kept` translators used last. Shared by all visitors and threads."""

    def __init__(self, checkpoints: str | Path, runs: str | Path, *, kept: int = KEPT_TRANSLATORS) -> None:
        self.checkpoints = Path(checkpoints)
        self.runs = Path(runs)
        self._translators: FileCache[Translator | ZeroGpuTranslator] = FileCache(kept)
        self._lock = threading.Lock()
        self._listed = Listing((), ())
        self._listed_folders: dict[str, int] = {}
        self._listed_at = 0.0
        self.turns = RequestQueue()
        self.batches = Batches(self.turns)

    def listing(self) -> Listing:
        """Returns the models that exist now.

        The files are read again when a folder has changed, which is so for every new, deleted, renamed or
        atomically replaced file, and otherwise at most once a second.
        """
        now = time.time()
        folders = self._folders()
        is_settled = max(folders.values(), default=0) / 1e9 < self._listed_at - SETTLED
        if folders != self._listed_folders or not is_settled or not 0 <= now - self._listed_at < FRESH:
            self._listed = list_models(self.checkpoints, self.runs)
            self._listed_folders = folders
            self._listed_at = now
        return self._listed

    def _folders(self) -> dict[str, int]:
        """Returns the modification time of each folder of models, in nanoseconds since 1970."""
        found: dict[str, int] = {}
        for folder in (self.checkpoints, self.runs):
            with suppress(OSError):
                found[str(folder)] = folder.stat().st_mtime_ns
        with suppress(OSError), os.scandir(self.runs) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.is_dir():
                        found[entry.path] = entry.stat().st_mtime_ns
        return found

    def model(self, key: str | None) -> Model:
        """Returns the model with that key, which may end in `.pth`. Raises `CheckpointError` where there is
        none (any more)."""
        key = key.removesuffix(".pth") if key else key
        known = next((model for model in self._listed.models if model.key == key), None)
        with suppress(OSError):
            # One look at one file: a stroke asks for its model many times a second.
            if known and known.path.stat().st_mtime == known.modified:
                return known
        models = self.listing().models
        found = next((model for model in models if model.key == key), None)
        if found:
            return found
        if not models:
            raise CheckpointError(
                f"there is no model yet. Put a .pth file into {self.checkpoints}, or train one."
            )
        raise CheckpointError(
            f"the model {str(key)[:100]!r} is not there (any more). Choose another one, such as "
            f"{models[0].key!r}."
        )

    def translator(self, key: str | None) -> Translator | ZeroGpuTranslator:
        """Returns the translator of the model with that key, loaded again if its file has changed.

        Raises `CheckpointError` where there is no such model, or its file cannot be read.
        """
        path = self.model(key).path
        # One at a time: ten visitors who choose a model together read it once.
        with self._lock:
            try:
                return self._translators.read(path, open_translator)
            except OSError as error:
                raise CheckpointError(
                    f"the model {key!r} is not there any more. Choose another one."
                ) from error

    def turn(self) -> AbstractContextManager[None]:
        """Waits for the one turn to compute a picture: two at once would each take twice as long."""
        return self.turns.take()


def default_key(listing: Listing, wanted: str | None = None) -> str | None:
    """Returns the key that a menu shows first; None where there is no model.

    In this order: `wanted` if it exists, the model "facades", the newest model in `checkpoints/`, the newest
    of a run.
    """
    keys = [model.key for model in listing.models]
    kept = [model.key for model in listing.models if not model.is_run]
    return next((key for key in (wanted, FIRST, *kept, *keys) if key in keys), None)
