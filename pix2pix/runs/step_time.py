"""Measures the time of a training step on the real data in a process of its own, and caches it
for this machine.

`python -m pix2pix.runs.step_time '{"data": ..., "size": ...}'` takes a few steps and prints the
seconds of one.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from pix2pix.config import TrainConfig
from pix2pix.data.examples import EXAMPLES
from pix2pix.errors import RunError
from pix2pix.methods import method_of
from pix2pix.runs import jobs
from pix2pix.runtime.files import write_text
from pix2pix.runtime.processes import quiet_environment, step_back
from pix2pix.training import step_graphs
from pix2pix.training.events import Progress
from pix2pix.training.trainer import Trainer

WARM_UP = 2
STEPS = 4
NEVER = 100_000_000
LONGEST = 120
"""Seconds after which a measurement is given up: such a machine is too slow to wait for."""


COSTLY = (
    "method",
    "cycle_a",
    "cycle_b",
    "identity",
    "patch",
    "discriminator_width",
    "scales",
    "feature_matching",
    "perceptual",
    "conditional",
    "gan",
    "size",
    "crop",
    "batch",
    "accumulate",
    "critic_steps",
    "device",
    "precision",
)
"""Settings beside the generator's that a step's time depends on."""


class StepTimes:
    """Seconds per step on this machine by settings, kept in a file; a thread measures unknown ones
    one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, float] = {}
        self._asked: deque[TrainConfig] = deque()
        self._failed: set[str] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def path(self) -> Path:
        return self.folder / ".pace.json"

    def seconds_per_step(self, config: TrainConfig) -> float | None:
        """Returns the seconds of a step, None where that is not known."""
        with self._lock:
            if not self._known:
                self._known = _read(self.path)
            return self._known.get(key_of(config))

    def ask(self, config: TrainConfig) -> None:
        """Queues a measurement for when the machine is free, unless it is known or queued.
        Returns at once."""
        key = key_of(config)
        if self.seconds_per_step(config) is not None:
            return
        with self._lock:
            if key in self._failed or any(key_of(asked) == key for asked in self._asked):
                return
            self._asked.append(config)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="measure the pace", daemon=True)
                self._thread.start()

    def is_busy(self) -> bool:
        """Whether a measurement runs or waits."""
        with self._lock:
            return bool(self._asked)

    def wait(self, seconds: float) -> None:
        """Waits until all is measured, or for at most `seconds`."""
        thread = self._thread
        if thread:
            thread.join(seconds)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._asked:
                    self._thread = None
                    return
                config = self._asked[0]
            seconds = None if self._is_taken() else measure(config, self._is_taken)
            if self._is_taken():
                # Beside a training both would be wrong, and slower: another time.
                with self._lock:
                    self._asked.clear()
            else:
                self._remember(key_of(config), seconds)

    def _is_taken(self) -> bool:
        return jobs.busy(self.folder) is not None

    def _remember(self, key: str, seconds: float | None) -> None:
        with self._lock:
            self._asked.popleft()
            if seconds is None:
                self._failed.add(key)
                return
            self._known = _read(self.path) | self._known | {key: round(seconds, 4)}
            with suppress(RunError):
                write_text(self.path, json.dumps(self._known, indent=1) + "\n")


def _read(path: Path) -> dict[str, float]:
    with suppress(OSError, ValueError):
        known = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): float(value) for key, value in known.items()} if isinstance(known, dict) else {}
    return {}


def key_of(config: TrainConfig) -> str:
    """Returns the machine and the settings that a step's time depends on, as text."""
    networks = config.architecture() | {name: getattr(config, name) for name in COSTLY}
    return " ".join(map(str, (platform.node(), os.cpu_count(), *networks.values())))


def measure(config: TrainConfig, give_up: Callable[[], bool] = lambda: False) -> float | None:
    """Returns the seconds of a step, measured in a niced process; None where that failed or
    `give_up` became true."""
    # Compiling takes longer than a measurement may.
    compiling = "auto" if config.compile == "on" else config.compile
    settings = dataclasses.replace(config, cache="stream", workers=0, compile=compiling).to_dict()
    command = [sys.executable, "-m", "pix2pix.runs.step_time", json.dumps(settings)]
    end = time.monotonic() + LONGEST
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=quiet_environment()
    )
    step_back(process.pid)
    try:
        while process.poll() is None and time.monotonic() < end and not give_up():
            time.sleep(0.2)
    finally:
        process.kill()
        output = process.communicate()[0]
    with suppress(ValueError, IndexError):
        return float(output.split()[-1])
    return None


def take_steps(config: TrainConfig) -> float:
    """Trains a few steps, keeps nothing, and returns the seconds of one."""
    config = dataclasses.replace(
        config,
        steps=NEVER,
        log_every=1,
        sample_every=NEVER,
        evaluate_every=NEVER,
        save_every=NEVER,
        samples=1,
    )
    times: list[float] = []
    trainer = Trainer(config, EXAMPLES[method_of(config).examples](config, None, None))
    warm_up = WARM_UP + (step_graphs.WARM_UP if trainer.machine.graphs else 0)
    # Closed, so that what reads pictures ahead ends with it.
    with closing(iter(trainer)) as events:
        for event in events:
            if isinstance(event, Progress):
                times.append(time.perf_counter())
            if len(times) == warm_up + STEPS:
                break
    return (times[-1] - times[warm_up - 1]) / STEPS


if __name__ == "__main__":
    sys.stdout.write(f"{take_steps(TrainConfig(**json.loads(sys.argv[1])))}\n")
