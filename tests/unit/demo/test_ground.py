"""The ground divided: an exact partition of real counties into micro-grids and blocks."""

import numpy as np
import shapely

from demo.counties import COUNTIES, boundaries
from demo.linework import sector
from demo.partition import MOST_WITHOUT_GRIDS, Ground


def test_blocks_and_micro_grids_are_valid_coverages_across_every_border(ground: Ground) -> None:
    assert shapely.coverage_is_valid(ground.blocks.geometry.to_numpy())
    assert shapely.coverage_is_valid(ground.micro_grids.geometry.to_numpy())


def test_a_micro_grid_is_the_union_of_its_blocks(ground: Ground) -> None:
    for position, blocks in ground.blocks.groupby("micro_grid"):
        union = shapely.union_all(blocks.geometry.to_numpy())
        assert union.equals(ground.micro_grids.geometry.iloc[int(str(position))])


def test_micro_grids_fill_their_county_and_nothing_else(ground: Ground) -> None:
    for county in COUNTIES:
        mine = ground.micro_grids[ground.micro_grids["county"] == county.adcode]
        union = shapely.coverage_union_all(mine.geometry.to_numpy())
        assert shapely.symmetric_difference(union, boundaries()[county.adcode]).area < 1e-5
        assert shapely.hausdorff_distance(shapely.boundary(union), shapely.boundary(boundaries()[county.adcode])) < 1e-6


def test_every_micro_grid_is_one_piece_of_two_to_five_blocks(ground: Ground) -> None:
    assert set(ground.micro_grids.geom_type) == {"Polygon"}
    sizes = ground.blocks.groupby("micro_grid").size()
    assert len(sizes) == len(ground.micro_grids)
    assert sizes.between(2, 5).all()


def test_micro_grids_hold_60_to_150_households_that_add_up_to_their_community(ground: Ground) -> None:
    assert ground.micro_grids["households"].between(60, 150).all()
    sums = ground.micro_grids.groupby("community")["households"].sum()
    assert (sums == ground.communities.set_index("code")["households"].loc[sums.index]).all()
    assert len(sums) == len(ground.communities)


def test_grids_stand_between_only_where_a_community_has_many_micro_grids(ground: Ground) -> None:
    sizes = ground.micro_grids.groupby("community").size()
    gridded = ground.micro_grids.dropna(subset="grid")
    assert set(gridded["community"]) == set(sizes.index[sizes > MOST_WITHOUT_GRIDS])
    assert gridded.groupby("grid").size().between(4, 8).all()


def test_codes_continue_the_division_code(ground: Ground) -> None:
    micro = ground.micro_grids
    assert micro["code"].is_unique
    assert (micro["code"].str.len() == 17).all()
    assert (micro["code"].str[:12] == micro["community"]).all()
    assert (micro["grid"].dropna() == micro["code"].str[:15].loc[micro["grid"].notna()]).all()


def test_micro_grids_are_round_enough_to_walk(ground: Ground) -> None:
    flat = ground.micro_grids[~ground.micro_grids["town"]].to_crs("EPSG:32651")
    compact = 4 * np.pi * flat.area / flat.length**2
    assert compact.median() > 0.6


def test_the_sector_of_a_point_counts_from_the_first_cut() -> None:
    hub = np.zeros((4, 2))
    points = np.array([[1, 0.1], [0.1, 1], [-1, -0.1], [0.1, -1]])
    found = sector(points, hub, np.zeros(4), np.full(4, 4))
    assert found.tolist() == [0, 0, 2, 3]
