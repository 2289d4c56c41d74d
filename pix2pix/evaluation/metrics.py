"""Metrics of pictures: one number a picture against its target, and distances of two sets of pictures.

All take tensors (B, C, H, W) in [-1, 1] and measure on [0, 1]: an L1 of 0.1 is 25.5 of 255 levels.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

BLOCK = 4
"""Side in pixels of the pattern that two doublings by transposed convolutions leave."""
QUARTER_LEVEL = 0.25 / 255
INCEPTION_FILE = "weights-inception-2015-12-05-6726825d.pth"
"""Where the weights of FID and KID lie below `weights_folder`."""
HIGHEST_PSNR = 100.0
"""Decibels for equal pictures, whose PSNR is infinite, so that means are finite and JSON can hold them."""


def l1(fake: Tensor, target: Tensor) -> list[float]:
    """Returns the mean absolute difference of each picture, 0 to 1; lower is better."""
    return [float(value) for value in (_to_range(fake) - _to_range(target)).abs().mean(dim=(1, 2, 3))]


def psnr(fake: Tensor, target: Tensor) -> list[float]:
    """Returns the peak signal to noise ratio of each picture in decibels, at most 100; higher is better."""
    values = _functions().peak_signal_noise_ratio(
        _to_range(fake), _to_range(target), data_range=1.0, reduction="none", dim=(1, 2, 3)
    )
    return [min(float(value), HIGHEST_PSNR) for value in values.reshape(-1)]


def ssim(fake: Tensor, target: Tensor) -> list[float]:
    """Returns the structural similarity of each picture, at most 1; higher is better.

    The window is the usual Gaussian of 11 pixels; sides from 6 pixels up.
    """
    values = _functions().structural_similarity_index_measure(
        _to_range(fake), _to_range(target), data_range=1.0, reduction="none"
    )
    return [float(value) for value in torch.as_tensor(values).reshape(-1)]


def ms_ssim(fake: Tensor, target: Tensor) -> list[float]:
    """Returns the SSIM on five scales of each picture, at most 1; higher is better.

    The window has to fit into a sixteenth of the picture: sides from `MS_SSIM_SIDE` pixels up.
    """
    values = _functions().multiscale_structural_similarity_index_measure(
        _to_range(fake), _to_range(target), data_range=1.0, reduction="none"
    )
    return [float(value) for value in torch.as_tensor(values).reshape(-1)]


def edges(fake: Tensor, target: Tensor) -> list[float]:
    """Returns how strong the edges of each picture are against its target's: the mean absolute difference of
    neighbouring pixels, as a ratio. 1 is right; less is blurred."""
    return _ratios(fake, target, _mean_gradient, floor=QUARTER_LEVEL)


def grid(fake: Tensor, target: Tensor) -> list[float]:
    """Returns how much of a grid each picture has against its target: the energy at periods of 2 and 4
    pixels, as a ratio. 1 is right; transposed convolutions that leave their pattern in flat areas have more.

    That energy is the one of the mean pattern of all blocks of 4x4 pixels (Odena et al., 2016, deconvolution
    and checkerboard artifacts).
    """
    return _ratios(fake, target, _energy_of_pattern, floor=QUARTER_LEVEL**2)


def _ratios(
    fake: Tensor, target: Tensor, measure: Callable[[Tensor], Tensor], *, floor: float
) -> list[float]:
    """Returns what is measured of each fake over what is of its target. `floor` is added to both: in a
    picture of one colour there is nothing to compare with."""
    found, wanted = (measure(_to_range(half)) for half in (fake, target))
    return [float(ratio) for ratio in (found + floor) / (wanted + floor)]


def _mean_gradient(pictures: Tensor) -> Tensor:
    """Returns the mean absolute differences of neighbours down and across, (B,)."""
    gray = pictures.mean(dim=1)
    down, across = ((gray.diff(dim=dim)).abs().mean(dim=(1, 2)) for dim in (1, 2))
    return down + across


def _energy_of_pattern(pictures: Tensor) -> Tensor:
    """Returns the variance of the mean block of 4x4 pixels, (B,); rows and columns beyond whole blocks are
    left out."""
    height, width = (side - side % BLOCK for side in pictures.shape[-2:])
    whole = pictures[..., :height, :width].unflatten(-1, (-1, BLOCK)).unflatten(-3, (-1, BLOCK))
    return whole.mean(dim=(2, 4)).var(dim=(2, 3), correction=0).mean(dim=1)


Metric = Callable[[Tensor, Tensor], list[float]]
METRICS: dict[str, Metric] = {"l1": l1, "psnr": psnr, "ssim": ssim, "edges": edges}
"""Quick metrics, with which a training run validates."""
MS_SSIM_SIDE = 176
NEAR_ONE_IS_BETTER = frozenset({"edges", "grid"})
LOWER_IS_BETTER = frozenset({"l1", "lpips", "fid", "kid", "seconds"})


def measure_pair(fake: Tensor, target: Tensor) -> dict[str, float]:
    """Returns each metric that two pictures (1, C, H, W) are large enough for, by name."""
    side = min(fake.shape[-2:])
    metrics = METRICS | ({"ms_ssim": ms_ssim} if side >= MS_SSIM_SIDE else {})
    metrics |= {"grid": grid} if side >= BLOCK else {}
    return {name: metric(fake, target)[0] for name, metric in metrics.items()}


class LabHistograms:
    """The intersection of the histograms of L, a and b of two sets of pictures (the paper's Figure 7).

    The histograms are those of all pixels of all pictures, as in the paper, with bins of width 1.
    """

    NAMES = ("lab_l", "lab_a", "lab_b")
    LOWEST = torch.tensor([0.0, -110.0, -110.0])
    BINS = 220

    def __init__(self) -> None:
        self.counts = torch.zeros(2, 3, self.BINS, dtype=torch.int64)

    def add(self, fake: Tensor, target: Tensor) -> None:
        """Adds a batch of both sets."""
        for side, pictures in enumerate((fake, target)):
            lab = to_lab(_to_range(pictures)).permute(1, 0, 2, 3).flatten(1).cpu()
            places = (lab - self.LOWEST[:, None]).floor().clamp(0, self.BINS - 1).long()
            for channel in range(3):
                self.counts[side, channel] += torch.bincount(places[channel], minlength=self.BINS)

    def result(self) -> dict[str, float]:
        """Returns three shares: 0 where no colour occurs in both sets, 1 where both have the same
        colours equally often."""
        shares = self.counts.double() / self.counts.sum(dim=-1, keepdim=True).clamp(min=1)
        return dict(zip(self.NAMES, shares.amin(dim=0).sum(dim=-1).tolist(), strict=True))


def to_lab(pictures: Tensor) -> Tensor:
    """Converts sRGB (B, 3, H, W) in [0, 1], or gray, to CIE L*a*b* under D65: L in 0 to 100, a and b about
    -110 to 110."""
    rgb = pictures.expand(-1, 3, -1, -1)
    linear = torch.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    matrix = linear.new_tensor(
        [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
    )
    # Divided by the white that the same matrix makes, so that gray has no colour.
    xyz = torch.einsum("ij,bjhw->bihw", matrix / matrix.sum(dim=1, keepdim=True), linear)
    root = torch.where(xyz > 0.008856, xyz.clamp(min=1e-9) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = root.unbind(dim=1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim=1)


class FeatureDistances:
    """FID and KID of two sets of pictures. `extract` takes uint8 (B, 3, H, W) and gives features (B, n).

    KID is taken over all pictures at once rather than over random subsets, so that it is the same each time.
    """

    def __init__(self, extract: Callable[[Tensor], Tensor]) -> None:
        self.extract = extract
        self.features: tuple[list[Tensor], list[Tensor]] = ([], [])

    def add(self, fake: Tensor, target: Tensor) -> None:
        """Adds a batch of both sets."""
        for side, pictures in zip(self.features, (fake, target), strict=True):
            side.append(features_of(pictures, self.extract))

    def result(self) -> dict[str, float]:
        """Returns `fid` and `kid`, lower is better; {} for fewer than two pictures."""
        fakes, targets = (torch.cat(side) for side in self.features)
        return feature_distances(fakes, targets)


def features_of(pictures: Tensor, extract: Callable[[Tensor], Tensor]) -> Tensor:
    """Returns the features (B, n) of pictures (B, C, H, W) in [-1, 1], on the CPU."""
    pixels = _to_range(pictures).expand(-1, 3, -1, -1).mul(255).round().to(torch.uint8)
    with torch.inference_mode():
        return extract(pixels).float().cpu()


def feature_distances(fakes: Tensor, targets: Tensor) -> dict[str, float]:
    """Returns `fid` and `kid` of two sets of features (N, n) and (M, n); {} for fewer than two in a set."""
    if min(len(fakes), len(targets)) < 2:
        return {}
    as_it_is = nn.Identity()
    as_it_is.num_features = fakes.shape[1]  # type: ignore[assignment]  # what torchmetrics asks instead of trying the network
    fid = _part("fid").FrechetInceptionDistance(feature=as_it_is)
    fid.update(targets, real=True)
    fid.update(fakes, real=False)
    return {"fid": float(fid.compute()), "kid": float(_part("kid").poly_mmd(targets, fakes))}


def open_inception() -> nn.Module:
    """Returns the network of FID and KID, through torch-fidelity: uint8 (B, 3, H, W) to features (B, 2048).

    Its weights (92 MB) are downloaded if needed.
    """
    network: nn.Module = _part("fid").NoTrainInceptionV3(name="inception-v3-compat", features_list=["2048"])
    return network


def find_inception() -> nn.Module | None:
    """Returns the network of FID and KID where torch-fidelity is installed and its weights are on this
    machine; nothing is downloaded."""
    if not Path(weights_folder(), INCEPTION_FILE).is_file() or not find_spec("torch_fidelity"):
        return None
    return open_inception()


def open_lpips() -> Metric:
    """Returns LPIPS with AlexNet; lower is better. Its weights (233 MB) are downloaded if needed."""
    network = _part("lpip").LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True)

    def lpips(fake: Tensor, target: Tensor) -> list[float]:
        with torch.inference_mode():
            pictures = (_to_range(half).expand(-1, 3, -1, -1) for half in (fake, target))
            return [float(network(a[None], b[None])) for a, b in zip(*pictures, strict=True)]

    return lpips


def weights_folder() -> str:
    """Returns the cache folder of downloaded weights."""
    return f"{torch.hub.get_dir()}/checkpoints"


def _part(name: str) -> Any:
    """Returns `torchmetrics.image.NAME`."""
    _functions()
    return importlib.import_module(f"torchmetrics.image.{name}")


def _functions() -> Any:
    """Returns the functions of torchmetrics, imported only when needed, since that takes over a second."""
    # It imports torchvision, which is mended by `vision` where it fails.
    importlib.import_module("pix2pix.evaluation.torchvision_patch")
    return importlib.import_module("torchmetrics.functional.image")


@contextmanager
def importing_metrics() -> Iterator[None]:
    """Imports what the metrics need in a thread, beside the work in the context: a second in which networks
    that compute outside of Python lose nothing. The work must import nothing itself."""
    if "torchmetrics.functional.image" in sys.modules:
        yield
        return

    def load() -> None:
        # An error is raised where a metric is computed.
        with suppress(Exception):
            _functions()

    thread = threading.Thread(target=load, name="metrics")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _to_range(pictures: Tensor) -> Tensor:
    """Converts [-1, 1] to [0, 1]; values outside are clipped, as in a saved picture."""
    return pictures.detach().float().add(1).div(2).clamp(0, 1)
