"""Exports a generator as one ONNX file: any batch, height and width; no dropout; each picture
normalised by itself.

Weights can be stored in 16 bits. The arithmetic stays in 32 (a Cast follows each weight, which runtimes
fold when they load): every runtime then computes what was compared with torch, and no sum over a large
map can overflow.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import nn

import pix2pix
from pix2pix.checkpoints.checkpoint import Checkpoint, choose_statistics
from pix2pix.checkpoints.export import parity as parity
from pix2pix.checkpoints.export.parity import Proof
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError, ConfigError
from pix2pix.runtime.fast_inference import normalise_by_picture
from pix2pix.runtime.files import utf8_name, write_atomically

OPSET = 18
LARGEST_FILE = 2_000_000_000
"""Limit in bytes: an ONNX file is one protobuf message, which ends at 2 GiB."""

LARGEST_HALF = 65504.0
BOUNDS = {False: (0.5, 0.05), True: (16.0, 1.0)}
"""Largest and mean difference to torch that is accepted, in levels of 255, without and with `half`."""

INPUT = "source"
OUTPUT = "picture"
CHANNEL_NAMES = {1: "gray", 3: "RGB"}
ABOUT = (
    "Pictures as float32 in [-1, 1], (batch, channels, height, width); height and width multiples of {}. {}:"
    " value / 127.5 - 1."
)


def write_onnx(
    path: str | Path, checkpoint: Checkpoint, *, half: bool = False, statistics: str = "auto"
) -> Proof:
    """Writes the file and compares it with torch.

    Raises `CheckpointError` where it is too large, or differs too much from torch; the file is then not kept.
    """
    _check_installed()
    generator = for_export(checkpoint, statistics)
    _check_size(generator, half, name=str(path))
    model = _describe(_trace(generator, checkpoint.config.in_channels), checkpoint, generator=generator)
    if half:
        _store_halves(model, str(path))
    proofs = []

    def write(file: BinaryIO) -> None:
        file.write(model.SerializeToString())
        file.flush()
        found = parity.compare(open_onnx(file.name), generator, config=checkpoint.config)
        proofs.append(parity.check(found, *BOUNDS[half], name=str(path)))

    write_atomically(path, write)
    return proofs[0]


def for_export(checkpoint: Checkpoint, statistics: str = "auto") -> nn.Module:
    """Returns the network that is exported: that of a translator with these `statistics`, without noise."""
    statistics = choose_statistics(checkpoint, statistics)
    generator = checkpoint.generator().requires_grad_(False)
    return normalise_by_picture(generator) if statistics == "picture" else generator


def open_onnx(path: str) -> parity.Run:
    """Returns a function that runs the model in a file with ONNX Runtime on the CPU: source
    in, picture out."""
    import onnxruntime

    with utf8_name(path) as name:
        session = onnxruntime.InferenceSession(name, providers=["CPUExecutionProvider"])

    def run(source: Any) -> Any:
        return session.run([OUTPUT], {INPUT: source})[0]

    return run


def _check_installed() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f'the export to ONNX needs {error.name}, which is not installed: pip install "pix2pix[export]", '
            'or pip install -e ".[export]"'
            " in a checkout."
        ) from error


def _check_size(generator: nn.Module, half: bool, *, name: str) -> None:
    size = sum(weight.numel() for weight in generator.parameters()) * (2 if half else 4)
    if size > LARGEST_FILE:
        way = "Take a smaller model." if half else "Take --half, or a smaller model."
        raise CheckpointError(
            f"{name} would have {size / 1e9:.1f} GB; an ONNX file has at most {LARGEST_FILE / 1e9:.0f}. {way}"
        )


def _trace(generator: nn.Module, channels: int) -> Any:
    """Returns the network as an ONNX model with open sizes."""
    multiple = int(getattr(generator, "multiple", 1))
    batch, rows, columns = (torch.export.Dim(name, min=1) for name in ("batch", "rows", "columns"))
    shape = (
        {0: batch, 2: multiple * rows, 3: multiple * columns}
        if multiple > 1
        else {0: batch, 2: rows, 3: columns}
    )
    # No size twice, and none of 1: the tracer would take them for the same, or for fixed.
    example = torch.zeros(2, channels, multiple * 2 + 6 * (multiple == 1), multiple * 3 + 8 * (multiple == 1))
    with _quiet():
        program = torch.onnx.export(
            generator,
            (example,),
            dynamo=True,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=(shape,),
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    return program.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences messages of torch's exporter to its own developers within the context."""
    loggers = [logging.getLogger(name) for name in ("onnxscript", "onnx_ir", "torch.onnx")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _channel_names(config: ModelConfig) -> str:
    """Returns what the channels of both pictures are: `RGB`, `Gray`, or `source gray, picture RGB`."""
    source, picture = (
        CHANNEL_NAMES.get(count, f"{count} channels") for count in (config.in_channels, config.out_channels)
    )
    return source[:1].upper() + source[1:] if source == picture else f"{INPUT} {source}, {OUTPUT} {picture}"


def _describe(model: Any, checkpoint: Checkpoint, *, generator: nn.Module) -> Any:
    """Writes our description into the model in place of the tracer's notes, which contain paths
    of this machine."""
    import onnx

    graph = model.graph
    for part in (
        model,
        graph,
        *graph.node,
        *graph.input,
        *graph.output,
        *graph.value_info,
        *graph.initializer,
    ):
        del part.metadata_props[:]
        part.doc_string = ""
    model.producer_name = "pix2pix"
    model.producer_version = pix2pix.__version__
    multiple = int(getattr(generator, "multiple", 1))
    facts = checkpoint.config.to_dict() | {"multiple": multiple}
    properties = {
        "config": json.dumps(facts),
        "palette": json.dumps(facts["palette"]),
        "about": json.dumps(checkpoint.about),
        "input": ABOUT.format(multiple, _channel_names(checkpoint.config)),
    }
    onnx.helper.set_model_props(model, properties)
    return model


def _store_halves(model: Any, name: str) -> None:
    """Stores the weights of convolutions in 16 bits, each with a Cast back to 32 before it is used."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) != 4:
            continue
        values = numpy_helper.to_array(tensor)
        own = tensor.name
        if np.abs(values).max(initial=0) > LARGEST_HALF:
            raise CheckpointError(
                f"{name}: some weights are larger than half precision holds ({LARGEST_HALF:.0f}). Export "
                "without --half."
            )
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{own}.half"))
        casts.append(
            helper.make_node("Cast", [tensor.name], [own], name=f"{own}.widen", to=TensorProto.FLOAT)
        )
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
