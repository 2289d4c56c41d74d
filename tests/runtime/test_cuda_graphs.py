"""Networks played back on a GPU: the same pictures, and a way on where that fails."""

from __future__ import annotations

import logging

import pytest
import torch

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.config import ModelConfig
from pix2pix.inference.translator import Translator
from pix2pix.networks import build_generator, init_weights
from pix2pix.runtime.cuda_graphs import KEPT, MOST_PIXELS, GraphCache

CONFIG = ModelConfig(width=4, depth=3, size=32)


def make_generator() -> torch.nn.Module:
    generator = build_generator(CONFIG)
    init_weights(generator, torch.Generator().manual_seed(0))
    return generator.requires_grad_(False)


def pictures(batch: int = 1, side: int = 32) -> torch.Tensor:
    return torch.rand(batch, 3, side, side, generator=torch.Generator().manual_seed(side)).mul(2).sub(1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="recording works here")
def test_where_nothing_can_be_recorded_the_network_draws_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    generator = make_generator()
    recorder = GraphCache(generator)
    with caplog.at_level(logging.WARNING), torch.inference_mode():
        found = [recorder(pictures()) for _ in range(3)]
        wanted = generator(pictures())
    assert all(torch.equal(fake, wanted) for fake in found)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_size_that_comes_once_and_a_large_one_are_not_recorded() -> None:
    recorder = GraphCache(make_generator())
    with torch.inference_mode():
        for side in range(8, 8 * (KEPT + 3), 8):
            recorder(pictures(side=side))
    assert list(recorder.graphs.values()) == [None] * KEPT
    assert not recorder.has_failed
    assert all(shape[0][-1] ** 2 < MOST_PIXELS for shape in recorder.graphs)


@pytest.mark.gpu
def test_a_recording_paints_what_the_network_paints_with_noise_too() -> None:
    generator = make_generator().to("cuda")
    recorder = GraphCache(generator)
    source = pictures().to("cuda")
    noise = [torch.ones(1, *shape, device="cuda").mul_(2) for shape in generator.noise_shapes(32, 32)]
    with torch.inference_mode():
        for masks in (None, noise):
            for turn in range(4):
                shown = source.flip(-1) if turn % 2 else source
                torch.testing.assert_close(recorder(shown, masks), generator(shown, masks), atol=1e-3, rtol=0)
    assert not recorder.has_failed
    assert all(recorder.graphs.values())


@pytest.mark.gpu
def test_the_translator_on_a_gpu_paints_what_it_paints_on_a_cpu() -> None:
    checkpoint = Checkpoint(CONFIG, dict(make_generator().state_dict()))
    ours, wanted = (
        Translator(checkpoint, "cuda"),
        Translator(checkpoint, "cpu", "fp32").translate_tensor(pictures(2)),
    )
    for _ in range(4):
        assert (ours.translate_tensor(pictures(2)).cpu() - wanted).abs().mean() * 127.5 < 2
