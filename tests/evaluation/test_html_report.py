"""The page of an evaluation: whole without a server, sorted by any measure, and never tricked by a name."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.config import ModelConfig
from pix2pix.data.pairs import open_pairs
from pix2pix.errors import DataError
from pix2pix.evaluation.evaluate import Evaluation
from pix2pix.evaluation.html_report import HtmlReport
from pix2pix.inference.translator import Translator
from pix2pix.networks import build_generator, init_weights
from pix2pix.runtime.files import read_image, read_size

NASTY = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def page(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gallery of six houses, one of them with a name that would end a script."""
    config = ModelConfig(width=4, depth=3, size=32, source="labels")
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(0))
    translator = Translator(Checkpoint(config, generator.state_dict()), device="cpu")
    folder = open_pairs(pairs)
    named = dataclasses.replace(
        folder, train=(dataclasses.replace(folder.train[0], name=NASTY), *folder.train[1:])
    )
    gallery = HtmlReport(tmp_path_factory.mktemp("scores") / "gallery", config)
    scores = Evaluation(translator, named, split="all").run([gallery])
    return gallery.finish(scores, "tiny.pth on houses", "six of them")


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    values: dict[str, Any] = json.loads(found[1])
    return values


def test_it_holds_three_pictures_and_all_numbers_of_each_pair(page: Path) -> None:
    data = data_of(page)
    assert len(data["rows"]) == 6 and data["columns"] == ["l1", "psnr", "ssim", "edges", "grid", "seconds"]
    assert [name for name, _ in data["means"]] == [
        "l1",
        "psnr",
        "ssim",
        "edges",
        "grid",
        "lab_l",
        "lab_a",
        "lab_b",
        "seconds",
    ]
    for row in data["rows"]:
        assert [Path(file).suffix for file in row["files"]] == [".png", ".jpg", ".jpg"]
        assert all(read_size(page.parent / file) == (32, 32) for file in row["files"])
    assert data["rows"][0]["name"] == NASTY


def test_a_folder_of_its_own_is_written_again_and_no_other(page: Path, tmp_path: Path) -> None:
    assert HtmlReport(page.parent, ModelConfig()).page == page
    assert HtmlReport(tmp_path, ModelConfig()).page == tmp_path / "index.html"
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="holds other files already. Choose a new folder"):
        HtmlReport(tmp_path, ModelConfig())


@pytest.mark.browser
def test_it_sorts_by_any_measure_finds_names_and_shows_pictures_large(page: Path, browser: Any) -> None:
    rows = data_of(page)["rows"]
    opened = browser.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.goto(page.as_uri())

    def shown() -> list[str]:
        return [str(text) for text in opened.locator("main h2").all_inner_texts()]

    def sorted_by(name: str, most_first: bool) -> list[str]:
        return [row["name"] for row in sorted(rows, key=lambda row: row["scores"][name], reverse=most_first)]

    assert shown() == sorted_by("l1", True)
    opened.get_by_label("Sort by").select_option("ssim")
    assert shown() == sorted_by("ssim", False)
    opened.get_by_role("button", name="worst first").click()
    assert shown() == sorted_by("ssim", True)
    opened.get_by_label("Sort by").select_option("edges")
    by_distance = sorted(rows, key=lambda row: abs(math.log(row["scores"]["edges"])), reverse=True)
    opened.get_by_role("button", name="best first").click()
    assert shown() == [row["name"] for row in by_distance]
    opened.get_by_role("button", name="worst first").click()
    opened.get_by_label("Sort by").select_option("name")
    assert shown() == sorted((row["name"] for row in rows), reverse=True)
    opened.get_by_label("Find a name").fill("house3")
    assert shown() == ["house3"]
    opened.locator("main .pictures button").first.click()
    assert opened.locator("dialog img").count() == 3 and opened.locator("dialog").is_visible()
    opened.keyboard.press("Escape")
    assert not opened.locator("dialog").is_visible() and troubles == []
    opened.close()


def test_a_gallery_that_was_stopped_is_begun_again(tmp_path: Path) -> None:
    config = ModelConfig(depth=5, width=4, size=32)
    (tmp_path / "pictures").mkdir(exist_ok=True)
    (tmp_path / "pictures" / "00001-input.png").write_bytes(b"")
    HtmlReport(tmp_path, config)
    (tmp_path / "pictures" / "mine.png").write_bytes(b"")
    with pytest.raises(DataError, match="other files"):
        HtmlReport(tmp_path, config)


def test_equal_names_in_several_splits_keep_their_own_pictures(tmp_path: Path) -> None:
    """The gallery of `--split all` once showed val/2 four times."""
    colors = {
        "train/1": (250, 10, 10),
        "train/2": (10, 250, 10),
        "val/1": (10, 10, 250),
        "val/2": (250, 250, 10),
        "test/2": (10, 250, 250),
    }
    for key, color in colors.items():
        path = tmp_path / "pairs" / f"{key}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 32), color).save(path)
    config = ModelConfig(width=4, depth=3, size=32)
    translator = Translator(Checkpoint(config, build_generator(config).state_dict()), device="cpu")
    gallery = HtmlReport(tmp_path / "gallery", config)
    scores = Evaluation(translator, open_pairs(tmp_path / "pairs"), split="all").run([gallery])
    data = data_of(gallery.finish(scores, "tiny.pth", "all"))
    assert {row["name"] for row in data["rows"]} == set(colors)
    for row in data["rows"]:
        pixel = read_image(gallery.folder / row["files"][2]).getpixel((5, 5))
        assert max(abs(a - b) for a, b in zip(pixel, colors[row["name"]], strict=True)) < 12, row["name"]
    lines = list(csv.DictReader(io.StringIO(scores.to_csv())))
    assert {f"{line['split']}/{line['name']}" for line in lines} == set(colors) and len(lines) == 5
    assert {(row["split"], row["name"]) for row in scores.to_dict()["pictures"]} == {
        tuple(key.split("/")) for key in colors
    }
