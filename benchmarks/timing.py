"""Taking times in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping

import torch

WARM_UP = 3


def in_turns(
    works: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Milliseconds of each work, `rounds` times, one after the other in each round."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(-WARM_UP, rounds):
        for name, work in works.items():
            start = clock()
            work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if number >= 0:
                times[name].append((clock() - start) * 1000)
    return times


def table(times: Mapping[str, list[float]], base: str) -> Iterator[str]:
    """Rows of a Markdown table: least and median of each, and the ratio of its median to that of `base`."""
    yield "| | least ms | median ms | of plain |"
    yield "| --- | ---: | ---: | ---: |"
    for name, values in times.items():
        median = statistics.median(values)
        yield f"| {name} | {min(values):.1f} | {median:.1f} | {median / statistics.median(times[base]):.2f} |"
