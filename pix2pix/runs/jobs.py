"""Training in the background: a thread that starts one trainer process, waits for it, and records
why it ended.

A process and not a thread: in the server's own process a training would share the random state with every
visitor's drawing, halve its speed on two cores, and take the page down with it on a crash.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import Timeout

from pix2pix.config import TrainConfig
from pix2pix.errors import Pix2PixError, RunError
from pix2pix.runs import preflight as preflight
from pix2pix.runs import queue as run_queue
from pix2pix.runs.run import ALIVE, ENDED, Run, find_runs
from pix2pix.runtime.files import write_text
from pix2pix.runtime.locks import hold, way_out
from pix2pix.runtime.paths import slug
from pix2pix.runtime.processes import cause_of, quiet_environment

LEAVING = 10
"""Seconds that a trainer may take to exit after it wrote its end."""

LONGEST_START = 60
"""Seconds to wait for another start in progress."""
LOOK = 1.0
"""Seconds between two checks of the queue."""
LONGEST_FREE_NAME = 50

_lock = threading.RLock()
_jobs: dict[Path, Job] = {}
_supervisors: dict[Path, threading.Thread] = {}


class Job:
    """One trainer process and the thread that waits for its end."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.process = _start_process(run)
        self._thread = threading.Thread(target=self._watch, name=f"watch {run.name}", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the trainer process runs, or its end is not yet written."""
        return self._thread.is_alive()

    def wait(self, timeout: float | None = None) -> None:
        """Waits until the trainer has ended and the run's status says so."""
        self._thread.join(timeout)

    def _watch(self) -> None:
        code = self.process.wait()
        # A run that has ended may wait for its next turn already, before its process has left.
        if self.run.read_status().get("state") in ALIVE:
            close(self.run, cause_of(code))


def start(folder: str | Path, name: str, *, config: TrainConfig, owner: str = "", minutes: float = 0) -> Run:
    """Creates a run in `folder` and starts its training, or queues it; without a name it is named
    after its data.

    A request for what is trained or queued already returns that run: a button pressed fifty times starts one.
    `minutes` limits the training time. Raises `Pix2PixError` where data or settings do not fit; nothing is
    left on the disk then.
    """
    folder = Path(folder)
    config = preflight.prepare(config).config
    with _start_lock(folder):
        twin = _find_same(folder, config, name=name, owner=owner)
        if twin:
            return twin
        run_queue.refuse_if_full(folder)
        run = Run.create(folder / (name or free_name(folder, config.data)), config)
        run.write_status(minutes=minutes)
        if owner:
            write_text(run.owner_path, owner)
        _begin_or_wait(run)
    return run


def resume(path: str | Path, steps: int | None = None) -> Run:
    """Resumes a run that has ended, to `steps` steps if given, or queues it where the machine is busy."""
    run = Run.open(path)
    with _start_lock(run.path.parent):
        state = run.state()
        if state in ALIVE or state == run_queue.QUEUED:
            raise RunError(f"{run.name} is being trained, or waits for its turn. Stop it first.")
        if steps is not None:
            preflight.check_resume(run, {"steps": steps})
            run.set_status_aside()
            run.write_status(steps=steps)
        _begin_or_wait(run)
    return run


def remove(path: str | Path) -> None:
    """Deletes a run. Raises `RunError` while it is being trained."""
    run = Run.open(path)
    with _start_lock(run.path.parent):
        if run.state() in ALIVE:
            raise RunError(f"{run.name} is being trained. Stop it first.")
        shutil.rmtree(run.path)


def free_name(runs: Path, data: str) -> str:
    """Returns the name of the data, such as `facades`, or `facades-2` where that is taken."""
    plain = slug(Path(data).resolve().name, "run", longest=LONGEST_FREE_NAME)
    names = [plain, *(f"{plain}-{number}" for number in range(2, 10_000))]
    return next(name for name in names if not (runs / name).exists())


def running() -> Job | None:
    """Returns this process's job that is running, if any."""
    return next((job for job in _jobs.values() if job.is_alive), None)


def adopt(folder: str | Path) -> list[Run]:
    """Closes runs whose trainer died, after a restart of the server, and returns those that
    are still trained.

    Also resumes the watch of the queue.
    """
    _close_dead(Path(folder))
    alive = [run for run in find_runs(folder) if run.state() in ALIVE]
    if alive or run_queue.waiting(folder):
        _supervise(Path(folder))
    return alive


def close(run: Run, cause: str) -> None:
    """Writes that a trainer is gone, with the cause."""
    run.note(cause)
    run.write_status(state="died", reason=cause)


def busy(folder: Path) -> Run | None:
    """Returns the run that is trained on this machine, also one that an earlier server has started."""
    job = running()
    if job and job.run.read_status().get("state") in (*ENDED, run_queue.QUEUED):
        # Its end is written and it is only exiting: a resume need not wait for that.
        job.wait(LEAVING)
        job = running()
    return job.run if job else next((run for run in find_runs(folder) if run.state() in ALIVE), None)


@contextmanager
def _start_lock(folder: Path) -> Iterator[None]:
    """Holds the lock for starting a run, across threads and servers; it is released when its holder dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with _lock, ExitStack() as stack:
        try:
            stack.enter_context(hold(folder / ".lock", LONGEST_START))
        except Timeout:
            out = way_out(folder / ".lock")
            raise RunError(
                f"{folder} was locked by others for {LONGEST_START} seconds. Try again.{out}"
            ) from None
        yield


def _find_same(folder: Path, config: TrainConfig, *, name: str, owner: str) -> Run | None:
    """Returns a run of the same settings, owner and name (if given) that is trained or queued and not
    about to stop."""
    for run in find_runs(folder):
        is_going_on = run.state() in (*ALIVE, run_queue.QUEUED) and not run.stop_requested()
        if is_going_on and name in ("", run.name) and run.owner == owner and run.config() == config:
            return run
    return None


def _begin_or_wait(run: Run) -> None:
    folder = run.path.parent
    if busy(folder) or run_queue.waiting(folder):
        run_queue.refuse_if_full(folder)
        run_queue.join(run)
        _supervise(folder)
    else:
        _begin(run)


def _supervise(folder: Path) -> None:
    """Starts a thread that watches the folder while a run is queued, or one is trained that this server
    has not started."""
    key = folder.resolve()
    if key not in _supervisors or not _supervisors[key].is_alive():
        _supervisors[key] = threading.Thread(
            target=_look_after, args=(folder,), name=f"queue of {folder}", daemon=True
        )
        _supervisors[key].start()


def _look_after(folder: Path) -> None:
    goes_on = True
    while goes_on and folder.is_dir():
        time.sleep(LOOK)
        with suppress(OSError, Pix2PixError), _start_lock(folder):
            _close_dead(folder)
            queue = run_queue.waiting(folder)
            at_work = busy(folder)
            if queue and not at_work:
                _begin(queue.pop(0))
            goes_on = bool(queue or at_work and not running())
            if not goes_on:
                # Under the lock, so that the next run to join the queue sees that no thread watches it.
                _supervisors.pop(folder.resolve(), None)


def _close_dead(folder: Path) -> None:
    """Closes runs whose trainer is gone; a death that was written before keeps its cause."""
    job = running()
    for run in find_runs(folder):
        is_ours = job is not None and job.run.path.resolve() == run.path.resolve()
        if not is_ours and run.state() == "died" and run.read_status().get("state") in ALIVE:
            close(run, "the trainer ended without a word: it was killed, or the machine was switched off")


def _begin(run: Run) -> None:
    run.stop_path.unlink(missing_ok=True)
    run.set_status_aside()
    run.write_status(state="starting", reason="", started=0)
    _jobs[run.path.resolve()] = Job(run)


def command(run: Run) -> list[str]:
    """Returns the command that resumes a run; for a new run it starts it."""
    return [sys.executable, "-m", "pix2pix", "train", "--run", str(run.path), "--resume"]


def _start_process(run: Run) -> subprocess.Popen[bytes]:
    # What it prints becomes log.txt, which is UTF-8 on every system.
    environment = quiet_environment() | {"PYTHONIOENCODING": "utf-8:backslashreplace"}
    with run.log_path.open("ab") as log:
        # A session of its own: closing the server's terminal, or restarting the
        # server, does not end a training.
        return subprocess.Popen(
            command(run),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
