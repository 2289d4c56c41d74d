"""Folders of pictures in, folders of pictures out: nothing is lost, nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError, DataError, NoSpaceError
from pix2pix.inference import folder
from pix2pix.inference.folder import AHEAD, Job, plan_folder, target_names, translate_all
from pix2pix.inference.translator import Translator
from pix2pix.networks import build_generator, init_weights


def make_checkpoint() -> Checkpoint:
    config = ModelConfig(width=4, depth=3, size=16)
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(0))
    return Checkpoint(config, generator.state_dict())


@pytest.fixture(scope="module")
def translator() -> Translator:
    return Translator(make_checkpoint(), device="cpu")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "more" / "deep").mkdir(parents=True)
    for number, name in enumerate(("a.jpg", "a.bmp", "B.PNG", "more/deep/c.webp")):
        Image.new("RGB", (20 + number, 12), (40 * number, 90, 200)).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_names_and_folders_are_kept_and_each_picture_keeps_its_size(
    translator: Translator, pictures: Path, tmp_path: Path
) -> None:
    (pictures / "broken.png").write_bytes(b"\x89PNG no more")
    jobs, problems = plan_folder(pictures, tmp_path / "out")
    calls: list[tuple[int, int]] = []
    result = translate_all(
        translator, jobs, mode="native", seed=3, progress=lambda done, count: calls.append((done, count))
    )
    names = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert names == ["B.png", "a.jpg.png", "a.png", "more/deep/c.png"]
    assert sorted(result.written) == sorted(tmp_path / "out" / name for name in names)
    assert [Path(problem.file).name for problem in result.problems] == ["broken.png"] and not problems
    assert calls[-1] == (5, 5)
    for job in jobs:
        if job.target in result.written:
            with Image.open(job.source) as source, Image.open(job.target) as fake:
                assert (fake.size, fake.mode) == (source.size, "RGB")


def test_names_of_translations_are_never_alike() -> None:
    names = ["x.jpg", "X.bmp", "x.jpg", "x.jpg", "a/x.jpg", "none"]
    assert target_names(names) == ["x.png", "X.bmp.png", "x.jpg.png", "x (2).png", "a/x.png", "none.png"]
    assert target_names(["clip.mov", "clip.mov", "clip.mov"], ".mp4") == [
        "clip.mp4",
        "clip.mov.mp4",
        "clip (2).mp4",
    ]


def test_each_job_that_ends_is_reported_in_order_and_a_report_can_end_the_work(
    translator: Translator, pictures: Path, tmp_path: Path
) -> None:
    (pictures / "a.bmp").write_bytes(b"no picture")
    jobs = plan_folder(pictures, tmp_path / "out")[0]
    reported: list[tuple[Job, bool]] = []
    translate_all(translator, jobs, report=lambda job, problem: reported.append((job, problem is None)))
    assert reported == [(job, job.source.name != "a.bmp") for job in jobs]

    def stop(job: Job, problem: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        translate_all(translator, jobs, report=stop)


def test_a_picture_of_a_folder_is_the_same_as_alone(
    translator: Translator, pictures: Path, tmp_path: Path
) -> None:
    jobs, _ = plan_folder(pictures, tmp_path / "out")
    translate_all(translator, jobs, seed=7)
    for job in jobs:
        with Image.open(job.source) as source, Image.open(job.target) as fake:
            assert translator(source.convert("RGB"), seed=7).tobytes() == fake.tobytes()


def test_what_an_earlier_call_wrote_is_no_input(translator: Translator, pictures: Path) -> None:
    first, _ = plan_folder(pictures, pictures / "out")
    translate_all(translator, first)
    again, _ = plan_folder(pictures, pictures / "out")
    assert again == first


def test_pictures_are_never_overwritten(pictures: Path) -> None:
    with pytest.raises(DataError, match="would be overwritten"):
        plan_folder(pictures, pictures)


def test_folders_without_pictures_are_sentences(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no picture that can be read"):
        plan_folder(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(DataError, match="is no folder"):
        plan_folder(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(DataError, match="is a file"):
        plan_folder(pictures, pictures / "notes.txt")


def test_a_picture_that_cannot_be_read_names_itself(translator: Translator, tmp_path: Path) -> None:
    result = translate_all(translator, [Job(tmp_path / "gone.png", tmp_path / "out.png")])
    assert (
        not result.written and "gone.png" in result.problems[0].cause and not (tmp_path / "out.png").exists()
    )


def test_a_picture_that_the_model_fails_at_leaves_the_others(pictures: Path, tmp_path: Path) -> None:
    class Moody(Translator):
        """Diverges at pictures of one size."""

        def __call__(self, image: Image.Image, mode: str = "fit", seed: int | None = None) -> Image.Image:
            if image.width == 21:
                raise CheckpointError("the model gave 3 of 9 values that are not finite.")
            return super().__call__(image, mode, seed)

    jobs, _ = plan_folder(pictures, tmp_path / "out")
    result = translate_all(Moody(make_checkpoint(), device="cpu"), jobs)
    assert [problem.cause for problem in result.problems] == [
        "the model gave 3 of 9 values that are not finite."
    ]
    assert len(result.written) == 3


def test_a_name_too_long_for_the_disk_is_a_problem_of_that_picture(
    translator: Translator, pictures: Path, tmp_path: Path
) -> None:
    source = Image.new("RGB", (12, 12))
    source.save(pictures / f"{'n' * 251}.png")
    jobs, _ = plan_folder(pictures, tmp_path / "out")
    result = translate_all(translator, jobs)
    assert len(result.written) == 4
    assert ["too long for this disk. Shorten it." in problem.cause for problem in result.problems] == [True]


@pytest.mark.parametrize("size", [2, 3, 8])
def test_batches_give_the_pictures_and_problems_that_single_ones_do(
    size: int, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pictures / "b.png").write_bytes(b"\x89PNG no more")
    Image.new("RGB", (16, 16), (255, 0, 9)).save(pictures / "z.png")
    translator = Translator(make_checkpoint(), device="cpu", precision="fp32")
    single = translate_all(translator, plan_folder(pictures, tmp_path / "single")[0])
    batches: list[int] = []
    translate = translator.translate_batch
    monkeypatch.setattr(
        translator,
        "translate_batch",
        lambda images: batches.append(len(images)) or translate(images),  # type: ignore[func-returns-value]
    )
    together = translate_all(translator, plan_folder(pictures, tmp_path / "together")[0], together=size)
    assert max(batches) == min(size, 5)
    names = [path.relative_to(tmp_path / "together") for path in together.written]
    assert names == [path.relative_to(tmp_path / "single") for path in single.written]
    assert together.problems == single.problems and len(single.problems) == 1
    for name in names:
        with (
            Image.open(tmp_path / "single" / name) as left,
            Image.open(tmp_path / "together" / name) as right,
        ):
            differences = (abs(a - b) for a, b in zip(left.tobytes(), right.tobytes(), strict=True))
            assert left.size == right.size and max(differences) <= 1


def test_a_batch_that_fails_names_the_picture_that_does(pictures: Path, tmp_path: Path) -> None:
    class Moody(Translator):
        """Fails at batches, and at pictures of one size."""

        def translate_batch(self, images: object) -> list[Image.Image]:
            raise CheckpointError("the model gave 3 of 99 values that are not finite.")

        def __call__(self, image: Image.Image, mode: str = "fit", seed: int | None = None) -> Image.Image:
            if image.width == 21:
                raise CheckpointError("the model gave 3 of 9 values that are not finite.")
            return super().__call__(image, mode, seed)

    jobs, _ = plan_folder(pictures, tmp_path / "out")
    result = translate_all(Moody(make_checkpoint(), device="cpu"), jobs, together=4)
    assert [problem.cause for problem in result.problems] == [
        "the model gave 3 of 9 values that are not finite."
    ]
    assert len(result.written) == 3


def test_a_full_disk_ends_it_and_no_picture_is_read_for_nothing(
    translator: Translator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        Image.new("RGB", (16, 16)).save(tmp_path / f"{number:02}.png")
    read: list[str] = []

    def count(path: Path, config: ModelConfig) -> object:
        read.append(path.name)
        return read_source(path, config)

    def full(*_: object) -> None:
        raise NoSpaceError("no space left")

    read_source = folder.read_source
    monkeypatch.setattr(folder, "read_source", count)
    monkeypatch.setattr(folder, "write_image", full)
    with pytest.raises(NoSpaceError):
        translate_all(translator, plan_folder(tmp_path, tmp_path / "out")[0])
    assert len(read) <= 2 * AHEAD + 3
