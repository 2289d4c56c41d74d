"""Tiles cover a picture, share their borders, and come together without a seam."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pix2pix.imaging.tiles import Span, blend_tiles, plan_side, plan_tiles, reflect_indices, round_up


def test_reflection_mirrors_at_both_ends_without_repeating_the_edge() -> None:
    assert reflect_indices(4, 8).tolist() == [2, 1, 0, 1, 2, 3, 2, 1]


def test_a_side_shorter_than_its_padding_is_reflected_again_and_again() -> None:
    assert reflect_indices(2, 8).tolist() == [1, 0, 1, 0, 1, 0, 1, 0]
    assert reflect_indices(1, 4).tolist() == [0, 0, 0, 0]


def test_sides_that_fit_are_not_padded() -> None:
    assert round_up(256, 256) == 256
    assert round_up(257, 256) == 512
    assert reflect_indices(5, 5).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("tile", "shared"), [(2, 1), (3, 1), (4, 2), (7, 1), (7, 3)])
@pytest.mark.parametrize("units", [1, 2, 3, 5, 8, 13, 40])
def test_tiles_cover_a_side_overlap_and_their_weights_sum_to_one(units: int, tile: int, shared: int) -> None:
    spans = plan_side(units * 8, tile * 8, multiple=8, overlap=shared * 8)
    sums = torch.zeros(units * 8)
    for span in spans:
        assert span.start % 8 == 0 and 0 < span.stop - span.start <= tile * 8
        sums[span.slice] += span.weights
    assert torch.allclose(sums, torch.ones_like(sums))
    assert spans[0].start == 0 and spans[-1].stop == units * 8
    assert all(left.stop - right.start >= 8 * shared for left, right in zip(spans, spans[1:], strict=False))


def test_the_outer_quarter_of_an_overlap_counts_for_nothing() -> None:
    first, second = plan_side(24, 16, multiple=8, overlap=8)
    assert (first.stop, second.start) == (16, 8)
    assert second.weights[:2].tolist() == [0, 0] and first.weights[-2:].tolist() == [0, 0]


def test_what_fits_the_bound_is_one_tile() -> None:
    rows, columns = plan_tiles(64, 128, multiple=32, most_pixels=64 * 128)
    assert [(span.start, span.stop) for span in (*rows, *columns)] == [(0, 64), (0, 128)]


@pytest.mark.parametrize(("height", "width"), [(512, 512), (32, 4096), (4096, 64), (512, 544)])
def test_tiles_keep_to_the_bound(height: int, width: int) -> None:
    rows, columns = plan_tiles(height, width, multiple=32, most_pixels=20_000, overlap=32)
    assert (
        max(row.stop - row.start for row in rows) * max(column.stop - column.start for column in columns)
        <= 20_000
    )


def test_blended_copies_of_the_picture_are_the_picture() -> None:
    picture = torch.randn(2, 96, 160)
    rows, columns = plan_tiles(96, 160, multiple=8, most_pixels=40 * 40, overlap=8)
    assert len(rows) > 1 and len(columns) > 1

    def copy(row: Span, column: Span) -> Tensor:
        return picture[:, row.slice, column.slice]

    strips = list(blend_tiles(rows, columns, paint=copy))
    assert torch.allclose(torch.cat(strips, 1), picture, atol=1e-5)


def test_tiles_of_different_brightness_meet_in_a_ramp_not_in_a_step() -> None:
    rows, columns = plan_tiles(64, 256, multiple=32, most_pixels=64 * 128, overlap=32)
    shades = {column.start: float(number) for number, column in enumerate(columns)}

    def flat(row: Span, column: Span) -> Tensor:
        return torch.full((1, row.stop - row.start, column.stop - column.start), shades[column.start])

    line = torch.cat(list(blend_tiles(rows, columns, paint=flat)), 1)[0, 0]
    assert line.min() == 0 and line.max() == len(columns) - 1
    assert line.diff().abs().max() < 0.15


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Span], list[Span], int]:
    """Rows and columns of tiles for a picture of any size, memory and overlap, and the overlap asked for."""
    multiple = draw(st.sampled_from([1, 2, 4, 8, 32]))
    height, width = (draw(st.integers(1, 40)) * multiple for _ in range(2))
    overlap = draw(st.integers(0, 5 * multiple))
    most_pixels = draw(st.integers(1, height * width))
    return *plan_tiles(height, width, multiple=multiple, most_pixels=most_pixels, overlap=overlap), overlap


@settings(max_examples=50, deadline=None)
@given(plans())
def test_tiles_of_any_plan_cover_each_pixel_with_weights_that_sum_to_one(
    plan: tuple[list[Span], list[Span], int],
) -> None:
    *sides, overlap = plan
    for spans in sides:
        sums = torch.zeros(spans[-1].stop)
        for span in spans:
            assert len(span.weights) == span.stop - span.start
            assert (span.weights >= 0).all()
            sums[span.slice] += span.weights
        assert torch.allclose(sums, torch.ones_like(sums), atol=1e-5)
        assert all(
            before.start < after.start <= before.stop - overlap
            for before, after in zip(spans, spans[1:], strict=False)
        )


@settings(max_examples=50, deadline=None)
@given(plans(), st.floats(-1, 1, width=32))
def test_blending_constant_tiles_of_any_plan_gives_the_constant(
    plan: tuple[list[Span], list[Span], int], value: float
) -> None:
    rows, columns, _ = plan

    def flat(row: Span, column: Span) -> Tensor:
        return torch.full((1, row.stop - row.start, column.stop - column.start), value)

    blended = torch.cat(list(blend_tiles(rows, columns, paint=flat)), 1)
    assert blended.shape == (1, rows[-1].stop, columns[-1].stop)
    assert torch.allclose(blended, torch.full_like(blended, value), atol=1e-5)
