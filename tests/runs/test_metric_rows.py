"""The rows of metrics.jsonl are read on, and the same as if the whole file were read each time."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pix2pix.config import TrainConfig
from pix2pix.runs import metric_rows
from pix2pix.runs.metric_rows import MOST_FILES, read_rows
from pix2pix.runs.run import Run


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each line that is parsed, in order."""
    lines: list[str] = []
    parse = json.loads
    monkeypatch.setattr(metric_rows.json, "loads", lambda line: lines.append(line) or parse(line))
    return lines


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run.create(tmp_path / "houses", TrainConfig(data="pairs"))
    for step in (1, 2, 3):
        made.append_row({"step": step, "g_l1": step / 10})
    return made


def steps(run: Run) -> list[int]:
    return [row["step"] for row in Run(run.path).rows()]


def test_only_what_was_added_is_read(run: Run, parsed: list[str]) -> None:
    assert steps(run) == [1, 2, 3] and len(parsed) == 3
    assert steps(run) == [1, 2, 3] and len(parsed) == 3
    run.append_row({"step": 4, "g_l1": 0.1})
    assert steps(run) == [1, 2, 3, 4] and len(parsed) == 4


def test_half_a_line_is_looked_at_again_when_its_rest_has_come(run: Run) -> None:
    with run.metrics_path.open("ab") as file:
        file.write(b'{"step": 4, ')
    assert steps(run) == [1, 2, 3]
    with run.metrics_path.open("ab") as file:
        file.write(b'"g_l1": 1}')
    assert steps(run) == [1, 2, 3, 4]
    run.append_row({"step": 5, "g_l1": 0.1})
    assert steps(run) == [1, 2, 3, 4, 5]


def test_a_file_that_was_cut_replaced_or_written_over_is_read_anew(run: Run) -> None:
    assert steps(run) == [1, 2, 3]
    run.keep_rows(1)
    assert steps(run) == [1]
    run.append_row({"step": 2, "g_l1": 0.7})
    assert [row["g_l1"] for row in run.rows()] == [0.1, 0.7]
    # In place, with the same length, as an editor does.
    run.metrics_path.write_bytes(run.metrics_path.read_bytes().replace(b"0.7", b"0.9"))
    assert [row["g_l1"] for row in run.rows()] == [0.1, 0.9]
    os.truncate(run.metrics_path, 0)
    assert run.rows() == []
    run.metrics_path.unlink()
    assert run.rows() == []


def test_a_returned_list_is_ones_own_and_few_files_are_kept(run: Run, tmp_path: Path) -> None:
    run.rows().clear()
    assert steps(run) == [1, 2, 3]
    for number in range(2 * MOST_FILES):
        path = tmp_path / f"{number}.jsonl"
        path.write_text('{"step": 1}\n')
        assert read_rows(path) == [{"step": 1}]
    assert len(metric_rows._kept) <= MOST_FILES
