"""Label maps, drawings, gray pictures and photos are told apart, and the colours of label maps found."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from pix2pix.data.kinds import kind_of
from pix2pix.imaging.palette import (
    FACADES,
    HOLE,
    MAPS,
    MOST_COLORS,
    Pixels,
    extract_palette,
    is_label_like,
    name_colors,
    snap,
)

COLORS = [color for _, color in FACADES]


def label_map(seed: int, colors: list[tuple[int, int, int]] = COLORS, side: int = 96) -> Image.Image:
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), colors[0])
    for number in range(24):
        left, top = (int(value) for value in random.integers(0, side - 12, 2))
        ImageDraw.Draw(image).rectangle((left, top, left + 18, top + 14), fill=colors[number % len(colors)])
    return image


def photo(seed: int, side: int = 96) -> Image.Image:
    """Clouds of colour with grain: no real photo, but as smooth and as many-coloured as one."""
    random = np.random.default_rng(seed)
    clouds = Image.fromarray(random.integers(0, 256, (6, 6, 3), np.uint8)).resize(
        (side, side), Image.Resampling.BICUBIC
    )
    grain = random.normal(0, 6, (side, side, 3))
    return Image.fromarray(np.clip(np.asarray(clouds) + grain, 0, 255).astype(np.uint8))


def lines(seed: int, side: int = 96) -> Image.Image:
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), "white")
    for _ in range(6):
        ImageDraw.Draw(image).line(
            [tuple(point) for point in random.integers(0, side, (4, 2)).tolist()], fill="black"
        )
    return image


def pixels(*images: Image.Image) -> list[Pixels]:
    return [np.asarray(image.convert("RGB")) for image in images]


def through_jpeg(image: Image.Image, quality: int = 90) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data)


def test_labels_are_found_also_after_jpeg() -> None:
    maps = [label_map(seed) for seed in range(6)]
    assert kind_of(pixels(*maps)) == "labels"
    assert kind_of(pixels(*map(through_jpeg, maps))) == "labels"


def test_photos_are_photos() -> None:
    assert kind_of(pixels(*(photo(seed) for seed in range(6)))) == "photo"


def test_photos_on_white_are_no_labels() -> None:
    things = []
    for seed in range(6):
        things.append(Image.new("RGB", (96, 96), "white"))
        things[-1].paste(photo(seed, 50), (20, 20))
    assert not is_label_like(pixels(*things))
    assert kind_of(pixels(*things)) == "photo"


def test_gray_photos_are_gray() -> None:
    assert (
        kind_of(pixels(*(through_jpeg(photo(seed).convert("L").convert("RGB")) for seed in range(6))))
        == "gray"
    )


@pytest.mark.parametrize("is_dark", [False, True])
def test_thin_lines_are_edges_on_either_paper(is_dark: bool) -> None:
    drawings = [lines(seed) for seed in range(4)]
    drawings = (
        [image.point([255 - value for value in range(256)] * 3) for image in drawings]
        if is_dark
        else drawings
    )
    assert kind_of(pixels(*drawings)) == "edges"


def test_soft_lines_are_edges_too() -> None:
    assert (
        kind_of(
            pixels(*(through_jpeg(lines(seed).filter(ImageFilter.GaussianBlur(0.4))) for seed in range(4)))
        )
        == "edges"
    )


def test_black_and_white_areas_are_labels() -> None:
    assert kind_of(pixels(*(label_map(seed, [(0, 0, 0), (255, 255, 255)]) for seed in range(4)))) == "labels"


def test_photos_with_holes_are_masks() -> None:
    holed = []
    for seed in range(5):
        holed.append(photo(seed))
        holed[-1].paste(HOLE, (20, 20, 50, 60))
    assert kind_of(pixels(*holed)) == "mask"


def test_colours_of_facades_get_their_names_also_after_jpeg() -> None:
    maps = [label_map(seed) for seed in range(8)]
    assert extract_palette(pixels(*maps)) == FACADES
    assert extract_palette(pixels(*map(through_jpeg, maps))) == FACADES


def test_colours_of_maps_get_all_names_though_ramps_are_rare_and_buildings_near_to_the_land() -> None:
    found = [color for name, color in MAPS if name not in ("ramp", "building")]
    maps = [label_map(seed, found) for seed in range(8)]
    assert extract_palette(pixels(*maps)) == MAPS
    assert extract_palette(pixels(*map(through_jpeg, maps))) == MAPS
    fewer = [label_map(seed, found[:4]) for seed in range(8)]
    assert [color for _, color in extract_palette(pixels(*fewer))] != [color for _, color in MAPS]
    among_others = [label_map(seed, [*found, *COLORS[:7]]) for seed in range(8)]
    assert len(extract_palette(pixels(*among_others))) == 12


def test_exact_colours_are_kept_most_frequent_first_however_near() -> None:
    image = Image.new("RGB", (10, 10), (10, 10, 10))
    image.paste((200, 30, 30), (0, 0, 10, 3))
    image.paste((203, 30, 30), (0, 0, 10, 1))
    image.paste((16, 10, 10), (0, 9, 10, 10))
    found = [color for _, color in extract_palette(pixels(image))]
    assert found[:2] == [(10, 10, 10), (200, 30, 30)] and set(found[2:]) == {(203, 30, 30), (16, 10, 10)}


def test_colours_that_jpeg_scattered_are_found_near_where_they_were() -> None:
    colors = [(230, 230, 220), (170, 210, 255), (200, 40, 40), (30, 120, 40), (255, 160, 30)]
    found = [
        color
        for _, color in extract_palette(
            pixels(*(through_jpeg(label_map(seed, colors), 92) for seed in range(8)))
        )
    ]
    assert len(found) == len(colors)
    assert all(
        min(max(abs(a - b) for a, b in zip(color, real, strict=True)) for real in colors) <= 4
        for color in found
    )


def test_no_name_is_given_twice() -> None:
    names = [name for name, _ in name_colors([(0, 0, 255), (0, 0, 240), (255, 255, 255)])]
    assert names == ["blue", "blue 2", "white"]


def test_snap_moves_each_pixel_to_the_nearest_colour_and_counts() -> None:
    palette = (("red", (255, 0, 0)), ("blue", (0, 0, 255)))
    snapped, moved = snap(np.array([[[250, 3, 9], [0, 0, 255], [90, 0, 100]]], np.uint8), palette)
    assert snapped.tolist() == [[[255, 0, 0], [0, 0, 255], [0, 0, 255]]]
    assert moved == 2


def test_snap_undoes_jpeg_but_for_few_pixels() -> None:
    clean = label_map(0)
    snapped, moved = snap(np.asarray(through_jpeg(clean, 95)), FACADES)
    assert moved > 100
    assert (snapped != np.asarray(clean)).any(-1).mean() < 0.08


CHANNEL = st.integers(0, 255)
COLOR = st.tuples(CHANNEL, CHANNEL, CHANNEL)


def color_lists(most: int) -> st.SearchStrategy[list[tuple[int, int, int]]]:
    return st.lists(COLOR, min_size=1, max_size=most, unique=True)


def noise(seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (9, 11, 3), np.uint8)


def colors_in(picture: Pixels) -> set[tuple[int, ...]]:
    return {tuple(color) for color in picture.reshape(-1, 3).tolist()}


@settings(max_examples=50, deadline=None)
@given(color_lists(40), st.integers(0, 2**32 - 1))
def test_snapping_any_pixels_gives_colours_of_the_palette_and_then_changes_nothing(
    colors: list[tuple[int, int, int]], seed: int
) -> None:
    given_pixels = noise(seed)
    snapped, changed = snap(given_pixels, name_colors(colors))
    assert colors_in(snapped) <= set(colors)
    assert changed == (snapped != given_pixels).any(axis=-1).sum()
    again, changed = snap(snapped, name_colors(colors))
    assert changed == 0 and (again == snapped).all()


@settings(max_examples=50, deadline=None)
@given(color_lists(40), st.integers(0, 2**32 - 1))
def test_snapping_leaves_exact_colours_of_any_palette_as_they_are(
    colors: list[tuple[int, int, int]], seed: int
) -> None:
    exact = np.array(colors, np.uint8)[np.random.default_rng(seed).integers(0, len(colors), (9, 11))]
    snapped, changed = snap(exact, name_colors(colors))
    assert changed == 0 and (snapped == exact).all()


@settings(max_examples=50, deadline=None)
@given(color_lists(MOST_COLORS), st.data())
def test_the_palette_of_exact_label_maps_is_their_very_colours_most_frequent_first(
    colors: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    counts = data.draw(st.lists(st.integers(1, 50), min_size=len(colors), max_size=len(colors)))
    line = np.repeat(np.array(colors, np.uint8), counts, axis=0)[None]
    palette = extract_palette([line])
    # No list that hypothesis draws is near enough to facades or maps to be taken for them.
    assert {color for _, color in palette} == set(colors) and len(palette) == len(colors)
    assert len({name for name, _ in palette}) == len(palette)
    count_of = dict(zip(colors, counts, strict=True))
    found = [count_of[color] for _, color in palette]
    assert found == sorted(found, reverse=True)


@settings(max_examples=50, deadline=None)
@given(st.integers(MOST_COLORS + 1, 60), st.integers(0, 2**32 - 1))
def test_the_palette_of_many_exact_colours_is_some_of_them(count: int, seed: int) -> None:
    codes = np.random.default_rng(seed).choice(2**24, count, replace=False)
    picture = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8)[None]
    palette = extract_palette([picture])
    assert 1 <= len(palette) <= MOST_COLORS and {color for _, color in palette} <= colors_in(picture)
