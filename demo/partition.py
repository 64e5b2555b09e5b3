"""The league divided on the ground: micro-grids and their blocks, one noded coverage."""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from demo import linework
from demo.clusters import FloatArray, IntArray, bisect, reading_order, split_evenly
from demo.counties import COUNTIES, boundaries
from demo.linework import Geometries
from demo.plane import in_degrees, on_plane, to_degrees, to_plane
from demo.population import FEWEST, MOST
from demo.sites import Zone, zones

_BEND, _BEND_IN_TOWN = 0.16, 0.06
MOST_WITHOUT_GRIDS = 8  # micro-grids of a community; with more of them, grids stand between
_GRID_SIZE = 7  # micro-grids of a grid, at the most


@dataclass(frozen=True)
class Ground:
    """
    The divided league.

    Attributes
    ----------
    communities
        As `population.peopled`.
    micro_grids
        code, community (code), grid (code or None), county, town, households, hub_x, hub_y (metres on the
        drawing board), turn (direction of the first cut, radians), block_count, geometry; EPSG:4326.
    blocks
        code, micro_grid (position in `micro_grids`), geometry; EPSG:4326.
    lines
        The noded lines between blocks, in degrees.
    """

    communities: pd.DataFrame
    micro_grids: gpd.GeoDataFrame
    blocks: gpd.GeoDataFrame
    lines: Geometries

    @property
    def hubs(self) -> FloatArray:
        """The middle of each micro-grid on the drawing board, shape (n, 2)."""
        return self.micro_grids[["hub_x", "hub_y"]].to_numpy()


def divide(people: pd.DataFrame, seed: int) -> Ground:
    """
    Divide the counties into micro-grids and blocks.

    Parameters
    ----------
    people
        The communities to place.
    seed
        The same seed draws the same lines.
    """
    found = [zone for number in range(len(COUNTIES)) for zone in _county_zones(number, people, seed)]
    rng = np.random.default_rng([seed, 2])
    micro = _numbered(found, people, rng)
    first = linework.noded(np.concatenate([_zone_lines(found, rng), shapely.boundary(boundaries().to_numpy())]))
    areas = _areas(linework.faces(first), micro)
    hubs = to_degrees(micro[["hub_x", "hub_y"]].to_numpy())
    turn, counts = micro["turn"].to_numpy(), micro["block_count"].to_numpy()
    rays = linework.rays(hubs, areas, turn, counts)
    lines = linework.noded(np.concatenate([first, rays, _links(found)]))
    blocks = _blocks(linework.faces(lines), areas, hubs, micro)
    return Ground(people, _with_areas(micro, blocks), blocks, lines)


def _county_zones(number: int, people: pd.DataFrame, seed: int) -> list[Zone]:
    county = COUNTIES[number]
    boundary = on_plane(boundaries()[county.adcode])
    seat = to_plane(np.array(county.seat))
    return zones(county, boundary, seat, people, np.random.default_rng([seed, 1, int(county.adcode)]))


def _zone_lines(found: list[Zone], rng: np.random.Generator) -> Geometries:
    drawn = [linework.ridges(zone.hubs, zone.area, _BEND_IN_TOWN if zone.town else _BEND, rng) for zone in found]
    outlines = shapely.boundary(np.array([zone.area for zone in found if zone.town], dtype=object))
    return in_degrees(np.concatenate([*drawn, outlines]))


def _links(found: list[Zone]) -> Geometries:
    """From each town a line to the nearest hub outside: a town within one micro-grid would have no road out."""
    links: list[Any] = []
    for town in (zone for zone in found if zone.town):
        around = np.concatenate([zone.hubs for zone in found if zone.county == town.county and not zone.town])
        ways = shapely.shortest_line(shapely.points(around), town.area)
        links.append(ways[shapely.length(ways).argmin()])
    return in_degrees(linework.prolonged(np.array(links, dtype=object), linework.BEYOND_M))


def _numbered(found: list[Zone], people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The micro-grids by community and grid, in reading order, with their codes."""
    hubs = np.concatenate([zone.hubs for zone in found])
    owner = np.concatenate([zone.community for zone in found])
    town = np.repeat([zone.town for zone in found], [len(zone.hubs) for zone in found])
    members = np.split(np.argsort(owner, kind="stable"), np.cumsum(np.bincount(owner, minlength=len(people)))[:-1])
    numbers = [_numbers(hubs[rows]) for rows in members]
    order = np.concatenate([rows[own] for rows, (own, _, _) in zip(members, numbers, strict=True)])
    micro = pd.DataFrame({"hub_x": hubs[order, 0], "hub_y": hubs[order, 1], "town": town[order]})
    micro["community"] = people["code"].to_numpy()[owner[order]]
    micro["county"] = people["county"].to_numpy()[owner[order]]
    micro["grid_number"] = np.concatenate([grid for _, grid, _ in numbers])
    grid = micro["community"] + micro["grid_number"].map("{:03d}".format)
    micro["code"] = grid + pd.Series(np.concatenate([number for _, _, number in numbers])).map("{:02d}".format)
    micro["grid"] = grid.where(micro["grid_number"] > 0, None)
    totals = zip(people["households"].tolist(), map(len, members), strict=True)
    micro["households"] = np.concatenate([split_evenly(n, count, FEWEST, MOST, rng) for n, count in totals])
    return _with_cuts(micro, rng)


def _with_cuts(micro: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """How many blocks each micro-grid is cut into, and from which direction on: at right angles in towns."""
    turn = np.where(micro["town"], 0.2, 0.0) + rng.uniform(-0.1, np.where(micro["town"], 0.1, 6.2))
    drawn = rng.choice([2, 3, 4, 5], len(micro), p=[0.2, 0.35, 0.3, 0.15])
    return micro.assign(turn=turn, block_count=np.where(micro["town"], np.where(drawn == 2, 2, 4), drawn))


def _numbers(hubs: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """The order of a community's micro-grids, and in that order the number of the grid and the number within it."""
    count = len(hubs)
    gridded = count > MOST_WITHOUT_GRIDS
    parts = bisect(hubs, -(-count // _GRID_SIZE)) if gridded else np.zeros(count, dtype=np.int64)
    middles = np.array([hubs[parts == part].mean(axis=0) for part in range(parts.max() + 1)])
    order: list[IntArray] = []
    for part in reading_order(middles):
        rows = np.flatnonzero(parts == part)
        order.append(rows[reading_order(hubs[rows])])
    sizes = [len(rows) for rows in order]
    grid = np.repeat(np.arange(len(order)) + int(gridded), sizes)
    return np.concatenate(order), grid, np.concatenate([np.arange(size) + 1 for size in sizes])


def _areas(faces: Geometries, micro: pd.DataFrame) -> Geometries:
    hubs = np.asarray(shapely.points(to_degrees(micro[["hub_x", "hub_y"]].to_numpy())))
    adcodes = [county.adcode for county in COUNTIES]
    county_of = micro["county"].map(adcodes.index).to_numpy(dtype=np.int64)
    owner = linework.owners(faces, hubs, county_of, boundaries().to_numpy())
    return _unions(faces, owner, len(micro))


def _unions(faces: Geometries, owner: IntArray, count: int) -> Geometries:
    order = np.argsort(owner, kind="stable")
    ends = np.searchsorted(owner[order], np.arange(1, count))
    return np.array([shapely.coverage_union_all(group) for group in np.split(faces[order], ends)], dtype=object)


def _blocks(faces: Geometries, areas: Geometries, hubs: FloatArray, micro: pd.DataFrame) -> gpd.GeoDataFrame:
    inside = shapely.point_on_surface(faces)
    face, owner = shapely.STRtree(areas).query(inside, predicate="intersects")
    turn, counts = micro["turn"].to_numpy()[owner], micro["block_count"].to_numpy()[owner]
    number = linework.sector(shapely.get_coordinates(inside[face]), hubs[owner], turn, counts)
    keys, block = np.unique(owner * 10 + number, return_inverse=True)
    geometry = _unions(faces[face], block, len(keys))
    frame = pd.DataFrame({"micro_grid": keys // 10, "number": keys % 10 + 1})
    frame["code"] = micro["code"].to_numpy()[frame["micro_grid"]] + "-" + frame["number"].astype(str)
    return gpd.GeoDataFrame(frame, geometry=geometry, crs="EPSG:4326")


def _with_areas(micro: pd.DataFrame, blocks: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    geometry = _unions(blocks.geometry.to_numpy(), blocks["micro_grid"].to_numpy(), len(micro))
    return gpd.GeoDataFrame(micro, geometry=geometry, crs="EPSG:4326")
