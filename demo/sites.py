"""
Where the hubs of micro-grids stand: land shared out among townships, communities, micro-grids.

A county is one zone of open land and a zone for each town in it. Every zone is drawn by itself, so that the small
micro-grids of a town and the large ones around it meet in the town's outline, and not in long wedges.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from demo.clusters import FloatArray, IntArray, lattice, share_out, starts
from demo.counties import County

URBAN_M2 = 36_000.0  # ground of a micro-grid in a town
POINTS = 40  # of the lattice, for each micro-grid
Part = tuple[FloatArray, pd.DataFrame]  # points of some land, and the communities that share it


@dataclass(frozen=True)
class Zone:
    """
    Ground that is divided by itself.

    Attributes
    ----------
    county
        The adcode.
    town
        Whether it is a town, and not open land.
    area
        Polygon or multipolygon in metres.
    hubs
        The middle of each micro-grid, in metres, shape (n, 2).
    community
        Position of each micro-grid's community in the frame of communities, shape (n,).
    """

    county: str
    town: bool
    area: Any
    hubs: FloatArray
    community: IntArray


def zones(
    county: County, boundary: Any, seat: FloatArray, people: pd.DataFrame, rng: np.random.Generator
) -> list[Zone]:
    """
    Divide a county.

    Parameters
    ----------
    county, boundary
        The county, and its polygon in metres.
    seat
        Its seat in metres, shape (2,).
    people
        The communities of the league, of which those of the county are placed.
    rng
        Draws where things are.
    """
    mine = people[people["county"] == county.adcode]
    middles, lands = _townships(mine, boundary, seat, rng)
    towns: list[Zone] = []
    for group in _towns(mine):
        township = str(group["township"].iloc[0])
        middle = seat if bool(group["at_seat"].iloc[0]) else middles[township]
        taken = shapely.union_all([zone.area for zone in towns])
        area = shapely.difference(_outline(boundary, middle, group["micro_grids"].sum() * URBAN_M2, rng), taken)
        towns.append(_zone(county.adcode, True, area, [(_points(area, group, rng), group)], rng))
    open_land = shapely.difference(boundary, shapely.union_all([zone.area for zone in towns]))
    rural = mine[~mine["urban"]]
    shapely.prepare(open_land)
    parts = [
        (land[shapely.contains_xy(open_land, land)], rural[rural["township"] == township])
        for township, land in lands.items()
    ]
    return [_zone(county.adcode, False, open_land, parts, rng), *towns]


def _townships(
    mine: pd.DataFrame, boundary: Any, seat: FloatArray, rng: np.random.Generator
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """The middle of each township that has villages, and the points of its land."""
    rural = mine[~mine["urban"]]
    sizes = rural.groupby("township").size()
    points = _points(boundary, rural, rng)
    at_seat = sizes.index.isin(mine["township"][mine["at_seat"]])
    sites = starts(points, len(sizes), rng)
    sites[at_seat] = seat + rng.normal(0, 1_500, (int(at_seat.sum()), 2))
    sites, labels = share_out(points, sites, np.sqrt(sizes.to_numpy(dtype=float)), at_seat, rounds=60)
    middles: dict[str, FloatArray] = dict(zip(sizes.index, sites, strict=True))
    lands: dict[str, FloatArray] = {code: points[labels == number] for number, code in enumerate(sizes.index)}
    return middles, lands


def _towns(mine: pd.DataFrame) -> list[pd.DataFrame]:
    """The residential communities, town by town; those at the seat are one town."""
    urban = mine[mine["urban"]]
    seat = urban[urban["at_seat"]]
    others = urban[~urban["at_seat"]]
    return [*([seat] if len(seat) else []), *(group for _, group in others.groupby("township"))]


def _outline(boundary: Any, middle: FloatArray, area: float, rng: np.random.Generator) -> Any:
    """A round shape with bays, of about the wanted area, wholly inside of the county."""
    radius = float(np.sqrt(area / np.pi))
    inner = shapely.buffer(boundary, -1.6 * radius)
    inner = inner if not shapely.is_empty(inner) else boundary
    centre = shapely.get_coordinates(shapely.shortest_line(inner, shapely.points(middle)))[0]
    angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    swell = sum(rng.uniform(-0.35, 0.35) / wave * np.cos(wave * angles + rng.uniform(0, 6.3)) for wave in (2, 3, 5))
    reach = radius * (1.0 + np.asarray(swell))
    ring = centre + reach[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    return shapely.intersection(shapely.polygons(ring), boundary)


def _zone(county: str, town: bool, area: Any, parts: list[Part], rng: np.random.Generator) -> Zone:
    hubs: list[FloatArray] = []
    owners: list[IntArray] = []
    for points, group in parts:
        for position, land in _communities(points, group, rng):
            found = _hubs(land, int(group["micro_grids"].loc[position]), area, rng)
            hubs.append(found)
            owners.append(np.full(len(found), position, dtype=np.int64))
    return Zone(county, town, area, np.concatenate(hubs), np.concatenate(owners))


def _points(area: Any, group: pd.DataFrame, rng: np.random.Generator) -> FloatArray:
    return lattice(area, float(np.sqrt(shapely.area(area) / (POINTS * group["micro_grids"].sum()))), rng)


def _communities(points: FloatArray, group: pd.DataFrame, rng: np.random.Generator) -> list[tuple[int, FloatArray]]:
    """The points of each community: neighbours in the register's order of townships are neighbours on the ground."""
    wanted = group["micro_grids"].to_numpy(dtype=float)
    _, labels = share_out(points, _ordered_starts(points, group, rng), wanted, rounds=40)
    return [(int(row), points[labels == number]) for number, row in enumerate(group.index)]


def _ordered_starts(points: FloatArray, group: pd.DataFrame, rng: np.random.Generator) -> FloatArray:
    """Starts of communities, those of one township beside each other (a seat has several townships)."""
    sites = starts(points, len(group), rng)
    if group["township"].nunique() == 1:
        return sites
    sizes = group.groupby("township", sort=True)["micro_grids"].sum().to_numpy(dtype=float)
    _, labels = share_out(points, starts(points, len(sizes), rng), sizes, rounds=60)
    owner = group["township"].rank(method="dense").astype(int).to_numpy() - 1
    for number in range(len(sizes)):
        sites[owner == number] = starts(points[labels == number], int((owner == number).sum()), rng)
    return sites


def _hubs(points: FloatArray, count: int, area: Any, rng: np.random.Generator) -> FloatArray:
    """The middle of each of `count` equal parts; the part's point nearest to it where that lies outside."""
    _, labels = share_out(points, starts(points, count, rng), np.ones(count), rounds=12)
    middle = np.column_stack([np.bincount(labels, points[:, axis], count) for axis in (0, 1)])
    hubs = middle / np.bincount(labels, minlength=count)[:, None]
    for part in np.flatnonzero(~shapely.contains_xy(area, hubs)):
        own = points[labels == part]
        hubs[part] = own[((own - hubs[part]) ** 2).sum(axis=1).argmin()]
    return hubs
