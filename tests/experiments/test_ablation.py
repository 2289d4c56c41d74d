"""The grid of the paper's tables, trained as ordinary runs that can be gone on with."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

import pytest
from PIL import Image

from pix2pix.config import TrainConfig
from pix2pix.errors import ConfigError, RunError
from pix2pix.experiments.ablation import cells_of, plan, train_cells
from pix2pix.experiments.ablation_report import draw_sheet, to_csv, to_markdown
from pix2pix.runs.run import Run
from pix2pix.training.events import Event, Stepped

BASE = TrainConfig(size=16, width=2, discriminator_width=2, steps=3, patch="16", precision="fp32", samples=1)


def test_the_grid_is_that_of_the_papers_tables() -> None:
    losses, generators, patches = plan(TrainConfig())
    assert [cell.label for cell in losses.cells] == ["L1", "GAN", "cGAN", "L1+GAN", "L1+cGAN"]
    settings = [dataclasses.replace(TrainConfig(), **cell.changes) for cell in losses.cells]
    assert [(cell.gan, cell.l1, cell.conditional) for cell in settings] == [
        ("none", 100, True),
        ("vanilla", 0, False),
        ("vanilla", 0, True),
        ("vanilla", 100, False),
        ("vanilla", 100, True),
    ]
    assert [dataclasses.replace(TrainConfig(), **cell.changes).skips for cell in generators.cells] == [
        False,
        False,
        True,
        True,
    ]
    assert [cell.label for cell in patches.cells] == [
        "1 x 1",
        "16 x 16",
        "70 x 70",
        "286 x 286",
    ] and not patches.left_out
    assert len(cells_of(plan(TrainConfig()))) == 10


def test_recipes_are_a_table_of_their_own_that_is_asked_for() -> None:
    (recipes,) = plan(TrainConfig(), ["recipes"])
    found = [dataclasses.replace(TrainConfig(), **cell.changes) for cell in recipes.cells]
    assert [(each.gan, each.scales, each.feature_matching, each.l1) for each in found] == [
        ("vanilla", 1, 0, 100),
        ("vanilla", 1, 10, 100),
        ("vanilla", 2, 0, 100),
        ("vanilla", 2, 10, 100),
        ("lsgan", 2, 10, 10),
        ("vanilla", 2, 10, 10),
        ("lsgan", 2, 10, 30),
        ("lsgan", 3, 10, 10),
    ]
    small = plan(dataclasses.replace(TrainConfig(), size=64), ["recipes"])[0]
    assert len(small.cells) == 7 and small.left_out == "Size 64 is too small for three scales, LSGAN, L1 10."
    with pytest.raises(ConfigError, match="tables has 'recipe'; choose from losses, .* and recipes"):
        plan(TrainConfig(), ["losses", "recipe"])
    with pytest.raises(ConfigError, match="scales is what the ablation changes by itself"):
        plan(TrainConfig(scales=2), ["recipes"])


def test_a_patch_larger_than_the_pictures_is_named_and_left_out() -> None:
    patches = plan(dataclasses.replace(TrainConfig(), size=64))[2]
    assert [cell.label for cell in patches.cells] == ["1 x 1", "16 x 16", "70 x 70"]
    assert patches.left_out == "At size 64 there is no patch of 286 x 286 (from 96 pixels on)."


def test_a_stopped_grid_goes_on_where_it_was(pairs: Path, tmp_path: Path) -> None:
    base, told = dataclasses.replace(BASE, data=str(pairs)), []

    def stop_second(event: Event) -> None:
        if isinstance(event, Stepped) and event.step == 1 and (tmp_path / "gan").exists():
            Run(tmp_path / "gan").request_stop()

    assert not train_cells(
        base, tmp_path, report=lambda cell, state: told.append(f"{cell.name} {state}"), on_event=stop_second
    )
    assert told == ["l1 starts", "l1 finished", "gan starts", "gan stopped"]
    told.clear()
    assert train_cells(base, tmp_path, report=lambda cell, state: told.append(f"{cell.name} {state}"))
    assert told[:5] == ["l1 kept", "gan goes on from step 2", "gan finished", "cgan starts", "cgan finished"]
    assert {Run(path.parent).state() for path in tmp_path.glob("*/config.json")} == {"finished"}
    with pytest.raises(RunError, match=r"l1 was trained with steps 3, not 4. Ask for the same again"):
        train_cells(dataclasses.replace(base, steps=4), tmp_path)
    assert train_cells(dataclasses.replace(base, log_every=1), tmp_path)


def test_a_grid_needs_its_middle() -> None:
    with pytest.raises(ConfigError, match="turns L1 and the GAN loss on and off by itself"):
        plan(dataclasses.replace(BASE, gan="none"))


def test_tables_have_a_row_a_cell_and_one_of_the_real_photos() -> None:
    tables = plan(BASE)
    found = {"fcn_iou": 0.25, "l1": 0.125, "real_fcn_iou": 0.5}
    numbers = {cell.name: dict(found) for cell in cells_of(tables)}
    text = to_markdown(tables, numbers, protocol="what it is")
    assert text.startswith(
        "what it is\n\n### Losses\n\n| | class IoU | L1 |\n| --- | --- | --- |\n| L1 | 0.250 | 0.125 |\n"
    )
    assert text.count("| real photos | 0.500 |  |") == 3
    rows = list(csv.DictReader(io.StringIO(to_csv(tables, numbers))))
    assert rows[0] == {"table": "losses", "row": "L1", "fcn_iou": "0.25", "l1": "0.125"}


def test_a_sheet_has_a_column_a_cell() -> None:
    red, blue = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    sheet = draw_sheet([("input", [red, blue]), ("U-Net, L1", [blue, red])])
    assert sheet.size == (44, 76)
    assert [sheet.getpixel((x, y)) for x in (12, 32) for y in (44, 64)] == [
        (255, 0, 0),
        (0, 0, 255),
        (0, 0, 255),
        (255, 0, 0),
    ]
