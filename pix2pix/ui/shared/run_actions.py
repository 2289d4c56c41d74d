"""What a visitor can do to training runs. Each act checks names and rights itself: anybody
can send anything to a page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.config import TrainConfig
from pix2pix.data.intake.uploads import allowed_folders, is_allowed
from pix2pix.errors import ConfigError, RunError, is_utf8
from pix2pix.runs import jobs
from pix2pix.runs import queue as run_queue
from pix2pix.runs.requirements import check_disk, fit_memory
from pix2pix.runs.run import ALIVE, Run, Snapshot, find_runs
from pix2pix.runtime.files import write_atomically
from pix2pix.ui.shared.messages import capital
from pix2pix.ui.shared.model_library import Model, ModelLibrary
from pix2pix.ui.shared.permissions import Rights, read_rights

LONGEST_NAME = 60
NAME = re.compile(rf"\w(?:[\w .-]{{0,{LONGEST_NAME - 2}}}[\w-])?")
"""Letters, digits, space, dot, dash: no slash, no dot or space at an end, so no way out of a folder."""
MOST_STEPS = 100_000_000


@dataclass(frozen=True)
class RunActions:
    """Where runs and models lie, and who may do what. `visitor` is the name of
    whoever signed in, else empty."""

    runs: Path
    checkpoints: Path
    rights: Rights
    uploads: Path
    allowed: tuple[Path, ...] = ()
    """Folders on the server whose pictures a visitor may name."""

    def visible(self, visitor: str) -> list[Run]:
        """The runs that a visitor sees and steers, the newest first."""
        # A name that is not UTF-8 cannot be sent to a browser; the list of models names its files.
        return [
            run
            for run in find_runs(self.runs)
            if is_utf8(run.name) and self.rights.may_see(visitor, run.owner)
        ]

    def find(self, visitor: str, name: str | None) -> Run | None:
        """The run of that name, looked up among those that the visitor sees."""
        return next((run for run in self.visible(visitor) if run.name == name), None)

    def run(self, visitor: str, name: str | None) -> Run:
        """As `find`; `RunError` where there is none."""
        run = self.find(visitor, name)
        if run is None:
            raise RunError(f"the run {str(name)[:100]!r} is not there (any more). Choose another one.")
        return run

    def may_use(self, data: str) -> bool:
        """The pictures there may be looked at by visitors."""
        return bool(data) and is_allowed(data, self.uploads, allowed=self.allowed)

    def data_in_use(self) -> list[str]:
        """The folders that runs learn from, also those of others."""
        return [run.config().data for run in find_runs(self.runs)]

    def hidden(self, visitor: str) -> set[str]:
        """Names of the runs that a visitor does not see."""
        seen = {run.name for run in self.visible(visitor)}
        return {run.name for run in find_runs(self.runs)} - seen

    def start_from(self, visitor: str, library: ModelLibrary, key: str) -> Model:
        """The model to go on from; `Pix2PixError` where it is not there, or belongs to somebody else."""
        model = library.model(key)
        if model.is_run:
            self.run(visitor, model.path.parent.name)
        return model

    def start(self, visitor: str, name: str | None, config: TrainConfig) -> tuple[str, str]:
        """Makes the run and starts its trainer in the background, or lets it wait.
        Its name, and what was done."""
        self.rights.check_train(visitor)
        if not config.data:
            raise ConfigError("there is nothing to train on yet: bring pairs, or name a folder of them.")
        if not self.may_use(config.data):
            raise ConfigError("these pictures lie where this page may not look. Bring them by dropping them.")
        name = check_name(name) if name and name.strip() else ""
        config, lowered = fit_memory(config)
        check_disk(config, self.runs)
        run = jobs.start(
            self.runs, name, config=config, owner=visitor, minutes=self.rights.minutes_for(visitor)
        )
        if lowered:
            run.write_status(notice=lowered)
        return run.name, " ".join(filter(None, [_begun(run), capital(lowered)]))

    def stop(self, visitor: str, name: str | None) -> str:
        """Asks the trainer to finish its step and save."""
        run = self.run(visitor, name)
        if run.state() not in ALIVE:
            return f"{run.name} is not training."
        run.request_stop()
        return f"{run.name} finishes its step, saves and stops."

    def leave(self, visitor: str, name: str | None) -> str:
        """Takes a run out of the queue."""
        return run_queue.leave(self.run(visitor, name))

    def resume(self, visitor: str, name: str | None, more: float = 0) -> str:
        """Goes on with a run, `more` steps beyond those that were planned."""
        self.rights.check_train(visitor)
        run = self.run(visitor, name)
        wanted = _check_steps(run.snapshot(), more)
        check_disk(run.config(), self.runs)
        jobs.resume(run.path, wanted)
        return _begun(run) if run.state() == run_queue.QUEUED else f"{run.name} goes on to step {wanted:,}."

    def sample_now(self, visitor: str, name: str | None) -> str:
        """Asks for a sample grid out of turn."""
        run = self.run(visitor, name)
        if run.state() not in ALIVE:
            raise RunError(f"{run.name} is not training, so there is nothing new to see.")
        run.request_sample()
        return "A sample grid comes after this step."

    def keep(self, visitor: str, name: str | None, model: str | None) -> str:
        """Copies the newest model to the folder of checkpoints, under a name that is free."""
        run = self.run(visitor, name)
        self.rights.check_train(visitor)
        if not run.model_path.exists():
            raise RunError(f"{run.name} has saved no model yet. Wait for its first save.")
        kept = check_name(model if model and model.strip() else run.name, "a model")
        target = self.checkpoints / f"{kept}.pth"
        if target.exists():
            raise RunError(f"{target.name} is there already. Choose another name for the model.")
        load_checkpoint(run.model_path)
        with run.model_path.open("rb") as model_file:
            write_atomically(target, lambda file: shutil.copyfileobj(model_file, file, 1 << 20))
        return f"Kept as {target.name}."

    def remove(self, visitor: str, name: str | None) -> str:
        """Deletes a run for good."""
        run = self.run(visitor, name)
        jobs.remove(run.path)
        return f"{run.name} is deleted."


def open_run_actions(library: ModelLibrary) -> RunActions:
    """The desk over a shelf's folders, with the rights that the environment gives."""
    return RunActions(
        library.runs, library.checkpoints, read_rights(), library.runs.parent / "uploads", allowed_folders()
    )


def _begun(run: Run) -> str:
    place, length = run_queue.place_of(run)
    if place:
        return f"{run.name} waits for its turn: place {place} of {length}."
    return f"{run.name} is training."


def check_name(name: str, kind: str = "a run") -> str:
    """The name without spaces around it; `ConfigError` where it would not do for a file or folder."""
    name = name.strip()
    if not NAME.fullmatch(name) or ".." in name:
        raise ConfigError(
            f"{name[:100]!r} is no name for {kind}: take letters, digits, spaces, dots and dashes, at most "
            f"{LONGEST_NAME},"
            " and begin and end with a letter or a digit."
        )
    return name


def pick_run(found: Sequence[Run], name: str | None) -> Run | None:
    """The run to show: the one asked for, else one that is training, else the newest."""
    wanted = next((run for run in found if run.name == name), None)
    return wanted or next((run for run in found if run.state() in ALIVE), None) or next(iter(found), None)


def _check_steps(snapshot: Snapshot, more: float | None) -> int:
    wanted = snapshot.steps + (more or 0)
    if not snapshot.step < wanted <= MOST_STEPS:
        raise ConfigError(
            f"{snapshot.name} has made {snapshot.step:,} steps; ask for more of them, at most {MOST_STEPS:,}."
        )
    return int(wanted)
