"""The docs name what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from paths import ROOT

from pix2pix.cli.settings_table import settings_page

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# A path in backticks starts with a folder or file of the repository; `runs/...` and
# the like are made at run time.
PATH = re.compile(
    r"`((?:pix2pix|tests|docs|benchmarks|examples|checkpoints|\.ci)/[\w./-]*|[\w.-]+\.(?:toml|txt|py|md))`"
)
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
MADE_AT_RUN_TIME = {"log.txt"}


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_paths_named_in_the_docs_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [
        name for name in PATH.findall(text) if name not in MADE_AT_RUN_TIME and not (ROOT / name).exists()
    ]
    missing += [name for name in LINK.findall(text) if not (page.parent / name).exists()]
    assert missing == []


def test_the_page_of_settings_is_what_the_settings_say() -> None:
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == settings_page(), "run `make docs`"


def test_pages_keep_to_their_length() -> None:
    limits = {"docs/architecture.md": 150, "CONTRIBUTING.md": 60}
    limits |= {label(page): 40 for page in (ROOT / "docs" / "decisions").glob("*.md")}
    too_long = {
        name
        for name, limit in limits.items()
        if (ROOT / name).read_text(encoding="utf-8").count("\n") > limit
    }
    assert too_long == set()


def test_decisions_say_context_decision_and_consequences() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert all(f"## {part}" in text for part in ("Context", "Decision", "Consequences")), page.name
