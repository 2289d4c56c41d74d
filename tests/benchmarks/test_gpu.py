"""The table of a GPU, made with tiny networks on the CPU: every part runs and prints figures."""

from __future__ import annotations

import re

import pytest
import torch

from benchmarks import gpu
from benchmarks.gpu import CAPTURED, EAGER, Extent, measure, tables

TINY = Extent(widths=(4,), batches=(1, 2), size=64, seconds=0.05, compiled_width=0, loop_steps=10, pictures=6)


def test_every_part_of_the_table_has_figures() -> None:
    lines = list(tables(TINY, "cpu"))
    rows = [line for line in lines if re.search(r"\| +\d", line)]
    assert not [line for line in lines if "left out" in line or "DIFFERS" in line], lines
    assert sum(name in line for line in rows for name in (EAGER, CAPTURED)) == 4
    assert sum("reference loop" in line for line in rows) == 4
    assert any(line.startswith("| width 4 | ") for line in lines)
    assert sum("together" in line for line in rows) == 3
    assert any(re.match(r"drawing, width 4, (fp32|bf16): \d+\.\d+ ms a picture", line) for line in lines)


def test_other_losses_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_difference", lambda *_: 0.5)
    lines = list(gpu._training_table(TINY, "cpu"))
    assert sum("DIFFERS from eager by 50.0%" in line for line in lines) == 4


def test_a_loop_that_fails_is_named_and_the_others_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, graphs: bool, **__: object) -> object:
        if graphs:
            raise RuntimeError("operation not permitted when stream is capturing\nmore")
        return lambda: {"g": torch.ones(())}

    monkeypatch.setattr(gpu, "_our_step", fail)
    lines = list(gpu._training_table(TINY, "cpu"))
    named = [line for line in lines if "left out: operation not permitted when stream is capturing |" in line]
    assert len(named) == 2 and sum(EAGER in line for line in lines) == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so() -> None:
    assert list(measure(1)) == ["no GPU on this machine: nothing is measured here."]
