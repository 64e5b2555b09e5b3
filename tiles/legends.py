"""Colours and classes: ramps that the colour-blind tell apart, and limits of classes that people can read."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

# From light to dark, in one hue family each, so that the order survives any kind of colour vision and a grey print.
RATE_RAMP = ("#fee391", "#fec44f", "#fb8d2b", "#d6521b", "#8c2d04")
HEAT_RAMP = {0.0: "#fff3b2", 0.25: "#fed976", 0.5: "#fd8d3c", 0.75: "#e31a1c", 1.0: "#800026"}
ZERO, NONE = "#fffffb", "#bcc3c9"
REACHED_BY_SEVERAL, REACHED_BY_ONE, REACHED_BY_NONE = "#2b6ca8", "#9ecae1", "#f2b48c"
STATION = "#1b3a5c"
OPEN, DONE = "#d95f02", "#6b7a89"
CHANGES = {"made": "#009e73", "retired": "#d55e00", "redrawn": "#0072b2", "altered": "#cc79a7"}
UNCHANGED = "#dfe4e2"
# Okabe and Ito (2008) without black and yellow, which a light map swallows; dashes tell a second round apart.
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
DASHES = ("", "10 6", "2 7")

_READABLE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def readable(number: float) -> float:
    """The nearest number of one or two plain digits, such as 250 for 243.7; positive numbers only."""
    power = 10.0 ** math.floor(math.log10(number))
    steps = np.array(_READABLE)
    return float(f"{steps[np.abs(steps - number / power).argmin()] * power:.6g}")


def class_limits(values: NDArray[np.float64], classes: int = 5) -> list[float]:
    """
    Limits between classes of about equal size, as numbers that people can read.

    Parameters
    ----------
    values
        Positive numbers, shape (n,).
    classes
        How many classes at the most; fewer where quantiles meet in one readable number.

    Returns
    -------
    list
        Strictly rising limits; a class holds its lower limit and not its upper one. No class is empty.
    """
    if not len(values):
        return []
    cuts = np.quantile(values, np.linspace(0, 1, classes + 1)[1:-1])
    limits: list[float] = []
    below = 0
    for limit in sorted({readable(float(cut)) for cut in cuts}):
        count = int((values < limit).sum())
        if below < count < len(values):
            limits.append(limit)
            below = count
    return limits


def class_names(limits: Sequence[float]) -> list[str]:
    """What a legend calls the classes between the limits, from the lowest to the highest."""
    if not limits:
        return ["> 0"]
    inner = [f"{plain(low)} – {plain(high)}" for low, high in pairwise(limits)]
    return [f"< {plain(limits[0])}", *inner, f"≥ {plain(limits[-1])}"]


def ramp_of(classes: int) -> list[str]:
    """As many colours of the ramp of rates as there are classes, spread over its whole range."""
    return (
        [RATE_RAMP[round(at)] for at in np.linspace(0, len(RATE_RAMP) - 1, classes)] if classes > 1 else [RATE_RAMP[2]]
    )


def plain(number: float) -> str:
    """A number as a legend writes it: no exponent, thousands apart, no needless zeros."""
    text = f"{number:,.3f}" if number < 1 else f"{number:,.1f}"
    return text.rstrip("0").rstrip(".")


def row(colour: str, text: str, count: int | None, shape: str = "area", dash: str = "") -> dict[str, Any]:
    """One line of a legend: a swatch (``area``, ``line`` or ``dot``), its name, and how many there are."""
    counted = {} if count is None else {"count": f"{count:,}"}
    return {"colour": colour, "label": text, "shape": shape, "dash": dash, **counted}
