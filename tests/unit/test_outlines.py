"""Outlines for small drawings."""

import numpy as np
import orjson
import shapely

from geo.outlines import DECIMALS, PIXELS, outlines


def wiggly(west: float, east: float) -> shapely.Polygon:
    """A square degree whose sides at 122 degrees east are the same wiggles for both neighbours."""
    south, north = 45.0, 46.0
    lat = np.linspace(south, north, 400)
    seam = np.column_stack([122 + 0.0005 * np.sin(lat * 300), lat])
    far = west if east == 122 else east
    return shapely.Polygon([*seam, (far, north), (far, south)])


def test_simplified_neighbours_still_cover_without_gap_or_overlap():
    areas = np.array([wiggly(121, 122), wiggly(122, 123)])
    drawn = shapely.from_geojson([orjson.dumps(outline) for outline in outlines(areas)])
    assert shapely.coverage_is_valid(drawn)
    assert shapely.get_num_coordinates(drawn).sum() < shapely.get_num_coordinates(areas).sum() / 4


def test_no_point_of_an_outline_moves_further_than_a_pixel():
    areas = np.array([wiggly(121, 122), wiggly(122, 123)])
    for area, outline in zip(areas, outlines(areas), strict=True):
        drawn = shapely.Polygon(outline["coordinates"][0])
        assert shapely.hausdorff_distance(drawn.boundary, area.boundary) <= 2 * 2 / PIXELS + 10.0**-DECIMALS


def test_nothing_has_no_outlines():
    assert outlines(np.array([], dtype=object)) == []
