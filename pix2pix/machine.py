"""What a training runs on: device, precision, and its place among the processes that share the work."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import nn

from pix2pix.config import TrainConfig
from pix2pix.errors import ConfigError


@dataclass(frozen=True)
class Machine:
    """Where one process computes, and which of `world` processes it is."""

    device: torch.device
    precision: str = "fp32"
    compile: bool = False
    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """The process that decides, evaluates and writes."""
        return self.rank == 0

    def autocast(self) -> torch.autocast:
        """The context that networks run in."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")


def choose_machine(config: TrainConfig, precision: str | None = None) -> Machine:
    """The machine that the settings ask for. `precision` is that of the run so far: going on with another would not be going on."""
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    device = choose_device(config.device, int(os.environ.get("LOCAL_RANK", "0")))
    chosen = precision or (config.precision if config.precision != "auto" else _faster_precision(device))
    compiled = config.compile == "on" or (config.compile == "auto" and device.type == "cuda")
    return Machine(device, chosen, compiled, rank, world)


def choose_device(name: str, local_rank: int = 0) -> torch.device:
    """`auto` takes a GPU where there is one; `ConfigError` for a device that is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if name == "cuda":
        name = f"cuda:{local_rank}"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        cause = (str(error).splitlines() or ["unknown"])[0]
        raise ConfigError(f"device {name!r} cannot be used here ({cause}). Choose auto or cpu.") from error
    return device


def _faster_precision(device: torch.device) -> str:
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp32"
    if device.type == "cpu":
        return "bf16" if bf16_pays() else "fp32"
    return "fp32"


@lru_cache(maxsize=1)
def bf16_pays() -> bool:
    """Whether this processor convolves faster in bf16, measured once in about 0.2 s. Emulated bf16 is slower, not faster."""
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    conv = nn.Conv2d(128, 128, 4, 2, 1)
    picture = torch.ones(1, 128, 64, 64).to(memory_format=torch.channels_last)

    def pass_in(enabled: bool) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            loss = conv(picture).float().sum()
        loss.backward()

    return _best_time(lambda: pass_in(True)) < 0.9 * _best_time(lambda: pass_in(False))


def _best_time(work: Callable[[], None], times: int = 5) -> float:
    """Seconds of the quickest of some calls, after one to warm up."""
    work()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
