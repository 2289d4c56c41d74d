"""The results of the studies as plain values for the page."""

from __future__ import annotations

import threading
from pathlib import Path

from pix2pix.experiments.study import Record, Share
from pix2pix.experiments.study_log import SavedSession, read_sessions
from pix2pix.experiments.study_results import Comparison, Row, compare, summarise, to_csv
from pix2pix.runtime.file_cache import FileSignature, signature_of
from pix2pix.ui.shared.answers import Answer

SURE = 0.05
"""Significance level: below it, a difference this large would be rare between equal models."""
Signature = tuple[FileSignature, ...]


class ResultsHandlers:
    """The results of all saved sessions, computed again when a file has changed."""

    def __init__(self, studies: Path) -> None:
        self.studies = studies
        self._lock = threading.Lock()
        self._known: tuple[Signature, Answer] | None = None

    def summary(self) -> Answer:
        """Returns the rows, the comparisons, and sentences about what was left out."""
        signature = _sign(self.studies)
        with self._lock:
            if self._known is None or self._known[0] != signature:
                self._known = signature, of_sessions(read_sessions(self.studies))
            return self._known[1]

    def to_csv(self) -> str:
        """Returns all answers of all sessions as CSV."""
        return to_csv(read_sessions(self.studies).records)


def _sign(studies: Path) -> Signature:
    return tuple(signature_of(path) for path in sorted(studies.glob("*.jsonl")))


def of_sessions(kept: SavedSession) -> Answer:
    """Returns the results of all these sessions."""
    rows = summarise(kept.records)
    notes = list(kept.problems)
    answers = [(record, answer) for record in kept.records for answer in record.said]
    unfair = sum(not record.was_shown(answer) for record, answer in answers)
    if unfair:
        notes.append(
            f"{_not_counted(unfair)}: the browser did not show the picture for the time that was due."
        )
    hasty = sum(record.was_shown(answer) and record.is_hasty(answer) for record, answer in answers)
    if hasty:
        notes.append(f"{_not_counted(hasty)}: faster than a person can answer.")
    return {
        "rows": [_row(row) for row in rows],
        "comparisons": [_comparison(found) for found in compare(kept.records)],
        "notes": notes,
    }


def _not_counted(count: int) -> str:
    return "1 answer is not counted" if count == 1 else f"{count:,} answers are not counted"


def of_record(record: Record) -> Answer:
    """Returns the result of one session, shown to the participant."""
    return of_sessions(SavedSession((record,), ()))


def _row(row: Row) -> Answer:
    return {
        "model": row.model.title,
        "data": row.data,
        "sessions": row.sessions,
        "fooled": _share(row.fooled),
        "trusted": _share(row.trusted),
    }


def _share(share: Share) -> Answer:
    """Returns a proportion as plain values; `value` is None where the total is 0, since JSON has no NaN."""
    low, high = share.interval
    return {
        "count": share.count,
        "total": share.total,
        "value": share.value if share.total else None,
        "low": low,
        "high": high,
    }


def _comparison(found: Comparison) -> Answer:
    names = [maker.title for maker in found.models]
    gap = found.difference
    return {
        "models": names,
        "data": found.data,
        "sessions": found.sessions,
        "difference": gap.value,
        "low": gap.low,
        "high": gap.high,
        "p": gap.p,
        "words": _sentence(found),
    }


def _sentence(found: Comparison) -> str:
    """Returns the difference as a sentence, the better model first."""
    gap = found.difference
    (first, second) = (maker.title for maker in found.models)
    low = gap.low
    high = gap.high
    if gap.value < 0:
        first, second, low, high = second, first, -gap.high, -gap.low
    points = (
        f"{abs(gap.value) * 100:.0f} points more often (95 % interval {low * 100:+.0f} to {high * 100:+.0f},"
        f" p = {_p(gap.p)})"
    )
    # With a handful of answers the interval is too sure of itself: Fisher's exact test has its say, too.
    if low > 0 and gap.p < SURE:
        return f"{first} was taken for real {points} than {second}."
    return f"{first} was taken for real {points} than {second}: these answers do not tell the two apart."


def _p(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else "below 0.001"
