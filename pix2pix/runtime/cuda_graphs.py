"""Runs a network on a GPU from a recorded CUDA graph: one picture takes less time than launching kernels
one by one.

A graph has one input size. It is recorded when a size comes for the second time, and the last few are kept.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

KEPT = 4
MOST_PIXELS = 2**20
"""Largest batch in pixels that is recorded. Larger ones occupy a GPU anyway, and a graph
holds their memory."""

WARM_UP = 3
Key = tuple[tuple[int, ...], ...]
_log = logging.getLogger(__name__)


class Graph:
    """A recorded graph of one size, with the memory of its inputs and output."""

    def __init__(self, network: nn.Module, inputs: Sequence[Tensor]) -> None:
        self.inputs = [tensor.clone() for tensor in inputs]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(
                WARM_UP
            ):  # libraries choose their kernels and take their memory before, not within the recording
                _call(network, self.inputs)
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        # Other threads may use the GPU meanwhile.
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
            self.output = _call(network, self.inputs)

    def play(self, inputs: Sequence[Tensor]) -> Tensor:
        """Returns the output for these inputs, as a tensor of its own."""
        for own, given in zip(self.inputs, inputs, strict=True):
            own.copy_(given)
        self.graph.replay()
        return self.output.clone()


class GraphCache:
    """Called like the network. Where recording fails, the network itself is run from then on,
    with one warning."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.graphs: OrderedDict[Key, Graph | None] = OrderedDict()
        self.has_failed = False
        self._turn = threading.Lock()

    def __call__(self, source: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        inputs = [source, *(noise or ())]
        if self.has_failed or source.shape[0] * source.shape[-2] * source.shape[-1] > MOST_PIXELS:
            return _call(self.network, inputs)
        with self._turn:  # a recording has one place for its inputs
            recording = self._find(inputs)
            if recording:
                return recording.play(inputs)
        return _call(self.network, inputs)

    def _find(self, inputs: Sequence[Tensor]) -> Graph | None:
        key = tuple(tuple(tensor.shape) for tensor in inputs)
        if key in self.graphs and self.graphs[key] is None:
            self.graphs[key] = self._record(inputs)
        recording = self.graphs.setdefault(key, None)
        self.graphs.move_to_end(key)
        while len(self.graphs) > KEPT:
            self.graphs.popitem(last=False)
        return recording

    def _record(self, inputs: Sequence[Tensor]) -> Graph | None:
        try:
            return Graph(self.network, inputs)
        except (RuntimeError, AssertionError) as error:
            self.has_failed = True
            self.graphs.clear()
            _log.warning("the network is run kernel by kernel: it could not be recorded (%s)", error)
            return None


def _call(network: nn.Module, inputs: Sequence[Tensor]) -> Tensor:
    # Networks without dropout need not know of noise.
    return network(inputs[0], list(inputs[1:])) if len(inputs) > 1 else network(inputs[0])
