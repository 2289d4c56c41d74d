"""Runs without pairs, from folders to two models: stopped, resumed, in two processes, used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from foreign import UsualPatchGAN, UsualResNet, draw
from PIL import Image

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.checkpoints.importers import read_any, read_discriminator
from pix2pix.cli import main
from pix2pix.config import TrainConfig
from pix2pix.errors import ConfigError
from pix2pix.hub.model_card import model_card
from pix2pix.inference.translator import Translator
from pix2pix.runs.execute import resume, train
from pix2pix.runs.preflight import prepare
from pix2pix.runs.requirements import disk_needed, memory_needed
from pix2pix.runs.start import partner_of

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures"
FLAGS = {"size": 32, "width": 4, "blocks": 2, "discriminator_width": 4, "patch": "16", "precision": "fp32"}


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Warm stripes and cold blobs, of different counts and without pairs."""
    folder = tmp_path_factory.mktemp("sides")
    random = np.random.default_rng(5)
    warm, cold = (220, 120, 60), (60, 110, 220)
    for name, count, tint in (
        ("trainA", 5, warm),
        ("trainB", 7, cold),
        ("testA", 2, warm),
        ("testB", 3, cold),
    ):
        (folder / name).mkdir()
        for number in range(count):
            noise = random.integers(-30, 30, (40, 44, 3))
            Image.fromarray((np.array(tint) + noise).clip(0, 255).astype(np.uint8)).save(
                folder / name / f"{name}{number}.png"
            )
    return folder


def tiny(data: Path, **changes: Any) -> TrainConfig:
    intervals = {"log_every": 2, "sample_every": 4, "evaluate_every": 4, "save_every": 4}
    settings = {"method": "cyclegan", "data": str(data), "steps": 8, "device": "cpu", **FLAGS, **intervals}
    return TrainConfig(**(settings | changes))


def test_two_models_come_out_and_each_draws_its_way(sides: Path, tmp_path: Path) -> None:
    run = train(tiny(sides), tmp_path / "run")
    assert run.snapshot().state == "finished"
    forth, back = load_checkpoint(run.path / "model.pth"), load_checkpoint(run.path / "model_BtoA.pth")
    assert (forth.about["method"], forth.about["direction"], forth.about["other_direction"]) == (
        "cyclegan", "AtoB", "BtoA",
    )  # fmt: skip
    assert (back.about["direction"], back.about["other_direction"]) == ("BtoA", "AtoB")
    assert forth.about["pictures"] == 7 and "pairs" not in forth.about
    cycles = {"cycle_l1", "cycle_a_l1", "cycle_b_l1", "identity_l1"}
    assert set(forth.about["metrics"]) == {*cycles, "spread", "saturated", "step"}
    assert "--method cyclegan" in forth.about["command"] and "--generator" not in forth.about["command"]
    for model in (forth, back):
        picture = Translator(model, device="cpu")(Image.new("RGB", (40, 30), (200, 90, 50)))
        assert picture.size == (40, 30)
        card = model_card(model, "ada/warm", file="warm.pth")
        assert "CycleGAN" in card and "the other model of the training" in card
    with Image.open(run.samples()[-1][1]) as grid:
        assert grid.size[0] > 6 * 32


def test_a_stop_and_a_resume_change_nothing_to_the_bit(sides: Path, tmp_path: Path) -> None:
    whole = train(tiny(sides, steps=12, decay_from=1.0, pool=3), tmp_path / "whole")
    train(tiny(sides, steps=6, decay_from=1.0, pool=3), tmp_path / "parts")
    parts = resume(tmp_path / "parts", steps=12)
    for name in ("model.pth", "model_BtoA.pth"):
        left, right = (load_checkpoint(run.path / name).weights for run in (whole, parts))
        assert all(torch.equal(value, right[key]) for key, value in left.items())
    states = [run.read_state() for run in (whole, parts)]
    assert states[0] is not None and states[1] is not None
    for side, images in states[0]["method"]["pools"].items():
        assert images.abs().sum() > 0 and torch.equal(images, states[1]["method"]["pools"][side])


def test_two_processes_train_what_one_does(sides: Path, tmp_path: Path) -> None:
    words = ["train", str(sides), "--method", "cyclegan", "--batch", "2", "--steps", "6", "--pool", "4"]
    for name, value in (
        FLAGS | {"log_every": 2, "save_every": 3, "evaluate_every": 6, "device": "cpu"}
    ).items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    for name, starter in (("one", ["-m"]), ("two", torchrun)):
        command = [sys.executable, *starter, "pix2pix", *words, "--run", str(tmp_path / name)]
        subprocess.run(command, check=True, env=environment, timeout=100, capture_output=True)
    for file in ("model.pth", "model_BtoA.pth"):
        one, two = (load_checkpoint(tmp_path / name / file).weights for name in ("one", "two"))
        for key, value in one.items():
            torch.testing.assert_close(two[key], value, rtol=1e-2, atol=3e-4)


def test_the_command_line_takes_two_folders_and_names_both_models(
    sides: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", str(sides / "trainA"), str(sides / "trainB"), "--method", "cyclegan", "--steps", "2"]
    for name, value in FLAGS.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    assert main([*words, "--run", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().err
    assert "model.pth" in said and "model_BtoA.pth" in said
    config = load_checkpoint(tmp_path / "run" / "model.pth").config
    assert (config.generator, config.blocks, config.dropout) == ("resnet", 2, 0.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"l1": 10.0}, "l1 means nothing for cyclegan: leave it out, or set method to pix2pix."),
        ({"conditional": False}, "conditional means nothing for cyclegan"),
        ({"method": "pix2pix", "cycle_a": 5.0}, "cycle_a means nothing for pix2pix"),
        ({"method": "pix2pix", "pool": 5}, "pool means nothing for pix2pix"),
    ],
)
def test_settings_of_another_method_are_a_sentence(sides: Path, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        prepare(tiny(sides, **settings))


def test_estimates_know_two_generators_and_allocate_nothing(sides: Path) -> None:
    config = tiny(sides, size=256, width=64, discriminator_width=64, patch="70", blocks=9)
    alone = TrainConfig(data=str(sides), generator="resnet", dropout=0.0, gan="lsgan")
    assert memory_needed(config) > 2.5 * memory_needed(alone) - 1e9
    assert disk_needed(config) > 1.8 * disk_needed(alone)


@pytest.mark.parametrize(
    ("file", "other"),
    [
        ("latest_net_G_A.pth", "latest_net_G_B.pth"),
        ("200_net_G_B.pth", "200_net_G_A.pth"),
        ("latest_net_D_A.pth", "latest_net_D_B.pth"),
        ("model.pth", "model_BtoA.pth"),
        ("monet_BtoA.pth", "monet.pth"),
    ],
)
def test_the_file_of_the_other_direction_is_found_beside(file: str, other: str, tmp_path: Path) -> None:
    assert partner_of(str(tmp_path / file)) is None
    (tmp_path / other).write_bytes(b"")
    assert partner_of(str(tmp_path / file)) == tmp_path / other


def test_the_other_direction_in_one_file_is_found_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "all.pth"
    assert partner_of(f"{file}::G_A") is None
    file.write_bytes(b"")
    assert partner_of(f"{file}::G_A") == Path(f"{file}::G_B")
    assert partner_of(f"{file}::netD_B") == Path(f"{file}::netD_A")
    assert partner_of(f"{file}::generator") is None


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The four networks of another project's CycleGAN, as its training leaves them."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    for number, side in enumerate("AB"):
        generator = draw(UsualResNet(3, 3, 4, 2, "instance", False), seed=number)
        discriminator = draw(UsualPatchGAN(3, 4, 2, "instance"), seed=number + 2)
        torch.save(generator.state_dict(), folder / f"latest_net_G_{side}.pth")
        torch.save(discriminator.state_dict(), folder / f"latest_net_D_{side}.pth")
    return folder


def start_of(weights: Path) -> dict[str, str]:
    names = {"init": "latest_net_G_A.pth", "init_discriminator": "latest_net_D_A.pth"}
    return {setting: str(weights / name) for setting, name in names.items()}


def test_a_discriminator_starts_every_scale(sides: Path, weights: Path) -> None:
    start = prepare(tiny(sides, **start_of(weights), scales=2)).start
    for side, file in (("b", "latest_net_D_A.pth"), ("a", "latest_net_D_B.pth")):
        wanted = read_discriminator(weights / file).weights
        for name in (f"discriminator_{side}", f"discriminator_{side}_half"):
            assert all(torch.equal(start[name][key], value) for key, value in wanted.items())


def test_all_four_networks_begin_with_another_projects_weights(sides: Path, weights: Path) -> None:
    prepared = prepare(tiny(sides, **start_of(weights)))
    assert (prepared.config.blocks, prepared.config.patch, prepared.config.discriminator_width) == (
        2,
        "34",
        4,
    )
    # That project's D_A looks at what its G_A makes: pictures of B.
    wanted = {
        "AtoB": read_any(weights / "latest_net_G_A.pth").weights,
        "BtoA": read_any(weights / "latest_net_G_B.pth").weights,
        "discriminator_b": read_discriminator(weights / "latest_net_D_A.pth").weights,
        "discriminator_a": read_discriminator(weights / "latest_net_D_B.pth").weights,
    }
    assert prepared.start.keys() == wanted.keys()
    for name, values in wanted.items():
        assert all(torch.equal(prepared.start[name][key], value) for key, value in values.items())


def test_discriminators_that_are_no_pair_are_a_sentence(sides: Path, weights: Path) -> None:
    other = draw(UsualPatchGAN(3, 8, 2, "instance"))
    torch.save(other.state_dict(), weights / "latest_net_D_B.pth")
    with pytest.raises(ConfigError, match="two different networks .patch 34, width 4 and patch 34, width 8"):
        prepare(tiny(sides, **start_of(weights)))


def test_a_start_of_one_direction_says_that_the_other_is_random(
    sides: Path, weights: Path, tmp_path: Path
) -> None:
    (weights / "latest_net_G_B.pth").unlink()
    run = train(tiny(sides, steps=1, **start_of(weights)), tmp_path / "run")
    assert "BtoA begins with random weights: no file of the other direction" in run.snapshot().log


def test_a_training_starts_from_both_directions(sides: Path, tmp_path: Path) -> None:
    run = train(tiny(sides, ema=0.0), tmp_path / "first")
    prepared = prepare(tiny(sides, init=str(run.path / "model.pth")))
    for name, file in (("AtoB", "model.pth"), ("BtoA", "model_BtoA.pth")):
        wanted = load_checkpoint(run.path / file).weights
        assert all(torch.equal(value, prepared.start[name][key]) for key, value in wanted.items())
    # From the other direction everything is the other way round.
    turned = prepare(tiny(sides, init=str(run.path / "model_BtoA.pth"), direction="BtoA"))
    left, right = prepared.start["AtoB"], turned.start["BtoA"]
    assert all(torch.equal(value, right[key]) for key, value in left.items())
    (run.path / "model_BtoA.pth").unlink()
    assert list(prepare(tiny(sides, init=str(run.path / "model.pth"))).start) == ["AtoB"]
    other = train(tiny(sides, width=8), tmp_path / "other")
    (other.path / "model.pth").rename(run.path / "model_BtoA.pth")
    with pytest.raises(ConfigError, match="is another network than"):
        prepare(tiny(sides, init=str(run.path / "model.pth")))


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="no ../shared/fixtures here")
def test_weights_of_the_reference_start_a_training_in_pairs(sides: Path, tmp_path: Path) -> None:
    for letter in "AB":
        shutil.copy(FIXTURES / "reference_resnet9_instance.pth", tmp_path / f"latest_net_G_{letter}.pth")
    prepared = prepare(tiny(sides, init=str(tmp_path / "latest_net_G_A.pth"), blocks=9, size=64))
    assert prepared.config.width == 8 and prepared.config.blocks == 9
    assert list(prepared.start) == ["AtoB", "BtoA"]


def test_with_a_paired_test_the_best_model_is_that_nearest_to_the_truth(sides: Path, tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    for number in range(3):
        pair = Image.new("RGB", (80, 40), (210, 110, 50))
        pair.paste((50, 100, 210), (40, 0, 80, 40))
        pair.save(tmp_path / "truth" / f"{number}.png")
    run = train(tiny(sides, paired_test=str(tmp_path / "truth"), best="l1"), tmp_path / "run")
    about = load_checkpoint(run.path / "model.pth").about
    assert about["best"] == "lowest l1" and str(tmp_path) not in str(about)
    metrics = about["metrics"]
    assert {"cycle_l1", "l1", "psnr", "ssim", "a_l1", "a_psnr", "a_ssim"} <= set(metrics)
    row = next(row for row in run.rows() if row["step"] == 8 and "val_l1" in row)
    assert row["val_l1"] == metrics["l1"] and 0 < metrics["l1"] < 1


def test_a_metric_of_pairs_cannot_choose_the_best_model_without_pairs(sides: Path) -> None:
    with pytest.raises(ConfigError, match="best psnr compares with a true picture.*lowest cycle_l1"):
        prepare(tiny(sides, best="psnr"), asked={"best": "psnr"})
    assert prepare(tiny(sides), asked={}).models.keys() == {"AtoB", "BtoA"}
