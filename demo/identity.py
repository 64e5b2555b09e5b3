"""Identifiers of demonstration rows: UUIDv7 in shape, and the same again for the same seed."""

import binascii

import numpy as np
import pandas as pd

from demo.clusters import IntArray


def identifiers(instants: "pd.DatetimeIndex", rng: np.random.Generator) -> list[str]:
    """One UUIDv7 (RFC 9562) for each instant, whose random bits come from the generator; 32 hexadecimal digits."""
    millis = instants.as_unit("ms").asi8.astype(np.uint64)
    words = np.empty((len(millis), 2), dtype=">u8")
    words[:, 0] = millis << np.uint64(16) | np.uint64(0x7000) | rng.integers(0, 1 << 12, len(millis), dtype=np.uint64)
    words[:, 1] = np.uint64(1 << 63) | rng.integers(0, 1 << 62, len(millis), dtype=np.uint64)
    text = binascii.hexlify(words.tobytes()).decode()
    return [text[start : start + 32] for start in range(0, len(text), 32)]


def office_phones(first: int, count: int) -> list[str]:
    """Telephones of offices, plainly made up: no exchange of the area begins with 000."""
    return [f"0482-000{number % 10_000:04d}" for number in range(first, first + count)]


def picks(
    rng: np.random.Generator, count: int, shares: dict[str, float]
) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    """Words drawn in proportion to their shares, shape (count,)."""
    weights = np.array(list(shares.values()))
    drawn: IntArray = np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(count)).astype(np.int64)
    return np.array(list(shares), dtype=object)[np.minimum(drawn, len(weights) - 1)]
