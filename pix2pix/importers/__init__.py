"""Any file with a model in it: ours, or another project's, which is opened in a process of its own and comes back as one of ours."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from pix2pix.checkpoint import FORMAT, Checkpoint, check_is_file, check_weights, load_checkpoint, to_checkpoint
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError, ConfigError
from pix2pix.importers.tensor_file import is_tensor_file, own_description, read_own, read_tensor_file
from pix2pix.networks import PatchGAN
from pix2pix.networks.patchgan import HALVINGS
from pix2pix.processes import clean_environment

SUFFIXES = (".pth", ".pt", ".bin", ".safetensors", ".pict")
SECONDS, LONGEST_START = 20.0, 120.0
BEGUN = "begun"
"""Empty file by which the process says that it begins to read."""
LONGEST_SENTENCE = 2000


Opened = tuple[dict[str, str], dict[str, Tensor]]
KEPT = 2
_kept: dict[tuple[str, int, int, str], Opened] = {}
_keeping = threading.Lock()


@dataclass(frozen=True)
class Judge:
    """A discriminator that a training can start from; `weights` are in our names."""

    patch: int
    width: int
    in_channels: int
    norm: str
    weights: dict[str, Tensor]
    project: str


def read_any(path: str | Path, apart: bool = False) -> Checkpoint:
    """The generator in a file: a checkpoint of ours, or the weights of a project that is known (docs/importing.md).

    What is not ours is opened in a process of its own; `apart` opens ours so, too: for files that somebody sent.
    `CheckpointError` says in one sentence what is wrong with the file, or what it is instead.
    """
    path = Path(path)
    if not path.is_file() or (is_own(path) and not apart):
        return load_checkpoint(path)
    described = own_description(path) if is_tensor_file(path) else None
    if described:
        return read_own(path, described)
    words, tensors = open_apart(path, "generator")
    if FORMAT in words:
        return to_checkpoint(json.loads(words[FORMAT]) | {"weights": dict(tensors)}, path)
    return _as_checkpoint(path, words, tensors)


def read_judge(path: str | Path) -> Judge:
    """The discriminator in another project's file; `CheckpointError` as `read_any`."""
    path = Path(path)
    check_is_file(path)
    words, tensors = open_apart(path, "discriminator")
    try:
        facts = json.loads(words["facts"])
        judge = Judge(**facts, weights=tensors, project=words["project"])
        if judge.patch not in HALVINGS:
            raise ValueError(f"patch {judge.patch}")
        with torch.device("meta"):
            wanted = PatchGAN(judge.in_channels, judge.width, judge.patch, judge.norm).state_dict()
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} could not be taken over ({error!s:.80}).") from error
    if wanted.keys() != tensors.keys() or any(tensors[name].shape != value.shape for name, value in wanted.items()):
        raise CheckpointError(f"{path} could not be taken over: its weights are not those of the discriminator that it is said to hold.")
    return judge


def is_own(path: Path) -> bool:
    """Whether the file is a `.pth` that says it is ours. Only the beginning of its index is looked at; nothing is opened."""
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


def open_apart(path: Path, kind: str) -> Opened:
    """What a process of its own makes of a stranger's file: words about it, and plain tensors in our names.

    The last two are kept: a file is described, checked and used within moments, and each time would take a process.
    """
    facts = path.stat()
    key = (str(path.resolve()), facts.st_mtime_ns, facts.st_size, kind)
    with _keeping:
        known = _kept.get(key)
    if known is None:
        known = _open_apart(path, kind)
        with _keeping:
            _kept[key] = known
            while len(_kept) > KEPT:
                del _kept[next(iter(_kept))]
    return known


def _open_apart(path: Path, kind: str) -> Opened:
    with TemporaryDirectory(prefix="pix2pix-") as folder:
        answer = Path(folder) / "answer"
        code = run_apart([sys.executable, "-m", "pix2pix.importers.child", str(path.resolve()), str(answer), kind], answer, path)
        if code == 0:
            tensors, words = read_tensor_file(answer)
            return words, tensors
        if code == 1 and answer.is_file():
            raise CheckpointError(answer.read_text(encoding="utf-8")[:LONGEST_SENTENCE].replace(str(path.resolve()), str(path)))
    raise CheckpointError(f"{path} could not be read: the process that opened it ended with code {code}. The file is damaged, or hostile.")


def run_apart(command: list[str], answer: Path, path: Path) -> int:
    """The exit code. The stranger's file has its seconds from when the process has imported what it needs: that may take as long."""
    silent: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    process = subprocess.Popen(command, env=clean_environment() | {"OMP_NUM_THREADS": "1"}, **silent)
    begun, end = answer.with_name(BEGUN), time.monotonic() + LONGEST_START
    has_begun = False
    try:
        while process.poll() is None:
            if not has_begun and begun.exists():
                has_begun, end = True, time.monotonic() + SECONDS
            if time.monotonic() > end:
                raise CheckpointError(f"{path} could not be read within {SECONDS:.0f} seconds. The file is not used.")
            time.sleep(0.02)
        return process.returncode
    finally:
        process.kill()
        process.wait()


def _as_checkpoint(path: Path, words: dict[str, str], tensors: dict[str, Tensor]) -> Checkpoint:
    try:
        config = ModelConfig.from_dict(json.loads(words["facts"]))
        origin = {"project": words["project"], "file": path.name}
    except (KeyError, TypeError, ValueError, AttributeError, ConfigError) as error:
        raise CheckpointError(f"{path} could not be taken over ({error!s:.80}).") from error
    check_weights(config, tensors, str(path))
    about: dict[str, Any] = {"origin": origin}
    return Checkpoint(config, tensors, about)


def adjusted(checkpoint: Checkpoint, statistics: str = "auto", dropout: str = "auto", size: int | None = None) -> Checkpoint:
    """The same model with other defaults for its use."""
    config = checkpoint.config
    changes: dict[str, Any] = {"size": size} if size else {}
    if statistics != "auto":
        changes["statistics"] = statistics
    if dropout != "auto":
        changes["noisy"] = dropout == "on"
    return replace(checkpoint, config=replace(config, **changes))
