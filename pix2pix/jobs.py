"""Training in the background: a thread that starts one trainer process, watches it, and says why it ended.

Why a process below the thread: in the server's own process a training would share the random state with every visitor's
drawing, halve its speed on two cores, and take the page down with it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from pix2pix.config import TrainConfig
from pix2pix.data.pairs import open_pairs
from pix2pix.errors import RunError
from pix2pix.runs import ENDED, Run, find_runs

SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|CREDENTIAL|API_?KEY|OAUTH", re.IGNORECASE)
NICENESS = "10"
LEAVING = 10
"""Seconds that a trainer may take to leave after it wrote down its end."""

_lock = threading.Lock()
_jobs: dict[Path, Job] = {}


class Job:
    """One trainer process and the thread that waits for its end."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.process = _start_process(run)
        self._thread = threading.Thread(target=self._watch, name=f"watch {run.name}", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """The trainer process has not ended, or its end was not yet written down."""
        return self._thread.is_alive()

    def wait(self, timeout: float | None = None) -> None:
        """Returns when the trainer has ended and the run says so."""
        self._thread.join(timeout)

    def _watch(self) -> None:
        code = self.process.wait()
        if self.run.read_status().get("state") not in ENDED:
            close(self.run, _cause(code))


def start(path: str | Path, config: TrainConfig) -> Job:
    """Makes the run and starts its training; `Pix2PixError` where data or settings do not fit, or another run goes on."""
    open_pairs(config.data, config.direction, config.make, config.seed)
    with _lock:
        _refuse_second(Path(path).parent)
        return _begin(Run.create(path, config))


def resume(path: str | Path, steps: int | None = None) -> Job:
    """Goes on with a run that has ended, to `steps` steps if given."""
    run = Run.open(path)
    with _lock:
        _refuse_second(run.path.parent)
        if steps:
            run.write_status(steps=steps)
        return _begin(run)


def running() -> Job | None:
    """The job of this process that is at work, if any."""
    return next((job for job in _jobs.values() if job.is_alive), None)


def adopt(folder: str | Path) -> list[Run]:
    """After a restart: closes runs that claim a trainer which is gone, and returns those whose trainer went on meanwhile."""
    alive = []
    for run in find_runs(folder):
        state = run.snapshot().state
        # A death that was written down already keeps its cause.
        if state == "died" and run.read_status().get("state") != "died":
            close(run, "the trainer ended without a word, perhaps with the machine")
        elif state in ("running", "stopping"):
            alive.append(run)
    return alive


def close(run: Run, cause: str) -> None:
    """Writes down that a trainer is gone."""
    run.note(cause)
    run.write_status(state="died", reason=cause)


def _refuse_second(runs: Path) -> None:
    """One run at a time, also one that a server before this one has started."""
    job = running()
    if job and job.run.read_status().get("state") in ENDED:
        # It has said its last word and is only leaving: whoever resumes at once is not to be refused for that.
        job.wait(LEAVING)
        job = running()
    run = job.run if job else next((run for run in find_runs(runs) if run.is_held()), None)
    if run:
        raise RunError(f"{run.name} is being trained on this machine. Stop it, or wait for its end.")


def _begin(run: Run) -> Job:
    run.stop_path.unlink(missing_ok=True)
    run.write_status(state="starting", reason="")
    job = _jobs[run.path.resolve()] = Job(run)
    return job


def command(run: Run) -> list[str]:
    """What a person would type to go on with a run; a run that has just been made starts with it."""
    return [sys.executable, "-m", "pix2pix", "train", "--run", str(run.path), "--resume"]


def _start_process(run: Run) -> subprocess.Popen[bytes]:
    nice = ["nice", "-n", NICENESS] if shutil.which("nice") else []
    with run.log_path.open("ab") as log:
        # A session of its own: closing the server's terminal, or restarting the server, does not end a training.
        process = subprocess.Popen(
            nice + command(run), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), start_new_session=True
        )
    _yield_to_others(process.pid)
    return process


def _yield_to_others(pid: int) -> None:
    """Where Linux shares the processor by session, niceness counts only inside one: the trainer's whole session steps back."""
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(NICENESS)


def _environment() -> dict[str, str]:
    # Threads that wait without spinning: beside a drawing visitor, spinning made a step ten times as long.
    return clean_environment() | {"OMP_WAIT_POLICY": "PASSIVE"}


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that looks like a secret, and with this very package to import."""
    environment = {name: value for name, value in os.environ.items() if not SECRET.search(name)}
    # On a Space the package is not installed; it stands beside app.py, which need not be the working folder.
    places = [str(Path(__file__).parents[1]), environment.get("PYTHONPATH", "")]
    return environment | {"PYTHONPATH": os.pathsep.join(filter(None, places))}


def _cause(code: int) -> str:
    """An exit code in words."""
    if code == -signal.SIGKILL or code == 128 + signal.SIGKILL:
        return (
            "the trainer was killed by the system (signal 9), most likely because memory ran out."
            " Resume, or take a smaller batch, width or size."
        )
    if code < 0:
        return f"the trainer was ended by signal {-code} ({signal.Signals(-code).name})"
    return f"the trainer ended with exit code {code} before it was done; the log says more"
