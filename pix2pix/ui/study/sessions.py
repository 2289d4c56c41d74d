"""The sessions in progress. The plan, which determines the real pictures, stays on the server."""

from __future__ import annotations

import math
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pix2pix.errors import ConfigError, RunError
from pix2pix.experiments.study import Answer, Protocol, Record, Trial, plan_trials
from pix2pix.experiments.study_pictures import Study

AHEAD = 4
"""Pictures that a browser may fetch in advance, so that they are loaded before they are due."""
PATIENCE = 3600.0
"""Seconds without a request after which a session is dropped."""
MOST_AT_ONCE = 300
ANSWERS = {"real": True, "fake": False}


@dataclass
class Session:
    """One participant's session of one study."""

    study: Study
    protocol: Protocol
    seed: int = field(default_factory=lambda: secrets.randbelow(2**63))
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    answers: list[Answer] = field(default_factory=list)
    touched: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)
    plan: tuple[Trial, ...] = ()
    kept: Record | None = None
    """The record once it is saved."""

    def __post_init__(self) -> None:
        self.plan = plan_trials(
            self.seed, tuple(self.study.pictures), models=len(self.study.models), protocol=self.protocol
        )

    @property
    def is_over(self) -> bool:
        """Whether all trials are answered."""
        return len(self.answers) == len(self.plan)

    def picture(self, number: Any) -> bytes:
        """Returns the picture of trial `number` as PNG. Raises `ConfigError` unless it is due, or among
        the next `AHEAD`."""
        self.touched = time.monotonic()
        if type(number) is not int or not len(self.answers) <= number < min(
            len(self.answers) + AHEAD, len(self.plan)
        ):
            raise ConfigError("this picture is not due. Begin the study again.")
        trial = self.plan[number]
        return self.study.picture(trial.scene, trial.model)

    def take(self, order: dict[str, Any]) -> bool:
        """Records an answer, once even if it is sent twice; returns whether the session is over.

        Raises `ConfigError` where the answer is not valid, or another trial is due.
        """
        number = order.get("number")
        word = order.get("said")
        if type(number) is not int or word not in ANSWERS:
            raise ConfigError("this is no answer: say real or fake, and to which picture.")
        with self.lock:
            self.touched = time.monotonic()
            if 0 <= number < len(self.answers):
                return False
            if number != len(self.answers) or self.is_over:
                raise ConfigError("this picture is not due. Begin the study again.")
            trial = self.plan[number]
            shown, took = (_milliseconds(order.get(name)) for name in ("shown", "took"))
            self.answers.append(Answer(trial.scene, trial.model, ANSWERS[word], shown, took))
            return self.is_over

    def truth(self, number: int) -> str:
        """Returns "real" or "fake" for a practice trial, "" for one that counts."""
        return ("fake" if self.plan[number].is_fake else "real") if number < self.protocol.practice else ""

    def record(self) -> Record:
        """Returns the record that is saved."""
        study = self.study
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        answers = tuple(self.answers[self.protocol.practice :])
        return Record(
            self.id, now, study.data, study.split, study.size, self.seed, self.protocol, study.models, answers
        )


def _milliseconds(value: Any) -> float:
    """Returns a time that the browser measured; -1, which is never a fair exposure, where it is not valid."""
    is_time = (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and math.isfinite(value)
        and 0 <= value < 1e9
    )
    return round(float(value), 1) if is_time else -1.0


class SessionStore:
    """The sessions of all visitors, by a random id that only the participant's browser knows."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self._all: dict[str, Session] = {}
        self._lock = threading.Lock()

    def begin(self, study: Study) -> Session:
        """Starts a session. Raises `RunError` where `MOST_AT_ONCE` are in progress."""
        session = Session(study, self.protocol)
        with self._lock:
            now = time.monotonic()
            self._all = {key: other for key, other in self._all.items() if now - other.touched < PATIENCE}
            if sum(not other.is_over for other in self._all.values()) >= MOST_AT_ONCE:
                raise RunError(f"{MOST_AT_ONCE} people are taking a study just now. Try again later.")
            self._all[session.id] = session
        return session

    def find(self, key: Any) -> Session:
        """Returns the session with that id. Raises `RunError` where there is none (any more)."""
        with self._lock:
            session = self._all.get(key) if isinstance(key, str) else None
        if session is None:
            raise RunError(
                "the server no longer knows of this session: it was restarted, or an hour has passed. Begin "
                "the study again."
            )
        return session
