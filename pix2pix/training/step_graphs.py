"""Steps captured as CUDA graphs: launching some hundred small kernels one by one takes several times as long
as running them (H100: 77 steps a second kernel by kernel, 255 as one graph).

A graph reads its inputs from the same memory each time, so batches and noise are copied there; whatever else
changes from step to step (weights, moments, rates) is memory that stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from pix2pix.imaging.tensors import Batch
from pix2pix.methods.base import Losses, Player

WARM_UP = 3
"""Steps taken kernel by kernel before one is captured: libraries choose their kernels in them, and Adam
makes its moments."""
KEPT = 8
"""Most groups of players and shapes that are captured; each graph holds memory."""


@dataclass(frozen=True)
class Pass:
    """One batch on the device, with the random tensors that go with it."""

    batch: Batch
    noise: Batch

    def copy(self) -> Pass:
        """Returns the same values in memory of their own."""
        return Pass(
            {name: values.clone() for name, values in self.batch.items()},
            {name: values.clone() for name, values in self.noise.items()},
        )

    def take(self, other: Pass) -> None:
        """Copies the values of another pass of the same shapes into this one's memory."""
        for own, given in ((self.batch, other.batch), (self.noise, other.noise)):
            for name, values in own.items():
                values.copy_(given[name], non_blocking=True)

    def shapes(self) -> tuple[tuple[str, torch.Size], ...]:
        """Returns what two passes must have in common to be computed by one graph."""
        return tuple(
            (name, values.shape) for part in (self.batch, self.noise) for name, values in part.items()
        )


Compute = Callable[[Sequence[Player], Sequence[Pass], bool], Losses]
"""Takes an optimizer step of each player on a group of passes, and moves the running means where it is told
to."""


class Recording(Protocol):
    """A computation that was recorded; its inputs and outputs stay in the same memory."""

    def replay(self) -> None:
        """Computes again."""


class Recorder(Protocol):
    """Records a computation without carrying it out."""

    def __call__(self, compute: Callable[[], Tensor]) -> tuple[Recording, Tensor]:
        """Returns the recording and the tensor that it writes."""

    def warming_up(self) -> AbstractContextManager[None]:
        """Returns the context in which the steps before a recording are taken."""


class CudaRecorder:
    """Records CUDA graphs, on a stream of its own."""

    def __init__(self) -> None:
        self._stream: torch.cuda.Stream | None = None
        self._pool: Any = None

    @contextmanager
    def warming_up(self) -> Iterator[None]:
        """Computes on the stream that is recorded later: what autograd keeps of a weight belongs to the
        stream on which it was first used."""
        self._stream = self._stream or torch.cuda.Stream()
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            yield
        current.wait_stream(self._stream)

    def __call__(self, compute: Callable[[], Tensor]) -> tuple[Recording, Tensor]:
        """Returns the graph and its output. Raises `RuntimeError` where something cannot be captured."""
        graph = torch.cuda.CUDAGraph()
        # Graphs of one learner are never replayed at the same time, so they share their memory. Other threads
        # may use the GPU meanwhile.
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
            output = compute()
        self._pool = self._pool or graph.pool()
        return graph, output


@dataclass
class _Slot:
    """The inputs of one group of players and shapes, and its recording once there is one."""

    inputs: list[Pass]
    taken: int = 0
    names: list[str] = field(default_factory=list)
    recorded: tuple[Recording, Tensor] | None = None


class StepGraphs:
    """Called like the computation that it records: the same losses and the same weights after it.

    Where recording fails the computation itself is carried out from then on; `failure` says why.
    """

    def __init__(self, compute: Compute, recorder: Recorder) -> None:
        self.failure = ""
        self._compute = compute
        self._recorder = recorder
        self._slots: dict[tuple[object, ...], _Slot] = {}

    def __call__(self, players: Sequence[Player], passes: Sequence[Pass], moves_mean: bool = False) -> Losses:
        key = (*(player.name for player in players), moves_mean, *(each.shapes() for each in passes))
        slot = None if self.failure else self._fill_slot(key, passes)
        if slot is None:
            return self._compute(players, passes, moves_mean)
        if slot.taken < WARM_UP:
            slot.taken += 1
            with self._recorder.warming_up():
                return self._compute(players, slot.inputs, moves_mean)
        try:
            slot.recorded = slot.recorded or self._record(players, slot, moves_mean)
        except (RuntimeError, AssertionError) as error:
            self.failure = (str(error).splitlines() or [type(error).__name__])[0]
            self._slots.clear()
            return self._compute(players, passes, moves_mean)
        recording, output = slot.recorded
        recording.replay()
        # The next replay writes over the output.
        return dict(zip(slot.names, output.clone().unbind(), strict=True))

    def _fill_slot(self, key: tuple[object, ...], passes: Sequence[Pass]) -> _Slot | None:
        """Copies passes to where their graph reads them; None where too many graphs are kept already."""
        slot = self._slots.get(key)
        if slot is None and len(self._slots) < KEPT:
            slot = self._slots[key] = _Slot([each.copy() for each in passes])
        elif slot is not None:
            for own, given in zip(slot.inputs, passes, strict=True):
                own.take(given)
        return slot

    def _record(self, players: Sequence[Player], slot: _Slot, moves_mean: bool) -> tuple[Recording, Tensor]:
        def compute() -> Tensor:
            losses = self._compute(players, slot.inputs, moves_mean)
            slot.names = list(losses)
            return torch.stack(list(losses.values()))

        return self._recorder(compute)
