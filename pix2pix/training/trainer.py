"""The training loop as an iterable of events. It knows no page and no file name; the step
is its only clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.data.examples import Examples
from pix2pix.errors import ConfigError
from pix2pix.evaluation.metrics import METRICS
from pix2pix.imaging.sample_grid import lay_out
from pix2pix.imaging.tensors import Batch
from pix2pix.methods import method_of
from pix2pix.runtime.device import choose_machine
from pix2pix.runtime.fast_inference import normalise_by_picture
from pix2pix.training.events import Diverged, Evaluated, Event, Finished, Progress, Sampled, Saved, Stepped
from pix2pix.training.learner import Learner
from pix2pix.training.presets import command_line

VALIDATION_EXAMPLES = 50


def rate_at(step: int, steps: int, *, decay_from: float) -> float:
    """Returns the share of the learning rate in step `step` of `steps`, from 0: constant, then
    linear towards zero."""
    start = min(int(decay_from * steps), steps - 1)
    return 1.0 if step < start else (steps - step) / (steps - start)


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
        self._sums: dict[str, float] = {}
        self._count = 0
        self._pending: list[dict[str, Tensor]] = []
        if start:
            self.learner.start_from(start)
        if state:
            self._load(state)
        if rate_scale is not None:
            self.rate_scale = rate_scale
        examples.to(self.machine.device)
        self._validation = examples.validation(VALIDATION_EXAMPLES) if self.machine.is_first else []
        self._clock = Clock()

    def __iter__(self) -> Generator[Event, None, None]:
        config = self.config
        if self.step == 0 and self._validation:
            yield self._sample()
        with closing(
            self.examples.batches(self.step, rank=self.machine.rank, world=self.machine.world)
        ) as batches:
            self._clock.restart()
            while self.step < config.steps:
                try:
                    stop = self._advance(batches)
                except FloatingPointError:
                    yield Diverged(self.step, self.rate_scale)
                    return
                yield from self._emit(stop)
                if stop and self.step < config.steps:
                    yield Finished(self.step, "stopped")
                    return
        yield Finished(self.step, "finished")

    def _advance(self, batches: Iterator[tuple[int, list[Batch]]]) -> bool:
        """Takes one step; returns whether it is the last.

        Raises FloatingPointError as soon as a loss that is not finite is seen, with `step` at the step that
        made it, and before anything is shown or saved also for weights that are not.
        """
        _, passes = self._clock.waiting(lambda: next(batches))
        rate = rate_at(self.step, self.config.steps, decay_from=self.config.decay_from) * self.rate_scale
        self._pending.append(self.learner.step(self.step, passes, rate))
        self.step += 1
        self._clock.tick()
        # Reading a loss waits for the GPU, so there it is done only where something is to be emitted.
        stop = self._agree(self._requests.stop() if self.machine.is_first else False)
        if self.machine.device.type == "cpu" or stop or self._is_due():
            self._collect()
        is_shown = stop or self._is_due("save_every", "evaluate_every", "sample_every")
        if is_shown and not self._agree_finite(self.learner.is_finite()):
            raise FloatingPointError
        return stop

    def _is_due(self, *names: str) -> bool:
        """Whether one of the intervals ends at this step; at the last step all do."""
        intervals = names or ("log_every", "sample_every", "evaluate_every", "save_every")
        return self.step == self.config.steps or any(
            self.step % getattr(self.config, name) == 0 for name in intervals
        )

    def _collect(self) -> None:
        """Adds the losses of the steps since the last call to the sums."""
        pending = self._pending
        self._pending = []
        for losses in pending:
            values = self._average(torch.stack(list(losses.values()))).tolist()
            if not all(math.isfinite(value) for value in values):
                raise FloatingPointError
            for name, value in zip(losses, values, strict=True):
                self._sums[name] = self._sums.get(name, 0.0) + value
            self._count += 1

    def _average(self, values: Tensor) -> Tensor:
        if self.machine.world > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.machine.world
        return values

    def _agree(self, stop: bool) -> bool:
        """Returns the decision of rank 0 on all ranks: one that stopped alone would leave
        the others waiting."""
        if self.machine.world == 1:
            return stop
        flag = torch.tensor([float(stop)], device=self.machine.device)
        dist.broadcast(flag, 0)
        return bool(flag.item())

    def _agree_finite(self, finite: bool) -> bool:
        return bool(self._average(torch.tensor([float(finite)], device=self.machine.device)).item() == 1)

    def _emit(self, stop: bool) -> Iterator[Event]:
        """Yields the events that are due after this step; only the first process has any."""
        last = self.step == self.config.steps
        yield Stepped(self.step, self.config.steps)
        if last or self.step % self.config.log_every == 0:
            yield self._progress()
        if self.machine.is_first:
            if self._validation and (self._requests.sample() or self._is_due("sample_every")):
                yield self._sample()
            if self._is_due("evaluate_every") and self._validation:
                yield self._evaluate()
            if stop or self._is_due("save_every"):
                yield Saved(self.step, self.checkpoints(), self.state())
        if self._is_due():
            self._clock.restart()

    def _progress(self) -> Progress:
        losses = {name: value / self._count for name, value in self._sums.items()}
        self._sums = {}
        self._count = 0
        rate = (
            self.method.players[-1].rate
            * rate_at(self.step - 1, self.config.steps, decay_from=self.config.decay_from)
            * self.rate_scale
        )
        return Progress(
            self.step, self.config.steps, losses, rate, self._clock.seconds_per_step, self._clock.data_share
        )

    def _show(self, networks: nn.ModuleDict, example: Batch) -> Batch:
        """Returns the images of an example by the models that would be saved now, on the CPU."""
        images = {name: image.to(self.machine.device) for name, image in example.items()}
        with torch.no_grad(), self.machine.autocast():
            shown = self.method.sample(networks, images)
            return {name: image.float().cpu() for name, image in shown.items()}

    def _networks_to_show(self) -> nn.ModuleDict:
        """Returns the models that would be saved now, with batch norm by picture where their config
        asks for it."""
        networks = self.learner.networks_to_save().eval()
        for name, model in self.models.items():
            if model.norm == "batch" and model.statistics == "picture":
                networks[name] = normalise_by_picture(networks[name])
        return networks

    def _sample(self) -> Sampled:
        networks = self._networks_to_show()
        examples = self._validation[: self.config.samples]
        rows = [
            tuple(self._show(networks, images)[column] for column in self.method.columns)
            for _, images in examples
        ]
        return Sampled(self.step, lay_out(rows))

    def _evaluate(self) -> Evaluated:
        networks = self._networks_to_show()
        metrics = self.method.validate(
            [self._show(networks, images) for _, images in self._validation], METRICS
        )
        criterion = self.method.criterion
        value = metrics[criterion.metric]
        sign = -1 if criterion.lower_is_better else 1
        is_best = self._best is None or sign * value > sign * self._best
        self._best = value if is_best else self._best
        self._metrics = {**metrics, "step": self.step}
        return Evaluated(self.step, metrics, self.checkpoints() if is_best else {})

    def checkpoints(self) -> dict[str, Checkpoint]:
        """Returns copies of the models as they are now. Their metrics are those of the last validation,
        with its step."""
        networks = self.learner.networks_to_save()
        return {name: self._checkpoint(networks[name], model) for name, model in self.models.items()}

    def _checkpoint(self, network: nn.Module, model: ModelConfig) -> Checkpoint:
        weights = {name: value.detach().to("cpu", copy=True) for name, value in network.state_dict().items()}
        data = _name(self.config.data)
        init = _name(self.config.init)
        about: dict[str, Any] = {
            "task": f"{model.source} to {model.target}",
            "data": data,
            "direction": self.config.direction,
            "make": self.config.make,
            "pairs": self.examples.train_size,
            "step": self.step,
            "steps": self.config.steps,
            "seed": self.config.seed,
            "settings": {
                name: value for name, value in self.config.to_dict().items() if name not in ("data", "init")
            },
            "metrics": self._metrics,
            "licence": self.config.licence,
            "command": command_line(
                replace(self.config, data=data, init=init), f"runs/{self._run_name or data}"
            ),
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
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
            "sums": self._sums,
            "count": self._count,
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
        self._sums = dict(state["sums"])
        self._count = state["count"]


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


class Clock:
    """Seconds per step since the last restart, and the share of them that was spent waiting for data."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Starts anew, so that an evaluation in between does not count."""
        self._start = time.perf_counter()
        self._waited = 0.0
        self._steps = 0

    def waiting(self, work: Callable[[], Any]) -> Any:
        """Runs `work`, counts its time as waiting, and returns its result."""
        start = time.perf_counter()
        result = work()
        self._waited += time.perf_counter() - start
        return result

    def tick(self) -> None:
        """Counts a step."""
        self._steps += 1

    @property
    def seconds_per_step(self) -> float:
        """Mean seconds per step since the last restart."""
        return (time.perf_counter() - self._start) / max(1, self._steps)

    @property
    def data_share(self) -> float:
        """Share of the time spent waiting for data, 0 to 1."""
        return self._waited / max(1e-9, time.perf_counter() - self._start)


def _name(path: str) -> str:
    """Returns the name of a folder or file without its path, which would reveal more of a disk than
    of the model."""
    return path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]
