"""What the section of the page shows of data that is brought, and what its buttons do, without a browser."""

from __future__ import annotations

import gc
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from conftest import draw_pair
from gradio.utils import get_upload_folder
from PIL import Image

from pix2pix.data.pairs import open_pairs
from pix2pix.errors import DataError
from pix2pix.ui.train import dataset_memory as dataset_memory
from pix2pix.ui.train import dataset_report as dataset_report
from pix2pix.ui.train.dataset import (
    Place,
    add_files,
    add_named,
    build_dataset_form,
    choose_source,
    mend,
    show,
    switch_direction,
    turn_page,
)
from pix2pix.ui.train.dataset_layout import restate, take_apart

# Gradio leaves event loops and sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(autouse=True)
def _collect_what_gradio_leaves() -> Iterator[None]:
    """Here, where its warnings are let pass, and not in some later test."""
    yield
    gc.collect()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "uploads", (tmp_path,))


def save_folders(root: Path, count: int) -> Path:
    """Grainy houses in A, their labels in B."""
    for number in range(count):
        labels, house = draw_pair(number, 32)
        grain = np.random.default_rng(number).normal(0, 25, (32, 32, 3)) + np.asarray(house)
        house = Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8))
        for half, image in zip("BA", (labels, house), strict=True):
            (root / half).mkdir(parents=True, exist_ok=True)
            image.save(root / half / f"house{number}.png")
    return root


def test_pairs_are_described_turned_and_leafed_through(place: Place, tmp_path: Path) -> None:
    brought = add_named(place, str(save_folders(tmp_path / "houses", 8)))
    parts = show(brought)
    assert parts["data"] == str((tmp_path / "houses").resolve())
    assert "8 pairs, two folders, 32 x 32, labels in B: 3 colours" in parts["headline"]
    assert parts["direction"]["value"] == "BtoA"
    assert [words for words, _ in parts["direction"]["choices"]] == ["photos → labels", "labels → photos"]
    assert parts["size"] == 32
    assert parts["strip"].count("<figure>") == 6 and "house0" in parts["strip"]
    further = turn_page(parts["state"], 0, by=1)
    assert further["strip"].count("<figure>") == 2 and "7 to 8 of 8" in further["place"]
    assert (
        turn_page(parts["state"], 1, by=5)["page"] == 1 and turn_page(parts["state"], 0, by=-1)["page"] == 0
    )
    back = switch_direction(brought, "AtoB", 0)
    assert back["state"].report.source == brought.report.target
    assert switch_direction(brought, "sideways", 0) == switch_direction(None, "AtoB", 0) == {}


def test_a_card_for_each_thing_that_is_wrong_and_its_button_mends_it(place: Place, tmp_path: Path) -> None:
    folder = save_folders(tmp_path / "houses", 5)
    (folder / "A/house4.png").unlink()
    (folder / "A/<b>.heic").write_bytes(b"x")
    brought = add_named(place, str(folder))
    parts = show(brought)
    shown = {key for key in dataset_report.CARDS if parts[f"card_{key}"]["visible"]}
    assert shown == {"unpaired", "unread", "small"}
    assert "house4.png" in parts["text_unpaired"] and "&lt;b&gt;.heic" in parts["text_unread"]
    assert parts["mend_unpaired"]["visible"] and not parts["mend_small"]["visible"]
    mended = mend(place, brought, key="unpaired")
    assert mended.upload.ours and mended.report.direction == brought.report.direction
    assert not show(mended)["card_unpaired"]["visible"] and show(mended)["undo"]["visible"]
    assert show(mended)["data"] != parts["data"]
    assert show(mended.before)["data"] == parts["data"]
    assert (folder / "B/house4.png").exists()
    with pytest.raises(DataError, match="mended already"):
        mend(place, mended, key="unpaired")
    with pytest.raises(DataError, match="mended already"):
        mend(place, mended, key="../x")


def test_broken_uploads_are_dismissed_without_a_copy(place: Place, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for path in save_folders(tmp_path / "in", 4).rglob("*.png"):
            archive.write(path, path.relative_to(tmp_path / "in"))
        archive.writestr("A/bad.png", b"nothing")
    brought = add_files(place, [str(tmp_path / "x.zip")])
    assert show(brought)["card_unreadable"]["visible"]
    mended = mend(place, brought, key="unreadable")
    assert mended.upload.folder == brought.upload.folder
    assert not show(mended)["card_unreadable"]["visible"]


def test_photos_alone_need_a_choice_first(place: Place, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(3):
        draw_pair(number, 32)[1].save(tmp_path / "photos" / f"{number}.png")
    brought = add_named(place, str(tmp_path / "photos"))
    parts = show(brought)
    assert "3 photos, 32 x 32" in parts["headline"]
    assert parts["data"] == "" and parts["make"]["visible"] and not parts["direction"]["visible"]
    assert parts["strip"].count("<img") == 3
    chosen = choose_source(brought, "edges", 0)
    assert chosen["data"] == str((tmp_path / "photos").resolve())
    assert chosen["strip"].count("<img") == 6
    assert choose_source(brought, "magic", 0) == {}
    assert open_pairs(chosen["data"], make="edges").pairs


def test_two_folders_without_common_names_are_told(place: Place, tmp_path: Path) -> None:
    folder = save_folders(tmp_path / "houses", 3)
    for path in (folder / "A").iterdir():
        path.rename(path.with_name(f"other-{path.name}"))
    headline = show(add_named(place, str(folder)))["headline"]
    assert "no two files with the same name" in headline
    assert "nothing wrong" not in headline, "what has to be renamed is not fine"


def test_a_layout_that_was_guessed_wrong_is_stated_and_kept(place: Place, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for number in range(6):
        Image.new("RGB", (32, 16), (number, 0, 0)).save(
            tmp_path / "set" / f"house{number // 2}_{'ab'[number % 2]}.png"
        )
    brought = add_named(place, str(tmp_path / "set"))
    assert "3 pairs, two suffixes" in show(brought)["headline"] and show(brought)["card_double"]["visible"]
    stated = restate(brought, "side-by-side")
    assert "6 pairs, side by side" in show(stated)["headline"] and show(stated)["layout"] == "side-by-side"
    assert not show(stated)["card_double"]["visible"]
    with pytest.raises(DataError, match="no pairs"):
        restate(stated, "folders")
    assert restate(stated, "sideways") is stated
    note = dataset_memory.note_of(stated)
    recalled = dataset_memory.recall(place.uploads, place.allowed, note=note)
    assert recalled and recalled.layout == "side-by-side" and len(recalled.pairs.pairs) == 6
    mended = mend(place, stated, key="copies") if show(stated)["card_copies"]["visible"] else stated
    assert mended.layout == "side-by-side"
    assert dataset_memory.recall(
        place.uploads, place.allowed, note={key: note[key] for key in ("folder", "direction", "make")}
    )


def test_what_is_skipped_is_said_and_is_nothing_wrong(place: Place) -> None:
    folder = save_folders(place.uploads.parent / "houses", 5)
    (folder / "@eaDir").mkdir()
    draw_pair(1, 32)[0].save(folder / "@eaDir" / "1.png")
    shown = show(add_named(place, str(folder)))
    assert "@eaDir: a folder of the system is not read; 1 picture lies in it." in shown["headline"]
    assert "5 pairs" in shown["headline"]


def test_pairs_by_name_that_cannot_be_used_are_not_told_to_be_renamed(place: Place, tmp_path: Path) -> None:
    folder = save_folders(tmp_path / "houses", 3)
    for path in (folder / "A").iterdir():
        Image.new("RGB", (20, 16)).save(path)
    shown = show(add_named(place, str(folder)))["headline"]
    assert "houses has no pair that can be used: the halves of all 3 pairs are of two sizes." in shown
    assert "one name" not in shown and str(tmp_path) not in shown


def test_wide_pictures_may_be_pairs_to_be_cut(place: Place, tmp_path: Path) -> None:
    (tmp_path / "wide").mkdir()
    for number in range(3):
        Image.new("RGB", (101, 40), (number, 0, 0)).save(tmp_path / "wide" / f"{number}.png")
    brought = add_named(place, str(tmp_path / "wide"))
    assert show(brought)["mend_shape"]["value"] == "Cut in the middle"
    assert "3 pairs, side by side, 80 x 40" in show(mend(place, brought, key="shape"))["headline"]


@pytest.mark.parametrize("count", [1, 2])
def test_one_pair_is_trainable_with_a_warning(place: Place, tmp_path: Path, count: int) -> None:
    parts = show(add_named(place, str(save_folders(tmp_path / "few", count))))
    assert parts["card_few"]["visible"] and parts["data"]
    assert "only 1 training pair." in parts["text_few"]


def test_dropped_files_are_gone_from_gradios_folder_whatever_happened(place: Place, tmp_path: Path) -> None:
    kept = Path(get_upload_folder()) / "test-bring"
    kept.mkdir(parents=True, exist_ok=True)
    for name in ("x.zip", "y.txt"):
        (kept / name).write_bytes(b"nothing")
        with pytest.raises(DataError):
            add_files(place, [str(kept / name)])
        assert not (kept / name).exists()
    (tmp_path / "mine.zip").write_bytes(b"nothing")
    with pytest.raises(DataError):
        add_files(place, [str(tmp_path / "mine.zip")])
    assert (tmp_path / "mine.zip").exists()
    assert not list((tmp_path / "uploads").glob("*"))
    kept.rmdir()


def test_the_section_is_built_with_its_interface(tmp_path: Path) -> None:
    with gr.Blocks():
        section = build_dataset_form(tmp_path / "uploads", ())
    assert [value for _, value in section.make.choices] == ["none", "gray", "edges", "mask", "lowres"]
    assert [value for _, value in section.direction.choices] == ["AtoB", "BtoA"]
    assert section.data.visible == "hidden"
    assert show(None)["data"] == ""
    assert set(show(None)) <= set(section.parts)


def test_values_of_more_than_8_bits_are_told_with_the_place_to_change_them(
    place: Place, tmp_path: Path
) -> None:
    folder = save_folders(tmp_path / "scans", 4)
    for number in range(4):
        values = np.linspace(0, 3000, 32 * 32).reshape(32, 32).astype(np.uint16)
        Image.fromarray(values).save(folder / "A" / f"house{number}.png")
    brought = add_named(place, str(folder))
    card = next(card for card in dataset_report.cards(brought) if card.case.key == "levels")
    assert "from 0 (black) to 4095 (white)" in card.text and not card.button
    assert "in All settings: Source range" in card.text and "--" not in card.text


def save_sides(root: Path, monets: int, photos: int) -> Path:
    """Grainy pictures of no pairs in two folders, and one of them once more."""
    for folder, count in (("monet", monets), ("photo", photos)):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            grain = np.random.default_rng([folder == "photo", number]).integers(0, 256, (48, 32, 3), np.uint8)
            Image.fromarray(grain).save(root / folder / f"{folder}{number}.png")
    return root


def zip_of(folder: Path, archive: Path) -> str:
    with zipfile.ZipFile(archive, "w") as opened:
        for path in sorted(folder.iterdir()):
            opened.write(path, path.name)
    return str(archive)


def test_two_zips_that_do_not_pair_are_trained_on_without_pairs_by_one_click(
    place: Place, tmp_path: Path
) -> None:
    root = save_sides(tmp_path / "in", 12, 14)
    brought = add_files(place, [zip_of(root / name, tmp_path / f"{name}.zip") for name in ("photo", "monet")])
    parts = show(brought)
    assert parts["card_apart"]["visible"] and parts["mend_apart"]["value"] == "Train without pairs"
    assert (
        "12 and 14 pictures that do not pair: train without pairs, or mend the names" in parts["text_apart"]
    )
    assert "--method" not in parts["text_apart"] and "nothing wrong" not in parts["headline"]
    assert parts["data"] == "" and parts["method"] == "pix2pix"
    apart = mend(place, brought, key="apart")
    parts = show(apart)
    assert parts["method"] == "cyclegan" and parts["data"] == str(brought.upload.folder)
    assert "12 pictures in monet and 14 in photo, without pairs" in parts["headline"]
    assert "11 and 13 to train, 1 and 1 to validate, drawn at random" in parts["headline"]
    assert not parts["make"]["visible"] and not parts["card_apart"]["visible"]
    assert parts["direction"]["choices"] == [("monet → photo", "AtoB"), ("photo → monet", "BtoA")]
    assert parts["size"] == 32 and parts["strip"].count("<img") == 12
    assert not parts["mend_stretched"]["visible"], "what changes pairs is not for sides"
    last = turn_page(apart, 0, by=2)
    assert "13 to 14 of 14" in last["place"] and last["strip"].count("<img") == 2
    turned = switch_direction(apart, "BtoA", 0)
    assert "14 pictures in photo and 12 in monet" in turned["headline"]
    assert turned["strip"].index("photo1") < turned["strip"].index("monet1")
    assert show(apart.before)["method"] == "pix2pix" and show(apart.before)["card_apart"]["visible"]
    assert show(None)["method"] == "pix2pix"


def test_what_is_wrong_with_two_sides_is_mended_and_they_stay_without_pairs(
    place: Place, tmp_path: Path
) -> None:
    root = save_sides(tmp_path / "in", 12, 12)
    shutil.copy(root / "monet" / "monet1.png", root / "photo" / "other.png")
    shutil.copy(root / "monet" / "monet1.png", root / "monet" / "again.png")
    apart = mend(place, add_named(place, str(root)), key="apart")
    assert {"across", "copies"} <= {card.case.key for card in dataset_report.cards(apart)}
    assert "The same picture twice" in show(apart)["text_copies"]
    mended = mend(place, mend(place, apart, key="across"), key="copies")
    assert mended.method == "cyclegan" and mended.report.findings[0].key not in ("across", "copies")
    assert sorted(path.name for path in root.rglob("*.png"))[0] == "again.png"
    note = dataset_memory.note_of(mended)
    recalled = dataset_memory.recall(place.uploads, place.allowed, note=note)
    assert recalled and recalled.method == "cyclegan" and recalled.report.folders == ("monet", "photo")
    assert restate(mended, "folders").method == "cyclegan"
    with pytest.raises(DataError, match="no second side"):
        restate(mended, "suffixes")


def test_sides_with_a_few_equal_names_are_offered_to_be_taken_apart_too(place: Place, tmp_path: Path) -> None:
    root = save_sides(tmp_path / "in", 10, 10)
    for folder, side in (("monet", "A"), ("photo", "B")):
        (root / folder / f"{folder}0.png").rename(root / folder / "same.png")
        (root / folder).rename(root / side)
    parts = show(add_named(place, str(root)))
    assert parts["card_apart"]["visible"] and parts["card_unpaired"]["visible"] and parts["data"]
    assert "10 and 10 pictures that do not pair, all but 1:" in parts["text_apart"]


def test_numbered_sides_that_look_like_pairs_are_taken_apart_by_a_box_and_put_together_again(
    place: Place, tmp_path: Path
) -> None:
    root = save_sides(tmp_path / "in", 10, 12)
    for side in ("monet", "photo"):
        for path in (root / side).iterdir():
            path.rename(path.with_name(path.name.replace(side, "")))
        (root / side).rename(root / {"monet": "A", "photo": "B"}[side])
    brought = add_named(place, str(root))
    parts = show(brought)
    assert parts["method"] == "pix2pix" and parts["without_pairs"] == gr.update(value=False, visible=True)
    apart = take_apart(brought, True)
    parts = show(apart)
    assert (parts["method"], parts["without_pairs"]["value"]) == ("cyclegan", True)
    assert "10 pictures in A and 12 in B, without pairs" in parts["headline"]
    assert take_apart(apart, True) is apart
    together = take_apart(apart, False)
    assert show(together)["method"] == "pix2pix" and len(together.pairs.pairs) == 10
    assert together.before is not None and together.before.method == "cyclegan"
    photos = add_named(place, str(root / "A"))
    assert not show(photos)["without_pairs"]["visible"]
    with pytest.raises(DataError):
        take_apart(photos, True)


def test_photos_in_one_folder_are_not_offered_to_be_taken_apart(place: Place, tmp_path: Path) -> None:
    root = save_sides(tmp_path / "in", 4, 0)
    assert not show(add_named(place, str(root / "monet")))["card_apart"]["visible"]
