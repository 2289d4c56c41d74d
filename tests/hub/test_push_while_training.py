"""A run's newest model goes to the Hub while it trains."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fakehub import WRITE, FakeHub

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from pix2pix.cli import main
from pix2pix.config import TrainConfig
from pix2pix.errors import HubError
from pix2pix.hub import push_while_training as push_while_training
from pix2pix.hub.pull import pull
from pix2pix.hub.push_while_training import Pushing, read_record
from pix2pix.runs import jobs
from pix2pix.runs.run import Run

TINY = [
    "--size",
    "32",
    "--width",
    "4",
    "--discriminator-width",
    "4",
    "--precision",
    "fp32",
    "--log-every",
    "1",
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_while_training, "LOOK", 0.02)


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Run:
    """A run that says that it is being trained."""
    run = Run(shutil.copytree(tiny_run, tmp_path / "houses"))
    run.model_path.unlink()
    run.write_status(state="queued")
    return run


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def save(run: Run, model: Path, step: int) -> None:
    checkpoint = load_checkpoint(model)
    save_checkpoint(
        run.model_path, Checkpoint(checkpoint.config, checkpoint.weights, {**checkpoint.about, "step": step})
    )


def test_the_newest_model_is_pushed_every_so_many_steps_and_at_the_end(
    hub: FakeHub, run: Run, tiny_model: Path
) -> None:
    pushing = Pushing(run.path, "ada/houses", every=100).start()
    save(run, tiny_model, 100)
    until(lambda: read_record(run.path).get("step") == 100)
    save(run, tiny_model, 150)
    save(run, tiny_model, 250)
    until(lambda: read_record(run.path).get("step") == 250)
    save(run, tiny_model, 260)
    run.write_status(state="finished")
    until(lambda: not pushing.is_alive)
    assert (
        read_record(run.path)["commit"] == hub.commits("ada/houses")[-1]
        and read_record(run.path)["step"] == 260
    )
    assert len(hub.commits("ada/houses")) in (4, 5) and "houses.pth" in hub.files("ada/houses")
    assert "step 260 was pushed to" in run.log_tail()


def test_a_push_that_fails_is_told_and_tried_again(hub: FakeHub, run: Run, tiny_model: Path) -> None:
    hub.fail("POST", "/commit/", 403)
    with Pushing(run.path, "ada/houses", every=1):
        save(run, tiny_model, 5)
        until(lambda: read_record(run.path).get("failed") == 5)
        assert (
            "may not write" in read_record(run.path)["error"]
            and "step 5 was not pushed: this token" in run.log_tail()
        )
        save(run, tiny_model, 6)
        until(lambda: read_record(run.path).get("step") == 6)
    assert "error" not in read_record(run.path)


def test_without_a_token_or_a_name_it_is_said_at_once(hub: FakeHub, run: Run) -> None:
    with pytest.raises(HubError, match="nobody is logged in to push"):
        Pushing(run.path, "ada/houses", token="")
    with pytest.raises(HubError, match="no name of a repository"):
        Pushing(run.path, "../x")


def test_a_trainer_of_the_page_never_knows_the_token(
    hub: FakeHub, pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", WRITE)
    config = TrainConfig(
        data=str(pairs), size=32, width=4, discriminator_width=4, steps=100, precision="fp32"
    )
    run = jobs.start(tmp_path / "runs", "houses", config=config)
    pushing = Pushing(run.path, "ada/houses", token=WRITE).start()
    job = jobs.running()
    assert job
    known = (
        Path(f"/proc/{job.process.pid}/environ").read_bytes()
        + Path(f"/proc/{job.process.pid}/cmdline").read_bytes()
    )
    job.process.kill()
    job.wait(60)
    pushing.finish()
    assert WRITE.encode() not in known
    assert not [
        path for path in run.path.rglob("*") if path.is_file() and WRITE.encode() in path.read_bytes()
    ]


def test_a_training_of_the_command_line_is_pushed_and_never_stopped_by_it(
    hub: FakeHub, pairs: Path, tmp_path: Path
) -> None:
    run = tmp_path / "houses"
    hub.cut("PUT", "/_lfs/", times=1)
    hub.fail("GET", "/api/models/", 503, times=1)
    command = [
        "train",
        str(pairs),
        "--run",
        str(run),
        "--steps",
        "4",
        "--save-every",
        "1",
        *TINY,
        "--push-to",
        "ada/houses",
    ]
    assert main([*command, "--push-every", "1"]) == 0
    assert load_checkpoint(pull("ada/houses", to=tmp_path)).about["step"] == 4
    assert WRITE not in os.environ.values(), "nor do processes that read pictures get to know it"
    assert not [path for path in run.rglob("*") if path.is_file() and WRITE.encode() in path.read_bytes()]


def test_a_training_that_cannot_be_pushed_ends_well(
    hub: FakeHub,
    pairs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert (
        main(
            [
                "train",
                str(pairs),
                "--run",
                str(tmp_path / "run"),
                "--steps",
                "2",
                *TINY,
                "--push-to",
                "ada/houses",
            ]
        )
        == 0
    )
    log = (tmp_path / "run" / "log.txt").read_text()
    assert "step 2 was not pushed: the Hub (http://127.0.0.1:9) cannot be reached from here" in log
    assert WRITE not in capsys.readouterr().err + log


@pytest.mark.parametrize("flags", [["--push-every", "5"], ["--push-every", "-1", "--push-to", "ada/x"]])
def test_flags_that_do_not_go_together_are_refused(pairs: Path, tmp_path: Path, flags: list[str]) -> None:
    assert main(["train", str(pairs), "--run", str(tmp_path / "run"), *TINY, *flags]) == 2
    assert not (tmp_path / "run").exists()
