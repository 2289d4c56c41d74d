"""The queue of runs that wait for the machine. There is no other file: each run's status states since
when it waits."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from pix2pix.errors import RunError
from pix2pix.runs.run import Run, find_runs

LONGEST_QUEUE = 20
QUEUED = "queued"


def waiting(folder: str | Path) -> list[Run]:
    """Returns the runs that wait, the next one first."""
    since = {run: status for run in find_runs(folder) if (status := run.read_status()).get("state") == QUEUED}
    return sorted(since, key=lambda run: (float(since[run].get("queued", 0)), run.name))


def place_of(run: Run) -> tuple[int, int]:
    """Returns the place in the queue, from 1, and its length; place 0 where the run does not wait."""
    names = [other.name for other in waiting(run.path.parent)]
    return (names.index(run.name) + 1 if run.name in names else 0), len(names)


def join(run: Run) -> None:
    """Puts a run at the end of the queue; its earlier status is kept for when it leaves."""
    before = str(run.read_status().get("state", "new"))
    run.set_status_aside()
    run.write_status(state=QUEUED, queued=time.time(), before=before)


def refuse_if_full(folder: Path) -> None:
    """Raises `RunError` where the queue is full."""
    length = len(waiting(folder))
    if length >= LONGEST_QUEUE:
        raise RunError(
            f"{length} runs are waiting for this machine already, and no more can. Come back later."
        )


def leave(run: Run) -> str:
    """Takes a run out of the queue and returns a sentence; one that never trained is deleted, another gets
    its old status."""
    status = run.read_status()
    if status.get("state") != QUEUED:
        raise RunError(f"{run.name} does not wait (any more).")
    if status.get("before", "new") == "new":
        shutil.rmtree(run.path)
        return f"{run.name} has left the queue."
    if not run.put_status_back():
        run.write_status(state=status["before"])
    return f"{run.name} has left the queue; its last state is kept."
