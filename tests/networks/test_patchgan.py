from __future__ import annotations

import pytest
import torch
from torch import nn

from pix2pix.networks import PatchGAN, init_weights
from pix2pix.networks.patchgan import HALVINGS, smallest_picture

FIELDS = sorted(HALVINGS)
PAPER = {
    1: [64, 128],
    16: [64, 128],
    34: [64, 128, 256],
    70: [64, 128, 256, 512],
    142: [64, 128, 256, 512, 512],
}
PAPER[286] = [64, 128, 256, 512, 512, 512]


def on_meta(**options: object) -> PatchGAN:
    with torch.device("meta"):
        return PatchGAN(**options)  # type: ignore[arg-type]


def convolutions(net: PatchGAN) -> list[nn.Conv2d]:
    return [*(layer.conv for layer in net.layers), net.score]


def test_the_receptive_fields_are_those_of_the_paper() -> None:
    assert FIELDS == [1, 16, 34, 70, 142, 286]


@pytest.mark.parametrize("field", FIELDS)
def test_the_layers_are_the_paper_s(field: int) -> None:
    net = on_meta(receptive_field=field)
    assert [conv.out_channels for conv in convolutions(net)] == [*PAPER[field], 1]
    assert {conv.kernel_size for conv in convolutions(net)} == {(1, 1) if field == 1 else (4, 4)}


@pytest.mark.parametrize("field", FIELDS)
def test_the_receptive_field_is_what_the_formula_says(field: int) -> None:
    seen = 1
    for conv in reversed(convolutions(on_meta(receptive_field=field))):
        seen = (seen - 1) * conv.stride[0] + conv.kernel_size[0]
    assert seen == field


@pytest.mark.parametrize("field", FIELDS)
def test_one_score_feels_exactly_a_square_of_that_many_pixels(field: int) -> None:
    net = PatchGAN(1, width=1, receptive_field=field, norm="none").double()
    for parameter in net.parameters():
        torch.nn.init.constant_(parameter, 0.1)  # nothing can cancel
    side = 2 * field + 64
    picture = torch.zeros(1, 1, side, side, dtype=torch.double, requires_grad=True)
    scores = net(picture)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    felt = picture.grad[0, 0] != 0
    rows, columns = felt.any(1).nonzero().flatten(), felt.any(0).nonzero().flatten()
    assert felt.sum() == field**2
    assert rows[-1] - rows[0] + 1 == columns[-1] - columns[0] + 1 == field


def test_the_70_pixel_patchgan_has_its_published_count_of_parameters() -> None:
    assert sum(parameter.numel() for parameter in on_meta(norm="batch").parameters()) == 2_768_705


@pytest.mark.parametrize(("field", "side"), [(1, 256), (16, 126), (34, 62), (70, 30), (142, 14), (286, 6)])
def test_it_gives_a_map_of_scores(field: int, side: int) -> None:
    assert on_meta(receptive_field=field)(torch.empty(2, 6, 256, 256, device="meta")).shape == (
        2,
        1,
        side,
        side,
    )


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_the_first_layer_and_the_scores_have_no_norm_and_alone_have_biases(norm: str) -> None:
    net = on_meta(norm=norm)
    assert [isinstance(layer.norm, nn.Identity) for layer in net.layers] == [True, False, False, False]
    assert [conv.bias is not None for conv in convolutions(net)] == [True, False, False, False, True]
    assert all(conv.bias is not None for conv in convolutions(on_meta(norm="none")))


def test_the_keys_of_a_state_are_stable() -> None:
    assert list(on_meta(receptive_field=16).state_dict()) == [
        "layers.0.conv.weight",
        "layers.0.conv.bias",
        "layers.1.conv.weight",
        "score.weight",
        "score.bias",
    ]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_the_smallest_picture_is_just_large_enough(field: int, norm: str) -> None:
    net, side = PatchGAN(3, width=1, receptive_field=field, norm=norm), smallest_picture(field)
    assert net(torch.ones(1, 3, side, side)).shape[-1] >= 1
    with pytest.raises((RuntimeError, ValueError)):
        net(torch.ones(1, 3, side - 1, side - 1))


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_gradients_survive_the_work_in_place_twice(norm: str) -> None:
    """The gradient penalty differentiates a gradient."""
    net = PatchGAN(1, width=1, receptive_field=16, norm=norm)
    init_weights(net, torch.Generator().manual_seed(0))
    net = net.double()
    for parameter in net.parameters():
        parameter.data.mul_(20)
    picture = torch.rand(
        2, 1, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.double
    ).requires_grad_()
    assert torch.autograd.gradcheck(net, picture, fast_mode=True)
    assert torch.autograd.gradgradcheck(net, picture, fast_mode=True)
