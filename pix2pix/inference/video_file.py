"""Reads and writes video files, with PyAV (FFmpeg): frames as upright pictures with their time stamps, and
the sound as it is.

PyAV is an optional extra, `pip install "pix2pix[video]"`, and is imported when a video is opened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from pix2pix.errors import ConfigError, DataError
from pix2pix.runtime.files import LARGEST_PICTURE

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif",
    ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".ogv", ".3gp",
)  # fmt: skip
"""Endings of files that are read as videos."""
READ_FORMATS = "mov,matroska,webm,avi,gif,mpeg,mpegts,mpegvideo,asf,flv,ogg"
"""FFmpeg's names of the formats that are read. Playlists (HLS, concat) are not among them: a file that
somebody uploads must not have others opened."""
DEFAULT_RATE = Fraction(25)
"""Frames a second of a video whose header does not say."""
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


@dataclass(frozen=True)
class Clip:
    """What a video is, known before its frames are decoded."""

    size: tuple[int, int]
    """Width and height of an upright frame, in pixels."""
    rate: Fraction
    """Frames a second, the mean where they differ."""
    frames: int
    """How many there are, by the header; 0 where it does not say."""
    seconds: float
    """How long it lasts; 0 where that is not known."""


@dataclass(frozen=True)
class Frame:
    """A picture of a video."""

    image: Image.Image
    """RGB, upright."""
    pts: int | None
    """Its time in units of the video's time base; None where the file does not say."""
    duration: int
    """How long it is shown, in the same units; 0 where that is not known."""


@dataclass(frozen=True)
class Sound:
    """A piece of sound, as it stands in the file or decoded."""

    index: int
    """Number of its track in the file."""
    packet: Any = None
    frames: tuple[Any, ...] = ()


def is_video(path: str | Path) -> bool:
    """Whether the file's name ends like that of a video."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def format_of(path: str | Path) -> VideoFormat:
    """Returns how to write a video of this name. Raises `DataError` for an ending that is not written."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        *most, last = FORMATS
        raise DataError(
            f"{path} does not end like a video that can be written; name it {', '.join(most)} or {last}."
        )
    return FORMATS[suffix]


def import_av() -> Any:
    """Returns the module `av`. Raises `ConfigError` with the command that installs it where it is missing."""
    try:
        import av
    except ImportError as error:
        raise ConfigError(
            'videos need PyAV, which is not installed: pip install "pix2pix[video]", or pip install av.'
        ) from error
    return av


class VideoReader:
    """An open video file: what it is, and its frames and packets of sound in the order of the file.

    A context manager. Raises `DataError` where it is no video, or has no frame that can be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._av = import_av()
        self.damaged = 0
        """Packets so far that could not be decoded."""
        with ExitStack() as opened:
            # A file object, not a name: no other file can be opened through it.
            file = opened.enter_context(self._open_file())
            self.container = opened.enter_context(self._open_container(file))
            self.stream = self._choose_stream()
            self.sounds: list[Any] = list(self.container.streams.audio)
            self._items = self._decode()
            self._before = list(self._up_to_first_frame())
            self.clip = self._describe(self._before[-1])
            self._opened = opened.pop_all()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def items(self, decoded: Collection[int] = ()) -> Iterator[Frame | Sound]:
        """Yields each frame, and between them the packets of sound; once.

        Tracks of sound with an index in `decoded` are decoded, by the thread that reads: the end of the file
        ends their decoders, too. What cannot be decoded is left out, and counted in `damaged`.
        """
        for item in chain(self._before, self._items):
            if isinstance(item, self._av.VideoFrame):
                yield self._to_frame(item)
            elif item.stream_index in decoded:
                yield Sound(item.stream_index, None, tuple(self._decode_packet(item)))
            else:
                yield Sound(item.stream_index, item)

    def _open_file(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise DataError(f"{self.path.name} cannot be read: {str(error.strerror).lower()}.") from error

    def _open_container(self, file: BinaryIO) -> Any:
        try:
            return self._av.open(file, mode="r", container_options={"format_whitelist": READ_FORMATS})
        except (self._av.FFmpegError, OSError, ValueError) as error:
            raise DataError(
                f"{self.path.name} cannot be read as a video: it is empty, damaged or of another format. "
                "Convert it to MP4, or choose another file."
            ) from error

    def _choose_stream(self) -> Any:
        """Returns the largest stream of pictures, the cover of an album not counted."""
        cover = self._av.stream.Disposition.attached_pic
        streams = [each for each in self.container.streams.video if not each.disposition & cover]
        if not streams:
            raise DataError(f"{self.path.name} has no pictures in it, only sound or text. Choose a video.")
        stream = max(streams, key=lambda each: each.width * each.height)
        if stream.codec_context is None:
            raise DataError(f"{self.path.name} is of a codec that is not read. Convert it to MP4 (H.264).")
        stream.thread_type = "AUTO"
        stream.codec_context.options = {"max_pixels": str(LARGEST_PICTURE)}
        return stream

    def _decode(self) -> Iterator[Any]:
        """Yields decoded frames, and packets of sound."""
        packets = self.container.demux(self.stream, *self.sounds)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (self._av.FFmpegError, OSError):  # the file ends before its end
                self.damaged += 1
                return
            if packet.stream_index != self.stream.index:
                if packet.dts is not None:  # the one at the end is empty
                    yield packet
                continue
            yield from self._decode_packet(packet)

    def _decode_packet(self, packet: Any) -> list[Any]:
        try:
            return list(packet.decode())
        except self._av.FFmpegError:
            self.damaged += 1
            return []

    def _up_to_first_frame(self) -> Iterator[Any]:
        for item in self._items:
            yield item
            if isinstance(item, self._av.VideoFrame):
                return
        raise DataError(
            f"{self.path.name} has no frame that can be read: it is empty or damaged. Choose another file."
        )

    def _describe(self, first: Any) -> Clip:
        sides = (first.width, first.height)
        is_on_side = first.rotation % 180 == 90
        rate = self.stream.average_rate or self.stream.guessed_rate or DEFAULT_RATE
        seconds = (self.container.duration or 0) / self._av.time_base
        frames = self.stream.frames or round(seconds * rate)
        # A pixel of a DVD is no square; turned by a quarter, it is as high as it was wide.
        shape = self.stream.sample_aspect_ratio or Fraction(1)
        self.pixel_shape = 1 / shape if is_on_side else shape
        return Clip(sides[::-1] if is_on_side else sides, rate, frames, seconds)

    def _to_frame(self, frame: Any) -> Frame:
        image: Image.Image = frame.to_image()
        turn = frame.rotation % 360
        if turn:
            image = image.rotate(turn, expand=True)  # by quarters this moves pixels, and makes none
        return Frame(image, frame.pts, frame.duration or 0)


def look_at_video(path: str | Path) -> tuple[Clip, Image.Image]:
    """Returns what a video is, from its header, and its first frame. Raises `DataError` as `VideoReader`."""
    with VideoReader(path) as video:
        return video.clip, next(each for each in video.items() if isinstance(each, Frame)).image


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
        """Writes a piece of sound of the source, decoded where it is of `decoded_sounds`."""
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
    codec = stream.codec_context.name if stream.codec_context else "unknown"
    if codec in container.supported_codecs:
        return _Sound(stream.index, codec, container.add_stream_from_template(stream), False)
    rate = OPUS_RATE if output.sound == "libopus" else stream.rate
    return _Sound(stream.index, codec, container.add_stream(output.sound, rate=rate), True)
