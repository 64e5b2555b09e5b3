"""Tiles of squares, read by a decoder that is not ours."""

import mapbox_vector_tile
import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.heat_rows import codes_of, interleave
from tiles.heat_squares import squares

SIDE = 64


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.integers(0, SIDE**2 - 1), st.tuples(st.integers(1, 2**31 - 1), st.integers(0, 2**31 - 1)), max_size=200
    )
)
def test_every_filled_cell_is_a_valid_square_with_its_counts(given_cells: dict[int, tuple[int, int]]) -> None:
    n, still_open = np.zeros(SIDE**2, np.int32), np.zeros(SIDE**2, np.int32)
    expected = {}
    for place, counts in given_cells.items():
        x, y = place % SIDE, place // SIDE
        code = int(interleave(np.array([x]), np.array([y]))[0])
        n[code], still_open[code] = counts
        expected[x, y] = counts
    decoded = mapbox_vector_tile.decode(squares("heat", n, still_open), default_options={"y_coord_down": True})
    found = {}
    for feature in decoded.get("heat", {"features": []})["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        assert shape.area == 64 * 64
        west, north, east, south = shape.bounds
        assert (east - west, south - north) == (64, 64)
        found[int(west) // 64, int(north) // 64] = (feature["properties"]["n"], feature["properties"]["open"])
    assert found == expected


def test_a_full_tile_is_written_whole() -> None:
    n = np.arange(1, SIDE**2 + 1, dtype=np.int32)
    layer = mapbox_vector_tile.decode(squares("heat", n, n))["heat"]
    assert layer["extent"] == 4096
    assert sum(one["properties"]["n"] for one in layer["features"]) == int(n.sum())


@given(st.floats(-180, 179.999), st.floats(-85, 85))
def test_the_number_of_a_place_begins_with_the_number_of_its_tile(lon: float, lat: float) -> None:
    code = int(codes_of(np.array([lon]), np.array([lat]))[0])
    x = np.floor((lon + 180) / 360 * 2**16)
    y = np.floor((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**16)
    assert code >> 30 == int(interleave(np.array([int(x)]), np.array([int(y)]))[0])
