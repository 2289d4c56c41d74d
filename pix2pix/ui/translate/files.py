"""Many pictures, or videos, on the Translate tab: one component, served by `FilesHandlers`.

Its script is in `pix2pix/ui/translate/page/`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from pix2pix.errors import ConfigError, Pix2PixError
from pix2pix.inference.video_file import VIDEO_SUFFIXES, is_video, look_at_video
from pix2pix.runtime.files import IMAGE_SUFFIXES
from pix2pix.ui.shared.answers import Answer, answering
from pix2pix.ui.shared.downloads import write_zip
from pix2pix.ui.shared.js_bundle import bundle
from pix2pix.ui.shared.messages import sentence
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.permissions import Rights
from pix2pix.ui.shared.visitors import Profile, name_of
from pix2pix.ui.translate.endpoint import MODES
from pix2pix.ui.translate.file_tasks import PATIENCE, SPACE_PATIENCE, File, FileTasks, Order
from pix2pix.ui.translate.limits import MB, Limits, limits_for

PAGE = Path(__file__).parent / "page"
QUESTIONS = ("start_files", "look_at_files", "cancel_files", "zip_files")
"""Methods of `FilesHandlers` that the page's script may call."""
ZIP_NAME = "translated.zip"
LONGEST_NAME = 200


class FilesHandlers:
    """Takes orders to translate files, and tells how far they are. Each checks what was sent, because a
    visitor can send anything."""

    def __init__(self, library: ModelLibrary, rights: Rights) -> None:
        self.library = library
        self.rights = rights
        self.tasks = FileTasks(library.turns, patience=SPACE_PATIENCE if rights.is_space else PATIENCE)

    def start_files(self, visitor: str, asked: Any) -> Answer:
        """Starts to translate `files` (path and name of each, as uploaded), or those of a `task` of before,
        with `model`, `mode` and `seed`, and returns the task."""
        self.rights.check(visitor, "draw")
        if not isinstance(asked, dict):
            raise ConfigError("this is no order to the page. Reload the page.")
        mode, seed = asked.get("mode"), asked.get("seed")
        if mode not in MODES or not (seed is None or type(seed) is int):
            raise ConfigError("this is no way to translate: choose how to work, and a whole number as seed.")
        key = asked.get("model")
        order = Order(self.library.translator(key if isinstance(key, str) else None), mode, seed)
        if asked.get("task"):
            files = list(self.tasks.find(asked["task"]).files)
        else:
            files = self._check_files(asked.get("files"), limits_for(self.rights, visitor))
        return self.tasks.start(files, folder=Path(get_upload_folder()), order=order).describe()

    def _check_files(self, sent: Any, limits: Limits | None) -> list[File]:
        files = [_find_upload(each) for each in sent] if isinstance(sent, list) else []
        if not files:
            raise ConfigError("there is no file yet: choose pictures or a video to translate.")
        if limits:
            limits.check_files(len(files))
            files = [_limited(file, limits) for file in files]
        return files

    def look_at_files(self, visitor: str, asked: Any) -> Answer:
        """Returns how far a task is."""
        return self.tasks.find(asked).describe()

    def cancel_files(self, visitor: str, asked: Any) -> Answer:
        """Ends a task before its next picture or frame; what is done stays."""
        task = self.tasks.find(asked)
        task.is_cancelled = True
        return task.describe()

    def zip_files(self, visitor: str, asked: Any) -> Answer:
        """Writes the results of a task so far into a zip file, and returns its path."""
        task = self.tasks.find(asked)
        results = {
            item.target: item.target.relative_to(task.folder).as_posix()
            for item in task.items
            if item.state == "done"
        }
        if not results:
            raise ConfigError("nothing is translated yet.")
        write_zip(task.folder / ZIP_NAME, results)
        return {"path": str(task.folder / ZIP_NAME), "name": ZIP_NAME}


def _find_upload(sent: Any) -> File:
    """Returns a file that was uploaded. Raises `ConfigError` for any other."""
    path = Path(str(sent.get("path", ""))).resolve() if isinstance(sent, dict) else Path()
    if Path(get_upload_folder()).resolve() not in path.parents or not path.is_file():
        raise ConfigError("this file was not uploaded to this page. Choose it again.")
    # A name only: a browser sends no folders, and another program's would lead out of the results' folder.
    name = Path(str(sent.get("name") or path.name).replace("\\", "/")).name[:LONGEST_NAME]
    return File(path, name or path.name)


def _limited(file: File, limits: Limits) -> File:
    """Returns the file, with the sentence about a video that is too large."""
    if not is_video(file.name):
        return file
    try:
        limits.check_video(file.path, look_at_video(file.path)[0])
    except Pix2PixError as error:
        return File(file.path, file.name, sentence(error))
    return file


class FilesPage(gr.HTML):
    """The component: a place for files, how far they are, and the results."""

    def __init__(self, handlers: FilesHandlers, **options: Any) -> None:
        limits = limits_for(handlers.rights, "")
        super().__init__(
            html_template=(PAGE / "files.html").read_text(encoding="utf-8"),
            css_template="",
            js_on_load=f"{files_script()}\nPix2PixFiles.mountFiles({{ element, props, server, upload }});",
            apply_default_css=False,
            server_functions=[server_function(handlers, name) for name in QUESTIONS],
            videos=list(VIDEO_SUFFIXES),
            pictures=list(IMAGE_SUFFIXES),
            limits=limits.to_words() if limits else "",
            largest=limits.megabytes * MB if limits else None,
            **options,
        )


def server_function(handlers: FilesHandlers, name: str) -> Callable[..., Answer]:
    """Wraps a method of `FilesHandlers` as a server function; Gradio passes the profile by the type of the
    parameter."""
    method: Callable[[str, Any], Answer] = getattr(handlers, name)

    def serve(asked: Any, profile: Profile) -> Answer:
        return answering(lambda given: method(name_of(profile), given))(asked)

    serve.__name__ = name
    return serve


@lru_cache(maxsize=1)
def files_script() -> str:
    """Returns the component's modules as one classic script that defines `Pix2PixFiles`."""
    return bundle("Pix2PixFiles", PAGE / "files.js", exports=("mountFiles",), styles=[PAGE / "files.css"])
