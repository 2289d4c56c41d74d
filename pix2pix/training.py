"""A training run from its first step to its last: events to files, stops, resumes and recoveries."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from pix2pix.checkpoint import load_checkpoint
from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.errors import ConfigError, NoSpaceError, Pix2PixError
from pix2pix.events import Diverged, Event, Finished, Recovered
from pix2pix.methods.pix2pix import build_discriminator
from pix2pix.runs import Run
from pix2pix.trackers import open_tracker
from pix2pix.trainer import Trainer, describe_model

Listener = Callable[[Event], None]
RECOVERIES = 3


def train(config: TrainConfig, run: str | Path, on_event: Listener | None = None) -> Run:
    """Trains from the first step, in this process, and returns the run when it has ended.

    `on_event` hears each event after it was written down. Ctrl-C, SIGTERM or the run's `stop` file finish the step, save and
    end with state `stopped`. Raises `Pix2PixError` for settings or data that do not fit, before anything is written.
    """
    # Whole paths, so that the run can be gone on with from any folder.
    config = _adopt_architecture(dataclasses.replace(config, data=_whole_path(config.data), init=_whole_path(config.init)))
    with _processes():
        if _is_first():
            check_fit(config)
            Run.create(run, config)
        _wait_for_first()
        return _train_in(Run.open(run), None, on_event)


def resume(run: str | Path, steps: int | None = None, on_event: Listener | None = None) -> Run:
    """Goes on with a run where its state was saved last, bit for bit on a CPU; `steps` prolongs it.

    Settings and data come from the run. A run that never saved starts from its first step.
    """
    with _processes():
        return _train_in(Run.open(run), steps, on_event)


def _train_in(run: Run, steps: int | None, on_event: Listener | None) -> Run:
    if not _is_first():
        config = _with_steps(run, steps)
        _train_through_recoveries(run, config, Dataset.open(config), lambda event: None)
        _wait_for_first()
        return run
    with run.lock(), _stop_on_signals(run):
        config = _with_steps(run, steps)
        run.stop_path.unlink(missing_ok=True)
        run.keep_rows(run.saved_step())
        run.write_status(state="running", steps=config.steps, reason="")
        try:
            _follow_events(run, config, on_event)
            _wait_for_first()
        except Pix2PixError as error:
            state = "no space left" if isinstance(error, NoSpaceError) else None
            _fail(run, str(error) if not state or state in str(error) else f"{state}: {error}")
            raise
        except BaseException as error:
            _fail(run, f"{type(error).__name__}: {error}")
            run.note(traceback.format_exc())
            raise
        finally:
            run.stop_path.unlink(missing_ok=True)
    return run


def _fail(run: Run, reason: str) -> None:
    run.note(reason)
    run.write_status(state="failed", reason=reason)


def _with_steps(run: Run, steps: int | None) -> TrainConfig:
    """The run's settings, with as many steps as it was prolonged to."""
    config = run.config()
    wanted = steps or int(run.read_status().get("steps", config.steps))
    return dataclasses.replace(config, steps=wanted)


def _follow_events(run: Run, config: TrainConfig, on_event: Listener | None) -> None:
    dataset = Dataset.open(config)
    for problem in dataset.problems:
        run.note(f"left out: {problem.file}: {problem.cause}")
    with open_tracker(config.tracker, run.path) as tell_tracker:

        def tell(event: Event) -> None:
            run.record(event)
            tell_tracker(event)
            if on_event:
                on_event(event)

        _train_through_recoveries(run, config, dataset, tell)


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
        reason = f"a loss was not finite at step {broken_at}, also at {scale:g} times the rate. Take a lower rate, or precision fp32."
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
    init = load_checkpoint(config.init) if config.init and not state else None
    return Trainer(config, dataset, state, init, should_stop=run.stop_requested)


def _whole_path(path: str) -> str:
    return str(Path(path).resolve()) if path else ""


def check_fit(config: TrainConfig) -> None:
    """Raises `Pix2PixError` where data, settings and starting point do not go together, before anything is made of them."""
    model = describe_model(config, Dataset.open(dataclasses.replace(config, cache="stream")))
    build_discriminator(config, model)
    if not config.init:
        return
    start = load_checkpoint(config.init).config
    for role, has, needs in (("takes", start.in_channels, model.in_channels), ("gives", start.out_channels, model.out_channels)):
        if has != needs:
            raise ConfigError(
                f"{config.init} {role} pictures of {has} channel{'s' * (has > 1)}, and these pairs have {needs}."
                " Start from another checkpoint, or from scratch."
            )


ARCHITECTURE = ("width", "depth", "norm", "decoder", "skips", "dropout")


def _adopt_architecture(config: TrainConfig) -> TrainConfig:
    """Fine-tuning goes on with the network that the checkpoint holds, so its shape overrules the settings."""
    if not config.init:
        return config
    model: ModelConfig = load_checkpoint(config.init).config
    return dataclasses.replace(config, **{name: getattr(model, name) for name in ARCHITECTURE})


def _is_first() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _wait_for_first() -> None:
    if dist.is_initialized():
        dist.barrier()


@contextmanager
def _processes() -> Iterator[None]:
    """Joins the processes that torchrun started, if it did."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield
        return
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, timeout=timedelta(minutes=10))
    try:
        yield
    finally:
        dist.destroy_process_group()


@contextmanager
def _stop_on_signals(run: Run) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM asks for a stop; a second one does not wait for it. Only the main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: Any) -> None:
        if run.stop_requested():
            raise KeyboardInterrupt
        run.request_stop()
        sys.stderr.write("stopping after this step; once more to stop at once\n")

    old = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def check_resume(run: Run, given: dict[str, Any]) -> None:
    """`ConfigError` where settings given with a resume are not those of the run; `steps` may differ."""
    config = run.config().to_dict()
    for name, value in given.items():
        if name in ("data", "init"):
            value = _whole_path(value)
        if name != "steps" and value != config[name]:
            raise ConfigError(
                f"{run.path} was started with {name} {config[name]!r}, not {value!r}. A run goes on with its own settings:"
                " leave them out, or start another run."
            )
