"""What the viewer of pairs shows, and what it refuses, without a browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.edits import Edit
from pix2pix.data.intake.uploads import edits_of
from pix2pix.errors import DataError
from pix2pix.ui.train import uploaded as uploaded
from pix2pix.ui.train.dataset import Place, add_named, edit, mend
from pix2pix.ui.train.pair_viewer import browse, is_viewable, read_edits
from pix2pix.ui.train.uploaded import UploadedDataset


def picture(seed: int, side: int = 64) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "uploads", (tmp_path,))


@pytest.fixture
def dataset(place: Place, tmp_path: Path) -> UploadedDataset:
    """Six pairs of two folders, the last one a copy of the first, one of another size."""
    for number in range(6):
        for side in "AB":
            folder = tmp_path / "houses" / side
            folder.mkdir(parents=True, exist_ok=True)
            seed = 2 * (number % 5) + (side == "B")
            picture(seed, 80 if number == 3 else 64).save(folder / f"{number}.png")
    return add_named(place, str(tmp_path / "houses"))


def test_pairs_are_shown_worst_first_each_with_what_the_doctor_says(dataset: UploadedDataset) -> None:
    shown = browse(dataset, {"shown": "all", "sort": "worst", "page": 0})
    assert [item["file"] for item in shown["items"][:2]] == ["A/5.png", "A/3.png"]
    assert shown["items"][0]["doubts"] == ["The same pair twice"]
    assert shown["items"][1]["doubts"] == ["Sizes differ"]
    assert shown["counts"] == {"all": 6, "doubtful": 2, "edited": 0, "excluded": 0}
    assert all(len(item["images"]) == 2 for item in shown["items"])
    assert len(browse(dataset, {"shown": "doubtful"})["items"]) == 2
    assert browse(dataset, {"page": 10**9})["page"] == 0
    large = browse(dataset, {"open": "A/3.png"})["large"]
    assert large["file"] == "A/3.png" and len(large["images"]) == 2


@pytest.mark.parametrize(
    "asked", [None, [], {"shown": "secrets"}, {"open": "../../etc/passwd"}, {"open": {"a": 1}}]
)
def test_what_is_no_question_is_refused(dataset: UploadedDataset, asked: object) -> None:
    with pytest.raises(DataError):
        browse(dataset, asked)


@pytest.mark.parametrize("asked", [None, {}, {"edits": {}}, {"edits": [1]}, {"edits": {"a": {"turns": "x"}}}])
def test_what_is_no_list_of_edits_is_refused(asked: object) -> None:
    with pytest.raises(DataError):
        read_edits(asked)


def test_what_was_left_out_comes_back_mended_after_a_fix(dataset: UploadedDataset, place: Place) -> None:
    edited = edit(place, dataset, {"A/1.png": Edit(excluded=True), "A/2.png": Edit(turns=(1, 1))})
    assert edited.count == 5
    fixed = mend(place, edited, key="sizes")
    assert fixed.count == 5 and [size[:2] for size in fixed.report.sizes] == [(64, 64)]
    assert browse(fixed, {"shown": "excluded"})["items"][0]["file"] == "A/1.png"
    whole = edit(place, fixed, {"A/1.png": Edit()})
    assert whole.count == 6 and [size[:2] for size in whole.report.sizes] == [(64, 64)]
    assert edits_of(whole.upload).by_file == {}
    turned = next(pair for pair in whole.pairs.pairs if pair.name == "2")
    with Image.open(turned.source) as image:
        assert np.array_equal(np.asarray(image), np.rot90(np.asarray(picture(4)), -1))
    assert whole.before is not None and whole.before.count == 5


def test_an_edit_stays_after_another_one_and_undo_gives_the_data_before(
    dataset: UploadedDataset, place: Place
) -> None:
    first = edit(place, dataset, {"A/0.png": Edit(mirrored=(True, False))})
    second = edit(place, first, {"A/1.png": Edit(excluded=True)})
    assert browse(second, {})["counts"] == {"all": 6, "doubtful": 2, "edited": 1, "excluded": 1}
    assert second.before and second.before.upload == first.upload
    back = edit(place, second, {"A/0.png": Edit(), "A/1.png": Edit()})
    assert back.upload.folder == dataset.upload.folder and not back.upload.ours


def test_sides_without_pairs_are_not_viewed(dataset: UploadedDataset) -> None:
    assert is_viewable(dataset) and not is_viewable(uploaded.without_pairs(dataset))
