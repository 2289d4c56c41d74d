"""Folders of pictures in, folders of pictures out: nothing is lost, nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError, DataError
from pix2pix.inference.folder import Job, plan_folder, translate_all
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
