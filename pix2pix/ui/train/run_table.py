"""All runs in a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from pix2pix.imaging.sample_grid import take_image
from pix2pix.runs.run import Run, Snapshot
from pix2pix.runtime.file_cache import FileCache
from pix2pix.runtime.files import read_image
from pix2pix.training.presets import preset_of
from pix2pix.ui.shared.data_urls import to_data_url
from pix2pix.ui.train.run_html import STATES, best_metric, best_title, duration

THUMB = 56
_thumbnails: FileCache[str] = FileCache(256)
MOST_ROWS = 100
COLUMNS = ("", "Name", "Data", "Preset", "State", "Steps", "Best", "Time")
HEAD = f"<tr>{''.join(f'<th>{column}</th>' for column in COLUMNS)}</tr>"


def marks_of(runs: Sequence[Run]) -> list[tuple[object, ...]]:
    """Returns a value that changes whenever the table does; the steps of a running run are left out."""
    return [
        (run.name, run.state(), _stamp(run.samples_path), run.read_status().get("saved_step"))
        for run in runs[:MOST_ROWS]
    ]


def _stamp(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def table(runs: Sequence[Run]) -> str:
    """Returns HTML with one row for each run, the newest first."""
    if not runs:
        return '<p class="hint">No run yet.</p>'
    rows = "".join(_row(run.snapshot()) for run in runs[:MOST_ROWS])
    rest = f'<p class="hint">and {len(runs) - MOST_ROWS:,} older ones</p>' if len(runs) > MOST_ROWS else ""
    return f'<div class="history"><table><thead>{HEAD}</thead><tbody>{rows}</tbody></table></div>{rest}'


def _row(snapshot: Snapshot) -> str:
    word, tone = STATES.get(snapshot.state, (snapshot.state, "idle"))
    newest = snapshot.samples[-1][1] if snapshot.samples else None
    picture = (
        f'<img src="{_thumbnails.read(newest, thumbnail)}" alt="">'
        if newest and newest.exists()
        else "<i></i>"
    )
    best = best_metric(snapshot)
    cells = (
        picture,
        f"<b>{escape(snapshot.name)}</b>",
        escape(Path(snapshot.config.data).name),
        escape(preset_of(snapshot.config)),
        f'<span class="run-state {tone}">{escape(word)}</span>',
        f"{snapshot.step:,} of {snapshot.steps:,}",
        f"{best_title(snapshot.config)} {best}" if best != "–" else "–",
        duration(snapshot.trained) if snapshot.trained else "–",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def thumbnail(path: Path) -> str:
    """Returns a data URL of the first output in a sample grid."""
    return to_data_url(take_image(read_image(path), 1).resize((THUMB, THUMB)))
