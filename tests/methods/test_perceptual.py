"""The perceptual term, with weights of chance in the place of ImageNet's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from learners import CPU, Again, assert_same, make_batch, make_config
from torch import Tensor

from pix2pix import TrainConfig, resume, train
from pix2pix.checkpoints import vgg_file
from pix2pix.config import ImageSpec, ModelConfig
from pix2pix.errors import CheckpointError, ConfigError
from pix2pix.methods.pix2pix import Pix2Pix
from pix2pix.networks import init_weights
from pix2pix.networks.vgg import Vgg16
from pix2pix.runs.preflight import check_method, prepare
from pix2pix.runs.requirements import disk_needed, memory_needed
from pix2pix.runtime.device import Machine
from pix2pix.training.learner import Learner

MODEL = ModelConfig(depth=3, width=4, size=16)
WEIGHTS = ("features.0.weight", "features.21.bias")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "hub" / "checkpoints"


@pytest.fixture
def weights(folder: Path) -> dict[str, Tensor]:
    network = Vgg16()
    init_weights(network, torch.Generator().manual_seed(0))
    folder.mkdir(parents=True)
    values = {name: value * 5 for name, value in network.state_dict().items()}
    torch.save(values | {"classifier.0.weight": torch.zeros(2, 2)}, folder / vgg_file.FILE)
    return values


def straight(pictures: Tensor, weights: dict[str, Tensor]) -> list[Tensor]:
    """torchvision's VGG16, written down layer by layer by the numbers of its keys."""
    mean, deviation = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    shown = pictures.expand(-1, 3, -1, -1) / 2 + 0.5
    shown = (shown - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(deviation).view(3, 1, 1)
    found = []
    for place in range(23):
        if place in (4, 9, 16):
            shown = F.max_pool2d(shown, 2, 2)
        elif f"features.{place}.weight" in weights:
            weight, bias = (weights[f"features.{place}.{name}"] for name in ("weight", "bias"))
            shown = F.relu(F.conv2d(shown, weight, bias, padding=1))
        if place in (3, 8, 15, 22):
            found.append(shown)
    return found


@pytest.mark.parametrize("channels", [1, 3])
def test_features_are_those_of_torchvisions_network(weights: dict[str, Tensor], channels: int) -> None:
    network = Vgg16()
    network.load_state_dict(vgg_file.read_vgg())
    pictures = torch.rand(2, channels, 24, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1
    for ours, theirs in zip(network(pictures), straight(pictures, weights), strict=True):
        torch.testing.assert_close(ours, theirs)
    assert (WEIGHTS[0] in weights, WEIGHTS[1] in weights) == (True, True) and len(weights) == 20


def test_the_loss_of_two_steps_is_the_one_written_straight_down(weights: dict[str, Tensor]) -> None:
    config = make_config(perceptual=3.0, gan="none", l1=2.0, dropout=0.0, ema=0.0)
    learner = Learner(Pix2Pix(config, MODEL), config, CPU)
    learner.start_from({"perceptual": vgg_file.read_vgg()})
    network = learner.method.networks["perceptual"]
    for number in range(2):
        batch = make_batch(number)
        with torch.no_grad():
            fake = learner.method.networks["generator"](batch["source"])
            pairs = zip(straight(fake, weights), straight(batch["target"], weights), strict=True)
            wanted = sum((ours - theirs).abs().mean() for ours, theirs in pairs) / 4
            l1 = (fake - batch["target"]).abs().mean()
        losses = learner.step(number, [batch], 1.0)
        torch.testing.assert_close(losses["g_perceptual"], wanted)
        torch.testing.assert_close(losses["g"], 2 * l1 + 3 * wanted)
    assert_same(dict(network.state_dict()), weights)
    assert all(weight.grad is None and not weight.requires_grad for weight in network.parameters())


def test_captured_steps_are_the_same_and_the_fake_alone_has_a_gradient(weights: dict[str, Tensor]) -> None:
    config = make_config(perceptual=3.0)
    learners = [
        Learner(Pix2Pix(config, MODEL), config, machine, recorder=recorder)
        for machine, recorder in ((CPU, None), (Machine(torch.device("cpu"), graphs=True), Again()))
    ]
    for number in range(4):
        for learner in learners:
            learner.start_from({"perceptual": weights})
        losses = [learner.step(number, [make_batch(number)], 1.0) for learner in learners]
        assert {name: float(value) for name, value in losses[0].items()} == {
            name: float(value) for name, value in losses[1].items()
        }
    assert_same(*(learner.method.networks["generator"].state_dict() for learner in learners))


def test_without_the_weights_a_sentence_says_where_they_come_from(pairs: Path, folder: Path) -> None:
    config = make_config(data=str(pairs), perceptual=1.0)
    with pytest.raises(ConfigError, match=r"vgg16-397923af.pth \(528 MB, https://.*\) into .*checkpoints"):
        prepare(config)
    folder.mkdir(parents=True)
    (folder / vgg_file.FILE).write_bytes(b"cut off")
    with pytest.raises(CheckpointError, match="cannot be read"):
        prepare(config)
    torch.save({"features.0.weight": torch.zeros(2)}, folder / vgg_file.FILE)
    with pytest.raises(CheckpointError, match=r"features.0.weight is missing, or has another shape"):
        prepare(config)


@pytest.mark.parametrize(
    ("change", "words"), [({"method": "cyclegan"}, "perceptual means nothing for cyclegan")]
)
def test_it_is_for_pairs(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_method(TrainConfig(perceptual=1.0, **change))


def test_targets_are_pictures_of_one_or_three_channels() -> None:
    images = {"source": ImageSpec(), "target": ImageSpec(channels=2)}
    with pytest.raises(ConfigError, match="1 or 3 channels, and the targets have 2"):
        Pix2Pix.describe(make_config(perceptual=1.0), images)
    assert TrainConfig(gan="none", l1=0.0, perceptual=1.0)


def test_a_run_goes_on_to_the_bit_where_the_file_is_gone(
    pairs: Path, tmp_path: Path, folder: Path, weights: dict[str, Tensor]
) -> None:
    kept = {"save_every": 2, "log_every": 1, "decay_from": 1.0, "precision": "fp32", "device": "cpu"}
    config = make_config(data=str(pairs), perceptual=1.0, steps=2, **kept)
    stopped = train(config, tmp_path / "stopped")
    whole = train(TrainConfig(**{**config.to_dict(), "steps": 4}), tmp_path / "whole")
    (folder / vgg_file.FILE).unlink()
    resume(stopped.path, steps=4)
    states = [torch.load(run.state_path, weights_only=True) for run in (whole, stopped)]
    assert_same(*(state["generator"] for state in states))
    assert "g_perceptual" in whole.read_rows()[0]


def test_it_takes_memory_for_its_weights_once() -> None:
    plain, more = (TrainConfig(device="cpu", perceptual=weight) for weight in (0.0, 1.0))
    assert 30e6 < memory_needed(more) - memory_needed(plain) < 250e6
    assert disk_needed(more) - disk_needed(plain) == 2 * 4 * sum(p.numel() for p in Vgg16().parameters())
