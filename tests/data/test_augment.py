"""The jitter is the same for both halves and a function of its seed alone."""

from __future__ import annotations

import os

import torch

from pix2pix.data.augment import _gather, crop, crop_rows, window_of
from pix2pix.seeding import seed_of

PLACES = torch.arange(3 * 20 * 20, dtype=torch.int32).view(3, 20, 20)


def test_seeds_are_the_same_on_every_machine() -> None:
    assert seed_of(0) == 6711488920161924273
    assert seed_of(1, 2, 3) == 8545605856040690708
    assert seed_of(1, "order") == 4830691587605261438


def test_a_name_that_is_not_utf8_has_a_seed_too() -> None:
    assert seed_of(os.fsdecode(b"caf\xe9.png")) != seed_of(os.fsdecode(b"caf\xe8.png"))


def test_seeds_differ_by_each_number_and_its_place() -> None:
    seeds = {seed_of(a, b) for a in range(50) for b in range(50)}
    assert len(seeds) == 2500
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert seed_of(1, 23) != seed_of(12, 3)


def test_same_seed_gives_the_same_window_without_global_state() -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    assert window_of(7, (4, 4), mirror=True) == window_of(7, (4, 4), mirror=True)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_every_window_comes_and_half_are_mirrored() -> None:
    windows = [window_of(seed, (2, 2), mirror=True) for seed in range(2000)]
    assert {window[:2] for window in windows} == {(top, left) for top in range(3) for left in range(3)}
    assert 900 < sum(window.mirrored for window in windows) < 1100
    assert not any(window_of(seed, (2, 2), mirror=False).mirrored for seed in range(100))


def test_a_crop_is_the_part_of_the_picture_that_the_window_says() -> None:
    for window in (window_of(seed, (4, 4), mirror=True) for seed in range(20)):
        part = crop(PLACES, window, size=16)
        corner = (window.top, window.left + 15 if window.mirrored else window.left)
        assert part.shape == (3, 16, 16)
        assert part[0, 0, 0] == PLACES[(0, *corner)]


def test_mirror_without_a_crop_turns_the_whole_picture() -> None:
    pictures = [crop(PLACES, window_of(seed, (0, 0), mirror=True), size=20) for seed in range(20)]
    assert all(torch.equal(picture, PLACES) or torch.equal(picture, PLACES.flip(-1)) for picture in pictures)


def test_rows_are_cut_as_one_at_a_time() -> None:
    pictures, windows = (
        torch.stack([PLACES, PLACES + 1]),
        [window_of(seed, (4, 4), mirror=True) for seed in (5, 6)],
    )
    alone = [crop(pictures[row], window, size=16) for row, window in zip((1, 0), windows, strict=True)]
    assert torch.equal(crop_rows(pictures, [1, 0], windows=windows, size=16), torch.stack(alone))


def test_lookup_on_a_device_cuts_what_slices_cut() -> None:
    pictures = torch.randint(0, 256, (4, 3, 20, 22), dtype=torch.uint8)
    windows = [window_of(seed, (4, 6), mirror=True) for seed in range(6)]
    rows = [3, 0, 0, 1, 2, 3]
    assert torch.equal(
        _gather(pictures, rows, windows=windows, size=16), crop_rows(pictures, rows, windows=windows, size=16)
    )
