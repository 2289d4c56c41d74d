"""Who is taking a study now. The plan, and so the truth about each picture,
stays here until it may be told."""

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
"""Pictures that a browser may fetch before they are shown: the next ones must be there in time."""
PATIENCE = 3600.0
"""Seconds without an answer after which a sitting is forgotten."""
MOST_AT_ONCE = 300
ANSWERS = {"real": True, "fake": False}


@dataclass
class Session:
    """One person before one study."""

    study: Study
    protocol: Protocol
    seed: int = field(default_factory=lambda: secrets.randbelow(2**63))
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    said: list[Answer] = field(default_factory=list)
    touched: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)
    plan: tuple[Trial, ...] = ()
    kept: Record | None = None
    """Once it is written down."""

    def __post_init__(self) -> None:
        self.plan = plan_trials(
            self.seed, tuple(self.study.pictures), models=len(self.study.models), protocol=self.protocol
        )

    @property
    def is_over(self) -> bool:
        """All is answered."""
        return len(self.said) == len(self.plan)

    def picture(self, number: Any) -> bytes:
        """The picture of a trial that is due, or will be soon."""
        self.touched = time.monotonic()
        if type(number) is not int or not len(self.said) <= number < min(
            len(self.said) + AHEAD, len(self.plan)
        ):
            raise ConfigError("this picture is not due. Begin the study again.")
        trial = self.plan[number]
        return self.study.picture(trial.scene, trial.model)

    def take(self, order: dict[str, Any]) -> bool:
        """Takes an answer; whether it is the one that ends the sitting. The same answer sent twice,
        over a bad line, counts once."""
        number = order.get("number")
        word = order.get("said")
        if type(number) is not int or word not in ANSWERS:
            raise ConfigError("this is no answer: say real or fake, and to which picture.")
        with self.lock:
            self.touched = time.monotonic()
            if 0 <= number < len(self.said):
                return False
            if number != len(self.said) or self.is_over:
                raise ConfigError("this picture is not due. Begin the study again.")
            trial = self.plan[number]
            shown, took = (_milliseconds(order.get(name)) for name in ("shown", "took"))
            self.said.append(Answer(trial.scene, trial.model, ANSWERS[word], shown, took))
            return self.is_over

    def truth(self, number: int) -> str:
        """What a picture was, where that is told: after a trial of the practice."""
        return ("fake" if self.plan[number].is_fake else "real") if number < self.protocol.practice else ""

    def record(self) -> Record:
        """What is kept of it."""
        study = self.study
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        said = tuple(self.said[self.protocol.practice :])
        return Record(
            self.id, now, study.data, study.split, study.size, self.seed, self.protocol, study.models, said
        )


def _milliseconds(told: Any) -> float:
    """As the browser has measured them; -1, which is never a fair exposure, where it has not."""
    is_time = (
        isinstance(told, (int, float))
        and not isinstance(told, bool)
        and math.isfinite(told)
        and 0 <= told < 1e9
    )
    return round(float(told), 1) if is_time else -1.0


class SessionStore:
    """Those of all visitors. Only who has begun one knows its id."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self._all: dict[str, Session] = {}
        self._lock = threading.Lock()

    def begin(self, study: Study) -> Session:
        """A new one; `RunError` where too many are under way."""
        sitting = Session(study, self.protocol)
        with self._lock:
            now = time.monotonic()
            self._all = {key: other for key, other in self._all.items() if now - other.touched < PATIENCE}
            if sum(not other.is_over for other in self._all.values()) >= MOST_AT_ONCE:
                raise RunError(f"{MOST_AT_ONCE} people are taking a study just now. Try again later.")
            self._all[sitting.id] = sitting
        return sitting

    def find(self, key: Any) -> Session:
        """`RunError` where it is over, forgotten, or of a server that has been restarted since."""
        with self._lock:
            sitting = self._all.get(key) if isinstance(key, str) else None
        if sitting is None:
            raise RunError(
                "the server no longer knows of this session: it was restarted, or an hour has passed. Begin "
                "the study again."
            )
        return sitting
