"""Sharing out: sums hold, bounds hold, parts are where they should be."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from demo.clusters import bisect, by_weight, lattice, reading_order, share_out, split_evenly, starts


@given(st.integers(1, 40), st.integers(65, 149), st.integers(0, 2**32 - 1))
def test_households_are_split_into_numbers_within_bounds_that_add_up(count: int, mean: int, seed: int) -> None:
    parts = split_evenly(mean * count, count, 60, 150, np.random.default_rng(seed))
    assert parts.sum() == mean * count
    assert parts.min() >= 60
    assert parts.max() <= 150


@given(st.integers(0, 10_000), st.lists(st.floats(0.01, 100), min_size=1, max_size=50))
def test_shares_by_weight_add_up_and_are_off_by_less_than_one(total: int, weights: list[float]) -> None:
    parts = by_weight(total, np.array(weights))
    assert parts.sum() == total
    assert np.abs(parts - total * np.array(weights) / sum(weights)).max() < 1 + 1e-6


@given(st.integers(9, 200))
def test_a_community_with_many_micro_grids_has_grids_of_four_to_eight(count: int) -> None:
    points = np.random.default_rng(count).uniform(size=(count, 2))
    sizes = np.bincount(bisect(points, -(-count // 7)))
    assert sizes.min() >= 4
    assert sizes.max() <= 8


def test_numbering_goes_as_one_reads() -> None:
    points = np.array([[0, 0], [1, 0], [0, 1], [1, 1.0]])
    assert reading_order(points).tolist() == [2, 3, 0, 1]


def test_a_lattice_fills_an_area_evenly_and_stays_inside() -> None:
    area = shapely.Point(0, 0).buffer(100)
    points = lattice(area, 10.0, np.random.default_rng(1))
    assert shapely.contains_xy(area, points[:, 0], points[:, 1]).all()
    assert abs(len(points) - area.area / 100) < 30


def test_parts_come_near_to_their_wanted_shares_and_none_is_empty() -> None:
    rng = np.random.default_rng(3)
    points = rng.uniform(0, 1_000, (4_000, 2))
    wanted = np.array([1, 1, 2, 4.0])
    _, labels = share_out(points, starts(points, 4, rng), wanted, rounds=60)
    assert np.abs(np.bincount(labels) / 4_000 - wanted / 8).max() < 0.06


def test_a_fixed_site_stays() -> None:
    rng = np.random.default_rng(3)
    points = rng.uniform(0, 1_000, (500, 2))
    begin = starts(points, 3, rng)
    sites, _ = share_out(points, begin, np.ones(3), np.array([True, False, False]))
    assert (sites[0] == begin[0]).all()
    assert (sites[1:] != begin[1:]).any()
