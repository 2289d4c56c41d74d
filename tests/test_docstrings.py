"""Docstrings begin with a verb, and use the field's words."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from paths import ROOT

SOURCES = sorted((ROOT / "pix2pix").rglob("*.py"))
VERB = re.compile(r"[A-Z][a-z]*s\b|Whether\b")
"""`Returns`, `Writes`, `Raises`; of a claim `Whether`."""
PRIVATE_WORDS = re.compile(
    r"\b(told|desk|shelf|verdicts?|sittings?|strangers?|borrow\w*|artists?|brought|judges?)\b", re.IGNORECASE
)


@cache
def documented(path: Path) -> Sequence[tuple[ast.AST, str]]:
    """Returns each documented module, class and function with its docstring."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node, text) for node in nodes if isinstance(node, kinds) and (text := ast.get_docstring(node))]


def is_property(node: ast.AST) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in getattr(node, "decorator_list", ()))


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def test_docstrings_of_functions_begin_with_a_verb() -> None:
    found = [
        f"{place(path, node)} {text.splitlines()[0]}"
        for path in SOURCES
        for node, text in documented(path)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and not is_property(node)
        and not VERB.match(text)
    ]
    assert not found, "begin these with a verb (Returns ..., Writes ..., Whether ...):\n" + "\n".join(found)


def test_docstrings_need_no_private_vocabulary() -> None:
    found = [
        f"{place(path, node)} {word[0]!r}"
        for path in SOURCES
        for node, text in documented(path)
        if (word := PRIVATE_WORDS.search(text))
    ]
    assert not found, "say these in the field's words:\n" + "\n".join(found)
