"""What is asked of the locating of a file, and what it reports."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geo.division import EDGE, INSIDE, OUTSIDE


@dataclass(frozen=True)
class LocateOrder:
    """
    A file whose points are to be located.

    Attributes
    ----------
    path
        The file.
    out
        Where the answer goes: ``.parquet`` or ``.csv``; with workers, a folder of Parquet parts.
    crs
        The declared reference system of its coordinates; that of the file if not given.
    x, y
        The columns of the coordinates; its own geometries, else columns with a common name, if not given.
    layer, encoding
        See `point_files.open_points`.
    rejects
        The file for the rows that are refused; none is written if not given.
    """

    path: Path
    out: Path
    crs: str | None = None
    x: str | None = None
    y: str | None = None
    layer: str | None = None
    encoding: str | None = None
    rejects: Path | None = None


@dataclass
class LocateReport:
    """
    What became of a file: ``read = inside + edge + outside + rejected``.

    Attributes
    ----------
    format, encoding, layer, crs
        How the file was read.
    coordinates
        The columns that coordinates were taken from; empty for geometries.
    read
        Rows.
    located
        Rows outside, inside and on an edge, as in `division.LOCATED`.
    reasons
        Rejected rows by reason, see `rejects.REASONS`.
    examples
        The first rejected rows: number, reason, detail.
    seconds
        How long it took.
    """

    format: str
    encoding: str | None
    layer: str | None
    crs: str
    coordinates: tuple[str, ...]
    read: int = 0
    located: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, np.int64))
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[int, str, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def inside(self) -> int:
        """Rows within one unit."""
        return int(self.located[INSIDE])

    @property
    def edge(self) -> int:
        """Rows on an edge or corner that units share."""
        return int(self.located[EDGE])

    @property
    def outside(self) -> int:
        """Rows that no unit owns."""
        return int(self.located[OUTSIDE])

    @property
    def rejected(self) -> int:
        """Rows that were refused."""
        return self.reasons.total()
