"""A checkpoint: one `.pth` file with a generator's config, its weights, and a description `about`.

A checkpoint may come from anybody. Before `torch.load` reads the file, its zip is checked (checksums, no
compression) and its pickle is read as text: only the few names that tensors need may occur in it. Then keys,
shapes and values are checked.
"""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from pix2pix.checkpoints.file_kinds import COMPOSED, names_in_pickle, what_archive, what_instead, why_refused
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError, ConfigError
from pix2pix.imaging.tensors import are_finite
from pix2pix.networks import build_generator, describe_generator
from pix2pix.runtime import torch_save
from pix2pix.runtime.files import write_atomically

FORMAT = "pix2pix"
VERSION = 1
STATISTICS_CHOICES = ("auto", "picture", "running")

# All that a pickle of plain values and tensors needs. Anything else is not ours, and may be an attack.
ALLOWED_GLOBALS = {"collections OrderedDict", "torch._utils _rebuild_tensor_v2"} | {
    f"torch {name}Storage"
    for name in ("Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Char", "Byte", "Bool")
}


PLAIN = (str, int, float, bool, type(None), list, tuple, dict)
MOST_TOLD = 10_000
MOST_NESTED = 8
LONG_WORD = 100
"""Limits of `about`: number of values (a string counts once more for each 100 characters) and
depth of nesting."""


@dataclass(frozen=True)
class Checkpoint:
    """A generator's config and weights. `about` holds plain values: task, data, direction, steps,
    metrics, licence, date."""

    config: ModelConfig
    weights: dict[str, Tensor]
    about: dict[str, Any] = field(default_factory=dict)

    def generator(self) -> nn.Module:
        """Returns the network with these weights, float32, on the CPU, in eval mode."""
        generator = build_generator(self.config)
        generator.load_state_dict(self.weights)
        return generator.eval()


def save_checkpoint(path: str | Path, checkpoint: Checkpoint, half: bool = True) -> None:
    """Writes the file atomically; `half` stores 16-bit weights.

    Raises `CheckpointError` where weights are not finite, or too large for 16 bits.
    """
    check_weights(checkpoint.config, checkpoint.weights, where=str(path))
    kind = torch.float16 if half else torch.float32
    weights = {
        name: value.detach().to("cpu", kind if value.is_floating_point() else value.dtype)
        for name, value in checkpoint.weights.items()
    }
    if half and not are_finite(weights.values()):
        raise CheckpointError(
            f"{path}: some weights are larger than half precision holds (65504). Save with half=False."
        )
    # Contiguous, so that the file does not depend on the memory format that training ran in.
    weights = {name: value.contiguous() for name, value in weights.items()}
    content = {
        "format": FORMAT,
        "version": VERSION,
        "config": checkpoint.config.to_dict(),
        "weights": weights,
        "about": checkpoint.about,
    }
    write_atomically(Path(path), lambda file: torch_save.save(content, file))


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Reads and checks a checkpoint; weights are returned as float32 on the CPU.

    Raises `CheckpointError` with one sentence for a file that is missing, damaged, hostile or
    of another kind.
    """
    path = Path(path)
    return to_checkpoint(read_tensors(path), path)


def to_checkpoint(content: Any, path: Path) -> Checkpoint:
    """Returns the checkpoint in a file's content, all checked. Raises `CheckpointError` where it
    is not valid."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{path} holds no pix2pix checkpoint: it has no format entry that says so.")
    if content.get("version") != VERSION:
        raise CheckpointError(
            f"{path} has format version {content.get('version')!r:.40}; this pix2pix reads {VERSION}. "
            "Update pix2pix."
        )
    try:
        config = ModelConfig.from_dict(content["config"])
    except (ConfigError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path}: the model's description cannot be read ({error!s:.200}).") from error
    weights = content.get("weights")
    about = content.get("about", {})
    if not isinstance(weights, dict) or not isinstance(about, dict):
        raise CheckpointError(f"{path}: weights or description are missing. The file is incomplete.")
    if not is_plain(about):
        raise CheckpointError(
            f"{path}: what it tells about itself is more than words and numbers, or too much. The file "
            "is not used."
        )
    config = _with_built_decoder(config, weights)
    check_weights(config, weights, where=str(path))
    return Checkpoint(config, {name: _widen(value) for name, value in weights.items()}, about)


def _with_built_decoder(config: ModelConfig, weights: Mapping[str, Any]) -> ModelConfig:
    """Returns the config with decoder "transposed" for a ResNet whose weights say so.

    Before the ResNet had a choice, its files named whatever decoder the settings did. A transposed
    convolution has its inputs first, which are twice its outputs.
    """
    doubling = weights.get("up.0.conv.weight")
    shape = doubling.shape if isinstance(doubling, Tensor) else ()
    if config.generator == "resnet" and len(shape) == 4 and shape[0] == 2 * shape[1]:
        return dataclasses.replace(config, decoder="transposed")
    return config


def is_plain(about: Any) -> bool:
    """Whether `about` is a dict of plain values, within `MOST_TOLD` and `MOST_NESTED`, which can be shown and
    stored as JSON."""
    count = 0
    level = [about]
    for _ in range(MOST_NESTED * isinstance(about, dict)):
        # A list may hold itself, or one list a thousand times: what comes next is
        # counted before it is gathered.
        holders = [value for value in level if isinstance(value, (list, tuple, dict))]
        count += sum(map(len, holders)) + sum(
            len(value) // LONG_WORD for value in level if isinstance(value, str)
        )
        if count > MOST_TOLD or not all(isinstance(value, PLAIN) for value in level):
            return False
        if not all(isinstance(key, str) for value in holders if isinstance(value, dict) for key in value):
            return False
        level = [
            item
            for value in holders
            for item in ((*value, *value.values()) if isinstance(value, dict) else value)
        ]
        if not level:
            return True
    return False


def _widen(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def read_tensors(path: Path, allowed: Set[str] = ALLOWED_GLOBALS) -> Any:
    """Reads plain values and tensors of a `torch.save` file, without running any code in it.

    Raises `CheckpointError` where the file is damaged or would import more than `allowed`.
    """
    _check_archive(path, allowed)
    try:
        # By its handle: torch takes a file whose name ends with .safetensors for one, whatever it holds.
        with path.open("rb") as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes torch raise, the reader gets one sentence
        raise CheckpointError(f"{path} is damaged: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def check_is_file(path: Path) -> None:
    """Raises `CheckpointError` where there is no such file."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise CheckpointError(f"{path} {what}; name a checkpoint file, such as runs/houses/model.pth.")


def _check_archive(path: Path, allowed: Set[str]) -> None:
    """Checks checksums, sizes and names before anything is unpacked; torch itself would
    load a flipped bit."""
    check_is_file(path)
    try:
        instead = what_instead(path)
        if instead:
            raise CheckpointError(f"{path} {instead}.")
        with zipfile.ZipFile(path) as archive:
            instead = what_archive(archive)
            if instead:
                raise CheckpointError(f"{path} {instead}.")
            _check_entries(path, archive)
            pickles = [name for name in archive.namelist() if name.endswith("data.pkl")]
            if len(pickles) != 1:
                raise CheckpointError(f"{path} is a zip file, but no PyTorch checkpoint.")
            check_pickle(path, io.BytesIO(archive.read(pickles[0])), allowed=allowed)
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {(error.strerror or _first_line(error)).lower()}."
        ) from error
    # zipfile raises what it likes on garbage: BadZipFile, RuntimeError, struct.error, UnicodeDecodeError
    except Exception as error:
        raise CheckpointError(
            f"{path} is damaged, or not a PyTorch checkpoint ({_first_line(error)})."
        ) from error


def _check_entries(path: Path, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    size = path.stat().st_size
    claimed = sum(entry.file_size for entry in entries)
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries) or claimed > size:
        raise CheckpointError(
            f"{path} claims {claimed:,} bytes and has {size:,}: PyTorch never compresses. The file is "
            "not opened."
        )
    broken = archive.testzip()
    if broken:
        raise CheckpointError(
            f"{path} is damaged: the sum of its part {broken} is wrong. Get the file again."
        )


def check_pickle(path: Path, file: BinaryIO, *, allowed: Set[str] = ALLOWED_GLOBALS) -> None:
    """Reads one pickle as text, up to its end. Raises `CheckpointError` where it would import
    more than `allowed`."""
    try:
        names = dict.fromkeys(names_in_pickle(file))
    except Exception as error:  # pickletools raises what it likes on garbage
        raise CheckpointError(
            f"{path} is damaged: its index cannot be read ({_first_line(error)})."
        ) from error
    strange = [name for name in names if name not in allowed]
    objects = {name for name in strange if name.removeprefix(COMPOSED) not in allowed}
    if objects:
        raise CheckpointError(f"{path} {why_refused(objects, next(iter(names)))}")
    if strange:
        raise CheckpointError(
            f"{path} was saved with a newer pickle protocol than torch.save has: save it anew, without "
            "pickle_protocol."
        )


def check_weights(config: ModelConfig, weights: Mapping[str, Tensor], *, where: str) -> None:
    """Raises `CheckpointError` where keys, shapes or finiteness are not those of the network of `config`."""
    try:
        wanted = describe_generator(config).state_dict()
    except (ConfigError, KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise CheckpointError(f"{where}: the model's description cannot be read ({error!s:.200}).") from error
    missing = wanted.keys() - weights.keys()
    strange = weights.keys() - wanted.keys()
    if missing or strange:
        example = min(map(str, missing or strange))
        raise CheckpointError(
            f"{where}: the weights are not those of the network that it describes: missing {len(missing)}, "
            f"too many {len(strange)}"
            f" (such as {example[:80]!r})."
        )
    for name, value in weights.items():
        _check_tensor(name, value, wanted=wanted[name], where=where)


def _check_tensor(name: str, value: Any, *, wanted: Tensor, where: str) -> None:
    if not isinstance(value, Tensor) or value.shape != wanted.shape:
        found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise CheckpointError(
            f"{where}: {name} is {found}, and the network that the file describes needs "
            f"{tuple(wanted.shape)}."
        )
    # A storage smaller than the shape (strides of 0) would grow a small file into gigabytes.
    if value.untyped_storage().nbytes() < value.numel() * value.element_size():
        raise CheckpointError(
            f"{where}: {name} claims {value.numel():,} numbers and stores fewer. The file is not used."
        )
    if not are_finite([value]):
        raise CheckpointError(f"{where}: {name} holds numbers that are not finite. The model is broken.")


def choose_statistics(checkpoint: Checkpoint, statistics: str) -> str:
    """Returns which batch norm statistics to use, `picture` or `running`; "auto" is the config's choice.

    Raises `ConfigError` for running ones that the training did not record.
    """
    if statistics not in STATISTICS_CHOICES:
        raise ConfigError(f"statistics is {statistics!r}; choose one of {', '.join(STATISTICS_CHOICES)}.")
    spread = [value for name, value in checkpoint.weights.items() if name.endswith("running_var")]
    if (
        statistics == "running"
        and "origin" in checkpoint.about
        and spread
        and all(bool((value == 1).all()) for value in spread)
    ):
        raise ConfigError(
            "this model has batch norm and no running statistics: its training kept none. Take "
            'statistics "picture".'
        )
    return checkpoint.config.statistics if statistics == "auto" else statistics
