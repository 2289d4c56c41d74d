"""Memory that runs out in the middle of a training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pix2pix import TrainConfig, resume, train
from pix2pix.errors import RunError
from pix2pix.runs.run import Run
from pix2pix.runtime.out_of_memory import is_out_of_memory, smaller_batch
from pix2pix.training.learner import Learner


def holds(pairs_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose memory holds so many pairs and no more."""
    step = Learner.step

    def step_or_fail(self: Learner, number: int, batches: list, rate: float) -> dict:
        if len(batches[0]["source"]) > pairs_at_once and number > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return step(self, number, batches, rate)

    monkeypatch.setattr(Learner, "step", step_or_fail)


def tiny(pairs: Path, **changes: object) -> TrainConfig:
    settings = {
        "data": str(pairs),
        "size": 32,
        "width": 4,
        "discriminator_width": 4,
        "patch": "16",
        "precision": "fp32",
        "samples": 1,
    }
    return TrainConfig(**{**settings, "steps": 6, "log_every": 1, "save_every": 2, **changes})  # type: ignore[arg-type]


# Freeing memory collects garbage, also the event loops that servers of earlier tests left behind.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_the_batch_is_halved_and_the_run_goes_on_from_its_last_state(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds(1, monkeypatch)
    run = train(tiny(pairs, batch=4), tmp_path / "run")
    snapshot = run.snapshot()
    assert (snapshot.state, snapshot.step, run.read_status()["batch"]) == ("finished", 6, 1)
    assert (
        snapshot.notice == "memory ran out with a batch of 2: the run goes on with 1"
        and snapshot.notice in snapshot.log
    )
    assert [row["step"] for row in snapshot.rows if "g_l1" in row] == [1, 2, 3, 4, 5, 6]
    assert run.config().batch == 4
    assert resume(run.path, steps=7).snapshot().step == 7


def test_a_single_pair_that_does_not_fit_is_a_sentence(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds(0, monkeypatch)
    with pytest.raises(RunError, match="a single pair of 32 x 32 pixels at width 4"):
        train(tiny(pairs), tmp_path / "run")
    assert Run(tmp_path / "run").snapshot().state == "failed"


def test_only_a_lack_of_memory_is_taken_for_one() -> None:
    cpu = RuntimeError(
        "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to "
        "allocate 8 bytes"
    )
    assert (
        is_out_of_memory(cpu)
        and is_out_of_memory(MemoryError())
        and is_out_of_memory(torch.OutOfMemoryError())
    )
    assert not is_out_of_memory(RuntimeError("shape mismatch")) and not is_out_of_memory(
        ValueError("out of memory")
    )
    assert smaller_batch(5, 256, width=64) == 2
