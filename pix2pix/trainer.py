"""The training loop as an iterable of events. It knows no page and no file name; the step is its only clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from pix2pix.checkpoint import Checkpoint
from pix2pix.config import ModelConfig, TrainConfig
from pix2pix.data.batches import Batch, Dataset
from pix2pix.errors import ConfigError
from pix2pix.events import Diverged, Evaluated, Event, Finished, Progress, Sampled, Saved, Stepped
from pix2pix.images import lay_out
from pix2pix.inference import normalise_by_picture
from pix2pix.learner import Learner
from pix2pix.machine import choose_machine
from pix2pix.metrics import LOWER_IS_BETTER, METRICS
from pix2pix.presets import command_line

VALIDATION_PAIRS = 50


def rate_at(step: int, steps: int, decay_from: float) -> float:
    """Share of the learning rate in step `step` of `steps`, counted from 0: constant, then linear towards zero."""
    start = min(int(decay_from * steps), steps - 1)
    return 1.0 if step < start else (steps - step) / (steps - start)


def describe_model(config: TrainConfig, dataset: Dataset) -> ModelConfig:
    """The model that these settings train on these pictures."""
    return ModelConfig(
        **config.architecture(),
        in_channels=dataset.in_channels,
        out_channels=dataset.out_channels,
        size=config.size,
        source=dataset.source,
        target=dataset.target,
        palette=dataset.palette,
        target_palette=dataset.target_palette,
    )


class Trainer:
    """Iterate to train. Events come in the order Progress, Sampled, Evaluated, Saved at each step that has them; Finished is the last.

    With `state` (of a `Saved` event) training goes on where that was: the same weights, bit for bit on a CPU, as without the stop.
    `should_stop` and `should_sample` (a sample grid out of turn) are asked after each step, on the first process only.
    `rate_scale` multiplies all learning rates; `run_name` stands in the command that a checkpoint tells.
    """

    def __init__(
        self,
        config: TrainConfig,
        dataset: Dataset,
        state: dict[str, Any] | None = None,
        init: Checkpoint | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.config, self.dataset, self.should_stop = config, dataset, should_stop
        self.machine = choose_machine(config, state["precision"] if state else None)
        self.model = describe_model(config, dataset)
        self.learner = Learner(config, self.model, self.machine)
        self.step = 0
        self.best: float | None = None
        self._metrics: dict[str, float] = {}
        self.rate_scale = 1.0
        self.run_name = ""
        self.should_sample: Callable[[], bool] = lambda: False
        self._sums: dict[str, float] = {}
        self._count = 0
        self._pending: list[dict[str, Tensor]] = []
        if init:
            self.learner.start_from(init.weights)
        if state:
            self._load(state)
        dataset.to(self.machine.device)
        self._validation = dataset.validation(VALIDATION_PAIRS) if self.machine.is_first else []
        self._clock = Clock()

    def __iter__(self) -> Iterator[Event]:
        config = self.config
        if self.step == 0 and self._validation:
            yield self._sample()
        with closing(self.dataset.batches(self.step, self.machine.rank, self.machine.world)) as batches:
            self._clock.restart()
            while self.step < config.steps:
                try:
                    stop = self._advance(batches)
                except FloatingPointError:
                    yield Diverged(self.step)
                    return
                yield from self._tell(stop)
                if stop and self.step < config.steps:
                    yield Finished(self.step, "stopped")
                    return
        yield Finished(self.step, "finished")

    def _advance(self, batches: Iterator[tuple[int, list[Batch]]]) -> bool:
        """One step; whether it is to be the last.

        Raises FloatingPointError as soon as a loss that is not finite is seen, with `step` at the step that made it, and before
        anything is shown or saved also for weights that are not.
        """
        _, passes = self._clock.waiting(lambda: next(batches))
        rate = rate_at(self.step, self.config.steps, self.config.decay_from) * self.rate_scale
        self._pending.append(self.learner.step(self.step, passes, rate))
        self.step += 1
        self._clock.tick()
        # Reading a loss waits for the GPU, so there it is done only where something is to be told.
        stop = self._agree(self.should_stop() if self.machine.is_first else False)
        if self.machine.device.type == "cpu" or stop or self._is_due():
            self._collect()
        is_shown = stop or self._is_due("save_every", "evaluate_every", "sample_every")
        if is_shown and not self._agree_finite(self.learner.is_finite()):
            raise FloatingPointError
        return stop

    def _is_due(self, *names: str) -> bool:
        """One of the intervals ends at this step; the last step ends all."""
        intervals = names or ("log_every", "sample_every", "evaluate_every", "save_every")
        return self.step == self.config.steps or any(self.step % getattr(self.config, name) == 0 for name in intervals)

    def _collect(self) -> None:
        """Adds the losses of the steps since the last look to the sums."""
        pending, self._pending = self._pending, []
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
        """Rank 0 decides, all do the same: a process that stops alone would leave the others waiting for its gradients."""
        if self.machine.world == 1:
            return stop
        flag = torch.tensor([float(stop)], device=self.machine.device)
        dist.broadcast(flag, 0)
        return bool(flag.item())

    def _agree_finite(self, finite: bool) -> bool:
        return bool(self._average(torch.tensor([float(finite)], device=self.machine.device)).item() == 1)

    def _tell(self, stop: bool) -> Iterator[Event]:
        """The events that are due after this step; other processes than the first have nothing to tell."""
        last = self.step == self.config.steps
        yield Stepped(self.step, self.config.steps)
        if last or self.step % self.config.log_every == 0:
            yield self._progress()
        if self.machine.is_first:
            if self._validation and (self.should_sample() or self._is_due("sample_every")):
                yield self._sample()
            if self._is_due("evaluate_every") and self._validation:
                yield self._evaluate()
            if stop or self._is_due("save_every"):
                yield Saved(self.step, self.checkpoint(), self.state())
        if self._is_due():
            self._clock.restart()

    def _progress(self) -> Progress:
        losses = {name: value / self._count for name, value in self._sums.items()}
        self._sums, self._count = {}, 0
        rate = self.config.rate * rate_at(self.step - 1, self.config.steps, self.config.decay_from) * self.rate_scale
        return Progress(self.step, self.config.steps, losses, rate, self._clock.seconds_per_step, self._clock.data_share)

    @torch.no_grad()
    def translate(self, source: Tensor) -> Tensor:
        """(1, C, H, W) in [-1, 1] as the model that would be saved now paints it: dropout off, batch norm by picture where it says so."""
        generator = self.learner.best_generator.eval()
        if self.model.norm == "batch" and self.model.statistics == "picture":
            generator = normalise_by_picture(generator)
        with self.machine.autocast():
            return generator(source.to(self.machine.device)).float().cpu()

    def _sample(self) -> Sampled:
        rows = [(source, self.translate(source), target) for _, source, target in self._validation[: self.config.samples]]
        return Sampled(self.step, lay_out(rows))

    def _evaluate(self) -> Evaluated:
        pairs = [(self.translate(source), target) for _, source, target in self._validation]
        means = {name: sum(metric(*pair)[0] for pair in pairs) / len(pairs) for name, metric in METRICS.items()}
        value = means[self.config.best]
        sign = -1 if self.config.best in LOWER_IS_BETTER else 1
        is_best = self.best is None or sign * value > sign * self.best
        self.best = value if is_best else self.best
        self._metrics = {**means, "step": self.step}
        return Evaluated(self.step, means, self.checkpoint() if is_best else None)

    def checkpoint(self) -> Checkpoint:
        """The model as it is now, to use: a copy. Its metrics are those of the last validation, which names its step."""
        weights = {name: value.detach().to("cpu", copy=True) for name, value in self.learner.best_generator.state_dict().items()}
        data, init = _name(self.config.data), _name(self.config.init)
        about: dict[str, Any] = {
            "task": f"{self.model.source} to {self.model.target}",
            "data": data,
            "direction": self.config.direction,
            "make": self.config.make,
            "pairs": self.dataset.train_size,
            "step": self.step,
            "steps": self.config.steps,
            "seed": self.config.seed,
            "settings": {name: value for name, value in self.config.to_dict().items() if name not in ("data", "init")},
            "metrics": self._metrics,
            "licence": self.config.licence,
            "command": command_line(replace(self.config, data=data, init=init), f"runs/{self.run_name or data}"),
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
        return Checkpoint(self.model, weights, about)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on. Its tensors are the living ones: write them down before the next step."""
        return {
            "step": self.step,
            "model": self.model.to_dict(),
            "best": self.best,
            "metrics": self._metrics,
            "rate_scale": self.rate_scale,
            "precision": self.machine.precision,
            "sums": self._sums,
            "count": self._count,
            **self.learner.state(),
        }

    def _load(self, state: dict[str, Any]) -> None:
        if state["step"] > self.config.steps:
            raise ConfigError(f"steps is {self.config.steps}, and the run has made {state['step']} already. Ask for more steps.")
        # Read as a config: a state of an older version lacks fields, which have their defaults then.
        saved = ModelConfig.from_dict(state["model"])
        palettes: dict[str, Any] = {"palette": (), "target_palette": ()}
        if replace(saved, **palettes) != replace(self.model, **palettes):
            what = f"learned from {saved.source} to {saved.target}, and {self.config.data} has other pictures"
            raise ConfigError(f"this run {what}. Name the old ones, or start another run.")
        self.model = saved
        self.learner.load_state(state)
        self._metrics = dict(state["metrics"])
        self.step, self.best, self.rate_scale = state["step"], state["best"], state["rate_scale"]
        self._sums, self._count = dict(state["sums"]), state["count"]


class Clock:
    """Seconds a step since the last restart, and the share of them that was spent waiting for data."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """What happened between two stretches of training, such as an evaluation, does not count."""
        self._start, self._waited, self._steps = time.perf_counter(), 0.0, 0

    def waiting(self, work: Callable[[], Any]) -> Any:
        """Does the work and counts its time as waiting."""
        start = time.perf_counter()
        result = work()
        self._waited += time.perf_counter() - start
        return result

    def tick(self) -> None:
        """One step is done."""
        self._steps += 1

    @property
    def seconds_per_step(self) -> float:
        """Mean over this stretch."""
        return (time.perf_counter() - self._start) / max(1, self._steps)

    @property
    def data_share(self) -> float:
        """0 to 1."""
        return self._waited / max(1e-9, time.perf_counter() - self._start)


def _name(path: str) -> str:
    """Of a folder or file, without those above it: they say more of somebody's disk than of the model."""
    return path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]
