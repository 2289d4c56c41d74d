"""Many pictures and videos on the Translate tab: what the server does with an order."""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT
from PIL import Image
from videos import frames_of, make_video, sound_of

from pix2pix.errors import ConfigError, RightsError, RunError
from pix2pix.inference.video_file import Clip
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.shared.permissions import Rights
from pix2pix.ui.translate import file_tasks
from pix2pix.ui.translate.files import FilesHandlers, FilesPage
from pix2pix.ui.translate.limits import SPACE, limits_for
from tests.ui.draw.test_tab import write_small

FACADE = ROOT / "examples" / "facade" / "hotel.png"
HOW = {"model": "facades", "mode": "fit", "seed": None}
PUBLIC = Rights(is_space=True, owner="ada")


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of what was uploaded, as Gradio has it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    return tmp_path / "uploads"


@pytest.fixture
def handlers(tmp_path: Path) -> FilesHandlers:
    write_small(tmp_path / "checkpoints" / "facades.pth")
    return FilesHandlers(ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs"), Rights())


def put(uploads: Path, number: int, name: str, color: int = 0) -> dict[str, str]:
    """A picture as uploaded: each in a folder of its own."""
    path = uploads / f"upload{number}" / name
    path.parent.mkdir(parents=True)
    Image.new("RGB", (40, 30), (color, 0, 255)).save(path)
    return {"path": str(path), "name": name}


def follow(handlers: FilesHandlers, task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields a task as the page sees it, until it has ended."""
    limit = time.monotonic() + 60
    while task["state"] in ("waiting", "running"):
        assert time.monotonic() < limit, task
        time.sleep(0.01)
        task = handlers.look_at_files("", task["id"])
        yield task


def finish(handlers: FilesHandlers, order: dict[str, Any]) -> dict[str, Any]:
    task = handlers.start_files("", HOW | order)
    return [task, *follow(handlers, task)][-1]


def test_pictures_and_a_video_come_in_their_order_with_names_of_their_own(
    handlers: FilesHandlers, uploads: Path
) -> None:
    files = [put(uploads, number, "house.png", 50 * number) for number in range(3)]
    clip = make_video(uploads / "clip.mov")
    broken = uploads / "broken.png"
    broken.write_bytes(b"no picture")
    files[2:2] = [{"path": str(clip), "name": "clip.mov"}, {"path": str(broken), "name": "broken.png"}]
    task = finish(handlers, {"files": files})
    assert [item["state"] for item in task["items"]] == ["done", "done", "done", "failed", "done"]
    assert [item["result"] for item in task["items"] if item["path"]] == [
        "house.png",
        "house.png.png",
        "clip.mp4",
        "house (2).png",
    ]
    assert "broken.png cannot be read as a picture" in task["items"][3]["words"][0]
    assert (task["items"][2]["done"], task["items"][2]["total"]) == (10, 10)
    made = Path(task["items"][2]["path"])
    assert len(frames_of(made)) == 10 and sound_of(made) == sound_of(clip)
    translator = handlers.library.translator("facades")
    with Image.open(files[-1]["path"]) as source, Image.open(task["items"][4]["path"]) as result:
        assert result.tobytes() == translator(source.convert("RGB")).tobytes()

    packed = handlers.zip_files("", task["id"])
    with zipfile.ZipFile(packed["path"]) as archive:
        assert archive.namelist() == ["house.png", "house.png.png", "clip.mp4", "house (2).png"]
    again = finish(handlers, {"task": task["id"], "seed": 3, "mode": "native"})
    assert [item["state"] for item in again["items"]] == [item["state"] for item in task["items"]]
    assert Path(again["items"][0]["path"]).read_bytes() != Path(task["items"][0]["path"]).read_bytes()


def test_a_video_tells_its_frames_while_it_is_made_and_can_be_cancelled(
    handlers: FilesHandlers, uploads: Path
) -> None:
    clip = make_video(uploads / "clip.mp4", times=range(500), codecs=("libx264", ""))
    order = HOW | {"files": [{"path": str(clip), "name": "clip.mp4"}, put(uploads, 1, "after.png")]}
    seen: set[int] = set()
    frames: set[str] = set()
    for task in follow(handlers, handlers.start_files("", order)):
        seen.add(task["items"][0]["done"])
        frames.add(task["items"][0]["frame"])
        if len(seen) > 3:
            handlers.cancel_files("", task["id"])
    assert task["state"] == "cancelled" and {item["state"] for item in task["items"]} == {"cancelled"}
    assert 1 < max(seen) < 500
    assert (
        any(frame.startswith("data:image/jpeg;base64,") for frame in frames) and not task["items"][0]["frame"]
    )
    assert not list(uploads.glob("translated-*/*")), "nothing half written"
    with pytest.raises(ConfigError, match="nothing is translated yet"):
        handlers.zip_files("", task["id"])


def test_a_task_that_nobody_asks_for_ends(handlers: FilesHandlers, uploads: Path) -> None:
    handlers.tasks.patience = 0.2
    clip = make_video(uploads / "clip.mp4", times=range(2000), codecs=("libx264", ""))
    order = HOW | {"files": [{"path": str(clip), "name": "clip.mp4"}]}
    task = handlers.tasks.find(handlers.start_files("", order)["id"])
    limit = time.monotonic() + 30
    while task.state in ("waiting", "running") and time.monotonic() < limit:
        time.sleep(0.05)
    assert task.state == "cancelled" and task.is_abandoned and task.items[0].done < 2000


def test_results_of_long_ago_are_deleted(
    handlers: FilesHandlers, uploads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = finish(handlers, {"files": [put(uploads, 0, "a.png")]})
    for name, age in (("translated-old", 90_000), ("translated-new", 0), ("other", 90_000)):
        (uploads / name).mkdir()
        os.utime(uploads / name, (time.time() - age,) * 2)
    monkeypatch.setattr(file_tasks, "KEPT", 0.0)
    time.sleep(0.01)
    handlers.start_files("", HOW | {"files": [put(uploads, 1, "b.png")]})
    assert not Path(first["items"][0]["path"]).exists()
    assert not (uploads / "translated-old").exists()
    assert (uploads / "translated-new").exists() and (uploads / "other").exists()
    with pytest.raises(RunError, match="kept for an hour"):
        handlers.look_at_files("", first["id"])


def test_an_error_that_nobody_expected_ends_the_task_and_says_so(
    handlers: FilesHandlers, uploads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_tasks, "translate_all", lambda *_, **__: None)
    task = finish(handlers, {"files": [put(uploads, 0, "a.png")]})
    assert task["state"] == "done" and task["items"][0]["words"] == [file_tasks.UNEXPECTED]


@pytest.mark.parametrize(
    "order",
    [
        None,
        {"files": []},
        {"files": "x"},
        {"files": [{"path": "/etc/passwd", "name": "a.png"}]},
        {"files": [5]},
        {"task": "unknown"},
        {"mode": "best"},
        {"seed": "x"},
    ],
)
def test_what_is_no_order_is_one_sentence(handlers: FilesHandlers, uploads: Path, order: Any) -> None:
    with pytest.raises((ConfigError, RunError)):
        handlers.start_files("", None if order is None else HOW | order)


def test_a_name_cannot_lead_out_of_the_folder_of_results(handlers: FilesHandlers, uploads: Path) -> None:
    file = put(uploads, 0, "a.png") | {"name": "../../../x/../evil.png"}
    (item,) = finish(handlers, {"files": [file]})["items"]
    assert item["name"] == "evil.png" and Path(item["path"]).parent.parent == uploads


def test_a_public_space_has_limits_that_its_owner_has_not(tmp_path: Path, uploads: Path) -> None:
    write_small(tmp_path / "checkpoints" / "facades.pth")
    handlers = FilesHandlers(ModelLibrary(tmp_path / "checkpoints", tmp_path / "runs"), PUBLIC)
    page = FilesPage(handlers)
    assert (
        "50 files at once; a video of 20 seconds, 600 frames, 1920 pixels and 100 MB" in page.props["limits"]
    )
    files = [put(uploads, number, "a.png") for number in range(51)]
    with pytest.raises(RightsError, match="these are 51 files, and 50 at once"):
        handlers.start_files("", HOW | {"files": files})
    long = make_video(uploads / "long.mp4", times=range(601), size=(16, 16), codecs=("libx264", ""))
    task = finish(handlers, {"files": [{"path": str(long), "name": "long.mp4"}, files[0]]})
    assert "long.mp4 has 24 seconds; this public page takes 20." in task["items"][0]["words"][0]
    assert task["items"][1]["state"] == "done"
    assert limits_for(PUBLIC, "ada") is None and limits_for(Rights(), "") is None
    for clip in (Clip((2000, 9), 1, 5, 1.0), Clip((9, 9), 1, 700, 1.0)):  # type: ignore[arg-type]
        with pytest.raises(RightsError):
            SPACE.check_video(long, clip)


def test_a_label_model_says_how_many_pictures_are_no_label_maps(
    handlers: FilesHandlers, uploads: Path
) -> None:
    photo = uploads / "photo.png"
    Image.effect_noise((40, 40), 90).convert("RGB").save(photo)
    map_file = uploads / FACADE.name
    map_file.write_bytes(FACADE.read_bytes())
    files = [{"path": str(path), "name": path.name} for path in (photo, map_file)]
    task = finish(handlers, {"files": files})
    assert (task["foreign"], task["stretched"]) == (1, 1)
