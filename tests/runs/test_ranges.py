"""The range of deep pictures, from training to translation, evaluation and a resume: found or stated once,
kept in the checkpoint, used again, and told where values lie outside of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from paths import CASES
from PIL import Image

from pix2pix import ModelConfig, TrainConfig, Translator, evaluate, load_checkpoint, resume, train
from pix2pix.cli import main
from pix2pix.data.batches import Dataset
from pix2pix.data.pairs import read_pair
from pix2pix.errors import ConfigError, DataError
from pix2pix.evaluation.evaluate import open_evaluation_pairs
from pix2pix.runs.preflight import adopt_start
from pix2pix.runs.run import Run
from pix2pix.ui.shared.model_library import ModelLibrary
from pix2pix.ui.translate import tab as translate_tab

TINY: dict[str, Any] = {
    "size": 32,
    "width": 4,
    "discriminator_width": 4,
    "patch": "16",
    "steps": 2,
    "log_every": 1,
    "precision": "fp32",
    "device": "cpu",
}
LEVELS = (-1000.0, 2000.0)


def float_values(number: int, top: float = 2000) -> np.ndarray:
    """(32, 32) float32 from -1000 to `top`, another order for each number."""
    values = np.linspace(-1000, top, 1024, dtype=np.float32)
    return np.random.default_rng(number).permutation(values).reshape(32, 32)


def write_signed_pairs(folder: Path, count: int = 5) -> Path:
    """Sources in signed float TIFF, each with the whole range; targets in 8 bits."""
    for side in ("A", "B"):
        (folder / side).mkdir(parents=True)
    for number in range(count):
        Image.fromarray(float_values(number)).save(folder / "A" / f"{number}.tif")
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (32, 32, 3), np.uint8)).save(
            folder / "B" / f"{number}.png"
        )
    return folder


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """Pairs with signed float sources, and a run of two steps on them. Tests only read them."""
    folder = tmp_path_factory.mktemp("signed")
    data = write_signed_pairs(folder / "pairs")
    return data, train(TrainConfig(data=str(data), **TINY), folder / "runs" / "signed")


def test_the_range_of_the_set_is_told_and_lies_in_the_checkpoint(signed: tuple[Path, Run]) -> None:
    _, run = signed
    config = load_checkpoint(run.model_path).config
    assert (config.source_levels, config.target_levels, config.source) == (LEVELS, None, "gray")
    assert "source: gray in A, values -1000 (black) to 2000 (white); target" in run.snapshot().log


def test_a_picture_is_translated_as_it_was_trained_on_and_overshoot_is_clipped_and_told(
    signed: tuple[Path, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = signed
    beyond = float_values(0)
    beyond[:2] = 3000
    Image.fromarray(beyond).save(tmp_path / "beyond.tif")
    clipped = np.minimum(beyond, 2000)
    Image.fromarray(clipped).save(tmp_path / "clipped.tif")
    translator = Translator.load(run.model_path, device="cpu")
    pair = next(pair for pair in open_evaluation_pairs(translator, data).pairs if pair.name == "0")
    expected = np.asarray(translator(read_pair(pair)[0]))
    with Image.open(pair.source) as picture:
        np.testing.assert_array_equal(np.asarray(translator(picture)), expected)
        np.testing.assert_array_equal(np.asarray(translator.translate_batch([picture] * 2)[1]), expected)
    made: dict[str, np.ndarray] = {}
    for name, source in (("same", pair.source), ("beyond", tmp_path / "beyond.tif")):
        out = tmp_path / f"{name}.png"
        assert main(["translate", str(run.model_path), str(source), "-o", str(out), "--device", "cpu"]) == 0
        made[name] = np.asarray(Image.open(out))
        told = capsys.readouterr().err
        assert ("values outside -1000 (black) to 2000 (white), which are clipped: 6 %" in told) == (
            name == "beyond"
        )
    np.testing.assert_array_equal(made["same"], expected)
    with Image.open(tmp_path / "clipped.tif") as picture:
        np.testing.assert_array_equal(made["beyond"], np.asarray(translator(picture)))


def test_a_folder_is_told_once_of_pictures_with_values_outside(
    signed: tuple[Path, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = signed
    (tmp_path / "in").mkdir()
    for number, top in enumerate((1500, 2000, 2500)):
        Image.fromarray(float_values(number, top)).save(tmp_path / "in" / f"{number}.tif")
    assert main(["translate", str(run.model_path), str(tmp_path / "in"), "-o", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().err
    assert told.count("note: ") == 1
    assert "note: 1 of 3 pictures have values outside -1000 (black) to 2000 (white)" in told


def test_the_page_reads_a_file_with_the_range_of_the_model_and_tells_overshoot(
    signed: tuple[Path, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = signed
    library = ModelLibrary(tmp_path, run.path.parent)
    library.listing()
    translator = library.translator("runs/signed")
    with Image.open(data / "A" / "1.tif") as picture:
        expected = np.asarray(translator(picture))
    made = translate_tab.translate(library, str(data / "A" / "1.tif"), "runs/signed")
    np.testing.assert_array_equal(np.asarray(made), expected)
    assert "outside" not in capsys.readouterr().out
    Image.fromarray(float_values(1, 2500)).save(tmp_path / "beyond.tif")
    for mode in ("fit", "native"):
        translate_tab.translate(library, str(tmp_path / "beyond.tif"), "runs/signed", mode)
        assert "values outside -1000 (black) to 2000 (white)" in capsys.readouterr().out
    assert "read from -1000 (black) to 2000 (white)" in translate_tab.describe(library, "runs/signed")


def test_evaluation_reads_other_pairs_with_the_range_of_the_model(
    signed: tuple[Path, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = signed
    other = write_signed_pairs(tmp_path / "other", 3)
    Image.fromarray(float_values(0, 4000)).save(other / "A" / "0.tif")
    translator = Translator.load(run.model_path, device="cpu")
    assert {pair.source_levels for pair in open_evaluation_pairs(translator, other).pairs} == {LEVELS}
    scores = evaluate(translator, other, split="all")
    assert [note[:26] for note in scores.notes] == ["1 of 3 sources have values"]
    assert scores.to_dict()["notes"] == list(scores.notes)
    command = ["evaluate", str(run.model_path), str(other), "--split", "all", "--device", "cpu"]
    assert main(command) == 0
    assert "note: 1 of 3 sources have values outside -1000" in capsys.readouterr().err


def test_a_resumed_run_keeps_its_range_whatever_was_added(signed: tuple[Path, Run], tmp_path: Path) -> None:
    data = tmp_path / "pairs"
    shutil.copytree(signed[0], data)
    run = train(TrainConfig(data=str(data), **TINY), tmp_path / "run")
    Image.fromarray(float_values(9, 5000)).save(data / "A" / "9.tif")
    shutil.copy(data / "B" / "0.png", data / "B" / "9.png")
    resume(run.path, steps=3)
    assert load_checkpoint(run.model_path).config.source_levels == LEVELS
    log = run.snapshot().log
    assert "1 source has values outside -1000 (black) to 2000 (white), which are clipped" in log
    assert TrainConfig(data=str(data)).ranges() == (None, None)
    assert Dataset.open(TrainConfig(data=str(data), **TINY)).folder.levels[0] == (-1000, 5000)


def test_a_stated_range_is_taken_and_what_it_clips_is_told(
    signed: tuple[Path, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["inspect", str(signed[0]), "--json", "--source-range", "-500:500"]
    assert main(command) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["source"]["levels"] == [-500, 500] and report["target"]["levels"] is None
    assert any(
        "5 sources have values outside -500 (black) to 500" in each["what"] for each in report["findings"]
    )
    settings = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]
    run = tmp_path / "run"
    command = ["train", str(signed[0]), "--run", str(run), "--source-range", "-500:500", *settings]
    assert main([*command, "--target-range=0:9"]) == 0
    config = load_checkpoint(run / "model.pth").config
    assert (config.source_levels, config.target_levels) == ((-500, 500), None), "no target is deep"
    assert "The range for the targets is not used: none of them has more than 8 bits" in (
        run / "log.txt"
    ).read_text("utf-8")
    assert main(["info", str(run / "model.pth")]) == 0
    assert "-500 (black) to 500 (white)" in capsys.readouterr().out


def test_a_stated_range_spares_looking_at_all_pictures(signed: tuple[Path, Run], tmp_path: Path) -> None:
    data = tmp_path / "pairs"
    shutil.copytree(signed[0], data)
    whole = (data / "A" / "0.tif").read_bytes()
    config = TrainConfig(data=str(data), source_range="-1:1", **TINY)
    assert Dataset.open(config).folder.levels == ((-1, 1), None)
    assert (data / "A" / "0.tif").read_bytes() == whole


@pytest.mark.parametrize("text", ["x", "1", "5:2", "3:3", "nan:1", "0:inf", "1:2:3", "-1e308:1e308", ":"])
def test_a_text_that_is_no_range_gets_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match=r"source_range is '.*'; it must be LOW:HIGH, two numbers"):
        TrainConfig(source_range=text)


def test_a_model_says_its_range_in_plain_values_and_only_where_it_has_one() -> None:
    config = ModelConfig(source_levels=(-1024, 3071.5))
    told = config.to_dict()
    assert told["source_levels"] == [-1024, 3071.5] and "target_levels" not in told
    assert ModelConfig.from_dict(json.loads(json.dumps(told))) == config
    assert not {"source_levels", "target_levels"} & ModelConfig().to_dict().keys()
    for wrong in ([1], [2, 1], ["a", 1], "x", [0, float("nan")], 7):
        with pytest.raises(ConfigError, match="source_levels is"):
            ModelConfig.from_dict({"source_levels": wrong})


def test_a_start_model_hands_on_its_range_unless_another_one_is_stated() -> None:
    start = ModelConfig(source_levels=(-1024, 1 / 3))
    assert adopt_start(TrainConfig(), start).ranges() == ((-1024, 1 / 3), None)
    assert adopt_start(TrainConfig(source_range="0:9"), start).ranges() == ((0, 9), None)


def test_halves_of_one_file_may_have_a_range_each(tmp_path: Path) -> None:
    values = np.zeros((16, 32), np.uint16)
    values[:, :16] = 100
    values[:, 16:] = 1000
    for number in range(2):
        Image.fromarray(values).save(tmp_path / f"{number}.png")
    config = TrainConfig(data=str(tmp_path), source_range="0:250", target_range="0:5000")
    halves = read_pair(Dataset.open(config).folder.pairs[0])
    assert [half.getpixel((0, 0))[0] for half in halves] == [102, 51]
    alone = TrainConfig(data=str(tmp_path), source_range="0:2500")
    halves = read_pair(Dataset.open(alone).folder.pairs[0])
    assert [half.getpixel((0, 0))[0] for half in halves] == [10, 102]


def test_a_stated_target_wins_over_what_the_pictures_look_like(tmp_path: Path, pairs: Path) -> None:
    config = TrainConfig(data=str(pairs), target="gray", **TINY)
    dataset = Dataset.open(config)
    assert (dataset.target, dataset.out_channels) == ("gray", 1)
    assert any("6 targets are coloured, and read as gray" in words for words in dataset.warnings())
    run = train(config, tmp_path / "run")
    assert load_checkpoint(run.model_path).config.out_channels == 1
    resume(run.path, steps=3)
    with pytest.raises(ConfigError, match="started with target 'gray', not 'photo'"):
        resume(run.path, settings={"target": "photo"})


@pytest.mark.parametrize(
    ("case", "source_levels", "target"),
    [("u16_12bit", (0, 4095), None), ("ct_s16", (-1024, 2704), None), ("gray_hides_colour", None, "photo")],
)
def test_the_cases_are_trained_on_with_their_values_and_colours(
    case: str, source_levels: tuple[float, float] | None, target: str | None
) -> None:
    if not CASES.is_dir():
        pytest.skip("no ../shared/cases here")
    images = Dataset.open(TrainConfig(data=str(CASES / case), **TINY)).images
    assert images["source"].levels == source_levels
    assert target is None or (images["target"].kind, images["target"].channels) == (target, 3)


def test_prepared_pairs_have_the_range_of_all_photos(tmp_path: Path) -> None:
    """12 bits in 16 would come out nearly black."""
    for number in range(2):
        (tmp_path / "photos").mkdir(exist_ok=True)
        values = np.full((16, 16), 4000, np.uint16)
        values[:8] = 0
        Image.fromarray(values).save(tmp_path / "photos" / f"{number}.png")
    command = [
        "prepare",
        str(tmp_path / "photos"),
        "-o",
        str(tmp_path / "out"),
        "--make",
        "gray",
        "--size",
        "16",
    ]
    assert main(command) == 0
    made = next((tmp_path / "out").glob("*.png"))
    assert np.asarray(Image.open(made).convert("L")).max() == round(255 * 4000 / 4095)


def test_damaged_deep_pictures_end_no_evaluation(signed: tuple[Path, Run], tmp_path: Path) -> None:
    other = write_signed_pairs(tmp_path / "other", 3)
    data = (other / "A" / "0.tif").read_bytes()
    (other / "A" / "0.tif").write_bytes(data[:600])
    translator = Translator.load(signed[1].model_path, device="cpu")
    try:
        scores = evaluate(translator, other, split="all")
    except DataError as error:  # a decoder that reads no header of what is left
        pytest.fail(str(error))
    assert scores.count == 2


def test_a_run_of_before_that_knows_no_range_goes_on_and_learns_it(
    signed: tuple[Path, Run], tmp_path: Path
) -> None:
    shutil.copytree(signed[1].path, tmp_path / "run")
    run = Run(tmp_path / "run")
    state = torch.load(run.state_path, weights_only=True)
    del state["model"]["source_levels"]
    torch.save(state, run.state_path)
    settings = json.loads(run.config_path.read_text("utf-8"))
    for name in ("target", "source_range", "target_range"):
        del settings[name]
    run.config_path.write_text(json.dumps(settings), "utf-8")
    resume(run.path, steps=3)
    assert load_checkpoint(run.model_path).config.source_levels == LEVELS


def test_a_run_whose_deep_pictures_became_ones_of_8_bits_keeps_its_range(
    signed: tuple[Path, Run], tmp_path: Path
) -> None:
    data = tmp_path / "pairs"
    shutil.copytree(signed[0], data)
    shutil.copytree(signed[1].path, tmp_path / "run")
    for path in sorted((data / "A").iterdir()):
        shown = np.asarray(Image.open(path).point(lambda value: value * 0.085 + 85)).astype(np.uint8)
        path.unlink()
        Image.fromarray(shown).save(path.with_suffix(".png"))
    run = resume(tmp_path / "run", steps=3, settings={"data": str(data)})
    assert load_checkpoint(run.model_path).config.source_levels == LEVELS
