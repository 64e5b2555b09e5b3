"""Incidents of three years: at buildings mostly, in hot spots that wander, in the rhythm of their category."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree

from demo.calendar_of_incidents import BEGIN, delays, last_second, left_open, moments, states
from demo.clusters import FloatArray, IntArray, by_weight
from demo.identity import identifiers, picks
from demo.partition import Ground
from demo.plane import on_plane, to_degrees
from demo.words import ANYWHERE, FIELDS, LIKENESS, TOWN, VILLAGE

INCIDENTS, CLOSED, OUTSIDE = 122_810, 108_404, 36
SOURCE = "demo"
_HOT_SPOTS, _HOT_SHARE, _HOT_RADIUS_M, _QUARTERS = 60, 0.28, 260.0, 12
_CHANNELS = {
    "snap": 0.46, "grid_worker": 0.21, "hotline": 0.12, "patrol": 0.08, "window": 0.06, "inspection": 0.07,
}  # fmt: skip
_HANDLING = {"direct": 0.72, "assisted": 0.18, "on_behalf": 0.10}
_LIMIT_HOURS = {
    "property": 72,
    "dispute": 168,
    "hazard": 18,
    "facility": 72,
    "environment": 60,
    "help": 48,
    "other": 96,
}


def report(ground: Ground, buildings: gpd.GeoDataFrame, scale: float, seed: int) -> pd.DataFrame:
    """
    Incidents as `incident_load.put_incidents` takes them, by the instant they were received.

    Parameters
    ----------
    ground, buildings
        Where they happen.
    scale
        The part of `INCIDENTS` to make.
    seed
        The same seed makes the same rows.

    Returns
    -------
    DataFrame
        id, source, source_key, category, channel, handling, state, title, description, address, occurred_at,
        received_at, closed_at, lon, lat (EPSG:4326), accuracy_m, synthetic.
    """
    rng = np.random.default_rng([seed, 7])
    total, closed = round(INCIDENTS * scale), round(CLOSED * scale)
    codes = list(LIKENESS)
    counts = by_weight(total, np.array([likeness.share for likeness in LIKENESS.values()]))
    frame = pd.DataFrame({"category": np.repeat(codes, counts)})
    frame["occurred_at"] = np.concatenate(
        [moments(LIKENESS[code], count, rng) for code, count in zip(codes, counts.tolist(), strict=True)]
    )
    placed = _placed(ground, buildings, frame, rng)
    _say(frame, buildings["address"].to_numpy()[placed], rng)
    _outside(ground, frame, max(1, round(OUTSIDE * scale)), rng)
    _follow(frame, total - closed, rng)
    frame = frame.sort_values(["received_at", "category", "lon"], kind="stable", ignore_index=True)
    frame.insert(0, "id", identifiers(pd.DatetimeIndex(frame["received_at"]), rng))
    frame["source_key"] = f"{seed}-" + pd.Series(np.arange(total)).map("{:06d}".format)
    for column in ("occurred_at", "received_at", "closed_at"):
        frame[column] = frame[column].dt.tz_localize("UTC")
    return frame.assign(source=SOURCE, synthetic=True)


def _placed(ground: Ground, buildings: gpd.GeoDataFrame, frame: pd.DataFrame, rng: np.random.Generator) -> IntArray:
    """Fill lon and lat; returns the building beside which each incident is."""
    found = np.zeros(len(frame), dtype=np.int64)
    kinds = frame["category"].map({code: likeness.ground for code, likeness in LIKENESS.items()}).to_numpy()
    town = ground.micro_grids["town"].to_numpy()[buildings["micro_grid"].to_numpy()]
    weight = buildings["households"].to_numpy() + 2.0
    allowed = {TOWN: town, VILLAGE: ~town, ANYWHERE: np.ones(len(town), dtype=bool), FIELDS: ~town}
    for kind, where in allowed.items():
        rows = np.flatnonzero(kinds == kind)
        candidates = np.flatnonzero(where) if where.any() else np.arange(len(town))
        total = np.cumsum(weight[candidates] * np.where(town[candidates], 1.3, 1.0))
        drawn = np.searchsorted(total, rng.random(len(rows)) * total[-1], side="right")
        found[rows] = candidates[drawn]
    hot = np.flatnonzero((rng.random(len(frame)) < _HOT_SHARE) & (kinds != FIELDS))
    found[hot] = _hot(buildings, frame.iloc[hot], rng)
    away = np.where(kinds == FIELDS, rng.uniform(250, 1_500, len(frame)), rng.exponential(7.0, len(frame)))
    angle = rng.uniform(0, 2 * np.pi, len(frame))
    middles = buildings[["x", "y"]].to_numpy()[found]
    points = to_degrees(middles + away[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))
    frame["lon"], frame["lat"] = np.round(points[:, 0], 7), np.round(points[:, 1], 7)
    return found


def _hot(buildings: gpd.GeoDataFrame, frame: pd.DataFrame, rng: np.random.Generator) -> IntArray:
    """Buildings around hot spots; each keeps to a few categories and wanders from quarter to quarter."""
    middles = buildings[["x", "y"]].to_numpy()
    flats = np.flatnonzero((buildings["entrances"] > 0).to_numpy())
    starts = middles[rng.choice(flats if len(flats) else len(middles), _HOT_SPOTS)]
    steps = rng.normal(0, 220.0, (_HOT_SPOTS, _QUARTERS, 2)).cumsum(axis=1)
    instants = frame["occurred_at"].to_numpy().astype("datetime64[s]")
    begin = BEGIN.tz_convert("UTC").tz_localize(None).to_datetime64().astype("datetime64[s]")
    quarter = ((instants - begin).astype(np.int64) // (86_400 * 92)).clip(0, _QUARTERS - 1)
    codes = pd.factorize(frame["category"], sort=True)[0]
    favourites = rng.integers(0, _HOT_SPOTS, (codes.max() + 1, 8))
    spot = favourites[codes, np.minimum(rng.geometric(0.3, len(frame)) - 1, 7)]
    points = starts[spot] + steps[spot, quarter] + rng.normal(0, _HOT_RADIUS_M / 2, (len(frame), 2))
    return np.asarray(KDTree(middles).query(points)[1], dtype=np.int64)


def _say(frame: pd.DataFrame, address: NDArray[np.object_], rng: np.random.Generator) -> None:
    """Fill title, description, address from the templates of the category."""
    frame["address"] = address
    frame["title"], frame["description"] = "", ""
    for code, rows in frame.groupby("category").groups.items():
        likeness = LIKENESS[str(code)]
        frame.loc[rows, "title"] = rng.choice(np.array(likeness.titles, dtype=object), len(rows))
        texts = rng.choice(np.array(likeness.details, dtype=object), len(rows))
        places = frame.loc[rows, "address"].to_numpy()
        filled = [text.format(place=place) for text, place in zip(texts, places, strict=True)]
        frame.loc[rows, "description"] = filled


def _outside(ground: Ground, frame: pd.DataFrame, count: int, rng: np.random.Generator) -> None:
    """Move a few incidents across the border of the league, where no micro-grid owns them."""
    league = on_plane(shapely.coverage_union_all(ground.micro_grids.geometry.to_numpy()))
    border = shapely.boundary(league)
    far: list[FloatArray] = []
    while len(far) < count:
        start = shapely.get_coordinates(shapely.line_interpolate_point(border, rng.random(), normalized=True))[0]
        point = start + rng.normal(0, 2_000.0, 2)
        if not shapely.intersects_xy(league, *point):
            far.append(point)
    points = to_degrees(np.array(far))
    rows = rng.choice(len(frame), count, replace=False)
    frame.loc[rows, ["lon", "lat"]] = np.round(points, 7)
    frame.loc[rows, "address"] = None


def _follow(frame: pd.DataFrame, open_count: int, rng: np.random.Generator) -> None:
    """Fill channel, handling, received_at, closed_at, state, accuracy_m."""
    frame["channel"] = picks(rng, len(frame), _CHANNELS)
    hazard = frame["category"].str.startswith("hazard") & (rng.random(len(frame)) < 0.25)
    frame.loc[hazard, "channel"] = "inspection"
    frame["handling"] = picks(rng, len(frame), _HANDLING)
    frame.loc[(frame["category"] == "help.service") & (rng.random(len(frame)) < 0.8), "handling"] = "on_behalf"
    wait = rng.exponential(600.0, len(frame)).astype(np.int64)
    occurred = frame["occurred_at"].to_numpy().astype("datetime64[s]")
    received = np.minimum(occurred + wait.astype("timedelta64[s]"), last_second())
    hours = np.asarray(frame["category"].str.split(".").str[0].map(_LIMIT_HOURS), dtype=np.float64)
    closed = received + delays(hours, rng).astype("timedelta64[s]")
    is_open = left_open(received, closed, open_count, rng)
    frame["received_at"] = received
    frame["state"] = states(received, closed, is_open, rng)
    frame["closed_at"] = np.where(is_open, np.datetime64("NaT"), closed)
    by_phone = frame["channel"].isin(["snap", "grid_worker", "patrol"])
    frame["accuracy_m"] = np.where(by_phone, np.round(rng.gamma(2.0, 6.0, len(frame)) + 3, 1), np.nan)
