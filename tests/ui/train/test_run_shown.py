"""What the Train tab shows of a run: figures, curves and words, without a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pix2pix import TrainConfig
from pix2pix.runs import queue as run_queue
from pix2pix.runs.run import Run, Snapshot
from pix2pix.ui.shared.permissions import Rights
from pix2pix.ui.shared.run_actions import RunActions
from pix2pix.ui.train import curves
from pix2pix.ui.train import run_html as run_html
from pix2pix.ui.train import run_table as run_table
from pix2pix.ui.train import run_view as run_view


def snapshot_of(tmp_path: Path, rows: list[dict[str, Any]], **status: Any) -> Snapshot:
    run = Run.create(tmp_path / "runs" / "houses", TrainConfig(data="pairs", steps=2000))
    run.metrics_path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run.write_status(**status)
    return run.snapshot()


def desk_over(runs: Path, **rights: Any) -> RunActions:
    return RunActions(
        runs, runs.parent / "checkpoints", Rights(**rights), runs.parent / "uploads", (Path("/"),)
    )


def test_a_curve_has_at_most_500_points_a_series_and_ends_at_the_last_step() -> None:
    rows = [{"step": step, "d_real": 1.0, "d_fake": step / 1000} for step in range(1, 1002)]
    shown = curves.curves_of("houses", rows)
    chart = next(chart for chart in shown["charts"] if chart["key"] == "d")
    assert [series["name"] for series in chart["series"]] == ["real", "fake"]
    assert all(
        len(series["points"]) <= curves.MOST_POINTS and series["points"][-1][0] == 1001
        for series in chart["series"]
    )


def test_every_point_of_a_curve_was_measured() -> None:
    rows = [{"step": step, "g_l1": step % 7 / 10} for step in range(1, 2001)]
    (line,) = curves.curves_of("houses", rows)["charts"][0]["series"]
    assert len(line["points"]) == 500 and line["points"][-1] == [2000, 0.5]
    assert all(value == step % 7 / 10 for step, value in line["points"])


def test_edges_and_classes_have_plots_where_rows_have_them_and_signs_for_the_coach_have_none() -> None:
    rows: list[dict[str, Any]] = [{"step": 1, "g_l1": 0.5, "val_spread": 0.4, "val_saturated": 0.0}]
    assert [chart["key"] for chart in curves.curves_of("houses", rows)["charts"]] == ["g_l1"]
    rows.append({"step": 2, "val_edges": 0.5, "val_detail": 0.1, "val_class_accuracy": 0.4})
    shown = {chart["key"]: chart["series"] for chart in curves.curves_of("houses", rows)["charts"]}
    assert [line["name"] for line in shown["edges"]] == ["edges", "detail"]
    assert [line["name"] for line in shown["classes"]] == ["accuracy"]
    unpaired = [{"step": 1, "d_a": 0.5, "val_spread": 0.4, "val_saturated": 0.0, "val_edges": 0.5}]
    titles = [chart["title"] for chart in curves.curves_of("monet", unpaired)["charts"]]
    assert titles == ["Losses: d", "Validation: edges"]


def test_curves_leave_out_what_is_no_number_and_charts_without_any() -> None:
    rows = [{"step": 1, "g_gan": float("nan")}, {"step": 2, "g_gan": 3}, {"step": 3, "g_gan": 2.5}]
    charts = curves.curves_of("houses", rows)["charts"]
    assert [(chart["key"], chart["series"][0]["points"]) for chart in charts] == [
        ("g_gan", [[2, 3.0], [3, 2.5]])
    ]
    json.dumps(charts, allow_nan=False)


def test_losses_of_another_method_have_a_plot_for_each_word_they_begin_with() -> None:
    rows = [{"step": 1, "d_a": 0.5, "d_b": 0.4, "g_a": 1.0, "rate": 1e-4}, {"step": 1, "val_cycle": 0.2}]
    charts = {
        chart["title"]: [line["name"] for line in chart["series"]]
        for chart in curves.curves_of("monet", rows)["charts"]
    }
    assert charts == {"Losses: d": ["a", "b"], "Losses: g": ["a"], "Validation: cycle": ["cycle"]}
    assert len(curves.curves_of_two({"one": rows, "two": rows})["charts"]) == 3
    # With a paired test there are metrics of the same names as pix2pix has.
    rows.append({"step": 3, "val_l1": 0.2, "val_ssim": 0.5})
    titles = [chart["title"] for chart in curves.curves_of("monet", rows)["charts"]]
    assert {"Losses: d", "Losses: g", "Validation: l1", "Validation: ssim"} <= set(titles)


def test_two_runs_share_their_plots_and_are_told_apart() -> None:
    rows = [{"step": 1, "g_l1": 0.5, "d_real": 0.7, "d_fake": 0.6}]
    charts = {
        chart["key"]: chart["series"] for chart in curves.curves_of_two({"one": rows, "two": rows})["charts"]
    }
    assert [line["name"] for line in charts["g_l1"]] == ["one", "two"]
    assert len({line["color"] for line in charts["d"]}) == 4


@pytest.mark.parametrize(
    ("seconds", "words"), [(7, "7 s"), (750, "12 min"), (11_131, "3 h 06 min"), (190_000, "2 d 4 h")]
)
def test_time_is_told_in_words(seconds: float, words: str) -> None:
    assert run_html.duration(seconds) == words


def test_pace_is_told_the_readable_way_round() -> None:
    assert [run_html.speed(value) for value in (0, 0.05, 2.5)] == ["–", "20 steps/s", "2.5 s a step"]


def test_the_headline_tells_state_figures_and_cause_with_markup_taken_for_text(tmp_path: Path) -> None:
    html = run_html.headline(snapshot_of(tmp_path, [], state="failed", step=1200, reason="<b>no space left"))
    assert "1,200 of 2,000" in html and "failed" in html and "width:60.00%" in html
    assert "&lt;b&gt;no space left" in html and "<b>no" not in html


@pytest.mark.parametrize(
    ("settings", "row", "told"),
    [
        ({}, {"val_ssim": 0.4}, ("best by SSIM", "0.400")),
        ({"best": "psnr"}, {"val_psnr": 18.25}, ("best by PSNR, dB", "18.250")),
        ({"best": "l1"}, {"val_l1": 0.1}, ("best by L1", "0.100")),
        ({"best": "detail"}, {"val_detail": 0.2, "val_ssim": 0.9}, ("best by detail", "0.200")),
        ({"best": "class_accuracy"}, {"val_class_accuracy": 0.5}, ("best by class accuracy", "0.500")),
        ({"method": "cyclegan"}, {"val_cycle_l1": 0.07}, ("best by cycle L1", "0.070")),
        ({"method": "cyclegan", "paired_test": "pairs"}, {"val_ssim": 0.3}, ("best by SSIM", "0.300")),
    ],
)
def test_the_best_is_told_by_what_it_was_chosen_by(
    settings: dict[str, Any], row: dict[str, float], told: tuple[str, str], tmp_path: Path
) -> None:
    run = Run.create(tmp_path / "houses", TrainConfig(data="pairs", steps=2000, **settings))
    for step, spare in ((1, 0.01), (2, 0.0)):  # the better one of two, whichever way is better
        worse = spare if told[0] in ("best by L1", "best by cycle L1") else -spare
        run.append_row({"step": step, **{name: value + worse for name, value in row.items()}})
    assert run_html.figures(run.snapshot())[-1] == told
    assert f"{told[0].removeprefix('best by ')} {told[1]}" in run_table.table([run])


def test_a_run_that_waits_says_which_has_the_machine_how_far_it_is_and_how_long_it_takes(
    tmp_path: Path,
) -> None:
    runs = {
        name: Run.create(tmp_path / "runs" / name, TrainConfig(data="pairs"))
        for name in ("shoes", "houses", "cats")
    }
    for name in ("houses", "cats"):
        run_queue.join(runs[name])
    runs["shoes"].write_status(
        state="running", step=1200, steps=4000, seconds_per_step=0.5, mean_seconds_per_step=3.0
    )
    runs["shoes"].owner_path.write_text("eve")
    with runs["shoes"].lock():
        told = run_view.look(desk_over(tmp_path / "runs"), "", "houses", None, {})["headline"]
        assert "shoes has the machine: step 1,200 of 4,000, about 2 h 20 min left." in told
        assert "number 1 of 2 in the queue" in told
        actions = desk_over(tmp_path / "runs", policy="visitors", owner="ada")
        runs["houses"].owner_path.write_text("bob")
        told = run_view.look(actions, "bob", "houses", None, {})["headline"]
        assert "The run of somebody else has the machine: step 1,200" in told and "shoes" not in told
    runs["shoes"].write_status(state="finished")
    told = run_view.look(desk_over(tmp_path / "runs"), "", "houses", None, {})["headline"]
    assert "Another run has the machine." in told


def test_the_sample_nearest_to_a_step_is_shown() -> None:
    samples = [(0, Path("0")), (500, Path("500")), (750, Path("750"))]
    assert [run_html.nearest_sample(samples, at) for at in (None, 0, 600, 9999)] == [
        samples[2],
        samples[0],
        samples[1],
        samples[2],
    ]
    assert run_html.nearest_sample([], None) is None
