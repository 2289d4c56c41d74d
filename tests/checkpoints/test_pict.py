"""`.pict`: what is written is what the clients read, and paints nearly the same."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path

import foreign
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.checkpoints.importers.layouts import recognise
from pix2pix.checkpoints.pict import choose_values, nearest, read_pict, to_tensorflow, write_pict
from pix2pix.config import Decoder, ModelConfig, Norm
from pix2pix.errors import CheckpointError, ConfigError
from pix2pix.inference.translator import Translator
from pix2pix.networks import build_generator

CONFIG = ModelConfig(width=4, depth=8)


def make(config: ModelConfig = CONFIG) -> Checkpoint:
    generator = foreign.draw(build_generator(config), gain=1.0)
    return Checkpoint(config, dict(generator.state_dict()))


def take_over(path: Path) -> Checkpoint:
    """The checkpoint that a file becomes."""
    found = recognise(read_pict(path))
    return Checkpoint(ModelConfig.from_dict(found.facts), found.weights)


def decode(data: bytes) -> dict[str, Tensor]:
    """As the format is described: three chunks, each a length and its bytes."""
    chunks = []
    while data:
        (length,) = struct.unpack(">I", data[:4])
        chunks.append(data[4 : 4 + length])
        data = data[4 + length :]
    table, values, indices = chunks
    lookup, place, tensors = struct.unpack("<256f", values), 0, {}
    for entry in json.loads(table):
        count = 1
        for side in entry["shape"]:
            count *= side
        tensors[entry["name"]] = torch.tensor(
            [lookup[index] for index in indices[place : place + count]]
        ).reshape(entry["shape"])
        place += count
    assert place == len(indices)
    return tensors


def encode(tensors: dict[str, Tensor]) -> bytes:
    """A file as somebody else may write it, exact where there are at most 256 values."""
    tensors = dict(sorted(tensors.items()))
    values = torch.cat([value.flatten() for value in tensors.values()]).unique()
    lookup = torch.zeros(256)
    lookup[: len(values)] = values
    indices = bytes(
        int((lookup == value).nonzero()[0]) for tensor in tensors.values() for value in tensor.flatten()
    )
    table = json.dumps(
        [{"name": name, "shape": list(value.shape)} for name, value in tensors.items()]
    ).encode()
    return b"".join(
        struct.pack(">I", len(chunk)) + chunk
        for chunk in (table, struct.pack("<256f", *lookup.tolist()), indices)
    )


@pytest.mark.parametrize(
    ("norm", "decoder"), [("instance", "transposed"), ("batch", "transposed"), ("instance", "resize")]
)
@torch.no_grad()
def test_a_written_file_paints_in_the_clients_network_what_the_model_paints(
    norm: Norm, decoder: Decoder, tmp_path: Path
) -> None:
    checkpoint = make(replace(CONFIG, norm=norm, decoder=decoder))
    write_pict(tmp_path / "m.pict", checkpoint)
    tensors = decode((tmp_path / "m.pict").read_bytes())
    assert list(tensors) == sorted(tensors)
    assert all(torch.equal(value, tensors[name]) for name, value in read_pict(tmp_path / "m.pict").items())
    source = foreign.pictures(3, 256)
    theirs = foreign.tensorflow_paints(tensors, source)
    assert (theirs - Translator(checkpoint, "cpu", "fp32").translate_tensor(source)).abs().mean() < 0.06, (
        "a bottleneck of one value, 256 weights"
    )
    back = Translator(take_over(tmp_path / "m.pict"), "cpu", "fp32")
    torch.testing.assert_close(back.translate_tensor(source), theirs, atol=1e-4, rtol=0)
    assert back.config.dialect == "tensorflow" and not back.noisy


def test_what_came_as_pict_is_written_as_it_was(tmp_path: Path) -> None:
    tensors = {
        name: (value * 20).round() / 20 for name, value in foreign.tensorflow_weights(3, 3, 2, 8).items()
    }
    (tmp_path / "a.pict").write_bytes(encode(tensors))
    write_pict(tmp_path / "b.pict", take_over(tmp_path / "a.pict"))
    again = decode((tmp_path / "b.pict").read_bytes())
    normed = {
        name
        for name in tensors
        if name.endswith("bias") and "decoder_1/" not in name and "encoder_1/" not in name
    }
    assert again.keys() == tensors.keys()
    for name in tensors.keys() - normed:  # a bias before a norm is taken away again
        torch.testing.assert_close(again[name], tensors[name], atol=0.01, rtol=0)


@torch.no_grad()
def test_a_decoder_that_repeats_pixels_is_exact_as_a_transposed_one() -> None:
    checkpoint = make(replace(CONFIG, decoder="resize"))
    tensors = to_tensorflow(checkpoint)
    features = foreign.pictures(8, 16)
    weight = tensors["generator/decoder_1/conv2d_transpose/kernel"].permute(3, 2, 0, 1).roll(4, 0)
    ours = F.conv2d(
        F.interpolate(features, scale_factor=2.0), checkpoint.weights["up.7.conv.weight"], padding=1
    )
    torch.testing.assert_close(
        F.conv_transpose2d(features, weight, stride=2, padding=1), ours, atol=1e-5, rtol=0
    )


def test_the_values_stand_well_for_the_weights() -> None:
    weights = torch.randn(50_000, generator=torch.Generator().manual_seed(0)) * 0.02
    weights[:10] = torch.linspace(-3, 3, 10)
    values = choose_values(weights)
    off = (values[nearest(weights, values).long()] - weights).abs()
    assert off.mean() < 0.0004 and off.max() < 0.05


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"generator": "resnet"}, "a resnet is no U-Net"),
        ({"depth": 7}, "has 7 levels"),
        ({"skips": False}, "has no skips"),
        ({"decoder": "bilinear"}, "their kernels are too small"),
        ({"decoder": "mixed"}, "their kernels are too small"),
        ({"norm": "none"}, "has no norm"),
        ({"dialect": "kimrass"}, "is a kimrass network"),
    ],
)
def test_what_the_clients_cannot_paint_is_not_written(
    changes: dict[str, object], why: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=why):
        write_pict(tmp_path / "m.pict", Checkpoint(replace(CONFIG, **changes), {}))  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.0001, 0.001, 0.5, 0.999])
def test_a_file_cut_short_is_damaged(share: float, tmp_path: Path) -> None:
    path = tmp_path / "m.pict"
    write_pict(path, make(replace(CONFIG, width=1)))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(CheckpointError, match="damaged"):
        read_pict(path)


def test_a_table_that_lies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.pict"
    for table in (
        b'[{"name": "a", "shape": [100000, 100000]}]',
        b'[{"name": "a", "shape": [-1]}]',
        b"[3]",
        b"[" * 100,
    ):
        path.write_bytes(
            b"".join(struct.pack(">I", len(chunk)) + chunk for chunk in (table, bytes(1024), bytes(4)))
        )
        with pytest.raises(CheckpointError, match="damaged"):
            read_pict(path)
