"""What a training run is judged by: its curves, its settings, and how many examples it has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from pix2pix.config import TrainConfig
from pix2pix.methods import method_of
from pix2pix.methods.base import Criterion
from pix2pix.runs.snapshot import Snapshot

Row = dict[str, Any]
Points = list[tuple[int, float]]

FEWEST = 6
"""Points that a curve needs before anything is said of it."""
FALLEN = 0.98
"""Share of a loss at first below which it counts as fallen."""


@dataclass(frozen=True)
class Evidence:
    """What a run is judged by: its rows, its settings, and how many examples it has."""

    rows: Sequence[Row]
    config: TrainConfig
    """With the steps to which the run was extended."""
    state: str = "running"
    train_size: int | None = None
    val_size: int | None = None
    """None where it is not known; 0 where training examples are validated on."""
    data_share: float = 0.0
    """Share of the time that goes into waiting for pictures, where the run is training."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> Evidence:
        """Returns the evidence of a run."""
        return cls(
            snapshot.rows,
            replace(snapshot.config, steps=max(1, snapshot.steps)),
            snapshot.state,
            snapshot.train_size,
            snapshot.val_size,
            snapshot.data_share if snapshot.is_alive else 0.0,
        )

    def curve(self, column: str) -> Points:
        """Returns (step, value) of a column, finite values only."""
        return points(self.rows, column)

    @property
    def share(self) -> float:
        """Returns the share of the run that its rows cover, 0 to 1."""
        return self.rows[-1]["step"] / self.config.steps if self.rows else 0.0

    def window(self, series: Points, share: float) -> list[float]:
        """Returns the values of the last `share` of the run; empty while there are fewer than `FEWEST`."""
        steps = share * self.config.steps
        if not series or series[-1][0] < steps:
            return []
        values = [value for step, value in series if step > series[-1][0] - steps]
        return values if len(values) >= FEWEST else []

    def window_words(self, share: float) -> str:
        """Returns `225 steps, 15% of the run`."""
        return f"{round(share * self.config.steps):,} steps, {share:.0%} of the run"

    @property
    def content(self) -> Points:
        """Returns the curve of the loss that keeps the content: L1 or, without pairs, the mean of the
        cycles."""
        l1 = self.curve("g_l1")
        if l1:
            return l1
        sides = [dict(self.curve(f"cycle_{side}")) for side in ("a", "b")]
        steps = dict.fromkeys(step for side in sides for step in side)
        return [(step, fmean(side[step] for side in sides if step in side)) for step in steps]

    @property
    def content_name(self) -> str:
        """Returns the name of that loss in a sentence."""
        return "L1" if self.curve("g_l1") or self.config.method == "pix2pix" else "the cycle loss"

    @property
    def first_and_now(self) -> tuple[float, float] | None:
        """Returns the means of the first and of the last third of that curve; None while it is too short."""
        values = [value for _, value in self.content]
        if len(values) < FEWEST:
            return None
        third = len(values) // 3
        return fmean(values[:third]), fmean(values[-third:])

    @property
    def has_fallen(self) -> bool:
        """Whether that loss is clearly lower than at first."""
        found = self.first_and_now
        return found is not None and found[1] < FALLEN * found[0]

    @property
    def criterion(self) -> Criterion:
        """Returns the metric that its best model is chosen by."""
        return method_of(self.config).criterion_of(self.config)

    @property
    def noun(self) -> str:
        """Returns what its examples are."""
        return "pair" if self.config.method == "pix2pix" else "picture"


def points(rows: Sequence[Row], column: str) -> Points:
    """Returns (step, value) of a column, finite values only."""
    pairs = ((row["step"], row.get(column)) for row in rows)
    return [
        (step, float(value))
        for step, value in pairs
        if isinstance(value, (int, float)) and math.isfinite(value)
    ]
