"""Translates a video frame by frame, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from pix2pix.data.prefetch import prefetched
from pix2pix.inference.folder import TOGETHER, Job, PictureTranslator
from pix2pix.inference.video_file import Frame, VideoReader
from pix2pix.inference.video_writer import VideoWriter, format_of, naming_errors
from pix2pix.runtime.files import write_atomically
from pix2pix.runtime.progress import Progress

Paint = Callable[[Sequence[Image.Image]], list[Image.Image]]
"""Translates a few frames: RGB pictures to pictures of the same sizes."""
AHEAD = 4
"""Frames that are decoded before their turn, beyond a batch."""
COMPLETE = 0.9
"""Share of the frames that the header announces, of which fewer mean that a file ends too early."""


@dataclass(frozen=True)
class TranslatedVideo:
    """What was written."""

    path: Path
    notes: tuple[str, ...] = ()
    """Sentences about frames that were left out, sides that were made even, sound that was encoded anew."""


def painter(
    translator: PictureTranslator, *, mode: str = "fit", seed: int | None = None
) -> tuple[Paint, int]:
    """Returns what translates frames, and how many of them are a batch: as for the pictures of a folder 8 on
    a GPU in mode `fit` without a seed, else 1.

    With a `seed` each frame has the same noise, so that nothing flickers that the frames do not make flicker.
    """
    if mode == "fit" and seed is None and translator.device.type == "cuda":
        return translator.translate_batch, TOGETHER
    return lambda images: [translator(image, mode=mode, seed=seed) for image in images], 1


def translate_video(
    paint: Paint, job: Job, *, together: int = 1, progress: Progress | None = None
) -> TranslatedVideo:
    """Translates a video to a file with the same size, time stamps and sound, upright.

    `together` frames are given to `paint` at once. `progress` is called with the frames done, and those of
    all by the header; what it raises ends the work. The file is written beside itself and renamed, in the
    format of its ending. Raises `DataError` for a file that is no video, or another ending; errors as
    `write_atomically`, and what `paint` raises.
    """
    output = format_of(job.target)
    notes: tuple[str, ...] = ()
    with VideoReader(job.source) as video:

        def write(file: BinaryIO) -> None:
            nonlocal notes
            with naming_errors(job.target), VideoWriter(file, video, output) as writer:
                for frame, image in _paint(paint, video, writer, together=together):
                    writer.write_frame(image, frame)
                    if progress:
                        progress(writer.frames, max(video.clip.frames, writer.frames))
            if progress:
                progress(writer.frames, writer.frames)
            notes = _notes(video, writer)

        write_atomically(job.target, write)
    return TranslatedVideo(job.target, notes)


def _paint(
    paint: Paint, video: VideoReader, writer: VideoWriter, *, together: int
) -> Iterator[tuple[Frame, Image.Image]]:
    """Yields frames with their translations; the sound between them is written at once."""
    group: list[Frame] = []
    with closing(prefetched(video.items(writer.decoded_sounds), together + AHEAD)) as items:
        for item in items:
            if not isinstance(item, Frame):
                writer.write_sound(item)
                continue
            group.append(item)
            if len(group) == together:
                yield from zip(group, paint([each.image for each in group]), strict=True)
                group = []
    if group:
        yield from zip(group, paint([each.image for each in group]), strict=True)


def _notes(video: VideoReader, writer: VideoWriter) -> tuple[str, ...]:
    clip = video.clip
    count = max(clip.frames, writer.frames)
    notes = []
    if video.damaged or writer.frames < COMPLETE * count:
        notes.append(
            f"{video.path.name} is damaged: {writer.frames:,} of about {count:,} frames could be read, and "
            "were translated."
        )
    if writer.size != clip.size:
        before, after = (f"{width} × {height}" for width, height in (clip.size, writer.size))
        notes.append(
            f"The video is {before}, and H.264 has even sides only: the last row or column is there twice, "
            f"{after}. A .webm keeps the size."
        )
    if video.unknown_sounds:
        notes.append(f"{_were_left_out(video.unknown_sounds, 'track')}: FFmpeg does not know its codec.")
    if writer.lost_sound:
        notes.append(f"{_were_left_out(writer.lost_sound, 'damaged piece')}.")
    if writer.decoded_sounds:
        codecs = ", ".join(sorted(set(writer.decoded_sounds.values())))
        notes.append(
            f"The sound ({codecs}) cannot be copied into this kind of file, and was encoded anew. A .mkv "
            "takes it as it is."
        )
    return tuple(notes)


def _were_left_out(count: int, noun: str) -> str:
    """Returns `1 track of the sound was left out`, or the same of several."""
    return f"{count:,} {noun}{'s' * (count != 1)} of the sound {'was' if count == 1 else 'were'} left out"
