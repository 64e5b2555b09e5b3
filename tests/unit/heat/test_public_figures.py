"""No two figures of the public heat differ by one to four incidents: all pairs of all small cities, by brute force."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.public_figures import ALL, KINDS, Figure, Period, Told, figures, last

PATHS = ["1.", "1.2.", "1.2.5.", "1.2.6.", "1.3.", "1.3.7.", "1.3.8.", "1.30."]
CATEGORIES = ["dispute", "hazard"]
YEAR = Period("year", datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
MONTHS = [
    Period("month", datetime(2025, month, 1, tzinfo=UTC), datetime(2025 + month // 12, month % 12 + 1, 1, tzinfo=UTC))
    for month in range(1, 13)
]
WEEK = Period("week", datetime(2025, 12, 8, tzinfo=UTC), datetime(2025, 12, 15, tzinfo=UTC))
Incident = tuple[str, str, datetime]
incidents = st.lists(
    st.tuples(
        st.sampled_from([*PATHS, "1.2.5.", "1.3.7.", "1.3.8.99."]),
        st.sampled_from(CATEGORIES),
        st.integers(0, 60).map(lambda days: datetime(2025, 11, 5, tzinfo=UTC) + timedelta(days=days % 57)),
        st.integers(1, 9),
    ),
    max_size=40,
).map(lambda found: [(path, category, at) for path, category, at, times in found for _ in range(times)])


def standing(city: list[Incident], period: Period) -> dict[str, dict[str, int]]:
    counts = defaultdict[str, dict[str, int]](lambda: dict.fromkeys(CATEGORIES, 0))
    for path, category, at in city:
        if period.since <= at < period.until:
            counts[path][category] += 1
    return counts


def published(city: list[Incident], periods: list[Period]) -> list[tuple[Period, Figure]]:
    """One period after the other, as the job does, each knowing what was told before."""
    told: list[tuple[Period, Figure]] = []
    for period in periods:
        earlier = defaultdict[tuple[str, str], list[Told]](list)
        for other, figure in told:
            earlier[figure.path, figure.category].append(Told(other, figure.incidents))
        told += [(period, figure) for figure in figures(PATHS, standing(city, period), period, earlier)]
    return told


def part_of(one: tuple[Period, Figure], other: tuple[Period, Figure]) -> bool:
    return (
        other[0].holds(one[0]) and one[1].path.startswith(other[1].path) and other[1].category in {ALL, one[1].category}
    )


@settings(max_examples=300, deadline=None)
@given(city=incidents, order=st.permutations([YEAR, MONTHS[10], MONTHS[11], WEEK]))
def test_no_figure_less_another_is_one_to_four(city: list[Incident], order: list[Period]) -> None:
    told = published(city, order)
    assert [figure for _, figure in told if 0 < figure.incidents < 5] == []
    for one, other in permutations(told, 2):
        if part_of(one, other):
            assert not 0 < other[1].incidents - one[1].incidents < 5, (one, other)


@settings(max_examples=200, deadline=None)
@given(city=incidents)
def test_no_unit_less_its_parts_and_no_unit_less_its_categories_is_one_to_four(city: list[Incident]) -> None:
    told = {(figure.path, figure.category): figure.incidents for _, figure in published(city, [MONTHS[11]])}
    for (path, category), whole in told.items():
        parts = [n for (one, kind), n in told.items() if kind == category and one[: one[:-1].rfind(".") + 1] == path]
        assert not parts or not 0 < whole - sum(parts) < 5
        kinds = [n for (one, kind), n in told.items() if one == path and kind != ALL]
        assert category != ALL or not kinds or sum(kinds) == whole


@settings(max_examples=100, deadline=None)
@given(city=incidents)
def test_a_year_less_its_months_is_never_one_to_four(city: list[Incident]) -> None:
    told = published(city, [MONTHS[10], MONTHS[11], YEAR])
    for key in {(figure.path, figure.category) for _, figure in told}:
        of = {period.kind: 0 for period, _ in told}
        counts = [(period.kind, figure.incidents) for period, figure in told if (figure.path, figure.category) == key]
        for kind, n in counts:
            of[kind] += n
        if "year" in dict(counts):
            assert not 0 < of["year"] - of.get("month", 0) < 5


@settings(max_examples=100, deadline=None)
@given(city=incidents)
def test_every_figure_is_the_number_of_incidents(city: list[Incident]) -> None:
    for period, figure in published(city, [MONTHS[11]]):
        own = [
            path.startswith(figure.path) and figure.category in {ALL, category} and period.since <= at < period.until
            for path, category, at in city
        ]
        assert figure.incidents == sum(own)


def test_a_city_with_enough_everywhere_is_told_down_to_the_last_unit() -> None:
    leaves = ["1.2.5.", "1.2.6.", "1.3.7.", "1.3.8.", "1.30."]
    city = [(path, category, WEEK.since) for path in leaves for category in CATEGORIES for _ in range(5)]
    told = [figure for _, figure in published(city, [WEEK])]
    assert {(one.path, one.category) for one in told} == {(path, kind) for path in PATHS for kind in (ALL, *CATEGORIES)}
    assert {one.path for one in told if one.finest} == set(leaves)
    city.pop()
    told = [figure for _, figure in published(city, [WEEK])]
    assert {(one.path, one.category) for one in told if one.category == ALL} == {(path, ALL) for path in PATHS}
    assert {one.path for one in told if one.category != ALL} == {"1."}


@pytest.mark.parametrize(
    ("kind", "since", "until"),
    [
        ("week", "2026-03-15T16:00", "2026-03-22T16:00"),
        ("month", "2026-01-31T16:00", "2026-02-28T16:00"),
        ("year", "2024-12-31T16:00", "2025-12-31T16:00"),
    ],
)
def test_the_last_period_is_full_and_of_the_citys_clock(kind: str, since: str, until: str) -> None:
    assert kind in KINDS
    found = last(kind, datetime(2026, 3, 23, 1, tzinfo=UTC), "Asia/Shanghai")  # type: ignore[arg-type]
    assert (found.since, found.until) == tuple(datetime.fromisoformat(f"{at}:00Z") for at in (since, until))
