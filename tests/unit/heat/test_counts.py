"""Heat counted in memory against a frame of the same incidents, filtered by pandas, cell by cell, whatever happened."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.heat_columns import Batch, Names, View, changed, merged, view_of
from geo.heat_filter import HeatFilter, microseconds
from geo.heat_index import OPEN, STATES
from geo.heat_planes import BLOCK, WORD
from geo.heat_rows import FOREVER, Rows, codes_of, hours_of_week, sorted_handed
from geo.slices import Slice
from tiles.heat import DEEPER, Desk, counts

ZONE = "Asia/Shanghai"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
PATHS = ["1.", "1.2.", "1.2.5.", "1.2.5.9.", "1.2.50.", "1.20.", "1.20.7.", "1.3."]
LATE_PATHS = [*PATHS, "1.2.6.", "1.4."]
CATEGORIES = ["hazard", "help", "hazard.flue", "facility.light", "dispute.land"]
LATE_CATEGORIES = [*CATEGORIES, "hazard.ice"]
ORGANISATIONS = ["team", "office"]
ENDS = [FOREVER, microseconds(NOW) + 1, microseconds(NOW)]
SLICES = [Slice("", "~"), Slice("1.2.", "1.2/"), Slice("1.2.5.", "1.2.5/", "team"), Slice("0.", "0/", "office")]


@dataclass(frozen=True)
class City:
    """A view, and what it should hold: a row for each incident, by number."""

    view: View
    frame: pd.DataFrame


def incidents(rng: np.random.Generator, numbers: list[int], paths: list[str], categories: list[str]) -> pd.DataFrame:
    count = len(numbers)
    town = rng.random(count) < 0.5
    lon = np.where(town, rng.normal(122.07, 0.02, count), rng.uniform(119.5, 123.5, count))
    lat = np.where(town, rng.normal(46.08, 0.015, count), rng.uniform(45, 47.4, count))
    at = microseconds(SINCE) + rng.integers(0, 90 * 24, count) * 3_600_000_000
    by_place = np.floor((lon - 119.4) * 2).astype(int) % len(paths)  # neighbours mostly are of one unit
    frame = pd.DataFrame({"code": codes_of(lon, lat), "at": at}, index=pd.Index(numbers))
    frame["path"] = np.where(rng.random(count) < 0.9, by_place, rng.integers(0, len(paths), count))
    frame["path"] = frame["path"].map(dict(enumerate(paths)))
    frame["category"] = rng.choice(categories, count)
    frame["state"] = rng.integers(0, len(STATES), count)
    frame["organisation"] = rng.choice(["", "", "", *ORGANISATIONS], count)
    frame["until"] = rng.choice(ENDS, count)
    return frame


def batch_of(frame: pd.DataFrame, gone: list[int]) -> Batch:
    """What a database would say of the incidents of a frame, and of some that are gone."""
    paths, categories = tuple(frame["path"].unique()), tuple(frame["category"].unique())
    at, low = frame["at"].to_numpy(np.int64), frame.index.to_numpy(np.uint64)
    rows = Rows(
        code=frame["code"].to_numpy(np.int64),
        at=at,
        unit=frame["path"].map({path: i for i, path in enumerate(paths)}).to_numpy(np.int32),
        category=frame["category"].map({code: i for i, code in enumerate(categories)}).to_numpy(np.int16),
        state=frame["state"].to_numpy(np.uint8),
        hour=hours_of_week(at, ZONE),
        high=low // np.uint64(7),
        low=low,
    )
    held = np.flatnonzero(frame["organisation"] != "").astype(np.int32)
    number = frame["organisation"].iloc[held].map({name: i for i, name in enumerate(ORGANISATIONS)})
    handed = sorted_handed(number.to_numpy(np.int32), held, frame["until"].iloc[held].to_numpy(np.int64))
    ids = np.array([*frame.index, *gone], np.uint64)
    return Batch(ids // np.uint64(7), ids, rows, handed, paths, categories, tuple(ORGANISATIONS))


def begun(rng: np.random.Generator, count: int) -> City:
    frame = incidents(rng, list(range(count)), PATHS, CATEGORIES)
    batch = batch_of(frame, [])
    names = Names((), batch.paths, batch.categories, batch.organisations)
    return City(view_of(batch.rows, batch.handed, names), frame)


def moved_on(city: City, rng: np.random.Generator, some: int) -> City:
    """Some changed, some gone, some new, with units and a category that were not met before."""
    known = rng.permutation(city.frame.index.to_numpy()).tolist()
    gone, again = known[:some], known[some : 2 * some]
    next_number = int(city.frame.index.max()) + 1
    coming = incidents(rng, again + list(range(next_number, next_number + some)), LATE_PATHS, LATE_CATEGORIES)
    frame = pd.concat([city.frame.drop(index=gone + again), coming])
    return City(changed(city.view, batch_of(coming, gone)), frame)


def seen(frame: pd.DataFrame, by: Slice, wanted: HeatFilter) -> pd.DataFrame:
    keep = (frame["path"] >= by.first) & (frame["path"] < by.end)
    keep |= (frame["organisation"] == by.organisation) & (by.organisation != "") & (frame["until"] > microseconds(NOW))
    keep &= frame["path"].str.startswith(wanted.path)
    local = pd.DatetimeIndex(pd.to_datetime(frame["at"], unit="us", utc=True)).tz_convert(ZONE)
    if wanted.since:
        keep &= frame["at"] >= microseconds(wanted.since)
    if wanted.until:
        keep &= frame["at"] < microseconds(wanted.until)
    if wanted.hours:
        keep &= local.hour.isin(wanted.hours)
    if wanted.weekdays:
        keep &= local.day_of_week.isin(wanted.weekdays)
    if wanted.categories:
        keep &= frame["category"].map(lambda code: any(f"{code}.".startswith(f"{one}.") for one in wanted.categories))
    if wanted.states:
        keep &= frame["state"].isin([STATES.index(state) for state in wanted.states])
    return frame[keep]


def agree(city: City, by: Slice, wanted: HeatFilter) -> None:
    """In the tiles of every second zoom that the town lies in, where cells are many and where they are few."""
    frame, desk = seen(city.frame, by, wanted), Desk(city.view, by, wanted, NOW)
    town = int(codes_of(np.array([122.07]), np.array([46.08]))[0])
    for zoom in range(0, 17, 2):
        tile = town >> 2 * (31 - zoom)
        x, y = (sum(((tile >> 2 * bit + half) & 1) << bit for bit in range(zoom)) for half in (0, 1))
        here = frame[frame["code"].to_numpy(np.int64) >> 2 * (31 - zoom) == tile]
        cells = (here["code"].to_numpy(np.int64) >> 2 * (31 - zoom - DEEPER)) & (4**DEEPER - 1)
        n, still_open = counts(desk, zoom, x, y)
        assert n.tolist() == np.bincount(cells, minlength=4**DEEPER).tolist()
        assert still_open.tolist() == np.bincount(cells[OPEN[here["state"].to_numpy()]], minlength=4**DEEPER).tolist()


hours = st.integers(-1, 90 * 24).map(lambda hour: SINCE + timedelta(hours=hour))  # as the incidents: times on edges
FILTERS = st.builds(
    HeatFilter,
    since=st.none() | hours,
    until=st.none() | hours | hours.map(lambda at: at + timedelta(microseconds=1)),
    hours=st.frozensets(st.integers(0, 23), max_size=20),
    weekdays=st.frozensets(st.integers(0, 6), max_size=7),
    categories=st.frozensets(st.sampled_from([*LATE_CATEGORIES, "facility", "nothing"]), max_size=4),
    states=st.frozensets(st.sampled_from(STATES), max_size=12),
    path=st.sampled_from(["", "", "1.", "1.2.", "1.20.", "1.2.5.", "1.4."]),
)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    count=st.sampled_from([1, 64, 300, 2000]),
    changes=st.integers(0, 3),
    fresh=st.booleans(),
    by=st.sampled_from(SLICES),
    wanted=FILTERS,
)
def test_every_cell_has_the_incidents_that_pandas_finds_there(
    seed: int, count: int, changes: int, fresh: bool, by: Slice, wanted: HeatFilter
) -> None:
    rng = np.random.default_rng(seed)
    city = begun(rng, count)
    for _ in range(changes):
        city = moved_on(city, rng, min(20, count // 4))
    if fresh:
        city = City(merged(city.view), city.frame)
    agree(city, by, wanted)
    agree(city, by, HeatFilter(path=wanted.path))


@pytest.fixture(scope="module")
def large() -> City:
    """More than fit into two blocks of words, with changes."""
    rng = np.random.default_rng(8)
    return moved_on(begun(rng, 2 * BLOCK * WORD + 100), rng, 500)


@pytest.mark.parametrize("by", SLICES, ids=lambda by: f"{by.first}-{by.organisation}")
@pytest.mark.parametrize(
    "wanted",
    [
        HeatFilter(),
        HeatFilter(since=SINCE + timedelta(days=20), until=SINCE + timedelta(days=61, hours=5)),
        HeatFilter(since=SINCE + timedelta(days=20), until=SINCE + timedelta(days=20, hours=3)),
        HeatFilter(
            SINCE, NOW, frozenset({1, 3, 8, 9}), frozenset({0, 6}), frozenset({"hazard"}), frozenset(STATES[:5])
        ),
    ],
    ids=["none", "time", "hours", "all"],
)
def test_many_blocks_of_words_are_counted_as_one(large: City, by: Slice, wanted: HeatFilter) -> None:
    agree(large, by, wanted)


def test_a_plan_serves_many_tiles_but_never_outlasts_a_hand_over(large: City) -> None:
    wide, held = (Desk(large.view, by, HeatFilter(), NOW) for by in (SLICES[0], SLICES[2]))
    assert wide.plan() is wide.plan()
    a_second_later = Desk(large.view, SLICES[2], HeatFilter(), NOW + timedelta(seconds=1))
    assert 0 < len(a_second_later.plan().handed) < len(held.plan().handed)
