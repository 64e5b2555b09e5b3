"""Publication against a plain model of history: two clocks, derived parents, permanent ids, and refusals."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg_pool import ConnectionPool

from geo import db, units
from geo.db import EVERYTHING, Scope, begin
from geo.errors import BadColumn, BadGeometry, UndeclaredCrs, WanggeError
from geo.publication import BadHierarchy, PendingEdition, Published, PublishedMeanwhile, RetiredCode, publish
from geo.topology import NotACoverage

Pool = ConnectionPool[db.Connection]
START = datetime(2024, 1, 1, tzinfo=UTC)
LAYERS = (f"layer{n}" for n in count())  # every example its own layer and issuer of codes: history is never wiped


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@dataclass(frozen=True)
class Unit:
    code: str
    parent: str | None
    level: str
    name: str
    households: int | None = None
    area: Any = None


World = dict[str, Unit]


def frame(world: World, codes: list[str] | None = None) -> gpd.GeoDataFrame:
    chosen = [world[code] for code in codes or world]
    columns = {
        "code": [unit.code for unit in chosen],
        "parent_code": [unit.parent for unit in chosen],
        "level": [unit.level for unit in chosen],
        "name": [unit.name for unit in chosen],
        "households": [unit.households for unit in chosen],
    }
    return gpd.GeoDataFrame(columns, geometry=[unit.area for unit in chosen], crs="EPSG:4326")


def pair(n: int, divider: float) -> tuple[shapely.Polygon, shapely.Polygon]:
    """Two micro-grids that share an edge: the n-th tile of a strip, cut at `divider`."""
    x, y = 110 + n % 4, 40 + n // 4
    return shapely.box(x, y, x + divider, y + 1), shapely.box(x + divider, y, x + 1, y + 1)


def small_world() -> World:
    """A league, two banners, four communities, each with two micro-grids."""
    made = [Unit("L", None, "league", "兴安盟"), Unit("B0", "L", "banner", "甲"), Unit("B1", "L", "banner", "乙")]
    for n in range(4):
        made.append(Unit(f"C{n}", f"B{n // 2}", "community", f"社区{n}"))
        made += [Unit(f"M{n}{side}", f"C{n}", "micro_grid", "微", 80, pair(n, 0.5)[side]) for side in (0, 1)]
    return {unit.code: unit for unit in made}


@dataclass
class Model:
    """What was published when, in plain Python."""

    editions: list[tuple[datetime, datetime, World]] = field(default_factory=list)

    def publish(self, now: datetime, at: datetime, world: World) -> None:
        self.editions.append((now, at, dict(world)))

    def in_force(self, at: datetime, known: datetime) -> World:
        """The last edition that was known by then and in force by then."""
        found = [world for now, valid, world in self.editions if now <= known and valid <= at]
        return found[-1] if found else {}


def parents_of(world: World, code: str) -> list[str]:
    """The codes from the root down to a unit."""
    above = world[code].parent
    return [*(parents_of(world, above) if above else []), code]


def area_of(world: World, code: str) -> Any:
    below = [unit.area for unit in world.values() if unit.area is not None and code in parents_of(world, unit.code)]
    return shapely.union_all(below)


def agrees(found: gpd.GeoDataFrame, world: World, ids: dict[str, int]) -> None:
    rows = {row["code"]: row for row in found.to_dict("records")}
    assert rows.keys() == world.keys()
    assert found["unit_id"].is_monotonic_increasing
    for code, unit in world.items():
        row = rows[code]
        assert ids.setdefault(code, row["unit_id"]) == row["unit_id"], "the id of a unit is permanent"
        above = [rows[parent]["unit_id"] for parent in parents_of(world, code)]
        assert row["path"] == units.path_of(above)
        assert (row["name"], row["level"]) == (unit.name, unit.level)
        assert (None if pd.isna(row["households"]) else row["households"]) == unit.households
        assert row["derived"] == (unit.area is None)
        assert row["geometry"].equals(area_of(world, code))
    leaves = found[~found["derived"].astype(bool)]
    assert shapely.coverage_is_valid(leaves.geometry.to_numpy()) or leaves.empty


# One change of a world: returns the world after it and the codes that were named.
Change = Callable[[World], tuple[World, list[str]]]


def rename(code: str, name: str) -> Change:
    return lambda world: ({**world, code: replace(world[code], name=name)}, [code])


def count_households(code: str, households: int | None) -> Change:
    return lambda world: ({**world, code: replace(world[code], households=households)}, [code])


def move(code: str, banner: str) -> Change:
    def change(world: World) -> tuple[World, list[str]]:
        moved = {**world, code: replace(world[code], parent=banner)}
        if {unit.parent for unit in moved.values() if unit.level == "community"} != {"B0", "B1"}:
            return world, [code]  # a banner without children would need an area of its own
        return moved, [code]

    return change


def redraw(n: int, divider: float) -> Change:
    def change(world: World) -> tuple[World, list[str]]:
        codes = [f"M{n}0", f"M{n}1"]
        new = {code: replace(world[code], area=area) for code, area in zip(codes, pair(n, divider), strict=True)}
        return {**world, **new}, codes

    return change


def add(n: int) -> Change:
    def change(world: World) -> tuple[World, list[str]]:
        code = f"N{n}"
        return {
            **world,
            code: Unit(code, f"C{n % 4}", "micro_grid", "新", None, shapely.box(110 + n, 50, 111 + n, 51)),
        }, [code]

    return change


def all_again(world: World) -> tuple[World, list[str]]:
    return world, list(world)


CODES = [code for code in small_world() if code != "L"]
LEAVES = [code for code in CODES if code.startswith("M")]
CHANGES = st.one_of(
    st.builds(rename, st.sampled_from(["L", *CODES]), st.sampled_from(["东", "西", "Ä"])),
    st.builds(count_households, st.sampled_from(LEAVES), st.sampled_from([None, 0, 60, 150])),
    st.builds(move, st.sampled_from(["C0", "C1", "C2", "C3"]), st.sampled_from(["B0", "B1"])),
    st.builds(redraw, st.integers(0, 3), st.sampled_from([0.25, 0.5, 0.75])),
    st.builds(add, st.integers(0, 5)),
    st.just(all_again),
)
# Days between publications on the clock of knowledge, and how the instant of effect goes on.
HISTORIES = st.lists(st.tuples(CHANGES, st.integers(1, 3), st.integers(0, 5)), min_size=1, max_size=6)


def holds(pool: Pool, steps: list[tuple[Change, int, int]]) -> None:
    """Publish a history step by step, then ask for every instant as known at every instant."""
    layer = next(LAYERS)
    world, model, ids = small_world(), Model(), {}
    now, at = day(0), day(-10)
    with begin(pool, EVERYTHING, now) as conn:
        publish(conn, frame(world), at, system=layer, layer=layer)
    model.publish(now, at, world)
    for change, wait, ahead in steps:
        now, at = now + timedelta(days=wait), at + timedelta(days=ahead)
        before, (world, named) = world, change(world)
        with begin(pool, EVERYTHING, now) as conn:
            done = publish(conn, frame(world, named), at, system=layer, layer=layer)
        if world == before:
            assert (done.made, done.changed) == (0, 0)
        assert done.made == len(world.keys() - before.keys())
        model.publish(now, at, world)
    instants = sorted({edition[1] for edition in model.editions})
    knowns = sorted({edition[0] for edition in model.editions})
    second = timedelta(microseconds=1)
    with begin(pool, EVERYTHING, now) as conn:
        for known in [knowns[0] - second, *knowns, *(k - second for k in knowns[1:])]:
            for valid in [instants[0] - second, *instants, *(a - second for a in instants[1:])]:
                found = units.in_force(conn, valid, known=known, layer=layer)
                agrees(found, model.in_force(valid, known), ids)


PROPERTY = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}


@settings(max_examples=5, **PROPERTY)
@given(steps=HISTORIES)
def test_history_is_what_was_published_as_known_at_every_instant(pool: Pool, steps: Any) -> None:
    holds(pool, steps)


@pytest.mark.full
@pytest.mark.timeout(1200)
@settings(max_examples=100, **PROPERTY)
@given(steps=HISTORIES)
def test_long_histories_are_what_was_published(pool: Pool, steps: Any) -> None:
    holds(pool, steps)


@dataclass(frozen=True)
class Stand:
    """A layer with the small world, published on day 0 with effect from day 0."""

    pool: Pool
    layer: str

    def publish(self, units: gpd.GeoDataFrame, number: float, at: float | None = None) -> Published:
        with begin(self.pool, EVERYTHING, day(number)) as conn:
            effect = day(number if at is None else at)
            return publish(conn, units, effect, system=self.layer, layer=self.layer)

    def versions(self) -> list[db.Row]:
        with begin(self.pool, EVERYTHING) as conn:
            return db.rows(
                conn,
                "SELECT id, code, valid, recorded FROM unit_version WHERE layer = %(layer)s ORDER BY id",
                layer=self.layer,
            )

    def codes_changed(self, number: float) -> set[str]:
        """Units with a version recorded on a day."""
        return {row["code"] for row in self.versions() if row["recorded"].lower == day(number)}

    def ids(self) -> int:
        with begin(self.pool, EVERYTHING) as conn:
            return db.one(conn, "SELECT count(*) AS n FROM unit WHERE layer = %(layer)s", layer=self.layer)["n"]


@pytest.fixture
def stand(pool: Pool) -> Stand:
    made = Stand(pool, next(LAYERS))
    assert made.publish(frame(small_world()), 0) == Published(15, 0, 0)
    return made


def test_publishing_twice_changes_nothing(stand: Stand) -> None:
    before = stand.versions()
    assert stand.publish(frame(small_world()), 1) == Published(0, 0, 15)
    shuffled = frame(small_world()).sample(frac=1, random_state=1)
    assert stand.publish(shuffled, 2) == Published(0, 0, 15)
    assert stand.publish(frame(small_world(), ["C1", "M10"]), 3) == Published(0, 0, 2)
    assert stand.versions() == before


def test_what_is_left_out_or_missing_stands_for_its_default(stand: Stand) -> None:
    again = frame(small_world())
    for column in ["synthetic", "attributes", "kind", "name_en"]:
        again[column] = [None, *[np.nan] * (len(again) - 1)]
    assert stand.publish(again, 1) == Published(0, 0, 15)


def test_only_what_changed_gets_a_new_version(stand: Stand) -> None:
    world, named = rename("M10", "新名")(small_world())
    assert stand.publish(frame(world, named), 1) == Published(0, 1, 0)
    assert stand.codes_changed(1) == {"M10"}
    world, named = redraw(3, 0.25)(world)
    # The shared edge ends on the outer border, so those above have a node elsewhere; its siblings do not.
    assert stand.publish(frame(world, named), 2) == Published(0, 5, 0)
    assert stand.codes_changed(2) == {"M30", "M31", "C3", "B1", "L"}


def test_a_moved_parent_takes_its_descendants_along(stand: Stand) -> None:
    world, named = move("C0", "B1")(small_world())
    stand.publish(frame(world, named), 1)
    assert stand.codes_changed(1) == {"C0", "M00", "M01", "B0", "B1"}  # and the league, whose area is the same, not
    with begin(stand.pool, EVERYTHING, day(1)) as conn:
        banner = units.read(conn, "B1", layer=stand.layer)
        below = units.in_force(conn, path=banner["path"], layer=stand.layer)
    assert set(below["code"]) == {"B1", "C0", "C2", "C3", "M00", "M01", "M20", "M21", "M30", "M31"}


def test_the_order_of_rows_decides_the_ids_at_first_issue(stand: Stand) -> None:
    with begin(stand.pool, EVERYTHING, day(0)) as conn:
        found = units.in_force(conn, layer=stand.layer)
    assert found["code"].tolist() == list(small_world())
    assert all(later - earlier == 1 for earlier, later in pairwise(found["unit_id"].tolist()))


def test_a_leaf_with_children_becomes_a_parent(stand: Stand) -> None:
    world = small_world()
    left, right = shapely.box(110, 40, 110.25, 41), shapely.box(110.25, 40, 110.5, 41)
    world["C0"] = replace(world["C0"], level="township")
    world["M00"] = replace(world["M00"], level="grid", area=None)
    for code, area in [("X", left), ("Y", right)]:
        world[code] = Unit(code, "M00", "micro_grid", code, None, area)
    assert stand.publish(frame(world, ["C0", "M00", "X", "Y"]), 1).made == 2
    with begin(stand.pool, EVERYTHING, day(1)) as conn:
        agrees(units.in_force(conn, layer=stand.layer), world, {})


def with_area(code: str, area: Any) -> gpd.GeoDataFrame:
    world = small_world()
    world[code] = replace(world[code], area=area)
    return frame(world, [code])


BOW_TIE = shapely.from_wkt("POLYGON ((110 40, 110.5 41, 110.5 40, 110 41, 110 40))")


@pytest.mark.parametrize(
    ("area", "error"),
    [
        (None, BadGeometry),
        (shapely.Polygon(), BadGeometry),
        (BOW_TIE, BadGeometry),
        (shapely.Point(110.2, 40.5), BadGeometry),
        (shapely.LineString([(110, 40), (110.5, 41)]), BadGeometry),
        (shapely.GeometryCollection([shapely.box(110, 40, 110.5, 41)]), BadGeometry),
        (shapely.box(500_000, 4_000_000, 500_100, 4_000_100), BadGeometry),
        (shapely.box(110, 40, 110.6, 41), NotACoverage),
        (shapely.box(110, 40, 111, 41), NotACoverage),
        (shapely.box(110.5, 40, 111, 41), NotACoverage),
    ],
)
def test_a_leaf_without_a_sound_area_is_refused_by_its_name(stand: Stand, area: Any, error: type[WanggeError]) -> None:
    before = stand.versions()
    with pytest.raises(error, match="M00"):
        stand.publish(with_area("M00", area), 1)
    assert stand.versions() == before
    assert stand.ids() == 15


def test_heights_are_left_out(stand: Stand) -> None:
    assert stand.publish(with_area("M00", shapely.force_3d(pair(0, 0.5)[0], 300.0)), 1) == Published(0, 0, 1)


ROWS: dict[str, dict[str, Any]] = {
    "no such level": {"level": "province"},
    "no parent of that code": {"parent_code": "nowhere"},
    "not of a lower level": {"parent_code": "M01"},
    "its own parent": {"parent_code": "M00"},
    "no code": {"code": None},
    "empty code": {"code": ""},
    "code is a number": {"code": 150_000},
    "no name": {"name": None},
    "negative households": {"households": -1},
    "part of a household": {"households": 80.5},
    "households in words": {"households": "eighty"},
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_rows_that_cannot_be_units_are_refused(stand: Stand, row: dict[str, Any]) -> None:
    before = stand.versions()
    bad = frame(small_world(), ["M00"]).assign(**{column: [value] for column, value in row.items()})
    with pytest.raises(BadHierarchy):
        stand.publish(bad, 1)
    assert stand.versions() == before
    assert stand.ids() == 15


def test_a_code_that_stands_twice_is_refused(stand: Stand) -> None:
    with pytest.raises(BadHierarchy, match="M00 stands twice"):
        stand.publish(frame(small_world(), ["M00", "M00"]), 1)


def test_a_missing_column_is_named(stand: Stand) -> None:
    with pytest.raises(BadColumn, match="level"):
        stand.publish(frame(small_world()).drop(columns="level"), 1)


@pytest.mark.parametrize("crs", [None, "EPSG:4490", "EPSG:3857"])
def test_units_come_in_wgs84_and_say_so(stand: Stand, crs: str | None) -> None:
    with pytest.raises(UndeclaredCrs):
        stand.publish(frame(small_world()).set_crs(crs, allow_override=True), 1)


def test_a_parent_is_not_left_without_children(stand: Stand) -> None:
    world = small_world()
    world |= {code: replace(world[code], parent="B1") for code in ("C0", "C1")}
    with pytest.raises(BadHierarchy, match="B0 would be left without children"):
        stand.publish(frame(world, ["C0", "C1"]), 1)


def test_a_retired_code_is_never_issued_again(stand: Stand) -> None:
    with begin(stand.pool, EVERYTHING) as conn:  # M00 ends on day 5
        params = {"layer": stand.layer, "now": day(1), "end": day(5)}
        conn.execute(
            "UPDATE unit_version SET recorded = tstzrange(lower(recorded), %(now)s) "
            "WHERE layer = %(layer)s AND code = 'M00'",
            params,
        )
        conn.execute(
            "INSERT INTO unit_version (unit_id, parent_id, layer, level, code, path, name, geom, derived, valid, "
            "recorded) SELECT unit_id, parent_id, layer, level, code, path, name, geom, derived, "
            "tstzrange(lower(valid), %(end)s), tstzrange(%(now)s, NULL) FROM unit_version "
            "WHERE layer = %(layer)s AND code = 'M00'",
            params,
        )
    before = stand.versions()
    with pytest.raises(RetiredCode, match="M00"):
        stand.publish(frame(small_world(), ["M00"]), 6)
    assert stand.versions() == before
    assert stand.ids() == 15
    fresh = replace(small_world()["M00"], code="M02")
    assert stand.publish(frame({"M02": fresh}), 7).made == 1


def test_a_publication_for_an_earlier_instant_than_another_is_refused(stand: Stand) -> None:
    world, named = rename("M10", "later")(small_world())
    stand.publish(frame(world, named), 1, at=10)
    before = stand.versions()
    for code in ("M10", "M11"):  # the unit, and its sibling
        with pytest.raises(PendingEdition, match=r"M10 changes at 2024-01-11"):
            stand.publish(frame(*rename(code, "earlier")(small_world())), 2, at=5)
    assert stand.versions() == before
    again = frame(small_world(), ["M10"])
    assert stand.publish(again, 2, at=5) == Published(0, 0, 1)  # nothing to say, nothing refused


def test_elsewhere_an_earlier_instant_is_free_and_both_hold_from_the_later_on(stand: Stand) -> None:
    later, named = rename("M10", "later")(small_world())
    stand.publish(frame(later, named), 1, at=10)
    earlier, named = rename("M20", "earlier")(small_world())
    assert stand.publish(frame(earlier, named), 2, at=5).changed == 1
    both = later | {"M20": earlier["M20"]}
    with begin(stand.pool, EVERYTHING, day(3)) as conn:
        for at, world in [(4, small_world()), (5, earlier), (9, earlier), (10, both), (20, both)]:
            agrees(units.in_force(conn, day(at), layer=stand.layer), world, {})


def test_below_a_unit_that_will_move_nothing_is_published_before(stand: Stand) -> None:
    world, named = move("C0", "B1")(small_world())
    stand.publish(frame(world, named), 1, at=10)
    with pytest.raises(PendingEdition):
        stand.publish(frame(*add(0)(small_world())), 2, at=5)
    with pytest.raises(PendingEdition):
        stand.publish(frame(*rename("M00", "x")(small_world())), 2, at=5)


def test_what_is_retired_ends_and_what_is_kept_goes_on(stand: Stand) -> None:
    world = small_world()
    whole = Unit("M02", "C0", "micro_grid", "整", 160, shapely.box(110, 40, 111, 41))
    after = {code: unit for code, unit in world.items() if code not in ("M00", "M01")} | {"M02": whole}
    with begin(stand.pool, EVERYTHING, day(1)) as conn:
        done = publish(
            conn, frame(after, ["M02"]), day(5), system=stand.layer, layer=stand.layer, retired=["M00", "M01"]
        )
    assert done.made == 1
    with begin(stand.pool, EVERYTHING, day(9)) as conn:
        agrees(units.in_force(conn, day(5), layer=stand.layer), after, {})
        agrees(units.in_force(conn, day(4), layer=stand.layer), world, {})
        agrees(units.in_force(conn, day(9), known=day(0), layer=stand.layer), world, {})
    back = frame(world, ["M00", "M01"])
    with begin(stand.pool, EVERYTHING, day(6)) as conn, pytest.raises(RetiredCode, match="M00"):
        publish(conn, back, day(6), system=stand.layer, layer=stand.layer, retired=["M02"])
    with pytest.raises(PendingEdition, match="C0 changes"):
        stand.publish(frame(*rename("M00", "x")(world)), 6, at=3)
    with begin(stand.pool, EVERYTHING, day(7)) as conn, pytest.raises(BadHierarchy, match="M00 cannot end"):
        publish(conn, frame(after, ["M02"]), day(7), system=stand.layer, layer=stand.layer, retired=["M00"])


def test_a_unit_is_published_once_in_an_instant(stand: Stand) -> None:
    world, named = rename("M10", "once")(small_world())
    stand.publish(frame(world, named), 1)
    world, named = rename("M10", "twice")(small_world())
    with pytest.raises(PublishedMeanwhile, match="M10"):
        stand.publish(frame(world, named), 1)
    world, named = rename("M20", "other")(small_world())
    assert stand.publish(frame(world, named), 1).changed == 1
    with pytest.raises(PublishedMeanwhile):
        stand.publish(frame(*rename("M30", "late")(small_world())), 0.5, at=1)


def test_who_holds_a_part_publishes_nothing_outside_of_it(stand: Stand) -> None:
    with begin(stand.pool, EVERYTHING) as conn:
        path = units.read(conn, "B0", layer=stand.layer)["path"]
    before = stand.versions()
    for code, allowed in [("M00", True), ("M20", False), ("L", False)]:
        world, named = rename(code, "x")(small_world())
        try:
            with begin(stand.pool, Scope(path), day(1)) as conn:
                publish(conn, frame(world, named), day(1), system=stand.layer, layer=stand.layer)
                done = True
                raise psycopg.Rollback
        except psycopg.errors.InsufficientPrivilege:
            done = False
        assert done == allowed
        assert stand.versions() == before


def test_two_publications_at_once_are_one_after_the_other(stand: Stand) -> None:
    """The second began first, so what it knows is older than what the first published: it must not win silently."""
    entered, published = threading.Event(), threading.Event()
    outcome: list[object] = []

    def late() -> None:
        world, named = rename("M20", "late")(small_world())
        with begin(stand.pool, EVERYTHING, day(1)) as conn:
            entered.set()
            published.wait(30)
            try:
                outcome.append(publish(conn, frame(world, named), day(3), system=stand.layer, layer=stand.layer))
            except PublishedMeanwhile as refused:
                outcome.append(refused)

    thread = threading.Thread(target=late)
    thread.start()
    assert entered.wait(30)
    with begin(stand.pool, EVERYTHING, day(2)) as conn:
        world, named = rename("M10", "first")(small_world())
        publish(conn, frame(world, named), day(3), system=stand.layer, layer=stand.layer)
        published.set()  # the other now waits for the lock of the layer, until this one commits
    thread.join(30)
    assert [type(found) for found in outcome] == [PublishedMeanwhile]
    assert stand.codes_changed(2) == {"M10"}
    assert stand.codes_changed(1) == set()


def test_a_publication_waits_for_the_one_before_it_and_builds_on_it(stand: Stand) -> None:
    """A micro-grid is added to a community while another publication moves that community: its path must follow."""
    moved, named = move("C0", "B1")(small_world())
    grown, added = add(0)(moved)
    began = threading.Event()

    def second() -> None:
        with begin(stand.pool, EVERYTHING, day(2)) as conn:
            began.set()
            publish(conn, frame(grown, added), day(3), system=stand.layer, layer=stand.layer)

    thread = threading.Thread(target=second)
    with begin(stand.pool, EVERYTHING, day(1)) as conn:
        publish(conn, frame(moved, named), day(3), system=stand.layer, layer=stand.layer)
        thread.start()
        assert began.wait(30)
        thread.join(0.5)
        assert thread.is_alive()  # it waits for the lock of the layer
    thread.join(30)
    with begin(stand.pool, EVERYTHING, day(3)) as conn:
        agrees(units.in_force(conn, layer=stand.layer), grown, {})
