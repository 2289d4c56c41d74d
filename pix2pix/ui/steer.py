"""What a visitor can do to training runs: start, stop, go on. Names are checked: anybody can send anything to a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pix2pix import jobs
from pix2pix.config import TrainConfig
from pix2pix.errors import ConfigError, RunError
from pix2pix.runs import Run, Snapshot, find_runs

LONGEST_NAME = 60
NAME = re.compile(rf"\w(?:[\w .-]{{0,{LONGEST_NAME - 2}}}[\w-])?")
"""Letters, digits, space, dot, dash: no slash, no dot or space at an end, so no way out of the folder of runs."""
MOST_STEPS = 100_000_000


def start_run(runs: Path, name: str | None, config: TrainConfig) -> str:
    """Makes the run and starts its trainer in the background; the run's name. Without a name it takes that of the data."""
    if not config.data:
        raise ConfigError("there is nothing to train on yet: name a folder of pairs.")
    name = check_name(name) if name and name.strip() else free_name(runs, config.data)
    jobs.start(runs / name, config)
    return name


def check_name(name: str) -> str:
    """The name without spaces around it; `ConfigError` where it would not do for a folder."""
    name = name.strip()
    if not NAME.fullmatch(name) or ".." in name:
        raise ConfigError(
            f"{name[:100]!r} is no name for a run: take letters, digits, spaces, dots and dashes, at most {LONGEST_NAME},"
            " and begin and end with a letter or a digit."
        )
    return name


def free_name(runs: Path, data: str) -> str:
    """`facades`, or `facades-2` where that is taken."""
    plain = re.sub(r"[^\w-]+", "-", Path(data).resolve().name).strip("-_")[: LONGEST_NAME - 10] or "run"
    names = [plain, *(f"{plain}-{number}" for number in range(2, 10_000))]
    return next(name for name in names if not (runs / name).exists())


def find_run(runs: Path, name: str | None) -> Run | None:
    """The run of that name, looked up among those that exist."""
    return next((run for run in find_runs(runs) if run.name == name), None)


def pick_run(found: Sequence[Run], name: str | None) -> Run | None:
    """The run to show: the one asked for, else one that is training, else the newest."""
    wanted = next((run for run in found if run.name == name), None)
    return wanted or next((run for run in found if run.is_held()), None) or next(iter(found), None)


def stop_run(runs: Path, name: str | None) -> str:
    """Asks the trainer to finish its step and save. Says what was done."""
    run = _existing(runs, name)
    if not run.snapshot().is_alive:
        return f"{run.name} is not training."
    run.request_stop()
    return f"{run.name} finishes its step, saves and stops."


def resume_run(runs: Path, name: str | None, steps: float | None) -> str:
    """Goes on with a run, to `steps` steps in all. Says what was done."""
    run = _existing(runs, name)
    snapshot = run.snapshot()
    wanted = _check_steps(snapshot, steps)
    jobs.resume(run.path, wanted if wanted != snapshot.steps else None)
    return f"{run.name} goes on to step {wanted:,}."


def _existing(runs: Path, name: str | None) -> Run:
    run = find_run(runs, name)
    if run is None:
        raise RunError(f"the run {str(name)[:100]!r} is not there (any more). Choose another one.")
    return run


def _check_steps(snapshot: Snapshot, steps: float | None) -> int:
    wanted = snapshot.steps if steps is None else steps
    if not snapshot.step < wanted <= MOST_STEPS:
        raise ConfigError(f"{snapshot.name} has made {snapshot.step:,} steps; ask for more of them, at most {MOST_STEPS:,}.")
    return int(wanted)
