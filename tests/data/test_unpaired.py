"""Two sides without pairs: each layout that people have, batches as functions of settings and step, and a
sentence for what is no two sides."""

from __future__ import annotations

import itertools
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pix2pix.config import TrainConfig
from pix2pix.data.batches import Dataset
from pix2pix.data.examples import EXAMPLES
from pix2pix.data.pairs import open_pairs
from pix2pix.data.sides import Sides, find_sides
from pix2pix.data.store import Memory, Stream
from pix2pix.data.unpaired import Unpaired
from pix2pix.errors import ConfigError, DataError
from pix2pix.imaging.tensors import to_tensor

NUMBERS = itertools.count()


def picture(path: Path, size: tuple[int, int] = (20, 20), *, gray: bool = False) -> Path:
    """Noise, another one each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = size[::-1] if gray else (*size[::-1], 3)
    Image.fromarray(np.random.default_rng(next(NUMBERS)).integers(0, 256, shape, np.uint8)).save(path)
    return path


def fill(root: Path, *files: str, size: tuple[int, int] = (20, 20)) -> Path:
    for file in files:
        picture(root / file, size)
    return root


def numbered(folder: str, count: int, prefix: str = "") -> list[str]:
    return [f"{folder}/{prefix}{number}.png" for number in range(count)]


def files_of(sides: Sides) -> tuple[set[str], set[str]]:
    """All files of A and of B below the folder that both lie in."""
    a, b = ({each.source.relative_to(side.root).as_posix() for each in side.pairs} for side in sides.both)
    return a, b


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five monets and seven photos to train, two and one to test."""
    root = tmp_path / "monet2photo"
    fill(root, *numbered("trainA", 5, "m"), *numbered("trainB", 7, "p"))
    return fill(root, *numbered("testA", 2, "n"), *numbered("testB", 1, "q"))


def config(folder: Path, **values: object) -> TrainConfig:
    shape = {"size": 16, "depth": 3, "batch": 2, "workers": 0}
    return TrainConfig.from_dict({"data": str(folder)} | shape | values)


def first(examples: Unpaired, count: int, start: int = 0, rank: int = 0, world: int = 1) -> torch.Tensor:
    """Both sides of some steps, in one tensor."""
    with closing(examples.batches(start, rank=rank, world=world)) as batches:
        steps = list(itertools.islice(batches, count))
    assert [step for step, _ in steps] == list(range(start, start + count))
    return torch.stack(
        [torch.stack([torch.cat([batch["a"], batch["b"]], 1) for batch in p]) for _, p in steps]
    )


LAYOUTS = {
    "trainA trainB": ("trainA", "trainB", "testA", "testB"),
    "train_A train_B": ("train_A", "train_B", "test_A", "test_B"),
    "train/A train/B": ("train/A", "train/B", "test/A", "test/B"),
    "A/train B/train": ("A/train", "B/train", "A/test", "B/test"),
    "wrapped": ("set/trainA", "set/trainB", "set/testA", "set/testB"),
    "words": ("train/before", "train/after", "test/before", "test/after"),
    "any names": ("horse/train", "zebra/train", "horse/test", "zebra/test"),
    "any names in splits": ("train/horse", "train/zebra", "test/horse", "test/zebra"),
    "split in the names": ("train_horse", "train_zebra", "test_horse", "test_zebra"),
    "split at the end": ("horse_train", "zebra_train", "horse_test", "zebra_test"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_common_layout_gives_two_sides_with_their_splits(layout: str, tmp_path: Path) -> None:
    a, b, test_a, test_b = LAYOUTS[layout]
    fill(
        tmp_path, *numbered(a, 4, "m"), *numbered(b, 6, "p"), *numbered(test_a, 2, "n"), *numbered(test_b, 3)
    )
    sides = find_sides(tmp_path)
    assert [len(side.train) for side in sides.both] == [4, 6]
    assert [len(side.test) for side in sides.both] == [2, 3]
    assert not sides.problems and not sides.partners
    assert files_of(sides)[0] == {*numbered(a, 4, "m"), *numbered(test_a, 2, "n")}
    turned = Unpaired.open(config(tmp_path, direction="BtoA")).sides
    assert files_of(turned) == files_of(sides)[::-1]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["A B", "x y", "monet photo", "input output", "Häuser 家", "cats dogs", "b a-not-b"]),
    st.integers(2, 6),
    st.integers(2, 6),
    st.booleans(),
)
def test_any_two_folders_of_any_counts_are_two_sides(
    tmp_path_factory: pytest.TempPathFactory, names: str, count: int, other: int, nested: bool
) -> None:
    root = tmp_path_factory.mktemp("sides")
    a, b = names.split()
    fill(root, *numbered(f"{a}/deep" if nested else a, count, "m"), *numbered(b, other, "p"))
    for sides in (find_sides(root), find_sides(root / a, root / b)):
        assert sorted(map(len, files_of(sides))) == sorted([count, other])
        assert not sides.problems and not (files_of(sides)[0] & files_of(sides)[1])
        assert sorted(sides.names) == sorted([a, b])


def test_two_folders_named_one_by_one_need_no_words_and_no_common_place(tmp_path: Path) -> None:
    fill(
        tmp_path,
        *numbered("one/photos", 3),
        *numbered("two/photos/train", 4),
        *numbered("two/photos/test", 2),
    )
    sides = find_sides(tmp_path / "one/photos", tmp_path / "two/photos")
    assert sides.names == ("one/photos", "two/photos")
    assert [len(side.train) for side in sides.both] == [2, 4]
    assert [side.drawn for side in sides.both] == [True, False]


def test_pairs_torn_apart_are_sides_and_this_is_said(pairs: Path, tmp_path: Path) -> None:
    examples = Unpaired.open(config(pairs, size=32))
    assert examples.sides.names == ("the left halves", "the right halves")
    assert examples.images["a"].kind == "labels" and len(examples.images["a"].palette) == 3
    assert examples.sides.partners == 6 and examples.images["a"].palette != examples.images["b"].palette
    assert any(
        "If they are pairs, train with them: --method pix2pix." in line for line in examples.warnings()
    )
    fill(tmp_path / "equal", *numbered("A", 3), *numbered("B", 4))
    assert find_sides(tmp_path / "equal").look_like_pairs
    fill(tmp_path / "ends", "1_A.png", "2_A.png", "7_B.png", "8_B.png", "1_B.png")
    ends = find_sides(tmp_path / "ends")
    assert (ends.counts, ends.partners) == ((2, 3), 1)


def test_a_batch_is_a_function_of_the_step_whatever_holds_the_pictures(folder: Path) -> None:
    held = first(Unpaired.open(config(folder, cache="memory", accumulate=2)), 6)
    assert held.shape == (6, 2, 2, 6, 16, 16) and -1 <= held.min() < -0.9 and 0.9 < held.max() <= 1
    for values in ({"cache": "stream"}, {"cache": "stream", "workers": 2}):
        assert torch.equal(first(Unpaired.open(config(folder, accumulate=2, **values)), 6), held)
    assert torch.equal(first(Unpaired.open(config(folder, accumulate=2)), 2, start=3), held[3:5])
    assert not torch.equal(first(Unpaired.open(config(folder, accumulate=2, seed=1)), 6), held)


def test_processes_see_together_what_one_sees(folder: Path) -> None:
    whole = first(Unpaired.open(config(folder)), 5)
    parts = [first(Unpaired.open(config(folder)), 5, rank=rank, world=2) for rank in (0, 1)]
    assert torch.equal(torch.cat(parts, 2), whole)
    with pytest.raises(ConfigError, match="3 processes cannot share it evenly"):
        first(Unpaired.open(config(folder)), 1, world=3)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 9), st.integers(2, 9), st.integers(0, 3))
def test_each_side_goes_through_epochs_in_an_order_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, a: int, b: int, seed: int
) -> None:
    root = tmp_path_factory.mktemp("epochs")
    for side, count in (("trainA", a), ("trainB", b)):
        for number in range(count):
            (root / side).mkdir(exist_ok=True)
            Image.new("RGB", (16, 16), (20 * number + 1, 40 * number % 251, 90)).save(
                root / side / f"{number}.png"
            )
    fill(root, "testA/0.png", "testB/0.png")
    examples = Unpaired.open(config(root, batch=1, seed=seed, jitter=False))
    assert examples.train_size == max(a, b)
    shown = [examples.pixels(step) for step in range(2 * max(a, b))]
    for place, count in ((0, a), (1, b)):
        seen = [int(images[place][0, 0, 0, 0]) // 20 for images in shown]
        for start in range(0, len(seen) - count + 1, count):
            assert sorted(seen[start : start + count]) == list(range(count))


def test_equal_sides_have_two_orders_and_crops_of_their_own(tmp_path: Path) -> None:
    for side in ("trainA", "trainB"):
        for number in range(8):
            (tmp_path / side).mkdir(exist_ok=True)
            ramp = np.arange(400, dtype=np.uint8).reshape(20, 20)
            Image.fromarray(np.stack([ramp, ramp.T, ramp * 0 + 20 * number], 2)).save(
                tmp_path / side / f"{number}.png"
            )
    fill(tmp_path, "testA/0.png", "testB/0.png")
    examples = Unpaired.open(config(tmp_path, batch=8))
    a, b = examples.pixels(0)
    assert a[:, 2, 0, 0].tolist() != b[:, 2, 0, 0].tolist()
    assert not torch.equal(a[:, :2], b[:, :2])


def test_validation_is_the_test_pictures_or_held_out_ones(folder: Path, tmp_path: Path) -> None:
    shown = Unpaired.open(config(folder)).validation()
    assert [name for name, _ in shown] == ["testA/n0 and testB/q0", "testA/n1 and testB/q0"]
    assert {image.shape for _, images in shown for image in images.values()} == {(1, 3, 16, 16)}
    assert len(Unpaired.open(config(folder)).validation(1)) == 1
    fill(tmp_path / "flat", *numbered("A", 20, "m"), *numbered("B", 30, "p"))
    examples = Unpaired.open(config(tmp_path / "flat"))
    assert [len(side.train) for side in examples.sides.both] == [18, 27]
    assert (
        len(examples.validation()) == 3
        and "2 and 3 for validation drawn from them" in examples.introduction()
    )


def test_each_side_has_its_own_kind_and_channels(tmp_path: Path) -> None:
    for number in range(4):
        picture(tmp_path / "scans" / f"{number}s.png", gray=True)
        picture(tmp_path / "photos" / f"{number}p.png")
    examples = Unpaired.open(config(tmp_path / "photos", data_b=str(tmp_path / "scans")))
    assert [(spec.kind, spec.channels) for spec in examples.images.values()] == [("photo", 3), ("gray", 1)]
    a, b = examples.pixels(0)
    assert (a.shape[1], b.shape[1]) == (3, 1)
    assert "a: photo in photos; b: gray in scans" in examples.introduction()
    stated = Unpaired.open(config(tmp_path / "photos", data_b=str(tmp_path / "scans"), source="gray"))
    assert stated.images["a"].channels == 1


def test_ranges_of_deep_pictures_are_of_their_side(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / "A").mkdir(exist_ok=True)
        Image.fromarray(np.full((16, 16), 3000 * number, np.uint16)).save(tmp_path / "A" / f"{number}.png")
        picture(tmp_path / "B" / f"{number}b.png")
    examples = Unpaired.open(config(tmp_path))
    assert examples.images["a"].levels is not None and examples.images["b"].levels is None
    assert Unpaired.open(config(tmp_path, source_range="0:9000")).images["a"].levels == (0, 9000)


@pytest.mark.parametrize("cache", ["memory", "stream"])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_broken_picture_is_replaced_and_named(folder: Path, cache: str, workers: int) -> None:
    broken = folder / "trainB" / "p3.png"
    broken.write_bytes(broken.read_bytes()[:900])
    examples = Unpaired.open(config(folder, cache=cache, workers=workers))
    first(examples, 8)
    assert [problem.file for problem in examples.problems] == ["trainB/p3.png"]
    for path in (folder / "trainB").iterdir():
        path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(DataError, match="None of the .*pictures"):
        first(Unpaired.open(config(folder, cache=cache, workers=workers, source="photo", target="photo")), 1)


def test_memory_holds_both_sides_or_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(isinstance(store, Memory) for store in Unpaired.open(config(folder))._stores)
    monkeypatch.setattr("pix2pix.data.store.LARGEST_CACHE", 18 * 18 * 3 * 11)
    assert all(isinstance(store, Stream) for store in Unpaired.open(config(folder))._stores)


def test_the_fingerprint_knows_both_sides_and_their_order(folder: Path) -> None:
    before = Unpaired.open(config(folder)).fingerprint()
    assert before.startswith("12 ") and Unpaired.open(config(folder)).fingerprint() == before
    assert Unpaired.open(config(folder, direction="BtoA")).fingerprint() != before
    (folder / "trainA" / "m0.png").rename(folder / "trainA" / "z0.png")
    assert Unpaired.open(config(folder)).fingerprint() != before


def test_small_pictures_are_noted_for_each_side(folder: Path) -> None:
    notes = Unpaired.open(config(folder, size=32)).notes
    assert [note.file for note in notes] == ["trainA/m0.png", "trainB/p0.png"]
    assert "Train with --size 16." in str(notes[0])
    warnings = " ".join(Unpaired.open(config(folder, size=32)).warnings())
    assert "size 32 is below the patch of 70" in warnings


def test_what_is_no_two_sides_gets_a_sentence_with_the_way_out(tmp_path: Path) -> None:
    def refusal(data: Path, data_b: Path | str = "") -> str:
        with pytest.raises(DataError) as caught:
            find_sides(data, data_b)
        return str(caught.value)

    fill(tmp_path / "one", *numbered(".", 3))
    fill(tmp_path / "three", *numbered("a1", 2), *numbered("a2", 2), *numbered("a3", 2))
    fill(tmp_path / "lone", *numbered("A", 3), *numbered("B", 1))
    fill(tmp_path / "tested", *numbered("trainA", 3), *numbered("testB", 3))
    (tmp_path / "none").mkdir()
    assert "has 3 pictures and no second side" in refusal(tmp_path / "one")
    assert "pix2pix train A_FOLDER B_FOLDER --method cyclegan" in refusal(tmp_path / "one")
    assert "3 folders of pictures (a1, a2, a3)" in refusal(tmp_path / "three")
    assert f"{tmp_path / 'three' / 'a1'} {tmp_path / 'three' / 'a2'}" in refusal(tmp_path / "three")
    assert "B of" in refusal(tmp_path / "lone") and "1 training picture" in refusal(tmp_path / "lone")
    assert "no training pictures, only 3 in test" in refusal(tmp_path / "tested")
    assert "the same folder" in refusal(tmp_path / "one", tmp_path / "three" / ".." / "one")
    assert "lies in" in refusal(tmp_path / "three", tmp_path / "three" / "a1")
    assert "no picture that can be read" in refusal(tmp_path / "one", tmp_path / "none")
    assert "no picture that can be read" in refusal(tmp_path / "none")
    with pytest.raises(ConfigError, match="make is gray"):
        Unpaired.open(config(tmp_path / "one", make="gray"))


def test_the_methods_find_the_data_by_its_name(folder: Path) -> None:
    assert isinstance(EXAMPLES["unpaired"](config(folder), None, None), Unpaired)


def test_a_paired_test_set_is_validated_on(folder: Path, pairs: Path) -> None:
    examples = Unpaired.open(config(folder, paired_test=str(pairs)))
    shown = examples.validation(3)
    truth = open_pairs(pairs)
    (name, images), picture = shown[0], truth.val[0]
    source, target = truth.load(picture, 16)
    assert name == picture.name
    assert torch.equal(images["a"], to_tensor(source)) and torch.equal(images["b"], to_tensor(target))
    turned = Unpaired.open(config(folder, paired_test=str(pairs), direction="BtoA")).validation(1)[0][1]
    assert torch.equal(turned["a"], images["b"])
    with pytest.raises(DataError, match="has no pairs"):
        Unpaired.open(config(folder, paired_test=str(folder / "trainA")))
    with pytest.raises(ConfigError, match="paired_test is for training without pairs"):
        Dataset.open(config(pairs, paired_test=str(pairs)))
