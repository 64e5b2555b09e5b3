"""The demonstration league, made: every register as a frame, from a seed and a scale."""

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from demo import (
    buildings,
    disagreements,
    hierarchy,
    incidents,
    organisations,
    partition,
    population,
    routes,
    streets,
    water,
)
from demo.organisations import Organisations

SEED = 20_260_101

# Told what is being done, and which part of the whole work is behind it.
Progress = Callable[[str, float], None]


def in_silence(doing: str, done: float) -> None:
    """Progress that nobody follows."""


@dataclass(frozen=True)
class League:
    """
    All that is loaded; the same seed and scale make the same rows.

    Attributes
    ----------
    seed, scale
        What it was made from.
    units, blocks, buildings, entrances, streets, water, routes, check_points, incidents
        As the put verbs take them, but with `unit_code` where those want a path.
    organisations
        Departments, stations, teams, default teams, posts.
    aliases, disagreements
        The Civil Affairs codes, and what the sources say differently.
    """

    seed: int
    scale: float
    units: gpd.GeoDataFrame
    blocks: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    entrances: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    water: gpd.GeoDataFrame
    organisations: Organisations
    routes: gpd.GeoDataFrame
    check_points: gpd.GeoDataFrame
    incidents: pd.DataFrame
    aliases: pd.DataFrame
    disagreements: pd.DataFrame


def make(*, seed: int = SEED, scale: float = 1.0, progress: Progress = in_silence) -> League:
    """
    Make the league.

    Parameters
    ----------
    seed
        Of everything random.
    scale
        The part of the league to make: of each county's communities, and of the stations, teams, incidents.
    progress
        Told of each step.
    """
    if not 0 < scale <= 1:
        raise ValueError(f"scale is above 0 and at most 1, not {scale}")
    progress("读取名录 · Reading registers", 0.0)
    people = population.peopled(scale, np.random.default_rng([seed, 0]))
    progress("划分网格 · Dividing the ground", 0.03)
    ground = partition.divide(people, seed)
    progress("楼栋 · Buildings", 0.2)
    houses = buildings.build(ground, np.random.default_rng([seed, 3]))
    progress("道路与队伍 · Streets and teams", 0.27)
    roads = streets.lay(ground)
    staff = organisations.organise(ground, houses, scale, seed)
    walks = routes.walk(roads, staff.teams, staff.stations, seed)
    progress("事项 · Incidents", 0.32)
    reported = incidents.report(ground, houses, scale, seed)
    return League(
        seed, scale, hierarchy.units(ground), _blocks(ground, houses), _marked(ground, houses),
        buildings.entrances(houses), roads, water.draw(seed), staff, walks, routes.check_points(walks), reported,
        disagreements.aliases(), disagreements.disagreements(),
    )  # fmt: skip


def _blocks(ground: partition.Ground, houses: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    households = np.bincount(houses["block"], houses["households"], len(ground.blocks)).astype(np.int64)
    codes = ground.micro_grids["code"].to_numpy()[ground.blocks["micro_grid"]]
    kept = ground.blocks[["code", "geometry"]]
    return kept.assign(unit_code=codes, households=households, synthetic=True)


def _marked(ground: partition.Ground, houses: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    codes = ground.micro_grids["code"].to_numpy()[houses["micro_grid"]]
    kept = houses[["code", "name", "address", "use", "floors", "households", "geometry"]]
    attributes = pd.Series([{"entrances": count} if count else {} for count in houses["entrances"].tolist()])
    return kept.assign(unit_code=codes, source=organisations.SOURCE, synthetic=True, attributes=attributes)
