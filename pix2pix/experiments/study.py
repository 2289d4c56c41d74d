"""The perceptual study "real or fake": which picture is shown when, and what the
answers say with which certainty.

After the paper's section 3.4: each picture is seen for one second, ten practice trials with the answer
shown, then forty without. Everything here is a function of its arguments; `docs/study.md` tells what
such a study does not control for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from pix2pix.seeding import seed_of

Z_95 = 1.959963984540054
"""Standard normal deviations that leave 2.5 % on each side."""


@dataclass(frozen=True)
class Protocol:
    """How many trials a session has, and how long its parts take, in milliseconds."""

    practice: int = 10
    trials: int = 40
    shown_ms: int = 1000
    pause_ms: int = 700
    feedback_ms: int = 1500
    tolerance_ms: int = 100
    """An exposure further from `shown_ms`, as of a page that was in the background, is not counted."""


@dataclass(frozen=True)
class Trial:
    """One picture: the scene, and which of the study's models made it; None where it is the real one."""

    scene: str
    model: int | None

    @property
    def is_fake(self) -> bool:
        """A model made it."""
        return self.model is not None


def plan_trials(seed: int, scenes: Sequence[str], *, models: int, protocol: Protocol) -> tuple[Trial, ...]:
    """The practice trials and those that count, as many real as fake in each, the fakes
    in equal parts from each model.

    No scene comes twice, real or fake, unless there are fewer scenes than trials; then each
    comes once before any comes again.
    """
    kinds = _kinds(seed_of(seed, "practice"), protocol.practice, models=models) + _kinds(
        seed_of(seed, "trials"), protocol.trials, models=models
    )
    return tuple(
        Trial(scene, model)
        for scene, model in zip(_deal(seed_of(seed, "scenes"), scenes, count=len(kinds)), kinds, strict=True)
    )


def _kinds(seed: int, count: int, *, models: int) -> list[int | None]:
    """Who made each picture, shuffled; what cannot be divided equally goes to
    the models that the seed says."""
    first = seed % models
    fakes: list[int | None] = [(first + place) % models for place in range(count - count // 2)]
    return _shuffled(seed, [None] * (count // 2) + fakes)


def _deal(seed: int, scenes: Sequence[str], *, count: int) -> list[str]:
    """Scenes in a random order, again and again until there are enough; the same one never twice in a row."""
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
    """A model of a study: a fingerprint of its file, which stays when the file is
    renamed, and what it was called."""

    sign: str
    title: str


@dataclass(frozen=True)
class Answer:
    """One answer: what was shown, whether it was taken for real, how long it was on the screen, and how long
    the answer took after that."""

    scene: str
    model: int | None
    real: bool
    shown_ms: float
    answer_ms: float


@dataclass(frozen=True)
class Record:
    """A session that somebody has gone through to its end: all answers but those of the practice."""

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
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Any) -> Record:
        """What `to_dict` gave; `ValueError` where it is anything else."""
        if not isinstance(told, dict):
            raise ValueError("no record")
        plain = dict(told)
        for name, kind in (("models", Maker), ("said", Answer)):
            plain[name] = tuple(_build(kind, row) for row in _rows(told.get(name)))
        plain["protocol"] = _build(Protocol, told.get("protocol"))
        record: Record = _build(cls, plain)
        if any(said.model is not None and not 0 <= said.model < len(record.models) for said in record.said):
            raise ValueError("an answer about a model that is not there")
        return record

    def fair(self) -> list[Answer]:
        """The answers to pictures that were seen as long as they should have been."""
        protocol = self.protocol
        return [said for said in self.said if abs(said.shown_ms - protocol.shown_ms) <= protocol.tolerance_ms]


def _rows(told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise ValueError("no list")
    return told


KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "int | None": (int, type(None)),
}
"""What a field of a record may hold, by its annotation."""


def _build(kind: type, told: Any) -> Any:
    """A dataclass of plain fields; `ValueError` where one is missing or of another type."""
    if not isinstance(told, Mapping):
        raise ValueError(f"no {kind.__name__}")
    values = {field.name: told.get(field.name) for field in fields(kind)}
    for field in fields(kind):
        value = values[field.name]
        allowed = KINDS.get(str(field.type))
        if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)):
            raise ValueError(f"{field.name} of a {kind.__name__} is {value!r}")
    return kind(**values)


@dataclass(frozen=True)
class Share:
    """So many of so many, with Wilson's 95 % interval."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """From 0 to 1; not a number where nothing was asked."""
        return self.count / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval: it stays within 0 and 1, and is right for few trials
        and for shares near the ends."""
        return wilson(self.count, self.total)


def wilson(count: int, total: int, *, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of a share; from 0 to 1 where nothing was asked."""
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
    """How much larger one share is than another: Newcombe's 95 % interval, and Fisher's exact two-sided p."""

    value: float
    low: float
    high: float
    p: float


def difference(first: Share, second: Share) -> Difference:
    """`first` minus `second`. The interval is made of the two Wilson intervals (Newcombe 1998, method 10)."""
    (low1, high1) = first.interval
    (low2, high2) = second.interval
    value = first.value - second.value
    low = value - math.hypot(first.value - low1, high2 - second.value)
    high = value + math.hypot(high1 - first.value, second.value - low2)
    return Difference(value, low, high, fisher(first, second))


def fisher(first: Share, second: Share) -> float:
    """How probable tables at least as uneven as this one are, were both shares the same."""
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
