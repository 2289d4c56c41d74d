"""Updates of the right side of the Train tab: what has changed of a run since a page last asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from pix2pix.errors import ConfigError
from pix2pix.runs import queue as run_queue
from pix2pix.runs.advice import Advice, advise
from pix2pix.runs.evidence import Evidence
from pix2pix.runs.run import ALIVE, Run, Snapshot, find_runs
from pix2pix.runs.start import whole_path
from pix2pix.runtime.files import read_image
from pix2pix.ui.shared import run_actions as run_actions
from pix2pix.ui.shared.run_actions import RunActions
from pix2pix.ui.train import run_html as run_html
from pix2pix.ui.train import run_table as run_table
from pix2pix.ui.train.curves import curves_of
from pix2pix.ui.train.run_buttons import shown_controls

WAITING = '<p class="hint">The curves begin with the first {} steps, the pictures with step 0.</p>'

Parts = dict[str, Any]


def look(actions: RunActions, visitor: str, name: str | None, at: float | None, seen: Parts) -> Parts:
    """Returns the updates since `seen`, by part; `at` is the step of the time slider. Empty where
    nothing has changed.

    `seen` is among the updates, to be passed to the next call.
    """
    found = actions.visible(visitor)
    run = run_actions.pick_run(found, name)
    marks: Parts = {
        "run": run.name if run else None,
        "history": run_table.marks_of(found),
        "refusal": actions.rights.refusal(visitor),
    }
    before = (
        seen
        if seen.get("run", "") == marks["run"]
        else {name: seen.get(name) for name in ("history", "refusal")}
    )
    changes = _changed_around(found, marks=marks, before=before, name=name)
    if run:
        snapshot = run.snapshot()
        marks |= marks_of(snapshot, run, found=found)
        changes |= _changed(snapshot, before, marks=marks, at=at)
    return changes | {"seen": marks} if changes else {}


def _changed_around(found: list[Run], *, marks: Parts, before: Parts, name: str | None) -> Parts:
    """Returns updates of the chooser, the table, and the notice about who may train."""
    changes: Parts = {}
    names = [run.name for run in found]
    is_new = before.get("history") != marks["history"]
    if name != marks["run"]:
        changes["chooser"] = gr.update(choices=names, value=marks["run"])
    elif is_new:
        # Without a value: while this look was on its way, another run may have been chosen or started.
        changes["chooser"] = gr.update(choices=names)
    if is_new:
        changes |= {
            "table": run_table.table(found),
            "one": gr.update(choices=names),
            "other": gr.update(choices=names),
        }
        changes["history"] = gr.update(visible=bool(found))
    if "run" not in before:
        changes |= {"empty": gr.update(visible=not found), "watching": gr.update(visible=bool(found))}
    if before.get("refusal") != marks["refusal"]:
        refusal = run_html.refused(marks["refusal"])
        changes |= {
            "notice": gr.update(value=refusal, visible=bool(refusal)),
            "begin": gr.update(visible=not refusal),
        }
    return changes


def marks_of(snapshot: Snapshot, run: Run, *, found: list[Run]) -> Parts:
    """Returns a small value for each part of the page, which changes when that part must be updated; `found`
    are the runs that the visitor may see."""
    waits = snapshot.state == run_queue.QUEUED
    last = snapshot.rows[-1] if snapshot.rows else {}
    return {
        "headline": run_html.headline(
            snapshot,
            run_queue.place_of(run) if waits else (0, 0),
            _holder_of_machine(run, found) if waits else "",
        ),
        "curves": (len(snapshot.rows), last.get("step"), sorted(last)),
        "newest": snapshot.samples[-1][0] if snapshot.samples else None,
        "log": run_html.log_tail(snapshot),
        "state": (snapshot.state, snapshot.steps, snapshot.step < snapshot.steps, snapshot.model is not None),
    }


def _holder_of_machine(run: Run, found: list[Run]) -> str:
    """Returns what has the machine that this run waits for, in words."""
    holder = next((other for other in find_runs(run.path.parent) if other.state() in ALIVE), None)
    is_visible = holder is not None and holder.name in {other.name for other in found}
    return run_html.holder_words(holder.snapshot() if holder else None, is_visible)


def _changed(snapshot: Snapshot, before: Parts, *, marks: Parts, at: float | None) -> Parts:
    changes: Parts = {}
    fresh = {name for name in marks if name not in before or before[name] != marks[name]}
    changes |= {name: marks[name] for name in ("headline", "log") if name in fresh}
    if fresh & {"curves", "state"}:
        changes["curves"] = curves_of(snapshot.name, snapshot.rows)
        changes["waiting"] = gr.update(
            value=WAITING.format(snapshot.config.log_every), visible=snapshot.is_alive and not snapshot.rows
        )
        changes |= _advice(snapshot)
    if fresh & {"state", "refusal"}:
        changes |= shown_controls(snapshot, not marks["refusal"])
    if "state" not in before:
        # Once for each run: a visitor may be typing another name while the run goes on to its next state.
        changes["kept_name"] = snapshot.name
    if "newest" in fresh:
        changes |= _samples(snapshot, before.get("newest"), at=at)
    return changes


def advice_of(snapshot: Snapshot) -> list[Advice]:
    """Returns the advice on the run's curves."""
    return advise(Evidence.of(snapshot))


def changes_to_follow(snapshot: Snapshot, data: str | None, method: str | None) -> Parts:
    """Returns the settings that the advice on the run changes, for a form that holds the same data.

    Raises `ConfigError` for other data, of which that advice knows nothing, and where there is none.
    """
    run = snapshot.config
    if not data or whole_path(data) != whole_path(run.data) or method != run.method:
        held = f"{Path(data).name} ({method})" if data else "no data"
        raise ConfigError(
            f"this advice is on {Path(run.data).name} ({run.method}), and the form holds {held}. Choose the "
            "run's own data first."
        )
    return next((advice.changes for advice in advice_of(snapshot) if advice.changes), {})


def _advice(snapshot: Snapshot) -> Parts:
    advices = advice_of(snapshot)
    offer = next((advice for advice in advices if advice.changes), None)
    return {
        "meaning": gr.update(value=run_html.meaning(advices), visible=bool(advices)),
        "follow": gr.update(value=f"Next run: {offer.button}" if offer else "", visible=offer is not None),
    }


def _samples(snapshot: Snapshot, newest_before: int | None, *, at: float | None) -> Parts:
    """Returns updates of the sample grid, unless an older one is being looked at, and of
    the slider's range."""
    if not snapshot.samples:
        return {"gallery": gr.update(visible=False)}
    oldest = snapshot.samples[0][0]
    newest = snapshot.samples[-1][0]
    # A slider from a step to itself is an error to Gradio, also an unseen one.
    span: Parts = {"minimum": oldest, "maximum": max(newest, oldest + 1), "visible": newest > oldest}
    shown: Parts = {"gallery": gr.update(visible=True), "compare": gr.update(visible=newest > oldest)}
    if newest_before is not None and at is not None and at < newest_before:
        return shown | {"time": gr.update(**span)}
    return shown | {"time": gr.update(**span, value=newest)} | show_sample(snapshot, None)


def show_sample(snapshot: Snapshot, at: float | None) -> Parts:
    """Returns updates that show the sample grid nearest to step `at`, with its caption."""
    sample = run_html.nearest_sample(snapshot.samples, at)
    if not sample:
        return {}
    return {"sample": read_image(sample[1]), "caption": run_html.sample_caption(sample[0])}


def show_step(actions: RunActions, visitor: str, name: str | None, at: float | None) -> Parts:
    """Shows the sample grid at the time slider's step."""
    run = actions.find(visitor, name)
    return show_sample(run.snapshot(), at) if run else {}


def compare(actions: RunActions, visitor: str, name: str | None) -> Parts:
    """Shows the newest outputs beside those at the start of the run."""
    snapshot = actions.run(visitor, name).snapshot()
    if len(snapshot.samples) < 2:
        return {}
    first = snapshot.samples[0]
    (step, now) = snapshot.samples[-1]
    columns = ("input", f"step {first[0]:,}", f"step {step:,}", "target")
    return {"sample": run_html.beside_start(first[1], now), "caption": run_html.sample_caption(step, columns)}
