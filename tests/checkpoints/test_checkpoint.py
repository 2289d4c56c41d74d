"""A checkpoint comes back as it was, and nothing hostile or broken is ever used."""

from __future__ import annotations

import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pix2pix.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError
from pix2pix.networks import build_generator, init_weights

CONFIG = ModelConfig(
    depth=3,
    width=4,
    size=16,
    source="labels",
    palette=(("wall", (0, 48, 255)), ("door", (0, 208, 255))),
    target_palette=(("sea", (0, 0, 90)),),
)

ENDLESS: dict[str, object] = {}
ENDLESS["again"] = ENDLESS
LAUGHS: dict[str, object] = {"ha": "ha"}
for _ in range(7):
    LAUGHS = {str(number): LAUGHS for number in range(10)}


@pytest.fixture
def checkpoint() -> Checkpoint:
    generator = build_generator(CONFIG)
    init_weights(generator, torch.Generator().manual_seed(1))
    return Checkpoint(
        CONFIG, dict(generator.state_dict()), {"task": "labels to photo", "metrics": {"ssim": 0.25}}
    )


@pytest.fixture
def saved(checkpoint: Checkpoint, tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "m.pth", checkpoint)
    return tmp_path / "m.pth"


def rewrite(path: Path, **changes: object) -> None:
    """The file with some of its entries replaced, as somebody else's program might write it."""
    torch.save(torch.load(path, weights_only=True) | changes, path)


def test_comes_back_as_it_was(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "m.pth", checkpoint, half=False)
    loaded = load_checkpoint(tmp_path / "m.pth")
    assert loaded.config == CONFIG and loaded.about == checkpoint.about
    assert all(torch.equal(value, checkpoint.weights[name]) for name, value in loaded.weights.items())
    assert not loaded.generator().training


def test_half_precision_halves_the_file_and_keeps_three_digits(
    checkpoint: Checkpoint, saved: Path, tmp_path: Path
) -> None:
    save_checkpoint(tmp_path / "full.pth", checkpoint, half=False)
    loaded = load_checkpoint(saved)
    assert saved.stat().st_size < 0.7 * (tmp_path / "full.pth").stat().st_size
    for name, value in loaded.weights.items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, checkpoint.weights[name], rtol=1e-3, atol=1e-6)


class Attack:
    """Would make a file if its pickle were run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return os.system, (f"touch {self.path}",)


def test_code_in_a_pickle_is_never_run(saved: Path, tmp_path: Path) -> None:
    victim = tmp_path / "touched"
    torch.save({"format": "pix2pix", "version": 1, "weights": Attack(victim)}, saved)
    with pytest.raises(CheckpointError, match="asks to run 'posix system'"):
        load_checkpoint(saved)
    saved.write_bytes(pickle.dumps(Attack(victim)))
    with pytest.raises(CheckpointError, match="a bare pickle, which can run programs"):
        load_checkpoint(saved)
    assert not victim.exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_cut_short_gets_a_sentence(saved: Path, share: float) -> None:
    saved.write_bytes(saved.read_bytes()[: int(saved.stat().st_size * share)])
    with pytest.raises(CheckpointError, match=r"m\.pth is (damaged|empty)"):
        load_checkpoint(saved)


def test_one_flipped_bit_in_the_weights_is_found(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    data[len(data) // 2] ^= 1
    saved.write_bytes(data)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(saved)


def test_a_compressed_bomb_is_not_unpacked(saved: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.pth"
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(
                entry.filename, old.read(entry) if "data/" not in entry.filename else bytes(50_000_000)
            )
    with pytest.raises(CheckpointError, match="never compresses"):
        load_checkpoint(bomb)


def test_a_tensor_that_claims_more_than_it_stores_is_refused(saved: Path) -> None:
    weights = torch.load(saved, weights_only=True)["weights"]
    name = next(iter(weights))
    rewrite(saved, weights=weights | {name: torch.zeros(1, dtype=torch.float16).expand(weights[name].shape)})
    with pytest.raises(CheckpointError, match="stores fewer"):
        load_checkpoint(saved)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_neither_saved_nor_loaded(
    checkpoint: Checkpoint, saved: Path, value: float
) -> None:
    name, weight = next(iter(checkpoint.weights.items()))
    broken = torch.full_like(weight, value)
    with pytest.raises(CheckpointError, match="not finite"):
        save_checkpoint(saved, replace(checkpoint, weights=checkpoint.weights | {name: broken}))
    load_checkpoint(saved)
    rewrite(saved, weights=torch.load(saved, weights_only=True)["weights"] | {name: broken})
    with pytest.raises(CheckpointError, match="not finite"):
        load_checkpoint(saved)


def test_missing_keys_and_wrong_shapes_are_said_in_words(saved: Path) -> None:
    weights = torch.load(saved, weights_only=True)["weights"]
    first = next(iter(weights))
    rewrite(saved, weights={name: value for name, value in weights.items() if name != first})
    with pytest.raises(CheckpointError, match="missing 1, too many 0"):
        load_checkpoint(saved)
    rewrite(saved, weights=weights | {first: torch.zeros(2, 2)})
    with pytest.raises(CheckpointError, match=r"is \(2, 2\), and the network"):
        load_checkpoint(saved)
    rewrite(saved, weights=weights | {first: "a word"})
    with pytest.raises(CheckpointError, match="is str"):
        load_checkpoint(saved)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": "other"}, "holds no pix2pix checkpoint"),
        ({"version": 99}, "format version 99"),
        ({"config": {"depth": 99}}, "depth is 99"),
        ({"config": {"colour": 1}}, "unknown settings: colour"),
        ({"config": [1]}, "description cannot be read"),
        ({"config": {"palette": 5}}, "description cannot be read"),
        ({"config": {"palette": [["wall", [0, 300, 0]]]}}, "palette must be names"),
        ({"config": {"target_palette": [["sea", [0, 0]]]}}, "description cannot be read"),
        ({"config": {"source": "zzz"}}, "source is 'zzz'; choose one of labels, photo"),
        ({"config": {"source": ["labels"]}}, "source is"),
        ({"config": {"skips": "no"}}, "skips is 'no'; it must be true or false"),
        ({"config": {"width": True}}, "width is True; it must be a whole number"),
        ({"config": {"depth": 8.0}}, "depth is 8.0; it must be a whole number"),
        ({"config": {"dropout": "0.5"}}, "dropout is '0.5'; it must be a number"),
        ({"config": {"dropout": float("nan")}}, "dropout is nan"),
        ({"config": {"generator": 7}}, "generator is 7; it must be text"),
        ({"about": {"step": torch.zeros(2)}}, "more than words and numbers"),
        ({"about": {3: "number as a name"}}, "more than words and numbers"),
        ({"about": {"data": "x" * 2_000_000}}, "too much"),
        ({"about": {"data": [0] * 20_000}}, "too much"),
        ({"about": LAUGHS}, "too much"),
        ({"about": ENDLESS}, "too much"),
        ({"weights": None}, "incomplete"),
    ],
)
def test_a_file_of_another_kind_gets_a_sentence(
    saved: Path, changes: dict[str, object], sentence: str
) -> None:
    rewrite(saved, **changes)
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(saved)


def test_a_missing_file_and_a_plain_zip_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        load_checkpoint(tmp_path / "none.pth")
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(CheckpointError, match="no PyTorch checkpoint"):
        load_checkpoint(tmp_path / "a.pth")


def test_a_checkpoint_does_not_depend_on_the_memory_format(checkpoint: Checkpoint, tmp_path: Path) -> None:
    strange = {
        name: value.contiguous(memory_format=torch.channels_last) if value.dim() == 4 else value
        for name, value in checkpoint.weights.items()
    }
    save_checkpoint(tmp_path / "a.pth", replace(checkpoint, weights=strange))
    assert all(value.is_contiguous() for value in load_checkpoint(tmp_path / "a.pth").weights.values())
