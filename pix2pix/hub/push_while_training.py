"""Pushes the newest model of a run to the Hub while it trains, since a Space's disk is not permanent.

The push runs in a thread of the process that supervises the trainer (the page's server or the command),
so the trainer never has the token. Errors are written to the run's log and to `push.json`; they never
stop a training.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.errors import HubError, Pix2PixError
from pix2pix.hub.client import check_name, redact, token_here
from pix2pix.hub.push import PushOptions, name_of, push
from pix2pix.runs.run import ENDED, Run
from pix2pix.runtime.files import write_text

LOOK = 2.0
"""Seconds between two checks of the run."""
LAST_PUSH = 300.0
"""Seconds that a command waits for the last push after its training has ended."""
RECORD = "push.json"


class Pushing:
    """Pushes a run's model whenever `every` more steps were saved (0: only at the end), and once more
    at its end.

    `start()` is for a trainer in another process: it ends by itself when the run does. As a context manager
    it surrounds a training in this process. Raises `HubError` where nobody is logged in.
    """

    def __init__(
        self, run: str | Path, repo: str, *, every: int = 0, token: str | None = None, private: bool = False
    ) -> None:
        self.run = Run(run)
        self.repo = check_name(repo)
        self.every = every
        self.private = private
        self._token = token_here() if token is None else token
        if not self._token:
            raise HubError(
                f"nobody is logged in to push to {repo}. Log in first (hf auth login), or train "
                "without pushing."
            )
        record = read_record(run)
        self._step = int(record.get("step", 0)) if record.get("repo") == self.repo else 0
        self._seen = 0
        self._follows = True
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"push {self.run.name}", daemon=True)

    def start(self) -> Pushing:
        """Starts to watch the run in the background."""
        self._thread.start()
        return self

    def finish(self, timeout: float | None = LAST_PUSH) -> None:
        """Pushes what was not pushed yet, and returns when that is done, or after `timeout` seconds."""
        self._over.set()
        self._thread.join(timeout)

    @property
    def is_alive(self) -> bool:
        """Whether it still watches its run."""
        return self._thread.is_alive()

    def __enter__(self) -> Pushing:
        # A run that is about to be resumed still says that it has ended.
        self._follows = False
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()

    def _watch(self) -> None:
        while not self._over.wait(LOOK) and not (self._follows and self.run.state() in ENDED):
            self._push_new(self.every or None)
        self._push_new(1)

    def _push_new(self, steps: int | None) -> None:
        """Pushes the newest model if it is at least `steps` steps further than the last one pushed."""
        with suppress(FileNotFoundError), tempfile.TemporaryDirectory(prefix="pushing-") as folder:
            written = self.run.model_path.stat().st_mtime_ns
            if steps is None or (written == self._seen and steps > 1):
                return
            self._seen = written
            # The trainer replaces its file at any moment: what is described is what is sent.
            copy = Path(
                shutil.copyfile(self.run.model_path, Path(folder) / f"{name_of(self.run.model_path)}.pth")
            )
            self._push(copy, steps)

    def _push(self, copy: Path, steps: int) -> None:
        step = 0
        try:
            step = int(load_checkpoint(copy).about.get("step") or 0)
            if step - self._step < steps:
                return
            done = push(copy, self.repo, token=self._token, terms=PushOptions(self.private))
        except (Pix2PixError, OSError) as error:
            self._record(f"step {step} was not pushed: {error}", {"failed": step, "error": str(error)})
        except Exception as error:  # noqa: BLE001  # whatever goes wrong with the Hub, the training goes on
            self._record(
                f"step {step} was not pushed: {type(error).__name__}: {error}",
                {"failed": step, "error": str(error)},
            )
        else:
            self._step = step
            self._record(
                f"step {step} was pushed to {done.url} at {done.commit[:7]}",
                {"step": step, "commit": done.commit, "url": done.url},
            )

    def _record(self, sentence: str, facts: Mapping[str, Any]) -> None:
        self.run.note(redact(sentence, self._token))
        redacted = {
            name: redact(value, self._token) if isinstance(value, str) else value
            for name, value in facts.items()
        }
        record = {
            key: value for key, value in read_record(self.run.path).items() if key not in ("failed", "error")
        }
        with suppress(Pix2PixError):
            write_text(
                self.run.path / RECORD,
                json.dumps({**record, "repo": self.repo, "every": self.every, **redacted}, indent=2) + "\n",
            )


def read_record(run: str | Path) -> dict[str, Any]:
    """Returns the last push of a run: repo, every, step, commit, url; failed and error after a failure;
    {} for none."""
    with suppress(OSError, ValueError):
        record = json.loads((Path(run) / RECORD).read_text(encoding="utf-8"))
        return record if isinstance(record, dict) else {}
    return {}
