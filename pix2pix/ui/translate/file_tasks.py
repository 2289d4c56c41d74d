"""Many pictures and videos, translated in a thread of the server while the page asks how far it is.

A task belongs to whoever knows its id, which cannot be guessed. It ends when nobody asks for it any more.
"""

from __future__ import annotations

import io
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from pix2pix.data.scan import Problem
from pix2pix.errors import NoSpaceError, Pix2PixError, RunError
from pix2pix.inference.advice import advise
from pix2pix.inference.folder import Job, target_names, translate_all
from pix2pix.inference.translator import Translator
from pix2pix.inference.video import painter, translate_video
from pix2pix.inference.video_file import is_video
from pix2pix.inference.zero_gpu import ZeroGpuTranslator
from pix2pix.ui.shared.data_urls import data_url
from pix2pix.ui.shared.messages import sentence
from pix2pix.ui.shared.turns import BULK, RequestQueue

MOST_AT_ONCE = 2
"""Tasks that run at the same time; others wait. Their pictures take turns in any case."""
PATIENCE = 3600.0
SPACE_PATIENCE = 150.0
"""Seconds without a question from the page after which a task ends: at home, where a browser may sleep, and
on a public Space. A browser lets the pages in its background ask once a minute."""
KEPT = 3600.0
"""Seconds for which the files of a task that has ended are kept."""
STALE = 86_400.0
"""Seconds after which a folder of results is one that a server before this one has left."""
FOLDER = "translated"
PREVIEW_SIDE = 480
"""Longer side in pixels of the newest frame as it is shown while a video is under way."""
UNEXPECTED = "Something went wrong that pix2pix did not expect. The server's log says what."


@dataclass(frozen=True)
class File:
    """A file that was sent, with its name there."""

    path: Path
    name: str
    problem: str = ""
    """Why it is not translated; "" where it is."""


class Cancelled(Exception):
    """The task was cancelled, or nobody asks for it any more."""


@dataclass
class Item:
    """A file of a task, and what has become of it."""

    name: str
    source: Path
    target: Path
    is_video: bool
    state: str = "waiting"
    """waiting, running, done, failed or cancelled."""
    done: int = 0
    total: int = 0
    """Frames of a video so far, and of all by its header."""
    begun: float = 0.0
    newest: Image.Image | None = None
    """The newest frame of a video that is under way."""
    words: tuple[str, ...] = ()
    """Sentences: why it failed, or what there is to say about a video."""

    def settle(self, problem: str) -> None:
        """Ends the item: as done, or as failed with a sentence."""
        self.state = "failed" if problem else "done"
        self.newest = None
        self.words = (problem,) if problem else self.words

    def describe(self) -> dict[str, Any]:
        """Returns plain values for the page; `seconds` is the time left, None where it is not known."""
        took = time.monotonic() - self.begun
        seconds = took / self.done * (self.total - self.done) if self.is_video and self.done else None
        return {
            "name": self.name,
            "result": self.target.name,
            "path": str(self.target) if self.state == "done" else "",
            "isVideo": self.is_video,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "rate": self.done / took if self.done and took > 0 else 0.0,
            "seconds": seconds if self.state == "running" else None,
            "frame": _to_preview(self.newest),
            "words": list(self.words),
        }


@dataclass
class FileTask:
    """Files that one visitor has translated with one model."""

    items: list[Item]
    folder: Path
    files: tuple[File, ...] = ()
    """What was sent, to be translated again."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: str = "waiting"
    """waiting, running, done or cancelled."""
    foreign: int = 0
    """Pictures that were no label maps of the model."""
    stretched: int = 0
    asked: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    is_cancelled: bool = False
    patience: float = PATIENCE
    is_abandoned: bool = False
    """Whether it ended because nobody asked for it."""

    def check(self) -> None:
        """Raises `Cancelled` where the task is to end."""
        self.is_abandoned = time.monotonic() - self.asked > self.patience
        if self.is_cancelled or self.is_abandoned:
            raise Cancelled

    def describe(self) -> dict[str, Any]:
        """Returns plain values for the page."""
        counts = {"foreign": self.foreign, "stretched": self.stretched, "abandoned": self.is_abandoned}
        items = [item.describe() for item in self.items]
        return {"id": self.id, "state": self.state, "items": items, **counts}


@dataclass(frozen=True)
class Order:
    """How the files of a task are translated."""

    translator: Translator | ZeroGpuTranslator
    mode: str = "fit"
    seed: int | None = None


class FileTasks:
    """The tasks of all visitors. Safe to use from several threads."""

    def __init__(self, turns: RequestQueue, *, patience: float = PATIENCE) -> None:
        self.turns = turns
        self.patience = patience
        self._all: dict[str, FileTask] = {}
        self._lock = threading.Lock()
        self._places = threading.Semaphore(MOST_AT_ONCE)

    def start(self, files: Sequence[File], *, folder: Path, order: Order) -> FileTask:
        """Starts to translate files into a new folder below `folder`, and returns the task."""
        self._sweep(folder)
        place = folder / f"{FOLDER}-{secrets.token_urlsafe(16)}"
        task = FileTask(list(_plan(files, place)), place, tuple(files), patience=self.patience)
        with self._lock:
            self._all[task.id] = task
        name = f"pix2pix-files-{task.id[:6]}"
        threading.Thread(target=self._run, args=(task, order), name=name, daemon=True).start()
        return task

    def find(self, key: Any) -> FileTask:
        """Returns the task with that id, and notes that somebody has asked for it. Raises `RunError` where
        there is none."""
        with self._lock:
            task = self._all.get(key) if isinstance(key, str) else None
        if task is None:
            raise RunError("these files are not there any more: they are kept for an hour. Bring them again.")
        task.asked = time.monotonic()
        return task

    def _sweep(self, folder: Path) -> None:
        """Deletes the files of tasks that ended long ago, also of servers before this one."""
        with self._lock:
            old = [task for task in self._all.values() if task.ended and time.monotonic() - task.ended > KEPT]
            for task in old:
                del self._all[task.id]
        stale = [path for path in folder.glob(f"{FOLDER}-*") if _is_stale(path)]
        for path in [*stale, *(task.folder for task in old)]:
            shutil.rmtree(path, ignore_errors=True)

    def _run(self, task: FileTask, order: Order) -> None:
        worker = _Worker(task, order, self.turns)
        state, problem = "done", UNEXPECTED
        try:
            while not self._places.acquire(timeout=0.2):
                task.check()
            try:
                task.state = "running"
                worker.translate()
            finally:
                self._places.release()
        except Cancelled:
            state, problem = "cancelled", ""
        except Pix2PixError as error:  # such as a full disk, which ends all of them
            problem = sentence(error)
        finally:
            # What nobody expected ends it too, and goes to the server's log.
            worker.end(problem)
            task.ended = time.monotonic()
            task.state = state


def _is_stale(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime > STALE
    except OSError:  # deleted meanwhile
        return False


def _plan(files: Sequence[File], folder: Path) -> Iterator[Item]:
    """Yields an item for each file; pictures become PNG, videos MP4."""
    targets: dict[int, str] = {}
    for kind, suffix in ((False, ".png"), (True, ".mp4")):
        places = [place for place, file in enumerate(files) if is_video(file.name) is kind]
        targets |= dict(
            zip(places, target_names([files[place].name for place in places], suffix), strict=True)
        )
    for place, file in enumerate(files):
        item = Item(file.name, file.path, folder / targets[place], is_video(file.name))
        if file.problem:
            item.settle(file.problem)
        yield item


def _to_preview(image: Image.Image | None) -> str:
    """Returns a frame as a small data URL; "" where there is none."""
    if image is None:
        return ""
    small = image.copy()
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=85)
    return data_url(file.getvalue(), "jpeg")


class _Worker:
    """Translates the items of a task, one after another. It is itself the translator that `translate_all`
    asks for pictures, so that each waits for its turn."""

    def __init__(self, task: FileTask, order: Order, turns: RequestQueue) -> None:
        self.task = task
        self.order = order
        self.turns = turns
        self.config = order.translator.config
        self.device = order.translator.device
        self.clip: Item | None = None
        self.running: Item | None = None

    def __call__(self, image: Image.Image, mode: str = "fit", seed: int | None = None) -> Image.Image:
        self._note(image)
        with self.turns.take(BULK):
            self.task.check()
            made = self.order.translator(image, mode=mode, seed=seed)
        return self._show([made])[0]

    def translate_batch(self, images: Sequence[Image.Image]) -> list[Image.Image]:
        """Returns the pictures as translated in mode `fit` without a seed."""
        translator = self.order.translator
        if not isinstance(translator, Translator):
            return [self(image) for image in images]
        for image in images:
            self._note(image)
        with self.turns.take(BULK):
            self.task.check()
            made = translator.translate_batch(images)
        return self._show(made)

    def _show(self, made: list[Image.Image]) -> list[Image.Image]:
        if self.clip is not None:
            self.clip.newest = made[-1]
        return made

    def _note(self, image: Image.Image) -> None:
        """Counts what there is to say about pictures; of a video the first frame speaks for all."""
        if self.clip is not None and self.clip.done:
            return
        advice = advise(image, self.config, self.order.mode)
        self.task.foreign += advice.is_foreign
        self.task.stretched += advice.offers_native

    def translate(self) -> None:
        """Translates all items in their order."""
        waiting = [item for item in self.task.items if item.state == "waiting"]
        for is_clip, items in groupby(waiting, key=lambda item: item.is_video):
            if is_clip:
                for item in items:
                    self.clip = item
                    self._translate_video(item)
                    self.clip = None
            else:
                self._translate_pictures(list(items))

    def _translate_pictures(self, items: list[Item]) -> None:
        waiting = iter(items)

        def begin_next() -> None:
            self.running = next(waiting, None)
            if self.running:
                self.running.state = "running"

        def report(job: Job, problem: Problem | None) -> None:
            if self.running:
                self.running.settle(sentence(problem.cause) if problem else "")
            self.task.check()
            begin_next()

        begin_next()
        jobs = [Job(item.source, item.target) for item in items]
        translate_all(self, jobs, mode=self.order.mode, seed=self.order.seed, report=report)

    def _translate_video(self, item: Item) -> None:
        item.state = "running"
        item.begun = time.monotonic()

        def progress(done: int, total: int) -> None:
            item.done, item.total = done, total
            self.task.check()

        paint, together = painter(self, mode=self.order.mode, seed=self.order.seed)
        try:
            made = translate_video(paint, Job(item.source, item.target), together=together, progress=progress)
        except NoSpaceError:
            raise
        except Pix2PixError as error:
            item.settle(sentence(error))
            return
        item.words = made.notes
        item.settle("")

    def end(self, problem: str) -> None:
        """Ends the items that are neither done nor failed: as failed by `problem`, for "" as cancelled."""
        for item in self.task.items:
            if item.state in ("waiting", "running"):
                item.state = "failed" if problem else "cancelled"
                item.newest = None
                item.words = (problem,) if problem else ()
