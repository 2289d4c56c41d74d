"""Classes of pixels and the numbers of the FCN-score, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pix2pix.evaluation.confusion import ConfusionMatrix, to_classes

PALETTE = (("wall", (0, 0, 255)), ("window", (0, 85, 255)), ("door", (255, 255, 0)))


def test_each_pixel_has_the_class_of_the_nearest_colour() -> None:
    pixels = np.array([[[0, 0, 255], [10, 80, 240], [200, 255, 40]]], np.uint8)
    assert to_classes(pixels, PALETTE).tolist() == [[0, 1, 2]]


def test_the_three_numbers_are_those_of_the_definitions() -> None:
    truth = np.array([[0, 0, 0, 0], [0, 0, 1, 1]], np.uint8)
    found = np.array([[0, 0, 0, 2], [0, 0, 1, 0]], np.uint8)
    agreement = ConfusionMatrix(PALETTE)
    assert agreement.add(truth, found) == pytest.approx(6 / 8)
    assert agreement.accuracy == pytest.approx(6 / 8)
    # The door is nowhere in truth: it has no share in the means, but takes a pixel from the wall.
    assert agreement.accuracies() == {"wall": pytest.approx(5 / 6), "window": pytest.approx(1 / 2)}
    assert agreement.ious() == {"wall": pytest.approx(5 / 7), "window": pytest.approx(1 / 2)}
    assert agreement.class_accuracy == pytest.approx((5 / 6 + 1 / 2) / 2)
    assert agreement.iou == pytest.approx((5 / 7 + 1 / 2) / 2)


def test_pictures_add_up_by_pixels() -> None:
    agreement = ConfusionMatrix(PALETTE)
    agreement.add(np.zeros((1, 3), np.uint8), np.zeros((1, 3), np.uint8))
    agreement.add(np.ones((1, 1), np.uint8), np.zeros((1, 1), np.uint8))
    assert agreement.accuracy == pytest.approx(3 / 4)
    assert agreement.class_accuracy == pytest.approx(1 / 2)
