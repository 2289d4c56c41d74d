"""Executes a training run from its first step to its last: writes events, obeys stops,
resumes and recovers."""

from __future__ import annotations

import dataclasses
import itertools
import math
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import torch.distributed as dist

from pix2pix.config import TrainConfig
from pix2pix.data.examples import Examples
from pix2pix.errors import NoSpaceError, Pix2PixError
from pix2pix.runs.interrupts import stop_on_signals
from pix2pix.runs.own_examples import keep_examples
from pix2pix.runs.preflight import (
    ADJUSTABLE,
    DATA,
    PATHS,
    Prepared,
    Weights,
    check_resume,
    prepare,
    prepare_run,
    read_start,
    start_weights,
    whole_path,
)
from pix2pix.runs.run import Run
from pix2pix.runs.showing import listener
from pix2pix.runs.trackers import open_tracker
from pix2pix.runs.unusual import warn_of_settings
from pix2pix.runtime.distributed import is_first, joined_processes, leave_signals_to_first, wait_for_first
from pix2pix.runtime.out_of_memory import free_unused, is_out_of_memory, smaller_batch
from pix2pix.runtime.paths import quoted
from pix2pix.runtime.processes import step_back
from pix2pix.training.events import Diverged, Event, Finished, LeftOut, Noted, Recovered, Stepped
from pix2pix.training.trainer import Requests, Trainer

Listener = Callable[[Event], None]
RECOVERIES = 3


def train(
    config: TrainConfig,
    run: str | Path,
    on_event: Listener | None = None,
    *,
    asked: Mapping[str, Any] | None = None,
) -> Run:
    """Trains from the first step, in this process, and returns the run when it has ended.

    `on_event` is called with each event after it was written; left out, a notebook shows a bar and the newest
    sample grid, and other programs get lines on stderr. Ctrl-C, SIGTERM or the run's `stop` file
    finish the step, save and end with state `stopped`. Raises `Pix2PixError` for settings or data that do
    not fit, before anything is written. `asked` holds the settings that somebody chose, which a start
    checkpoint must not override.
    """
    with joined_processes():
        prepared = None
        if is_first():
            prepared = prepare(config, asked=asked)
            Run.create(run, prepared.config)
        wait_for_first()
        return _train_in(Run.open(run), {}, on_event, prepared=prepared)


def resume(
    run: str | Path,
    steps: int | None = None,
    on_event: Listener | None = None,
    settings: dict[str, Any] | None = None,
) -> Run:
    """Resumes a run from its saved state, bit for bit on a CPU; `steps` extends it.

    Settings and data are the run's own; `settings` may set others of `ADJUSTABLE`, such as the device, for
    this time, or `DATA`, the new place of the same pictures, which the run stores. A run that never saved
    starts from its first step. `on_event` as in `train`. Raises `Pix2PixError` for what does not fit the run,
    which is then unchanged.
    """
    opened = Run.open(run)
    given = dict(settings or {}) | ({} if steps is None else {"steps": steps})
    given |= {name: whole_path(given[name]) for name in DATA if name in given}
    check_resume(opened, given)
    with joined_processes():
        return _train_in(
            opened, {name: value for name, value in given.items() if name in (*DATA, *ADJUSTABLE)}, on_event
        )


def _train_in(
    run: Run, changes: dict[str, Any], on_event: Listener | None, *, prepared: Prepared | None = None
) -> Run:
    """Trains to the end. A run that is resumed is prepared here, so that a failure changes
    nothing about it."""
    if not is_first():
        leave_signals_to_first()
        # Every process goes the way of the first, and all come to the same decisions: losses are shared
        # before they are looked at.
        for _ in _train_through(run, prepare_run(run, _adjusted(run, changes)), should_stop=lambda: False):
            pass
        wait_for_first()
        return run
    with run.lock(), stop_on_signals(run) as signals:
        config = _adjusted(run, changes)
        run.saved_step()
        _drop_old_requests(run)
        is_from_page = run.read_status().get("state") == "starting"
        run.set_status_aside()
        moved = {name: getattr(config, name) for name in DATA if name in changes}
        run.write_status(state="running", steps=config.steps, reason="", started=time.time(), **moved)
        if is_from_page:
            step_back()
        try:
            _record_events(run, prepared or prepare_run(run, config), on_event=on_event or listener())
            wait_for_first()
        except BaseException as error:
            signals.ignore()
            _write_end(run, error, is_from_page=is_from_page)
            raise
        finally:
            signals.ignore()
            run.stop_path.unlink(missing_ok=True)
        _count_time(run)
    return run


def _write_end(run: Run, error: BaseException, *, is_from_page: bool) -> None:
    """Writes the cause of an end. A run that had trained before, and made no step this time, gets its
    old status back.

    On the command line the error is also raised; on the page it is shown beside the run.
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
    """Adds the time of this start to that of earlier ones."""
    status = run.read_status()
    run.write_status(
        trained=status.get("trained", 0) + time.time() - status.get("started", time.time()),
        started=0,
        earlier=None,
    )


def _drop_old_requests(run: Run) -> None:
    """Drops stop requests from before this start, but not one made since the page started this trainer."""
    run.take_sample_request()
    status = run.read_status()
    with suppress(OSError):
        if status.get("state") != "starting" or run.stop_path.stat().st_mtime < status["time"]:
            run.stop_path.unlink()


def _adjusted(run: Run, changes: dict[str, Any]) -> TrainConfig:
    """Returns the run's settings, with the steps to which it was extended and the batch that
    fitted into memory."""
    config = run.config()
    status = run.read_status()
    kept = {"steps": int(status.get("steps", config.steps)), "batch": int(status.get("batch", config.batch))}
    return dataclasses.replace(config, **(kept | changes))


def _record_events(run: Run, prepared: Prepared, *, on_event: Listener) -> None:
    """Trains, and writes each event before `on_event` is called with it."""
    run.keep_rows(run.saved_step())
    examples = prepared.examples
    run.write_status(train_size=examples.train_size, val_size=examples.val_size)
    keep_examples(run.path, examples)
    end = time.time() + _seconds_allowed(run)
    remarks = (Noted(run.saved_step(), remark) for remark in _remarks(run, prepared))
    events = _train_through(run, prepared, should_stop=lambda: run.stop_requested() or time.time() > end)
    has_begun = False
    # Closed, so that what reads images ahead ends with it, whatever goes wrong here.
    tracking = open_tracker(
        prepared.config.tracker,
        run.path,
        settings={name: value for name, value in prepared.config.to_dict().items() if name not in PATHS},
        step=run.saved_step(),
        say=run.note,
    )
    with tracking as track, closing(events):
        for event in itertools.chain(remarks, events):
            if isinstance(event, Stepped) and not has_begun:
                has_begun = True
                run.write_status(earlier=None)
            event = _explained(run, event)
            run.record(event)
            track(event)
            on_event(event)


def _remarks(run: Run, prepared: Prepared) -> Iterator[str]:
    """Yields sentences worth knowing before the first step."""
    examples = prepared.examples
    machine = prepared.machine
    processes = f", {machine.world} processes" if machine.world > 1 else ""
    yield f"{examples.introduction()}; on {machine.device}, {machine.precision}{processes}"
    yield from map(str, examples.notes)
    begun = [name for name in prepared.models if name in prepared.start]
    for name in prepared.models if begun else ():
        if name not in begun:
            yield (
                f"{name} begins with random weights: no file of the other direction lies beside "
                f"{Path(prepared.config.init).name}"
            )
    changed = _changed_images(run, examples)
    yield from changed
    # What was said when the run began need not be said again of the same images.
    if changed or not run.saved_step():
        yield from warn_of_settings(prepared.config, examples.train_size)
        yield from examples.warnings()


def _changed_images(run: Run, examples: Examples) -> list[str]:
    """Returns sentences where a run continues with other images than before, and stores those of now."""
    now = examples.fingerprint()
    before = run.read_status().get("pictures")
    run.write_status(pictures=now)
    if not before or before == now:
        return []
    had = before.partition(" ")[0]
    has = now.partition(" ")[0]
    return [
        f"the pictures have changed since this run stopped: {had} training pairs then, {has} now. Their "
        "order is another one."
    ]


def _explained(run: Run, event: Event) -> Event:
    """Adds the reason to a stop that nobody requested: the time limit."""
    if isinstance(event, Finished) and event.state == "stopped" and not run.stop_requested():
        minutes = run.read_status().get("minutes", 0)
        return dataclasses.replace(event, reason=f"the {minutes:g} minutes that a run may take here are over")
    return event


def _seconds_allowed(run: Run) -> float:
    """Returns what is left of the time limit that the page's owner sets for a run."""
    status = run.read_status()
    return 60 * status["minutes"] - status.get("trained", 0) if status.get("minutes") else math.inf


def _train_through(
    run: Run, prepared: Prepared, *, should_stop: Callable[[], bool]
) -> Generator[Event, None, None]:
    """Yields the events of a training to its end, recovering where possible. A file that is left out
    is named once."""
    left_out: set[LeftOut] = set()
    for event in recovering(
        run, lambda scale: with_smaller_batches(run, prepared, should_stop=should_stop, rate_scale=scale)
    ):
        if isinstance(event, LeftOut):
            known = dataclasses.replace(event, step=0)
            if known in left_out:
                continue
            left_out.add(known)
        yield event


def recovering(run: Run, attempt: Callable[[float | None], Iterator[Event]]) -> Iterator[Event]:
    """Yields the events of an attempt; after a non-finite loss tries again at half the rate, at
    most three times.

    Each attempt continues from the last saved state. It is called with the scale of the rate, None
    for the state's.
    """
    scale: float | None = None
    for number in range(RECOVERIES + 1):
        diverged: Diverged | None = None
        for event in attempt(scale):
            if isinstance(event, Diverged):
                diverged = event
            else:
                yield event
        if diverged is None:
            return
        if number < RECOVERIES:
            scale = diverged.rate_scale / 2
            yield Recovered(diverged.step, run.saved_step(), scale)
    assert diverged is not None
    reason = (
        f"a loss was not finite at step {diverged.step}, also at {diverged.rate_scale:g} times the rate. "
        "Start another run from this"
        f" one's last good model, at a lower rate or with precision fp32: --init {quoted(run.model_path)} "
        f"--rate {run.config().rate / 10:g}"
    )
    yield Finished(diverged.step, "diverged", reason)


def with_smaller_batches(
    run: Run, prepared: Prepared, *, should_stop: Callable[[], bool], rate_scale: float | None
) -> Iterator[Event]:
    """Yields the events of a training; where memory runs out, continues from the last saved state with
    half the batch."""
    while True:
        batch = int(run.read_status().get("batch", prepared.config.batch))
        if batch != prepared.config.batch:
            config = dataclasses.replace(prepared.config, batch=batch)
            prepared = dataclasses.replace(prepared, config=config, examples=prepared.examples.using(config))
        try:
            yield from _train_once(run, prepared, should_stop=should_stop, rate_scale=rate_scale)
            return
        except (RuntimeError, MemoryError) as error:
            # Several processes cannot agree on a new batch once one of them has left their common step.
            if not is_out_of_memory(error) or dist.is_initialized():
                raise
        # Outside of `except`: the error holds all that its frames held.
        free_unused()
        smaller = smaller_batch(batch, prepared.config.size, width=prepared.config.width)
        notice = f"memory ran out with a batch of {smaller * 2}: the run goes on with {smaller}"
        run.note(notice)
        run.write_status(batch=smaller, notice=notice)
        run.keep_rows(run.saved_step())


def _train_once(
    run: Run, prepared: Prepared, *, should_stop: Callable[[], bool], rate_scale: float | None
) -> Iterator[Event]:
    """Yields the events of one trainer, from the saved state or the start, and the files found to
    be unusable meanwhile."""
    state = run.read_state()
    start = {} if state else _take_start(prepared)
    try:
        trainer = Trainer(
            prepared.config,
            prepared.examples,
            state=state,
            start=start,
            requests=Requests(stop=should_stop, sample=run.take_sample_request),
            rate_scale=rate_scale,
            run_name=run.name,
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
        if not state or is_out_of_memory(error):
            raise
        raise run.cannot_go_on(error) from error
    # The trainer has copies: for as long as it trains, these would only take memory.
    del state, start
    known = 0
    with closing(iter(trainer)) as events:
        for event in events:
            problems = prepared.examples.problems
            yield from (LeftOut(event.step, problem.file, problem.cause) for problem in problems[known:])
            known = len(problems)
            yield event


def _take_start(prepared: Prepared) -> Weights:
    """Returns the start weights and drops them: a recovery before the first save reads them again."""
    weights = dict(prepared.start)
    prepared.start.clear()
    if weights or not (prepared.config.init or prepared.config.init_discriminator):
        return weights
    return start_weights(read_start(prepared.config), prepared.models, scales=prepared.config.scales)
