"""
Columns of text read at once by compiled code, where each of their values is written in the plainest way.

A machine writes a column in one way. What a person has written differently is left to `load_fields`, which looks at
every value; both read the same out of a plain one.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no types)

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

LOCAL, ZONED = len("2026-01-02 03:04:05"), len("2026-01-02 03:04:05+08:00")


def stripped(raw: pd.Series) -> tuple[pd.Series, bool]:
    """
    A column of text without blanks at the ends of its values, the empty text being no value.

    Returns
    -------
    stripped
        Of the same type and index.
    has_nul
        Whether a value holds a NUL, which no text of PostgreSQL can.
    """
    plain = pc.utf8_trim_whitespace(pa.chunked_array(pa.array(raw)))
    empty = pc.equal(plain, "")
    if _any(empty):
        plain = pc.if_else(empty, None, plain)
    return _series(plain, raw), _any(pc.match_substring(plain, "\x00"))


def numbers(plain: pd.Series) -> pd.Series | None:
    """A column of text as float64, correctly rounded; None if a value is not written as a plain number."""
    try:
        read = pc.cast(pa.chunked_array(pa.array(plain)), pa.float64())
    except pa.ArrowInvalid:
        return None
    return pd.Series(read.to_numpy(), index=plain.index)


def times(plain: pd.Series, in_zone: ZoneInfo) -> pd.Series | None:
    """
    A column of text as instants; None if not every value is ``2026-01-02 03:04:05``, or every one with ``+08:00``.

    Parameters
    ----------
    plain
        From `stripped`.
    in_zone
        Of times that name none; the hour that a clock shows twice in autumn is taken for the first.
    """
    texts = pa.chunked_array(pa.array(plain))
    lengths = pc.min_max(pc.binary_length(texts)).as_py()
    if lengths["min"] != lengths["max"] or lengths["max"] not in (LOCAL, ZONED):
        return None
    zoned = lengths["max"] == ZONED
    if zoned and not pc.all(pc.equal(pc.utf8_slice_codeunits(texts, ZONED - 3, ZONED - 2), ":")).as_py():
        return None
    try:
        read = pc.cast(texts, pa.timestamp("us", "UTC" if zoned else None)).to_pandas()
    except pa.ArrowInvalid:
        return None
    read.index = plain.index
    return read if zoned else localized(read, in_zone)


def localized(local: pd.Series, zone: ZoneInfo) -> pd.Series:
    """Instants of what a clock shows; the hour that it shows twice in autumn is taken for the first, summer time."""
    twice = np.ones(len(local), dtype=bool)
    return local.dt.tz_localize(zone, ambiguous=twice, nonexistent="shift_forward").dt.tz_convert("UTC")


def _any(found: pa.ChunkedArray) -> bool:
    return bool(pc.any(found).as_py())


def _series(values: pa.ChunkedArray, like: pd.Series) -> pd.Series:
    series = values.to_pandas(types_mapper=lambda _type: like.dtype)
    series.index = like.index
    return series
