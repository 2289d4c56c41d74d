"""Folders that tests look into."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
CASES = SHARED / "cases"
