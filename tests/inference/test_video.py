"""Videos in, videos out: as many frames at the same times, the same sound, nothing half written."""

from __future__ import annotations

import errno
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from av import VideoStream
from faults import count_calls, failing
from PIL import Image
from videos import GREEN, RED, frames_of, make_video, sound_of, times_of

from pix2pix.errors import ConfigError, DataError, NoSpaceError, Pix2PixError
from pix2pix.inference.folder import Job
from pix2pix.inference.translator import Translator
from pix2pix.inference.video import AHEAD, painter, translate_video
from pix2pix.inference.video_file import Frame, Sound, VideoReader, look_at_video
from pix2pix.inference.video_writer import FORMATS, VideoFormat
from tests.inference.test_folder import make_checkpoint


def unchanged(images: Sequence[Image.Image]) -> list[Image.Image]:
    return list(images)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames, of which the sixth is shown four times as long, with sound."""
    return make_video(tmp_path_factory.mktemp("videos") / "clip.mp4", times=(*range(6), *range(9, 13)))


def near(image: Image.Image, place: tuple[int, int], color: tuple[int, int, int]) -> bool:
    return bool(np.abs(np.subtract(image.getpixel(place), color)).max() <= 6)


@pytest.mark.parametrize("suffix", FORMATS)
def test_frames_times_size_and_colours_are_those_of_the_source(
    clip: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"out{suffix}"
    calls: list[tuple[int, int]] = []
    translate_video(unchanged, Job(clip, out), progress=lambda done, of: calls.append((done, of)))
    times = times_of(out)
    # Matroska has no times before 0, where this sound begins: all of the file is 21 ms later there.
    assert times[0] <= (0.022 if suffix == ".mkv" else 0)
    assert np.subtract(times, times[0]) == pytest.approx(times_of(clip), abs=0.001)
    assert calls[0] == (1, 10) and calls[-1] == (10, 10)
    for before, after in zip(frames_of(clip), frames_of(out), strict=True):
        assert after.size == before.size
        assert near(after, (5, 5), GREEN) and near(after, (60, 5), RED)
        assert near(after, (60, 40), before.getpixel((60, 40)))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == [out]


def test_the_sound_is_the_same_to_the_byte_where_the_format_takes_it(clip: Path, tmp_path: Path) -> None:
    for suffix in (".mp4", ".mov", ".mkv"):
        assert not translate_video(unchanged, Job(clip, tmp_path / f"out{suffix}")).notes
        assert sound_of(tmp_path / f"out{suffix}") == sound_of(clip)
    done = translate_video(unchanged, Job(clip, tmp_path / "out.webm"))
    assert "The sound (aac) cannot be copied" in done.notes[0]
    assert sound_of(tmp_path / "out.webm")[0] == "opus"


def test_a_video_without_sound_and_one_from_a_broadcast(tmp_path: Path) -> None:
    silent = make_video(tmp_path / "silent.mkv", codecs=("libx264", ""))
    translate_video(unchanged, Job(silent, tmp_path / "silent.mp4"))
    assert times_of(tmp_path / "silent.mp4") == times_of(silent)
    broadcast = make_video(tmp_path / "broadcast.ts", times=range(100, 110), codecs=("libx264", ""))
    assert times_of(broadcast)[0] > 1, "a broadcast begins at any time"
    translate_video(unchanged, Job(broadcast, tmp_path / "file.mp4"))
    assert times_of(tmp_path / "file.mp4")[0] < 0.1
    assert np.diff(times_of(tmp_path / "file.mp4")) == pytest.approx(np.diff(times_of(broadcast)), abs=0.001)


@pytest.mark.skipif(
    not hasattr(VideoStream, "set_display_rotation"), reason="this PyAV cannot write a turned video"
)
def test_a_video_from_a_phone_on_its_side_comes_out_upright(tmp_path: Path) -> None:
    source = make_video(tmp_path / "phone.mp4", turn=90)
    clip, first = look_at_video(source)
    assert clip.size == first.size == (48, 64)
    translate_video(unchanged, Job(source, tmp_path / "out.mp4"))
    image = frames_of(tmp_path / "out.mp4")[0]
    assert image.size == (48, 64)
    assert near(image, (5, 60), GREEN) and near(image, (5, 5), RED), "turned against the clock, as players do"
    assert look_at_video(tmp_path / "out.mp4")[0].size == (48, 64)


def test_odd_sides_are_kept_where_the_codec_has_them_and_said_where_not(tmp_path: Path) -> None:
    source = make_video(tmp_path / "odd.webm", size=(33, 25), codecs=("libvpx-vp9", "libopus"))
    assert not translate_video(unchanged, Job(source, tmp_path / "out.webm")).notes
    assert frames_of(tmp_path / "out.webm")[0].size == (33, 25)
    done = translate_video(unchanged, Job(source, tmp_path / "out.mp4"))
    assert "33 × 25" in done.notes[0] and "34 × 26" in done.notes[0]
    image = frames_of(tmp_path / "out.mp4")[0]
    assert image.size == (34, 26) and near(image, (33, 3), RED)


def test_a_gif_is_a_video(tmp_path: Path) -> None:
    source = make_video(tmp_path / "moving.gif", codecs=("gif", ""))
    translate_video(unchanged, Job(source, tmp_path / "out.mp4"))
    assert len(frames_of(tmp_path / "out.mp4")) == 10


def test_each_frame_has_the_same_noise(tmp_path: Path) -> None:
    translator = Translator(make_checkpoint(), device="cpu")
    image = Image.new("RGB", (20, 14), RED)
    paint, together = painter(translator, seed=7)
    first, second = paint([image, image])
    assert together == 1 and first.tobytes() == second.tobytes() == translator(image, seed=7).tobytes()
    assert paint([image])[0].tobytes() != painter(translator, seed=8)[0]([image])[0].tobytes()
    native = painter(translator, mode="native")[0]([image])[0]
    assert native.tobytes() == translator(image, "native").tobytes()


def test_frames_in_batches_are_in_order_and_the_last_batch_may_be_short(clip: Path, tmp_path: Path) -> None:
    sizes: list[int] = []

    def paint(images: Sequence[Image.Image]) -> list[Image.Image]:
        sizes.append(len(images))
        return list(images)

    translate_video(paint, Job(clip, tmp_path / "out.mp4"), together=4)
    assert sizes == [4, 4, 2]
    grays = [image.getpixel((60, 40))[0] for image in frames_of(tmp_path / "out.mp4")]  # type: ignore[index]
    assert grays == sorted(grays, reverse=True)


def test_only_a_few_frames_are_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_video(tmp_path / "long.mp4", times=range(200), size=(16, 16), codecs=("libx264", ""))
    alive: list[Any] = []
    most: list[int] = []
    convert = VideoReader._to_frame

    def count(reader: VideoReader, frame: Any) -> Frame:
        made = convert(reader, frame)
        alive.append(weakref.ref(made))
        return made

    def paint(images: Sequence[Image.Image]) -> list[Image.Image]:
        most.append(sum(each() is not None for each in alive))
        return list(images)

    monkeypatch.setattr(VideoReader, "_to_frame", count)
    translate_video(paint, Job(source, tmp_path / "out.mp4"))
    assert len(most) == len(alive) == 200 and max(most) <= 2 * AHEAD


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), DataError("the model failed.")])
def test_what_is_interrupted_leaves_nothing_and_the_old_file_as_it_was(
    clip: Path, tmp_path: Path, stop: BaseException
) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"of before")
    calls = 0

    def paint(images: Sequence[Image.Image]) -> list[Image.Image]:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise stop
        return list(images)

    with pytest.raises(type(stop)):
        translate_video(paint, Job(clip, out))
    assert out.read_bytes() == b"of before" and list(tmp_path.iterdir()) == [out]


def test_a_full_disk_is_said_and_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    def work() -> None:
        translate_video(unchanged, Job(clip, tmp_path / "out.mp4"))

    count = count_calls(tmp_path, "write", work)
    (tmp_path / "out.mp4").unlink()
    for number in {0, 1, count // 2, count - 1}:
        with (
            failing(tmp_path, "write", number, errno.ENOSPC),
            pytest.raises(NoSpaceError, match="no space left"),
        ):
            work()
        assert not list(tmp_path.iterdir())


def test_a_file_that_ends_too_early_is_said(clip: Path, tmp_path: Path) -> None:
    source = make_video(tmp_path / "whole.mkv", times=range(100), codecs=("libx264", "aac"))
    (tmp_path / "cut.mkv").write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    (note,) = translate_video(unchanged, Job(tmp_path / "cut.mkv", tmp_path / "out.mp4")).notes
    assert note.startswith("cut.mkv is damaged: ") and "of about 100" in note
    assert 0 < len(times_of(tmp_path / "out.mp4")) < 100


def test_what_is_no_video_is_one_sentence(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:900])
    (tmp_path / "list.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\nfile://{clip}\n#EXT-X-ENDLIST\n")
    (tmp_path / "concat.mp4").write_text(f"ffconcat version 1.0\nfile {clip}\n")
    for name in ("text.mp4", "empty.mp4", "cut.mp4", "list.mp4", "concat.mp4"):
        with pytest.raises(DataError, match=f"^{name} cannot be read as a video: "):
            look_at_video(tmp_path / name)
    with pytest.raises(DataError, match=r"^none.mp4 cannot be read: no such file"):
        look_at_video(tmp_path / "none.mp4")
    sound = make_video(tmp_path / "sound.mp4", times=())
    with pytest.raises(DataError, match=r"^sound.mp4 has no (pictures|frame)"):
        look_at_video(sound)
    with pytest.raises(DataError, match=r"out.xyz does not end like a video .* name it .mp4, .* or .webm"):
        translate_video(unchanged, Job(clip, tmp_path / "out.xyz"))


def test_what_the_encoder_refuses_is_a_sentence_and_leaves_nothing(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for codec, words in (
        ("libx999", "cannot write libx999, which a mp4 file needs"),
        ("libx264", "out.mp4 could not be written: invalid argument. Try another ending."),
    ):
        options = (("preset", "none of them"),)
        monkeypatch.setitem(FORMATS, ".mp4", VideoFormat("mp4", codec, options, True, "aac"))
        with pytest.raises(Pix2PixError, match=words):
            translate_video(unchanged, Job(clip, tmp_path / "out.mp4"))
    assert not list(tmp_path.iterdir())


def test_sound_whose_times_go_back_is_left_out_and_said(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = VideoReader.items

    def damaged(reader: VideoReader, decoded: Any = ()) -> Any:
        for number, item in enumerate(items(reader, decoded)):
            if isinstance(item, Sound) and number == 9:
                item.packet.dts = item.packet.pts = -9000
            yield item

    monkeypatch.setattr(VideoReader, "items", damaged)
    (note,) = translate_video(unchanged, Job(clip, tmp_path / "out.mp4")).notes
    assert note == "1 damaged piece of the sound was left out."
    assert len(sound_of(tmp_path / "out.mp4")[1]) == len(sound_of(clip)[1]) - 1
    assert len(times_of(tmp_path / "out.mp4")) == 10


def test_without_pyav_the_sentence_says_what_to_install(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ConfigError, match=r'not installed: pip install "pix2pix\[video\]"'):
        look_at_video(clip)
