"""Reads any file with a model in it: our own checkpoints, and other projects' weights, which a
child process converts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from pix2pix.checkpoints.checkpoint import (
    FORMAT,
    Checkpoint,
    check_is_file,
    check_weights,
    load_checkpoint,
    to_checkpoint,
)
from pix2pix.checkpoints.importers.safe_tensors import (
    is_safetensors,
    own_description,
    read_own,
    read_safetensors,
)
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError, ConfigError
from pix2pix.networks import PatchGAN
from pix2pix.networks.patchgan import HALVINGS
from pix2pix.runtime.file_cache import FileCache
from pix2pix.runtime.processes import clean_environment

SUFFIXES = (".pth", ".pt", ".bin", ".safetensors", ".pict")
SECONDS = 20.0
LONGEST_START = 120.0
BEGUN = "begun"
"""Empty file by which the child process reports that it starts to read."""
LONGEST_SENTENCE = 2000


Opened = tuple[dict[str, str], dict[str, Tensor]]
KEPT = 2
_opened: FileCache[Opened] = FileCache(KEPT)


@dataclass(frozen=True)
class ImportedDiscriminator:
    """A converted discriminator from which a training can start; `weights` have our names."""

    patch: int
    width: int
    in_channels: int
    norm: str
    weights: dict[str, Tensor]
    project: str


def split_choice(path: str | Path) -> tuple[Path, str]:
    """Splits `FILE::G_B` into the path and the name of the network; a path that exists with `::` in
    it stays whole."""
    path = Path(path)
    file, mark, network = str(path).rpartition("::")
    if not mark or not file or path.exists():
        return path, ""
    return Path(file), network


def read_any(path: str | Path, apart: bool = False) -> Checkpoint:
    """Reads the generator in a file: our checkpoint, or the weights of a known project (docs/importing.md).

    `FILE::NAME` chooses one of several generators in a file. A file that is not ours is opened in a child
    process; with `apart`, ours is too, for files that somebody sent. Raises `CheckpointError` with one
    sentence that says what is wrong with the file, or what it is instead.
    """
    path, network = split_choice(path)
    if not path.is_file():
        return load_checkpoint(path)
    is_ours = is_own(path)
    described = own_description(path) if not is_ours and is_safetensors(path) else None
    if network and (is_ours or described):
        raise CheckpointError(
            f"{path} is a checkpoint of pix2pix, which holds one network: leave ::{network} out."
        )
    if is_ours and not apart:
        return load_checkpoint(path)
    if described:
        return read_own(path, described)
    words, tensors = open_apart(path, "generator", network=network)
    if FORMAT in words:
        return _handed_over(path, words, tensors=tensors)
    return _as_checkpoint(path, words, tensors=tensors)


def _handed_over(path: Path, words: dict[str, str], *, tensors: dict[str, Tensor]) -> Checkpoint:
    try:
        described = json.loads(words[FORMAT])
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} could not be taken over ({error!s:.80}).") from error
    return to_checkpoint(described | {"weights": dict(tensors)}, path)


def read_discriminator(path: str | Path) -> ImportedDiscriminator:
    """Reads the discriminator in another project's file; `FILE::NAME` and errors as in `read_any`."""
    path, network = split_choice(path)
    check_is_file(path)
    words, tensors = open_apart(path, "discriminator", network=network)
    try:
        facts = json.loads(words["facts"])
        discriminator = ImportedDiscriminator(**facts, weights=tensors, project=words["project"])
        if discriminator.patch not in HALVINGS:
            raise ValueError(f"patch {discriminator.patch}")
        with torch.device("meta"):
            wanted = PatchGAN(
                discriminator.in_channels,
                discriminator.width,
                receptive_field=discriminator.patch,
                norm=discriminator.norm,
            ).state_dict()
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} could not be taken over ({error!s:.80}).") from error
    if wanted.keys() != tensors.keys() or any(
        tensors[name].shape != value.shape for name, value in wanted.items()
    ):
        raise CheckpointError(
            f"{path} could not be taken over: its weights are not those of the discriminator that it is "
            "said to hold."
        )
    return discriminator


def is_own(path: Path) -> bool:
    """Whether the file is a `.pth` with our format entry. Only the first bytes of its index are read;
    nothing is loaded."""
    try:
        with zipfile.ZipFile(path) as archive:
            index = next((name for name in archive.namelist() if name.endswith("data.pkl")), None)
            if index is None:
                return False
            with archive.open(index) as file:
                start = file.read(200)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError, ValueError):
        return False
    return b"format" in start and FORMAT.encode() in start


def open_apart(path: Path, kind: str, *, network: str = "") -> Opened:
    """Converts a file in a child process and returns its metadata and plain tensors in our names.

    The last `KEPT` results are cached: a file is described, checked and used in short order, and each time
    would take a process. Raises `CheckpointError` where the file cannot be converted.
    """
    return _opened.read(path, partial(_open_apart, kind=kind, network=network), detail=(kind, network))


def _open_apart(path: Path, *, kind: str, network: str) -> Opened:
    with TemporaryDirectory(prefix="pix2pix-") as folder:
        answer = Path(folder) / "answer"
        command = [
            sys.executable,
            "-m",
            "pix2pix.checkpoints.importers.child",
            str(path.resolve()),
            str(answer),
            kind,
            network,
        ]
        code = run_apart(command, answer, path=path)
        if code == 0:
            tensors, words = read_safetensors(answer)
            return words, tensors
        if code == 1 and answer.is_file():
            raise CheckpointError(
                answer.read_text(encoding="utf-8")[:LONGEST_SENTENCE].replace(str(path.resolve()), str(path))
            )
    raise CheckpointError(
        f"{path} could not be read: the process that opened it ended with code {code}. The file is damaged, "
        "or hostile."
    )


def run_apart(command: list[str], answer: Path, *, path: Path) -> int:
    """Runs the child process and returns its exit code. Raises `CheckpointError` after `SECONDS` of reading.

    The time counts from when the process has imported its libraries, which may take as long again.
    """
    silent: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    process = subprocess.Popen(command, env=clean_environment() | {"OMP_NUM_THREADS": "1"}, **silent)
    begun = answer.with_name(BEGUN)
    end = time.monotonic() + LONGEST_START
    has_begun = False
    try:
        while process.poll() is None:
            if not has_begun and begun.exists():
                has_begun = True
                end = time.monotonic() + SECONDS
            if time.monotonic() > end:
                raise CheckpointError(
                    f"{path} could not be read within {SECONDS:.0f} seconds. The file is not used."
                )
            time.sleep(0.02)
        return process.returncode
    finally:
        process.kill()
        process.wait()


def _as_checkpoint(path: Path, words: dict[str, str], *, tensors: dict[str, Tensor]) -> Checkpoint:
    try:
        config = ModelConfig.from_dict(json.loads(words["facts"]))
        origin = {"project": words["project"], "file": path.name}
        origin |= {name: words[name] for name in ("network", "left_out") if words.get(name)}
    except (KeyError, TypeError, ValueError, AttributeError, ConfigError) as error:
        raise CheckpointError(f"{path} could not be taken over ({error!s:.80}).") from error
    check_weights(config, tensors, where=str(path))
    about: dict[str, Any] = {"origin": origin}
    return Checkpoint(config, tensors, about)


def adjusted(
    checkpoint: Checkpoint, statistics: str = "auto", *, dropout: str = "auto", size: int | None = None
) -> Checkpoint:
    """Returns the checkpoint with other defaults for its use: batch norm statistics, dropout ("on" or
    "off") and size."""
    config = checkpoint.config
    changes: dict[str, Any] = {"size": size} if size else {}
    if statistics != "auto":
        changes["statistics"] = statistics
    if dropout != "auto":
        changes["noisy"] = dropout == "on"
    return replace(checkpoint, config=replace(config, **changes))
