"""Pictures as data URLs, which are part of the page's own text."""

from __future__ import annotations

import base64
import io

from PIL import Image


def start_of(kind: str) -> str:
    """Returns what precedes the base64 text in the data URL of a picture; `kind` is png, jpeg or webp."""
    return f"data:image/{kind};base64,"


def data_url(data: bytes, kind: str) -> str:
    """Returns an encoded picture as a data URL."""
    return start_of(kind) + base64.b64encode(data).decode()


def from_data_url(text: str, kind: str) -> bytes:
    """Returns the encoded picture in a data URL. `ValueError` where it is of another kind, or damaged."""
    start = start_of(kind)
    if not text.startswith(start):
        raise ValueError(f"this does not start with {start}")
    return base64.b64decode(text[len(start) :], validate=True)


def to_data_url(image: Image.Image, effort: int = 6) -> str:
    """Returns a picture as a data URL of a PNG, without loss; `effort` from 0 to 9 is zlib's level."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=effort)
    return data_url(file.getvalue(), "png")
