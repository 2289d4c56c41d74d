"""Pictures of any size in, pictures of the same size out; one seed, one picture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pix2pix.checkpoints.checkpoint import Checkpoint, save_checkpoint
from pix2pix.config import ModelConfig
from pix2pix.errors import CheckpointError, ConfigError, DataError
from pix2pix.inference.translator import Translator
from pix2pix.networks import build_generator, init_weights

SMALL: dict[str, Any] = {"width": 8, "depth": 4, "size": 32}


def make_checkpoint(**settings: Any) -> Checkpoint:
    """Random weights, strong enough for a lively picture."""
    config = ModelConfig(**{**SMALL, **settings})
    generator = build_generator(config)
    init_weights(generator, torch.Generator().manual_seed(0))
    weights = {
        name: value * 5 if value.dim() == 4 else value for name, value in generator.state_dict().items()
    }
    return Checkpoint(config, weights)


def make_picture(width: int = 32, height: int = 32, seed: int = 0) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def values(image: Image.Image) -> np.ndarray[Any, Any]:
    return np.asarray(image).astype(int)


@pytest.fixture(scope="module")
def translator() -> Translator:
    return Translator(make_checkpoint(), device="cpu", precision="fp32")


@pytest.mark.parametrize("mode", ["fit", "native"])
@pytest.mark.parametrize("size", [(32, 32), (1, 1), (1, 50), (33, 7), (100, 61)])
def test_a_picture_keeps_its_size(translator: Translator, mode: str, size: tuple[int, int]) -> None:
    fake = translator(make_picture(*size), mode=mode)
    assert (fake.size, fake.mode) == (size, "RGB")


@pytest.mark.parametrize("mode", ["fit", "native"])
def test_at_the_trained_size_a_picture_is_what_the_generator_paints(
    translator: Translator, mode: str
) -> None:
    picture = make_picture()
    with torch.no_grad():
        source = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None] / 127.5 - 1
        wanted = translator.generator(source)[0].add(1).mul(127.5).permute(1, 2, 0).numpy()
    assert np.abs(values(translator(picture, mode=mode)) - wanted).max() < 0.6
    assert wanted.std() > 10


def test_labels_keep_their_colours_on_the_way_in() -> None:
    seen: list[torch.Tensor] = []
    translator = Translator(make_checkpoint(source="labels"), device="cpu")
    translator._quick.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    drawing = Image.new("RGB", (90, 90), (0, 0, 255))
    drawing.paste((255, 0, 0), (20, 20, 63, 71))
    translator(drawing)
    assert {tuple(color) for color in seen[0][0].flatten(1).T.tolist()} == {(-1, -1, 1), (1, -1, -1)}


def test_gray_models_take_and_give_rgb_pictures() -> None:
    colourise = Translator(make_checkpoint(in_channels=1, source="gray"), device="cpu")
    assert values(colourise(make_picture(40, 30))).shape == (30, 40, 3)
    to_gray = values(Translator(make_checkpoint(out_channels=1), device="cpu")(make_picture(40, 30)))
    assert (to_gray[..., 0] == to_gray[..., 2]).all()


def test_a_seed_gives_one_picture_in_every_thread_and_leaves_the_global_state_alone(
    translator: Translator,
) -> None:
    picture = make_picture(50, 40)
    plain, wanted = (
        translator(picture, mode="native"),
        [translator(picture, mode="native", seed=seed) for seed in range(4)],
    )
    state = torch.random.get_rng_state()

    def draw(number: int) -> bool:
        torch.set_num_threads(1 + number % 3)
        same = values(translator(picture, mode="native", seed=number % 4)) == values(wanted[number % 4])
        return bool(same.all() and (values(translator(picture, mode="native")) == values(plain)).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(draw, range(24)))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert len({image.tobytes() for image in (plain, *wanted)}) == 5


def test_a_model_without_dropout_paints_the_same_with_any_seed() -> None:
    translator = Translator(make_checkpoint(dropout=0.0), device="cpu")
    assert translator(make_picture(), seed=1).tobytes() == translator(make_picture()).tobytes()


def test_tiles_are_the_whole_where_the_network_sees_no_further_than_their_overlap() -> None:
    # Without a norm a pixel depends on its neighbourhood alone, and tiles lie on the network's grid.
    translator = Translator(make_checkpoint(depth=3, norm="none"), device="cpu", precision="fp32")
    painted: list[torch.Size] = []
    translator._quick.register_forward_pre_hook(lambda _, inputs: painted.append(inputs[0].shape))
    picture = make_picture(509, 70)
    for seed in (None, 3):
        whole = values(translator(picture, mode="native", seed=seed))
        translator.tile_memory = 72 * 320 * 4.5 * 8
        tiled = values(translator(picture, mode="native", seed=seed))
        translator.tile_memory = 1e9
        assert np.abs(whole - tiled).max() <= 1 and whole.std() > 10
    assert [tuple(shape[-2:]) for shape in painted] == [(72, 512), (72, 320), (72, 320)] * 2


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_an_even_picture_in_tiles_shows_no_seam(norm: str) -> None:
    translator = Translator(make_checkpoint(norm=norm, depth=3), device="cpu", precision="fp32")
    grain = np.random.default_rng(0).normal(0, 12, (448, 448, 3))
    picture = Image.fromarray((np.array((90, 140, 60)) + grain).clip(0, 255).astype(np.uint8))
    whole = translator(picture, mode="native")
    translator.tile_memory = 256 * 256 * 4.5 * 8
    change = block_means(values(translator(picture, mode="native")) - values(whole))
    # Each tile is normalised by itself, so the colours move a little; without a norm they do not.
    assert np.abs(change).max() < (0.5 if norm == "none" else 4)
    # A seam would be a step from one block of 8 x 8 pixels to the next, all along a line.
    assert max(np.abs(np.diff(change.mean(axis=axis), axis=0)).max() for axis in (0, 1)) < 0.5


def block_means(difference: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Means over 8 x 8 pixels, the grain of a network of depth 3, without the outermost blocks."""
    height, width = (side // 8 for side in difference.shape[:2])
    return difference.reshape(height, 8, width, 8, 3).mean(axis=(1, 3))[1:-1, 1:-1]


def test_batch_norm_takes_the_statistics_of_the_picture_or_of_the_training() -> None:
    checkpoint = make_checkpoint(norm="batch")
    for name, value in checkpoint.weights.items():
        if name.endswith("running_mean"):
            value.fill_(0.5)
    by_picture, by_training = (
        Translator(checkpoint, device="cpu", precision="fp32", statistics=name)
        for name in ("picture", "running")
    )
    source = torch.linspace(-1, 1, 3 * 32 * 32).reshape(1, 3, 32, 32).sin()
    with torch.no_grad():
        trained = checkpoint.generator()
        assert torch.allclose(by_training.translate_tensor(source), trained(source), atol=1e-4)
        assert torch.allclose(by_picture.translate_tensor(source), trained.train()(source), atol=1e-4)
    assert not torch.allclose(
        by_picture.translate_tensor(source), by_training.translate_tensor(source), atol=0.05
    )


def test_translating_changes_nothing_in_the_generator() -> None:
    translator = Translator(make_checkpoint(norm="batch"), device="cpu")
    before = {name: value.clone() for name, value in translator.generator.state_dict().items()}
    translator(make_picture(), seed=1)
    after = translator.generator.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert translator.generator(torch.zeros(1, 3, 32, 32)).dtype == torch.float32


def test_a_batch_of_tensors_is_each_picture_by_itself(translator: Translator) -> None:
    sources = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    together = translator.translate_tensor(sources, [5, 6, 7])
    alone = torch.cat([translator.translate_tensor(sources[i : i + 1], [5 + i]) for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-4)


@pytest.mark.parametrize("mode", ["fit", "native"])
def test_pictures_are_taken_as_they_are_seen(translator: Translator, mode: str) -> None:
    picture = make_picture(40, 24)
    clear = picture.convert("RGBA")
    clear.paste((9, 200, 90, 0), (0, 0, 20, 24))
    on_white = picture.copy()
    on_white.paste("white", (0, 0, 20, 24))
    assert translator(clear, mode=mode).tobytes() == translator(on_white, mode=mode).tobytes()
    gray = np.asarray(picture.convert("L"))
    deep = Image.fromarray(gray.astype(np.uint16) * 257)
    assert translator(deep, mode=mode).tobytes() == translator(Image.fromarray(gray), mode=mode).tobytes()
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    turned.getexif()[0x0112] = 6
    assert translator(turned, mode=mode).tobytes() == translator(picture, mode=mode).tobytes()


def test_what_is_no_picture_is_a_sentence(translator: Translator) -> None:
    with pytest.raises(DataError, match="a str is no picture"):
        translator("house.png")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="a ndarray is no picture"):
        translator(np.zeros((8, 8, 3), np.uint8))  # type: ignore[arg-type]


def test_unknown_choices_are_named(translator: Translator) -> None:
    with pytest.raises(ConfigError, match="mode is 'stretch'; choose one of fit, native"):
        translator(make_picture(), mode="stretch")
    with pytest.raises(ConfigError, match="seed is -1"):
        translator(make_picture(), seed=-1)
    with pytest.raises(ConfigError, match="seed is True"):
        translator(make_picture(), seed=True)
    with pytest.raises(ConfigError, match="precision is 'int8'"):
        Translator(make_checkpoint(), precision="int8")
    with pytest.raises(ConfigError, match="device 'abacus'"):
        Translator(make_checkpoint(), device="abacus")


def test_pictures_without_pixels_or_with_too_many_are_refused_with_their_numbers(
    translator: Translator,
) -> None:
    with pytest.raises(DataError, match="0 x 5"):
        translator(Image.new("RGB", (0, 5)))
    with pytest.raises(DataError, match="100 million pixels; at most 89 million"):
        translator(Image.new("1", (10_000, 10_000)))


def test_a_model_of_other_channels_says_so() -> None:
    with pytest.raises(ConfigError, match="turns 5 channels into 3"):
        Translator(make_checkpoint(in_channels=5), device="cpu")(make_picture())


def test_a_vanished_checkpoint_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    save_checkpoint(path, make_checkpoint())
    assert Translator.load(path, device="cpu")(make_picture()).size == (32, 32)
    path.unlink()
    with pytest.raises(CheckpointError, match="does not exist"):
        Translator.load(path)


def test_values_that_are_no_colours_are_refused() -> None:
    checkpoint = make_checkpoint()
    checkpoint.weights["up.3.conv.bias"][0] = float("nan")
    with pytest.raises(CheckpointError, match="not finite"):
        Translator(checkpoint, device="cpu")(make_picture())
