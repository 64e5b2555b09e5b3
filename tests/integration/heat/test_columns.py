"""Incidents in memory are those of the database: after a load, each kind of change, for every scope and filter."""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg_pool import ConnectionPool

from geo import db, heat_follow, heat_source
from geo.db import EVERYTHING, Scope, begin
from geo.heat_columns import View, merged
from geo.heat_filter import HeatFilter
from geo.heat_follow import Heat
from geo.heat_index import STATES
from geo.lifecycle import SETTLED
from geo.slices import Slice
from tiles.heat import Desk, counts, legend, slots

Pool = ConnectionPool[db.Connection]
ZONE = "Asia/Shanghai"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
PATHS = ["1.", "1.2.", "1.2.5.", "1.2.5.9.", "1.2.50.", "1.20.", "1.20.7.", "1.3."]
CATEGORIES = ["hazard", "hazard.flue", "hazard.ice", "facility.light", "dispute.land", "help"]
ORGANISATIONS = [UUID(int=7001), UUID(int=7002)]
MAKE = """
INSERT INTO incident (id, path, unit_id, located, category, channel, state, title, geom, occurred_at, received_at,
                      source, source_key)
VALUES (%s, %s, 1, 'inside', %s, 'patrol', %s, 'x', st_setsrid(st_makepoint(%s, %s), 4326), %s, now(), 'test', %s)
"""
EVERY = """
SELECT i.id, i.path, i.category, i.state, st_x(i.geom) AS lon, st_y(i.geom) AS lat, i.occurred_at AS at
FROM incident AS i
"""


@pytest.fixture(scope="module")
def city(pool: Pool) -> Pool:
    with begin(pool, EVERYTHING) as conn:
        conn.execute("INSERT INTO unit (id, layer, made_at) VALUES (1, 'base', now())")
        for number in range(400):
            make(conn, np.random.default_rng(number))
    return pool


@pytest.fixture(scope="module")
def heat(city: Pool) -> Generator[Heat]:
    """Kept up by the tests, without its thread."""
    kept = Heat(city, ZONE)
    kept.catch_up()
    yield kept
    kept._worker.shutdown()


def anything(rng: np.random.Generator) -> tuple[str, str, str, float, float, datetime]:
    place = rng.normal([122.07, 46.08], [0.3, 0.2]) if rng.random() < 0.5 else rng.uniform([120, 45], [124, 48])
    at = SINCE + timedelta(seconds=int(rng.integers(0, 90 * 86_400)))
    path, category, state = (str(rng.choice(one)) for one in (PATHS, CATEGORIES, list(STATES)))
    return path, category, state, float(place[0]), float(place[1]), at


def make(conn: db.Connection, rng: np.random.Generator) -> None:
    path, category, state, lon, lat, at = anything(rng)
    made = uuid4()
    conn.execute(MAKE, [made, path, category, state, lon, lat, at, str(made)])
    if rng.random() < 0.2:
        hand_over(conn, made, rng)


def hand_over(conn: db.Connection, incident: UUID, rng: np.random.Generator) -> None:
    """Only the owner of the tables may: the service leaves it to its triggers."""
    conn.execute("SET LOCAL ROLE wangge_owner")
    ends = [None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)]
    conn.execute(
        "INSERT INTO hand_over (organisation, incident_id, path, since, until) VALUES (%s, %s, '1.', now(), %s) "
        "ON CONFLICT (organisation, incident_id) DO UPDATE SET until = excluded.until",
        [ORGANISATIONS[int(rng.integers(0, 2))], incident, ends[int(rng.integers(0, 3))]],
    )
    conn.execute("SET LOCAL ROLE wangge_app")


def change(conn: db.Connection, rng: np.random.Generator) -> None:
    """One of everything that may happen to incidents: one new, a few changed, one gone, one handed over."""
    some = [row["id"] for row in db.rows(conn, "SELECT id FROM incident ORDER BY md5(id::text || %(s)s) LIMIT 3",
                                         s=str(rng.integers(0, 1 << 30)))]  # fmt: skip
    path, category, state, lon, lat, at = anything(rng)
    columns = [
        "path = %s",
        "category = %s",
        "state = %s",
        "geom = st_setsrid(st_makepoint(%s, %s), 4326)",
        "occurred_at = %s",
    ]
    values = [[path], [category], [state], [lon, lat], [at]]
    match int(rng.integers(0, 8)):
        case 0 | 1:
            make(conn, rng)
        case 2:
            conn.execute("SET LOCAL ROLE wangge_owner")
            conn.execute("DELETE FROM hand_over WHERE incident_id = %s", [some[0]])
            conn.execute("DELETE FROM incident WHERE id = %s", [some[0]])
            conn.execute("SET LOCAL ROLE wangge_app")
        case 3:
            hand_over(conn, some[0], rng)
        case which:
            at_ = (which - 4) + int(rng.integers(0, 2))
            conn.execute(f"UPDATE incident SET {columns[at_]} WHERE id = ANY(%s)", [*values[at_], some])


def oracle(pool: Pool, scope: Scope, wanted: HeatFilter) -> pd.DataFrame:
    """What row security shows of the database, filtered by pandas."""
    with begin(pool, scope) as conn:
        frame = pd.DataFrame(db.rows(conn, EVERY), columns=["id", "path", "category", "state", "lon", "lat", "at"])
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    local = frame["at"].dt.tz_convert(ZONE)
    keep = pd.Series(True, index=frame.index)
    if wanted.since:
        keep &= frame["at"] >= wanted.since
    if wanted.until:
        keep &= frame["at"] < wanted.until
    if wanted.hours:
        keep &= local.dt.hour.isin(wanted.hours)
    if wanted.weekdays:
        keep &= local.dt.day_of_week.isin(wanted.weekdays)
    if wanted.categories:
        keep &= frame["category"].map(lambda code: any(f"{code}.".startswith(f"{one}.") for one in wanted.categories))
    if wanted.states:
        keep &= frame["state"].isin([str(state) for state in wanted.states])
    return frame[keep & frame["path"].str.startswith(wanted.path)]


def desk(view: View, scope: Scope, wanted: HeatFilter) -> Desk:
    return Desk(view, Slice.of(scope), wanted, datetime.now(UTC))


def cells(frame: pd.DataFrame, zoom: int) -> dict[tuple[int, int], int]:
    x = np.floor((frame["lon"] + 180) / 360 * 2**zoom).astype(int)
    y = np.floor((1 - np.arcsinh(np.tan(np.radians(frame["lat"]))) / np.pi) / 2 * 2**zoom).astype(int)
    return pd.Series(1, index=pd.MultiIndex.from_arrays([x, y])).groupby(level=[0, 1]).sum().to_dict()


def counted(view: View, scope: Scope, wanted: HeatFilter, zoom: int, x: int, y: int) -> dict[tuple[int, int], int]:
    n, still_open = counts(desk(view, scope, wanted), zoom, x, y)
    assert (still_open <= n).all()
    found = {}
    for cell in np.flatnonzero(n).tolist():
        column = sum(((cell >> 2 * bit) & 1) << bit for bit in range(6))
        row = sum(((cell >> 2 * bit + 1) & 1) << bit for bit in range(6))
        found[x * 64 + column, y * 64 + row] = int(n[cell])
    return found


def agree(pool: Pool, view: View, scope: Scope, wanted: HeatFilter) -> None:
    frame = oracle(pool, scope, wanted)
    for zoom, x, y in ((0, 0, 0), (6, 53, 22), (9, 429, 181), (16, 54989, 23274)):
        expected = {cell: n for cell, n in cells(frame, zoom + 6).items() if (cell[0] >> 6, cell[1] >> 6) == (x, y)}
        assert counted(view, scope, wanted, zoom, x, y) == expected
    n, still_open = counts(desk(view, scope, wanted), 0, 0, 0)
    settled = frame["state"].isin([str(state) for state in SETTLED])
    assert (int(n.sum()), int(still_open.sum())) == (len(frame), int((~settled).sum()))


SCOPES = [
    EVERYTHING, Scope("1.2."), Scope("1.20."), Scope("1.2.5.", organisation=str(ORGANISATIONS[0])),
    Scope("1.3.", organisation=str(ORGANISATIONS[1])), Scope("0.", role="public"),
]  # fmt: skip
instants = st.datetimes(datetime(2026, 2, 25), datetime(2026, 6, 5)).map(lambda at: at.replace(tzinfo=UTC))
FILTERS = st.builds(
    HeatFilter,
    since=st.none() | instants,
    until=st.none() | instants,
    hours=st.frozensets(st.integers(0, 23), max_size=20),
    weekdays=st.frozensets(st.integers(0, 6), max_size=6),
    categories=st.frozensets(st.sampled_from([*CATEGORIES, "facility", "nothing"]), max_size=3),
    states=st.frozensets(st.sampled_from(STATES), max_size=12),
    path=st.sampled_from(["", "", "1.", "1.2.", "1.20.", "1.2.5."]),
)
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=40, deadline=None, suppress_health_check=QUIET)
@given(seed=st.integers(0, 1 << 30), changes=st.integers(0, 6), wanted=FILTERS, scope=st.sampled_from(SCOPES))
def test_memory_counts_what_row_security_shows_whatever_happened_and_whatever_is_asked(
    city: Pool, heat: Heat, seed: int, changes: int, wanted: HeatFilter, scope: Scope
) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(changes):
        with begin(city, EVERYTHING) as conn:
            change(conn, rng)
    heat.catch_up()
    agree(city, heat.view(), scope, wanted)


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: f"{scope.path}-{scope.organisation[-4:]}")
def test_a_fresh_load_and_a_merged_view_and_a_followed_one_are_the_same(city: Pool, heat: Heat, scope: Scope) -> None:
    rng = np.random.default_rng(5)
    with begin(city, EVERYTHING) as conn:
        for _ in range(30):
            change(conn, rng)
    heat.catch_up()
    assert len(heat.view().new.code)
    with begin(city, EVERYTHING) as conn:
        fresh = heat_source.load(conn, ZONE)
    wanted = HeatFilter(since=SINCE + timedelta(days=20), categories=frozenset({"hazard"}))
    for view in (heat.view(), merged(heat.view()), fresh):
        agree(city, view, scope, wanted)
        agree(city, view, scope, HeatFilter())
    assert fresh.total == heat.view().total == merged(heat.view()).total


def test_what_commits_late_is_neither_missed_nor_waited_for(city: Pool, heat: Heat) -> None:
    heat.catch_up()
    before = heat.view().total
    with begin(city, EVERYTHING) as slow:
        make(slow, np.random.default_rng(1))
        with begin(city, EVERYTHING) as quick:
            make(quick, np.random.default_rng(2))
        heat.catch_up()
        assert heat.view().total == before + 1
    with begin(city, EVERYTHING) as conn:
        make(conn, np.random.default_rng(3))
    heat.catch_up()
    assert heat.view().total == before + 3


def test_new_rows_go_into_the_index_and_what_comes_meanwhile_is_kept(
    city: Pool, heat: Heat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heat_follow, "MOST_NEW", 5)
    for seed in range(8):
        with begin(city, EVERYTHING) as conn:
            make(conn, np.random.default_rng(seed))
        heat.catch_up()
    merging = heat._merging
    if merging is not None:
        merging.made.result()
        with begin(city, EVERYTHING) as conn:
            make(conn, np.random.default_rng(99))
        heat.catch_up()
    assert len(heat.view().new.code) <= 8
    agree(city, heat.view(), EVERYTHING, HeatFilter())


def test_more_changes_than_are_worth_following_are_loaded_anew(
    city: Pool, heat: Heat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heat_follow, "MOST_AT_ONCE", 3)
    with begin(city, EVERYTHING) as conn:
        conn.execute("UPDATE incident SET category = 'help' WHERE category = 'hazard.ice'")
    heat.catch_up()
    assert len(heat.view().new.code) == 0
    agree(city, heat.view(), EVERYTHING, HeatFilter(categories=frozenset({"help"})))


@pytest.mark.parametrize("step", ["hour", "day", "week", "month"])
def test_steps_of_time_add_up_and_are_those_of_the_citys_clock(city: Pool, heat: Heat, step: str) -> None:
    heat.catch_up()
    since, until = SINCE + timedelta(days=3, minutes=30), SINCE + timedelta(days=63, hours=5)
    wanted, scope, bbox = HeatFilter(since=since, until=until), Scope("1.2."), (121.5, 45.5, 122.9, 46.9)
    frame = oracle(city, scope, wanted)
    frame = frame[frame["lon"].between(121.5, 122.9) & frame["lat"].between(45.5, 46.9)]
    found = slots(desk(heat.view(), scope, wanted), bbox, step, ZONE)  # type: ignore[arg-type]
    starts = pd.DatetimeIndex([one.since for one in found])
    place = np.searchsorted(starts, frame["at"], side="right") - 1
    assert [one.n for one in found] == np.bincount(place, minlength=len(found)).tolist()
    local = starts[1:].tz_convert(ZONE)
    assert starts[0] == since
    assert (local.minute == 0).all()
    if step != "hour":
        assert (local.hour == 0).all()
    expected = {"hour": lambda at: at.hour >= 0, "day": lambda at: at.day > 0, "week": lambda at: at.day_of_week == 0,
                "month": lambda at: at.day == 1}[step]  # fmt: skip
    assert expected(local).all()
    assert len(found) == {"hour": 1445, "day": 61, "week": 9, "month": 3}[step]


def test_the_legend_has_the_greatest_count_of_each_zoom_and_rising_breaks(city: Pool, heat: Heat) -> None:
    heat.catch_up()
    frame = oracle(city, Scope("1.2."), HeatFilter())
    told = legend(desk(heat.view(), Scope("1.2."), HeatFilter()))
    assert told.total == len(frame)
    for zoom in range(17):
        assert told.most[zoom] == max(cells(frame, zoom + 6).values())
        assert told.breaks[zoom] == sorted(set(told.breaks[zoom]))
        assert all(1 < count <= told.most[zoom] for count in told.breaks[zoom])


@pytest.mark.parametrize("scope", ["", "1.2.", "1.20.7."])
def test_the_legend_says_when_the_last_incident_that_is_seen_occurred_whatever_is_wanted(
    city: Pool, heat: Heat, scope: str
) -> None:
    heat.catch_up()
    seen = oracle(city, Scope(scope), HeatFilter())
    told = legend(desk(heat.view(), Scope(scope), HeatFilter(hours=frozenset({3}))))
    assert told.last_at == seen["at"].max().to_pydatetime()


def test_the_classes_of_a_legend_stand_while_the_total_hardly_changes_and_the_total_is_counted(
    city: Pool, heat: Heat
) -> None:
    heat.catch_up()
    looking = desk(heat.view(), Scope("1."), HeatFilter())
    first = legend(looking)
    steady = replace(first, classed=first.total * 2000 // 1999, breaks={16: [7]}, total=0)
    assert legend(looking, steady) == replace(steady, total=first.total)
    assert legend(looking, replace(steady, classed=first.total + 1)) == first
    assert legend(looking, replace(steady, classed=0)) == first


def test_the_tiles_of_a_zoom_add_up_to_the_whole(city: Pool, heat: Heat) -> None:
    heat.catch_up()
    looking = desk(heat.view(), Scope("1."), HeatFilter(hours=frozenset(range(6, 20))))
    whole = int(counts(looking, 0, 0, 0)[0].sum())
    assert whole > 100
    assert sum(int(counts(looking, 5, x, y)[0].sum()) for x in range(32) for y in range(32)) == whole


def test_no_incidents_at_all_are_an_empty_heat(pool: Pool) -> None:
    empty = heat_source.load
    with begin(pool, Scope("0.", role="public")) as conn:
        view = empty(conn, ZONE)
    assert view.total == 0
    assert counts(desk(view, EVERYTHING, HeatFilter(since=SINCE)), 0, 0, 0)[0].sum() == 0
    assert legend(desk(view, EVERYTHING, HeatFilter())).total == 0
    assert legend(desk(view, EVERYTHING, HeatFilter())).last_at is None
