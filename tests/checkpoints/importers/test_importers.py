"""Weights of other projects paint as they do there, to 1e-4, in both of their test modes;
what is none is told in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import foreign
import pytest
import torch
from paths import SHARED
from torch import Tensor, nn

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from pix2pix.checkpoints.importers import adjusted, read_any, read_discriminator
from pix2pix.checkpoints.importers.layouts import DISCRIMINATOR, recognise
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError, ConfigError
from pix2pix.inference.translator import Translator
from pix2pix.networks import PatchGAN

FIXTURES = SHARED / "fixtures"
CLOSE: dict[str, float] = {"atol": 1e-4, "rtol": 0}


def take_over(content: Any) -> Checkpoint:
    """What the process for strangers' files makes of its content."""
    found = recognise(content)
    return Checkpoint(
        ModelConfig.from_dict(found.facts), found.weights, {"origin": {"project": found.project}}
    )


def paint(checkpoint: Checkpoint, source: Tensor, **choices: str) -> Tensor:
    return Translator(checkpoint, "cpu", "fp32", **{"dropout": "off", **choices}).translate_tensor(source)  # type: ignore[arg-type]


def with_masks(network: Any, checkpoint: Checkpoint, source: Tensor) -> tuple[Tensor, Tensor]:
    """What both paint with the same dropout."""
    generator: Any = checkpoint.generator()
    masks = foreign.masks_like(generator.noise_shapes(*source.shape[2:]))
    assert masks
    network.masks += masks
    theirs = network(source)
    assert not network.masks, "they have as many levels with dropout as we"
    return theirs, generator(source, masks)


@pytest.mark.parametrize("kind", ["batch", "instance", "none"])
@pytest.mark.parametrize(("ins", "outs", "width", "levels"), [(3, 3, 2, 8), (1, 3, 3, 7), (2, 1, 2, 6)])
@torch.no_grad()
def test_the_usual_unet_of_any_depth_width_and_norm(
    kind: str, ins: int, outs: int, width: int, levels: int
) -> None:
    network = foreign.draw(foreign.UsualUNet(ins, outs, width, levels, kind))
    checkpoint, source = take_over(network.state_dict()), foreign.pictures(ins, 2**levels)
    config = checkpoint.config
    assert (config.depth, config.width, config.norm, config.in_channels, config.out_channels) == (
        levels,
        width,
        kind,
        ins,
        outs,
    )
    torch.testing.assert_close(paint(checkpoint, source, statistics="running"), network(source), **CLOSE)
    theirs, ours = with_masks(network, checkpoint, source)
    torch.testing.assert_close(ours, theirs, **CLOSE)
    for norm in foreign.norms_of(network):
        norm.train()
    torch.testing.assert_close(paint(checkpoint, source), network(source), **CLOSE)


@pytest.mark.parametrize("kind", ["batch", "instance", "none"])
@pytest.mark.parametrize(
    ("ins", "outs", "width", "blocks", "dropout"),
    [(3, 3, 4, 6, False), (1, 2, 3, 9, True), (3, 3, 2, 2, True)],
)
@torch.no_grad()
def test_the_resnet_of_any_length_with_and_without_dropout(
    kind: str, ins: int, outs: int, width: int, blocks: int, dropout: bool
) -> None:
    network = foreign.draw(foreign.UsualResNet(ins, outs, width, blocks, kind, dropout), gain=0.7)
    checkpoint, source = take_over(network.state_dict()), foreign.pictures(ins, 24)
    config = checkpoint.config
    assert (config.generator, config.blocks, config.width, config.norm, config.noisy) == (
        "resnet",
        blocks,
        width,
        kind,
        dropout,
    )
    torch.testing.assert_close(paint(checkpoint, source, statistics="running"), network(source), **CLOSE)
    if dropout:
        theirs, ours = with_masks(network, checkpoint, source)
        torch.testing.assert_close(ours, theirs, **CLOSE)
    for norm in foreign.norms_of(network):
        norm.train()
    torch.testing.assert_close(paint(checkpoint, source), network(source), **CLOSE)


@pytest.mark.parametrize(("project", "dialect"), [(foreign.KimRass, "kimrass"), (foreign.HugGAN, "huggan")])
@pytest.mark.parametrize(("ins", "outs", "width", "levels"), [(3, 3, 2, 8), (1, 2, 3, 7), (2, 1, 4, 6)])
@torch.no_grad()
def test_kimrass_and_huggan_of_any_depth_and_width(
    project: Any, dialect: str, ins: int, outs: int, width: int, levels: int
) -> None:
    network = foreign.draw(project(ins, outs, width, levels))
    checkpoint, source = take_over(network.state_dict()), foreign.pictures(ins, 2**levels)
    assert (checkpoint.config.dialect, checkpoint.config.depth, checkpoint.config.width) == (
        dialect,
        levels,
        width,
    )
    torch.testing.assert_close(paint(checkpoint, source), network(source), **CLOSE)
    theirs, ours = with_masks(network, checkpoint, source)
    torch.testing.assert_close(ours, theirs, **CLOSE)


@pytest.mark.parametrize(("ins", "outs", "width", "levels"), [(3, 3, 2, 8), (1, 2, 3, 5)])
@pytest.mark.parametrize("names", ["new", "old"])
@torch.no_grad()
def test_tensorflow_in_both_of_its_namings(ins: int, outs: int, width: int, levels: int, names: str) -> None:
    weights = foreign.tensorflow_weights(ins, outs, width, levels)
    renamed = dict(weights)
    if names == "old":
        words = {
            "conv2d_transpose/kernel": "deconv/filter",
            "conv2d/kernel": "conv/filter",
            "conv2d_transpose/bias": "deconv/bias",
        }
        words |= {
            "conv2d/bias": "conv/bias",
            "batch_normalization/gamma": "batchnorm/scale",
            "batch_normalization/beta": "batchnorm/offset",
        }
        renamed = {
            name.replace(old, new): value
            for name, value in weights.items()
            for old, new in words.items()
            if old in name
        }
    checkpoint = take_over(renamed)
    for side in (2**levels, 2 ** (levels + 1)):  # a bottleneck of 1 x 1, and of 2 x 2
        source = foreign.pictures(ins, side)
        torch.testing.assert_close(
            paint(checkpoint, source), foreign.tensorflow_paints(weights, source), **CLOSE
        )
    with pytest.raises(ConfigError, match="no running statistics"):
        Translator(checkpoint, statistics="running")


@pytest.mark.parametrize("kind", ["batch", "instance", "none"])
@pytest.mark.parametrize("layers", [0, 1, 2, 3, 4, 5])
@torch.no_grad()
def test_discriminators_of_every_size(kind: str, layers: int) -> None:
    made = foreign.UsualPatchGAN(5, 2, layers, kind) if layers else foreign.UsualPixelGAN(5, 2, kind)
    network, pictures = foreign.draw(made), foreign.pictures(5, 128, 2)
    found = recognise(network.state_dict(), DISCRIMINATOR)
    ours = PatchGAN(5, 2, receptive_field=found.facts["patch"], norm=kind)
    ours.load_state_dict(found.weights)
    torch.testing.assert_close(ours.eval()(pictures), network(pictures), **CLOSE)


def usual(kind: str = "batch", levels: int = 7) -> dict[str, Tensor]:
    return dict(foreign.draw(foreign.UsualUNet(3, 3, 2, levels, kind)).state_dict())


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod."])
def test_what_wrappers_put_before_the_keys_is_taken_off(prefix: str) -> None:
    plain, wrapped = take_over(usual()), take_over({prefix + name: value for name, value in usual().items()})
    assert all(torch.equal(value, wrapped.weights[name]) for name, value in plain.weights.items())


def test_a_training_file_is_looked_through_for_its_generator() -> None:
    discriminator = foreign.draw(foreign.UsualPatchGAN(6, 2, 3, "batch")).state_dict()
    content = {
        "epoch": 3,
        "D": discriminator,
        "G": usual(),
        "optimizer": {"state": {0: {"exp_avg": torch.zeros(3)}}},
    }
    assert take_over(content).config.depth == 7
    assert recognise(content, DISCRIMINATOR).facts["patch"] == 70


@torch.no_grad()
def test_files_from_before_torch_0_4() -> None:
    """Instance norm had statistics that nobody used; batch norm did not count."""
    network = foreign.UsualUNet(3, 3, 2, 7, "instance")
    weights = dict(foreign.draw(network).state_dict())
    for name, part in network.named_modules():
        if isinstance(part, nn.InstanceNorm2d):
            weights |= {
                f"{name}.running_mean": torch.ones(part.num_features),
                f"{name}.running_var": torch.ones(part.num_features),
            }
    source = foreign.pictures(3, 128)
    torch.testing.assert_close(paint(take_over(weights), source), network(source), **CLOSE)
    uncounted = {name: value for name, value in usual().items() if not name.endswith("tracked")}
    torch.testing.assert_close(
        paint(take_over(uncounted), source, statistics="running"),
        paint(take_over(usual()), source, statistics="running"),
    )


def test_each_project_s_own_defaults_are_kept_and_can_be_changed() -> None:
    by_default = [take_over(usual(kind)).config for kind in ("batch", "instance")]
    assert [(config.statistics, config.noisy) for config in by_default] == [
        ("picture", True),
        ("picture", False),
    ]
    checkpoint, source = take_over(usual()), foreign.pictures(3, 128)
    noisy, quiet = Translator(checkpoint, "cpu"), Translator(checkpoint, "cpu", dropout="off")
    assert torch.equal(noisy.translate_tensor(source), quiet.translate_tensor(source, [0]))
    assert not torch.equal(noisy.translate_tensor(source), quiet.translate_tensor(source))
    changed = adjusted(checkpoint, "running", dropout="off", size=64).config
    assert (changed.statistics, changed.noisy, changed.size) == ("running", False, 64)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda w: w.pop("model.model.0.weight"),
            r"is a U-Net for 128 x 128 with batch norm of pytorch-CycleGAN.*but 1 of its \d+ keys is missing",
        ),
        (
            lambda w: [w.pop(name) for name in list(w)[1:9]],
            r"7 of its \d+ keys are missing: model\.model\.1\S* and 6 more",
        ),
        (lambda w: w.update(attention=torch.zeros(3)), "has 1 key that such a network has not: attention"),
        (
            lambda w: w.update({"model.model.3.bias": torch.zeros(9)}),
            r"model\.model\.3\.bias becomes \(9,\) and must be \(3,\)",
        ),
        (lambda w: w.update({"model.model.0.weight": torch.zeros(())}), r"becomes \(\) and must be"),
    ],
)
def test_what_is_nearly_a_network_is_told_in_words(change: Any, sentence: str) -> None:
    weights = usual()
    change(weights)
    with pytest.raises(CheckpointError, match=sentence) as told:
        recognise(weights)
    assert len(str(told.value)) < 330


def test_what_is_no_network_of_ours_is_told_in_words() -> None:
    strange = {f"model.diffusion_model.{number}.weight": torch.zeros(1, 1, 3, 3) for number in range(80)}
    with pytest.raises(
        CheckpointError, match="80 of them convolutions.*a Stable Diffusion model, it seems"
    ) as told:
        recognise(strange)
    assert len(str(told.value)) < 400
    with pytest.raises(CheckpointError, match="no tensors"):
        recognise({"epoch": 3})
    with pytest.raises(
        CheckpointError, match="judges 70 x 70 pixels with batch norm.*makes none.*init_discriminator"
    ):
        recognise(foreign.UsualPatchGAN(6, 2, 3, "batch").state_dict())
    with pytest.raises(CheckpointError, match="a generator; a discriminator is wanted"):
        recognise(usual(), DISCRIMINATOR)
    with pytest.raises(CheckpointError, match="another network, such as that of pix2pixHD"):
        recognise(
            {f"model.{number}.conv_block.1.weight": torch.zeros(4, 4, 3, 3) for number in range(16, 25)}
        )


def test_a_foreign_file_is_opened_apart_and_stays_the_same_when_it_is_kept(tmp_path: Path) -> None:
    network = foreign.draw(foreign.UsualUNet(3, 3, 2, 6, "batch"))
    torch.save(network.state_dict(), tmp_path / "latest_net_G.pth")
    checkpoint = read_any(tmp_path / "latest_net_G.pth")
    assert checkpoint.about == {
        "origin": {"project": "pytorch-CycleGAN-and-pix2pix", "file": "latest_net_G.pth"}
    }
    save_checkpoint(tmp_path / "kept.pth", checkpoint, half=False)
    kept = read_any(tmp_path / "kept.pth")
    assert kept.config == checkpoint.config
    assert all(torch.equal(value, kept.weights[name]) for name, value in checkpoint.weights.items())
    assert load_checkpoint(tmp_path / "kept.pth").about == checkpoint.about
    with torch.no_grad():
        source = foreign.pictures(3, 64)
        torch.testing.assert_close(paint(kept, source, statistics="running"), network(source), **CLOSE)


def test_checkpoints_from_before_there_were_dialects_are_read(tmp_path: Path) -> None:
    checkpoint = Checkpoint(ModelConfig(depth=3, width=2, size=16), {})
    generator = replace(checkpoint, weights={}).config
    old = {
        name: value
        for name, value in generator.to_dict().items()
        if name not in ("blocks", "dialect", "statistics", "noisy")
    }
    assert ModelConfig.from_dict(old) == generator


@pytest.mark.slow
@pytest.mark.skipif(not FIXTURES.is_dir(), reason="no ../shared/fixtures here")
@pytest.mark.parametrize(
    "name",
    [
        "kimrass_generator",
        "reference_resnet9_instance",
        "reference_unet256_batch",
        "reference_unet256_instance",
    ],
)
def test_files_of_the_projects_themselves(name: str) -> None:
    expected = torch.load(FIXTURES / f"{name}.io.pt", weights_only=True)
    checkpoint = read_any(FIXTURES / f"{name}.pth")
    choice = "running" if checkpoint.config.norm == "batch" else "auto"
    torch.testing.assert_close(
        paint(checkpoint, expected["input"], statistics=choice), expected["eval_output"], **CLOSE
    )
    if "batch_stats_output" in expected:
        torch.testing.assert_close(
            paint(checkpoint, expected["input"][:1]), expected["batch_stats_output"], **CLOSE
        )


@pytest.mark.slow
@pytest.mark.skipif(not FIXTURES.is_dir(), reason="no ../shared/fixtures here")
def test_a_discriminator_of_the_project_itself() -> None:
    discriminator = read_discriminator(FIXTURES / "reference_patchgan70_batch.pth")
    expected = torch.load(FIXTURES / "reference_patchgan70_batch.io.pt", weights_only=True)
    network = PatchGAN(
        discriminator.in_channels,
        discriminator.width,
        receptive_field=discriminator.patch,
        norm=discriminator.norm,
    )
    network.load_state_dict(discriminator.weights)
    with torch.no_grad():
        torch.testing.assert_close(network.eval()(expected["input"]), expected["eval_output"], **CLOSE)
