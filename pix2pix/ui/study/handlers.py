"""The server functions of the tab "Real or fake?". Each checks rights, names and values, because a visitor
can send anything."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from pix2pix.data.intake.uploads import use_folder
from pix2pix.errors import ConfigError, DataError, RightsError, RunError
from pix2pix.experiments import study_pictures as study_pictures
from pix2pix.experiments.study import Maker, Protocol
from pix2pix.experiments.study_log import keep
from pix2pix.experiments.study_pictures import Study, StudyModel
from pix2pix.runtime.progress import Progress
from pix2pix.ui.shared.answers import Answer
from pix2pix.ui.shared.background_tasks import Outcome, Transfer, Transfers
from pix2pix.ui.shared.data_urls import data_url
from pix2pix.ui.shared.messages import sentence
from pix2pix.ui.shared.model_library import Model, ModelLibrary
from pix2pix.ui.shared.run_actions import RunActions
from pix2pix.ui.study.results import ResultsHandlers, of_record
from pix2pix.ui.study.sessions import Session, SessionStore

MOST_STUDIES = 20


class StudyHandlers:
    """The studies of a page: preparing them, taking part, and their results."""

    def __init__(
        self, library: ModelLibrary, actions: RunActions, *, protocol: Protocol | None = None
    ) -> None:
        self.library = library
        self.actions = actions
        self.protocol = protocol or Protocol()
        self.studies = library.runs.parent / "studies"
        self.sessions = SessionStore(self.protocol)
        self.transfers = Transfers()
        self.results = ResultsHandlers(self.studies)

    # What there is.

    def look(self, visitor: str, asked: Any = None) -> Answer:
        """Returns the studies, the results, and for who may prepare a study the models and folders
        to choose from."""
        refusal = self._refusal(visitor)
        answer = {
            "studies": [self._describe(study) for study in self._visible()],
            "results": self.results.summary(),
            "refusal": refusal,
            "preparing": [transfer.describe() for transfer in self.transfers.of(visitor)],
            "protocol": {"practice": self.protocol.practice, "trials": self.protocol.trials},
        }
        return (
            answer
            if refusal
            else answer | {"models": self._choices(visitor), "folders": self._folders(visitor)}
        )

    def _refusal(self, visitor: str) -> str:
        try:
            self.actions.rights.check(visitor, "prepare")
        except (RightsError, RunError) as error:
            return sentence(error)
        return ""

    def _visible(self) -> list[Study]:
        """Returns the studies whose folder of pairs may still be shown to visitors."""
        return [
            study for study in study_pictures.find_studies(self.studies) if self.actions.may_use(study.source)
        ]

    def _describe(self, study: Study) -> Answer:
        scenes = len(study.pictures)
        needed = self.protocol.practice + self.protocol.trials
        note = (
            f"Only {scenes} scenes: some come more than once, and are recognised." if scenes < needed else ""
        )
        return {
            "key": study.key,
            "data": study.data,
            "split": study.split,
            "size": study.size,
            "scenes": scenes,
            "models": [maker.title for maker in study.models],
            "note": f"{note} {_left_out(study)}".strip(),
        }

    def _choices(self, visitor: str) -> list[tuple[str, str]]:
        hidden = self.actions.hidden(visitor)
        models = self.library.listing().models
        return [
            (model.key, model.label)
            for model in models
            if not (model.is_run and model.path.parent.name in hidden)
        ]

    def _folders(self, visitor: str) -> list[str]:
        """Returns the existing folders of pairs that the visitor's runs were trained on."""
        data = dict.fromkeys(run.config().data for run in self.actions.visible(visitor))
        return [folder for folder in data if self.actions.may_use(folder) and Path(folder).is_dir()]

    def export_answers(self, visitor: str, asked: Any = None) -> Answer:
        """Returns all answers of all sessions as CSV."""
        self.actions.rights.check(visitor, "study")
        return {"csv": self.results.to_csv()}

    # Setting one up.

    def prepare_study(self, visitor: str, order: Any) -> Answer:
        """Starts to make a study's pictures in the background; `data` is a folder, `models` one key or two.

        Raises `Pix2PixError` where the visitor may not, or where models or folder are not usable.
        """
        self.actions.rights.check(visitor, "prepare")
        keys = order.get("models") if isinstance(order, dict) else None
        if not isinstance(keys, list) or not 1 <= len(keys) <= 2:
            raise ConfigError("a study is of one model, or of two that are compared. Choose them.")
        if len(study_pictures.find_studies(self.studies)) >= MOST_STUDIES:
            raise ConfigError(f"there are {MOST_STUDIES} studies. Delete one; its results stay.")
        models = [self._model(visitor, key) for key in keys]
        folder = use_folder(
            str(order.get("data", "")).strip(), self.actions.uploads, allowed=self.actions.allowed
        ).folder
        # Read here, not in the background: an unusable model is reported at once.
        study_models = [self._study_model(model) for model in models]

        def work(progress: Progress) -> Outcome:
            date = datetime.now().isoformat(timespec="seconds")
            study = study_pictures.prepare(
                study_models, folder, studies=self.studies, date=date, progress=progress
            )
            return Outcome(
                " ".join(
                    filter(None, [f"The study of {len(study.pictures)} scenes is ready.", _left_out(study)])
                ),
                key=study.key,
            )

        subject = f"{' and '.join(model.title for model in models)} on {folder.name}"
        return {"preparing": self.transfers.start(Transfer("study", subject, visitor), work).describe()}

    def _model(self, visitor: str, key: Any) -> Model:
        """Returns a model that the visitor may see. Raises `Pix2PixError` where there is none."""
        model = self.library.model(key if isinstance(key, str) else None)
        if model.is_run:
            self.actions.run(visitor, model.path.parent.name)
        return model

    def _study_model(self, model: Model) -> StudyModel:
        sign = hashlib.blake2b(model.path.read_bytes(), digest_size=8).hexdigest()
        step = model.about.get("step")
        title = f"{model.title}, step {step:,}" if model.is_run and isinstance(step, int) else model.title
        return StudyModel(Maker(sign, title), self.library.translator(model.key), self.library.turn)

    def forget_preparing(self, visitor: str, key: Any) -> Answer:
        """Removes a finished preparation from the visitor's list."""
        self.transfers.forget(visitor, key)
        return {"forgotten": True}

    def delete_study(self, visitor: str, key: Any) -> Answer:
        """Deletes the pictures of a study. Its results stay."""
        self.actions.rights.check(visitor, "prepare")
        study_pictures.remove(self._study(key))
        return {"gone": True}

    def _study(self, key: Any) -> Study:
        study = next((study for study in self._visible() if study.key == key), None)
        if study is None:
            raise RunError("this study is not there (any more). Choose another one.")
        return study

    # Taking one.

    def begin_session(self, visitor: str, key: Any) -> Answer:
        """Starts a session: returns its id and the protocol, but not which pictures are real."""
        self.actions.rights.check(visitor, "study")
        study = self._study(key)
        protocol = self.protocol
        return {
            "session": self.sessions.begin(study).id,
            "size": study.size,
            "practice": protocol.practice,
            "trials": protocol.trials,
            "shown": protocol.shown_ms,
            "pause": protocol.pause_ms,
            "feedback": protocol.feedback_ms,
            "fastest": protocol.fastest_ms,
        }

    def find_picture(self, visitor: str, order: Any) -> Answer:
        """Returns the picture of a trial as a data URL: the current one or one of the next `AHEAD`."""
        self.actions.rights.check(visitor, "study")
        session = self._session(order)
        self._study(session.study.key)
        try:
            data = session.picture(order.get("number"))
        except OSError as error:
            raise DataError("this study has been deleted meanwhile. Choose another one.") from error
        return {"image": data_url(data, "png")}

    def take_answer(self, visitor: str, order: Any) -> Answer:
        """Records an answer; returns the truth for a practice trial, and the result after the last trial.

        The result is saved before it is returned.
        """
        self.actions.rights.check(visitor, "study")
        session = self._session(order)
        is_last = session.take(order)
        if is_last or (session.is_over and not session.truth(order["number"])):
            return {"result": self._finish(session)}
        return {"truth": session.truth(order["number"])}

    def _session(self, order: Any) -> Session:
        return self.sessions.find(order.get("session") if isinstance(order, dict) else None)

    def _finish(self, session: Session) -> Answer:
        # A full disk leaves the session as it is: the last answer can be sent again.
        with session.lock:
            record = session.kept or session.record()
            if not session.kept:
                keep(self.studies, record)
                session.kept = record
        return of_record(record)


def _left_out(study: Study) -> str:
    count = len(study.left_out)
    return (
        f"{count} {'pair' if count == 1 else 'pairs'} could not be read. The first: {study.left_out[0]}"
        if count
        else ""
    )
