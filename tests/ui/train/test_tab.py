"""The Train tab without a browser: what it shows of a run, and what a visitor can ask for."""

from __future__ import annotations

import asyncio
import gc
import json
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from pix2pix import TrainConfig
from pix2pix.config import knobs
from pix2pix.errors import ConfigError, DataError, RunError
from pix2pix.runs import jobs
from pix2pix.runs import queue as run_queue
from pix2pix.runs.run import Run, Snapshot
from pix2pix.ui.app import build_app, launch_options
from pix2pix.ui.shared import downloads
from pix2pix.ui.shared import run_actions as run_actions
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.permissions import Rights
from pix2pix.ui.shared.run_actions import RunActions
from pix2pix.ui.train import form
from pix2pix.ui.train import run_html as run_html
from pix2pix.ui.train import run_table as run_table
from pix2pix.ui.train import run_view as run_view
from pix2pix.ui.train.form_handlers import FormHandlers

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

TINY: dict[str, Any] = {"size": 32, "width": 4, "discriminator_width": 4, "log_every": 1, "precision": "fp32"}


def snapshot_of(tmp_path: Path, rows: list[dict[str, Any]], **status: Any) -> Snapshot:
    run = Run.create(tmp_path / "runs" / "houses", TrainConfig(data="pairs", steps=2000))
    run.metrics_path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run.write_status(**status)
    return run.snapshot()


def desk_over(runs: Path, **rights: Any) -> RunActions:
    return RunActions(
        runs, runs.parent / "checkpoints", Rights(**rights), runs.parent / "uploads", (Path("/"),)
    )


@pytest.fixture
def actions(tiny_run: Path) -> RunActions:
    """Over the folder that holds the run `tiny`, which has ended."""
    return desk_over(tiny_run.parent)


@pytest.fixture
def demo() -> Iterator[gr.Blocks]:
    """The page over two folders that do not exist."""
    yield build_app("none", "none")
    # Gradio leaves the event loop of a page that is never served to the garbage collector.
    asyncio.set_event_loop(None)
    gc.collect()


@pytest.fixture
def stops_all(tmp_path: Path) -> Iterator[None]:
    yield
    for run in run_queue.waiting(tmp_path):
        run_queue.leave(run)
    job = jobs.running()
    if job:
        job.process.kill()
        job.wait(10)


def test_the_first_look_shows_all_and_the_second_nothing(actions: RunActions) -> None:
    first = run_view.look(actions, "", None, None, {})
    assert {
        "chooser",
        "headline",
        "sample",
        "caption",
        "curves",
        "log",
        "stop",
        "resume",
        "table",
        "meaning",
    } <= set(first)
    assert first["chooser"]["value"] == "tiny" and first["sample"].size[0] == 3 * 32 + 8
    assert run_view.look(actions, "", "tiny", 2, first["seen"]) == {}


def test_a_new_state_leaves_the_name_that_somebody_types_alone(actions: RunActions) -> None:
    first = run_view.look(actions, "", None, None, {})
    assert first["kept_name"] == "tiny"
    then = run_view.look(actions, "", "tiny", None, first["seen"] | {"state": "another"})
    assert then["taking"]["visible"]
    assert "kept_name" not in then


def test_a_reload_or_another_browser_sees_the_same_run(actions: RunActions) -> None:
    one, two = (run_view.look(actions, "", name, None, {}) for name in (None, "gone"))
    assert one["headline"] == two["headline"] and two["chooser"]["value"] == "tiny"


def test_without_runs_the_page_says_how_to_begin(tmp_path: Path) -> None:
    actions = desk_over(tmp_path / "none")
    first = run_view.look(actions, "", None, None, {})
    assert first["empty"]["visible"] and not first["watching"]["visible"] and "headline" not in first
    assert run_view.look(actions, "", None, None, first["seen"]) == {}


def test_a_new_sample_is_followed_unless_somebody_looks_at_an_older_one(tiny_run: Path) -> None:
    snapshot = Run.open(tiny_run).snapshot()
    assert snapshot.samples[-1][0] == 2
    following, looking_back = run_view._samples(snapshot, 1, at=1), run_view._samples(snapshot, 1, at=0)
    assert "sample" in following and following["time"]["value"] == 2
    assert "sample" not in looking_back and looking_back["time"]["maximum"] == 2


def test_moving_through_time_shows_the_grid_of_that_step(actions: RunActions) -> None:
    assert "Step 0" in run_view.show_step(actions, "", "tiny", 0)["caption"]
    assert run_view.show_step(actions, "", "../tiny", 0) == {}


def test_the_newest_pictures_stand_beside_those_of_the_start(actions: RunActions) -> None:
    shown = run_view.compare(actions, "", "tiny")
    assert (
        shown["sample"].width == 4 * 32 + 3 * 4
        and shown["caption"].count("<span>") == 5
        and "step 0" in shown["caption"]
    )


@pytest.mark.parametrize(
    ("state", "step", "offered"),
    [
        ("running", 3, {"stop", "sample_now"}),
        ("queued", 0, {"leave"}),
        ("stopped", 3, {"resume", "going_on", "ask_remove"}),
        ("died", 3, {"resume", "going_on", "ask_remove"}),
        ("finished", 2000, {"going_on", "ask_remove"}),
    ],
)
def test_a_state_offers_what_can_be_done_in_it(
    state: str, step: int, offered: set[str], tmp_path: Path
) -> None:
    from dataclasses import replace

    snapshot = replace(snapshot_of(tmp_path, [], step=step), state=state)
    shown = run_view.shown_controls(snapshot, may_train=True)
    assert {name for name, value in shown.items() if isinstance(value, dict) and value["visible"]} == offered


def test_a_visitor_sees_and_steers_only_their_own_runs(tmp_path: Path) -> None:
    for name, owner in (("hers", "eve"), ("his", "bob")):
        Run.create(tmp_path / "runs" / name, TrainConfig(data="pairs")).owner_path.write_text(owner)
    actions = desk_over(tmp_path / "runs", policy="visitors", owner="ada")
    assert (
        [run.name for run in actions.visible("eve")] == ["hers"]
        and len(actions.visible("ada")) == 2
        and actions.visible("") == []
    )
    assert run_view.look(actions, "eve", "his", None, {})["chooser"]["value"] == "hers"
    acts: list[Callable[[], object]] = [
        lambda: actions.stop("eve", "his"),
        lambda: actions.resume("eve", "his"),
        lambda: actions.leave("eve", "his"),
        lambda: actions.keep("eve", "his", "mine"),
        lambda: actions.remove("eve", "his"),
        lambda: actions.sample_now("eve", "his"),
    ]
    for act in acts:
        with pytest.raises(RunError, match="is not there"):
            act()
    assert actions.hidden("eve") == {"his"}


def test_whoever_may_not_train_is_told_so_and_refused_by_the_handler_itself(
    pairs: Path, tmp_path: Path
) -> None:
    actions = desk_over(tmp_path / "runs", policy="nobody")
    shown = run_view.look(actions, "", None, None, {})
    assert "allows nobody" in shown["notice"]["value"] and not shown["begin"]["visible"]
    with pytest.raises(RunError, match="allows nobody"):
        actions.start("", "", TrainConfig(data=str(pairs), **TINY))
    assert not (tmp_path / "runs").exists()


def test_pictures_outside_of_the_allowed_folders_are_not_trained_on(pairs: Path, tmp_path: Path) -> None:
    actions = RunActions(tmp_path / "runs", tmp_path, Rights(), tmp_path / "uploads", (tmp_path / "allowed",))
    with pytest.raises(ConfigError, match="may not look"):
        actions.start("", "", TrainConfig(data=str(pairs), **TINY))


def test_a_model_is_kept_under_a_free_name_and_can_be_taken_away(
    actions: RunActions, tiny_run: Path, tmp_path: Path
) -> None:
    actions = RunActions(actions.runs, tmp_path / "checkpoints", actions.rights, tmp_path)
    assert actions.keep("", "tiny", "") == "Kept as tiny.pth."
    assert (tmp_path / "checkpoints" / "tiny.pth").read_bytes() == (tiny_run / "model.pth").read_bytes()
    with pytest.raises(RunError, match="is there already"):
        actions.keep("", "tiny", "tiny")
    with pytest.raises(ConfigError, match="no name for a model"):
        actions.keep("", "tiny", "../up")
    assert downloads.stage_model(Run(tiny_run)).read_bytes() == (tiny_run / "model.pth").read_bytes()


def test_both_models_of_a_run_without_pairs_are_kept_or_none(
    actions: RunActions, tiny_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_run, tmp_path / "runs" / "monet")
    shutil.copy(tiny_run / "model.pth", tmp_path / "runs" / "monet" / "model_BtoA.pth")
    actions = RunActions(tmp_path / "runs", tmp_path / "checkpoints", actions.rights, tmp_path)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "mine_BtoA.pth").write_bytes(b"of somebody")
    with pytest.raises(RunError, match="mine_BtoA.pth is there already"):
        actions.keep("", "monet", "mine")
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["mine_BtoA.pth"]
    assert actions.keep("", "monet", "") == "Kept as monet.pth and monet_BtoA.pth."
    taken = downloads.stage_model(Run(tmp_path / "runs" / "monet"))
    with zipfile.ZipFile(taken) as archive:
        assert (taken.name, sorted(archive.namelist())) == (
            "monet-models.zip",
            ["monet.pth", "monet_BtoA.pth"],
        )
        assert archive.read("monet.pth") == (tiny_run / "model.pth").read_bytes()


def test_a_whole_run_is_a_zip_that_is_a_run_again(tiny_run: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(downloads.stage_run(Run(tiny_run))) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    assert (
        Run.open(tmp_path / "tiny").snapshot() == Run.open(tiny_run).snapshot()
        or (tmp_path / "tiny" / "state.pt").exists()
    )
    assert not (tmp_path / "tiny" / "lock").exists()


def test_the_table_names_each_run_with_its_picture_and_takes_markup_for_text(
    tiny_run: Path, tmp_path: Path
) -> None:
    Run.create(tmp_path / "second", TrainConfig(data="<b>pairs"))
    html = run_table.table([Run(tiny_run), Run(tmp_path / "second")])
    assert "tiny" in html and "data:image/png" in html and "SSIM 0." in html and "finished" in html
    assert "&lt;b&gt;pairs" in html and "not started" in html


def test_the_form_has_every_knob_and_gives_back_its_defaults(demo: gr.Blocks) -> None:
    assert form.to_config([knob.default for knob in knobs()]) == TrainConfig()
    labels = {getattr(block, "label", None) for block in demo.blocks.values()}
    assert {form.title(knob) for knob in knobs() if knob.name in form.DRAWN} <= labels


def test_the_page_tells_what_settings_need_and_the_command_or_what_is_wrong(tmp_path: Path) -> None:
    values = ["my pairs" if knob.name == "data" else knob.default for knob in knobs()]
    plan = FormHandlers(desk_over(tmp_path / "runs"), ModelLibrary(tmp_path, tmp_path / "runs"), fields=None)  # type: ignore[arg-type]
    needs, command = plan.describe_settings(None, "houses", "quick", form.Pairs(), *values)
    assert "GB of memory" in needs and command == "pix2pix train 'my pairs' --run runs/houses"
    wrong = [0 if knob.name == "batch" else value for knob, value in zip(knobs(), values, strict=True)]
    words, nothing = plan.describe_settings(None, "", "quick", form.Pairs(), *wrong)
    assert "Batch is 0" in words and nothing == ""
    assert "warn" not in needs
    far = {"rate": 1.0, "batch": 12}
    unusual = [far.get(knob.name, value) for knob, value in zip(knobs(), values, strict=True)]
    warned, _ = plan.describe_settings(None, "houses", "quick", form.Pairs(11), *unusual)
    assert "Rate is 1, which is 5,000 times the usual" in warned and "Batch is 12, and there are 11" in warned


def test_presets_tell_their_steps_and_the_time_where_it_is_known(pairs: Path, tmp_path: Path) -> None:
    from pix2pix.runs.step_time import StepTimes, key_of
    from pix2pix.training.presets import PRESETS

    found, config = form.look_at(TrainConfig(data=str(pairs))), TrainConfig(data=str(pairs))
    assert found.count == 5 and found.channels == (3, 3)
    (tmp_path / ".pace.json").write_text(json.dumps({key_of(PRESETS[0].apply(config, 5)): 0.4}))
    labels = [label for label, _ in form.preset_choices(found, StepTimes(tmp_path), config=config)]
    assert "1,500 steps, about 10 min here" in labels[0] and "1,000 steps, time not known" in labels[2]
    assert form.look_at(TrainConfig(data="nowhere")).count == 0


def test_a_number_out_of_its_bounds_is_refused_by_name() -> None:
    values = [0 if knob.name == "width" else knob.default for knob in knobs()]
    with pytest.raises(ConfigError, match="width is 0; it must be from 1 to 512"):
        form.to_config(values)


@pytest.mark.parametrize(
    "name", ["../up", "a/b", "a\\b", "..", ".hidden", "a..b", "x" * 61, "end.", "nul\0", "-rf", "line\nbreak"]
)
def test_a_name_that_could_leave_the_folder_of_runs_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no name for a run"):
        desk_over(tmp_path / "runs").start("", name, TrainConfig(data="pairs"))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["houses", "Häuser 2", "a", "v1.2_b-3", " padded "])
def test_an_ordinary_name_is_kept(name: str) -> None:
    assert run_actions.check_name(name) == name.strip()


def test_starting_without_pairs_is_a_sentence_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    actions = desk_over(tmp_path / "runs")
    with pytest.raises(ConfigError, match="bring pairs"):
        actions.start("", "", TrainConfig())
    with pytest.raises(DataError):
        actions.start("", "houses", TrainConfig(data=str(tmp_path / "empty")))
    assert not (tmp_path / "runs").exists()


def test_advice_changes_the_settings_for_the_same_data_only(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "houses", TrainConfig(data=str(tmp_path / "pairs"), rate=1.0))
    run.append_row({"step": 50, "g_l1": 1.0})
    snapshot = run.snapshot()
    changes = run_view.changes_to_follow(snapshot, str(tmp_path / "x" / ".." / "pairs"), "pix2pix")
    assert changes == {"rate": 2e-4}
    for data, method, held in (
        (str(tmp_path / "shoes"), "pix2pix", "shoes"),
        (snapshot.config.data, "cyclegan", "pairs \\(cyclegan"),
        ("", "pix2pix", "no data"),
    ):
        with pytest.raises(ConfigError, match=f"advice is on pairs .*the form holds {held}"):
            run_view.changes_to_follow(snapshot, data, method)


def test_a_run_that_is_not_there_cannot_be_steered(actions: RunActions) -> None:
    for act in (lambda: actions.stop("", "../tiny"), lambda: actions.resume("", None)):
        with pytest.raises(RunError, match="is not there"):
            act()
    for more in (0, -5, 10**9):
        with pytest.raises(ConfigError, match="has made 2 steps; ask for more"):
            actions.resume("", "tiny", more)
    assert "is not training" in actions.stop("", "tiny")


def test_a_run_is_started_from_elsewhere_sampled_stopped_resumed_and_another_one_waits(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops_all: None
) -> None:
    """The trainer finds the package wherever the server was started."""
    monkeypatch.chdir(tmp_path)
    actions = desk_over(Path("runs"))
    actions = RunActions(actions.runs, actions.checkpoints, actions.rights, actions.uploads, (Path("/"),))
    endless = TrainConfig(
        data=str(pairs),
        steps=100_000,
        save_every=100_000,
        sample_every=100_000,
        evaluate_every=100_000,
        **TINY,
    )
    assert actions.start("", "", endless) == ("pairs", "pairs is training.")
    assert (
        actions.start("", "second", TrainConfig(data=str(pairs), steps=2, **TINY))[1]
        == "second waits for its turn: place 1 of 1."
    )
    run = Run(tmp_path / "runs" / "pairs")
    wait_until(lambda: run.snapshot().step > 1)
    actions.sample_now("", "pairs")
    wait_until(lambda: len(run.samples()) == 2)
    assert "left the queue" in actions.leave("", "second")
    actions.stop("", "pairs")
    wait_until(lambda: run.read_status()["state"] == "stopped", 10)
    # Its process takes a while longer to leave.
    actions.resume("", "pairs")
    wait_until(lambda: run.snapshot().state == "running")
    jobs.running().process.kill()  # type: ignore[union-attr]
    wait_until(lambda: "killed" in run_html.headline(run.snapshot()), 3)


def wait_until(holds: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_death_that_was_written_down_keeps_its_cause_when_the_server_starts(tmp_path: Path) -> None:
    snapshot_of(tmp_path, [], state="died", reason="killed by the system")
    jobs.adopt(tmp_path / "runs")
    assert Run(tmp_path / "runs" / "houses").snapshot().reason == "killed by the system"


def test_translate_and_the_list_of_models_are_the_endpoints_for_programs(demo: gr.Blocks) -> None:
    info = demo.get_api_info()
    assert list(info["named_endpoints"]) == ["/translate", "/models"] and not info["unnamed_endpoints"]


def test_the_page_asks_no_other_server_for_anything() -> None:
    theme = launch_options()["theme"]
    assert not theme._stylesheets
    assert all("http" not in path.read_text() for path in launch_options()["css_paths"])
