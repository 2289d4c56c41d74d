"""Images that generators made earlier, shown to a discriminator in place of the newest (Zhu et al., 2017,
section 4; Shrivastava et al., 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from pix2pix.imaging.tensors import Batch
from pix2pix.methods.base import Draw
from pix2pix.seeding import seed_of


@dataclass(frozen=True)
class _World:
    """The processes that share a pass, each with `count` of its images."""

    rank: int
    size: int
    count: int

    @classmethod
    def of(cls, count: int) -> _World:
        joined = dist.is_available() and dist.is_initialized()
        return cls(dist.get_rank(), dist.get_world_size(), count) if joined else cls(0, 1, count)

    def gathered(self, images: Tensor) -> Tensor:
        """Returns the images of all processes in the order of the batch."""
        if self.size == 1:
            return images
        parts = [torch.empty_like(images) for _ in range(self.size)]
        dist.all_gather(parts, images)
        return torch.cat(parts)

    def own(self, images: Tensor) -> Tensor:
        """Returns this process's part of what `gathered` returned."""
        return images[self.rank * self.count : (self.rank + 1) * self.count]


class ImagePool:
    """Up to `size` images, one of which takes the place of a new one in half of the cases.

    What is drawn depends on the seed and the places of the images alone; shapes stay the same and nothing is
    read back, so that a step can be captured. Processes that share a batch show one another their images:
    all have the same pool.
    """

    def __init__(self, name: str, size: int, *, shape: tuple[int, int, int]) -> None:
        self.name = name
        self.images = torch.zeros(size, *shape)

    def draw(self, draw: Draw) -> Batch:
        """Returns for each image of the whole batch its slot, whether it is kept there, and whether what lay
        there is shown in its place, under keys of this pool."""
        count = len(draw.places)
        world = _World.of(count)
        size = len(self.images)
        first = draw.places.start - world.rank * count
        places = range(first, first + world.size * count)
        seeds = [seed_of(draw.seed, "pool", self.name, place) for place in places]
        generator = torch.Generator().manual_seed(seed_of(draw.seed, "slots", self.name, first))
        filled = [place for place in places if place < size]
        free = [slot for slot in torch.randperm(size, generator=generator).tolist() if slot not in filled]
        slots = [place if place < size else free.pop() for place in places]
        is_old = [place >= size and seed % 2 == 1 for place, seed in zip(places, seeds, strict=True)]
        is_kept = [old or place < size for place, old in zip(places, is_old, strict=True)]
        return {
            f"{self.name}_slot": torch.tensor(slots),
            f"{self.name}_kept": torch.tensor(is_kept),
            f"{self.name}_old": torch.tensor(is_old),
        }

    @torch.no_grad()
    def exchange(self, fakes: Tensor, noise: Batch) -> Tensor:
        """Returns the images to show in place of `fakes` (B, C, H, W), and takes in those that are kept.

        `noise` holds what `draw` returned for the pass.
        """
        world = _World.of(len(fakes))
        slot = noise[f"{self.name}_slot"]
        kept = noise[f"{self.name}_kept"].view(-1, 1, 1, 1)
        old = noise[f"{self.name}_old"].view(-1, 1, 1, 1)
        new = world.gathered(fakes.contiguous())
        before = self.images[slot]
        self.images.index_copy_(0, slot, torch.where(kept, new, before))
        return world.own(torch.where(old, before, new))
