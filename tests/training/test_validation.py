"""Sample grids and metrics of a training's models."""

from __future__ import annotations

import pytest
import torch
from learners import CPU, make_batch, make_config
from torch import nn

from pix2pix.config import ImageSpec, ModelConfig, TrainConfig
from pix2pix.errors import ConfigError
from pix2pix.evaluation.collapse import measure_collapse
from pix2pix.evaluation.metrics import feature_distances
from pix2pix.imaging.tensors import Batch
from pix2pix.methods.cyclegan import CycleGAN
from pix2pix.methods.pix2pix import Pix2Pix
from pix2pix.training import validation
from pix2pix.training.validation import LARGEST, WORTH_A_COPY, Validation


def make_validation(config: TrainConfig, count: int) -> tuple[Validation, nn.ModuleDict]:
    model = ModelConfig(depth=3, width=4, size=16, norm=config.norm, statistics="picture")
    method = Pix2Pix(config, model)
    torch.manual_seed(3)
    for weight in method.networks.parameters():
        nn.init.normal_(weight, 0.0, 0.3)
    examples: list[tuple[str, Batch]] = [(str(number), make_batch(number)) for number in range(count)]
    shown = Validation(method, CPU, models=method.saved, read=lambda limit: examples[:limit])
    return shown, method.networks


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_many_examples_have_the_metrics_of_the_network_itself(
    norm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, networks = make_validation(make_config(norm=norm), WORTH_A_COPY + 3)
    by_copy = shown.measure(networks)
    monkeypatch.setattr(validation, "WORTH_A_COPY", 1000)
    assert by_copy == pytest.approx(shown.measure(networks), rel=1e-3, abs=1e-4)


def test_examples_together_are_the_examples_one_by_one() -> None:
    shown, networks = make_validation(make_config(norm="batch"), 5)
    prepared = nn.ModuleDict({"generator": shown._prepared(networks["generator"].eval(), "generator", 5)})
    together = shown._show_together(prepared, shown.examples)
    single = [shown._show_together(prepared, [example])[0] for example in shown.examples]
    for left, right in zip(together, single, strict=True):
        assert left["fake"].shape == (1, 3, 16, 16)
        torch.testing.assert_close(left["fake"], right["fake"], rtol=1e-4, atol=1e-5)
        assert torch.equal(left["target"], right["target"])


def test_showing_leaves_the_networks_able_to_train() -> None:
    shown, networks = make_validation(make_config(), WORTH_A_COPY)
    shown.measure(networks)
    shown.sample(networks, 2)
    networks.train()
    networks["generator"](make_batch()["source"]).sum().backward()
    assert all(weight.grad is not None for weight in networks["generator"].parameters())


def test_a_sample_reads_no_more_examples_than_it_shows() -> None:
    shown, networks = make_validation(make_config(), 9)
    counts: list[int] = []
    read = shown._read
    shown._read = lambda limit: counts.append(limit) or read(limit)  # type: ignore[func-returns-value]
    shown.sample(networks, 2)
    shown.sample(networks, 2)
    shown.measure(networks)
    shown.sample(networks, 3)
    assert counts == [2, LARGEST]


def test_sets_of_images_are_compared_where_the_network_for_it_is_on_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extracted: list[int] = []

    class MeanColours(nn.Module):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            assert pixels.dtype == torch.uint8
            extracted.append(len(pixels))
            return pixels.float().div(255).mean(dim=(2, 3))

    config = TrainConfig(
        method="cyclegan", data="x", size=16, width=4, blocks=1, discriminator_width=4, patch="16"
    )
    method = CycleGAN.build(config, {"a": ImageSpec(), "b": ImageSpec()})
    torch.manual_seed(3)
    for weight in method.networks.parameters():
        nn.init.normal_(weight, 0.0, 0.3)
    # Side b has two pictures for three: the first one comes again, and counts once.
    sides = [make_batch(number) for number in range(3)]
    examples = [
        (str(number), {"a": sides[number]["source"], "b": sides[number % 2]["target"]}) for number in range(3)
    ]
    shown = Validation(method, CPU, models=method.saved, read=lambda limit: examples[:limit])
    names = ("kid_a", "kid_b", "fid_a", "fid_b")
    monkeypatch.setattr(validation, "find_inception", lambda: None)
    assert not set(names) & set(shown.measure(method.networks))
    shown = Validation(method, CPU, models=method.saved, read=lambda limit: examples[:limit])
    monkeypatch.setattr(validation, "find_inception", MeanColours)
    found = shown.measure(method.networks)
    assert len(extracted) == 3 + 3 + 2 + 2
    fakes = [
        torch.round((row["fake_b"] + 1) / 2 * 255) for row in shown._show(method.networks, shown.examples)
    ]
    reals = [torch.round((side["target"] + 1) / 2 * 255) for side in sides[:2]]
    features = [torch.cat(each).div(255).mean(dim=(2, 3)) for each in (fakes, reals)]
    assert {name: found[name] for name in ("fid_b", "kid_b")} == pytest.approx(
        {f"{name}_b": value for name, value in feature_distances(*features).items()}, abs=1e-4
    )
    # The real ones are looked at once for a whole training.
    del extracted[:]
    shown.measure(method.networks)
    assert len(extracted) == 3 + 2


def test_detail_is_ssim_less_what_edges_lack_or_have_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, networks = make_validation(make_config(), 2)
    found = shown.measure(networks)
    nearness = min(found["edges"], 1 / found["edges"])
    assert 0 < nearness < 1 and found["detail"] == pytest.approx(found["ssim"] * nearness)


def test_label_maps_are_scored_by_class_where_the_classes_have_colours() -> None:
    palette = (("wall", (255, 0, 0)), ("window", (0, 0, 255)), ("door", (0, 255, 0)))
    model = ModelConfig(depth=3, width=4, size=16, target="labels", target_palette=palette)
    method = Pix2Pix(make_config(best="class_accuracy"), model)
    target = torch.full((1, 3, 16, 16), -1.0)
    target[:, 0, :, :12], target[:, 2, :, 12:] = 1.0, 1.0  # three quarters wall, one quarter window
    examples = [("house", {"source": make_batch()["source"], "target": target})]
    shown = Validation(method, CPU, models=method.saved, read=lambda limit: examples)
    painted = target.clone()
    painted[..., 12:] = torch.tensor([0.9, -0.8, -0.9])[None, :, None, None]  # all wall, colours a bit off
    shown._show = lambda *_: [{"source": target, "fake": painted, "target": target}]  # type: ignore[method-assign]
    found = shown.measure(method.networks)
    assert found["class_accuracy"] == 0.5 and found["class_iou"] == pytest.approx(0.375)


def test_a_best_by_class_needs_classes() -> None:
    images = {"source": ImageSpec(), "target": ImageSpec()}
    with pytest.raises(ConfigError, match="targets are photo without classes"):
        Pix2Pix.describe(make_config(best="class_accuracy"), images)
    labels = ImageSpec("labels", palette=(("a", (0, 0, 0)), ("b", (255, 255, 255))))
    config = make_config(best="class_accuracy", gan="none")
    assert Pix2Pix.describe(config, {**images, "target": labels})["generator"].target == "labels"


def test_a_collapse_is_measured_beside_the_metrics() -> None:
    shown, networks = make_validation(make_config(), 4)
    apart = shown.measure(networks)
    assert 0 <= apart["spread"] < 2 and 0 <= apart["saturated"] < 0.5
    targets = [images["target"] for images in shown.examples]
    red = torch.tensor([1.0, -1.0, -1.0])[None, :, None, None].expand_as(targets[0])
    assert measure_collapse([red] * 4, targets) == pytest.approx({"spread": 0, "saturated": 1}, abs=0.05)
    assert measure_collapse(targets, targets) == {"spread": 1, "saturated": 0}
    # One example, or targets that do not differ: there is nothing to differ by.
    assert measure_collapse(targets[:1], targets[:1]) == {"saturated": 0}
    # Black and white drawings are no burnt out photos.
    assert measure_collapse([red], [red.neg()])["saturated"] == 0


def test_of_two_sets_without_pairs_the_worse_is_told() -> None:
    config = TrainConfig(
        method="cyclegan", data="x", size=16, width=4, blocks=1, discriminator_width=4, patch="16"
    )
    method = CycleGAN.build(config, {"a": ImageSpec(), "b": ImageSpec()})
    shown = Validation(method, CPU, models=method.saved, read=lambda limit: [])
    sides = [make_batch(number) for number in range(3)]
    rows = [
        {"a": side["source"], "b": side["target"], "fake_a": side["source"], "fake_b": sides[0]["target"]}
        for side in sides
    ]
    assert shown._collapse(rows) == {"spread": 0, "saturated": pytest.approx(0, abs=0.02)}
