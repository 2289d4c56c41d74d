"""A training run from its first step to its last: events to files, stops, resumes and recoveries."""

from __future__ import annotations

import dataclasses
import math
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch.distributed as dist

from pix2pix.config import TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.data.scan import Problem
from pix2pix.errors import DataError, NoSpaceError, Pix2PixError
from pix2pix.events import Diverged, Event, Finished, LeftOut, Noted, Recovered
from pix2pix.fitting import ADJUSTABLE, check_fit, check_resume, settle
from pix2pix.importers import read_any, read_judge
from pix2pix.memory import free_unused, is_out_of_memory, smaller_batch
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

    Settings and data come from the run; `settings` may name others of `ADJUSTABLE`, such as the device, for this time.
    A run that never saved starts from its first step.
    """
    opened = Run.open(run)
    given = dict(settings or {}) | ({} if steps is None else {"steps": steps})
    check_resume(opened, given)
    with joined_processes():
        return _train_in(opened, {name: value for name, value in given.items() if name in ADJUSTABLE}, on_event)


def _train_in(run: Run, changes: dict[str, Any], on_event: Listener | None) -> Run:
    if not is_first():
        leave_signals_to_first()
        config = _adjusted(run, changes)
        _train_through_recoveries(run, config, Dataset.open(config), lambda event: None)
        wait_for_first()
        return run
    with run.lock(), _stop_on_signals(run):
        config = _adjusted(run, changes)
        _drop_old_requests(run)
        before = run.read_status()
        run.keep_rows(run.saved_step())
        run.write_status(state="running", steps=config.steps, reason="", started=time.time())
        try:
            _follow_events(run, config, on_event)
            wait_for_first()
        except DataError as error:
            _keep_or_fail(run, before, str(error))
            raise
        except Pix2PixError as error:
            state = "no space left" if isinstance(error, NoSpaceError) else None
            _fail(run, str(error) if not state or state in str(error) else f"{state}: {error}")
            raise
        except KeyboardInterrupt:
            step = run.saved_step()
            run.write_status(state="stopped", step=step, reason=f"stopped at once, in the middle of a step; it goes on from step {step}")
            raise
        except BaseException as error:
            _fail(run, f"{type(error).__name__}: {error}")
            run.note(traceback.format_exc())
            raise
        finally:
            run.stop_path.unlink(missing_ok=True)
            status = run.read_status()
            run.write_status(trained=status.get("trained", 0) + time.time() - status.get("started", time.time()), started=0)
    return run


def _drop_old_requests(run: Run) -> None:
    """A stop of long ago is over; one that was asked for since the page started this trainer is obeyed."""
    run.take_sample_request()
    status = run.read_status()
    with suppress(OSError):
        if status.get("state") != "starting" or run.stop_path.stat().st_mtime < status["time"]:
            run.stop_path.unlink()


def _fail(run: Run, reason: str) -> None:
    run.note(reason)
    run.write_status(state="failed", reason=reason)


def _keep_or_fail(run: Run, before: dict[str, Any], reason: str) -> None:
    """A run that had ended well is not worse for data that has gone since."""
    if before.get("state") in ("finished", "stopped"):
        run.note(reason)
        run.write_status(**{name: before[name] for name in ("state", "steps", "reason") if name in before})
    else:
        _fail(run, reason)


def _adjusted(run: Run, changes: dict[str, Any]) -> TrainConfig:
    """The run's settings, with as many steps as it was prolonged to, and the batch that fitted into memory."""
    config, status = run.config(), run.read_status()
    kept = {"steps": int(status.get("steps", config.steps)), "batch": int(status.get("batch", config.batch))}
    return dataclasses.replace(config, **(kept | changes))


def _follow_events(run: Run, config: TrainConfig, on_event: Listener | None) -> None:
    dataset = Dataset.open(config)
    run.deadline = time.time() + _seconds_allowed(run)
    with open_tracker(config.tracker, run.path, run.saved_step()) as tell_tracker:

        def pass_on(event: Event) -> None:
            event = _explained(run, event)
            run.record(event)
            tell_tracker(event)
            if on_event:
                on_event(event)

        for remark in [*map(str, dataset.notes), *_changed_pictures(run, dataset)]:
            pass_on(Noted(run.saved_step(), remark))
        told: set[Problem] = set()

        def tell(event: Event) -> None:
            # Streamed pictures are found out while training goes on.
            for problem in dataset.problems:
                if problem not in told:
                    told.add(problem)
                    pass_on(LeftOut(event.step, problem.file, problem.cause))
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
        dataset = Dataset.open(config)


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
            f" model, at a lower rate or with precision fp32: --init {run.path / 'model.pth'} --rate {config.rate / 10:g}"
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
    return trainer


@contextmanager
def _stop_on_signals(run: Run) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM asks for a stop; a second one does not wait for it. Only the main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: Any) -> None:
        # torchrun passes one Ctrl-C on as two signals.
        if run.stop_requested() and not dist.is_initialized():
            raise KeyboardInterrupt
        run.request_stop()
        sys.stderr.write("stopping after this step; once more to stop at once\n")

    old = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
