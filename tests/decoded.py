"""Vector tiles read by a decoder that is not ours, as shapes in tile units with y running downwards."""

from typing import Any

import mapbox_vector_tile
import shapely
from shapely.geometry import shape

Features = dict[int, Any]
DOWN = {"y_coord_down": True}


def layers_of(tile: bytes) -> dict[str, list[dict[str, Any]]]:
    found = mapbox_vector_tile.decode(tile, default_options=DOWN)
    for layer in found.values():
        assert layer["extent"] == 4096
        assert layer["version"] == 2
    return {name: layer["features"] for name, layer in found.items()}


def shapes_of(features: list[dict[str, Any]]) -> Features:
    """The shape of each feature by its id; no id is there twice."""
    assert len({one["id"] for one in features}) == len(features), "a feature is doubled"
    return {one["id"]: shape(one["geometry"]) for one in features}


def rings_of(area: Any) -> list[Any]:
    return list(shapely.get_parts(area))


def is_wound_right(area: Any) -> bool:
    """Outer rings have a positive area where y runs downwards, holes a negative one."""
    return all(
        shapely.is_ccw(part.exterior) and not any(shapely.is_ccw(hole) for hole in part.interiors)
        for part in shapely.get_parts(area)
    )
