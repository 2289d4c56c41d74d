"""The tab "Real or fake?": one component with a script of its own, served by `StudyHandlers`.

The script is in `pix2pix/ui/study/trials/`. The browser times the trials by its own frames: pictures are
loaded before they are due, so network delays do not change how long they are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from pix2pix.experiments import study_pictures as study_pictures
from pix2pix.experiments.study import Protocol
from pix2pix.ui.shared.answers import Answer, answering
from pix2pix.ui.shared.js_bundle import bundle
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.run_actions import open_run_actions
from pix2pix.ui.shared.visitors import Profile, name_of
from pix2pix.ui.study.handlers import StudyHandlers

TRIALS = Path(__file__).parent / "trials"
QUESTIONS = (
    "look",
    "export_answers",
    "prepare_study",
    "forget_preparing",
    "delete_study",
    "begin_session",
    "find_picture",
    "take_answer",
)
"""Methods of `StudyHandlers` that the page's script may call."""


class StudyTab(gr.HTML):
    """The component of the whole tab."""

    def __init__(self, examiner: StudyHandlers, **options: Any) -> None:
        super().__init__(
            html_template=(TRIALS / "study.html").read_text(encoding="utf-8"),
            css_template="",
            js_on_load=f"{study_script()}\nPix2PixStudy.mountStudy({{ element, server }});",
            apply_default_css=False,
            server_functions=[server_function(examiner, name) for name in QUESTIONS],
            **options,
        )


def server_function(examiner: StudyHandlers, name: str) -> Callable[..., Answer]:
    """Wraps a method of `StudyHandlers` as a server function; Gradio passes the profile by the type
    of the parameter."""
    method: Callable[[str, Any], Answer] = getattr(examiner, name)

    def serve(asked: Any, profile: Profile) -> Answer:
        return answering(lambda given: method(name_of(profile), given))(asked)

    serve.__name__ = name
    return serve


@lru_cache(maxsize=1)
def study_script() -> str:
    """Returns the tab's modules as one classic script that defines `Pix2PixStudy`."""
    return bundle("Pix2PixStudy", TRIALS / "study.js", exports=("mountStudy",), styles=[TRIALS / "study.css"])


def build(demo: gr.Blocks, library: ModelLibrary, protocol: Protocol | None = None) -> StudyTab:
    """Adds the component to the page; its script asks for the studies when the tab is shown."""
    examiner = StudyHandlers(library, open_run_actions(library), protocol=protocol)
    study_pictures.sweep(examiner.studies)
    return StudyTab(examiner, elem_id="study")
