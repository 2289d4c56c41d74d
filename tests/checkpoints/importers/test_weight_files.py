"""Whatever people have instead of plain weights is read or named: several networks, whole modules, wrong
names, other kinds of files."""

from __future__ import annotations

import argparse
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import foreign
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pix2pix.checkpoints.checkpoint import load_checkpoint
from pix2pix.checkpoints.importers import read_any
from pix2pix.checkpoints.importers.child import open_file
from pix2pix.checkpoints.importers.layouts import DISCRIMINATOR, recognise
from pix2pix.checkpoints.importers.safe_tensors import read_safetensors, write_safetensors
from pix2pix.cli import main
from pix2pix.errors import CheckpointError

Weights = dict[str, Tensor]


def usual(seed: int = 0, kind: str = "batch") -> Weights:
    return dict(foreign.draw(foreign.UsualUNet(3, 3, 2, 6, kind), seed).state_dict())


def judge(seed: int = 0) -> Weights:
    return dict(foreign.draw(foreign.UsualPatchGAN(6, 2, 3, "batch"), seed).state_dict())


def below(prefix: str, weights: Weights) -> Weights:
    return {prefix + name: value for name, value in weights.items()}


def same(content: Any, weights: Weights, network: str = "") -> str:
    """Whether the network found is that of `weights`; what was left out."""
    found, plain = recognise(content, network=network), recognise(weights)
    assert found.facts == plain.facts
    assert all(torch.equal(value, found.weights[name]) for name, value in plain.weights.items())
    return found.left_out


PREFIXES = [
    "generator.",
    "netG.",
    "net_g.",
    "model.G.",
    "module.generator.",
    "generator._orig_mod.",
    "model.",
    "ema.",
    "G.module.",
]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("make", [foreign.UsualUNet, foreign.KimRass, foreign.HugGAN])
def test_any_prefix_of_a_generator_is_taken_off(prefix: str, make: Any) -> None:
    sizes = (3, 3, 2, 6, "batch") if make is foreign.UsualUNet else (3, 3, 2, 6)
    weights = dict(foreign.draw(make(*sizes)).state_dict())
    assert same(below(prefix, weights), weights) == ""
    assert same({"epoch": 3, "state_dict": below(prefix, weights)}, weights) == ""


def test_a_training_module_s_other_networks_are_left_out_and_named() -> None:
    state = (
        below("generator.", usual())
        | below("discriminator.", judge())
        | {"vgg.features.0.weight": torch.zeros(4, 3, 3, 3)}
    )
    content = {"epoch": 1, "global_step": 9, "state_dict": state, "optimizer_states": [{"state": {}}]}
    left_out = same(content, usual())
    assert left_out == f"discriminator ({len(judge())} tensors), vgg (1 tensor)"
    assert recognise(content, DISCRIMINATOR).network == "discriminator"
    # The generator's own keys without a prefix, another network beside them.
    beside = (
        usual(kind="instance") | below("netD.", judge()) | {"perceptual_loss.vgg.0.weight": torch.zeros(3)}
    )
    assert "netD" in same(beside, usual(kind="instance"))


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ({"G_A": usual(1), "G_B": usual(2), "D_A": judge(), "D_B": judge()}, ("G_A", "G_B")),
        (below("netG_A.", usual(1)) | below("netG_B.", usual(2)), ("netG_A", "netG_B")),
        (
            {"state_dict": below("model.gen_ab.", usual(1)) | below("model.gen_ba.", usual(2))},
            ("gen_ab", "gen_ba"),
        ),
    ],
)
def test_a_file_with_two_generators_names_both_and_one_is_chosen(
    content: Any, names: tuple[str, str]
) -> None:
    with pytest.raises(
        CheckpointError,
        match=rf"holds 2 generators, {names[0]} and {names[1]}: choose one as FILE::{names[0]} or FILE::",
    ):
        recognise(content)
    assert names[1] in same(content, usual(1), names[0])
    assert names[0] in same(content, usual(2), names[1])
    with pytest.raises(
        CheckpointError, match=rf"has no generator called 'G_C': there are {names[0]} and {names[1]}"
    ):
        recognise(content, network="G_C")


def test_a_generator_and_its_moving_average_are_one() -> None:
    content = {"generator": usual(1), "ema": usual(2)}
    assert same(content, usual(1)) == f"ema ({len(usual())} tensors)"
    assert same(content, usual(2), "ema") == f"generator ({len(usual())} tensors)"
    assert same({"params": usual(1), "params_ema": usual(2)}, usual(2))


def test_the_choice_is_made_wherever_a_file_of_weights_is_named(
    tmp_path: Path, pairs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"G_A": usual(1), "G_B": usual(2)}, "cycle.pth")
    assert main(["info", "cycle.pth"]) == 2
    assert "cycle.pth holds 2 generators, G_A and G_B" in capsys.readouterr().err
    assert main(["info", "cycle.pth::G_B", "--json"]) == 0
    origin = json.loads(capsys.readouterr().out)["about"]["origin"]
    assert origin["network"] == "G_B" and origin["left_out"].startswith("G_A (")
    assert main(["import", "cycle.pth::G_B"]) == 0
    assert "it is G_B of the file; left out: G_A (" in capsys.readouterr().out
    assert main(["info", "checkpoints/cycle-G_B.pth::G_B"]) == 2
    assert "leave ::G_B out" in capsys.readouterr().err
    picture = str(next(iter(sorted(pairs.glob("*.png")))))
    assert main(["translate", "cycle.pth::G_B", picture, "-o", "out.png"]) == 0
    assert main(["evaluate", "cycle.pth::G_B", str(pairs), "--device", "cpu"]) == 0
    shape = [
        "--size",
        "64",
        "--steps",
        "1",
        "--batch",
        "1",
        "--discriminator-width",
        "4",
        "--device",
        "cpu",
        "--workers",
        "0",
    ]
    assert main(["train", str(pairs), "--run", "run", "--init", "cycle.pth::G_B", *shape]) == 0
    assert main(["info", "none.pth::G_B"]) == 2
    assert "none.pth does not exist" in capsys.readouterr().err


class Net(nn.Module):
    """A module that somebody pickles whole."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        picture: Tensor = self.conv(x)
        return picture


def refused(path: Path, sentence: str) -> None:
    """By both ways in: as ours, and as a stranger's file."""
    for read in (
        lambda: load_checkpoint(path),
        lambda: open_file(path, path.with_name("answer"), kind="generator"),
    ):
        with pytest.raises(CheckpointError, match=sentence) as told:
            read()
        assert "\n" not in str(told.value) and len(str(told.value)) < 500


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        (
            Net(),
            r"is a whole module that was pickled.*torch\.save\(model\.state_dict\(\), \"weights\.pth\"\)",
        ),
        ({"model": Net()}, "is a whole module that was pickled"),
        ({"best": np.float64(3.5)}, "holds NumPy values"),
        ({"mean": np.zeros(3)}, "holds NumPy values"),
        ({"opt": argparse.Namespace(lr=1)}, "its settings as a Namespace of argparse"),
        ({"folder": Path("a")}, r"holds an object of pathlib\S*PosixPath|asks to run"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_objects_in_a_checkpoint_get_their_own_sentence(
    tmp_path: Path, extra: Any, sentence: str, protocol: int, legacy: bool
) -> None:
    path = tmp_path / "net.pth"
    content = extra if isinstance(extra, nn.Module) else usual() | extra
    torch.save(content, path, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
    if legacy:
        with pytest.raises(CheckpointError, match=sentence):
            open_file(path, path.with_name("answer"), kind="generator")
    else:
        refused(path, sentence)


@pytest.mark.filterwarnings("ignore")
def test_programs_and_archives_get_their_own_sentence(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.jit.script(Net()).save(str(path))
    refused(path, r"is a TorchScript program.*torch\.jit\.load")
    np.savez(tmp_path / "net.npz", a=np.zeros(3))
    refused(tmp_path / "net.npz", "an archive of NumPy arrays")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("models/latest_net_G.pth", b"x" * 100)
    refused(path, "a zip file with 'models/latest_net_G.pth' in it: unpack it")


def test_kinds_go_by_content_and_never_by_the_name(tmp_path: Path, tiny_model: Path) -> None:
    own, foreign_file = load_checkpoint(tiny_model), tmp_path / "net.pth"
    torch.save(usual(), foreign_file)
    write_safetensors(tmp_path / "s", usual(), metadata={})
    for suffix in (".safetensors", ".pict", ".pth", ".bin", ".zip", ".json", ""):
        named = tmp_path / f"own{suffix}"
        shutil.copy(tiny_model, named)
        assert read_any(named).config == own.config
        assert load_checkpoint(named).config == own.config
        for file in (foreign_file, tmp_path / "s"):
            named = tmp_path / f"other{suffix}"
            shutil.copy(file, named)
            open_file(named, tmp_path / "answer", kind="generator")
            assert len(read_safetensors(tmp_path / "answer")[0]) == len(usual())
