"""Quick copies paint what their generator paints, whatever the network and the picture."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pix2pix.config import ModelConfig
from pix2pix.imaging.test_card import make_test_card
from pix2pix.networks import build_generator, init_weights
from pix2pix.runtime.fast_inference import (
    InferenceConvolution,
    choose_inference_copy,
    computing_with,
    is_bf16_faster,
    make_inference_copy,
    packs_bf16,
)

NETWORKS: list[dict[str, Any]] = [
    {},
    {"norm": "batch"},
    {"norm": "none"},
    {"decoder": "resize"},
    {"decoder": "bilinear"},
    {"decoder": "mixed"},
    {"decoder": "sharp"},
    {"decoder": "sharp", "skips": False},
    {"skips": False},
    {"in_channels": 1},
]


def make_generator(**settings: Any) -> torch.nn.Module:
    generator = build_generator(ModelConfig(**{"width": 8, "depth": 4, "size": 32, **settings}))
    init_weights(generator, torch.Generator().manual_seed(0))
    return generator.eval().requires_grad_(False)


@pytest.mark.parametrize("settings", NETWORKS)
def test_a_quick_copy_paints_the_same_at_every_size(settings: dict[str, Any]) -> None:
    generator = make_generator(**settings)
    quick, halved = make_inference_copy(generator, "fp32"), make_inference_copy(generator, "bf16")
    for height, width in ((32, 32), (16, 64), (96, 32)):
        source = torch.rand(2, generator.down[0].conv.in_channels, height, width) * 2 - 1
        with torch.inference_mode():
            wanted = generator(source)
            assert torch.allclose(quick(source), wanted, atol=1e-4)
            assert (halved(source) - wanted).abs().mean() < 2 / 255
        assert halved(source).dtype == torch.float32


def leave_dirt() -> None:
    """Fills memory with NaN and gives it back, so that what is read before it is written shows."""
    dirt = [
        torch.full((size,), float("nan"), dtype=torch.bfloat16)
        for size in (64, 256, 1000, 4000, 10_000, 50_000, 200_000, 1_000_000)
    ]
    dirt.clear()


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("height", "width"), [(4, 2), (20, 2), (8, 3), (2, 2), (2, 20), (6, 4)])
def test_a_bf16_convolution_never_reads_what_nobody_wrote(
    height: int, width: int, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if packed and not packs_bf16():
        pytest.skip("oneDNN sorts no bf16 weights on this processor")
    random = torch.Generator().manual_seed(0)
    conv = torch.nn.Conv2d(32, 32, 4, stride=2, padding=1, bias=False).requires_grad_(False)
    conv.weight.copy_(torch.randn(conv.weight.shape, generator=random) * 0.02)
    if not packed:
        monkeypatch.setattr("pix2pix.runtime.fast_inference._is_packable", lambda conv, dtype: False)
    quick, features = (
        InferenceConvolution(conv, torch.bfloat16),
        torch.randn(1, 32, height, width, generator=random),
    )
    with torch.inference_mode():
        wanted = conv(features)
        for _ in range(10):
            leave_dirt()
            result = quick(features).float()
            assert result.shape == wanted.shape
            assert (result - wanted).abs().max() < 0.02 * wanted.abs().max()


@pytest.mark.parametrize("size", [(400, 200), (600, 256)])
def test_a_tall_picture_in_bf16_is_that_of_fp32_each_time(size: tuple[int, int]) -> None:
    generator = make_generator(width=4, depth=8, size=256)
    quick = make_inference_copy(generator, "bf16")
    height, width = (-(-side // 256) * 256 for side in size)
    source = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        wanted, first = generator(source), quick(source)
        for _ in range(4):
            leave_dirt()
            assert torch.equal(quick(source), first)
    assert (first - wanted).abs().mean() / 2 < 1 / 255


def test_the_generator_is_left_as_it_is() -> None:
    generator = make_generator()
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    quick, _ = choose_inference_copy(generator, 3, precision="bf16")
    assert quick is not generator and any(isinstance(part, InferenceConvolution) for part in quick.modules())
    assert not any(isinstance(part, InferenceConvolution) for part in generator.modules())
    assert all(
        torch.equal(value, before[name]) and value.dtype == torch.float32
        for name, value in generator.state_dict().items()
    )


def test_bf16_is_not_taken_where_it_paints_something_else() -> None:
    generator = make_generator(skips=False)
    assert choose_inference_copy(generator, 3, precision="bf16")[1] == "bf16"
    generator.down[0].conv.bias.fill_(10)  # beside it the picture is lost in 8 bits of mantissa,
    generator.up[-1].conv.weight.mul_(10)  # and what was lost is seen
    assert choose_inference_copy(generator, 3, precision="bf16")[1] == "fp32"


def test_bf16_is_tried_on_a_tall_card_too() -> None:
    shapes: list[tuple[int, ...]] = []
    generator = make_generator(depth=6, size=64)
    generator.down[-1].register_forward_hook(
        lambda module, inputs, output: shapes.append(tuple(output.shape[2:]))
    )
    choose_inference_copy(generator, 3, precision="bf16")
    assert (2, 1) in shapes


def test_the_measured_precision_stays_the_same_within_a_process() -> None:
    device = torch.device("cpu")
    assert len({is_bf16_faster(device) for _ in range(5)}) == 1
    assert not is_bf16_faster(torch.device("meta"))


def test_threads_are_given_back() -> None:
    own = torch.get_num_threads()
    with computing_with(own + 1):
        assert torch.get_num_threads() == own + 1
    assert torch.get_num_threads() == own


def test_the_test_card_is_within_bounds_and_not_flat() -> None:
    card = make_test_card(3, 16)
    assert card.shape == (1, 3, 64, 64)
    assert card.abs().max() <= 1 and card.std() > 0.3


def test_without_sorted_bf16_weights_the_picture_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on processors without AVX-512: nothing is refused, and `auto` measures fp32 as the faster."""
    monkeypatch.setattr("pix2pix.runtime.fast_inference.packs_bf16", lambda: False)
    generator = make_generator()
    source = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        assert (make_inference_copy(generator, "bf16")(source) - generator(source)).abs().mean() < 2 / 255
