"""The ResNet generator is a first-class one: built, drawn with, and trained as the U-Net is."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import foreign
import pytest
import torch
from PIL import Image

from pix2pix import TrainConfig, Translator, train
from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from pix2pix.config import ModelConfig
from pix2pix.errors import ConfigError, DataError
from pix2pix.networks import ResNet, build_generator, init_weights, sample_noise
from pix2pix.runs.requirements import memory_needed
from pix2pix.runtime.fast_inference import InferenceConvolution, choose_inference_copy, make_inference_copy

CONFIG = ModelConfig(generator="resnet", blocks=2, width=4, size=32)


def resnet(**settings: Any) -> ResNet:
    return ResNet(ModelConfig(generator="resnet", **settings))


def make(config: ModelConfig = CONFIG) -> Checkpoint:
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(0))
    return Checkpoint(config, dict(generator.state_dict()))


def test_it_has_its_published_count_of_parameters() -> None:
    with torch.device("meta"):
        counts = {
            blocks: sum(p.numel() for p in resnet(blocks=blocks, norm="batch").parameters())
            for blocks in (6, 9)
        }
    # 11.378 million is the known size with 9 blocks: with a bias before each instance
    # norm, and nothing learned in it.
    hidden = 64 + 128 + 256 + 18 * 256 + 128 + 64
    assert counts[9] - 2 * hidden + hidden == 11_378_179
    assert counts[9] - counts[6] == 3 * 2 * (256 * 256 * 9 + 2 * 256)


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_gradients_survive_the_work_in_place(norm: str) -> None:
    net = foreign.draw(resnet(in_channels=1, out_channels=1, width=1, blocks=1, norm=norm), gain=1.0).double()
    noise = [mask.double() for mask in sample_noise(net.noise_shapes(8, 8), 0.5, seeds=[2])]
    source = foreign.pictures(1, 8).double().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda source, *_: net(source, noise), (source, *net.parameters()), fast_mode=True
    )


def test_noise_acts_in_each_block_and_without_it_nothing_is_dropped() -> None:
    net, source = foreign.draw(resnet(width=2, blocks=3)), foreign.pictures(3, 16)
    assert net.noise_shapes(16, 24) == [(8, 4, 6)] * 3
    assert resnet(width=2, blocks=3, dropout=0.0).noise_shapes(16, 16) == []
    ones = [torch.ones(1, *shape) for shape in net.noise_shapes(16, 16)]
    with torch.no_grad():
        assert torch.equal(net(source), net(source, ones))
        assert not torch.equal(
            net(source), net(source, sample_noise(net.noise_shapes(16, 16), 0.5, seeds=[0]))
        )


@pytest.mark.parametrize(("height", "width"), [(4, 16), (18, 16)])
def test_a_picture_of_a_wrong_size_is_refused_with_the_numbers(height: int, width: int) -> None:
    with pytest.raises(
        DataError, match=f"{width} x {height}; this ResNet needs sides that are multiples of 4, 8 at least"
    ):
        resnet(width=1, blocks=1)(torch.zeros(1, 3, height, width))


@pytest.mark.parametrize("size", [(1, 1), (5, 9), (33, 18), (64, 32)])
@pytest.mark.parametrize("mode", ["fit", "native"])
def test_pictures_of_every_size_come_back_as_large(size: tuple[int, int], mode: str) -> None:
    translator = Translator(make(), "cpu")
    assert translator.multiple == 4
    assert translator(Image.new("RGB", size, (200, 30, 80)), mode, seed=1).size == size


def test_tiles_of_a_large_picture_are_those_of_the_whole() -> None:
    translator = Translator(
        make(ModelConfig(generator="resnet", blocks=1, width=2, norm="none")), "cpu", "fp32"
    )
    image = Image.radial_gradient("L").resize((640, 300)).convert("RGB")
    whole = translator(image, "native")
    translator.tile_memory = 300 * 300 * 4.5 * 3 * 2
    difference = (
        torch.tensor([list(whole.tobytes()), list(translator(image, "native").tobytes())]).diff(dim=0).abs()
    )
    assert difference.max() <= 1


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_quick_copy_paints_the_same(norm: str, precision: str) -> None:
    generator = (
        make(ModelConfig(generator="resnet", blocks=2, width=8, norm=norm)).generator().requires_grad_(False)
    )
    quick = make_inference_copy(generator, precision)  # type: ignore[arg-type]
    assert sum(isinstance(part, InferenceConvolution) for part in quick.modules()) == 10
    source = foreign.pictures(3, 40)
    with torch.inference_mode():
        assert (quick(source) - generator(source)).abs().mean() < (1e-4 if precision == "fp32" else 2 / 255)
    assert choose_inference_copy(generator, 3, precision=precision)[1] == precision


def test_it_is_trained_and_its_model_drawn_with(pairs: Path, tmp_path: Path) -> None:
    settings = {"data": str(pairs), "generator": "resnet", "blocks": 2, "size": 36, "patch": "16"}
    config = TrainConfig(**settings, width=4, discriminator_width=4, steps=2, log_every=1, precision="fp32")  # type: ignore[arg-type]
    run = train(config, tmp_path / "run")
    model = load_checkpoint(run.model_path)
    assert (model.config.generator, model.config.blocks) == ("resnet", 2)
    assert Translator(model, "cpu")(Image.new("RGB", (50, 20)), seed=3).size == (50, 20)


def test_each_decoder_doubles_in_its_way_and_a_smooth_one_leaves_no_checkerboard() -> None:
    def grid_of(decoder: str) -> float:
        """Spread of what a flat picture becomes, away from the borders: it should stay flat."""
        net = foreign.draw(resnet(width=4, blocks=1, norm="none", decoder=decoder), gain=1.0)
        flat = torch.full((1, 3, 64, 64), 0.3)
        return float(net(flat).detach()[..., 24:40, 24:40].std(dim=(-1, -2)).max())

    grids = {decoder: grid_of(decoder) for decoder in ("transposed", "resize", "bilinear", "mixed", "sharp")}
    assert grids["transposed"] > 1e-4 and grids["sharp"] > 1e-4
    assert max(grids["resize"], grids["bilinear"], grids["mixed"]) < 1e-5


def test_a_file_from_before_the_decoders_is_a_transposed_one_whatever_it_says(tmp_path: Path) -> None:
    path = tmp_path / "old.pth"
    save_checkpoint(path, make())
    content = torch.load(path, weights_only=True)
    torch.save({**content, "config": {**content["config"], "decoder": "sharp"}}, path)
    assert load_checkpoint(path).config.decoder == "transposed"
    save_checkpoint(path, make(dataclasses.replace(CONFIG, decoder="bilinear")))
    assert load_checkpoint(path).config.decoder == "bilinear"


def test_settings_that_do_not_fit_get_a_sentence_and_memory_is_estimated() -> None:
    with pytest.raises(ConfigError, match="size is 30; a ResNet needs a multiple of 4. Take 28"):
        TrainConfig(generator="resnet", size=30)
    with pytest.raises(ConfigError, match="blocks is 99"):
        TrainConfig(generator="resnet", blocks=99)
    few, many = (
        memory_needed(TrainConfig(generator="resnet", blocks=blocks, device="cpu")) for blocks in (6, 9)
    )
    assert 1e9 < few < many < 6e9


def test_an_imported_unet_and_its_discriminator_go_on_training(pairs: Path, tmp_path: Path) -> None:
    generator, judge = (
        foreign.draw(foreign.UsualUNet(3, 3, 2, 5, "batch")),
        foreign.draw(foreign.UsualPatchGAN(6, 2, 1, "batch")),
    )
    torch.save({"G": generator.state_dict(), "D": judge.state_dict()}, tmp_path / "both.pth")
    path = str(tmp_path / "both.pth")
    config = TrainConfig(
        data=str(pairs),
        init=path,
        init_discriminator=path,
        size=32,
        norm="batch",
        steps=1,
        rate=1e-8,
        ema=0.0,
        mirror=False,
    )
    run = train(config, tmp_path / "run")
    kept, settings = load_checkpoint(run.model_path), run.config()
    assert (settings.dialect, settings.depth, settings.patch, settings.discriminator_width) == (
        "usual",
        5,
        "16",
        2,
    )
    state = torch.load(run.state_path, weights_only=True)
    torch.testing.assert_close(
        kept.weights["up.4.conv.bias"], generator.state_dict()["model.model.3.bias"], atol=1e-3, rtol=0
    )
    torch.testing.assert_close(
        state["discriminator"]["score.bias"], judge.state_dict()["model.5.bias"], atol=1e-3, rtol=0
    )
