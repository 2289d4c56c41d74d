"""A training run as a directory, from which a page, a terminal or another machine reads its state.

config.json     TrainConfig, written first, never changed
status.json     state, step, time; replaced as a whole, also the heartbeat
metrics.jsonl   one object a line, append only
samples/        sample grids of the same validation pairs each time
examples/       a few validation sources, to try the models on
state.pt        all that is needed to resume
model.pth       newest model
best.pth        best model
log.txt         notes; from the page, all that is printed
stop            an empty file: finish the step, save, stop
sample          an empty file: make a sample grid after the step
owner           who started it, where people sign in
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import torch
from filelock import Timeout

from pix2pix.checkpoints.checkpoint import Checkpoint, read_tensors, save_checkpoint
from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.errors import CheckpointError, ConfigError, RunError, naming
from pix2pix.runs.run_folder import RunFolder
from pix2pix.runs.saved_state import check_state
from pix2pix.runs.snapshot import ALIVE as ALIVE
from pix2pix.runs.snapshot import ENDED as ENDED
from pix2pix.runs.snapshot import Snapshot as Snapshot
from pix2pix.runtime import torch_save
from pix2pix.runtime.background import BackgroundWriter
from pix2pix.runtime.files import (
    all_or_nothing,
    is_empty_folder,
    link_atomically,
    utf8_name,
    write_atomically,
    write_image,
    write_text,
)
from pix2pix.runtime.locks import hold, is_free, way_out
from pix2pix.runtime.paths import quoted
from pix2pix.training.events import (
    Evaluated,
    Event,
    Finished,
    LeftOut,
    Noted,
    Progress,
    Recovered,
    Sampled,
    Saved,
    Stepped,
)

T = TypeVar("T")

STARTING = 120
"""Seconds that a trainer may take on a busy machine to import torch and take the lock."""
SILENT = 30
"""Seconds without a heartbeat after which a trainer counts as gone, where the lock cannot be checked."""


class Run(RunFolder):
    """One run directory: `Run.create` makes it, `record` writes events, `snapshot` reads it from anywhere."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._next_sign = 0.0
        self._writer = BackgroundWriter()
        self._best_models: Mapping[str, Checkpoint] = {}
        """The models in the files of the best ones, where this object wrote them."""
        self._state_step: int | None = None
        """The step of the state that was written last, by whichever thread."""
        self._reported_step: int | None = None
        """What the status says of it."""

    def __repr__(self) -> str:
        try:
            return f"<Run {str(self.path)!r}: {self.snapshot().headline()}>"
        except RunError:
            return f"<Run {str(self.path)!r}: nothing that can be read>"

    @classmethod
    def create(cls, path: str | Path, config: TrainConfig) -> Run:
        """Creates a run with its settings. Raises `RunError` where there is one."""
        run = cls(path)
        if run.config_path.exists():
            raise RunError(
                f"{run.path} already holds a run. Choose another name, or go on with that run: resume it."
            )
        if run.path.exists() and not is_empty_folder(run.path):
            raise RunError(f"{run.path} exists and is no run of ours. Choose another name for the run.")
        with all_or_nothing(run.path):
            run.make_folders()
            write_text(run.config_path, json.dumps(config.to_dict(), indent=2) + "\n")
            run.write_status(state="new", step=0, steps=config.steps)
        return run

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Opens an existing run. Raises `RunError` where there is none."""
        run = cls(path)
        if not run.config_path.is_file():
            raise RunError(
                f"{run.path} holds no run: there is no config.json in it. Start one with: pix2pix train "
                f"DATA --run {quoted(run.path)}"
            )
        return run

    def config(self) -> TrainConfig:
        """Returns the settings with which the run was started, with the present place of its data."""
        try:
            config = TrainConfig.from_dict(json.loads(self.config_path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, AttributeError, RecursionError, ConfigError) as error:
            raise RunError(
                f"{self.config_path} cannot be read ({error!s:.200}). The run cannot go on without "
                "its settings."
            ) from error
        status = self.read_status()
        return replace(
            config,
            data=str(status.get("data", config.data)),
            data_b=str(status.get("data_b", config.data_b)),
        )

    def record(self, event: Event) -> None:
        """Writes an event. Raises `NoSpaceError` where the disk is full; existing files are
        then unchanged."""
        writers = {
            LeftOut: self._left_out,
            Noted: self._noted,
            Stepped: self._stepped,
            Progress: self._progress,
            Sampled: self._sampled,
        }
        writers |= {
            Evaluated: self._evaluated,
            Saved: self._saved,
            Recovered: self._recovered,
            Finished: self._finished,
        }
        write: Any = writers.get(type(event))
        if write:
            write(event)

    def _left_out(self, event: LeftOut) -> None:
        self.note(f"left out: {naming(event.file, event.cause)}")

    def _noted(self, event: Noted) -> None:
        self.note(f"note: {event.remark}")

    def _stepped(self, event: Stepped) -> None:
        """Writes a heartbeat at most once a second, between the rows."""
        if time.monotonic() > self._next_sign:
            self._next_sign = time.monotonic() + 1
            self.write_status(step=event.step, **self._news_of_writer())

    def _progress(self, event: Progress) -> None:
        # Rows hold nothing of the clock, so that a resumed run's rows equal those
        # of a run that never stopped.
        self.append_row({"step": event.step, **event.losses, "rate": event.rate})
        state = "stopping" if self.stop_requested() else "running"
        self.write_status(
            state=state,
            step=event.step,
            steps=event.steps,
            seconds_per_step=round(event.seconds_per_step, 5),
            mean_seconds_per_step=round(event.mean_seconds_per_step, 5),
            data_share=round(event.data_share, 4),
        )

    def _sampled(self, event: Sampled) -> None:
        write_image(self.samples_path / f"{event.step:08d}.png", event.image)

    def _evaluated(self, event: Evaluated) -> None:
        self.append_row(
            {"step": event.step, **{f"val_{name}": value for name, value in event.metrics.items()}}
        )
        if event.best:
            # Beside the training, and beside the state, which mostly comes next and is larger.
            self._writer.start(lambda: self._write_best(event.best))

    def _write_best(self, models: Mapping[str, Checkpoint]) -> None:
        self._best_models = {}
        for path, checkpoint in zip(self.files_of(self.best_path, models), models.values(), strict=True):
            save_checkpoint(path, checkpoint)
        self._best_models = models

    def _saved(self, event: Saved) -> None:
        """Writes models and state: a copy in the background, what is none before the trainer goes on."""
        if event.is_copy:
            self._writer.start(lambda: self._write_saved(event))
            return
        self._write_saved(event)
        self.write_status(step=event.step, **self._news_of_writer())

    def _write_saved(self, event: Saved) -> None:
        def write(file: BinaryIO) -> None:
            torch_save.save(event.state, file)
            if not event.is_copy:
                self._writer.wait()
            # Before the state has its name: a run that is killed here makes these models again.
            self._write_models(event.checkpoints)

        write_atomically(self.state_path, write)
        self._state_step = event.step

    def _write_models(self, models: Mapping[str, Checkpoint]) -> None:
        """Writes the models; those that are the best ones, too, get a second name for the same file."""
        names = models.keys()
        files = zip(
            self.files_of(self.model_path, names),
            self.files_of(self.best_path, names),
            models.items(),
            strict=True,
        )
        for path, best_path, (name, checkpoint) in files:
            if self._best_models.get(name) is checkpoint:
                link_atomically(best_path, path)
            else:
                save_checkpoint(path, checkpoint)

    def _news_of_writer(self) -> dict[str, int]:
        """Returns what the status must say of a state that was written since the last call."""
        step = self._state_step
        if step is None or step == self._reported_step:
            return {}
        self._reported_step = step
        return {"saved_step": step}

    def _recovered(self, event: Recovered) -> None:
        self.note(
            f"a loss was not finite at step {event.step}: back to step {event.back_to}, with "
            f"{event.rate_scale:g} times the rate"
        )
        self.keep_rows(event.back_to)
        self.write_status(state="running", step=event.back_to)

    def _finished(self, event: Finished) -> None:
        self._writer.wait()
        self.note(str(event))
        self.write_status(state=event.state, step=event.step, reason=event.reason, **self._news_of_writer())

    def read_state(self) -> dict[str, Any] | None:
        """Returns what a trainer needs to resume, None where nothing was saved. Raises `RunError` for
        a damaged file."""
        self._writer.finish()
        if not self.state_path.exists():
            return None
        try:
            state: dict[str, Any] = read_tensors(self.state_path)
            check_state(state)
        except (CheckpointError, ValueError) as error:
            raise self.cannot_go_on(error) from error
        return state

    def cannot_go_on(self, error: Exception) -> RunError:
        """Returns the error to raise where the saved state cannot be read or loaded."""
        refused = next((each for each in (error, error.__cause__) if isinstance(each, OSError)), None)
        if refused is not None and refused.errno is not None:
            return RunError(
                f"{self.state_path} cannot be read: {(refused.strerror or str(refused)).lower()}. Mend "
                "that, then try again."
            )
        cause = (str(error).splitlines() or [type(error).__name__])[0][:120]
        return RunError(
            f"{self.state_path} is damaged ({cause}): the run cannot go on. Its model is still there:"
            f" start another run from it with --init {quoted(self.model_path)}"
        )

    def saved_step(self) -> int:
        """Returns the step of the saved state, 0 where nothing was saved. Raises `RunError` for
        a damaged file."""
        # A kill between the state and the status leaves an older number there: the file itself is asked.
        return self._look_into_state(lambda state: int(state["step"])) or 0

    def saved_model(self) -> ModelConfig | None:
        """Returns the config of the saved model, None where nothing was saved. Raises `RunError` for
        a damaged file."""
        return self._look_into_state(lambda state: ModelConfig.from_dict(state["model"]))

    def saved_precision(self) -> str | None:
        """Returns the precision of the saved state; None and errors as in `saved_model`."""
        return self._look_into_state(lambda state: str(state["precision"]))

    def _look_into_state(self, look: Callable[[dict[str, Any]], T]) -> T | None:
        """Returns what `look` finds in the saved state, reading only that part."""
        self._writer.finish()
        if not self.state_path.exists():
            return None
        try:
            with utf8_name(self.state_path) as name:
                return look(torch.load(name, map_location="cpu", weights_only=True, mmap=True))
        except Exception as error:  # noqa: BLE001  # whatever a damaged file makes torch raise
            raise self.cannot_go_on(error) from error

    def keep_rows(self, step: int) -> None:
        """Drops rows and samples past `step`, since the resumed run makes them again."""
        # What cannot be read at the moment must not be written anew without it.
        rows = [row for row in self.read_rows() if row["step"] <= step]
        write_text(self.metrics_path, "".join(json.dumps(row) + "\n" for row in rows))
        for sampled, path in self.samples():
            if sampled > step:
                path.unlink(missing_ok=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the run for one trainer; the lock is released when its holder dies. Raises `RunError` where
        it is held."""
        with ExitStack() as stack:
            try:
                stack.enter_context(hold(self.lock_path, timeout=2))
            except Timeout:
                pid = self.read_status().get("pid", "unknown")
                out = way_out(self.lock_path)
                raise RunError(
                    f"{self.path} is in use by another trainer (process {pid}). Stop it first, or choose "
                    f"another run.{out}"
                ) from None
            try:
                yield
            finally:
                self._writer.finish()

    def is_held(self) -> bool:
        """Whether a trainer, in whatever process, holds the run now."""
        try:
            return not is_free(self.lock_path)
        except RunError:
            # Whoever may not write there cannot ask the lock: the trainer gives a sign of life once a second.
            return time.time() - float(self.read_status().get("time", 0)) < SILENT

    def snapshot(self) -> Snapshot:
        """Reads the directory."""
        config = self.config()
        status = self.read_status()
        return Snapshot(
            name=self.name,
            state=self._true_state(status),
            reason=str(status.get("reason", "")),
            step=int(status.get("step", 0)),
            steps=int(status.get("steps", config.steps)),
            seconds_per_step=float(status.get("seconds_per_step", 0.0)),
            config=config,
            rows=self.rows(),
            samples=self.samples(),
            model=self.model_path if self.model_path.exists() else None,
            best=self.best_path if self.best_path.exists() else None,
            can_resume=self.state_path.exists(),
            log=self.log_tail(),
            notice=str(status.get("notice", "")),
            trained=self.seconds_trained(status),
            mean_seconds_per_step=float(status.get("mean_seconds_per_step", 0.0)),
            data_share=float(status.get("data_share", 0.0)),
            train_size=status.get("train_size"),
            val_size=status.get("val_size"),
        )

    def state(self) -> str:
        """Returns the state alone, as `snapshot` gives it."""
        return self._true_state(self.read_status())

    def seconds_trained(self, status: dict[str, Any]) -> float:
        """Returns the training time of ended trainers, and of the present one up to its last heartbeat."""
        started = float(status.get("started", 0))
        going_on = (
            float(status.get("time", 0)) - started
            if started and status.get("state") in ("running", "stopping")
            else 0.0
        )
        return float(status.get("trained", 0)) + max(0.0, going_on)

    def _true_state(self, status: dict[str, Any]) -> str:
        """Returns the state as written, or `died` where its trainer is gone."""
        state = str(status.get("state", "new"))
        if state not in ALIVE:
            return state
        if state == "starting" and time.time() - float(status.get("time", 0)) < STARTING:
            return "stopping" if self.stop_requested() else state
        if not self.is_held():
            # The trainer may have ended between the two looks: what it wrote last is the truth.
            again = str(self.read_status().get("state", "new"))
            return again if again in ENDED else "died"
        return "stopping" if self.stop_requested() else state


def find_runs(folder: str | Path) -> list[Run]:
    """Returns all runs in a folder, the newest first."""
    configs = sorted(Path(folder).glob("*/config.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [Run(path.parent) for path in configs]
