"""What a training runs on: device, precision, and its rank among the processes that share the work."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass

import torch

from pix2pix.config import TrainConfig
from pix2pix.errors import ConfigError
from pix2pix.runtime.distributed import own_place
from pix2pix.runtime.fast_inference import is_bf16_faster


@dataclass(frozen=True)
class Machine:
    """The device of one process, and its rank among `world` processes."""

    device: torch.device
    precision: str = "fp32"
    compile: bool = False
    """Whether networks are compiled by torch.compile."""
    graphs: bool = False
    """Whether whole steps are captured as CUDA graphs."""
    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that decides, evaluates and writes."""
        return self.rank == 0

    def autocast(self) -> torch.autocast:
        """Returns the autocast context that networks run in."""
        # What a cast has left in the cache outside of a graph must not be read within it.
        return torch.autocast(
            self.device.type,
            torch.bfloat16,
            enabled=self.precision == "bf16",
            cache_enabled=not self.graphs,
        )


def choose_machine(config: TrainConfig, precision: str | None = None) -> Machine:
    """Returns the machine that the settings ask for; `precision` is that of the saved state, which a
    resume must keep."""
    place = own_place()
    if config.deterministic:
        _ask_for_deterministic_kernels()
    device = choose_device(config.device, place.local_rank)
    chosen = precision or (config.precision if config.precision != "auto" else _faster_precision(device))
    can_compile = _finds_compiler(device)
    if config.compile == "on" and not can_compile:
        raise ConfigError(
            "compile is on, and torch.compile finds no compiler here: it needs g++ or clang++, and for a "
            "GPU the package triton."
            " Install them, or leave compile at auto."
        )
    return Machine(
        device,
        chosen,
        compile=config.compile == "on",
        graphs=config.compile != "off" and device.type == "cuda",
        rank=place.rank,
        world=place.world,
    )


def _ask_for_deterministic_kernels() -> None:
    """Has torch take kernels that sum in the same order each time, and warn where there is none."""
    # cuBLAS reads it when it is first used.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False


def _finds_compiler(device: torch.device) -> bool:
    """Whether torch.compile can work here: without a compiler it would fail only in the first step."""
    has_compiler = any(shutil.which(name) for name in (os.environ.get("CXX") or "g++", "clang++", "cl"))
    return has_compiler and (device.type != "cuda" or importlib.util.find_spec("triton") is not None)


def choose_device(name: str, local_rank: int = 0) -> torch.device:
    """Returns the device; `auto` is a GPU where there is one. Raises `ConfigError` for one that
    does not exist."""
    if name == "auto" and os.environ.get("SPACES_ZERO_GPU"):
        # There the GPU is lent for single calls, in a process of their own:
        # `pix2pix/inference/zero_gpu.py` asks for it by name.
        name = "cpu"
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
    return "bf16" if is_bf16_faster(device) else "fp32"
