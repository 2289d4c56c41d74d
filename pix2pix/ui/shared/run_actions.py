"""The actions of visitors on training runs. Each checks names and rights itself, because a visitor can
send any text."""

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
from pix2pix.runtime.paths import is_device_name
from pix2pix.ui.shared.messages import capital
from pix2pix.ui.shared.model_library import Model, ModelLibrary
from pix2pix.ui.shared.own_examples import copy_examples
from pix2pix.ui.shared.permissions import Rights, read_rights

LONGEST_NAME = 60
NAME = re.compile(rf"\w(?:[\w .-]{{0,{LONGEST_NAME - 2}}}[\w-])?")
"""Letters, digits, spaces, dots, dashes; no slash, no dot or space at an end: it cannot
name another folder."""
MOST_STEPS = 100_000_000


@dataclass(frozen=True)
class RunActions:
    """The folders of runs and models, and the rights of visitors. `visitor` is the name of whoever signed
    in, else ""."""

    runs: Path
    checkpoints: Path
    rights: Rights
    uploads: Path
    allowed: tuple[Path, ...] = ()
    """Folders on the server whose pictures a visitor may name."""

    def visible(self, visitor: str) -> list[Run]:
        """Returns the runs that the visitor may see and control, the newest first."""
        # A name that is not UTF-8 cannot be sent to a browser; the list of models names its files.
        return [
            run
            for run in find_runs(self.runs)
            if is_utf8(run.name) and self.rights.may_see(visitor, run.owner)
        ]

    def find(self, visitor: str, name: str | None) -> Run | None:
        """Returns the run of that name among those that the visitor may see; None where there is none."""
        return next((run for run in self.visible(visitor) if run.name == name), None)

    def run(self, visitor: str, name: str | None) -> Run:
        """Returns the run of that name. Raises `RunError` where the visitor sees no such run."""
        run = self.find(visitor, name)
        if run is None:
            raise RunError(f"the run {str(name)[:100]!r} is not there (any more). Choose another one.")
        return run

    def may_use(self, data: str) -> bool:
        """Whether visitors may look at the pictures in the folder `data`."""
        return bool(data) and is_allowed(data, self.uploads, allowed=self.allowed)

    def data_in_use(self) -> list[str]:
        """Returns the data folders of all runs, whoever started them."""
        configs = [run.config() for run in find_runs(self.runs)]
        return [folder for config in configs for folder in (config.data, config.data_b) if folder]

    def hidden(self, visitor: str) -> set[str]:
        """Returns the names of the runs that the visitor may not see."""
        visible = {run.name for run in self.visible(visitor)}
        return {run.name for run in find_runs(self.runs)} - visible

    def start_from(self, visitor: str, library: ModelLibrary, key: str) -> Model:
        """Returns the model to start from. Raises `Pix2PixError` where it does not exist or belongs
        to another visitor."""
        model = library.model(key)
        if model.is_run:
            self.run(visitor, model.path.parent.name)
        return model

    def start(self, visitor: str, name: str | None, config: TrainConfig) -> tuple[str, str]:
        """Creates a run and starts or queues its trainer; returns the run's name and a sentence for the page.

        Raises a `Pix2PixError` where the visitor may not train, where settings, data or name are not usable,
        or where memory or disk do not suffice.
        """
        self.rights.check_train(visitor)
        if not config.data:
            raise ConfigError("there is nothing to train on yet: bring pairs, or name a folder of them.")
        if not all(self.may_use(folder) for folder in (config.data, config.data_b) if folder):
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
        """Asks the trainer to finish its step, save and stop; returns a sentence."""
        run = self.run(visitor, name)
        if run.state() not in ALIVE:
            return f"{run.name} is not training."
        run.request_stop()
        return f"{run.name} finishes its step, saves and stops."

    def leave(self, visitor: str, name: str | None) -> str:
        """Takes the run out of the queue; returns a sentence."""
        return run_queue.leave(self.run(visitor, name))

    def resume(self, visitor: str, name: str | None, more: float = 0) -> str:
        """Resumes the run, for `more` steps beyond those that were planned; returns a sentence."""
        self.rights.check_train(visitor)
        run = self.run(visitor, name)
        wanted = _check_steps(run.snapshot(), more)
        check_disk(run.config(), self.runs)
        jobs.resume(run.path, wanted)
        return _begun(run) if run.state() == run_queue.QUEUED else f"{run.name} goes on to step {wanted:,}."

    def sample_now(self, visitor: str, name: str | None) -> str:
        """Asks the trainer for a sample grid after its current step. Raises `RunError` where the run
        is not training."""
        run = self.run(visitor, name)
        if run.state() not in ALIVE:
            raise RunError(f"{run.name} is not training, so there is nothing new to see.")
        run.request_sample()
        return "A sample grid comes after this step."

    def keep(self, visitor: str, name: str | None, model: str | None) -> str:
        """Copies the newest model into `checkpoints/` as `model` (default: the run's name), and those beside
        it under its name and theirs; returns a sentence.

        Raises `RunError` where the run has saved no model or a name is taken. Nothing is overwritten.
        """
        run = self.run(visitor, name)
        self.rights.check_train(visitor)
        if not run.model_path.exists():
            raise RunError(f"{run.name} has saved no model yet. Wait for its first save.")
        kept = check_name(model if model and model.strip() else run.name, "a model")
        targets = {
            path: self.checkpoints / f"{kept}{path.stem.removeprefix(run.model_path.stem)}.pth"
            for path in run.models()
        }
        taken = next((target for target in targets.values() if target.exists()), None)
        if taken:
            raise RunError(f"{taken.name} is there already. Choose another name for the model.")
        for path in targets:
            load_checkpoint(path)
        for path, target in targets.items():
            copy_examples(path, target)
            with path.open("rb") as model_file:
                write_atomically(target, lambda file: shutil.copyfileobj(model_file, file, 1 << 20))  # noqa: B023
        return f"Kept as {' and '.join(target.name for target in targets.values())}."

    def remove(self, visitor: str, name: str | None) -> str:
        """Deletes the run with all its files; returns a sentence."""
        run = self.run(visitor, name)
        jobs.remove(run.path)
        return f"{run.name} is deleted."


def open_run_actions(library: ModelLibrary) -> RunActions:
    """Returns the actions over the folders of a library, with the rights that the environment sets."""
    return RunActions(
        library.runs, library.checkpoints, read_rights(), library.runs.parent / "uploads", allowed_folders()
    )


def _begun(run: Run) -> str:
    place, length = run_queue.place_of(run)
    if place:
        return f"{run.name} waits for its turn: place {place} of {length}."
    return f"{run.name} is training."


def check_name(name: str, kind: str = "a run") -> str:
    """Returns the name stripped of spaces. Raises `ConfigError` where it cannot name a file or folder."""
    name = name.strip()
    if not NAME.fullmatch(name) or ".." in name:
        raise ConfigError(
            f"{name[:100]!r} is no name for {kind}: take letters, digits, spaces, dots and dashes, at most "
            f"{LONGEST_NAME},"
            " and begin and end with a letter or a digit."
        )
    if is_device_name(name):
        raise ConfigError(f"{name!r} is what Windows calls a device: take another name for {kind}.")
    return name


def pick_run(found: Sequence[Run], name: str | None) -> Run | None:
    """Returns the run to show: the one named, else one that is training, else the newest; None where
    there is none."""
    wanted = next((run for run in found if run.name == name), None)
    return wanted or next((run for run in found if run.state() in ALIVE), None) or next(iter(found), None)


def _check_steps(snapshot: Snapshot, more: float | None) -> int:
    wanted = snapshot.steps + (more or 0)
    if not snapshot.step < wanted <= MOST_STEPS:
        raise ConfigError(
            f"{snapshot.name} has made {snapshot.step:,} steps; ask for more of them, at most {MOST_STEPS:,}."
        )
    return int(wanted)
