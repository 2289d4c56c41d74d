"""Pictures as data URLs, which are part of the page's own text."""

from __future__ import annotations

import base64
import io

from PIL import Image


def data_url(data: bytes, kind: str) -> str:
    """Returns an encoded picture as a data URL; `kind` is png, jpeg or webp."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def to_data_url(image: Image.Image, effort: int = 6) -> str:
    """Returns a picture as a data URL of a PNG, without loss; `effort` from 0 to 9 is zlib's level."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=effort)
    return data_url(file.getvalue(), "png")
