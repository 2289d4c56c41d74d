"""Each batch is a function of the settings and the step, whatever holds the pictures
and however many read them."""

from __future__ import annotations

import itertools
import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pix2pix.config import TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.data.prefetch import prefetched
from pix2pix.data.store import Memory, Stream
from pix2pix.errors import ConfigError, DataError
from pix2pix.imaging.palette import HOLE
from pix2pix.imaging.tensors import to_unit


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Seven training pairs of noise and one for validation."""
    for number in range(8):
        noise = np.random.default_rng(number).integers(0, 256, (20, 40, 3), np.uint8)
        path = tmp_path / "pairs" / ("val" if number == 7 else "train") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise).save(path)
    return tmp_path / "pairs"


def config(folder: Path, **settings: object) -> TrainConfig:
    return TrainConfig.from_dict(
        {"data": str(folder), "size": 16, "depth": 3, "batch": 2, "workers": 0} | settings
    )


def batch(dataset: Dataset, *place: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Source and target of (step, micro, rank, world), as networks see them."""
    source, target = dataset.pixels(*place)
    return to_unit(source), to_unit(target)


def first(dataset: Dataset, count: int, start: int = 0) -> torch.Tensor:
    """Sources and targets of some steps, in one tensor."""
    with closing(dataset.batches(start)) as batches:
        steps = list(itertools.islice(batches, count))
    assert [step for step, _ in steps] == list(range(start, start + count))
    return torch.stack(
        [torch.stack([torch.cat(list(halves.values()), 1) for halves in passes]) for _, passes in steps]
    )


def test_batch_is_scaled_square_and_random_at_no_cost_to_others(pairs: Path) -> None:
    state = torch.random.get_rng_state()
    source, target = batch(Dataset.open(config(pairs)), 3)
    assert source.shape == target.shape == (2, 3, 16, 16)
    assert source.dtype == torch.float32
    assert -1 <= source.min() < -0.9
    assert 0.9 < source.max() <= 1
    assert torch.equal(torch.random.get_rng_state(), state)


def test_same_step_gives_the_same_batch_in_any_order(pairs: Path) -> None:
    dataset, again = Dataset.open(config(pairs)), Dataset.open(config(pairs))
    later = batch(dataset, 9)[0]
    batch(dataset, 1)
    assert torch.equal(batch(again, 9)[0], later)
    assert not torch.equal(batch(again, 10)[0], later)
    assert not torch.equal(batch(Dataset.open(config(pairs, seed=1)), 9)[0], later)


def test_batches_from_a_step_are_those_that_would_have_come(pairs: Path) -> None:
    dataset = Dataset.open(config(pairs, accumulate=2))
    assert torch.equal(first(dataset, 6)[4:], first(dataset, 2, start=4))


def test_streamed_pictures_are_those_from_memory(pairs: Path) -> None:
    assert torch.equal(
        first(Dataset.open(config(pairs, cache="memory")), 8),
        first(Dataset.open(config(pairs, cache="stream")), 8),
    )


def test_number_of_workers_changes_nothing_and_none_is_left(pairs: Path) -> None:
    (pairs / "train" / "3.png").write_bytes((pairs / "train" / "3.png").read_bytes()[:900])
    alone = Dataset.open(config(pairs, cache="stream", accumulate=2))
    shared = Dataset.open(config(pairs, cache="stream", accumulate=2, workers=2))
    assert torch.equal(first(alone, 8, start=1), first(shared, 8, start=1))
    assert [problem.file for problem in shared.problems] == ["train/3.png"]
    assert not multiprocessing.active_children()


def test_ranks_see_together_what_one_process_sees(pairs: Path) -> None:
    dataset = Dataset.open(config(pairs, batch=4, accumulate=2))
    for step, micro in ((0, 0), (0, 1), (5, 1)):
        whole = batch(dataset, step, micro)
        parts = [batch(dataset, step, micro, rank, 2) for rank in (0, 1)]
        assert torch.equal(torch.cat([part[0] for part in parts]), whole[0])
        assert torch.equal(torch.cat([part[1] for part in parts]), whole[1])


def test_batch_that_cannot_be_shared_names_one_that_can(pairs: Path) -> None:
    with pytest.raises(ConfigError, match="batch is 3; 2 processes cannot share it evenly. Take 2"):
        next(Dataset.open(config(pairs, batch=3)).batches(0, rank=0, world=2))


def test_each_pass_over_the_data_shows_each_pair_once(pairs: Path) -> None:
    dataset = Dataset.open(config(pairs, batch=1, jitter=False, mirror=False))
    shown = [tuple(batch(dataset, step)[0].flatten().tolist()) for step in range(14)]
    assert len(set(shown[:7])) == len(set(shown[7:])) == 7
    assert shown[:7] != shown[7:]


@pytest.mark.parametrize("cache", ["memory", "stream"])
def test_broken_picture_is_replaced_and_reported_once(pairs: Path, cache: str) -> None:
    whole = first(Dataset.open(config(pairs, batch=1)), 14)
    (pairs / "train" / "3.png").write_bytes((pairs / "train" / "3.png").read_bytes()[:900])
    dataset = Dataset.open(config(pairs, batch=1, cache=cache))
    mended = first(dataset, 14)
    assert (whole != mended).flatten(1).any(1).sum() == 2
    assert [(problem.file, "cannot be read" in problem.cause) for problem in dataset.problems] == [
        ("train/3.png", True)
    ]


@pytest.mark.parametrize("cache", ["memory", "stream"])
def test_only_broken_pictures_end_with_a_sentence(pairs: Path, cache: str) -> None:
    for path in (pairs / "train").iterdir():
        path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(DataError, match="None of the .* can be read"):
        first(Dataset.open(config(pairs, cache=cache)), 1)


def test_validation_is_whole_without_jitter(pairs: Path) -> None:
    (name, images), *rest = Dataset.open(config(pairs, size=24)).validation()
    assert (name, rest) == ("7", [])
    assert images["source"].shape == images["target"].shape == (1, 3, 24, 24)


def test_training_pair_stands_in_where_there_is_no_other(pairs: Path) -> None:
    lone = pairs / "lone"
    lone.mkdir()
    (pairs / "train" / "0.png").rename(lone / "0.png")
    assert [name for name, *_ in Dataset.open(config(lone)).validation(4)] == ["0"]


def test_training_pairs_stand_in_where_no_validation_pair_can_be_read(pairs: Path) -> None:
    (pairs / "val" / "7.png").write_bytes((pairs / "val" / "7.png").read_bytes()[:900])
    dataset = Dataset.open(config(pairs))
    assert [name for name, *_ in dataset.validation(2)] == ["0", "1"]
    assert [problem.file for problem in dataset.problems] == ["val/7.png"]


def test_a_crop_larger_than_the_pictures_is_noted_and_they_are_used(pairs: Path) -> None:
    dataset = Dataset.open(config(pairs, size=32))
    assert [str(note) for note in dataset.notes] == [
        "train/0.png is 20 x 20, smaller than the crop of 32 x 32, as 7 of 7 training pictures: enlarged, "
        "they show nothing more."
        " Train with --size 16."
    ]
    assert dataset.problems == () and dataset.train_size == 7
    assert Dataset.open(config(pairs)).notes == ()


def test_folder_without_training_pairs_is_refused(pairs: Path) -> None:
    for path in (pairs / "train").iterdir():
        path.unlink()
    with pytest.raises(
        DataError,
        match="has no training pairs, only 1 in val. To train on them, name that folder itself, pairs/val",
    ):
        Dataset.open(config(pairs))


def test_gray_has_one_channel_as_pairs_and_made(pairs: Path, tmp_path: Path) -> None:
    for path in pairs.rglob("*.png"):
        image = Image.open(path).convert("RGB")
        image.paste(image.crop((20, 0, 40, 20)).convert("L").convert("RGB"), (0, 0))
        image.save(path)
    for dataset in (Dataset.open(config(pairs)), Dataset.open(config(pairs, make="gray"))):
        assert (dataset.source, dataset.in_channels, dataset.out_channels) == ("gray", 1, 3)
        assert batch(dataset, 0)[0].shape == (2, 1, 16, 16)
        assert dataset.validation()[0][1]["source"].shape == (1, 1, 16, 16)
    source, target = batch(dataset, 0)
    luma = (target * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1, keepdim=True)
    assert (source - luma).abs().max() < 0.02


@pytest.mark.parametrize("cache", ["memory", "stream"])
def test_holes_differ_each_time_and_come_again(pairs: Path, cache: str) -> None:
    dataset = Dataset.open(config(pairs, make="mask", batch=1, jitter=False, mirror=False, cache=cache))
    color = torch.tensor(HOLE).view(1, 3, 1, 1) / 127.5 - 1

    def holes(step: int) -> torch.Tensor:
        source, target = batch(dataset, step)
        hole = (source == color).all(1)
        assert torch.equal(source.permute(0, 2, 3, 1)[~hole], target.permute(0, 2, 3, 1)[~hole])
        return hole

    assert dataset.source == "mask"
    assert torch.equal(holes(4), holes(4))
    assert not torch.equal(holes(4), holes(5))


def test_source_that_is_said_is_taken_at_its_word(pairs: Path) -> None:
    assert Dataset.open(config(pairs)).source == "photo"
    assert Dataset.open(config(pairs, source="gray")).in_channels == 1


def test_auto_streams_what_memory_cannot_hold(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(Dataset.open(config(pairs))._store, Memory)
    monkeypatch.setattr("pix2pix.data.store.LARGEST_CACHE", 1000)
    assert isinstance(Dataset.open(config(pairs))._store, Stream)


@pytest.mark.gpu
def test_batches_cut_on_the_gpu_are_those_of_the_cpu(pairs: Path) -> None:
    for make in ("none", "mask"):
        there = first(Dataset.open(config(pairs, make=make)).to("cuda"), 5)
        assert there.device.type == "cuda"
        assert torch.equal(there.cpu(), first(Dataset.open(config(pairs, make=make)), 5))


def test_prefetch_ends_its_thread_when_closed() -> None:
    ahead = prefetched(itertools.count())
    assert [next(ahead) for _ in range(5)] == [0, 1, 2, 3, 4]
    ahead.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "pix2pix-prefetch"]


def test_prefetch_hands_on_the_end_and_errors() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise DataError("the disk is gone")

    assert list(prefetched(range(9))) == list(range(9))
    ahead = prefetched(failing())
    assert next(ahead) == 1
    with pytest.raises(DataError, match="the disk is gone"):
        next(ahead)
    assert not [thread for thread in threading.enumerate() if thread.name == "pix2pix-prefetch"]


def test_prefetch_makes_only_a_few_ahead() -> None:
    made: list[int] = []
    with closing(
        prefetched((made.append(number) or number for number in itertools.count()), ahead=2)
    ) as ahead:
        next(ahead)
        next(ahead)
    assert len(made) <= 6


def test_crisp_label_maps_show_exact_colours_in_their_share_whatever_holds_them(tmp_path: Path) -> None:
    """Labels that went through JPEG: a third of the samples has the palette's
    colours alone, at the same place."""
    folder = tmp_path / "labels" / "train"
    folder.mkdir(parents=True)
    colors = np.array([(200, 0, 0), (0, 180, 0), (0, 0, 220), (250, 250, 250)], np.uint8)
    for number in range(6):
        generator = np.random.default_rng(number)
        labels = colors[np.kron(generator.integers(0, 4, (4, 4)), np.ones((16, 16), int))]
        photo = generator.integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(np.hstack([labels, photo])).save(folder / f"{number}.jpg", quality=80)
    settings = {"size": 64, "batch": 1, "crisp": 0.33, "jitter": False}
    memory, stream = (
        Dataset.open(config(folder.parent, cache=cache, **settings)) for cache in ("memory", "stream")
    )
    found = Dataset.open(config(folder.parent, **settings | {"crisp": 0.0}))
    known = {color for _, color in memory.palette}
    exact = 0
    for step in range(60):
        source, target = memory.pixels(step)
        assert torch.equal(source, stream.pixels(step)[0])
        assert torch.equal(target, found.pixels(step)[1])
        assert (source.int() - found.pixels(step)[0].int()).abs().float().mean() < 25
        exact += {
            tuple(color) for color in np.unique(source[0].reshape(3, -1).T.numpy(), axis=0).tolist()
        } <= known
    assert 10 <= exact <= 30


def test_a_crop_is_cut_anywhere_from_pictures_of_the_whole_size_and_validation_is_whole(pairs: Path) -> None:
    settings = {"size": 16, "batch": 1, "mirror": False, "jitter": False}
    whole = Dataset.open(config(pairs, **settings))
    parts = Dataset.open(config(pairs, **settings, crop=8))
    places = set()
    for step in range(12):
        (source, target), (part, other) = whole.pixels(step), parts.pixels(step)
        assert part.shape == other.shape == (1, 3, 8, 8)
        top, left = next(
            (top, left)
            for top in range(9)
            for left in range(9)
            if torch.equal(source[..., top : top + 8, left : left + 8], part)
        )
        assert torch.equal(target[..., top : top + 8, left : left + 8], other)
        places.add((top, left))
    assert len(places) > 6
    assert parts.validation()[0][1]["source"].shape == (1, 3, 16, 16)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size": 64, "crop": 96}, "crop is 96; it must be from 8 to the size, 64, or 0 for whole pictures"),
        ({"size": 64, "crop": 4}, "crop is 4; it must be from 8 to the size"),
        ({"size": 64, "crop": 20}, "crop 20 can be halved 2 times, not 3.*Take crop 16 or 24"),
        ({"size": 64, "crop": 32, "depth": 6}, "crop 32 can be halved 5 times, not 6.*Take crop 64"),
        (
            {"size": 64, "crop": 30, "generator": "resnet"},
            "crop is 30; a ResNet needs a multiple of 4. Take 28",
        ),
    ],
)
def test_a_crop_that_does_not_fit_gets_a_sentence(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        TrainConfig(**settings)  # type: ignore[arg-type]


def test_a_crop_decides_how_deep_the_u_net_can_be() -> None:
    assert TrainConfig(size=256, crop=64).levels() == 6
    assert TrainConfig(size=96, crop=64).levels() == 5
