"""A training run from its first step to its last: events to files, stops, resumes and recoveries."""

from __future__ import annotations

import dataclasses
import math
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch.distributed as dist

from pix2pix import preflight
from pix2pix.config import TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.data.scan import Problem
from pix2pix.errors import NoSpaceError, Pix2PixError
from pix2pix.events import Diverged, Event, Finished, LeftOut, Noted, Recovered, Stepped
from pix2pix.fitting import ADJUSTABLE, check_fit, check_resume, settle, whole_path
from pix2pix.importers import read_any, read_judge
from pix2pix.interrupts import stop_on_signals
from pix2pix.memory import free_unused, is_out_of_memory, smaller_batch
from pix2pix.paths import quoted
from pix2pix.ranks import is_first, joined_processes, leave_signals_to_first, wait_for_first
from pix2pix.runs import Run
from pix2pix.trackers import open_tracker
from pix2pix.trainer import Trainer

Listener = Callable[[Event], None]
RECOVERIES = 3


def train(config: TrainConfig, run: str | Path, on_event: Listener | None = None) -> Run:
    """Trains from the first step, in this process, and returns the run when it has ended.

    `on_event` hears each event after it was written down. Ctrl-C, SIGTERM or the run's `stop` file finish the step, save and
    end with state `stopped`. Raises `Pix2PixError` for settings or data that do not fit, before anything is written.
    """
    config = settle(config)
    with joined_processes():
        if is_first():
            check_fit(config)
            Run.create(run, config)
        wait_for_first()
        return _train_in(Run.open(run), {}, on_event)


def resume(run: str | Path, steps: int | None = None, on_event: Listener | None = None, settings: dict[str, Any] | None = None) -> Run:
    """Goes on with a run where its state was saved last, bit for bit on a CPU; `steps` prolongs it.

    Settings and data come from the run; `settings` may name others of `ADJUSTABLE`, such as the device, for this time, or `data`, the
    folder of the same pictures where it was moved, which the run remembers. A run that never saved starts from its first step.
    `Pix2PixError` for what does not go together with the run; before a step is made, it changes nothing about the run.
    """
    opened = Run.open(run)
    given = dict(settings or {}) | ({} if steps is None else {"steps": steps})
    if "data" in given:
        given["data"] = whole_path(given["data"])
    check_resume(opened, given)
    with joined_processes():
        return _train_in(opened, {name: value for name, value in given.items() if name in ("data", *ADJUSTABLE)}, on_event)


def _train_in(run: Run, changes: dict[str, Any], on_event: Listener | None) -> Run:
    if not is_first():
        leave_signals_to_first()
        config = _adjusted(run, changes)
        _train_through_recoveries(run, config, Dataset.open(config, run.saved_model()), lambda event: None)
        wait_for_first()
        return run
    with run.lock(), stop_on_signals(run) as signals:
        config = _adjusted(run, changes)
        run.saved_step()
        _drop_old_requests(run)
        is_from_page = run.read_status().get("state") == "starting"
        run.set_status_aside()
        moved = {"data": config.data} if "data" in changes else {}
        run.write_status(state="running", steps=config.steps, reason="", started=time.time(), **moved)
        try:
            _follow_events(run, config, on_event)
            wait_for_first()
        except BaseException as error:
            signals.ignore()
            _write_end(run, error, is_from_page)
            raise
        finally:
            signals.ignore()
            run.stop_path.unlink(missing_ok=True)
        _count_time(run)
    return run


def _write_end(run: Run, error: BaseException, is_from_page: bool) -> None:
    """Writes down what ended a training. A run that had trained before, and has not made a step since, is again what it was.

    Whoever typed the command reads the cause there; on the page it stands beside the run.
    """
    reason = _reason_of(run, error)
    run.note(reason)
    if not isinstance(error, (Pix2PixError, KeyboardInterrupt)):
        run.note(traceback.format_exc())
    if run.put_status_back():
        if is_from_page:
            run.write_status(reason=f"it could not go on: {reason}")
        return
    if isinstance(error, KeyboardInterrupt):
        run.write_status(state="stopped", step=run.saved_step(), reason=reason)
    else:
        run.write_status(state="failed", reason=reason)
    _count_time(run)


def _reason_of(run: Run, error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return f"stopped at once, in the middle of a step; it goes on from step {run.saved_step()}"
    if isinstance(error, NoSpaceError) and "no space left" not in str(error):
        return f"no space left: {error}"
    return str(error) if isinstance(error, Pix2PixError) else f"{type(error).__name__}: {error}"


def _count_time(run: Run) -> None:
    """Adds the time of this start to that of those before it."""
    status = run.read_status()
    run.write_status(trained=status.get("trained", 0) + time.time() - status.get("started", time.time()), started=0, earlier=None)


def _drop_old_requests(run: Run) -> None:
    """A stop of long ago is over; one that was asked for since the page started this trainer is obeyed."""
    run.take_sample_request()
    status = run.read_status()
    with suppress(OSError):
        if status.get("state") != "starting" or run.stop_path.stat().st_mtime < status["time"]:
            run.stop_path.unlink()


def _adjusted(run: Run, changes: dict[str, Any]) -> TrainConfig:
    """The run's settings, with as many steps as it was prolonged to, and the batch that fitted into memory."""
    config, status = run.config(), run.read_status()
    kept = {"steps": int(status.get("steps", config.steps)), "batch": int(status.get("batch", config.batch))}
    return dataclasses.replace(config, **(kept | changes))


def _follow_events(run: Run, config: TrainConfig, on_event: Listener | None) -> None:
    dataset = Dataset.open(config, run.saved_model())
    run.keep_rows(run.saved_step())
    run.deadline = time.time() + _seconds_allowed(run)
    with open_tracker(config.tracker, run.path, run.saved_step()) as tell_tracker:

        def pass_on(event: Event) -> None:
            event = _explained(run, event)
            run.record(event)
            tell_tracker(event)
            if on_event:
                on_event(event)

        step = run.saved_step()
        changed = _changed_pictures(run, dataset)
        remarks = [preflight.introduction(config, dataset, run.saved_precision()), *map(str, dataset.notes), *changed]
        # What was said when the run began need not be said again of the same pictures.
        for remark in remarks + (list(preflight.warnings(config, dataset)) if changed or not step else []):
            pass_on(Noted(step, remark))
        told: set[Problem] = set()
        has_begun = False

        def tell(event: Event) -> None:
            # Streamed pictures are found out while training goes on.
            for problem in dataset.problems:
                if problem not in told:
                    told.add(problem)
                    pass_on(LeftOut(event.step, problem.file, problem.cause))
            nonlocal has_begun
            if isinstance(event, Stepped) and not has_begun:
                has_begun = True
                run.write_status(earlier=None)
            pass_on(event)

        _train_in_memory(run, config, dataset, tell)


def _changed_pictures(run: Run, dataset: Dataset) -> list[str]:
    """What to say where a run goes on with other pictures than it had. Remembers what it has now."""
    now, before = dataset.fingerprint(), run.read_status().get("pictures")
    run.write_status(pictures=now)
    if not before or before == now:
        return []
    had, has = before.split()[0], now.split()[0]
    return [f"the pictures have changed since this run stopped: {had} training pairs then, {has} now. Their order is another one."]


def _explained(run: Run, event: Event) -> Event:
    """A stop that nobody asked for comes from the clock."""
    if isinstance(event, Finished) and event.state == "stopped" and not run.stop_requested():
        minutes = run.read_status().get("minutes", 0)
        return dataclasses.replace(event, reason=f"the {minutes:g} minutes that a run may take here are over")
    return event


def _seconds_allowed(run: Run) -> float:
    """What is left of the minutes that the page's owner gives a run."""
    status = run.read_status()
    return 60 * status["minutes"] - status.get("trained", 0) if status.get("minutes") else math.inf


def _train_in_memory(run: Run, config: TrainConfig, dataset: Dataset, tell: Listener) -> None:
    """Trains to an end; where memory runs out, goes on from the last saved state with half the batch."""
    while True:
        try:
            _train_through_recoveries(run, config, dataset, tell)
            return
        except (RuntimeError, MemoryError) as error:
            # Several processes cannot agree on a new batch once one of them has left their common step.
            if not is_out_of_memory(error) or dist.is_initialized():
                raise
        # Outside of `except`: the error holds all that its frames held.
        config = dataclasses.replace(config, batch=smaller_batch(config.batch, config.size, config.width))
        free_unused()
        notice = f"memory ran out with a batch of {config.batch * 2}: the run goes on with {config.batch}"
        run.note(notice)
        run.write_status(batch=config.batch, notice=notice)
        run.keep_rows(run.saved_step())
        dataset = Dataset.open(config, run.saved_model())


def _train_through_recoveries(run: Run, config: TrainConfig, dataset: Dataset, tell: Listener) -> None:
    """Trains to an end; after a loss that is not finite, from the last saved state with half the rate, at most three times.

    Every process goes this way, and all come to the same decisions: losses are shared before they are looked at.
    """
    trainer = _build_trainer(run, config, dataset)
    scale = trainer.rate_scale
    for _ in range(RECOVERIES):
        broken_at = _pump(trainer, tell)
        if broken_at is None:
            return
        scale /= 2
        trainer = _build_trainer(run, config, dataset)
        trainer.rate_scale = scale
        tell(Recovered(broken_at, trainer.step, scale))
    broken_at = _pump(trainer, tell)
    if broken_at is not None:
        reason = (
            f"a loss was not finite at step {broken_at}, also at {scale:g} times the rate. Start another run from this one's last good"
            f" model, at a lower rate or with precision fp32: --init {quoted(run.model_path)} --rate {config.rate / 10:g}"
        )
        tell(Finished(broken_at, "diverged", reason))


def _pump(trainer: Trainer, tell: Listener) -> int | None:
    """Passes events on until the trainer ends; the step at which it diverged, if it did."""
    for event in trainer:
        if isinstance(event, Diverged):
            return event.step
        tell(event)
    return None


def _build_trainer(run: Run, config: TrainConfig, dataset: Dataset) -> Trainer:
    state = run.read_state()
    init = read_any(config.init) if config.init and not state else None
    trainer = Trainer(config, dataset, state, init, should_stop=run.must_stop)
    if config.init_discriminator and not state:
        trainer.learner.start_discriminator_from(read_judge(config.init_discriminator).weights)
    trainer.should_sample = run.take_sample_request
    trainer.run_name = run.name
    return trainer
