"""Areas in thousands as a page carries them, read by a decoder that is not ours."""

import base64
from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.affinity import affine_transform

from tests.decoded import layers_of
from tiles import pyramid
from tiles.pyramid import STEP, areas_drawn, tiled
from tiles.quantise import units_at, world

SIDE = 0.01
Tiles = dict[int, dict[tuple[int, int], bytes]]


def squares(count: int) -> np.ndarray:
    """So many squares of a hundredth of a degree in rows of fifty, each with edges that its neighbours share."""
    west, south = 121 + (np.arange(count) % 50) * SIDE, 45 + (np.arange(count) // 50) * SIDE
    return shapely.box(west.round(2), south.round(2), (west + SIDE).round(2), (south + SIDE).round(2))


def unpacked(carried: dict[str, Any]) -> Tiles:
    """The tiles of each zoom by column and row."""
    content, at, found = base64.b64decode(carried["bytes"]), 0, defaultdict(dict)
    for zoom, steps in carried["zooms"]:
        x = y = 0
        for dx, dy, size in np.reshape(steps, (-1, 3)).tolist():
            x, y = x + dx, y + dy
            found[zoom][x, y] = content[at : at + size]
            at += size
    assert at == len(content)
    return dict(found)


def whole(tiles: dict[tuple[int, int], bytes]) -> dict[int, Any]:
    """The areas of one zoom put together again from their tiles, in tile units of the world."""
    parts = defaultdict(list)
    for (x, y), tile in tiles.items():
        for feature in layers_of(tile)["areas"]:
            inside = shapely.intersection(shapely.geometry.shape(feature["geometry"]), shapely.box(0, 0, 4096, 4096))
            parts[feature["id"]].append(affine_transform(inside, [1, 0, 0, 1, x * 4096, y * 4096]))
    return {row: shapely.union_all(pieces) for row, pieces in parts.items()}


@pytest.mark.parametrize("count", [1, 70, 2_000])
def test_every_zoom_has_every_area_where_it_is(count: int) -> None:
    areas = squares(count)
    tiles = unpacked(tiled(areas))
    for zoom, of_zoom in tiles.items():
        found = whole(of_zoom)
        assert sorted(found) == list(range(count))
        true = shapely.transform(areas, lambda at, zoom=zoom: world(at) * units_at(zoom))
        # Rounding moves a vertex by less than one unit each way; of a side of more than 4 units that is no pixel.
        assert all(shapely.hausdorff_distance(found[row], true[row]) < 2 for row in range(0, count, 97))
        assert all(abs(found[row].centroid.distance(true[row].centroid)) < 2 for row in range(count))


def test_every_third_zoom_is_carried_from_one_that_a_few_tiles_cover() -> None:
    carried = tiled(squares(2_000))["zooms"]
    zooms = [zoom for zoom, _ in carried]
    assert all(finer - coarser == STEP for coarser, finer in pairwise(zooms))
    assert len(carried[0][1]) // 3 <= 8
    assert zooms[-1] == pyramid.FINEST


def test_the_finest_zoom_is_one_at_which_the_tiles_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    waves = np.linspace(0, 400, 40_001)
    coast = np.column_stack([121 + waves / 400, 46 + 0.01 * np.sin(waves)])
    above = shapely.Polygon([*coast, (122, 47), (121, 47)])
    below = shapely.Polygon([*coast, (122, 45), (121, 45)])
    areas = np.array([above, below], dtype=object)
    fine = tiled(areas)
    monkeypatch.setattr(pyramid, "MOST_BYTES", 3_000)
    coarse = tiled(areas)
    assert coarse["zooms"][-1][0] < fine["zooms"][-1][0]
    assert len(coarse["bytes"]) < 20_000 < len(fine["bytes"])


def test_few_areas_are_shapes_and_many_are_tiles() -> None:
    assert set(areas_drawn(squares(3))) == {"shape"}
    assert set(areas_drawn(squares(pyramid.MANY_AREAS + 1))) == {"tiles"}
    ring = shapely.Point(122, 46).buffer(0.1, quad_segs=pyramid.MANY_POINTS // 4 + 1)
    assert set(areas_drawn(np.array([ring], dtype=object))) == {"tiles"}


def test_a_row_that_is_no_area_is_left_out_and_the_others_keep_their_rows() -> None:
    areas = squares(3)
    areas[1] = shapely.LineString([(121, 45), (122, 46)])
    assert all(set(whole(of_zoom)) == {0, 2} for of_zoom in unpacked(tiled(areas)).values())


def test_a_hole_stays_a_hole() -> None:
    outer, inner = shapely.box(121, 45, 121.4, 45.4), shapely.box(121.1, 45.1, 121.2, 45.2)
    for of_zoom in unpacked(tiled(np.array([outer.difference(inner), inner], dtype=object))).values():
        found = whole(of_zoom)
        assert not found[0].contains(found[1].centroid)
        assert found[0].intersection(found[1]).area == 0
