"""The first ten convolutions of VGG16, whose features are compared by a perceptual loss (Simonyan and
Zisserman, 2015; Johnson et al., 2016)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512))
"""Channels of the convolutions between two halvings, up to `relu4_3`."""
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""Of ImageNet, per channel of pictures from 0 to 1."""


class Vgg16(nn.Module):
    """Features of pictures after `relu1_2`, `relu2_2`, `relu3_3` and `relu4_3`. The keys of a state are
    torchvision's, `features.0.weight` to `features.21.bias`; nothing trains it."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleDict()
        place = 0
        before = 3
        for stage in STAGES:
            for channels in stage:
                self.features[str(place)] = nn.Conv2d(before, channels, 3, padding=1)
                before = channels
                place += 2  # torchvision counts each ReLU,
            place += 1  # and each pooling
        self.requires_grad_(False)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Returns the features of pictures (B, 3, H, W), or (B, 1, H, W) of gray ones, in [-1, 1]; sides are
        at least 8."""
        mean, deviation = (
            torch.stack([torch.full((1, 1), value, device=pictures.device) for value in values])
            for values in (MEAN, DEVIATION)
        )
        features = ((pictures.float() + 1) / 2 - mean) / deviation
        convolutions = iter(self.features.values())
        found: list[Tensor] = []
        for stage in STAGES:
            if found:
                features = F.max_pool2d(features, 2)
            for _ in stage:
                features = F.relu_(next(convolutions)(features))
            found.append(features)
        return found
