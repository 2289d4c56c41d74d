"""Settings of a training run as a frozen value. One description of each setting gives its flag, form field,
check and row in the docs.

`TrainConfig` holds all of them; a run stores it. `ModelConfig`, which rebuilds a generator, comes along.
"""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

from pix2pix.errors import ConfigError
from pix2pix.method_settings import following_method
from pix2pix.model_config import (
    ARCHITECTURE,
    CHANNELS,
    Architecture,
    Color,
    Decoder,
    Dialect,
    GeneratorName,
    ImageSpec,
    Kind,
    ModelConfig,
    Norm,
    PaletteEntry,
)
from pix2pix.settings import (
    DATA,
    GROUPS,
    LOSS,
    MACHINE,
    MODEL,
    OPTIMIZER,
    OUTPUT,
    Bounds,
    Knob,
    Levels,
    refuse_unknown,
    to_knob,
    to_levels,
)

__all__ = [
    "ARCHITECTURE",
    "CHANNELS",
    "SPLITS",
    "Architecture",
    "Color",
    "Decoder",
    "Dialect",
    "GeneratorName",
    "ImageSpec",
    "Kind",
    "ModelConfig",
    "Norm",
    "PaletteEntry",
    "TrainConfig",
    "knobs",
]

Stated = Literal["auto", "labels", "photo", "gray", "edges", "mask", "lowres"]
StatedTarget = Literal["auto", "labels", "photo", "gray", "edges"]
Layout = Literal["auto", "side-by-side", "folders", "suffixes"]
Make = Literal["none", "gray", "edges", "mask", "lowres"]
Patch = Literal["1", "16", "34", "70", "142", "286"]
MethodName = Literal["pix2pix", "cyclegan"]

SMALLEST_CROP = 8
SPLITS = ("test", "val", "train", "all")
"""What a model can be measured on, the best choice first."""


@following_method
@dataclass(frozen=True)
class TrainConfig(Architecture):
    """Every setting of a training run; what is left out follows the method. Values are checked when it is
    made; `ConfigError` names what is wrong."""

    data: Annotated[str, "folder of pairs, of photos (with `make`), or of the first side or both", DATA] = ""
    data_b: Annotated[
        str, "folder of the second side, without pairs; empty where `data` has both sides in it", DATA
    ] = ""
    paired_test: Annotated[
        str, "folder of pairs to validate a training without pairs on: what it makes has a truth there", DATA
    ] = ""
    direction: Annotated[
        Literal["AtoB", "BtoA"], "which half is the source: A is left, first, or `input`", DATA
    ] = "AtoB"
    layout: Annotated[Layout, "how the pairs lie; auto takes what explains most pictures", DATA] = "auto"
    make: Annotated[Make, "make the source from single photos: what the model learns to undo", DATA] = "none"
    source: Annotated[Stated, "what the source pictures are; auto looks at them", DATA] = "auto"
    target: Annotated[StatedTarget, "what the target pictures are; auto looks at them", DATA] = "auto"
    source_range: Annotated[
        str,
        "values that are black and white in sources of more than 8 bits, as LOW:HIGH; empty takes the range "
        "of the set",
        DATA,
    ] = ""
    target_range: Annotated[str, "the same of the targets", DATA] = ""
    size: Annotated[int, "side of the square pictures to train for, in pixels", DATA, Bounds(8, 2048)] = 256
    crop: Annotated[
        int,
        "side of the crops of such pictures to train on, in pixels; 0 takes them whole. A quarter of the "
        "area takes a quarter of the time and memory",
        DATA,
        Bounds(0, 2048),
    ] = 0
    jitter: Annotated[
        bool, "random crop from a picture 286/256 times as large (paper, section 3.3)", DATA
    ] = True
    mirror: Annotated[bool, "mirror half of the pairs at random", DATA] = True
    crisp: Annotated[
        float,
        "share of label maps shown in their palette's exact colours, as drawings have them; the "
        "rest as found",
        DATA,
        Bounds(0, 1),
    ] = 0.0
    cache: Annotated[
        Literal["auto", "memory", "stream"], "hold the pictures in memory, or read them each time", DATA
    ] = "auto"

    method: Annotated[
        MethodName, "pix2pix learns from pairs; cyclegan from two sides of pictures without pairs", MODEL
    ] = "pix2pix"
    patch: Annotated[Patch, "side of the patch that the discriminator judges, in pixels", MODEL] = "70"
    discriminator_width: Annotated[
        int, "channels of the discriminator's first layer", MODEL, Bounds(1, 512)
    ] = 64

    scales: Annotated[
        int,
        "discriminators: of the picture, of it halved, and of its quarter; losses are means over them",
        MODEL,
        Bounds(1, 3),
    ] = 1

    gan: Annotated[
        Literal["vanilla", "lsgan", "hinge", "wgan-gp", "none"],
        "form of the GAN loss; none trains with L1 alone",
        LOSS,
    ] = "vanilla"
    conditional: Annotated[bool, "the discriminator sees the source too (cGAN); off gives GAN", LOSS] = True
    l1: Annotated[float, "weight of the L1 loss (the paper's lambda)", LOSS, Bounds(0, 10_000)] = 100.0
    feature_matching: Annotated[
        float,
        "weight of the L1 difference of the discriminator's features of fake and target, as a mean over "
        "layers (pix2pixHD sums four: its 10 is 40 here)",
        LOSS,
        Bounds(0, 10_000),
    ] = 0.0
    perceptual: Annotated[
        float,
        "weight of the L1 difference of VGG16's features of fake and target, as a mean over four layers",
        LOSS,
        Bounds(0, 10_000),
    ] = 0.0
    cycle_a: Annotated[
        float,
        "weight of the L1 difference of A to what comes back from B (cyclegan)",
        LOSS,
        Bounds(0, 10_000),
    ] = 10.0
    cycle_b: Annotated[float, "the same of B", LOSS, Bounds(0, 10_000)] = 10.0
    identity: Annotated[
        float,
        "weight of the identity loss, as a share of the cycle loss's (cyclegan)",
        LOSS,
        Bounds(0, 1000),
    ] = 0.5
    pool: Annotated[
        int, "earlier images that the discriminators are shown, too (cyclegan)", LOSS, Bounds(0, 10_000)
    ] = 50
    gan_weight: Annotated[
        float, "weight of the GAN loss in the generator's objective", LOSS, Bounds(0, 10_000)
    ] = 1.0
    penalty: Annotated[float, "weight of the gradient penalty (wgan-gp)", LOSS, Bounds(0, 1000)] = 10.0
    critic_steps: Annotated[int, "discriminator steps for each generator step", LOSS, Bounds(1, 20)] = 1
    real_label: Annotated[
        float,
        "target for real pairs; 0.9 is one-sided label smoothing (vanilla, lsgan)",
        LOSS,
        Bounds(0.5, 1),
    ] = 1.0

    steps: Annotated[int, "generator steps in all", OPTIMIZER, Bounds(1, 100_000_000)] = 20_000
    batch: Annotated[int, "pairs in one pass, over all processes", OPTIMIZER, Bounds(1, 4096)] = 1
    accumulate: Annotated[
        int, "passes whose gradients are summed into one step", OPTIMIZER, Bounds(1, 1024)
    ] = 1
    rate: Annotated[float, "learning rate of the generator (Adam)", OPTIMIZER, Bounds(1e-8, 1)] = 2e-4
    discriminator_rate: Annotated[
        float, "learning rate of the discriminator; 0 takes the generator's", OPTIMIZER, Bounds(0, 1)
    ] = 0.0
    beta1: Annotated[float, "Adam's first moment", OPTIMIZER, Bounds(0, 0.999)] = 0.5
    beta2: Annotated[float, "Adam's second moment", OPTIMIZER, Bounds(0, 0.99999)] = 0.999
    decay_from: Annotated[
        float, "share of the steps after which the rate falls linearly to zero", OPTIMIZER, Bounds(0, 1)
    ] = 0.5
    ema: Annotated[
        float,
        "decay of the running mean of the generator's weights; 0 saves the weights as they are",
        OPTIMIZER,
        Bounds(0, 0.99999),
    ] = 0.999
    seed: Annotated[
        int, "same seed, same data, same machine: same model", OPTIMIZER, Bounds(0, 2**31 - 1)
    ] = 0
    init: Annotated[str, "checkpoint to start from", OPTIMIZER] = ""
    init_discriminator: Annotated[
        str, "file of a PatchGAN for the discriminator to start from, at every scale", OPTIMIZER
    ] = ""

    log_every: Annotated[int, "steps between two rows of losses", OUTPUT, Bounds(1, 1_000_000)] = 50
    sample_every: Annotated[int, "steps between two sample grids", OUTPUT, Bounds(1, 100_000_000)] = 500
    evaluate_every: Annotated[int, "steps between two validations", OUTPUT, Bounds(1, 100_000_000)] = 1000
    save_every: Annotated[
        int, "steps between two saves of the model and of the state", OUTPUT, Bounds(1, 100_000_000)
    ] = 1000
    samples: Annotated[int, "validation pairs in a sample grid", OUTPUT, Bounds(1, 64)] = 4
    best: Annotated[
        Literal["ssim", "psnr", "l1", "detail", "class_accuracy"],
        "validation metric that chooses the best model; detail is SSIM times how near edges are to the "
        "targets', class_accuracy is for targets that are label maps",
        OUTPUT,
    ] = "ssim"
    licence: Annotated[str, "licence of the model, written into it", OUTPUT] = ""
    tracker: Annotated[
        Literal["none", "tensorboard", "wandb", "mlflow", "trackio"],
        "experiment tracker that gets losses, metrics and sample grids, too; its package is installed apart",
        OUTPUT,
    ] = "none"

    device: Annotated[str, "auto, cpu, cuda, cuda:1, mps", MACHINE] = "auto"
    precision: Annotated[
        Literal["auto", "fp32", "bf16"], "auto takes bf16 where this machine is faster with it", MACHINE
    ] = "auto"
    compile: Annotated[
        Literal["auto", "on", "off"],
        "on a GPU auto captures steps as CUDA graphs; on compiles the networks, too (torch.compile)",
        MACHINE,
    ] = "auto"
    deterministic: Annotated[bool, "on a GPU, the same bits each time; slower", MACHINE] = False
    workers: Annotated[
        int, "processes that read pictures, when they are streamed", MACHINE, Bounds(0, 64)
    ] = 2

    def __post_init__(self) -> None:
        for knob in knobs():
            # Frozen, and still: a whole number given for a float knob is kept as a float.
            object.__setattr__(self, knob.name, knob.check(getattr(self, knob.name)))
        if self.crop and not SMALLEST_CROP <= self.crop <= self.size:
            raise ConfigError(
                f"crop is {self.crop}; it must be from {SMALLEST_CROP} to the size, {self.size}, or 0 for "
                "whole pictures."
            )
        self.levels()
        self.ranges()
        if self.feature_matching and self.gan == "none":
            raise ConfigError(
                f'feature_matching is {self.feature_matching:g}, and gan "none" has no discriminator with '
                "features. Choose a GAN loss, or leave feature_matching out."
            )
        if (
            self.method == "pix2pix"
            and not self.has_gan()
            and not (self.l1 or self.feature_matching or self.perceptual)
        ):
            without = 'gan is "none"' if self.gan == "none" else "gan_weight is 0"
            raise ConfigError(
                f"{without} and l1 is 0: nothing would be learned. Set l1 above 0, or choose a GAN loss and "
                "a weight for it."
            )

    def levels(self) -> int:
        """Returns the depth of the U-Net for this size and crop.

        Raises `ConfigError` where one of them cannot be halved that often (twice, for a ResNet).
        """
        sides = {"size": self.size} | ({"crop": self.crop} if self.crop else {})
        halvings = {name: (side & -side).bit_length() - 1 for name, side in sides.items()}
        fewest = min(halvings, key=lambda name: halvings[name])
        side = sides[fewest]
        if self.generator == "resnet":
            if halvings[fewest] < 2:
                raise ConfigError(
                    f"{fewest} is {side}; a ResNet needs a multiple of 4. Take {max(8, side // 4 * 4)}."
                )
            return self.depth if self.depth >= 3 else ModelConfig.depth
        depth = self.depth or max(3, min(8, halvings[fewest]))
        if not 3 <= depth <= 10:
            raise ConfigError(
                f"depth is {depth}; it must be from 3 to 10, or 0 for as many as the size allows."
            )
        if depth > halvings[fewest]:
            raise ConfigError(_too_deep(fewest, side, halvings[fewest], depth=depth))
        return depth

    def ranges(self) -> tuple[Levels | None, Levels | None]:
        """Returns the values shown as black and white in deep sources and targets; None where they are
        to be measured.

        Raises `ConfigError` for a text that is no range.
        """
        return to_levels("source_range", self.source_range), to_levels("target_range", self.target_range)

    def has_gan(self) -> bool:
        """Whether the generator is trained with a GAN loss."""
        return self.gan != "none" and self.gan_weight > 0

    def passes(self) -> int:
        """Returns the number of batches that one step takes: each discriminator step uses
        pairs of its own."""
        return self.accumulate * self.critic_steps

    def crop_size(self) -> int:
        """Returns the side of the images of a training step, in pixels."""
        return self.crop or self.size

    def load_size(self) -> int:
        """Returns the side to which pictures are resized before the crop: 286 for 256, as in the paper."""
        return round(self.size * 286 / 256) if self.jitter else self.size

    def architecture(self) -> dict[str, Any]:
        """Returns the generator that these settings train, with its true depth."""
        return super().architecture() | {"depth": self.levels()}

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, in the order of the settings."""
        return {knob.name: getattr(self, knob.name) for knob in knobs()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        """Reads what `to_dict` wrote; unknown names are refused."""
        refuse_unknown(cls, values)
        return cls(**values)


def _too_deep(name: str, side: int, halvings: int, *, depth: int) -> str:
    unit = 2**depth
    sides = sorted({max(unit, side // unit * unit), (side // unit + 1) * unit})
    return (
        f"{name} {side} can be halved {halvings} time{'s' * (halvings != 1)}, not {depth}: a U-Net of depth "
        f"{depth} needs a multiple of {unit}. Take {name} {' or '.join(map(str, sides))}"
        + (f", or depth {halvings}." if halvings >= 3 else ".")
    )


@lru_cache(maxsize=1)
def knobs() -> tuple[Knob, ...]:
    """Returns the settings of `TrainConfig`, group by group."""
    hints = typing.get_type_hints(TrainConfig, include_extras=True)
    found = (
        to_knob(field.name, hints[field.name], default=field.default)
        for field in dataclasses.fields(TrainConfig)
    )
    return tuple(sorted(found, key=lambda knob: GROUPS.index(knob.group)))
