"""`pix2pix translate` and `info` on a tiny model."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from videos import make_video, sound_of, times_of

from pix2pix.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from pix2pix.cli import main
from pix2pix.cli.model_commands import target_of
from pix2pix.errors import DataError


@pytest.fixture
def model(tiny_run: Path) -> str:
    return str(tiny_run / "model.pth")


@pytest.fixture
def photos(pairs: Path, tmp_path: Path) -> Path:
    """A folder of three pictures that a test may change, one of them in a folder of its own."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "more/c.png")):
        shutil.copy(pairs / f"house{number}.png", folder / name)
    return folder


@pytest.mark.parametrize("mode", ["fit", "native"])
def test_a_picture_comes_out_as_large_as_it_went_in(
    model: str, photos: Path, tmp_path: Path, mode: str
) -> None:
    out = tmp_path / "out.png"
    assert main(["translate", model, str(photos / "a.png"), "-o", str(out), "--mode", mode]) == 0
    with Image.open(out) as picture:
        assert picture.size == (128, 64)
        assert picture.mode == "RGB"


def test_a_seed_is_another_picture_and_always_the_same(model: str, photos: Path, tmp_path: Path) -> None:
    written = []
    for name, seed in (("one", "1"), ("again", "1"), ("two", "2")):
        assert (
            main(
                [
                    "translate",
                    model,
                    str(photos / "a.png"),
                    "-o",
                    str(tmp_path / f"{name}.png"),
                    "--seed",
                    seed,
                ]
            )
            == 0
        )
        written.append((tmp_path / f"{name}.png").read_bytes())
    assert written[0] == written[1] != written[2]


def test_a_folder_keeps_its_folders(
    model: str, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["translate", model, str(photos), "-o", str(out)]) == 0
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png")) == [
        "a.png",
        "b.png",
        "more/c.png",
    ]
    assert "3 of 3 pictures" in capsys.readouterr().err


def test_a_broken_picture_is_named_and_the_others_are_translated(
    model: str, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "b.png").write_bytes(b"no picture")
    assert main(["translate", model, str(photos), "-o", str(tmp_path / "out")]) == 1
    assert "b.png" in capsys.readouterr().err
    assert len(list((tmp_path / "out").rglob("*.png"))) == 2


def test_an_input_is_never_overwritten(model: str, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (photos / "a.png").read_bytes()
    assert main(["translate", model, str(photos / "a.png"), "-o", str(photos)]) == 2
    assert main(["translate", model, str(photos), "-o", str(photos)]) == 2
    assert (photos / "a.png").read_bytes() == before
    assert "overwritten" in capsys.readouterr().err


def test_a_name_without_a_suffix_is_a_folder(tmp_path: Path) -> None:
    assert target_of(Path("x.jpg"), tmp_path / "out") == tmp_path / "out" / "x.png"
    assert target_of(Path("x.jpg"), tmp_path / "y.webp") == tmp_path / "y.webp"
    assert target_of(Path("x.jpg"), f"{tmp_path}/new.v2/") == tmp_path / "new.v2" / "x.png"
    with pytest.raises(DataError, match="overwritten"):
        target_of(Path("x.png"), Path("x.png"))


def test_a_missing_input_gives_a_sentence(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["translate", model, str(tmp_path / "none.png"), "-o", str(tmp_path)]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_a_video_comes_out_as_a_video_with_what_there_is_to_say(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_video(tmp_path / "clip.mov", size=(66, 34))
    assert main(["translate", model, str(clip), "-o", str(tmp_path / "out.mp4"), "--seed", "3"]) == 0
    said = capsys.readouterr().err
    assert times_of(tmp_path / "out.mp4") == times_of(clip) and sound_of(tmp_path / "out.mp4") == sound_of(
        clip
    )
    assert "note: The video is 66 × 34: it was made 32 × 32" in said and "10/10" in said
    assert main(["translate", model, str(clip), "-o", str(tmp_path / "more")]) == 0
    assert (tmp_path / "more" / "clip.mp4").is_file()


def test_a_video_that_cannot_be_read_or_written_is_a_sentence(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_video(tmp_path / "clip.mp4")
    (tmp_path / "broken.mp4").write_bytes(clip.read_bytes()[:500])
    for source, target, words in (
        ("broken.mp4", "out.mp4", "broken.mp4 cannot be read as a video"),
        ("clip.mp4", "out.png", "does not end like a video that can be written; name it .mp4"),
        ("clip.mp4", "clip.mp4", "would be overwritten"),
    ):
        assert main(["translate", model, str(tmp_path / source), "-o", str(tmp_path / target)]) == 2
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.mp4", "clip.mp4"]


def test_a_model_of_labels_says_that_a_photo_or_a_video_is_none(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.effect_noise((40, 40), 90).convert("RGB").save(tmp_path / "photo.png")
    for name in ("photo.png", make_video(tmp_path / "clip.mp4").name):
        out = tmp_path / "out" / name
        assert main(["translate", str(tiny_model), str(tmp_path / name), "-o", str(out)]) == 0
        assert "note: This looks like a photo, or like the map of another model" in capsys.readouterr().err
        assert out.is_file()


def test_info_as_json_tells_config_and_origin(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", model, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["config"]["width"] == 4
    assert values["about"]["step"] == 2
    assert values["parameters"] > 0
    assert values["bytes"] == Path(model).stat().st_size


def test_info_reads_as_lines_below_headings(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", model]) == 0
    lines = capsys.readouterr().out.splitlines()
    top = [line for line in lines if not line.startswith(" ")]
    assert [line.split()[0] for line in top] == ["file", "bytes", "parameters", "config:", "about:"]
    config, about = (
        lines[lines.index("config:") + 1 : lines.index("about:")],
        lines[lines.index("about:") + 1 :],
    )
    assert "  generator          unet" in config
    assert "  step               2" in about
    # The weight of the loss and the metric have one name: each stands below its own heading.
    places = [place for place, line in enumerate(about) if line.split()[0] == "l1"]
    assert [[line for line in about[:place] if line.endswith(":")][-1] for place in places] == [
        "  settings:",
        "  metrics:",
    ]


def test_info_of_a_stranger_does_not_reach_the_terminal(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = load_checkpoint(model)
    save_checkpoint(tmp_path / "m.pth", replace(checkpoint, about={"da\x1b[2Jta": "a\x1b[31mb\r\n\u202ec"}))
    assert main(["info", str(tmp_path / "m.pth")]) == 0
    shown = capsys.readouterr().out
    assert "  da[2Jta            a[31mbc\n" in shown and "\x1b" not in shown
