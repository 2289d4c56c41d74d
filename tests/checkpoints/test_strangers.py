"""Files of strangers are opened apart: nothing in them is run, nothing in them fills the memory,
and each gets one sentence."""

from __future__ import annotations

import json
import os
import pickle
import struct
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import foreign
import pytest
import torch
from torch import Tensor

from pix2pix.checkpoints import importers
from pix2pix.checkpoints.checkpoint import Checkpoint, save_checkpoint
from pix2pix.checkpoints.importers import read_any, read_discriminator
from pix2pix.checkpoints.importers.child import open_file
from pix2pix.checkpoints.importers.safe_tensors import read_safetensors, write_safetensors
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError
from pix2pix.inference.translator import Translator
from pix2pix.networks import build_generator, init_weights

HUGE = 4 * 10**9
"""Floats: 16 GB."""


class Attack:
    """Would make a file if its pickle were run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return os.system, (f"touch {self.path}",)


@pytest.fixture
def weights() -> dict[str, Tensor]:
    return dict(foreign.draw(foreign.UsualUNet(3, 3, 2, 6, "batch")).state_dict())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "net.pth"


def refused(path: Path, sentence: str) -> None:
    """The same process, without its limits: to import torch for each of many files
    would take the tests a minute."""
    with pytest.raises(CheckpointError, match=sentence) as told:
        open_file(path, path.with_name("answer"), kind="generator")
    assert "\n" not in str(told.value) and len(str(told.value)) < 400


def claim(path: Path, weights: dict[str, Tensor], legacy: bool) -> None:
    """A file whose first storage says that it has 16 GB."""
    torch.save(weights, path, _use_new_zipfile_serialization=not legacy)
    real = next(iter(weights.values())).numel()
    old, new = (
        b"K" + bytes([real]) if real < 256 else b"M" + struct.pack("<H", real),
        b"\x8a\x05" + HUGE.to_bytes(5, "little"),
    )
    if legacy:
        # The number after the storage's key and place, of which the first occurrence
        # is that of the first tensor.
        data = path.read_bytes()
        at = data.index(b"cpu", data.index(b"FloatStorage"))
        path.write_bytes(data[:at] + data[at:].replace(old, new, 1))
        return
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            if name.endswith("data.pkl"):
                at = data.index(b"cpu")
                data = data[:at] + data[at:].replace(old, new, 1)
            archive.writestr(name, data)


def test_code_in_a_pickle_is_never_run_whatever_the_file_looks_like(
    file: Path, weights: dict[str, Tensor]
) -> None:
    victim = file.with_name("touched")
    hostile: dict[str, Any] = {**weights, "extra": Attack(victim)}
    torch.save(hostile, file)
    with pytest.raises(CheckpointError, match=r"net\.pth asks to run 'posix system'"):
        Translator.load(file)
    torch.save(hostile, file, _use_new_zipfile_serialization=False)
    refused(file, "asks to run 'posix system'")
    file.write_bytes(pickle.dumps(hostile))
    refused(file, "a bare pickle, which can run programs")
    file.write_bytes(pickle.dumps(Attack(victim), protocol=0))
    refused(file, "not a PyTorch checkpoint")
    assert not victim.exists()


@pytest.mark.parametrize("legacy", [True, False])
def test_a_storage_that_claims_16_gb_is_refused(file: Path, weights: dict[str, Tensor], legacy: bool) -> None:
    claim(file, weights, legacy)
    assert file.stat().st_size < 1_000_000
    with pytest.raises(
        CheckpointError, match="asks for more memory than a file of" if legacy else "is damaged"
    ):
        read_any(file)


def test_a_file_has_its_seconds_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importers, "SECONDS", 0.2)
    endless = (
        f"import pathlib, time; pathlib.Path({str(tmp_path / importers.BEGUN)!r}).touch(); time.sleep(1000)"
    )
    begin = time.monotonic()
    with pytest.raises(CheckpointError, match="could not be read within"):
        importers.run_apart([sys.executable, "-c", endless], tmp_path / "answer", path=tmp_path / "net.pth")
    assert time.monotonic() - begin < 60


def test_a_compressed_bomb_is_not_unpacked(file: Path, weights: dict[str, Tensor]) -> None:
    torch.save(weights, file)
    bomb = file.with_name("bomb.pth")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(
                entry.filename, bytes(20_000_000) if entry.filename.endswith("data/0") else old.read(entry)
            )
    refused(bomb, "never compresses")


def test_numbers_that_are_not_finite_and_tensors_of_nothing_are_refused(
    file: Path, weights: dict[str, Tensor]
) -> None:
    name = "model.model.0.weight"
    torch.save(weights | {name: torch.full_like(weights[name], float("nan"))}, file)
    refused(file, "not finite")
    torch.save(weights | {name: torch.zeros(1).expand(2000, 2000, 4, 4)}, file)
    refused(file, "claims more numbers than a file")
    torch.save(weights | {name: torch.zeros(1).expand(2, 3, 4, 4)}, file)
    refused(file, "stores fewer")


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\x89HDF\r\n", "a file of Keras"),
        (b"", r"is empty \(0 bytes\)"),
        (b" \n<html><body>404</body></html>", "a web page"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a web page"),
        (b'{"error": "Repository not found"}', "is JSON text"),
        (b"\x93NUMPY\x01\x00", "an array of NumPy"),
        (b"\x89PNG\r\n\x1a\n", "is a picture"),
        (b"\x1f\x8b\x08\x00", "gzip archive: unpack it"),
        (b"hello", "damaged, or not a PyTorch checkpoint"),
    ],
)
def test_what_is_no_file_of_weights_is_named(file: Path, start: bytes, sentence: str) -> None:
    file.write_bytes(start)
    refused(file, sentence)


def test_legacy_files_of_torch_are_read_and_damaged_ones_refused(
    file: Path, weights: dict[str, Tensor]
) -> None:
    torch.save(weights, file, _use_new_zipfile_serialization=False)
    open_file(file, file.with_name("answer"), kind="generator")
    tensors, words = read_safetensors(file.with_name("answer"))
    assert words["project"] == "pytorch-CycleGAN-and-pix2pix" and len(tensors) == len(weights)
    whole = file.read_bytes()
    for share in (0.1, 0.5, 0.99):
        file.write_bytes(whole[: int(len(whole) * share)])
        refused(file, "damaged")


def make_tensor_file(path: Path, tensors: dict[str, Tensor], words: dict[str, str] | None = None) -> None:
    write_safetensors(path, tensors, metadata=words or {})


def rewrite_header(path: Path, change: Any) -> None:
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])


def test_safetensors_of_other_projects_are_read(file: Path, weights: dict[str, Tensor]) -> None:
    make_tensor_file(
        file, {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    )
    assert read_any(file).config.depth == 6


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda header: header["model.model.0.weight"].update(shape=[10**6, 10**6]), "makes no sense"),
        (lambda header: header["model.model.0.weight"].update(shape=[-2, -3, 4, 4]), "makes no sense"),
        (lambda header: header["model.model.0.weight"].update(dtype="F1"), "makes no sense"),
        (lambda header: header["model.model.0.weight"].update(data_offsets=[0]), "makes no sense"),
        (lambda header: header.pop("model.model.0.weight"), "table of contents names"),
        (
            lambda header: header.update(
                {"x": {"dtype": "U8", "shape": [16 * 10**9], "data_offsets": [0, 16 * 10**9]}}
            ),
            "contents names other bytes",
        ),
        (lambda header: header.update({"x": 3}), "makes no sense"),
    ],
)
def test_a_safetensors_file_that_lies_is_refused(
    file: Path, weights: dict[str, Tensor], change: Any, sentence: str
) -> None:
    make_tensor_file(file, weights)
    rewrite_header(file, change)
    refused(file, sentence)


def test_a_safetensors_file_cut_short_is_refused(file: Path, weights: dict[str, Tensor]) -> None:
    make_tensor_file(file, weights)
    whole = file.read_bytes()
    for size in (9, 100, len(whole) - 1):
        file.write_bytes(whole[:size])
        refused(file, "damaged")
    file.write_bytes(struct.pack("<Q", 100) + b"{" + b"[" * 99)
    refused(file, "header cannot be read")


@pytest.mark.parametrize("beside", [True, False])
def test_our_own_safetensors_come_back_as_they_were(tmp_path: Path, beside: bool) -> None:
    config = ModelConfig(depth=3, width=2, size=16, source="labels", palette=(("wall", (0, 48, 255)),))
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(1))
    described = json.dumps(
        {"format": "pix2pix", "version": 1, "config": config.to_dict(), "about": {"task": "labels to photo"}}
    )
    make_tensor_file(
        tmp_path / "m.safetensors", dict(generator.state_dict()), {} if beside else {"pix2pix": described}
    )
    if beside:
        (tmp_path / "config.json").write_text(described)
    checkpoint = read_any(tmp_path / "m.safetensors")
    assert checkpoint.config == config and checkpoint.about == {"task": "labels to photo"}
    assert all(torch.equal(value, checkpoint.weights[name]) for name, value in generator.state_dict().items())


def test_our_own_checkpoints_need_no_other_process_and_may_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ModelConfig(depth=3, width=2, size=16)
    save_checkpoint(tmp_path / "own.pth", Checkpoint(config, dict(build_generator(config).state_dict())))
    assert read_any(tmp_path / "own.pth", apart=True).config == config
    monkeypatch.setattr(importers.subprocess, "Popen", None)
    assert read_any(tmp_path / "own.pth").config == config
    with pytest.raises(CheckpointError, match="does not exist"):
        read_any(tmp_path / "none.pth")


def test_a_judge_is_read_apart_too_and_only_from_a_file_that_has_one(file: Path, tmp_path: Path) -> None:
    network = foreign.draw(foreign.UsualPatchGAN(6, 2, 3, "instance"))
    torch.save(network.state_dict(), file)
    discriminator = read_discriminator(file)
    assert (discriminator.patch, discriminator.width, discriminator.in_channels, discriminator.norm) == (
        70,
        2,
        6,
        "instance",
    )
    with pytest.raises(CheckpointError, match="does not exist"):
        read_discriminator(tmp_path / "none.pth")
