"""Results of all sessions of a study: one row for each model, and the difference of models in
the same sessions."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from pix2pix.experiments.study import Difference, Maker, Record, Share, difference


@dataclass(frozen=True)
class Row:
    """The results of one model on one data set."""

    model: Maker
    data: str
    sessions: int
    fooled: Share
    """Its fakes that were taken for real."""
    trusted: Share
    """The real pictures of the same sessions that were taken for real, as a baseline for `fooled`."""
    left_out: int
    """Answers about its fakes that are not counted, because the picture was not shown for
    the intended time."""


@dataclass(frozen=True)
class Comparison:
    """The difference of two models that were shown mixed, in the same sessions."""

    models: tuple[Maker, Maker]
    data: str
    sessions: int
    shares: tuple[Share, Share]
    difference: Difference


def summarise(records: Sequence[Record]) -> tuple[Row, ...]:
    """Returns a row for each model and data set, in the order in which they were first studied."""
    keys = dict.fromkeys((record.data, maker.sign) for record in records for maker in record.models)
    return tuple(
        _row(data, sign, records=[record for record in records if record.data == data and _has(record, sign)])
        for data, sign in keys
    )


def _row(data: str, sign: str, *, records: Sequence[Record]) -> Row:
    asked = sum(
        answer.model is not None and record.models[answer.model].sign == sign
        for record in records
        for answer in record.said
    )
    fooled = share_of(records, sign)
    return Row(
        _newest(records, sign), data, len(records), fooled, share_of(records, None), asked - fooled.total
    )


def compare(records: Sequence[Record]) -> tuple[Comparison, ...]:
    """Returns a comparison of each two models that appear in the same sessions, counting
    those sessions alone."""
    pairs = dict.fromkeys(
        (record.data, *two)
        for record in records
        for two in combinations(sorted(m.sign for m in record.models), 2)
    )
    return tuple(found for data, a, b in pairs if (found := _compare(data, a, b=b, records=records)))


def _compare(data: str, a: str, *, b: str, records: Sequence[Record]) -> Comparison | None:
    common = [record for record in records if record.data == data and _has(record, a) and _has(record, b)]
    shares = share_of(common, a), share_of(common, b)
    if not all(share.total for share in shares):
        return None
    makers = _newest(common, a), _newest(common, b)
    return Comparison(makers, data, len(common), shares, difference(*shares))


def share_of(records: Iterable[Record], sign: str | None) -> Share:
    """Returns the share of a model's pictures (real ones if `sign` is None) that were taken for real.

    Only answers to pictures that were shown for the intended time are counted.
    """
    answers = [
        answer.real
        for record in records
        for answer in record.fair()
        if (record.models[answer.model].sign if answer.model is not None else None) == sign
    ]
    return Share(sum(answers), len(answers))


def _has(record: Record, sign: str) -> bool:
    return any(maker.sign == sign for maker in record.models)


def _newest(records: Sequence[Record], sign: str) -> Maker:
    """Returns the model under its most recent title."""
    return next(maker for record in reversed(records) for maker in record.models if maker.sign == sign)


COLUMNS = (
    "session",
    "date",
    "data",
    "split",
    "size",
    "trial",
    "scene",
    "model",
    "taken_for_real",
    "shown_ms",
    "answer_ms",
    "counted",
)


def to_csv(records: Iterable[Record]) -> str:
    """Returns all answers as CSV, one line each below the names of the columns.

    `model` is empty for a real picture; `taken_for_real` and `counted` are 0 or 1.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        fair = {id(answer) for answer in record.fair()}
        for trial, answer in enumerate(record.said, 1):
            model = "" if answer.model is None else record.models[answer.model].title
            seen = [answer.shown_ms, answer.answer_ms, int(id(answer) in fair)]
            names = [trial, _as_text(answer.scene), _as_text(model), int(answer.real)]
            about = [record.session, record.date, _as_text(record.data), _as_text(record.split), record.size]
            writer.writerow([*about, *names, *seen])
    return text.getvalue()


def _as_text(word: str) -> str:
    """Returns a name that a spreadsheet does not take for a formula."""
    return f"'{word}" if word[:1] in ("=", "+", "-", "@") else word
