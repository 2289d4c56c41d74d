"""The content of a run's directory at one moment, as values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pix2pix.config import TrainConfig

ALIVE = ("starting", "running", "stopping")
ENDED = ("finished", "stopped", "diverged", "failed", "died")


@dataclass(frozen=True)
class Snapshot:
    """The content of a run's directory at one moment. Missing files are empty values, since a run may
    have just begun."""

    name: str
    state: str
    """new, queued, starting, running, stopping, finished, stopped, diverged, failed, or died (the status says
    running, but nobody holds the lock)."""
    reason: str
    step: int
    steps: int
    seconds_per_step: float
    config: TrainConfig
    rows: list[dict[str, Any]]
    """The lines of metrics.jsonl: losses and `val_...` metrics by step."""
    samples: list[tuple[int, Path]]
    model: Path | None
    best: Path | None
    can_resume: bool
    log: str
    """The last lines of log.txt."""
    notice: str = ""
    """What the trainer changed by itself, such as a smaller batch where memory ran out."""
    trained: float = 0.0
    """Seconds of training in all."""
    mean_seconds_per_step: float = 0.0
    """Long mean with validations and saves; 0 where it is not known."""
    data_share: float = 0.0
    """Share of the time that goes into waiting for pictures."""
    train_size: int | None = None
    """Examples of an epoch; None where an older version has trained."""
    val_size: int | None = None
    """Examples held back to validate on; 0 where training examples were shown instead."""

    @property
    def seconds_left(self) -> float:
        """Seconds to the last step, by the long mean of the speed: the present one changes with every row."""
        return max(0, self.steps - self.step) * (self.mean_seconds_per_step or self.seconds_per_step)

    def headline(self) -> str:
        """Returns state, steps and the last validation in one line."""
        shown = ("val_l1", "val_ssim", "val_cycle_l1")
        rows = (row for row in reversed(self.rows) if any(name in row for name in shown))
        newest: dict[str, Any] = next(rows, {})
        measured = [f"{name.removeprefix('val_')} {newest[name]:.3g}" for name in shown if name in newest]
        return ", ".join([self.state, f"step {self.step:,} of {self.steps:,}", *measured])

    @property
    def is_alive(self) -> bool:
        """Whether it is being trained now."""
        return self.state in ALIVE
