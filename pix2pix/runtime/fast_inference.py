"""Fast copies of a generator for drawing: the same pictures in a fraction of the time. The
generator is unchanged.

On a CPU a convolution reorders its weights into the processor's blocks on every call; for one picture that
takes longer than the convolution. Here they are reordered once. bf16 weights halve the rest again where the
processor multiplies them in hardware.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.imaging.test_card import make_test_card
from pix2pix.networks.norms import BottleneckNorm

Precision = Literal["fp32", "bf16"]
DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}

LARGEST_DIFFERENCE: dict[Precision, float] = {"fp32": 1e-4, "bf16": 1 / 255}
"""Mean difference of a picture in [0, 1] that is accepted between a fast copy and its generator."""

WORTH_IT = 0.8
"""bf16 is used where it needs less than this share of the time of fp32."""

_measured: dict[str, bool] = {}
_measuring = threading.Lock()
_log = logging.getLogger(__name__)


class PerImageBatchNorm(nn.BatchNorm2d):
    """Batch norm over the picture at hand instead of running statistics, as the paper tests;
    its buffers are never touched."""

    @classmethod
    def like(cls, norm: nn.BatchNorm2d) -> PerImageBatchNorm:
        """Returns a norm with the weights and keys of `norm`, sharing its tensors."""
        kind = PerImageBottleneckNorm if isinstance(norm, BottleneckNorm) else cls
        twin = kind(
            norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats, device="meta"
        )
        twin._parameters = dict(norm._parameters)
        twin._buffers = dict(norm._buffers)
        return twin.train(norm.training)

    def forward(self, features: Tensor) -> Tensor:
        if features.shape[0] == 1:  # keeps channels-last, which instance norm does not
            return F.batch_norm(features, None, None, self.weight, self.bias, training=True, eps=self.eps)
        return F.instance_norm(features, None, None, self.weight, self.bias, eps=self.eps)


class PerImageBottleneckNorm(PerImageBatchNorm):
    """The same where features may be 1 x 1, of which torch's own norms know no variance:
    the offset is left."""

    def forward(self, features: Tensor) -> Tensor:
        values = features.float()
        centred = values - values.mean((2, 3), keepdim=True)
        scale = self.weight[:, None, None] * (centred.square().mean((2, 3), keepdim=True) + self.eps).rsqrt()
        return (centred * scale + self.bias[:, None, None]).to(features.dtype)


class InferenceConvolution(nn.Module):
    """A convolution with its own copy of the weights, in the type and the order that this
    machine multiplies fastest."""

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self._run = _pack(conv, dtype) if _is_packable(conv, dtype) else _copy(conv, dtype)
        self._narrow = _widest_to_one_column(conv) if dtype == torch.bfloat16 else 0
        self._stride = int(conv.stride[1])

    def forward(self, features: Tensor) -> Tensor:
        # oneDNN's bf16 convolution of stride 2 reads memory that nobody wrote where its output is one column
        # wide and more than one row high, as in the bottleneck of a tall picture: noise, or NaN, another each
        # time. Zeros on the right make that two columns, of which the first is the same. Training never comes
        # there: its pictures are square, and so are their features.
        if features.shape[3] <= self._narrow and features.shape[2] > 1:
            wider = F.pad(features.to(self.dtype), (0, self._stride)).contiguous(
                memory_format=torch.channels_last
            )
            return self._run(wider)[..., :1]
        return self._run(features.to(self.dtype, memory_format=torch.channels_last))


def _widest_to_one_column(conv: nn.Conv2d | nn.ConvTranspose2d) -> int:
    """Returns the widest input of a strided convolution that gives a single column; 0 where that
    is no problem."""
    if (
        isinstance(conv, nn.ConvTranspose2d)
        or isinstance(conv.padding, str)
        or conv.padding_mode != "zeros"
        or conv.stride[1] == 1
    ):
        return 0
    kernel = conv.dilation[1] * (conv.kernel_size[1] - 1) + 1
    return kernel + conv.stride[1] - 1 - 2 * conv.padding[1]


def _copy(conv: nn.Module, dtype: torch.dtype) -> nn.Module:
    twin: Any = copy.deepcopy(conv)
    return twin.to(dtype=dtype, memory_format=torch.channels_last)


def _is_packable(conv: nn.Conv2d | nn.ConvTranspose2d, dtype: torch.dtype) -> bool:
    if conv.weight.device.type != "cpu" or conv.padding_mode != "zeros" or isinstance(conv.padding, str):
        return False
    return torch.backends.mkldnn.is_available() and (dtype != torch.bfloat16 or packs_bf16())


def packs_bf16() -> bool:
    """Whether oneDNN reorders bf16 weights on this processor (with AVX-512 or AVX-NE-CONVERT)."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _pack(conv: nn.Conv2d | nn.ConvTranspose2d, dtype: torch.dtype) -> Any:
    """Returns a function that convolves with weights reordered once, by the operators of torch.compile."""
    ops = torch.ops.mkldnn
    weight = conv.weight.detach().to(dtype)
    bias = None if conv.bias is None else conv.bias.detach().to(dtype)
    padding = list(conv.padding)
    stride = list(conv.stride)
    dilation = list(conv.dilation)
    groups = conv.groups
    after: tuple[str, list[float], str] = ("none", [], "")  # nothing is fused after it
    if isinstance(conv, nn.ConvTranspose2d):
        extra = list(conv.output_padding)
        packed = ops._reorder_convolution_transpose_weight(weight, padding, extra, stride, dilation, groups)
        return lambda x: ops._convolution_transpose_pointwise(
            x, packed, bias, padding, extra, stride, dilation, groups, *after
        )
    packed = ops._reorder_convolution_weight(weight, padding, stride, dilation, groups)
    return lambda x: ops._convolution_pointwise(x, packed, bias, padding, stride, dilation, groups, *after)


def normalise_by_picture(generator: nn.Module) -> nn.Module:
    """Returns a copy of `generator` that shares its tensors, with batch norms that use each
    picture's own statistics."""
    return _replace(_sharing_copy(generator), nn.BatchNorm2d, make=PerImageBatchNorm.like)


def choose_inference_copy(
    generator: nn.Module, in_channels: int, *, precision: str
) -> tuple[nn.Module, Precision]:
    """Returns the fastest copy of `generator` that gives the same pictures, and its precision; else
    the generator itself.

    `precision` is fp32, bf16, or auto: bf16 where this machine is measured to be faster with it. A copy
    is tried on a test card, so the choice depends on weights and machine, and is the same each time
    within a process.
    """
    device = next(generator.parameters()).device
    bf16 = precision == "bf16" or (precision == "auto" and is_bf16_faster(device))
    candidates: list[Precision] = ["bf16", "fp32"] if bf16 else ["fp32"]
    multiple = getattr(generator, "multiple", 256)
    card = make_test_card(in_channels, multiple).to(device)
    if bf16:
        # Tall: its features shrink to one column of several rows, where kernels in
        # bf16 have been seen to go wrong.
        card = torch.cat((card, card.flip(2)), 2)[
            ..., : max(multiple, getattr(generator, "smallest", multiple))
        ]
    with torch.inference_mode():
        wanted = generator(card)
        for candidate in candidates:
            try:
                quick = make_inference_copy(generator, candidate)
                difference = float((quick(card) - wanted).abs().mean()) / 2
            except (RuntimeError, AttributeError, TypeError) as error:
                # The sorting operators are not promised to stay: where a torch lacks them, the
                # generator draws as well, only slower.
                _log.warning("no quick copy in %s: %s", candidate, error)
                continue
            if difference < LARGEST_DIFFERENCE[candidate]:
                return quick, candidate
    return generator, "fp32"


def make_inference_copy(generator: nn.Module, precision: Precision) -> nn.Module:
    """Returns a copy for drawing: float32 in and out, computing in `precision` inside; norms stay exact."""
    return _replace(
        _sharing_copy(generator),
        (nn.Conv2d, nn.ConvTranspose2d),
        make=lambda conv: InferenceConvolution(conv, DTYPES[precision]),
    )


def _sharing_copy(module: nn.Module) -> nn.Module:
    """Returns a copy with modules of its own that share the tensors: no second copy of the
    weights in memory."""
    tensors = itertools.chain(module.parameters(), module.buffers())
    return copy.deepcopy(module, {id(tensor): tensor for tensor in tensors})


def _replace(module: nn.Module, kinds: Any, *, make: Any) -> nn.Module:
    for name, child in module.named_children():
        setattr(module, name, make(child) if isinstance(child, kinds) else _replace(child, kinds, make=make))
    return module


@contextlib.contextmanager
def computing_with(threads: int) -> Iterator[None]:
    """Sets the number of torch's threads for the calling thread within the context.

    Norms sum in another order with another number of threads, and a pixel in ten thousand then rounds to
    the next level: a seed gives the same picture in every thread of a program only if all of them use
    the same number.
    """
    own = torch.get_num_threads()
    if own == threads:
        yield
        return
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(own)


def is_bf16_faster(device: torch.device) -> bool:
    """Whether this machine multiplies bf16 clearly faster than fp32: measured once a process,
    in about a tenth of a second."""
    if device.type not in ("cpu", "cuda"):
        return False
    with _measuring:
        if device.type not in _measured:
            _measured[device.type] = _measure_bf16(device)
        return _measured[device.type]


def _measure_bf16(device: torch.device) -> bool:
    try:
        # In one thread: several that wait for each other measure how busy the machine is.
        with torch.inference_mode(), computing_with(1):
            # Made as a description first: no start weights are drawn. (`skip_init` would
            # import sympy, half a second.)
            conv = nn.Conv2d(128, 128, 4, stride=2, padding=1, device="meta")
            conv.weight = nn.Parameter(torch.full(conv.weight.shape, 0.01, device=device), False)
            conv.bias = nn.Parameter(torch.full((conv.out_channels,), 0.01, device=device), False)
            features = torch.full((1, 128, 64, 64), 0.5, device=device)
            layers = {name: InferenceConvolution(conv, dtype) for name, dtype in DTYPES.items()}
            # Alternating, and the least of each: whatever else the machine does hits both.
            times = [{name: _time(layer, features) for name, layer in layers.items()} for _ in range(8)]
    except (RuntimeError, AttributeError, TypeError) as error:
        _log.warning("bf16 cannot be measured: %s", error)
        return False
    least = {name: min(row[name] for row in times) for name in DTYPES}
    return least["bf16"] < WORTH_IT * least["fp32"]


def _time(layer: InferenceConvolution, features: Tensor) -> float:
    features = features.to(layer.dtype, memory_format=torch.channels_last)
    begin = time.perf_counter()
    layer(features)
    if features.device.type == "cuda":
        torch.cuda.synchronize(features.device)
    return time.perf_counter() - begin
