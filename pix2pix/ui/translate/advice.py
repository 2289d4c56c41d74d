"""Sentences beside a result, as HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


def to_notes(sentences: Iterable[str]) -> str:
    """Returns sentences of advice as HTML, "" where there are none."""
    return "".join(f'<p class="advice">{escape(sentence)}</p>' for sentence in sentences)


def to_alert(sentence: str) -> str:
    """Returns a sentence about an error as HTML."""
    return f'<p class="advice bad" role="alert">{escape(sentence)}</p>'
