"""
Where incidents are said to be, and who answers for them there: by point, building, or the choice of a dispatcher.

A building that is named beats the point; a settled owner beats both while the unit exists. A disc of uncertainty
changes no owner: it tells who else it may be.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from geo import crs
from geo.assign import LOCATED, Answering, FloatArray, IntArray, Owners

Doubt = Literal["accuracy", "far_from_building", "gcj02"]
DOUBTS: tuple[Doubt, ...] = get_args(Doubt)

WIDEST_M = 2_000.0
"""A wider disc says nothing that a dispatcher could choose from: it is doubted, and its parts are not counted."""
FAR_M = 500.0
"""A point this far from the building that it names is doubted."""
SNAP_M = 60.0
"""A point that comes this near to its building once GCJ-02 is undone was likely GCJ-02."""
_EARTH = Geod(ellps="WGS84")
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Places:
    """
    Where n incidents are; all arrays of shape (n,), degrees in EPSG:4326.

    Attributes
    ----------
    lon, lat
        The points as reported.
    accuracy_m
        Radii of their uncertainty, NaN where not known; None if none is known.
    building_lon, building_lat
        A point in the building that each names, NaN where it names none; None if none does.
    by_address
        Which of the buildings were found by their address; None if none was.
    settled
        The unit that a dispatcher chose, `assign.OUTSIDE` where none did; None if none was chosen.
    as_wgs84
        Whether the points were declared to be WGS84 or CGCS2000, so that they may be GCJ-02 that was not declared.
    """

    lon: FloatArray
    lat: FloatArray
    accuracy_m: FloatArray | None = None
    building_lon: FloatArray | None = None
    building_lat: FloatArray | None = None
    by_address: BoolArray | None = None
    settled: IntArray | None = None
    as_wgs84: bool = False


@dataclass(frozen=True)
class Decided:
    """
    Who answers for each place, and what is doubtful about it.

    Attributes
    ----------
    owners
        As `Answering.assign` gives them; ``located`` may be ``building`` or ``settled`` too, the rule ``building``,
        ``address`` or ``settled_by_dispatcher``, and `Owners.candidates` lists whatever a disc of uncertainty touches,
        and where a point would lie if it were GCJ-02.
    doubts
        By position, why somebody should look at it; positions that nothing is doubtful about are not there.
    """

    owners: Owners
    doubts: Mapping[int, list[Doubt]]


def decide(assigner: Answering, places: Places) -> Decided:
    """Who answers for each place, by one edition; raises what `Answering.assign` raises."""
    built = _built(places)
    owners = assigner.assign(*_decisive(places, built))
    owners = _by_building(owners, built, places.by_address)
    shifted, back = _shifted(assigner, places, built, owners.located == LOCATED[0])
    owners, uncertain = _with_bands(assigner, owners, places, built)
    owners = _with_others(owners, back)
    doubts: dict[Doubt, BoolArray] = {
        "accuracy": uncertain, "far_from_building": _far(places, built), "gcj02": shifted
    }  # fmt: skip
    if places.settled is not None:
        owners, settled = assigner.settle(owners, places.settled)
        doubts = {name: where & ~settled for name, where in doubts.items()}
    return Decided(owners, _named(doubts))


def _named(doubts: Mapping[Doubt, BoolArray]) -> dict[int, list[Doubt]]:
    named: dict[int, list[Doubt]] = {}
    for name, where in doubts.items():
        for position in np.flatnonzero(where).tolist():
            named.setdefault(position, []).append(name)
    return named


def _built(places: Places) -> BoolArray:
    """Which places name a building."""
    if places.building_lon is None:
        return np.zeros(len(places.lon), dtype=bool)
    return ~np.isnan(places.building_lon)


def _decisive(places: Places, built: BoolArray) -> tuple[FloatArray, FloatArray]:
    """The points that decide: those of buildings where they are named."""
    if places.building_lon is None or places.building_lat is None:
        return places.lon, places.lat
    return np.where(built, places.building_lon, places.lon), np.where(built, places.building_lat, places.lat)


def _by_building(owners: Owners, built: BoolArray, by_address: BoolArray | None) -> Owners:
    by_building = built & (owners.located != LOCATED[0])
    if not by_building.any():
        return owners
    located, rule = owners.located.copy(), owners.owner_rule.copy()
    located[by_building] = rule[by_building] = "building"
    if by_address is not None:
        rule[by_building & by_address] = "address"
    return replace(owners, located=located, owner_rule=rule)


def _with_bands(assigner: Answering, owners: Owners, places: Places, built: BoolArray) -> tuple[Owners, BoolArray]:
    """With candidates and shares where a disc lies in several units; and which places are uncertain."""
    uncertain = np.zeros(len(places.lon), dtype=bool)
    if places.accuracy_m is None:
        return owners, uncertain
    radius = np.where(built, np.nan, places.accuracy_m)
    wide = radius > WIDEST_M
    found = assigner.bands(places.lon, places.lat, np.where(wide, np.nan, radius))
    candidates, shares = dict(owners.candidates), dict(owners.shares)
    for position, part in found.slices.items():
        candidates[position], shares[position] = found.slot[part].tolist(), found.share[part].tolist()
    uncertain[list(shares)] = True
    return replace(owners, candidates=candidates, shares=shares), uncertain | wide


def _with_others(owners: Owners, others: Mapping[int, int]) -> Owners:
    """With one more candidate for some positions, which holds nothing of their disc."""
    candidates, shares = dict(owners.candidates), dict(owners.shares)
    for position, unit in others.items():
        before = candidates.get(position, [int(owners.unit_id[position])])
        if unit not in before:
            candidates[position] = [*before, unit]
        if unit not in before and position in shares:
            shares[position] = [*shares[position], 0.0]
    return replace(owners, candidates=candidates, shares=shares) if others else owners


def distances_m(lon1: FloatArray, lat1: FloatArray, lon2: FloatArray, lat2: FloatArray) -> FloatArray:
    """Geodesic distances in metres between points in degrees, shape (n,)."""
    return np.asarray(_EARTH.inv(lon1, lat1, lon2, lat2)[2], dtype=np.float64)


def _far(places: Places, built: BoolArray) -> BoolArray:
    """Which points lie far from the building that they name."""
    far = np.zeros(len(built), dtype=bool)
    if places.building_lon is not None and places.building_lat is not None and built.any():
        of = (places.building_lon[built], places.building_lat[built])
        far[built] = distances_m(places.lon[built], places.lat[built], *of) > FAR_M
    return far


def _shifted(
    assigner: Answering, places: Places, built: BoolArray, outside: BoolArray
) -> tuple[BoolArray, dict[int, int]]:
    """
    Which points have the tell-tale offset of GCJ-02: undone, they are at their building, or no more outside.

    The second answer is whose those are that were outside, by position.
    """
    shifted = np.zeros(len(places.lon), dtype=bool)
    at = np.flatnonzero(built | outside) if places.as_wgs84 else np.empty(0, dtype=np.int64)
    at = at[crs.in_china(places.lon[at], places.lat[at])]
    lon, lat = places.lon[at], places.lat[at]
    back = crs.gcj02_to_wgs84(lon, lat)
    if places.building_lon is not None and places.building_lat is not None:
        of = (places.building_lon[at], places.building_lat[at])
        # NaN, where no building is named, is not near.
        shifted[at] = (distances_m(*back, *of) < SNAP_M) & (distances_m(lon, lat, *of) > 2 * SNAP_M)
    loose = np.flatnonzero(~built[at])
    found = assigner.assign(back[0][loose], back[1][loose])
    inside = found.located != LOCATED[0]
    shifted[at[loose[inside]]] = True
    return shifted, dict(zip(at[loose[inside]].tolist(), found.unit_id[inside].tolist(), strict=True))
