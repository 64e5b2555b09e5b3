"""
Areas in thousands as a page carries them: vector tiles of few zooms, inside the page.

A tile holds 16 units for each pixel of its own zoom, so that it is still right to half a pixel when it is drawn three
zooms nearer: every third zoom is enough. Features tell nothing but the row of their area; what a row is coloured like
and called stands in the page once. `templates/tiled.js` reads and draws them.
"""

import base64
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from tiles.encoding import Shapes, area_steps, lighter, polygons_of
from tiles.mvt import Layers, layer_of_areas
from tiles.quantise import quantised, world

STEP = 3
"""Zooms between two that are carried."""
FINEST, COARSEST = 12, 4
MOST_BYTES = 2_000_000
"""Of the geometry at the finest zoom carried; all zooms together take about twice that."""
MANY_AREAS, MANY_POINTS = 1_500, 60_000
"""Beyond either, a browser draws tiles sooner than shapes of its own."""


def areas_drawn(areas: Shapes) -> dict[str, Any]:
    """
    Areas as a page carries them: ``shape``, as steps, if they are few, and ``tiles`` if they are many.

    Parameters
    ----------
    areas
        Polygons of one coverage, EPSG:4326, shape (n,). For the eye only: either is simplified.
    """
    if len(areas) > MANY_AREAS or shapely.get_num_coordinates(areas).sum() > MANY_POINTS:
        return {"tiles": tiled(areas)}
    return {"shape": area_steps(lighter(areas))}


def tiled(areas: Shapes) -> dict[str, Any]:
    """
    Areas as vector tiles of every third zoom; the finest is the nearest at which they take at most `MOST_BYTES`.

    Parameters
    ----------
    areas
        Polygons of one coverage, EPSG:4326, shape (n,); they are simplified together. A row without any is left out.

    Returns
    -------
    dict
        ``zooms``: of each zoom, its number and its tiles as a run of column step, row step, bytes. ``bytes``: the tiles
        one after the other in base64. The id of a feature is the position of its area.
    """
    square, rows = _in_order(areas)
    zoom, layer = _finest(square, rows)
    bounds = shapely.total_bounds(square)
    carried = [(zoom, list(_tiles(layer, zoom, bounds)))]
    while zoom - STEP >= COARSEST and len(carried[-1][1]) > 8:
        zoom -= STEP
        carried.append((zoom, list(_tiles(_layer(square, rows, zoom), zoom, bounds))))
    carried.reverse()
    content = b"".join([tile for _, tiles in carried for _, _, tile in tiles])
    return {
        "zooms": [[zoom, _steps(tiles)] for zoom, tiles in carried],
        "bytes": base64.b64encode(content).decode(),
    }


def _in_order(areas: Shapes) -> tuple[Shapes, NDArray[np.int64]]:
    """Areas in the unit square, neighbours near each other, and the position that each had."""
    whole = polygons_of(areas)
    kept = np.flatnonzero(~shapely.is_empty(whole))
    rows = kept[np.argsort(gpd.GeoSeries(whole[kept]).hilbert_distance().to_numpy(), kind="stable")]
    return shapely.transform(whole[rows], world), rows


def _finest(square: Shapes, rows: NDArray[np.int64]) -> tuple[int, Layers]:
    for zoom in range(FINEST, COARSEST, -1):
        layer = _layer(square, rows, zoom)
        if len(layer.columns.rest) <= MOST_BYTES:
            return zoom, layer
    return COARSEST, _layer(square, rows, COARSEST)


def _layer(square: Shapes, rows: NDArray[np.int64], zoom: int) -> Layers:
    return layer_of_areas("areas", rows, quantised(square, zoom), {})


def _tiles(layer: Layers, zoom: int, bounds: NDArray[np.float64]) -> Iterator[tuple[int, int, bytes]]:
    """Column, row and content of each tile that has something in it."""
    west, north, east, south = np.floor(bounds * (1 << zoom)).astype(int)
    for x in range(west, east + 1):
        for y in range(north, south + 1):
            tile = layer.tile(x, y)
            if tile:
                yield x, y, tile


def _steps(tiles: list[tuple[int, int, bytes]]) -> list[int]:
    places = np.array([(x, y) for x, y, _ in tiles], dtype=np.int64).reshape(-1, 2)
    steps = np.diff(places, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return np.column_stack([steps, [len(tile) for _, _, tile in tiles]]).ravel().tolist()
