"""How work that takes a while is followed."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with what is done and what there is to do: pictures, bytes or steps."""
