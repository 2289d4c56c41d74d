"""Reads and writes `.pict`, the format of pix2pix-tensorflow's clients for browsers and Unity: names, shapes,
256 values, and one byte for each weight."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from pix2pix.checkpoints.checkpoint import Checkpoint
from pix2pix.errors import CheckpointError, ConfigError
from pix2pix.imaging.test_card import make_test_card
from pix2pix.runtime.fast_inference import normalise_by_picture
from pix2pix.runtime.files import write_bytes

VALUES = 256
LARGEST_TABLE = 10_000_000
LEVELS = 8
"""Depth of the clients' U-Net."""
ROUNDS = 12
SAMPLE = 500_000
RESIZED = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
"""Row k: which of the 3 taps of a convolution on repeated pixels meet the pixel that tap k of a transposed
convolution of 4 comes from."""


def is_pict(path: Path) -> bool:
    """Whether the file begins with the length of a list and its bracket."""
    with path.open("rb") as file:
        start = file.read(5)
    return len(start) == 5 and start[4:] == b"[" and struct.unpack(">I", start[:4])[0] < LARGEST_TABLE


def read_pict(path: Path) -> dict[str, Tensor]:
    """Returns the tensors by name, float32. Raises `CheckpointError` for a damaged file."""
    with path.open("rb") as file:
        table, values, indices = (_read_chunk(path, file) for _ in range(3))
    try:
        shapes = [(str(entry["name"]), [int(side) for side in entry["shape"]]) for entry in json.loads(table)]
        lookup = torch.frombuffer(values, dtype=torch.float32)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged: its table of contents cannot be read.") from error
    named = sum(prod(shape) for _, shape in shapes)
    if (
        len(lookup) != VALUES
        or named != len(indices)
        or any(side < 1 for _, shape in shapes for side in shape)
    ):
        raise CheckpointError(
            f"{path} is damaged: it names {named:,} weights and holds {len(indices):,}, with {len(lookup)} "
            f"of {VALUES} values to choose."
        )
    weights = lookup[torch.frombuffer(indices, dtype=torch.uint8).long()] if named else lookup[:0]
    parts = weights.split([prod(shape) for _, shape in shapes])
    return {name: part.reshape(shape) for (name, shape), part in zip(shapes, parts, strict=True)}


def _read_chunk(path: Path, file: BinaryIO) -> bytearray:
    start = file.read(4)
    length = struct.unpack(">I", start)[0] if len(start) == 4 else 0
    if length > path.stat().st_size:
        raise CheckpointError(
            f"{path} is damaged: a part of it should have {length:,} bytes, more than the file."
        )
    data = bytearray(file.read(length))
    if not length or len(data) != length:
        raise CheckpointError(f"{path} is damaged: it ends before its three parts do. Get it again.")
    return data


def write_pict(path: str | Path, checkpoint: Checkpoint) -> None:
    """Writes the generator for the existing clients. Raises `ConfigError` where they cannot run it.

    The clients normalise the bottleneck, which leaves a constant at 256 x 256: it is replaced by its mean
    over a test picture. Weights are rounded to 256 values.
    """
    check_writable(checkpoint)
    tensors = dict(sorted(to_tensorflow(checkpoint).items()))
    weights = torch.cat([value.reshape(-1) for value in tensors.values()])
    lookup = choose_values(weights)
    table = json.dumps(
        [{"name": name, "shape": list(value.shape)} for name, value in tensors.items()]
    ).encode()
    chunks = (table, lookup.numpy().tobytes(), nearest(weights, lookup).numpy().tobytes())
    write_bytes(path, b"".join(struct.pack(">I", len(chunk)) + chunk for chunk in chunks))


def check_writable(checkpoint: Checkpoint) -> None:
    """Raises `ConfigError` unless the clients' network can compute the same as this one."""
    config = checkpoint.config
    checks = (
        (config.generator == "unet", f"a {config.generator} is no U-Net"),
        (config.depth == LEVELS, f"this one has {config.depth} levels"),
        (config.skips, "this one has no skips"),
        (
            config.decoder in ("transposed", "resize"),
            "this one grows its pictures between pixels, for which their kernels are too small",
        ),
        (config.norm != "none", "this one has no norm"),
        (config.dialect in ("paper", "usual", "tensorflow"), f"this one is a {config.dialect} network"),
    )
    for holds, why in checks:
        if not holds:
            raise ConfigError(
                f"the clients of .pict draw with a U-Net of {LEVELS} levels, skips and a norm; {why}. "
                "Export to ONNX instead."
            )


def to_tensorflow(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """Returns the weights in the names and layout of pix2pix-tensorflow."""
    weights = checkpoint.weights
    depth = checkpoint.config.depth
    given: dict[str, Tensor] = {}
    for side, ours, kind in _places(depth):
        weight = weights[f"{ours}.conv.weight"]
        if ours.startswith("up.") and checkpoint.config.decoder == "resize":
            weight = torch.einsum("ra,oiab,sb->iors", RESIZED, weight.float(), RESIZED)
        weight = _decoder_first(ours, weight)
        outs = weight.shape[1 if side.startswith("decoder") else 0]
        place = f"generator/{side}"
        given[f"{place}/{kind}/kernel"] = weight.permute(2, 3, 1, 0)
        given[f"{place}/{kind}/bias"] = weights.get(f"{ours}.conv.bias", torch.zeros(outs))
        if not side.endswith("_1"):
            given[f"{place}/batch_normalization/gamma"] = weights.get(f"{ours}.norm.weight", torch.ones(outs))
            given[f"{place}/batch_normalization/beta"] = weights.get(f"{ours}.norm.bias", torch.zeros(outs))
    if checkpoint.config.dialect != "tensorflow":
        given[f"generator/encoder_{depth}/batch_normalization/beta"] = _mean_bottleneck(checkpoint)
    return {name: value.float().contiguous() for name, value in given.items()}


def _places(depth: int) -> Iterator[tuple[str, str, str]]:
    for number in range(1, depth + 1):
        yield f"encoder_{number}", f"down.{number - 1}", "conv2d"
        yield f"decoder_{number}", f"up.{depth - number}", "conv2d_transpose"


def _decoder_first(ours: str, weight: Tensor) -> Tensor:
    """Orders a decoder's input channels as [decoder, skip]; the first decoder level has no skip."""
    return weight if not ours.startswith("up.") or ours == "up.0" else weight.roll(weight.shape[0] // 2, 0)


@torch.inference_mode()
def _mean_bottleneck(checkpoint: Checkpoint) -> Tensor:
    """Returns the decoder's input from the bottleneck, averaged over a test picture."""
    captured: list[Tensor] = []
    generator: Any = normalise_by_picture(checkpoint.generator())
    generator.down[-1].register_forward_hook(lambda module, inputs, given: captured.append(given.clone()))
    generator(make_test_card(checkpoint.config.in_channels, generator.multiple))
    return captured[0].relu().mean((0, 2, 3)).clone()


def choose_values(weights: Tensor) -> Tensor:
    """Returns the 256 sorted values that represent the weights best, by Lloyd's algorithm from quantiles."""
    sample = weights[:: max(1, len(weights) // SAMPLE)].sort().values
    places = torch.linspace(0, len(sample) - 1, VALUES).long()
    # Half by number, half by size: rare large weights count as much in a picture as many small ones.
    even = torch.linspace(float(weights.min()), float(weights.max()), VALUES)
    values = torch.cat((sample[places][::2], even[::2])).sort().values
    sums = torch.cat((sample.new_zeros(1, dtype=torch.float64), sample.double().cumsum(0)))
    for _ in range(ROUNDS):
        ends = torch.searchsorted(sample, (values[1:] + values[:-1]) / 2)
        edges = torch.cat((ends.new_zeros(1), ends, ends.new_full((1,), len(sample))))
        counts = edges[1:] - edges[:-1]
        means = (sums[edges[1:]] - sums[edges[:-1]]) / counts.clamp(min=1)
        values = torch.where(counts > 0, means.float(), values).sort().values
    return values


def nearest(weights: Tensor, values: Tensor) -> Tensor:
    """Returns the index of the nearest of the sorted values for each weight, uint8."""
    return torch.searchsorted((values[1:] + values[:-1]) / 2, weights.contiguous()).to(torch.uint8)
