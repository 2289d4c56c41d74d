"""Writes video files, with PyAV (FFmpeg): frames with their time stamps, and sound as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from pix2pix.errors import ConfigError, DataError, RunError
from pix2pix.inference.video_file import Frame, Sound, VideoReader, import_av

HD_HEIGHT = 720
"""Rows from which players take the colours of an unmarked video for those of ITU-R BT.709, else BT.601."""
BT709, BT601 = 1, 6
"""Numbers of both in the header of a video: those of matrix, transfer and primaries are the same."""
NARROW_RANGE = 1
"""FFmpeg's number of the range 16 to 235."""
OPUS_RATE = 48_000
"""Samples a second of Opus."""


@dataclass(frozen=True)
class VideoFormat:
    """How a video of one ending is written."""

    muxer: str
    codec: str
    options: tuple[tuple[str, str], ...]
    even_sides: bool
    """Whether width and height must be even: H.264 halves its colours both ways."""
    sound: str
    """The encoder of sound that cannot be copied into this format."""


H264 = ("libx264", (("crf", "18"), ("preset", "medium")), True, "aac")
VP9 = ("libvpx-vp9", (("crf", "24"), ("b", "0"), ("cpu-used", "4"), ("row-mt", "1")), False, "libopus")
FORMATS = {
    ".mp4": VideoFormat("mp4", *H264),
    ".m4v": VideoFormat("mp4", *H264),
    ".mov": VideoFormat("mov", *H264),
    ".mkv": VideoFormat("matroska", *H264),
    ".webm": VideoFormat("webm", *VP9),
}
"""What is written, by the ending of the file."""


def format_of(path: str | Path) -> VideoFormat:
    """Returns how to write a video of this name. Raises `DataError` for an ending that is not written."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        *most, last = FORMATS
        raise DataError(
            f"{path} does not end like a video that can be written; name it {', '.join(most)} or {last}."
        )
    return FORMATS[suffix]


@contextmanager
def naming_errors(path: Path) -> Iterator[None]:
    """Turns an error of FFmpeg within the context, such as a size that a codec does not take, into a
    `RunError` that names the file; errors of the disk stay what they are."""
    av = import_av()
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise RunError(
            f"{path} could not be written: {str(error.strerror).lower()}. Try another ending."
        ) from error


class VideoWriter:
    """Writes the frames and the sound of a translated video to an open file; a context manager.

    Sound is copied packet by packet where the format takes its codec, else encoded anew. H.264 has even sides
    only: of a picture with odd ones the last column or row is there twice.
    """

    def __init__(self, file: BinaryIO, source: VideoReader, output: VideoFormat) -> None:
        self._av = import_av()
        step = 2 if output.even_sides else 1
        width, height = source.clip.size
        self.size = (-(-width // step) * step, -(-height // step) * step)
        self._source_size = (width, height)
        self._padding = ((0, self.size[1] - height), (0, self.size[0] - width), (0, 0))
        if output.codec not in self._av.codecs_available:
            raise ConfigError(
                f"this PyAV cannot write {output.codec}, which a {output.muxer} file needs. Install the one "
                "of PyPI (pip install av), or choose another ending."
            )
        self._container = self._av.open(file, mode="w", format=output.muxer)
        self._stream = self._add_pictures(source, output)
        self._sounds = [_add_sound(self._container, each, output) for each in source.sounds]
        # A broadcast begins at any time; a file at 0, or at the time that it is meant to.
        is_broadcast = source.container.format.name in ("mpegts", "mpeg")
        start = source.container.start_time if is_broadcast else None
        self._begin = Fraction(start or 0, self._av.time_base)
        self._time_base: Fraction = source.stream.time_base
        self._usual = max(1, round(1 / (source.clip.rate * self._time_base)))
        self._last: int | None = None
        self.frames = 0
        """Frames written so far."""
        self.lost_sound = 0
        """Pieces of sound so far that could not be written."""

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._mux(self._stream.encode(None))
            for sound in self._sounds:
                self._mux(sound.target.encode(None) if sound.is_encoded else [])
            self._container.close()
            return
        with suppress(self._av.FFmpegError, OSError):  # the file is thrown away; the error is told
            self._container.close()

    @property
    def decoded_sounds(self) -> dict[int, str]:
        """Index and codec of each track of sound that the format does not take, and that is encoded anew."""
        return {each.index: each.codec for each in self._sounds if each.is_encoded}

    def _add_pictures(self, source: VideoReader, output: VideoFormat) -> Any:
        stream = self._container.add_stream(output.codec, rate=source.clip.rate, options=dict(output.options))
        stream.width, stream.height = self.size
        stream.pix_fmt = "yuv420p"
        stream.time_base = source.stream.time_base
        context = stream.codec_context
        context.time_base = source.stream.time_base
        # Named, so that no player has to guess.
        self._matrix = BT709 if source.clip.size[1] >= HD_HEIGHT else BT601
        context.colorspace = context.color_primaries = context.color_trc = self._matrix
        context.color_range = NARROW_RANGE
        context.sample_aspect_ratio = source.pixel_shape
        return stream

    def write_frame(self, image: Image.Image, frame: Frame) -> None:
        """Writes an RGB picture with the time of `frame`; one of another size is resized."""
        if image.size != self._source_size:
            image = image.resize(self._source_size, Image.Resampling.BICUBIC)
        if image.size != self.size:
            image = Image.fromarray(np.pad(np.asarray(image), self._padding, mode="edge"))
        made = self._av.VideoFrame.from_image(image).reformat(
            format="yuv420p", dst_colorspace=self._matrix, dst_color_range=NARROW_RANGE
        )
        made.pts = self._time_of(frame)
        made.time_base = self._time_base
        made.duration = frame.duration or self._usual
        self._mux(self._stream.encode(made))
        self.frames += 1

    def _time_of(self, frame: Frame) -> int:
        """Returns the time stamp, later than the last one: damaged files have none, or go back."""
        last = self._last
        if frame.pts is None:
            pts = 0 if last is None else last + self._usual
        else:
            pts = frame.pts - round(self._begin / self._time_base)
        self._last = pts if last is None else max(pts, last + 1)
        return self._last

    def write_sound(self, piece: Sound) -> None:
        """Writes a piece of sound of the source, decoded where it is of `decoded_sounds`. One with a time
        that goes back, as in damaged files, is left out, and counted in `lost_sound`."""
        try:
            self._write_sound(piece)
        except self._av.ArgumentError:
            self.lost_sound += 1

    def _write_sound(self, piece: Sound) -> None:
        sound = next(each for each in self._sounds if each.index == piece.index)
        for frame in piece.frames:
            frame.pts = None if frame.pts is None else frame.pts - round(self._begin / frame.time_base)
            self._mux(sound.target.encode(frame))
        packet = piece.packet
        if packet is not None:
            shift = round(self._begin / packet.time_base)
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.dts -= shift
            packet.stream = sound.target
            self._mux([packet])

    def _mux(self, packets: Iterable[Any]) -> None:
        for packet in packets:
            self._container.mux(packet)


@dataclass(frozen=True)
class _Sound:
    """A track of sound: its place in the source, and the stream that it goes to."""

    index: int
    codec: str
    target: Any
    is_encoded: bool


def _add_sound(container: Any, stream: Any, output: VideoFormat) -> _Sound:
    codec = stream.codec_context.name
    if codec in container.supported_codecs:
        return _Sound(stream.index, codec, container.add_stream_from_template(stream), False)
    rate = OPUS_RATE if output.sound == "libopus" else stream.rate
    return _Sound(stream.index, codec, container.add_stream(output.sound, rate=rate), True)
