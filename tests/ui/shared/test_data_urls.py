"""A picture goes into a data URL and comes out as it was; what is none is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pix2pix.ui.shared.data_urls import data_url, from_data_url, start_of, to_data_url


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_encoded_bytes_come_out_as_they_went_in(kind: str) -> None:
    data = bytes(range(256))
    url = data_url(data, kind)
    assert url.startswith(f"data:image/{kind};base64,") and from_data_url(url, kind) == data


@pytest.mark.parametrize("effort", [1, 6, 9])
def test_a_picture_loses_nothing_on_its_way_to_the_page(effort: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    data = from_data_url(to_data_url(Image.fromarray(pixels), effort), "png")
    assert (np.asarray(Image.open(io.BytesIO(data))) == pixels).all()


@pytest.mark.parametrize("text", ["", "AAAA", data_url(b"1", "jpeg"), start_of("png") + "%%%%"])
def test_what_is_no_data_url_of_the_kind_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"start|base64|Only"):
        from_data_url(text, "png")
