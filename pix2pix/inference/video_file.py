"""Reads and writes video files, with PyAV (FFmpeg): frames as upright pictures with their time stamps, and
the sound as it is.

PyAV is an optional extra, `pip install "pix2pix[video]"`, and is imported when a video is opened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

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
            # Without a decoder FFmpeg does not know the codec, and could not say what it copies.
            known = [each for each in self.container.streams.audio if each.codec_context is not None]
            self.sounds: list[Any] = known
            self.unknown_sounds = len(self.container.streams.audio) - len(known)
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
