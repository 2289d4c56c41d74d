"""The training loop as an iterable of events. It knows no page and no file name; the step
is its only clock."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timezone
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.checkpoints.vgg_file import read_vgg
from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.data.examples import Examples
from pix2pix.errors import ConfigError
from pix2pix.imaging.tensors import Batch
from pix2pix.methods import method_of
from pix2pix.methods.pix2pix import PERCEPTUAL
from pix2pix.runtime.background import copy_to_host
from pix2pix.runtime.device import choose_machine
from pix2pix.training.clock import Clock
from pix2pix.training.events import (
    Diverged,
    Evaluated,
    Event,
    Finished,
    Noted,
    Progress,
    Sampled,
    Saved,
    Stepped,
)
from pix2pix.training.learner import Learner
from pix2pix.training.loss_log import LossLog, NotFiniteError
from pix2pix.training.presets import command_line
from pix2pix.training.schedule import AGREE_EVERY, Due, Schedule, rate_at
from pix2pix.training.validation import Validation


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Requests:
    """Requests to a trainer, which the first process checks after each step."""

    stop: Callable[[], bool] = _never
    """Whether to end after this step, with everything saved."""
    sample: Callable[[], bool] = _never
    """Whether to make an extra sample grid."""


class Trainer:
    """The training loop as an iterable of events: Progress, Sampled, Evaluated, Saved at each step
    that has them.

    Finished is the last event. With `state` (of a `Saved` event) training continues from there: the same
    weights, bit for bit on a CPU, as without the stop. `start` holds weights to begin with, by network.
    `rate_scale` multiplies all learning rates; None is that of the state. `run_name` is part of the command
    in the checkpoints.
    """

    def __init__(
        self,
        config: TrainConfig,
        examples: Examples,
        *,
        state: dict[str, Any] | None = None,
        start: dict[str, dict[str, Tensor]] | None = None,
        requests: Requests | None = None,
        rate_scale: float | None = None,
        run_name: str = "",
    ) -> None:
        self.config = config
        self.examples = examples
        self.machine = choose_machine(config, state["precision"] if state else None)
        self.method = method_of(config).build(config, examples.images)
        self.models = dict(self.method.saved)
        self.learner = Learner(self.method, config, self.machine)
        self.step = 0
        self.rate_scale = 1.0
        self._run_name = run_name
        self._requests = requests or Requests()
        self._best: float | None = None
        self._metrics: dict[str, float] = {}
        self._losses = LossLog(self.machine)
        if config.perceptual and not state:
            # A state has them, so that a run goes on where the file is not at hand.
            start = {**(start or {}), PERCEPTUAL: read_vgg()}
        if start:
            self.learner.start_from(start)
        if state:
            self._load(state)
        if rate_scale is not None:
            self.rate_scale = rate_scale
        examples.to(self.machine.device)
        self._validation = Validation(
            self.method,
            self.machine,
            models=self.models,
            read=examples.validation if self.machine.is_first else lambda _: [],
        )
        self._schedule = Schedule(config, sparing=self.machine.device.type == "cuda")
        self._clock = Clock()

    def __iter__(self) -> Generator[Event, None, None]:
        config = self.config
        if self.step == 0 and self._validation.first(config.samples):
            yield self._sample()
        remark = ""
        with closing(
            self.examples.batches(self.step, rank=self.machine.rank, world=self.machine.world)
        ) as batches:
            self._clock.restart()
            while self.step < config.steps:
                try:
                    due = self._advance(batches)
                except NotFiniteError as error:
                    yield Diverged(error.step, self.rate_scale)
                    return
                if self.learner.remark != remark:
                    remark = self.learner.remark
                    yield Noted(self.step, remark)
                yield from self._emit(due)
                if due.stop and self.step < config.steps:
                    yield Finished(self.step, "stopped")
                    return
        yield Finished(self.step, "finished")

    def _advance(self, batches: Iterator[tuple[int, list[Batch]]]) -> Due:
        """Takes one step; returns what is to be done after it.

        Raises `NotFiniteError` as soon as a loss that is not finite is seen, and before anything is shown or
        saved also for weights that are not.
        """
        _, passes = self._clock.waiting(lambda: next(batches))
        rate = rate_at(self.step, self.config.steps, decay_from=self.config.decay_from) * self.rate_scale
        losses = self.learner.step(self.step, passes, rate)
        self.step += 1
        self._losses.add(self.step, losses)
        self._clock.tick()
        due = self._agree()
        # Reading a loss waits for the GPU. A row waits for the step before the last alone, so that the GPU
        # works on meanwhile.
        if self.machine.device.type == "cpu" or due.is_shown:
            self._losses.collect()
        elif due.log:
            self._losses.collect(but=1)
        if due.is_shown and not self._are_all_finite():
            raise NotFiniteError(self.step)
        return due

    def _agree(self) -> Due:
        """Returns what the first process finds due, in all processes: one that stopped alone would leave the
        others waiting."""
        step = self.step
        if self.machine.world == 1:
            return self._own_due()
        is_rare = self.machine.device.type == "cuda" and step % AGREE_EVERY
        if is_rare and not self._schedule.ends_interval(step):
            return Due()
        own = self._own_due() if self.machine.is_first else Due()
        flags = torch.tensor([float(flag) for flag in astuple(own)], device=self.machine.device)
        dist.broadcast(flags, 0)
        return Due(*map(bool, flags.tolist()))

    def _own_due(self) -> Due:
        return self._schedule.due(self.step, stop=self._requests.stop(), sample=self._requests.sample())

    def _are_all_finite(self) -> bool:
        """Whether all weights are finite in all processes."""
        finite = torch.tensor([float(self.learner.is_finite())], device=self.machine.device)
        if self.machine.world > 1:
            dist.all_reduce(finite, dist.ReduceOp.MIN)
        return bool(finite.item() == 1)

    def _emit(self, due: Due) -> Iterator[Event]:
        """Yields the events that are due after this step; only the first process has any."""
        yield Stepped(self.step, self.config.steps)
        if due.log:
            yield self._progress()
        if self.machine.is_first:
            best: Mapping[str, Checkpoint] = {}
            if due.sample and self._validation.first(self.config.samples):
                with self._schedule.timing("sample"):
                    yield self._sample()
            if due.evaluate and self._validation.examples:
                with self._schedule.timing("evaluate"):
                    evaluated = self._evaluate()
                    best = evaluated.best
                    yield evaluated
            if due.save:
                with self._schedule.timing("save"):
                    yield self._saved(best)
        if due.is_anything:
            self._clock.restart()

    def _progress(self) -> Progress:
        losses = self._losses.take_means()
        rate = (
            self.method.players[-1].rate
            * rate_at(self.step - 1, self.config.steps, decay_from=self.config.decay_from)
            * self.rate_scale
        )
        return Progress(
            self.step,
            self.config.steps,
            losses,
            rate,
            self._clock.seconds_per_step,
            self._clock.data_share,
            self._clock.mean_seconds_per_step,
        )

    def _sample(self) -> Sampled:
        networks = self.learner.networks_to_save()
        return Sampled(self.step, self._validation.sample(networks, self.config.samples))

    def _evaluate(self) -> Evaluated:
        metrics = self._validation.measure(self.learner.networks_to_save())
        criterion = self.method.criterion
        value = metrics[criterion.metric]
        sign = -1 if criterion.lower_is_better else 1
        is_best = self._best is None or sign * value > sign * self._best
        self._best = value if is_best else self._best
        self._metrics = {**metrics, "step": self.step}
        return Evaluated(self.step, metrics, self.checkpoints() if is_best else {})

    def _saved(self, best: Mapping[str, Checkpoint]) -> Saved:
        """Returns the event; `best` are the models of this step, where copies of them are at hand."""
        # A GPU trains on while a copy is written.
        is_copy = self.machine.device.type == "cuda"
        state = self.state()
        state = copy_to_host(state) if is_copy else state
        return Saved(self.step, best or self.checkpoints(), state, is_copy)

    def checkpoints(self) -> dict[str, Checkpoint]:
        """Returns copies of the models as they are now. Their metrics are those of the last validation,
        with its step."""
        networks = self.learner.networks_to_save()
        return {name: self._checkpoint(networks[name], name) for name in self.models}

    def _checkpoint(self, network: nn.Module, name: str) -> Checkpoint:
        model = self.models[name]
        weights = copy_to_host(network.state_dict())
        data = _name(self.config.data)
        named = replace(
            self.config,
            data=data,
            data_b=_name(self.config.data_b),
            paired_test=_name(self.config.paired_test),
            init=_name(self.config.init),
        )
        about: dict[str, Any] = {
            "task": f"{model.source} to {model.target}",
            "data": data,
            "direction": self.config.direction,
            "make": self.config.make,
            ("pairs" if self.method.examples == "pairs" else "pictures"): self.examples.train_size,
            "step": self.step,
            "steps": self.config.steps,
            "seed": self.config.seed,
            "settings": {
                key: value
                for key, value in self.config.to_dict().items()
                if key not in ("data", "data_b", "paired_test", "init")
            },
            "metrics": self._metrics,
            "licence": self.config.licence,
            "command": command_line(named, f"runs/{self._run_name or data}"),
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
        about |= self.method.about(name)
        return Checkpoint(model, weights, about)

    def state(self) -> dict[str, Any]:
        """Returns all that is needed to resume. Its tensors are no copies: write them
        before the next step."""
        return {
            "step": self.step,
            **dict(
                zip(
                    _model_keys(self.models), (model.to_dict() for model in self.models.values()), strict=True
                )
            ),
            "best": self._best,
            "metrics": self._metrics,
            "rate_scale": self.rate_scale,
            "precision": self.machine.precision,
            **self._losses.state(),
            **self.learner.state(),
        }

    def _load(self, state: dict[str, Any]) -> None:
        if state["step"] > self.config.steps:
            raise ConfigError(
                f"steps is {self.config.steps}, and the run has made {state['step']} already. Ask for "
                "more steps."
            )
        # Read as a config: a state of an older version lacks fields, which have their defaults then.
        saved = {name: ModelConfig.from_dict(state[key]) for key, name in _model_keys(self.models).items()}
        for name, model in self.models.items():
            before = saved[name]
            if _without_colours(before) != _without_colours(model):
                what = (
                    f"learned from {before.source} to {before.target}, and {self.config.data} has other"
                    " pictures"
                )
                raise ConfigError(f"this run {what}. Name the old ones, or start another run.")
        self.models = {name: _with_ranges(before, self.models[name]) for name, before in saved.items()}
        self.learner.load_state(state)
        self._metrics = dict(state["metrics"])
        self.step = state["step"]
        self._best = state["best"]
        self.rate_scale = state["rate_scale"]
        self._losses.load_state(state)


def _without_colours(model: ModelConfig) -> ModelConfig:
    """Returns the model without palettes and value ranges, of which a run keeps its own."""
    return replace(model, palette=(), target_palette=(), source_levels=None, target_levels=None)


def _with_ranges(before: ModelConfig, now: ModelConfig) -> ModelConfig:
    """Returns the saved model, with the ranges of the present pictures where it has none."""
    return replace(
        before,
        source_levels=before.source_levels or now.source_levels,
        target_levels=before.target_levels or now.target_levels,
    )


def _model_keys(models: Mapping[str, ModelConfig]) -> dict[str, str]:
    """Returns the key of each model's description in a state: `model` for the first one,
    whatever its name."""
    return {f"model_{name}" if place else "model": name for place, name in enumerate(models)}


def _name(path: str) -> str:
    """Returns the name of a folder or file without its path, which would reveal more of a disk than
    of the model."""
    return path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]
