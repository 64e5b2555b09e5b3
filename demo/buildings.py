"""Buildings: apartment blocks with entrances in towns, rows of courtyards around the middle of a village."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from demo.clusters import FloatArray, IntArray
from demo.counties import COUNTIES
from demo.linework import Geometries
from demo.partition import Ground
from demo.plane import in_degrees, on_plane, to_degrees


@dataclass(frozen=True)
class Pattern:
    """
    How buildings stand around the middle of a micro-grid, in metres.

    Attributes
    ----------
    length, depth
        Of a building.
    columns, rows
        Places to each side of the middle.
    aisle, lane
        Distance between the middles of neighbours along a row, and between rows.
    homes
        Households of a building, about.
    """

    length: float
    depth: float
    columns: int
    rows: int
    aisle: float
    lane: float
    homes: float

    def places(self) -> FloatArray:
        """Middles of the places, the nearest first, shape (n, 2): none lies across an axis, where the lanes run."""
        x = (np.arange(-self.columns, self.columns) + 0.5) * self.aisle
        y = (np.arange(-self.rows, self.rows) + 0.5) * self.lane
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        return grid.astype(np.float64)[np.argsort((grid**2).sum(axis=1), kind="stable")]


APARTMENTS = Pattern(length=54, depth=13, columns=2, rows=4, aisle=68, lane=32, homes=36)
COURTYARDS = Pattern(length=46, depth=9, columns=6, rows=7, aisle=58, lane=34, homes=4)
HOUSE = Pattern(length=12, depth=8, columns=1, rows=1, aisle=1, lane=1, homes=4)
_OTHER_USES = np.array(["commercial", "school", "office", "clinic"], dtype=object)
COUNTY_NAMES = {county.adcode: county.name for county in COUNTIES}
_OTHER_SHARE = 0.25  # of towns' micro-grids that have one building where nobody lives


def build(ground: Ground, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """
    Buildings with households that add up to each micro-grid's.

    Returns
    -------
    GeoDataFrame
        code, micro_grid and block (positions in `ground`), name, address, use, floors, households, entrances, turn,
        x and y (the middle, on the drawing board), geometry; EPSG:4326. By micro-grid, then by code.
    """
    town = ground.micro_grids["town"].to_numpy()
    placed = [
        _placed(ground, APARTMENTS, np.flatnonzero(town), rng),
        _placed(ground, COURTYARDS, np.flatnonzero(~town), rng),
    ]
    found = pd.concat(placed, ignore_index=True)
    missing = np.setdiff1d(np.arange(len(town)), found["micro_grid"])
    found = pd.concat([found, _last_resort(ground, missing)], ignore_index=True)
    found = found.sort_values(["micro_grid", "block"], kind="stable", ignore_index=True)
    return _described(ground, _peopled(ground, found, rng))


def entrances(buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The entrances 单元 of apartment blocks, on their southern front: building_code, number, households, point."""
    homes = buildings[buildings["entrances"] > 0]
    counts = homes["entrances"].to_numpy()
    row = np.repeat(np.arange(len(homes)), counts)
    number = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = homes["households"].to_numpy()[row]
    households = share // counts[row] + (number < share % counts[row])
    along = ((number + 0.5) / counts[row] - 0.5) * APARTMENTS.length
    turn = homes["turn"].to_numpy()[row]
    front = _turned(np.column_stack([along, np.full(len(row), -APARTMENTS.depth / 2)]), turn)
    points = to_degrees(homes[["x", "y"]].to_numpy()[row] + front)
    frame = pd.DataFrame(
        {
            "building_code": homes["code"].to_numpy()[row],
            "number": number + 1,
            "households": households,
        }
    )
    return gpd.GeoDataFrame(frame, geometry=shapely.points(points), crs="EPSG:4326")


def _placed(ground: Ground, pattern: Pattern, members: IntArray, rng: np.random.Generator) -> pd.DataFrame:
    """As many places as the households of each micro-grid need, of those that lie wholly in one block."""
    places = pattern.places()
    row = np.repeat(members, len(places))
    turn = _southward(ground.micro_grids["turn"].to_numpy()[row])
    middles = ground.hubs[row] + _turned(np.tile(places, (len(members), 1)), turn)
    shapes = _rectangles(middles, turn, pattern)
    place, block = shapely.STRtree(on_plane(ground.blocks.geometry.to_numpy())).query(shapes, predicate="within")
    keep = ground.blocks["micro_grid"].to_numpy()[block] == row[place]
    place, block = place[keep], block[keep]
    order = np.argsort(place, kind="stable")
    frame = pd.DataFrame({"micro_grid": row[place], "block": block, "x": middles[place, 0], "y": middles[place, 1]})
    frame = frame.assign(turn=turn[place], shape=shapes[place]).iloc[order].reset_index(drop=True)
    frame["apartments"] = pattern is APARTMENTS
    return _chosen(ground, frame, pattern, rng)


def _southward(turn: FloatArray) -> FloatArray:
    """The same axes, named by the one that lets houses face south the best: at most 45 degrees off."""
    return turn - np.round(turn / (np.pi / 2)) * (np.pi / 2)


def _chosen(ground: Ground, frame: pd.DataFrame, pattern: Pattern, rng: np.random.Generator) -> pd.DataFrame:
    households = ground.micro_grids["households"].to_numpy()
    needed = np.ceil(households / (pattern.homes * rng.uniform(0.75, 1.25, len(households)))).astype(np.int64)
    extra = (rng.random(len(households)) < _OTHER_SHARE) & (pattern is APARTMENTS)
    if pattern is APARTMENTS:  # one in each block before the second in any
        frame["turn_of_block"] = frame.groupby("block").cumcount()
        frame = frame.sort_values(["micro_grid", "turn_of_block"], kind="stable").drop(columns="turn_of_block")
    rank = frame.groupby("micro_grid").cumcount().to_numpy()
    owner = frame["micro_grid"].to_numpy()
    frame["lived_in"] = rank < needed[owner]
    return frame[rank < (needed + extra)[owner]]


def _last_resort(ground: Ground, missing: IntArray) -> pd.DataFrame:
    """One house in the largest block of a micro-grid that has room for nothing else."""
    blocks = on_plane(ground.blocks.geometry.to_numpy())
    owner = ground.blocks["micro_grid"].to_numpy()
    mine = [np.flatnonzero(owner == micro) for micro in missing]
    chosen = np.array([rows[shapely.area(blocks[rows]).argmax()] for rows in mine], dtype=np.int64)
    middles = shapely.get_coordinates(shapely.point_on_surface(blocks[chosen]))
    turn = np.zeros(len(missing))
    frame = pd.DataFrame({"micro_grid": missing, "block": chosen, "x": middles[:, 0], "y": middles[:, 1]})
    shapes = _rectangles(middles, turn, HOUSE)
    return frame.assign(turn=turn, shape=shapes, apartments=False, lived_in=True)


def _peopled(ground: Ground, found: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Households of each building: uneven, whole, and together those of the micro-grid."""
    owner = found["micro_grid"].to_numpy()
    weight = np.where(found["lived_in"], rng.uniform(0.75, 1.25, len(found)), 0.0)
    total = np.bincount(owner, weight)
    before = np.concatenate([[0.0], np.cumsum(total)])[owner]
    part = np.clip((np.cumsum(weight) - before) / total[owner], 0, 1)
    upto = np.round(part * ground.micro_grids["households"].to_numpy()[owner]).astype(np.int64)
    first = np.r_[True, owner[1:] != owner[:-1]]
    return found.assign(households=upto - np.where(first, 0, np.roll(upto, 1)))


def _described(ground: Ground, found: pd.DataFrame) -> gpd.GeoDataFrame:
    flats, homes = found["apartments"] & found["lived_in"], found["households"]
    found["entrances"] = np.where(flats, np.clip(np.round(homes / 12), 2, 5), 0).astype(int)
    floors = np.where(flats, np.maximum(3, np.ceil(homes / (2 * found["entrances"].clip(lower=1)))), 1)
    found["floors"] = np.where(found["apartments"] & ~found["lived_in"], 2, floors).astype(int)
    other = _OTHER_USES[np.arange(len(found)) % len(_OTHER_USES)]
    found["use"] = np.where(found["lived_in"], np.where(found["apartments"], "apartments", "courtyards"), other)
    number = found.groupby("block").cumcount() + 1
    found["code"] = ground.blocks["code"].to_numpy()[found["block"]] + "-" + number.map("{:03d}".format)
    community = ground.micro_grids["community"].to_numpy()[found["micro_grid"]]
    names = ground.communities.set_index("code")["name"].reindex(community).to_numpy()
    number = found.groupby(community).cumcount() + 1
    found["name"] = names + number.astype(str).to_numpy() + np.where(found["apartments"], "号楼", "排")
    towns = ground.communities.set_index("code")["county"].reindex(community)
    found["address"] = towns.map(COUNTY_NAMES).to_numpy() + found["name"]
    geometry = in_degrees(found.pop("shape").to_numpy())
    return gpd.GeoDataFrame(found.drop(columns=["lived_in", "apartments"]), geometry=geometry, crs="EPSG:4326")


def _rectangles(middles: FloatArray, turn: FloatArray, pattern: Pattern) -> Geometries:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [pattern.length / 2, pattern.depth / 2]
    rings = [middles + _turned(np.broadcast_to(corner, middles.shape), turn) for corner in corners]
    return np.asarray(shapely.polygons(np.stack(rings, axis=1)))


def _turned(offsets: FloatArray, turn: FloatArray) -> FloatArray:
    cos, sin = np.cos(turn), np.sin(turn)
    return np.column_stack([offsets[:, 0] * cos - offsets[:, 1] * sin, offsets[:, 0] * sin + offsets[:, 1] * cos])
