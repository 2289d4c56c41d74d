"""The files of a run directory: their paths, and how the small ones are read and written.

Writers replace whole files; readers accept a missing file and an incomplete last line.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pix2pix.errors import NoSpaceError, RunError
from pix2pix.runs.metric_rows import read_rows
from pix2pix.runs.saved_state import sound_status
from pix2pix.runtime.files import append_line, no_space, write_text
from pix2pix.runtime.paths import expand_home

LOG_TAIL = 16_384
NOT_TRAINED = ("new", "queued", "starting")
"""States of a run without a trainer, or before it has one; the status from before is under `earlier`."""


class RunFolder:
    """A run directory as files; `Run` interprets them."""

    is_asked_to_stop = False
    """Whether a signal asked this process to stop, which needs no file."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(expand_home(path))
        self._written: dict[str, Any] = {}
        """The status that this object wrote last."""

    @property
    def name(self) -> str:
        """The directory's own name."""
        return self.path.name

    @property
    def config_path(self) -> Path:
        return self.path / "config.json"

    @property
    def status_path(self) -> Path:
        return self.path / "status.json"

    @property
    def metrics_path(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def samples_path(self) -> Path:
        return self.path / "samples"

    @property
    def state_path(self) -> Path:
        return self.path / "state.pt"

    @property
    def model_path(self) -> Path:
        return self.path / "model.pth"

    @property
    def best_path(self) -> Path:
        return self.path / "best.pth"

    def files_of(self, first: Path, names: Iterable[str]) -> list[Path]:
        """Returns the paths of models by name: the first is `first`, such as model.pth, others are
        model_NAME.pth beside it."""
        return [
            first.with_stem(f"{first.stem}_{name}") if place else first for place, name in enumerate(names)
        ]

    def models(self) -> list[Path]:
        """Returns the newest models that were saved: model.pth, then the others of a method with several."""
        others = self.path.glob(f"{self.model_path.stem}_*{self.model_path.suffix}")
        return [path for path in (self.model_path, *sorted(others)) if path.exists()]

    @property
    def log_path(self) -> Path:
        return self.path / "log.txt"

    @property
    def stop_path(self) -> Path:
        return self.path / "stop"

    @property
    def lock_path(self) -> Path:
        return self.path / "lock"

    @property
    def sample_now_path(self) -> Path:
        return self.path / "sample"

    @property
    def owner_path(self) -> Path:
        return self.path / "owner"

    @property
    def owner(self) -> str:
        """Who started the run; "" where nobody signed in."""
        with suppress(OSError):
            return self.owner_path.read_text(encoding="utf-8").strip()
        return ""

    def make_folders(self) -> None:
        """Creates the run's folders. Raises `RunError` or `NoSpaceError` where that fails."""
        try:
            self.samples_path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise no_space(self.path, error) from error

    def read_status(self) -> dict[str, Any]:
        """Returns the last status; {} where none can be read."""
        with suppress(OSError, ValueError, RecursionError):
            return sound_status(json.loads(self.status_path.read_text(encoding="utf-8")))
        return {}

    def write_status(self, **changes: Any) -> None:
        """Merges `changes` into status.json; None removes a value. On a full disk the file is
        overwritten in place."""
        status = self._status_to_change() | changes | {"time": time.time(), "pid": os.getpid()}
        status = {name: value for name, value in status.items() if value is not None}
        self._replace_status(status)
        self._written = status

    def _status_to_change(self) -> dict[str, Any]:
        """Returns the last status; where it cannot be read at the moment, the one that this
        process wrote last."""
        try:
            status = json.loads(self.status_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            if not self._written:
                raise no_space(self.status_path, error) from error
            return self._written
        except (ValueError, RecursionError):
            return self._written
        return sound_status(status)

    def set_status_aside(self) -> None:
        """Keeps the whole status of a run that has trained, until it trains again."""
        status = self.read_status()
        if status.get("state", "new") not in NOT_TRAINED and "earlier" not in status:
            self.write_status(earlier=status)

    def put_status_back(self) -> bool:
        """Restores what `set_status_aside` kept, byte for byte; returns whether there was something."""
        earlier = self.read_status().get("earlier")
        if earlier:
            self._replace_status(earlier)
        return bool(earlier)

    def _replace_status(self, status: dict[str, Any]) -> None:
        text = json.dumps(status, indent=2) + "\n"
        try:
            write_text(self.status_path, text)
        except NoSpaceError as error:
            try:
                with self.status_path.open("r+", encoding="utf-8") as file:
                    file.write(text)
                    file.truncate()
            except OSError:
                raise error from None

    def append_row(self, row: dict[str, Any]) -> None:
        """Adds a line to metrics.jsonl."""
        append_line(self.metrics_path, json.dumps(row))

    def rows(self) -> list[dict[str, Any]]:
        """Returns the rows of metrics.jsonl, without an incomplete last line."""
        with suppress(RunError):
            return self.read_rows()
        return []

    def read_rows(self) -> list[dict[str, Any]]:
        """Returns the rows. Raises `RunError` where the file exists and cannot be read."""
        try:
            return read_rows(self.metrics_path)
        except FileNotFoundError:
            return []
        except OSError as error:
            cause = (error.strerror or str(error)).lower()
            raise RunError(
                f"{self.metrics_path} cannot be read: {cause}. Mend that, then try again."
            ) from error

    def samples(self) -> list[tuple[int, Path]]:
        """Returns steps and files of the sample grids, oldest first."""
        return sorted(
            (int(path.stem), path) for path in self.samples_path.glob("*.png") if path.stem.isdigit()
        )

    def request_stop(self) -> None:
        """Asks the trainer to finish its step, save and end."""
        _touch(self.stop_path)

    def stop_requested(self) -> bool:
        """Whether there is a stop request that was not obeyed yet."""
        return self.is_asked_to_stop or self.stop_path.exists()

    def request_sample(self) -> None:
        """Asks the trainer for a sample grid after its step."""
        _touch(self.sample_now_path)

    def take_sample_request(self) -> bool:
        """Whether a sample grid was requested; removes the request."""
        if not self.sample_now_path.exists():
            return False
        self.sample_now_path.unlink(missing_ok=True)
        return True

    def note(self, sentence: str) -> None:
        """Adds a line to the log."""
        with suppress(OSError), self.log_path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(sentence + "\n")

    def log_tail(self) -> str:
        """Returns the last lines of log.txt."""
        with suppress(OSError), self.log_path.open("rb") as file:
            file.seek(max(0, self.log_path.stat().st_size - LOG_TAIL))
            return file.read().decode("utf-8", errors="replace")
        return ""


def _touch(path: Path) -> None:
    try:
        path.touch()
    except OSError as error:
        raise no_space(path, error) from error
