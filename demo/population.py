"""How many households live where, and into how many micro-grids they are divided: all of it assumed."""

import numpy as np
import pandas as pd

from demo.clusters import by_weight
from demo.counties import COUNTIES
from demo.register import communities, townships

HOUSEHOLDS = 560_000
COMMUNITIES = 1_109  # so many are kept of the register; a part of them has that part of the households
FEWEST, MOST = 60, 150  # households of a micro-grid
MEAN = 100
_WEIGHTS = {"village": 1.0, "gacha": 0.9, "production_team": 0.5, "forestry": 0.3, "living_area": 0.3}
_OF_A_SEAT, _OF_A_TOWN = 5.0, 2.0  # residential communities, against a village


def peopled(scale: float, rng: np.random.Generator) -> pd.DataFrame:
    """
    The communities of the demonstration, with their households.

    Parameters
    ----------
    scale
        The part of the league's communities to take, in each county; 1 for all.
    rng
        Draws the sizes.

    Returns
    -------
    DataFrame
        As `register.communities` without those where nobody lives, and: urban, at_seat, households, micro_grids.
    """
    frame = _taken(scale)
    frame["urban"] = frame["kind"] == "residential"
    frame["at_seat"] = frame["urban"] & frame["township"].isin(_seats())
    frame["households"] = _households(frame, rng)
    frame["micro_grids"] = np.maximum(1, np.round(frame["households"] / MEAN)).astype(int)
    return frame


def _taken(scale: float) -> pd.DataFrame:
    places = townships()
    places = places[places["inhabited"]]
    found = communities()
    found = found[found["township"].isin(places["code"])].reset_index(drop=True)
    if scale >= 1:
        return found
    inside = places.groupby("county")
    kept = places[_spread(inside.cumcount(), inside["code"].transform("size"), scale)]
    found = found[found["township"].isin(kept["code"])]
    inside = found.groupby("township")
    return found[_spread(inside.cumcount(), inside["code"].transform("size"), scale)].reset_index(drop=True)


def _spread(order: "pd.Series[int]", size: "pd.Series[int]", scale: float) -> "pd.Series[bool]":
    """Members at equal steps of each group, first and last among them: the last of a register are villages."""
    wanted = (size * scale**0.5).round().clip(lower=2)
    step = np.floor(order * (wanted - 1) / (size - 1).clip(lower=1) + 1e-9)
    before = np.floor((order - 1) * (wanted - 1) / (size - 1).clip(lower=1) + 1e-9)
    return step != before


def _seats() -> set[str]:
    """Townships at the seat of their county: all streets, and the first town of a county that has no streets."""
    places = townships()
    streets = places[places["kind"] == "street"]
    others = places[~places["county"].isin(streets["county"])]
    return {*streets["code"], *others.groupby("county")["code"].first()}


def _households(frame: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    weight = frame["kind"].map(_WEIGHTS).fillna(_OF_A_TOWN).where(~frame["at_seat"], _OF_A_SEAT)
    weight *= rng.lognormal(0.0, 0.3, len(frame))
    shares = {county.adcode: county.share for county in COUNTIES}
    total = HOUSEHOLDS * len(frame) / COMMUNITIES
    wanted = pd.Series(0, index=frame.index)
    for adcode, rows in frame.groupby("county").groups.items():
        wanted.loc[rows] = by_weight(round(total * shares[str(adcode)]), np.asarray(weight.loc[rows], dtype=np.float64))
    return wanted.clip(lower=FEWEST + 5)
