"""The paper's ablations: one setting is changed at a time, with the same data and number of steps.

Losses as in its Table 1, generators as in Table 2, patch sizes as in Table 3; where asked for, a table of
recipes with several scales and feature matching. Each cell is an ordinary run in
a folder of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pix2pix.config import TrainConfig, knobs
from pix2pix.errors import ConfigError, RunError
from pix2pix.networks.patchgan import most_scales, smallest_picture
from pix2pix.runs.execute import Listener, resume, train
from pix2pix.runs.preflight import ADJUSTABLE, resolve
from pix2pix.runs.run import Run
from pix2pix.settings import OUTPUT

PATCHES = (1, 16, 286)
"""Patch sizes of the paper's Table 3 in pixels, beside the one of all other cells (by default 70)."""

VARIED = {"skips": True, "conditional": True, "scales": 1, "feature_matching": 0.0}
"""Settings that the grid itself varies, and their values in the base config."""


@dataclass(frozen=True)
class Cell:
    """One training of the grid: its folder, its label in a table, and the settings that differ from
    the base config."""

    name: str
    label: str
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """One table of the paper: its title and cells."""

    name: str
    title: str
    cells: tuple[Cell, ...]
    left_out: str = ""
    """What the paper's table has and this one cannot have, and why."""


PAPERS_TABLES = ("losses", "generators", "patches")
"""The tables of the paper, which are trained where nobody asks for others."""
TWO_SCALES = {"gan": "lsgan", "scales": 2, "feature_matching": 10.0, "l1": 10.0}
"""The recipe around which the table of recipes is made."""


def plan(base: TrainConfig, tables: Sequence[str] = PAPERS_TABLES) -> tuple[Table, ...]:
    """Returns tables around `base`, which is the cell L1+cGAN in each of them.

    Raises `ConfigError` for a name of no table, and where `base` sets a value that the grid itself varies.
    """
    strange = [name for name in tables if name not in (*PAPERS_TABLES, "recipes")]
    if strange or not tables:
        named = ", ".join(repr(name) for name in strange) or "none"
        raise ConfigError(f"tables has {named}; choose from {', '.join(PAPERS_TABLES)} and recipes.")
    for name, value in VARIED.items():
        if getattr(base, name) != value:
            raise ConfigError(f"{name} is what the ablation changes by itself: leave it out.")
    if base.gan == "none" or base.l1 == 0:
        raise ConfigError(
            "the ablation turns L1 and the GAN loss on and off by itself: choose a GAN loss, and l1 above 0."
        )
    middle = Cell("l1-cgan", "L1+cGAN")
    l1 = Cell("l1", "L1", {"gan": "none"})
    losses = (
        l1,
        Cell("gan", "GAN", {"l1": 0.0, "conditional": False}),
        Cell("cgan", "cGAN", {"l1": 0.0}),
        Cell("l1-gan", "L1+GAN", {"conditional": False}),
        middle,
    )
    generators = (
        Cell("encdec-l1", "encoder-decoder, L1", {"skips": False, "gan": "none"}),
        Cell("encdec-l1-cgan", "encoder-decoder, L1+cGAN", {"skips": False}),
        dataclasses.replace(l1, label="U-Net, L1"),
        dataclasses.replace(middle, label="U-Net, L1+cGAN"),
    )
    planned = (
        Table("losses", "Losses", losses),
        Table("generators", "Generators", generators),
        _plan_patches(base),
        _plan_recipes(base, middle),
    )
    return tuple(table for table in planned if table.name in tables)


def _plan_recipes(base: TrainConfig, middle: Cell) -> Table:
    """Plans feature matching and more scales, alone and together, and the neighbourhood of `TWO_SCALES`."""
    cells = (
        dataclasses.replace(middle, label="L1 100, vanilla"),
        Cell("fm", "+ feature matching 10", {"feature_matching": 10.0}),
        Cell("scales-2", "+ two scales", {"scales": 2}),
        Cell("scales-2-fm", "+ both", {"scales": 2, "feature_matching": 10.0}),
        Cell("recipe", "both, LSGAN, L1 10", TWO_SCALES),
        Cell("recipe-vanilla", "both, vanilla, L1 10", TWO_SCALES | {"gan": "vanilla"}),
        Cell("recipe-l1-30", "both, LSGAN, L1 30", TWO_SCALES | {"l1": 30.0}),
        Cell("recipe-scales-3", "three scales, LSGAN, L1 10", TWO_SCALES | {"scales": 3}),
    )
    most = most_scales(int(base.patch), base.crop_size())
    fitting = tuple(cell for cell in cells if cell.changes.get("scales", 1) <= most)
    missing = [cell.label for cell in cells if cell not in fitting]
    return Table(
        "recipes",
        "Recipes",
        fitting,
        f"Size {base.size} is too small for {', '.join(missing)}." if missing else "",
    )


def _plan_patches(base: TrainConfig) -> Table:
    middle = int(base.patch)
    sides = sorted({*PATCHES, middle})
    fitting = [side for side in sides if smallest_picture(side) <= base.size]
    cells = tuple(
        Cell("l1-cgan", f"{side} x {side}")
        if side == middle
        else Cell(f"patch-{side}", f"{side} x {side}", {"patch": str(side)})
        for side in fitting
    )
    large = [
        f"{side} x {side} (from {smallest_picture(side)} pixels on)" for side in sides if side not in fitting
    ]
    return Table(
        "patches",
        "Patches",
        cells,
        f"At size {base.size} there is no patch of {', '.join(large)}." if large else "",
    )


def cells_of(tables: tuple[Table, ...]) -> tuple[Cell, ...]:
    """Returns each cell once, in the order of the tables."""
    found: dict[str, Cell] = {}
    for table in tables:
        for cell in table.cells:
            found.setdefault(cell.name, cell)
    return tuple(found.values())


def train_cells(
    base: TrainConfig,
    out: str | Path,
    *,
    tables: Sequence[str] = PAPERS_TABLES,
    report: Callable[[Cell, str], None] = lambda cell, state: None,
    on_event: Listener | None = None,
) -> bool:
    """Trains the unfinished cells of the grid, each as a run in `out`; returns whether all are finished.

    A cell that was stopped is resumed. Returns False where a run was stopped this time; raises `RunError`
    where one failed. `report` is called with each cell and its state: starts, goes on from step n, kept, and
    how it ended.
    """
    base = resolve(base)
    for cell in cells_of(plan(base, tables)):
        config = dataclasses.replace(base, **cell.changes)
        run = _train_cell(config, Path(out) / cell.name, report=partial(report, cell), on_event=on_event)
        if run.state() == "stopped":
            return False
        if run.state() != "finished":
            raise RunError(f"{run.path} did not end well: {run.snapshot().reason}")
    return True


def _train_cell(
    config: TrainConfig, folder: Path, *, report: Callable[[str], None], on_event: Listener | None
) -> Run:
    if not (folder / "config.json").exists():
        report("starts")
        run = train(config, folder, on_event)
    else:
        run = Run.open(folder)
        _check_same(run, config)
        if run.state() == "finished":
            report("kept")
            return run
        report(f"goes on from step {run.saved_step()}")
        run = resume(folder, on_event=on_event)
    report(run.state())
    return run


def _check_same(run: Run, config: TrainConfig) -> None:
    """Raises `RunError` with the first setting in which an existing run differs from the cell's config."""
    has = run.config().to_dict()
    wanted = config.to_dict()
    free = {knob.name for knob in knobs() if knob.group == OUTPUT} | {*ADJUSTABLE} - {"steps"}
    for name, value in wanted.items():
        if name not in free and has[name] != value:
            raise RunError(
                f"{run.path} was trained with {name} {has[name]!r}, not {value!r}. Ask for the same again, "
                "or choose another folder."
            )
