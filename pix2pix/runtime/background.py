"""Copies of what a GPU holds, and files that are written from them beside the training."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor


def copy_to_host(values: Any) -> Any:
    """Returns the same mappings, lists and tuples with copies of their tensors in the memory of the host."""
    waiting: list[torch.device] = []
    copied = _copied(values, waiting)
    for device in set(waiting):
        torch.cuda.synchronize(device)
    return copied


def _copied(values: Any, waiting: list[torch.device]) -> Any:
    if isinstance(values, Mapping):
        return {name: _copied(value, waiting) for name, value in values.items()}
    if isinstance(values, (list, tuple)):
        return type(values)(_copied(value, waiting) for value in values)
    if not isinstance(values, Tensor):
        return values
    if values.device.type != "cuda":
        return values.detach().to("cpu", copy=True)
    waiting.append(values.device)
    # Pinned memory is written by the GPU itself, one tensor after another; torch keeps it for the next copy.
    return torch.empty_like(values, device="cpu", pin_memory=True, requires_grad=False).copy_(
        values.detach(), non_blocking=True
    )


class BackgroundWriter:
    """Does one piece of work at a time in a thread of its own, which a program that ends waits for."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Begins `work` when the one before has ended; errors as in `wait`."""
        self.wait()
        self._thread = threading.Thread(target=self._do, args=(work,), name="writer")
        self._thread.start()

    def wait(self) -> None:
        """Waits for the work; raises what it raised, once."""
        self.finish()
        error = self._error
        self._error = None
        if error is not None:
            raise error

    def finish(self) -> None:
        """Waits for the work; keeps what it raised for `wait`."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # raised where the work is waited for
            self._error = error
