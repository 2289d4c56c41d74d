"""The preview of the augmentation shows what training sees."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pix2pix.config import TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.imaging.tensors import to_image, to_unit
from pix2pix.ui.train.augmentation import crops_html, first_crops


@pytest.mark.parametrize("batch", [1, 4])
def test_the_crops_are_the_first_samples_of_the_training(pairs: Path, batch: int) -> None:
    config = TrainConfig(data=str(pairs), size=16, batch=batch, direction="BtoA", crisp=0.5)
    dataset = Dataset.open(config)
    passes = [dataset.pixels(step) for step in range(-(-9 // batch))]
    samples, specs = first_crops(config)
    assert list(specs) == ["source", "target"] and len(samples) == 9
    for side in (0, 1):
        seen = [to_image(to_unit(image)) for images in passes for image in images[side]][:9]
        for expected, sample in zip(seen, samples, strict=True):
            assert np.array_equal(np.asarray(expected), np.asarray(sample[side]))


def test_the_words_follow_the_settings(pairs: Path) -> None:
    config = TrainConfig(data=str(pairs), size=16)
    html = crops_html(config)
    assert "resized to 18 x 18, and a part of 16 x 16 taken at random. Half of them are mirrored" in html
    assert len(re.findall("<img alt='Crop [1-9], (?:source|target)'", html)) == 18
    plain = crops_html(replace(config, jitter=False, mirror=False))
    assert "resized to 16 x 16, and taken whole. None is mirrored" in plain
