"""The perceptual study "real or fake": the plan of trials, the records of answers, and their statistics.

After the paper's section 3.4: each picture is shown for one second, in ten practice trials with feedback and
then forty without. Everything here is a function of its arguments. `docs/study.md` lists what such a study
does not control for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from pix2pix.seeding import seed_of

Z_95 = 1.959963984540054
"""Standard normal deviations that leave 2.5 % on each side."""


@dataclass(frozen=True)
class Protocol:
    """The number of trials in a session, and the durations of their parts in milliseconds."""

    practice: int = 10
    trials: int = 40
    shown_ms: int = 1000
    pause_ms: int = 700
    feedback_ms: int = 1500
    tolerance_ms: int = 100
    """An exposure further from `shown_ms`, for example because the page was in the background,
    is not counted."""
    fastest_ms: int = 150
    """Nobody sees a question and answers it in less: a key that was still down, or a program. Not counted."""


@dataclass(frozen=True)
class Trial:
    """One picture of the plan: its scene, and the index of the model that made it; None for
    the real picture."""

    scene: str
    model: int | None

    @property
    def is_fake(self) -> bool:
        """Whether a model made the picture."""
        return self.model is not None


def plan_trials(seed: int, scenes: Sequence[str], *, models: int, protocol: Protocol) -> tuple[Trial, ...]:
    """Returns the practice trials followed by those that count, as a function of `seed`.

    In each part half of the pictures are real (one fake more where the number is odd), and the fakes come in
    equal parts from each model. No scene is shown twice, real or fake, unless there are fewer scenes than
    trials; then each is shown once before any is shown again.
    """
    kinds = _kinds(seed_of(seed, "practice"), protocol.practice, models=models) + _kinds(
        seed_of(seed, "trials"), protocol.trials, models=models
    )
    return tuple(
        Trial(scene, model)
        for scene, model in zip(_deal(seed_of(seed, "scenes"), scenes, count=len(kinds)), kinds, strict=True)
    )


def _kinds(seed: int, count: int, *, models: int) -> list[int | None]:
    """Returns the model of each of `count` pictures, None for real ones, shuffled.

    Where the fakes cannot be divided equally, the seed decides which models get one more.
    """
    first = seed % models
    fakes: list[int | None] = [(first + place) % models for place in range(count - count // 2)]
    return _shuffled(seed, [None] * (count // 2) + fakes)


def _deal(seed: int, scenes: Sequence[str], *, count: int) -> list[str]:
    """Returns `count` scenes in random order, repeating all scenes as needed, never the same one twice
    in a row."""
    dealt: list[str] = []
    while len(dealt) < count:
        deck = _shuffled(seed_of(seed, len(dealt)), sorted(scenes))
        if dealt and deck[0] == dealt[-1]:
            deck.append(deck.pop(0))
        dealt += deck
    return dealt[:count]


def _shuffled(seed: int, things: Sequence[Any]) -> list[Any]:
    ranked = sorted(range(len(things)), key=lambda place: seed_of(seed, place))
    return [things[place] for place in ranked]


@dataclass(frozen=True)
class Maker:
    """A model of a study: a hash of its file, which does not change when the file is
    renamed, and its title."""

    sign: str
    title: str


@dataclass(frozen=True)
class Answer:
    """One answer: the picture, whether it was taken for real, its time on the screen, and the time
    until the answer."""

    scene: str
    model: int | None
    real: bool
    shown_ms: float
    answer_ms: float


@dataclass(frozen=True)
class Record:
    """One finished session: the study, the protocol, and all answers but those of the practice."""

    session: str
    date: str
    data: str
    split: str
    size: int
    seed: int
    protocol: Protocol
    models: tuple[Maker, ...]
    said: tuple[Answer, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Any) -> Record:
        """Rebuilds a record from what `to_dict` returned. Raises `ValueError` where it is anything else."""
        if not isinstance(content, dict):
            raise ValueError("no record")
        plain = dict(content)
        for name, kind in (("models", Maker), ("said", Answer)):
            plain[name] = tuple(_build(kind, row) for row in _rows(content.get(name)))
        plain["protocol"] = _build(Protocol, content.get("protocol"))
        record: Record = _build(cls, plain)
        if any(
            answer.model is not None and not 0 <= answer.model < len(record.models) for answer in record.said
        ):
            raise ValueError("an answer about a model that is not there")
        return record

    def fair(self) -> list[Answer]:
        """Returns the answers that count: to pictures that were shown for the intended time, within the
        tolerance, and not given faster than a person can."""
        return [answer for answer in self.said if self.was_shown(answer) and not self.is_hasty(answer)]

    def was_shown(self, answer: Answer) -> bool:
        """Whether the picture was on the screen for the intended time, within the tolerance."""
        return abs(answer.shown_ms - self.protocol.shown_ms) <= self.protocol.tolerance_ms

    def is_hasty(self, answer: Answer) -> bool:
        """Whether the answer came faster than a person can give one."""
        return answer.answer_ms < self.protocol.fastest_ms


def _rows(rows: Any) -> list[Any]:
    if not isinstance(rows, list):
        raise ValueError("no list")
    return rows


KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "int | None": (int, type(None)),
}
"""Types that a field of a record may hold, by its annotation."""


def _build(kind: type, content: Any) -> Any:
    """Builds a dataclass of plain fields. Raises `ValueError` where a field is missing or of another type."""
    if not isinstance(content, Mapping):
        raise ValueError(f"no {kind.__name__}")
    # A record of an older version lacks what came later, and gets its default.
    values = {
        field.name: content.get(field.name, None if field.default is MISSING else field.default)
        for field in fields(kind)
    }
    for field in fields(kind):
        value = values[field.name]
        allowed = KINDS.get(str(field.type))
        if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)):
            raise ValueError(f"{field.name} of a {kind.__name__} is {value!r}")
    return kind(**values)


@dataclass(frozen=True)
class Share:
    """A proportion, `count` of `total`, with Wilson's 95 % interval."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """The proportion from 0 to 1; NaN where `total` is 0."""
        return self.count / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval (low, high), which stays within 0 and 1 and holds for few trials
        and extreme proportions."""
        return wilson(self.count, self.total)


def wilson(count: int, total: int, *, z: float = Z_95) -> tuple[float, float]:
    """Returns Wilson's score interval (low, high) of a proportion; (0, 1) where `total` is 0."""
    if not total:
        return 0.0, 1.0
    share = count / total
    spread = z * z / total
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    # At the ends rounding would leave a hair: none of twenty has a lower bound of exactly 0.
    low = 0.0 if count == 0 else (middle - half) / (1 + spread)
    return low, 1.0 if count == total else (middle + half) / (1 + spread)


@dataclass(frozen=True)
class Difference:
    """The difference of two proportions with Newcombe's 95 % interval and the p of Fisher's
    exact two-sided test."""

    value: float
    low: float
    high: float
    p: float


def difference(first: Share, second: Share) -> Difference:
    """Returns `first` minus `second`, with the interval made of the two Wilson intervals (Newcombe
    1998, method 10)."""
    (low1, high1) = first.interval
    (low2, high2) = second.interval
    value = first.value - second.value
    low = value - math.hypot(first.value - low1, high2 - second.value)
    high = value + math.hypot(high1 - first.value, second.value - low2)
    return Difference(value, low, high, fisher(first, second))


def fisher(first: Share, second: Share) -> float:
    """Returns the p of Fisher's exact two-sided test: the probability, if both proportions are equal, of a
    table at least as improbable as this one."""
    both = first.count + second.count

    def log_ways(count: int) -> float:
        return _log_choose(first.total, count) + _log_choose(second.total, both - count)

    seen = log_ways(first.count)
    everything = _log_choose(first.total + second.total, both)
    possible = (log_ways(count) for count in range(max(0, both - second.total), min(first.total, both) + 1))
    # Equally probable tables may differ by a rounding.
    return min(1.0, math.fsum(math.exp(ways - everything) for ways in possible if ways <= seen + 1e-7))


def _log_choose(total: int, count: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
