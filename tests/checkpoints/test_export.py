"""Models for other runtimes paint what torch paints, and say what they are."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from paths import ROOT
from safetensors.torch import load_file

from pix2pix.checkpoints.checkpoint import Checkpoint, save_checkpoint
from pix2pix.checkpoints.export.onnx_file import for_export, open_onnx, write_onnx
from pix2pix.checkpoints.export.parity import Proof, check
from pix2pix.checkpoints.export.safetensors_file import write_safetensors
from pix2pix.cli import main
from pix2pix.config import CHANNELS, Kind, ModelConfig, Norm
from pix2pix.errors import CheckpointError, ConfigError, DataError
from pix2pix.imaging.palette import FACADES
from pix2pix.networks import build_generator, init_weights
from pix2pix.ui.static_page import onnxruntime_web as onnxruntime_web

EXAMPLE = ROOT / "examples" / "facade" / "hotel.png"


def make_checkpoint(norm: Norm = "instance") -> Checkpoint:
    """A small model of chance that has seen something: its running statistics
    are not those of a blank one."""
    config = ModelConfig(width=4, depth=3, size=32, norm=norm, source="labels", palette=FACADES)
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(5)
    for name, value in generator.state_dict().items():
        if "running" in name:
            value.copy_(torch.linspace(0.5, 2, value.numel()))
    return Checkpoint(config, dict(generator.state_dict()), {"task": "facades", "licence": "MIT"})


def picture(height: int, width: int, batch: int = 1) -> np.ndarray:
    return np.random.default_rng(height).uniform(-1, 1, (batch, 3, height, width)).astype(np.float32)


def paint(checkpoint: Checkpoint, source: np.ndarray, statistics: str = "auto") -> np.ndarray:
    with torch.inference_mode():
        return for_export(checkpoint, statistics)(torch.from_numpy(source)).numpy()


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model with instance norm, its weights in 16 bits."""
    path = tmp_path_factory.mktemp("onnx") / "half.onnx"
    write_onnx(path, make_checkpoint(), half=True)
    return path


@pytest.mark.parametrize("statistics", ["picture", "running"])
def test_any_batch_and_size_gives_what_torch_gives(statistics: str, tmp_path: Path) -> None:
    checkpoint, path = make_checkpoint("batch"), tmp_path / "model.onnx"
    proof = write_onnx(path, checkpoint, statistics=statistics)
    assert proof.largest < 0.5
    assert len(set(proof.sizes)) == 3
    run = open_onnx(str(path))
    for source in (picture(8, 16), picture(40, 24, batch=3), picture(96, 64)):
        np.testing.assert_allclose(run(source), paint(checkpoint, source, statistics), atol=1e-4)
    three = picture(32, 32, batch=3)
    np.testing.assert_allclose(
        run(three)[1:2], run(three[1:2]), atol=1e-5, err_msg="a picture depends on its batch"
    )


def test_half_the_bytes_paint_nearly_the_same_and_never_overflow(half: Path) -> None:
    weights = [tensor for tensor in onnx.load(half).graph.initializer if len(tensor.dims) == 4]
    assert weights
    assert all(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in weights)
    # The sum of squares over so large a map is beyond 65504.
    source = np.sign(picture(512, 1024))
    difference = np.abs(open_onnx(str(half))(source) - paint(make_checkpoint(), source)) * 127.5
    assert difference.mean() < 1


def test_the_file_says_what_it_is_and_nothing_of_this_machine(half: Path) -> None:
    told = {entry.key: entry.value for entry in onnx.load(half).metadata_props}
    config = json.loads(told["config"])
    assert config.pop("multiple") == 8
    assert ModelConfig.from_dict(config) == make_checkpoint().config
    assert json.loads(told["palette"])[1] == ["wall", [0, 48, 255]]
    assert json.loads(told["about"])["licence"] == "MIT"
    assert "multiples of 8" in told["input"]
    assert str(ROOT).encode() not in half.read_bytes()
    onnx.checker.check_model(str(half))


OUTSIDE = """
import sys
import numpy, onnxruntime
from PIL import Image
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
source = numpy.asarray(Image.open(sys.argv[2]).convert("RGB").resize((96, 64)), numpy.float32) / 127.5 - 1
picture, = session.run(None, {"source": source.transpose(2, 0, 1)[None]})
numpy.savez(sys.argv[3], source=source.transpose(2, 0, 1)[None], picture=picture)
assert not {"torch", "pix2pix", "onnx"} & set(sys.modules), "the project was needed"
"""


def test_it_runs_in_onnx_runtime_outside_the_project(half: Path, tmp_path: Path) -> None:
    result = tmp_path / "result.npz"
    subprocess.run(
        [sys.executable, "-I", "-c", OUTSIDE, half, EXAMPLE, result], cwd=tmp_path, check=True, timeout=100
    )
    with np.load(result) as found:
        difference = np.abs(found["picture"] - paint(make_checkpoint(), found["source"])) * 127.5
    assert difference.mean() < 1


def test_what_paints_something_else_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    checkpoint, path = make_checkpoint(), tmp_path / "model.onnx"
    checkpoint.weights["up.2.conv.weight"] *= 4000
    path.write_bytes(b"old")
    with pytest.raises(CheckpointError, match="is not written: largest difference to torch .* of 255"):
        write_onnx(path, checkpoint, half=True)
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    assert path.read_bytes() == b"old"
    checkpoint.weights["up.2.conv.weight"] *= 1e6
    with pytest.raises(CheckpointError, match="larger than half precision holds"):
        write_onnx(path, checkpoint, half=True)


def test_a_difference_that_is_no_number_is_refused() -> None:
    with pytest.raises(CheckpointError, match="nan of 255"):
        check(Proof(((8, 8),), float("nan"), 0.0), 1, 1, "model.onnx")


def test_a_missing_extra_is_said_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ConfigError, match=r'needs onnxscript.*pip install "pix2pix\[export\]"'):
        write_onnx(tmp_path / "model.onnx", make_checkpoint())


def test_safetensors_hold_the_weights_and_what_rebuilds_the_network(tmp_path: Path) -> None:
    checkpoint = make_checkpoint("batch")
    described = write_safetensors(tmp_path / "model.safetensors", checkpoint)
    facts = json.loads(described.read_text())
    read = Checkpoint(
        ModelConfig.from_dict(facts["config"]), load_file(tmp_path / "model.safetensors"), facts["about"]
    )
    assert read.config == checkpoint.config
    assert read.about == checkpoint.about
    source = torch.from_numpy(picture(32, 32))
    assert torch.equal(read.generator()(source), checkpoint.generator()(source))


def test_a_config_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(DataError, match="config.json is there already"):
        write_safetensors(tmp_path / "model.safetensors", make_checkpoint())
    assert [file.name for file in tmp_path.iterdir()] == ["config.json"]


def test_the_command_writes_what_was_asked_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_checkpoint(tmp_path / "small.pth", make_checkpoint())
    assert main(["export", str(tmp_path / "small.pth")]) == 2
    assert "there is nothing to write" in capsys.readouterr().err
    target = tmp_path / "out" / "small.safetensors"
    assert main(["export", str(tmp_path / "small.pth"), "--safetensors", str(target), "--half"]) == 0
    assert f"{target} (0.0 MB), described by {target.parent / 'config.json'}" in capsys.readouterr().out
    assert load_file(target)["down.0.conv.weight"].dtype == torch.float16


def test_a_runtime_that_is_another_or_cannot_be_fetched_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.tgz").write_bytes(b"other")
    with pytest.raises(DataError, match="its SHA-512 is another"):
        onnxruntime_web.browser_runtime(tmp_path / "other.tgz")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9")
    with pytest.raises(
        DataError, match=r"could not be fetched from http://127.0.0.1:9/.*npm pack onnxruntime-web@"
    ):
        onnxruntime_web.browser_runtime()


@pytest.mark.parametrize(
    ("source", "target", "named"),
    [
        ("labels", "photo", " RGB: value"),
        ("gray", "photo", " source gray, picture RGB: value"),
        ("gray", "gray", " Gray: value"),
    ],
)
def test_the_note_on_values_names_the_channels_that_the_model_has(
    source: Kind, target: Kind, named: str, tmp_path: Path
) -> None:
    channels: dict[str, Any] = {
        "in_channels": CHANNELS.get(source, 3),
        "out_channels": CHANNELS.get(target, 3),
    }
    config = dataclasses.replace(
        make_checkpoint().config, source=source, target=target, palette=(), **channels
    )
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(0))
    write_onnx(tmp_path / "model.onnx", Checkpoint(config, generator.state_dict()))
    told = {entry.key: entry.value for entry in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert named in told["input"]
