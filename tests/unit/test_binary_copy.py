"""What PostgreSQL is sent in binary form, against other makers of the same bytes."""

import uuid

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import binary_copy
from geo.errors import BadColumn


@given(st.lists(st.uuids(), max_size=20), st.booleans())
def test_uuids_are_sixteen_bytes_with_hyphens_or_without(ids: list[uuid.UUID], hyphens: bool) -> None:
    texts = pa.array([str(one) if hyphens else one.hex for one in ids], pa.string())
    assert binary_copy.uuids(texts).to_pylist() == [one.bytes for one in ids]


@pytest.mark.parametrize("wrong", ["", "abc", "g" * 32, "0" * 31, "0" * 33, "０" * 32, None])
def test_what_is_no_uuid_is_refused(wrong: str | None) -> None:
    with pytest.raises(BadColumn, match="id"):
        binary_copy.uuids(pa.array([uuid.UUID(int=1).hex, wrong]))


def test_two_that_are_too_short_and_too_long_do_not_make_up_for_each_other() -> None:
    with pytest.raises(BadColumn, match="id"):
        binary_copy.uuids(pa.array(["0" * 31, "0" * 33]))


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), max_size=20))
def test_points_are_the_wkb_that_shapely_writes(places: list[tuple[float, float]]) -> None:
    lon, lat = np.array([x for x, _ in places], dtype=float), np.array([y for _, y in places], dtype=float)
    made = shapely.to_wkb(shapely.set_srid(shapely.points(np.column_stack([lon, lat])), 4326), include_srid=True)
    assert binary_copy.points(lon, lat).to_pylist() == list(made)
