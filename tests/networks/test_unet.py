from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.config import Architecture, ModelConfig
from pix2pix.errors import ConfigError, DataError
from pix2pix.networks import GENERATORS, UNet, build_generator, init_weights, sample_noise
from pix2pix.networks.norms import InstanceNorm
from pix2pix.networks.unet import DECODERS, BilinearUp, SharpPaint

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def drawn(module: nn.Module, seed: int = 0) -> nn.Module:
    init_weights(module, torch.Generator().manual_seed(seed))
    for parameter in module.parameters():
        parameter.data.mul_(10)  # weights of 0.02 would leave a narrow net next to nothing to say
    return module


def unet(**settings: Any) -> UNet:
    return UNet(ModelConfig(**settings))


def pictures(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def sizes(levels: nn.ModuleList) -> list[tuple[int, int]]:
    return [(level.conv.in_channels, level.conv.out_channels) for level in levels]


def on_meta(**options: object) -> UNet:
    with torch.device("meta"):
        return unet(**options)


def test_the_paper_s_unet_has_its_published_count_of_parameters() -> None:
    net = on_meta(norm="batch")
    assert sum(parameter.numel() for parameter in net.parameters()) == 54_413_955
    assert len(net.state_dict()) == 82


def test_the_encoder_is_the_paper_s() -> None:
    # C64-C128-C256-C512-C512-C512-C512-C512
    assert sizes(on_meta().down) == [
        (3, 64),
        (64, 128),
        (128, 256),
        (256, 512),
        (512, 512),
        (512, 512),
        (512, 512),
        (512, 512),
    ]


def test_the_unet_decoder_is_the_paper_s() -> None:
    # CD512-CD1024-CD1024-C1024-C1024-C512-C256-C128: what each layer sees
    net = on_meta()
    assert [seen for seen, _ in sizes(net.up)] == [512, 1024, 1024, 1024, 1024, 512, 256, 128]
    assert [given for _, given in sizes(net.up)] == [512, 512, 512, 512, 256, 128, 64, 3]
    assert net.noise_channels == [512, 512, 512]


def test_without_skips_it_is_the_paper_s_encoder_decoder() -> None:
    # CD512-CD512-CD512-C512-C256-C128-C64
    assert [given for _, given in sizes(on_meta(skips=False).up)][:-1] == [512, 512, 512, 512, 256, 128, 64]


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_the_first_layer_the_bottleneck_and_the_last_have_no_norm(norm: str) -> None:
    net = on_meta(norm=norm)
    plain = [isinstance(level.norm, nn.Identity) for level in (*net.down, *net.up)]
    assert [place for place, is_plain in enumerate(plain) if is_plain] == [0, 7, 15]


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_bias_stands_only_where_no_instance_norm_takes_it_away(decoder: str) -> None:
    net = on_meta(norm="instance", decoder=decoder)
    assert [place for place, level in enumerate((*net.down, *net.up)) if level.conv.bias is not None] == [
        0,
        7,
        15,
    ]
    bare = on_meta(norm="none", decoder=decoder)
    assert all(level.conv.bias is not None for level in (*bare.down, *bare.up))


def test_the_keys_of_a_checkpoint_are_stable() -> None:
    keys = list(on_meta(norm="instance", depth=3).state_dict())
    assert keys == [
        "down.0.conv.weight",
        "down.0.conv.bias",
        "down.1.conv.weight",
        "down.2.conv.weight",
        "down.2.conv.bias",
        "up.0.conv.weight",
        "up.1.conv.weight",
        "up.2.conv.weight",
        "up.2.conv.bias",
    ]
    assert "up.0.norm.running_mean" in on_meta(norm="batch", depth=3).state_dict()


@pytest.mark.parametrize("depth", range(3, 11))
@pytest.mark.parametrize("decoder", DECODERS)
def test_every_depth_gives_pictures_of_the_size_it_got(depth: int, decoder: str) -> None:
    net = unet(in_channels=1, out_channels=2, width=1, depth=depth, decoder=decoder)
    side = 2**depth
    with torch.no_grad():
        fake = net(pictures(1, 1, side, side), sample_noise(net.noise_shapes(side, side), 0.5, seeds=[0]))
    assert fake.shape == (1, 2, side, side)
    assert fake.abs().max() <= 1


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize("decoder", DECODERS)
def test_it_computes_the_paper_s_function(norm: str, skips: bool, decoder: str) -> None:
    """Against the plain way to write it: an activation before each convolution, nothing in
    place, torch's own instance norm."""
    net = drawn(
        unet(in_channels=2, out_channels=3, width=3, depth=4, norm=norm, skips=skips, decoder=decoder)
    ).double()
    source = pictures(2, 2, 32, 48).double()
    noise = [mask.double() for mask in sample_noise(net.noise_shapes(32, 48), 0.5, seeds=[5, 6])]
    torch.testing.assert_close(net(source, noise), plainly(net, source, noise))


def plainly(net: UNet, source: Tensor, noise: list[Tensor]) -> Tensor:
    def normed(norm: nn.Module, values: Tensor) -> Tensor:
        return F.instance_norm(values) if isinstance(norm, InstanceNorm) else norm(values)

    values = [source]
    for place, level in enumerate(net.down):
        values.append(normed(level.norm, level.conv(F.leaky_relu(values[-1], 0.2) if place else source)))
    features = values.pop()
    for place, level in enumerate(net.up):
        seen = F.relu(torch.cat((values.pop(), features), 1) if place and net.skips else F.relu(features))
        if isinstance(level, SharpPaint):
            hidden = doubled(F.leaky_relu(level.conv(seen), 0.2))
            hidden = level.join(torch.cat((hidden, source), 1) if net.skips else hidden)
            return level.paint(F.leaky_relu(hidden, 0.2)).tanh()
        if isinstance(level, BilinearUp):
            seen = doubled(seen)
        elif isinstance(level.conv, nn.Conv2d):
            seen = seen.repeat_interleave(2, 2).repeat_interleave(2, 3)
        features = normed(level.norm, level.conv(seen))
        features = features * noise[place] if place < len(noise) else features
    return features.tanh()


def doubled(values: Tensor) -> Tensor:
    height, width = values.shape[2:]
    return between(height).T @ values @ between(width)


def between(size: int) -> Tensor:
    """(size, 2 size): each new pixel is three quarters of the nearest and a quarter of
    the next, the border repeated."""
    weights = torch.zeros(size, 2 * size, dtype=torch.float64)
    for place in range(2 * size):
        nearest = place // 2
        other = min(size - 1, max(0, nearest + (1 if place % 2 else -1)))
        weights[nearest, place] += 0.75
        weights[other, place] += 0.25
    return weights


def test_gradients_survive_the_work_in_place() -> None:
    net = drawn(unet(in_channels=1, out_channels=1, width=1, depth=3)).double()
    noise = [mask.double() for mask in sample_noise(net.noise_shapes(16, 16), 0.5, seeds=[2])]
    parameters = tuple(net.parameters())

    def run(source: Tensor, *_: Tensor) -> Tensor:
        return net(source, noise)

    assert torch.autograd.gradcheck(
        run, (pictures(1, 1, 16, 16).double().requires_grad_(), *parameters), fast_mode=True
    )


def test_the_source_is_left_as_it_was() -> None:
    net, source = unet(width=2, depth=3, norm="none"), pictures(1, 3, 16, 16)
    before = source.clone()
    net(source)
    assert torch.equal(source, before)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_instance_norm_is_that_of_torch_in_any_layout(batch: int, layout: torch.memory_format) -> None:
    features = pictures(batch, 4, 6, 5).double().to(memory_format=layout).requires_grad_()
    given = InstanceNorm()(features)
    torch.testing.assert_close(given, F.instance_norm(features))
    assert given.is_contiguous(memory_format=layout)
    assert torch.autograd.gradcheck(InstanceNorm(), features, fast_mode=True)


@pytest.mark.parametrize("norm", ["instance", "none"])
def test_a_picture_comes_out_the_same_whatever_batch_it_sits_in(norm: str) -> None:
    net = drawn(unet(width=2, depth=3, norm=norm)).to(memory_format=torch.channels_last)
    source = pictures(3, 3, 16, 24)
    noise = sample_noise(net.noise_shapes(16, 24), 0.5, seeds=[7, 8, 9])
    with torch.no_grad():
        alone = torch.cat([net(source[i : i + 1], [mask[i : i + 1] for mask in noise]) for i in range(3)])
        torch.testing.assert_close(net(source, noise), alone, atol=1e-5, rtol=0)


def test_noise_is_on_the_first_three_decoder_levels_and_never_on_the_one_that_paints() -> None:
    assert on_meta().noise_shapes(256, 512) == [(512, 2, 4), (512, 4, 8), (512, 8, 16)]
    assert on_meta(depth=5).noise_shapes(32, 32) == [(512, 2, 2), (256, 4, 4), (128, 8, 8)]
    assert on_meta(depth=4).noise_shapes(16, 16) == [(256, 2, 2), (128, 4, 4), (64, 8, 8)]
    assert on_meta(depth=3).noise_shapes(8, 8) == [(128, 2, 2), (64, 4, 4)]
    assert on_meta(dropout=0.0).noise_shapes(256, 256) == []


def test_without_noise_nothing_is_dropped_in_train_and_eval_alike() -> None:
    net, source = drawn(unet(width=2, depth=3)), pictures(1, 3, 16, 16)
    ones = [torch.ones(1, *shape) for shape in net.noise_shapes(16, 16)]
    with torch.no_grad():
        assert torch.equal(net.train()(source), net.eval()(source))
        assert torch.equal(net(source), net(source, ones))
        assert not torch.equal(
            net(source), net(source, sample_noise(net.noise_shapes(16, 16), 0.5, seeds=[0]))
        )


def test_masks_keep_the_mean_and_hold_two_values() -> None:
    (mask,) = sample_noise([(64, 32, 32)], 0.2, seeds=[3])
    assert set(mask.unique().tolist()) == {0.0, 1.25}
    assert mask.mean().item() == pytest.approx(1, abs=0.01)


def test_a_seed_gives_the_same_masks_in_any_batch_and_leaves_the_global_state_alone() -> None:
    shapes = [(4, 2, 2), (4, 4, 4)]
    torch.manual_seed(0)
    state = torch.get_rng_state()
    together, alone = sample_noise(shapes, 0.5, seeds=[1, 2]), sample_noise(shapes, 0.5, seeds=[2])
    assert [mask.shape for mask in together] == [(2, 4, 2, 2), (2, 4, 4, 4)]
    assert all(torch.equal(both[1], one[0]) for both, one in zip(together, alone, strict=True))
    assert not torch.equal(together[1][0], together[1][1])
    assert torch.equal(torch.get_rng_state(), state)


def test_resize_convolution_leaves_no_checkerboard() -> None:
    """Flat features stay flat, away from the border, as they leave each level of the decoder."""
    flat = torch.ones(1, 4, 8, 8)
    with torch.no_grad():
        resized = drawn(unet(width=1, depth=4, norm="none", decoder="resize").up[2].conv)(
            torch.ones(1, 4, 16, 16)
        )
        transposed = drawn(unet(width=1, depth=4, norm="none").up[2].conv)(flat)
    spread = [values[..., 2:-2, 2:-2].std((2, 3)).max().item() for values in (resized, transposed)]
    assert spread[0] < 1e-6 < 1e-2 < spread[1]


def test_the_sharp_decoder_follows_an_edge_of_the_source_by_single_pixels() -> None:
    """Also where all other levels are silent: theirs are steps of two pixels and more."""
    source = pictures(1, 3, 16, 16)
    moves = []
    for decoder in ("sharp", "bilinear"):
        net = drawn(unet(width=4, depth=3, norm="none", decoder=decoder))
        net.up[-1].conv.weight.data.zero_()
        with torch.no_grad():
            here, there = net(source)[..., 2:-2, 2:-2], net(source.roll(1, 3))[..., 2:-2, 2:-2]
        assert torch.allclose(here[..., :-1], there[..., 1:], atol=1e-6)
        moves.append((here - there).abs().max().item())
    assert moves[0] > 1e-3 > moves[1]


def test_a_picture_of_a_wrong_size_is_refused_with_the_numbers() -> None:
    with pytest.raises(DataError, match="100 x 64; .* 3 levels .* multiples of 8"):
        unet(width=1, depth=3)(pictures(1, 3, 64, 100))


def test_bfloat16_inside_still_gives_float32_pictures() -> None:
    net = drawn(unet(width=2, depth=3)).to(memory_format=torch.channels_last)
    source, noise = pictures(2, 3, 16, 16), sample_noise(net.noise_shapes(16, 16), 0.5, seeds=[0, 1])
    with torch.autocast("cpu", torch.bfloat16):
        fake = net(source, noise)
    assert fake.dtype == torch.float32
    fake.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in net.parameters())


def test_it_exports_for_any_batch_and_size() -> None:
    net = drawn(unet(width=2, depth=3)).eval()
    batch, rows, columns = (torch.export.Dim(name, min=1, max=64) for name in ("batch", "rows", "columns"))
    shapes = ({0: batch, 2: 8 * rows, 3: 8 * columns},)
    exported = torch.export.export(net, (pictures(2, 3, 16, 16),), dynamic_shapes=shapes, strict=False)
    source = pictures(1, 3, 24, 40)
    with torch.no_grad():
        torch.testing.assert_close(exported.module()(source), net(source), atol=1e-5, rtol=0)


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_a_config_builds_a_blank_generator_without_touching_the_global_state(norm: str) -> None:
    torch.manual_seed(0)
    state = torch.get_rng_state()
    net = build_generator(
        ModelConfig(
            depth=3,
            width=2,
            in_channels=1,
            out_channels=2,
            norm=norm,
            decoder="resize",
            skips=False,
            dropout=0.25,
        )
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert all(not value.any() for value in net.state_dict().values())
    assert net(pictures(1, 1, 8, 8)).shape == (1, 2, 8, 8)
    assert (net.multiple, net.dropout, net.skips) == (8, 0.25, False)


class Watched:
    """A config that remembers what is read of it."""

    def __init__(self, config: ModelConfig) -> None:
        self.config = config
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self.config, name)


def test_each_choice_of_an_architecture_is_read_by_some_network() -> None:
    known: set[str] = set()
    for network in GENERATORS.values():
        watched = Watched(ModelConfig(width=1, depth=3, blocks=1))
        network(watched)  # type: ignore[arg-type]
        known |= watched.read
    assert {field.name for field in dataclasses.fields(Architecture)} - known == {"generator"}
    assert known - {"in_channels", "out_channels"} <= ModelConfig().architecture().keys()


def test_an_unknown_generator_is_named() -> None:
    with pytest.raises(ConfigError, match="'vit'; choose one of unet, resnet"):
        build_generator(ModelConfig(generator="vit"))


def test_weights_are_drawn_as_in_the_paper_and_by_the_seed_alone() -> None:
    config = ModelConfig(depth=5, width=16, norm="batch")
    nets = [build_generator(config) for _ in range(3)]
    for net, seed in zip(nets, (0, 0, 1), strict=True):
        init_weights(net, torch.Generator().manual_seed(seed))
    first, same, other = (net.state_dict() for net in nets)
    assert all(torch.equal(first[key], same[key]) for key in first)
    assert not torch.equal(first["down.1.conv.weight"], other["down.1.conv.weight"])
    weights = torch.cat(
        [part.weight.flatten() for part in nets[0].modules() if isinstance(part, CONVOLUTIONS)]
    )
    assert (weights.mean().item(), weights.std().item()) == (
        pytest.approx(0, abs=1e-4),
        pytest.approx(0.02, rel=0.01),
    )
    assert first["up.1.norm.weight"].mean().item() == pytest.approx(1, abs=0.01)
    assert first["up.1.norm.running_var"].eq(1).all()
    assert not first["up.4.conv.bias"].any()
