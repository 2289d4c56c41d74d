"""Background processes: low priority, an environment without secrets, exit codes in words."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|CREDENTIAL|API_?KEY|OAUTH", re.IGNORECASE)
KILLED = 9
"""SIGKILL, which Windows has no name for."""
NICENESS = 10
"""How far trainers of the page step back, from 0 (not at all) to 19; PIX2PIX_NICENESS overrules it."""


def step_back(pid: int = 0) -> None:
    """Lowers the priority of process `pid`, or of this one; a process with a session of its own does so
    as a whole.

    A trainer calls it once it has started: one that was nice before its imports took over a minute to start
    on a busy machine. Linux shares the processor by session first, where the niceness of a process counts
    only inside it.
    """
    given = os.environ.get("PIX2PIX_NICENESS", "")
    niceness = min(int(given), 19) if given.isdecimal() else NICENESS
    if not niceness:
        return
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
        if os.getsid(pid) == (pid or os.getpid()):
            Path(f"/proc/{pid or 'self'}/autogroup").write_text(str(niceness), encoding="utf-8")


def quiet_environment() -> dict[str, str]:
    """Returns `clean_environment` with threads that wait without spinning, which slowed a step tenfold
    beside a drawing."""
    return clean_environment() | {"OMP_WAIT_POLICY": "PASSIVE"}


def clean_environment() -> dict[str, str]:
    """Returns this process's environment without anything that looks like a secret, and with this
    package to import."""
    environment = {name: value for name, value in os.environ.items() if not SECRET.search(name)}
    # On a Space the package is not installed; it stands beside app.py, which need not be the working folder.
    places = [str(Path(__file__).parents[2]), environment.get("PYTHONPATH", "")]
    return environment | {"PYTHONPATH": os.pathsep.join(filter(None, places))}


def cause_of(code: int) -> str:
    """Returns a trainer's exit code in words."""
    if code in (-KILLED, 128 + KILLED):
        return (
            "the trainer was killed by the system (signal 9), most likely because memory ran out."
            " Resume, or take a smaller batch, width or size."
        )
    if code < 0:
        return f"the trainer was ended by signal {-code} ({signal.Signals(-code).name})"
    return f"the trainer ended with exit code {code} before it was done; the log says more"
