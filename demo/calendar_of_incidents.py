"""When incidents happen and what becomes of them: rhythm of the day, week and year, delays, states."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from demo.clusters import FloatArray, IntArray
from demo.identity import picks
from demo.words import Likeness

BEGIN = pd.Timestamp("2023-11-01", tz="Asia/Shanghai")
END = pd.Timestamp("2026-11-01", tz="Asia/Shanghai")  # the first instant after the three years
_GROWTH = 0.35  # more incidents are reported at the end than in the beginning, as the service becomes known
_OPEN_FADES_DAYS = 60.0
_OPEN_STATES: dict[str, dict[str, float]] = {
    "fresh": {"reported": 4, "accepted": 3, "assigned": 2, "dispatched": 3, "signed": 2, "handling": 1},
    "recent": {"accepted": 1, "assigned": 2, "dispatched": 2, "signed": 2, "handling": 6, "checking": 3, "returned": 1},
    "old": {"handling": 5, "checking": 3, "deferred": 4, "returned": 1, "assigned": 1},
}


def moments(likeness: Likeness, count: int, rng: np.random.Generator) -> NDArray[np.datetime64]:
    """`count` instants (UTC, seconds) in the rhythm of one category."""
    days = pd.date_range(BEGIN, END, freq="D", inclusive="left")
    month = np.array(likeness.months)[days.month.to_numpy() - 1]
    week = np.where(days.day_of_week.to_numpy() >= 5, likeness.weekend, 1.0)
    # Each day differs from its neighbours a little, as weather does.
    weight = month * week * np.linspace(1, 1 + _GROWTH, len(days)) * rng.gamma(8.0, 1 / 8.0, len(days))
    day = _drawn(weight, count, rng)
    hour = _drawn(np.array(likeness.hours, dtype=float), count, rng)
    seconds = hour * 3_600 + rng.integers(0, 3_600, count)
    local = days.tz_localize(None).to_numpy()[day].astype("datetime64[s]") + seconds.astype("timedelta64[s]")
    return np.asarray(local - np.timedelta64(8, "h"), dtype="datetime64[s]")


def left_open(
    received: NDArray[np.datetime64], closed_at: NDArray[np.datetime64], count: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which incidents are still open at the end: exactly `count`, most of them recent, and all that close later."""
    age = _age_days(received)
    # The largest of independent Gumbel keys are a sample without replacement, in proportion to the weights.
    keys = np.log(np.exp(-age / _OPEN_FADES_DAYS) + 0.004) + rng.gumbel(size=len(age))
    keys[_age_days(closed_at) <= 0] = np.inf
    chosen = np.zeros(len(age), dtype=bool)
    chosen[np.argsort(-keys, kind="stable")[:count]] = True
    return chosen


def states(
    received: NDArray[np.datetime64],
    closed_at: NDArray[np.datetime64],
    is_open: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.object_]:
    """The state of each incident: of an open one by its age, of a closed one by the time since it was closed."""
    age = _age_days(received)
    named = [picks(rng, len(age), shares) for shares in _OPEN_STATES.values()]
    of_open = np.select([age < 3, age < 30], named[:2], named[2])
    since = _age_days(closed_at)
    revisited = rng.random(len(age)) < np.clip(since / 60, 0.05, 0.7)
    of_closed = np.where(since > 180, "archived", np.where(revisited, "revisited", "closed"))
    return np.where(is_open, of_open, of_closed).astype(object)


def delays(hours: FloatArray, rng: np.random.Generator) -> IntArray:
    """Seconds from report to close: most inside of the time limit, a few long after it."""
    share = rng.lognormal(-0.9, 0.75, len(hours))
    return np.maximum(600, hours * 3_600 * share).astype(np.int64)


def last_second() -> np.datetime64:
    """The last second of the three years, UTC."""
    return END.tz_convert("UTC").tz_localize(None).to_datetime64().astype("datetime64[s]") - np.timedelta64(1, "s")


def _age_days(instants: NDArray[np.datetime64]) -> FloatArray:
    return (last_second() - instants).astype(np.float64) / 86_400


def _drawn(weights: FloatArray, count: int, rng: np.random.Generator) -> IntArray:
    total = np.cumsum(weights)
    return np.searchsorted(total, rng.random(count) * total[-1], side="right").astype(np.int64)
