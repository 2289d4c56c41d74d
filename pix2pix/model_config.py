"""What a generator is and what its pictures are, as a frozen value that a checkpoint stores."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pix2pix.errors import ConfigError
from pix2pix.settings import MODEL, Bounds, Levels, are_levels, check_field, refuse_unknown

Kind = Literal["labels", "photo", "gray", "edges", "mask", "lowres"]
GeneratorName = Literal["unet", "resnet"]
Norm = Literal["instance", "batch", "none"]
Decoder = Literal["transposed", "resize", "bilinear", "mixed", "sharp"]
Dialect = Literal["paper", "usual", "kimrass", "huggan", "tensorflow"]
Color = tuple[int, int, int]
PaletteEntry = tuple[str, Color]

CHANNELS: dict[str, int] = {"gray": 1}
"""Channels of a kind of picture, where they are not three."""


@dataclass(frozen=True)
class ImageSpec:
    """What the images of one name in a batch are."""

    kind: Kind = "photo"
    channels: int = 3
    palette: tuple[PaletteEntry, ...] = ()
    """Names and colours of the classes, where the kind is `labels`."""
    levels: Levels | None = None
    """What is black and white in pictures of more than 8 bits, where there are such."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A generator, but for its channels: what settings ask for, a checkpoint
    stores and a network is built from.

    This is the only list of these choices. A new one is a line here, and read by the network that has it.
    """

    generator: Annotated[GeneratorName, "the paper's U-Net, or CycleGAN's ResNet", MODEL] = "unet"
    blocks: Annotated[int, "residual blocks of the ResNet (cyclegan: 6 below 256)", MODEL, Bounds(1, 32)] = 9
    dialect: Annotated[
        Dialect, "whose U-Net: the paper's, or that of the project whose weights are taken over", MODEL
    ] = "paper"
    width: Annotated[int, "channels of the generator's first layer", MODEL, Bounds(1, 512)] = 64
    depth: Annotated[
        int, "levels of the U-Net; 0 takes as many as the size allows, at most 8", MODEL, Bounds(0, 10)
    ] = 0
    norm: Annotated[Norm, "normalisation in both networks", MODEL] = "instance"
    decoder: Annotated[
        Decoder,
        "how pictures grow: resize leaves no checkerboard, bilinear no lines; mixed and sharp have "
        "crisp edges",
        MODEL,
    ] = "transposed"
    skips: Annotated[bool, "U-Net skips; off gives the paper's encoder-decoder", MODEL] = True
    dropout: Annotated[
        float, "share of features dropped in the first three decoder levels", MODEL, Bounds(0, 0.9)
    ] = 0.5

    def architecture(self) -> dict[str, Any]:
        """Returns the fields of `Architecture` by name."""
        return {name: getattr(self, name) for name in ARCHITECTURE}


ARCHITECTURE = tuple(field.name for field in dataclasses.fields(Architecture))

PALETTES = ("palette", "target_palette")
"""Fields of `ModelConfig` that hold classes: tuples in Python, lists in a file."""
RANGES = ("source_levels", "target_levels")
"""Fields of `ModelConfig` that hold what is black and white in pictures of more than 8 bits. A file has
those that are known, so that one without them is read by versions that know of none."""


@dataclass(frozen=True)
class ModelConfig(Architecture):
    """What rebuilds a generator, and what its pictures are."""

    depth: Annotated[int, Bounds(3, 10)] = 8
    dropout: Annotated[float, Bounds(0, 0.999)] = 0.5
    in_channels: Annotated[int, Bounds(1, 512)] = 3
    out_channels: Annotated[int, Bounds(1, 512)] = 3
    statistics: Literal["picture", "running"] = "picture"
    """What batch norm goes by in use, unless asked otherwise: the picture at hand, or what training saw
    in the mean."""
    noisy: bool = False
    """Dropout acts in use even where no seed asks for it, as some projects have it."""
    size: Annotated[int, Bounds(8, 4096)] = 256
    """Side of the square pictures that it was trained on, in pixels."""
    source: Kind = "photo"
    target: Kind = "photo"
    palette: tuple[PaletteEntry, ...] = ()
    """Names and colours of the classes of the source, where it is `labels`."""
    target_palette: tuple[PaletteEntry, ...] = ()
    """The same of the target."""
    source_levels: Levels | None = None
    """Values that were black and white in sources of more than 8 bits; others are read with them, too."""
    target_levels: Levels | None = None

    def __post_init__(self) -> None:
        # A checkpoint may come from anybody: its description is as little to be trusted as its weights.
        for name, hint in typing.get_type_hints(ModelConfig, include_extras=True).items():
            check_field(name, getattr(self, name), hint=hint)
        if not all(map(_is_palette_entry, (*self.palette, *self.target_palette))):
            raise ConfigError("palette must be names, each with three numbers from 0 to 255.")
        for name in RANGES:
            levels = getattr(self, name)
            if levels is not None and not are_levels(levels):
                raise ConfigError(f"{name} is {levels!r:.80}; it must be two numbers, the lower one first.")

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, as JSON and a safe `torch.load` can hold."""
        plain = dataclasses.asdict(self)
        plain |= {place: [[name, list(color)] for name, color in getattr(self, place)] for place in PALETTES}
        ranges = {name: plain.pop(name) for name in RANGES}
        return plain | {name: list(levels) for name, levels in ranges.items() if levels}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Reads what `to_dict` wrote; fields of later versions are refused by name."""
        refuse_unknown(cls, values)
        palettes = {
            place: tuple((str(name), (int(r), int(g), int(b))) for name, (r, g, b) in values.get(place, ()))
            for place in PALETTES
        }
        ranges = {
            name: tuple(levels) for name in RANGES if isinstance(levels := values.get(name), (list, tuple))
        }
        return cls(**{**values, **palettes, **ranges})


def _is_palette_entry(entry: Any) -> bool:
    name, color = entry if isinstance(entry, tuple) and len(entry) == 2 else ("", None)
    shape = isinstance(name, str) and isinstance(color, tuple) and len(color) == 3
    return shape and all(isinstance(level, int) and 0 <= level <= 255 for level in color or ())
