"""Sets of numbers and ranges of time over words of 64, against the same found one by one."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.heat_planes import BLOCK, WORD, borders_of, keep_members, planes_of
from geo.heat_rows import Words
from geo.heat_times import BUCKETS, bucket_size, fill_between, order_of, rank, times_of

SEEDS = st.integers(0, 1 << 30)


def bits(words: Words, count: int) -> list[bool]:
    return np.unpackbits(words.view(np.uint8), bitorder="little", count=count).astype(bool).tolist()


@settings(max_examples=200, deadline=None)
@given(wanted=st.lists(st.booleans(), min_size=1, max_size=70), seed=SEEDS, count=st.integers(1, 500))
@example(wanted=[True], seed=1, count=64)
@example(wanted=[False], seed=1, count=65)
@example(wanted=[True] * 64, seed=1, count=70)
@example(wanted=[False] * 32 + [True] * 32, seed=1, count=300)
@example(wanted=[True, False] * 16, seed=1, count=300)
def test_of_numbers_in_planes_those_of_any_set_are_kept(wanted: list[bool], seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    numbers, marks = rng.integers(0, len(wanted), count), np.array(wanted)
    planes = planes_of(numbers, len(wanted))
    before = rng.integers(0, 1 << 63, planes.shape[1]).astype(np.uint64)
    first = int(rng.integers(0, planes.shape[1]))
    part, spares = before[first:].copy(), rng.integers(0, 1 << 63, (2, BLOCK)).astype(np.uint64)
    keep_members(planes, borders_of(marks), first, part, spares)
    left = numbers[first * WORD :]
    expected = marks[left] & np.array(bits(before[first:], len(left)))
    assert bits(part, len(left)) == expected.tolist()


@settings(max_examples=200, deadline=None)
@given(
    seed=SEEDS,
    count=st.sampled_from([1, 63, 64, 65, 255, 256, 257, 1000, 5000]),
    distinct=st.sampled_from([1, 2, 10, 1000, 10**6]),
    ends=st.tuples(st.integers(-1, 10**6), st.integers(-1, 10**6)),
    exact=st.booleans(),
)
def test_a_range_of_time_has_those_from_its_beginning_and_before_its_end(
    seed: int, count: int, distinct: int, ends: tuple[int, int], exact: bool
) -> None:
    """With many at one instant, across the borders of buckets; `exact` ends are instants of incidents."""
    rng = np.random.default_rng(seed)
    at = rng.integers(0, distinct, count)
    since, until = sorted(int(at[end % count]) if exact else end % (distinct + 2) - 1 for end in ends)
    by_time = order_of(at)
    start, stop = rank(at, by_time, since), rank(at, by_time, until)
    assert (start, stop) == (int((at < since).sum()), int((at < until).sum()))
    words = -(-count // WORD)
    first = int(rng.integers(0, words))
    out = rng.integers(0, 1 << 63, int(rng.integers(1, words - first + 1))).astype(np.uint64)
    fill_between(by_time, times_of(by_time), start, stop, first, out)
    here = at[first * WORD : (first + len(out)) * WORD]
    assert bits(out, len(here)) == ((since <= here) & (here < until)).tolist()


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_range_of_time_may_end_at_any_border_of_buckets_and_beside_it(off: int) -> None:
    begun = datetime(2025, 1, 1, tzinfo=UTC)
    steps = np.random.default_rng(3).permutation(3 * BUCKETS + 5)
    at = np.array([int((begun + timedelta(seconds=int(step))).timestamp()) for step in steps])
    by_time = order_of(at)
    planes, size = times_of(by_time), bucket_size(len(at))
    borders = np.clip(np.arange(0, len(at) + size, size) + off, 0, len(at))
    for start in borders[::7].tolist():
        for stop in borders[borders >= start].tolist():
            out = np.zeros(planes.shape[1], np.uint64)
            fill_between(by_time, planes, start, stop, 0, out)
            assert bits(out, len(at)) == ((start <= steps) & (steps < stop)).tolist()
