"""What a training needs, from its shapes alone."""

from __future__ import annotations

import dataclasses
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from pix2pix.config import TrainConfig
from pix2pix.errors import ConfigError, NoSpaceError
from pix2pix.runs import requirements as requirements

GB = 1_000_000_000


@pytest.mark.parametrize(
    ("config", "measured"),
    [
        (TrainConfig(device="cpu"), 1.76),
        (TrainConfig(device="cpu", size=128, width=32, discriminator_width=32), 0.64),
    ],
)
def test_memory_is_estimated_near_what_was_measured(config: TrainConfig, measured: float) -> None:
    """Peaks of whole processes on two cores, 60 pairs streamed."""
    assert 0.85 * measured <= requirements.memory_needed(config) / GB <= 1.3 * measured


@pytest.mark.parametrize(
    ("values", "measured"),
    [
        ({}, 3.32),
        ({"size": 128}, 1.19),
        ({"size": 128, "width": 32, "discriminator_width": 32}, 0.70),
        ({"generator": "unet"}, 3.11),
    ],
)
def test_two_generators_and_their_pools_are_estimated_near_what_was_measured(
    values: dict[str, Any], measured: float
) -> None:
    """Peaks of a learner without a trainer on a CPU, fp32."""
    config = TrainConfig(**{"method": "cyclegan", "device": "cpu", **values})
    assert 0.95 * measured <= requirements.memory_needed(config) / GB <= 1.3 * measured
    without = dataclasses.replace(config, pool=0)
    pools = 2 * 4 * 50 * 3 * config.size**2
    assert requirements.memory_needed(config) - requirements.memory_needed(without) == pools
    assert requirements.disk_needed(config) - requirements.disk_needed(without) == 2 * pools


@pytest.mark.parametrize(
    ("values", "measured"),
    [
        ({"scales": 2, "feature_matching": 10.0}, 1.68),
        ({"perceptual": 1.0}, 1.69),
        (
            {"scales": 3, "feature_matching": 10.0, "size": 128, "width": 32}
            | {"discriminator_width": 32, "batch": 4},
            0.612,
        ),
    ],
)
def test_scales_and_features_are_estimated_near_what_was_measured(
    values: dict[str, Any], measured: float
) -> None:
    """Peaks of a learner without a trainer on a CPU, fp32."""
    needed = requirements.memory_needed(TrainConfig(device="cpu", gan="lsgan", **values)) / GB
    assert 0.95 * measured <= needed <= 1.3 * measured


def test_disk_is_for_two_models_with_their_states_and_six_columns() -> None:
    def needed(**values: Any) -> int:
        shape = {"size": 64, "width": 8, "steps": 1, "sample_every": 1, "generator": "resnet", "blocks": 2}
        return requirements.disk_needed(TrainConfig(**shape, **values))

    assert needed(method="cyclegan", gan="none") == 2 * needed(gan="none")


def test_more_of_anything_needs_more_memory() -> None:
    small = TrainConfig(size=64, width=8, discriminator_width=8, device="cpu")
    needed = requirements.memory_needed(small)
    for more in ({"batch": 8}, {"width": 64}, {"size": 256}):
        assert requirements.memory_needed(TrainConfig(**{**small.to_dict(), **more})) > needed


def test_what_fits_is_left_alone_and_the_batch_goes_first_then_width_then_size() -> None:
    config = TrainConfig(batch=8, device="cpu")
    assert requirements.fit_memory(config, 100 * GB) == (config, "")
    lowered, words = requirements.fit_memory(config, int(2.3 * GB))
    assert lowered.batch < 8 and lowered.width == 64 and words.startswith("batch was lowered from 8 to")
    assert "needed" in words and "2.3 GB are free" in words
    lowered, words = requirements.fit_memory(config, int(1.2 * GB))
    assert lowered.batch == 1 and lowered.width < 64 and lowered.size == 256 and "width was lowered" in words
    lowered, words = requirements.fit_memory(config, int(0.56 * GB))
    assert (
        lowered.size < 256 and "size was lowered" in words and requirements.memory_needed(lowered) < 0.56 * GB
    )


def test_a_crop_takes_the_memory_of_pictures_of_its_size_and_is_lowered_before_the_size() -> None:
    cropped = TrainConfig(size=512, crop=256, device="cpu")
    assert requirements.memory_needed(cropped) == requirements.memory_needed(TrainConfig(device="cpu"))
    lowered, words = requirements.fit_memory(cropped, int(0.56 * GB))
    assert lowered.size == 512 and lowered.crop < 256 and "crop was lowered from 256 to" in words


def test_a_network_that_is_fine_tuned_keeps_its_width_and_no_memory_at_all_is_a_sentence() -> None:
    lowered, _ = requirements.fit_memory(TrainConfig(init="start.pth", size=512, device="cpu"), int(1.9 * GB))
    assert lowered.width == 64 and lowered.size < 512
    with pytest.raises(ConfigError, match="too little even for a small one"):
        requirements.fit_memory(TrainConfig(device="cpu"), GB // 10)


def test_a_disk_that_is_nearly_full_is_named_with_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = TrainConfig(size=64, width=8, discriminator_width=8)
    requirements.check_disk(config, tmp_path / "runs")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(requirements.shutil, "disk_usage", lambda place: usage(GB, GB, 1_000_000))
    with pytest.raises(NoSpaceError, match="needs .* and 1 MB are free"):
        requirements.check_disk(config, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
