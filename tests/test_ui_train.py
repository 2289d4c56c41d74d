"""The Train tab without a browser: what it shows of a run, and what a visitor can ask for."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from pix2pix import TrainConfig, jobs
from pix2pix.config import knobs
from pix2pix.errors import ConfigError, DataError, RunError
from pix2pix.runs import Run, Snapshot
from pix2pix.ui import form, steer, train, watch
from pix2pix.ui.app import build_app, launch_options

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

TINY: dict[str, Any] = {"size": 32, "width": 4, "discriminator_width": 4, "log_every": 1, "precision": "fp32"}


def snapshot_of(tmp_path: Path, rows: list[dict[str, Any]], **status: Any) -> Snapshot:
    run = Run.create(tmp_path / "runs" / "houses", TrainConfig(data="pairs", steps=2000))
    run.metrics_path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run.write_status(**status)
    return run.snapshot()


@pytest.fixture
def runs(tiny_run: Path) -> Path:
    """The folder that holds the run `tiny`, which has ended."""
    return tiny_run.parent


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
    job = jobs.running()
    if job:
        job.process.kill()
        job.wait(10)


def test_a_curve_has_at_most_400_points_a_series_and_ends_at_the_last_step(tmp_path: Path) -> None:
    rows = [{"step": step, "d_real": 1.0, "d_fake": step / 1000} for step in range(1, 1002)]
    frame = watch.curve(rows, next(chart for chart in watch.CHARTS if chart.key == "d"))
    assert frame is not None and set(frame["series"]) == {"real", "fake"}
    assert frame.groupby("series").size().max() <= watch.MOST_POINTS
    assert frame["step"].max() == 1001


def test_a_curve_of_less_than_two_points_is_none_and_leaves_out_what_is_no_number() -> None:
    chart = watch.CHARTS[0]
    assert watch.curve([{"step": 1, "val_ssim": 0.5}], chart) is None
    assert watch.curve([{"step": 1, "g_gan": 0.5}], chart) is None
    frame = watch.curve([{"step": 1, "g_gan": float("nan")}, {"step": 2, "g_gan": 3}, {"step": 3, "g_gan": 2.5}], chart)
    assert frame is not None and frame["step"].tolist() == [2, 3]


@pytest.mark.parametrize(("seconds", "words"), [(7, "7 s"), (750, "12 min"), (11_131, "3 h 06 min"), (190_000, "2 d 4 h")])
def test_time_is_told_in_words(seconds: float, words: str) -> None:
    assert watch.duration(seconds) == words


def test_pace_is_told_the_readable_way_round() -> None:
    assert [watch.pace(value) for value in (0, 0.05, 2.5)] == ["–", "20 steps/s", "2.5 s a step"]


def test_the_headline_tells_state_figures_and_cause_with_markup_taken_for_text(tmp_path: Path) -> None:
    html = watch.headline(snapshot_of(tmp_path, [], state="failed", step=1200, reason="<b>no space left"))
    assert "1,200 of 2,000" in html and "failed" in html and "width:60.00%" in html
    assert "&lt;b&gt;no space left" in html and "<b>no" not in html


def test_the_sample_nearest_to_a_step_is_shown() -> None:
    samples = [(0, Path("0")), (500, Path("500")), (750, Path("750"))]
    assert [watch.nearest_sample(samples, at) for at in (None, 0, 600, 9999)] == [samples[2], samples[0], samples[1], samples[2]]
    assert watch.nearest_sample([], None) is None


def test_the_first_look_shows_all_and_the_second_nothing(runs: Path) -> None:
    first = train.look(runs, None, None, {})
    assert {"chooser", "headline", "sample", "caption", "chart_d", "log", "stop", "resume"} <= set(first)
    assert first["chooser"]["value"] == "tiny" and first["sample"].size[0] == 3 * 32 + 8
    assert train.look(runs, "tiny", 2, first["seen"]) == {}


def test_a_reload_or_another_browser_sees_the_same_run(runs: Path) -> None:
    one, two = (train.look(runs, name, None, {}) for name in (None, "gone"))
    assert one["headline"] == two["headline"] and two["chooser"]["value"] == "tiny"


def test_without_runs_the_page_says_how_to_begin(tmp_path: Path) -> None:
    first = train.look(tmp_path / "none", None, None, {})
    assert first["empty"]["visible"] and not first["watching"]["visible"] and "headline" not in first
    assert train.look(tmp_path / "none", None, None, first["seen"]) == {}


def test_a_new_sample_is_followed_unless_somebody_looks_at_an_older_one(tiny_run: Path) -> None:
    snapshot = Run.open(tiny_run).snapshot()
    assert snapshot.samples[-1][0] == 2
    following, looking_back = train._samples(snapshot, 1, 1), train._samples(snapshot, 1, 0)
    assert "sample" in following and following["time"]["value"] == 2
    assert "sample" not in looking_back and looking_back["time"]["maximum"] == 2


def test_moving_through_time_shows_the_grid_of_that_step(runs: Path) -> None:
    assert "Step 0" in train.travel(runs, "tiny", 0)["caption"]
    assert train.travel(runs, "../tiny", 0) == {}


def test_the_form_has_every_knob_and_gives_back_its_defaults(demo: gr.Blocks) -> None:
    assert form.to_config([knob.default for knob in knobs()]) == TrainConfig()
    labels = {getattr(block, "label", None) for block in demo.blocks.values()}
    assert {form.title(knob) for knob in knobs() if knob.name != "data"} <= labels


def test_a_number_out_of_its_bounds_is_refused_by_name() -> None:
    values = [0 if knob.name == "width" else knob.default for knob in knobs()]
    with pytest.raises(ConfigError, match="width is 0; it must be from 1 to 512"):
        form.to_config(values)


@pytest.mark.parametrize("name", ["../up", "a/b", "a\\b", "..", ".hidden", "a..b", "x" * 61, "end.", "nul\0", "-rf", "line\nbreak"])
def test_a_name_that_could_leave_the_folder_of_runs_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no name for a run"):
        steer.start_run(tmp_path, name, TrainConfig(data="pairs"))


@pytest.mark.parametrize("name", ["houses", "Häuser 2", "a", "v1.2_b-3", " padded "])
def test_an_ordinary_name_is_kept(name: str) -> None:
    assert steer.check_name(name) == name.strip()


def test_a_run_without_a_name_takes_a_free_one_from_its_data(tmp_path: Path) -> None:
    assert steer.free_name(tmp_path, "some/where/my pairs!/") == "my-pairs"
    (tmp_path / "my-pairs").mkdir()
    assert steer.free_name(tmp_path, "my pairs") == "my-pairs-2"


def test_starting_without_pairs_is_a_sentence_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="name a folder of pairs"):
        steer.start_run(tmp_path / "runs", "", TrainConfig())
    with pytest.raises(DataError):
        steer.start_run(tmp_path / "runs", "houses", TrainConfig(data=str(tmp_path / "empty")))
    assert not (tmp_path / "runs").exists()


def test_a_run_that_is_not_there_cannot_be_steered(runs: Path) -> None:
    for act in (lambda: steer.stop_run(runs, "../tiny"), lambda: steer.resume_run(runs, None, 5)):
        with pytest.raises(RunError, match="is not there"):
            act()
    with pytest.raises(ConfigError, match="has made 2 steps; ask for more"):
        steer.resume_run(runs, "tiny", 2)
    assert "is not training" in steer.stop_run(runs, "tiny")


def test_a_run_started_from_elsewhere_trains_alone_and_to_its_end(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops_all: None
) -> None:
    """The trainer finds the package wherever the server was started, and a second run is refused meanwhile."""
    monkeypatch.chdir(tmp_path)
    assert steer.start_run(Path("runs"), "", TrainConfig(data=str(pairs), steps=2, **TINY)) == "pairs"
    with pytest.raises(RunError, match="pairs is being trained"):
        steer.start_run(Path("runs"), "second", TrainConfig(data=str(pairs), steps=2, **TINY))
    job = jobs.running()
    assert job
    job.wait(60)
    assert Run(tmp_path / "runs" / "pairs").snapshot().state == "finished", (tmp_path / "runs" / "pairs" / "log.txt").read_text()


def test_a_run_can_be_resumed_in_the_moment_it_says_stopped(pairs: Path, tmp_path: Path, stops_all: None) -> None:
    """Its process takes a while longer to leave."""
    name = steer.start_run(tmp_path, "houses", TrainConfig(data=str(pairs), steps=100_000, save_every=100_000, **TINY))
    run = Run(tmp_path / name)
    wait_until(lambda: run.snapshot().step > 1)
    steer.stop_run(tmp_path, name)
    wait_until(lambda: run.read_status()["state"] == "stopped")
    steer.resume_run(tmp_path, name, None)
    wait_until(lambda: run.snapshot().state == "running")


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_run_that_another_server_started_keeps_a_second_one_away(pairs: Path, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "first", TrainConfig(data=str(pairs), **TINY))
    with run.lock(), pytest.raises(RunError, match="first is being trained"):
        steer.start_run(tmp_path, "second", TrainConfig(data=str(pairs), **TINY))


def test_a_death_that_was_written_down_keeps_its_cause_when_the_server_starts(tmp_path: Path) -> None:
    snapshot_of(tmp_path, [], state="died", reason="killed by the system")
    jobs.adopt(tmp_path / "runs")
    assert Run(tmp_path / "runs" / "houses").snapshot().reason == "killed by the system"


def test_only_translate_is_an_endpoint_for_programs(demo: gr.Blocks) -> None:
    info = demo.get_api_info()
    assert list(info["named_endpoints"]) == ["/translate"] and not info["unnamed_endpoints"]


def test_the_page_asks_no_other_server_for_anything() -> None:
    theme = launch_options()["theme"]
    assert not theme._stylesheets
    assert all("http" not in path.read_text() for path in launch_options()["css_paths"])
