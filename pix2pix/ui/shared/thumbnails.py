"""Thumbnails: what each model makes of a sample drawing, computed in the background and stored as files.

A thumbnail is identified by its checkpoint's path, time and size, so a checkpoint written again gets a
new one. A thread of its own computes them on one core, outside the turns of visitors, so that nobody
who draws waits.
"""

from __future__ import annotations

import hashlib
import io
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import torch
from PIL import Image

from pix2pix.errors import Pix2PixError
from pix2pix.imaging.sample_grid import take_image
from pix2pix.inference.translator import Translator
from pix2pix.runs.run_folder import RunFolder
from pix2pix.runtime.files import read_image, write_bytes
from pix2pix.ui.shared.data_urls import data_url, to_data_url
from pix2pix.ui.shared.messages import sentence
from pix2pix.ui.shared.model_library import Model, ModelLibrary
from pix2pix.ui.shared.own_examples import own_examples
from pix2pix.ui.shared.sample_drawing import sample_drawing

SIDE = 112
"""Side in pixels of the picture in a list of models."""
CARD_SIDE = 224
"""Side in pixels of drawing and picture on a card, side by side."""
FOLDER = ".thumbnails"
LARGEST_FILE = 2_000_000_000
"""Bytes; no thumbnail is made of a larger checkpoint, which would take too much memory."""
PATIENCE = 60.0
"""Seconds that a list waits for a picture."""
MAKING = "2"
"""Version of how thumbnails are made; to be changed whenever all must be made again."""
QUALITY = 88


class Thumbnails:
    """The thumbnails of all models, each a sample drawing and the model's picture of it side by side."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, Future[bytes]] = {}
        self._problems: dict[str, str] = {}
        self._maker = ThreadPoolExecutor(
            1, "pix2pix-thumbnails", initializer=torch.set_num_threads, initargs=(1,)
        )

    def ask(self, model: Model) -> Future[bytes]:
        """Returns a future of the thumbnail as WebP bytes, empty where the model cannot make one."""
        name = name_of(model)
        with self._lock:
            if name not in self._known:
                self._known[name] = self._maker.submit(self._find, name, model)
            return self._known[name]

    def _find(self, name: str, model: Model) -> bytes:
        kept = self.folder / f"{name}.webp"
        if kept.is_file():
            return kept.read_bytes()
        try:
            data = to_webp(beside(*_pair(model)))
        except Pix2PixError as error:
            self._problems[name] = sentence(str(error).replace(str(model.path), model.path.name))
            return b""
        except (OSError, MemoryError, RuntimeError, ValueError) as error:
            self._problems[name] = f"Its first picture failed: {error!s:.120}."
            return b""
        if not model.is_run:
            self._keep(kept, data)
        return data

    def problem(self, model: Model) -> str:
        """Returns why the model could not make its picture, as a sentence; "" where it could, or was not
        asked."""
        return self._problems.get(name_of(model), "")

    def _keep(self, kept: Path, data: bytes) -> None:
        try:
            write_bytes(kept, data)
        except Pix2PixError:  # a folder that may not be written to: the picture is made again after a restart
            return

    def sweep(self, models: tuple[Model, ...]) -> None:
        """Drops the thumbnails of models that are not in `models`, from memory and from disk."""
        names = {name_of(model) for model in models}
        with self._lock:
            for name in self._known.keys() - names:
                del self._known[name]
                self._problems.pop(name, None)
        for path in self.folder.glob("*.webp"):
            if path.stem not in names:
                path.unlink(missing_ok=True)


@lru_cache(maxsize=8)
def thumbnails_of(folder: Path) -> Thumbnails:
    """Returns the thumbnails of a folder of checkpoints; all tabs of a page share them."""
    return Thumbnails(folder / FOLDER)


def name_of(model: Model) -> str:
    """Returns the name of a model's thumbnail file, without ending: a hash of path and version."""
    grids = RunFolder(model.path.parent).samples() if model.is_run else []
    own = [] if model.is_run else own_examples(model)
    facts = (MAKING, model.path.resolve(), model.version, grids[-1:], *own)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def _pair(model: Model) -> tuple[Image.Image, Image.Image]:
    """Returns a sample drawing and the model's picture of it; for a run, from its newest sample grid.

    Raises `Pix2PixError` where the checkpoint is larger than `LARGEST_FILE`.
    """
    grids = RunFolder(model.path.parent).samples() if model.is_run else []
    if grids:
        grid = read_image(grids[-1][1])
        return take_image(grid, 0), take_image(grid, 1)
    if model.path.stat().st_size > LARGEST_FILE:
        raise Pix2PixError(f"{model.path.name} is too large for a small picture.")
    own = own_examples(model)
    drawing = read_image(own[0]) if own else sample_drawing(model.config)
    # Not through the library: looking at models must not push out those that somebody draws with.
    return drawing, Translator.load(model.path)(drawing)


def beside(drawing: Image.Image, picture: Image.Image) -> Image.Image:
    """Returns drawing and picture side by side, each of `CARD_SIDE` x `CARD_SIDE`."""
    both = Image.new("RGB", (2 * CARD_SIDE, CARD_SIDE))
    for place, image in ((0, drawing), (CARD_SIDE, picture)):
        both.paste(image.convert("RGB").resize((CARD_SIDE, CARD_SIDE), Image.Resampling.LANCZOS), (place, 0))
    return both


def to_webp(image: Image.Image) -> bytes:
    """Encodes a picture as WebP with loss, a tenth of the size of a PNG; nothing is
    computed from it again."""
    file = io.BytesIO()
    image.save(file, "WEBP", quality=QUALITY)
    return file.getvalue()


def thumbnail(library: ModelLibrary, key: str | None) -> str:
    """Returns the model's picture as a data URL for a list, "" where there is none; waits
    until it is made."""
    data = thumbnails_of(library.checkpoints).ask(library.model(key)).result(PATIENCE)
    if not data:
        return ""
    with Image.open(io.BytesIO(data)) as both:
        picture = both.crop((CARD_SIDE, 0, 2 * CARD_SIDE, CARD_SIDE)).resize(
            (SIDE, SIDE), Image.Resampling.LANCZOS
        )
    return to_data_url(picture)


def card_picture(library: ModelLibrary, model: Model) -> str | None:
    """Returns drawing and picture as a data URL, "" where there is none, None while they are being made."""
    made = thumbnails_of(library.checkpoints).ask(model)
    if not made.done():
        return None
    return data_url(made.result(), "webp") if made.result() else ""
