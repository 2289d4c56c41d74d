"""Whose picture is made next, and pictures that are made together."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch
from paths import ROOT
from PIL import Image

from pix2pix import ModelConfig, Translator
from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.errors import DataError, Pix2PixError
from pix2pix.networks import build_generator, init_weights
from pix2pix.ui.shared import turns
from pix2pix.ui.shared.turns import CALL, STROKE, Batches, RequestQueue


@pytest.fixture(scope="module")
def translator() -> Translator:
    config = ModelConfig(width=8, depth=5, size=32)
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(0))
    return Translator(Checkpoint(config, generator.state_dict()), device="cpu")


def picture(number: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    random = np.random.default_rng(number)
    return Image.fromarray(random.integers(0, 255, (*size, 3), np.uint8))


def test_a_stroke_goes_before_calls_that_came_earlier() -> None:
    queue, order = RequestQueue(), []

    def wait(name: str, priority: int) -> None:
        with queue.take(priority):
            order.append(name)

    with queue.take(CALL):
        threads = []
        for name, priority in (("call 1", CALL), ("call 2", CALL), ("stroke", STROKE), ("call 3", CALL)):
            threads.append(threading.Thread(target=wait, args=(name, priority)))
            threads[-1].start()
            time.sleep(0.05)
    for thread in threads:
        thread.join(10)
    assert order == ["stroke", "call 1", "call 2", "call 3"]


def test_a_long_wait_ends_with_the_number_of_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT", 0.1)
    queue = RequestQueue()
    with (
        queue.take(),
        pytest.raises(Pix2PixError, match="and 0 are still before yours. Try again"),
        queue.take(CALL),
    ):
        raise AssertionError("two have the turn")
    with queue.take():  # whoever gave up stands in nobody's way
        pass


def test_pictures_made_together_are_those_made_alone(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = RequestQueue()
    batches = Batches(queue)
    sizes: list[int] = []
    real = translator.translate_batch
    monkeypatch.setattr(
        translator, "translate_batch", lambda images: sizes.append(len(images)) or real(images)
    )
    images = [picture(number, (30 + number, 40)) for number in range(10)]
    made: dict[int, Image.Image] = {}
    with queue.take():
        threads = [
            threading.Thread(target=lambda n=n: made.update({n: batches.translate(translator, images[n])}))
            for n in range(10)
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
    for thread in threads:
        thread.join(30)
    assert sum(sizes) == 10 and max(sizes) == turns.MOST_TOGETHER and len(sizes) <= 4
    for number, image in enumerate(images):
        np.testing.assert_array_equal(np.asarray(made[number]), np.asarray(translator(image)))


def test_a_picture_that_cannot_be_translated_fails_alone(translator: Translator) -> None:
    queue = RequestQueue()
    batches = Batches(queue)
    found: list[object] = []

    def ask(image: object) -> None:
        try:
            found.append(batches.translate(translator, image))  # type: ignore[arg-type]
        except DataError as error:
            found.append(error)

    with queue.take():
        threads = [
            threading.Thread(target=ask, args=(image,)) for image in (picture(1), "no picture", picture(2))
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
    for thread in threads:
        thread.join(30)
    assert sorted(type(each).__name__ for each in found) == ["DataError", "Image", "Image"]
    assert batches._waiting == []


@pytest.mark.parametrize("size", [(32, 32), (50, 20)])
def test_a_batch_of_any_sizes_keeps_each_size(translator: Translator, size: tuple[int, int]) -> None:
    made = translator.translate_batch([picture(1), picture(2, size), picture(3)])
    assert [image.size for image in made] == [(30, 40), size[::-1], (30, 40)]


def test_the_shipped_models_make_the_same_pictures_together() -> None:
    path = ROOT / "checkpoints" / "facades.pth"
    model = Translator.load(path, device="cpu")
    images = [picture(number, (64, 64)) for number in range(3)]
    for one, image in zip(model.translate_batch(images), images, strict=True):
        # One level of 255 at most: the sums of a convolution may be added in another order.
        assert np.abs(np.asarray(one).astype(int) - np.asarray(model(image))).max() <= 1
