"""The variants of the paper's U-Net in other projects. A model run with another project's variant
gives other pictures."""

from __future__ import annotations

from dataclasses import dataclass

DROPOUT_LEVELS = 3


@dataclass(frozen=True)
class Dialect:
    """One project's choices for the U-Net; levels of the decoder are counted from the bottleneck outwards."""

    first_dropout: int = 0
    """Decoder level from which dropout acts."""
    most_dropout: int | None = DROPOUT_LEVELS
    """Decoder levels with dropout; None: all but the outermost four of the network's levels."""
    encoder_dropout: int = 0
    """Innermost levels of the encoder with dropout, the bottleneck being one."""
    reads_leaky: bool = False
    """The decoder reads what the encoder gives as LeakyReLU leaves it; else through a ReLU."""
    last_norm: bool = True
    """The level before the one that paints has a norm."""
    bottleneck_norm: bool = False
    """The bottleneck has a batch norm, which leaves its offset alone where the features are 1 x 1."""
    first_bias: bool = False
    """The first convolution has a bias beside batch norm too."""
    paint_kernel: int = 4
    """Side of the kernel that paints."""

    def dropout_levels(self, depth: int) -> range:
        """Returns the decoder levels with dropout in a network of `depth` levels; never the last one."""
        count = depth - 5 if self.most_dropout is None else self.most_dropout
        return range(self.first_dropout, max(self.first_dropout, min(self.first_dropout + count, depth - 1)))


DIALECTS: dict[str, Dialect] = {
    # The paper's CD512-CD1024-CD1024.
    "paper": Dialect(),
    # The usual PyTorch code (pytorch-CycleGAN-and-pix2pix) starts its dropout one level later.
    "usual": Dialect(first_dropout=1, most_dropout=None),
    "kimrass": Dialect(reads_leaky=True, last_norm=False),
    # HugGAN paints by repeating pixels and a 4 x 4 convolution: together that is a
    # transposed convolution of 6 x 6.
    "huggan": Dialect(most_dropout=4, encoder_dropout=5, reads_leaky=True, paint_kernel=6),
    "tensorflow": Dialect(bottleneck_norm=True, first_bias=True),
}
