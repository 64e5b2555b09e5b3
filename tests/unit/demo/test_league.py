"""The made league: sums, words, rhythms, and the same rows for the same seed."""

import re
from dataclasses import fields
from uuid import UUID

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal
from pyproj import Geod
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from demo.counties import boundaries
from demo.incidents import CLOSED, INCIDENTS
from demo.league import League, make
from demo.organisations import PATROL_MEMBERS, STATIONS, VOLUNTEER_TEAMS
from demo.water import draw

SEED, SCALE = 7, 0.03  # as in conftest.py


def test_the_same_seed_makes_the_same_rows_identifiers_among_them(small: League) -> None:
    again = make(seed=SEED, scale=SCALE)
    for field in fields(League):
        one, two = getattr(small, field.name), getattr(again, field.name)
        if isinstance(one, pd.DataFrame):
            assert_frame_equal(pd.DataFrame(one), pd.DataFrame(two))
    for field in fields(small.organisations):
        assert_frame_equal(
            pd.DataFrame(getattr(small.organisations, field.name)),
            pd.DataFrame(getattr(again.organisations, field.name)),
        )


def test_another_seed_makes_other_rows(small: League) -> None:
    other = make(seed=SEED + 1, scale=SCALE)
    assert not set(other.incidents["id"]) & set(small.incidents["id"])
    assert not other.blocks.geometry.isin(small.blocks.geometry).any()


def test_a_scale_outside_of_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        make(scale=0.0)


def test_households_of_buildings_add_up_to_blocks_and_micro_grids(small: League) -> None:
    by_block = small.buildings.groupby(small.buildings["code"].str.rsplit("-", n=1).str[0])["households"].sum()
    blocks = small.blocks.set_index("code")["households"]
    assert (by_block.reindex(blocks.index, fill_value=0) == blocks).all()
    by_unit = small.buildings.groupby("unit_code")["households"].sum()
    assert (by_unit == small.units.set_index("code")["households"].loc[by_unit.index]).all()


def test_households_of_parents_are_those_of_their_children(small: League) -> None:
    units = small.units.set_index("code")
    sums = units.groupby("parent_code")["households"].sum()
    assert (sums == units["households"].loc[sums.index]).all()


def test_buildings_stand_in_their_block_and_not_on_each_other(small: League) -> None:
    block = small.blocks.set_index("code").geometry.loc[small.buildings["code"].str.rsplit("-", n=1).str[0]]
    assert shapely.covers(block.to_numpy(), small.buildings.geometry.to_numpy()).all()
    shapes = small.buildings.geometry.to_numpy()
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    assert (one == two).all()


def test_entrances_share_the_households_of_their_building(small: League) -> None:
    sums = small.entrances.groupby("building_code")["households"].sum()
    homes = small.buildings.set_index("code")["households"]
    assert (sums == homes.loc[sums.index]).all()


def test_streets_are_geodesic_long_and_lead_from_everywhere_to_everywhere_in_the_league(small: League) -> None:
    geod = Geod(ellps="WGS84")
    for street in small.streets.iloc[::200].itertuples():
        assert street.length_m == pytest.approx(geod.geometry_length(street.geometry), rel=1e-9)
    nodes, ends = np.unique(small.streets[["from_node", "to_node"]].to_numpy(), return_inverse=True)
    ends = ends.reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(nodes), len(nodes)))
    assert connected_components(graph, directed=False)[0] <= 6  # a network for each county, most of them joined


def test_a_node_is_one_place(small: League) -> None:
    streets = small.streets
    first = pd.DataFrame({"node": streets["from_node"], "at": shapely.get_point(streets.geometry.to_numpy(), 0)})
    last = pd.DataFrame({"node": streets["to_node"], "at": shapely.get_point(streets.geometry.to_numpy(), -1)})
    places = pd.concat([first, last]).groupby("node")["at"].agg(lambda points: len(set(points)))
    assert places.max() == 1


def test_rivers_and_reservoirs_lie_in_the_league_and_the_guiliu_ends_in_the_taoer(small: League) -> None:
    water = small.water.set_index("name")
    league = shapely.union_all(boundaries().to_numpy())
    assert shapely.covers(shapely.buffer(league, 1e-9), water.geometry.to_numpy()).all()
    assert (water.geometry.is_valid & water.geometry.is_simple).all()
    assert set(water[water.geom_type == "Polygon"]["kind"]) == {"reservoir"}
    end = shapely.get_point(water.geometry["归流河"], -1)
    assert end.distance(water.geometry["洮儿河"]) < 1e-9
    assert water.geometry["洮儿河"].intersects(water.geometry["察尔森水库"])


def test_water_is_the_same_at_every_scale(small: League) -> None:
    assert_frame_equal(pd.DataFrame(small.water), pd.DataFrame(draw(SEED)))


def test_routes_are_walks_of_two_to_six_kilometres_on_streets(small: League) -> None:
    assert len(small.routes) > 0
    assert small.routes["length_m"].between(2_000, 6_000).all()
    streets = shapely.union_all(small.streets.geometry.to_numpy())
    assert shapely.covers(shapely.buffer(streets, 1e-9), small.routes.geometry.to_numpy()).all()


def test_check_points_lie_on_their_route_and_count_from_one(small: League) -> None:
    lines = small.routes.set_index("code").geometry.loc[small.check_points["route_code"]]
    assert shapely.distance(lines.to_numpy(), small.check_points.geometry.to_numpy()).max() < 1e-9
    assert (small.check_points.groupby("route_code")["number"].min() == 1).all()


def test_counts_follow_the_scale(small: League) -> None:
    staff = small.organisations
    assert len(small.incidents) == round(INCIDENTS * SCALE)
    assert small.incidents["state"].isin(["closed", "revisited", "archived"]).sum() == round(CLOSED * SCALE)
    assert (staff.teams["kind"] == "volunteer").sum() == round(VOLUNTEER_TEAMS * SCALE)
    assert staff.teams.loc[staff.teams["kind"] == "patrol", "members"].sum() == round(PATROL_MEMBERS * SCALE)
    communities = (small.units["level"] == "community").sum()
    assert len(staff.stations) == max(round(STATIONS * SCALE), communities)


def test_every_community_has_a_station_within_it(small: League) -> None:
    codes = small.units["code"][small.units["level"] == "community"]
    assert set(small.organisations.stations["unit_code"]) == set(codes)
    micro = small.units[small.units["level"] == "micro_grid"]
    where = gpd.sjoin(small.organisations.stations, micro[["code", "geometry"]], predicate="within")
    assert (where["code_right"].str[:12] == where["unit_code"]).all()
    assert len(where) == len(small.organisations.stations)


def test_only_closed_incidents_have_an_end_and_it_follows_their_report(small: League) -> None:
    closed = small.incidents["state"].isin(["closed", "revisited", "archived"])
    assert (small.incidents["closed_at"].notna() == closed).all()
    assert (small.incidents["closed_at"] > small.incidents["received_at"])[closed].all()
    assert (small.incidents["received_at"] >= small.incidents["occurred_at"]).all()


def test_incidents_lie_in_the_three_years_to_the_end_of_october_2026(small: League) -> None:
    local = small.incidents["occurred_at"].dt.tz_convert("Asia/Shanghai")
    assert local.min() >= pd.Timestamp("2023-11-01", tz="Asia/Shanghai")
    latest = small.incidents[["received_at", "closed_at"]].max().max()
    assert latest < pd.Timestamp("2026-11-01", tz="Asia/Shanghai")


def test_incidents_keep_to_their_season_and_hour(small: League) -> None:
    local = small.incidents["occurred_at"].dt.tz_convert("Asia/Shanghai")
    category = small.incidents["category"]
    assert not local[category == "property.heating"].dt.month.isin([5, 6, 7, 8]).any()
    assert not local[category == "hazard.ice"].dt.month.isin([6, 7, 8]).any()
    straw = local[category == "environment.straw"].dt.month
    assert straw.isin([3, 4, 10, 11]).mean() > 0.7
    assert local[category == "environment.noise"].dt.hour.between(17, 23).mean() > 0.5


def test_a_few_incidents_lie_outside_of_every_micro_grid(small: League) -> None:
    league = shapely.coverage_union_all(small.units.geometry.dropna().to_numpy())
    inside = shapely.intersects_xy(league, small.incidents["lon"], small.incidents["lat"])
    assert 1 <= (~inside).sum() <= 8


def test_words_name_places_and_never_a_number_of_anyone(small: League) -> None:
    told = small.incidents["title"] + small.incidents["description"]
    assert not told.str.contains(r"\d{5,}").any()
    assert not told.str.contains("{").any()


def test_telephones_are_plainly_made_up(small: League) -> None:
    staff = small.organisations
    phones = pd.concat([staff.stations["phone"], staff.departments["phone"], staff.posts["office_phone"]])
    phones = pd.concat([phones, staff.teams["phone"].dropna()])
    assert phones.map(lambda phone: re.fullmatch(r"0482-000\d{4}", phone) is not None).all()


def test_identifiers_are_version_seven_and_ascend_with_time(small: League) -> None:
    ids = small.incidents["id"]
    assert {UUID(text).version for text in ids} == {7}
    assert ids.is_unique
    assert ids.str[:12].is_monotonic_increasing


def test_every_made_row_is_marked_synthetic(small: League) -> None:
    staff = small.organisations
    for frame in (
        small.blocks,
        small.buildings,
        small.water,
        small.routes,
        small.incidents,
        staff.stations,
        staff.teams,
        staff.posts,
    ):
        assert frame["synthetic"].all()
    real = small.units[~small.units["synthetic"].astype(bool)]
    assert set(real["level"]) == {"league", "banner"}
