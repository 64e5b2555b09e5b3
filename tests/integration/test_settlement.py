"""Whose an incident is where its place leaves doubts: candidates, buildings, GCJ-02, overlays, and who settles it."""

from collections.abc import Generator
from datetime import timedelta
from uuid import UUID

import geopandas as gpd
import numpy as np
import pytest
import shapely
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from geo import crs, db, incidents, publication, reports, settlement
from geo.activation import activate
from geo.assign import Assigner, Owners
from geo.buildings import UnknownBuilding
from geo.db import EVERYTHING, Scope, begin, one, rows
from geo.edition import key_of
from geo.errors import StaleVersion
from geo.incidents import Incident, IncidentFilter, IncidentNotFound
from geo.places import Places, decide
from geo.reassign import reassign
from geo.reports import Report
from geo.settlement import NotACandidate, Settlement
from geo.sql_twin import SqlTwin
from tests.city import LONG_AGO, furnish, small_city
from tests.conftest import Server, copied

Pool = ConnectionPool[db.Connection]
BESIDE = 122.0095  # in M1, 38.6 m west of M2
CORNER = (122.0098, 46.0098)  # in M1, beside all four
NOW = LONG_AGO + timedelta(days=100)
LATER = NOW + timedelta(days=1)


@pytest.fixture
def city(server: Server, template: str) -> Generator[Pool]:
    with copied(server, template) as name, db.open_pool(make_conninfo(server.login, dbname=name), 4) as opened:
        with begin(opened, EVERYTHING, LONG_AGO) as conn:
            furnish(conn)
        yield opened


def banner(pool: Pool, code: str) -> Scope:
    with begin(pool, EVERYTHING, NOW) as conn:
        found = one(conn, "SELECT path FROM unit_version WHERE code = %(code)s AND valid @> instant()", code=code)
    return Scope(found["path"], f"{code}.duty")


def report(pool: Pool, lon: float, lat: float = 46.005, **more: object) -> Incident:
    said = {"category": "other", "channel": "snap", "title": "路面塌陷", "crs": "EPSG:4326"}
    with begin(pool, EVERYTHING, NOW) as conn:
        what = Report(lon=lon, lat=lat, **said | more)  # type: ignore[arg-type]
        return reports.report(conn, what, Assigner.load(conn))


def build(pool: Pool, code: str, lon: float, lat: float, address: str | None = None) -> None:
    with begin(pool, EVERYTHING, NOW) as conn:
        conn.execute(
            "INSERT INTO building (code, path, geom, source, address) SELECT %(code)s, u.path, "
            "st_multi(st_makeenvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326)), 'test', %(address)s FROM unit_version AS u "
            "WHERE NOT u.derived AND st_covers(u.geom, st_setsrid(st_makepoint(%(x)s, %(y)s), 4326)) LIMIT 1",
            {"code": code, "address": address, "x": lon, "y": lat}
            | {"w": lon - 1e-4, "s": lat - 1e-4, "e": lon + 1e-4, "n": lat + 1e-4},
        )


def settle(pool: Pool, scope: Scope, incident: Incident, unit: str, version: int | None = None) -> Incident:
    with begin(pool, scope, LATER) as conn:
        said = Settlement(unit, "现场核实")
        seen = incident.version if version is None else version
        key = key_of(conn)
        assert key
        return settlement.settle(conn, incident.id, said, seen, SqlTwin(conn, key))


def why(pool: Pool, incident_id: UUID, scope: Scope = EVERYTHING) -> list[settlement.Decision]:
    with begin(pool, scope, LATER) as conn:
        return settlement.decisions(conn, incident_id)


def queue(pool: Pool, scope: Scope, *, ambiguous: bool) -> list[UUID]:
    with begin(pool, scope, LATER) as conn:
        return [one.id for one in incidents.find(conn, IncidentFilter(ambiguous=ambiguous)).items]


def test_a_wide_disc_keeps_the_owner_of_the_point_and_lists_what_it_touches(city: Pool) -> None:
    wide, narrow = report(city, BESIDE, accuracy_m=100.0), report(city, BESIDE, accuracy_m=30.0)
    assert (wide.unit_code, wide.located, wide.doubts, wide.ambiguous) == ("M1", "inside", ["accuracy"], True)
    assert (narrow.unit_code, narrow.doubts, narrow.ambiguous) == ("M1", [], False)
    assert queue(city, EVERYTHING, ambiguous=True) == [wide.id]
    assert queue(city, EVERYTHING, ambiguous=False) == [narrow.id]
    (decided,) = why(city, wide.id)
    # The segment of a circle of 100 m beyond a line 38.7 m from its middle.
    away = 0.0005 * 111_319.49 * np.cos(np.radians(46.005)) * 1.00173
    beyond = (np.arccos(away / 100) - away / 100 * np.sqrt(1 - (away / 100) ** 2)) / np.pi
    assert {one.code: one.share for one in decided.candidates} == pytest.approx(
        {"M1": 1 - beyond, "M2": beyond}, abs=1e-4
    )
    assert (decided.reason, decided.owner_rule) == ("reported", "one_owner")
    assert [one.code for one in why(city, narrow.id)[0].candidates] == ["M1"]


def test_a_disc_too_wide_to_choose_from_is_doubted_and_not_counted_out(city: Pool) -> None:
    lost = report(city, BESIDE, accuracy_m=50_000.0)
    assert (lost.unit_code, lost.doubts) == ("M1", ["accuracy"])
    assert [one.share for one in why(city, lost.id)[0].candidates] == [None]


def test_its_own_dispatcher_settles_it_once_and_it_stays_so(city: Pool) -> None:
    before = report(city, BESIDE, accuracy_m=100.0)
    with pytest.raises(StaleVersion):
        settle(city, banner(city, "B1"), before, "M2", version=2)
    after = settle(city, banner(city, "B1"), before, "M2")
    assert (after.unit_code, after.located, after.doubts, after.ambiguous) == ("M2", "settled", [], False)
    with begin(city, banner(city, "B1"), LATER) as conn:
        assert incidents.read(conn, before.id) == after
        last = incidents.history(conn, before.id)[-1]
    assert (last.kind, last.account, last.payload["reason"]) == ("settled", "B1.duty", "现场核实")
    assert (last.payload["from_unit_id"], last.payload["unit_id"]) == (before.unit_id, after.unit_id)
    assert last.payload["doubts"] == ["accuracy"]
    newest, first = why(city, before.id)
    assert (newest.reason, newest.owner_rule, first.owner_rule) == ("settled", "settled_by_dispatcher", "one_owner")
    assert newest.candidates == first.candidates
    with begin(city, EVERYTHING, LATER) as conn:
        reassign(conn, Assigner.load(conn))
        assert incidents.read(conn, before.id) == after


def test_another_township_can_neither_see_nor_settle_it(city: Pool) -> None:
    incident = report(city, *CORNER, accuracy_m=200.0)
    with pytest.raises(IncidentNotFound):
        settle(city, banner(city, "B2"), incident, "M3")
    with pytest.raises(IncidentNotFound):
        why(city, incident.id, banner(city, "B2"))


def test_an_incident_that_is_settled_away_takes_its_whole_history_along(city: Pool) -> None:
    incident = report(city, *CORNER, accuracy_m=200.0)
    after = settle(city, banner(city, "B1"), incident, "M3")
    assert (after.unit_code, after.team_code) == ("M3", "T2")
    with begin(city, banner(city, "B2"), LATER) as conn:
        assert [event.kind for event in incidents.history(conn, incident.id)] == ["reported", "settled"]
        assert len(settlement.decisions(conn, incident.id)) == 2
    with begin(city, banner(city, "B1"), LATER) as conn:
        assert rows(conn, "SELECT * FROM incident_event WHERE incident_id = %(id)s", id=incident.id) == []
        with pytest.raises(IncidentNotFound):
            incidents.read(conn, incident.id)
    with begin(city, EVERYTHING, LATER) as conn:
        told = rows(conn, "SELECT path FROM feed WHERE kind = 'incident.settled' ORDER BY id")
    assert [row["path"] for row in told] == [incident.path, after.path]


def test_beyond_the_scope_only_a_candidate_is_chosen(city: Pool) -> None:
    incident = report(city, BESIDE, accuracy_m=100.0)
    for unit in ("M3", "B1", "L", "nowhere"):
        with pytest.raises(NotACandidate):
            settle(city, banner(city, "B1"), incident, unit)
    assert settle(city, EVERYTHING, incident, "M3").unit_code == "M3"


def test_the_database_itself_refuses_what_another_scope_settles(city: Pool) -> None:
    incident = report(city, BESIDE, accuracy_m=100.0)
    call = "SELECT settle_incident(%s, %s, %s, %s, 1, 'x', 1, '{}', '{}')"
    args = [incident.id, incident.unit_id, incident.path, incident.team_id]
    with pytest.raises(db.psycopg.errors.InsufficientPrivilege), begin(city, banner(city, "B2"), LATER) as conn:
        conn.execute(call, args)


def test_a_building_beats_the_point_and_the_reason_is_kept(city: Pool) -> None:
    build(city, "H1", 122.012, 46.005, "幸福路1号")
    named = report(city, BESIDE, building_code="H1", accuracy_m=100.0)
    assert (named.unit_code, named.located, named.building_code, named.doubts) == ("M2", "building", "H1", [])
    assert (named.lon, named.lat) == (BESIDE, 46.005), "the point stays as it was reported"
    addressed = report(city, BESIDE, address=" 幸福路1号 ")
    assert (addressed.unit_code, addressed.located, addressed.building_code) == ("M2", "building", "H1")
    elsewhere = report(city, BESIDE, address="幸福路2号")
    rules = [why(city, one.id)[0].owner_rule for one in (named, addressed, elsewhere)]
    assert rules == ["building", "address", "one_owner"]
    with pytest.raises(UnknownBuilding):
        report(city, BESIDE, building_code="H9")


def test_an_address_of_two_buildings_or_of_another_community_decides_nothing(city: Pool) -> None:
    build(city, "H1", 122.012, 46.005, "平安里")
    build(city, "H2", 122.013, 46.005, "平安里")
    build(city, "H3", 122.012, 46.015, "和平里")
    for address in ("平安里", "和平里"):
        assert report(city, BESIDE, address=address).located == "inside"


def test_a_point_far_from_its_building_is_doubted(city: Pool) -> None:
    build(city, "H1", 122.012, 46.005)
    assert report(city, 122.004, 46.005, building_code="H1").doubts == ["far_from_building"]


def shifted(lon: float, lat: float) -> tuple[float, float]:
    x, y = crs.wgs84_to_gcj02(np.array([lon]), np.array([lat]))
    return float(x[0]), float(y[0])


def test_a_point_with_the_offset_of_gcj02_waits_with_the_evidence_and_is_not_moved(city: Pool) -> None:
    x, y = shifted(122.0199, 46.005)  # in M2; as it is, some 600 m beyond the city
    incident = report(city, x, y)
    assert (incident.unit_code, incident.located, incident.doubts) == ("L", "outside", ["gcj02"])
    assert (incident.lon, incident.lat) == (x, y)
    assert [one.code for one in why(city, incident.id)[0].candidates] == ["L", "M2"]
    with begin(city, EVERYTHING, LATER) as conn:
        first = incidents.history(conn, incident.id)[0].payload
    assert first["unshifted"] == pytest.approx({"lon": 122.0199, "lat": 46.005}, abs=1e-8)
    with begin(city, EVERYTHING, LATER) as conn:
        reassign(conn, Assigner.load(conn))
        assert incidents.read(conn, incident.id).doubts == ["gcj02"], "assigning again takes no doubt away"
    released = settle(city, EVERYTHING, incident, "M2")
    assert (released.unit_code, released.doubts, released.lon) == ("M2", [], x)
    assert report(city, x, y, crs="gcj02").doubts == []


def test_a_point_that_gcj02_undone_brings_to_its_building_is_doubted(city: Pool) -> None:
    build(city, "H1", 122.005, 46.005)
    x, y = shifted(122.005, 46.005)
    assert "gcj02" in report(city, x, y, building_code="H1").doubts
    assert report(city, 122.005, 46.005, building_code="H1").doubts == []


def market(pool: Pool) -> None:
    """An overlay across M1 and M2 that has a team of its own, and one that names none."""
    with begin(pool, EVERYTHING, LONG_AGO + timedelta(days=1)) as conn:
        areas = [shapely.box(122.008, 46.004, 122.012, 46.006), shapely.box(122.001, 46.001, 122.002, 46.002)]
        frame = gpd.GeoDataFrame(
            {"code": ["K1", "K2"], "parent_code": None, "level": "micro_grid", "name": ["商场", "学校"]},
            geometry=areas,
            crs="EPSG:4326",
        )
        publication.publish(conn, frame, LONG_AGO + timedelta(days=2), system="test", layer="dedicated")
        conn.execute(
            "INSERT INTO team (id, code, path, kind, name, source) SELECT gen_random_uuid(), 'TK', path, "
            "'property_company', '物业', 'test' FROM unit_version WHERE code = 'K1'"
        )
        conn.execute(
            "INSERT INTO default_team (unit_id, path, team_id, valid) SELECT u.unit_id, u.path, t.id, "
            "tstzrange('2026-01-01', NULL) FROM team AS t INNER JOIN unit_version AS u USING (path) WHERE t.code = 'TK'"
        )


def test_an_overlay_decides_who_handles_and_the_base_whose_it_is(city: Pool) -> None:
    market(city)
    inside, beside, unnamed = report(city, 122.009), report(city, 122.005), report(city, 122.0015, 46.0015)
    assert (inside.unit_code, inside.team_code) == ("M1", "TK")
    assert [one.team_code for one in (beside, unnamed)] == ["T1", "T1"]
    assert [why(city, one.id)[0].team_rule for one in (inside, beside)] == ["default_of_overlay", "default_of_parent"]


def test_an_overlay_still_handles_what_is_settled_beside_it(city: Pool) -> None:
    market(city)
    after = settle(city, banner(city, "B1"), report(city, BESIDE, accuracy_m=100.0), "M2")
    assert (after.unit_code, after.team_code) == ("M2", "TK")


def test_the_twin_decides_like_the_index(city: Pool) -> None:
    market(city)
    rng = np.random.default_rng(4)
    count = 400
    lon, lat = rng.uniform([121.998, 45.998], [122.022, 46.022], (count, 2)).T
    radius = np.where(rng.random(count) < 0.3, np.nan, 10 ** rng.uniform(0, 3, count))
    with begin(city, EVERYTHING, NOW) as conn:
        exact, key = Assigner.load(conn), key_of(conn)
        assert key
        chosen = np.where(rng.random(count) < 0.1, exact.answers.unit_id[1], -1)
        places = Places(lon, lat, accuracy_m=radius, settled=chosen, as_wgs84=True)
        index, twin = decide(exact, places), decide(SqlTwin(conn, key), places)
    assert twin.doubts == index.doubts
    assert len(index.owners.shares) > 50
    for name in Owners.__dataclass_fields__:
        one_way, other = getattr(twin.owners, name), getattr(index.owners, name)
        if name == "shares":
            assert one_way.keys() == other.keys()
            assert all(one_way[n] == pytest.approx(other[n], abs=1e-9) for n in other)
        else:
            assert (one_way.tolist() == other.tolist()) if isinstance(one_way, np.ndarray) else one_way == other, name


def test_an_incident_that_an_edition_moves_to_another_township_takes_its_history_along(city: Pool) -> None:
    incident = report(city, 122.015, accuracy_m=5.0)
    assert incident.unit_code == "M2"
    was, becomes = banner(city, "B1"), banner(city, "B2")
    with begin(city, EVERYTHING, NOW) as conn:
        frame = small_city()
        frame.loc[frame["code"] == "M2", "parent_code"] = "B2"
        publication.publish(conn, frame, LATER, system="test")
    assert activate(city, LATER + timedelta(seconds=5)).incidents == 1
    with begin(city, becomes, LATER + timedelta(seconds=9)) as conn:
        assert incidents.read(conn, incident.id).unit_code == "M2"
        assert [event.kind for event in incidents.history(conn, incident.id)] == ["reported", "reassigned"]
        assert [one.reason for one in settlement.decisions(conn, incident.id)] == ["edition_changed", "reported"]
    with begin(city, was, LATER + timedelta(seconds=9)) as conn:
        assert rows(conn, "SELECT * FROM incident_event WHERE incident_id = %(id)s", id=incident.id) == []
        assert rows(conn, "SELECT * FROM assignment WHERE incident_id = %(id)s", id=incident.id) == []
