"""Small videos that tests make themselves, and what is in one."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

RED, GREEN = (200, 40, 30), (20, 200, 60)


def picture_of(number: int, size: tuple[int, int]) -> Image.Image:
    """Red, the upper left quarter green, and gray at the lower right, darker from frame to frame."""
    width, height = size
    image = Image.new("RGB", size, RED)
    image.paste(GREEN, (0, 0, width // 2, height // 2))
    image.paste((240 - 20 * (number % 10),) * 3, (width // 2, height // 2, width, height))
    return image


def make_video(
    path: Path,
    *,
    times: Sequence[int] = tuple(range(10)),
    size: tuple[int, int] = (64, 48),
    codecs: tuple[str, str] = ("libx264", "aac"),
    turn: int = 0,
) -> Path:
    """Writes frames at `times` (in 1/25 s), with a tone of 0.4 s where `codecs` name a sound, too."""
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream(codecs[0], rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p" if codecs[0] != "gif" else "rgb8"
        if turn:
            stream.set_display_rotation(turn)
        sound: Any = file.add_stream(codecs[1], rate=48_000) if codecs[1] else None
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_image(picture_of(number, size))
            frame.pts, frame.time_base = time, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        for number in range(20) if sound else ():
            tone = (np.sin(np.arange(960) * 0.06 + number) * 8000).astype(np.int16)[None]
            piece = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
            piece.sample_rate, piece.pts, piece.time_base = 48_000, number * 960, Fraction(1, 48_000)
            file.mux(sound.encode(piece))
        if sound:
            file.mux(sound.encode(None))
    return path


def times_of(path: Path) -> list[float]:
    """Returns the time of each frame in seconds."""
    with av.open(str(path)) as file:
        return [round(float(frame.pts * frame.time_base), 3) for frame in file.decode(video=0)]


def frames_of(path: Path) -> list[Image.Image]:
    """Returns the frames as they are stored."""
    with av.open(str(path)) as file:
        return [frame.to_image() for frame in file.decode(video=0)]


def sound_of(path: Path) -> tuple[str, list[bytes]]:
    """Returns the codec of the sound, and its packets."""
    with av.open(str(path)) as file:
        codec = file.streams.audio[0].codec_context.codec.canonical_name
        return codec, [bytes(packet) for packet in file.demux(audio=0) if packet.size]
