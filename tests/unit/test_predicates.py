"""Exact signs against rational arithmetic."""

from fractions import Fraction

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.predicates import exact_side, side

ORDINARY = st.floats(-180, 180).filter(lambda v: v == 0 or abs(v) > 1e-60)
COORDINATES = st.one_of(ORDINARY, st.floats(1e-60, 1e30), st.integers(-4, 4).map(float))
PLACES = st.tuples(COORDINATES, COORDINATES)


def sign_by_fractions(a, b, p):
    (ax, ay), (bx, by), (px, py) = [tuple(map(Fraction, c)) for c in (a, b, p)]
    cross = (ax - px) * (by - py) - (ay - py) * (bx - px)
    return (cross > 0) - (cross < 0)


@given(PLACES, PLACES, PLACES)
@example((0.0, 0.0), (1.0, 1.0), (5e-324, 5e-324))
@example((0.0, 0.0), (1.0, 1.0), (5e-324, 0.0))
@example((1e30, 1e-60), (1e-60, 1e30), (5e29, 5e29))
@settings(max_examples=300, deadline=None)
def test_the_side_has_the_sign_of_the_determinant(a, b, p):
    assert np.sign(side(*a, *b, *p)) == sign_by_fractions(a, b, p)
    assert exact_side(*a, *b, *p) == sign_by_fractions(a, b, p)


@given(PLACES, PLACES, st.floats(0, 1), st.integers(-2, 2), st.integers(-2, 2))
@settings(max_examples=300, deadline=None)
def test_the_side_is_right_beside_the_line_by_units_in_the_last_place(a, b, t, ulps_x, ulps_y):
    x, y = (c + (d - c) * t for c, d in zip(a, b, strict=True))
    p = (float(x + ulps_x * np.spacing(x)), float(y + ulps_y * np.spacing(y)))
    assert np.sign(side(*a, *b, *p)) == sign_by_fractions(a, b, p)
