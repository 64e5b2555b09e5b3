"""What is asked of a load, and what it reports."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geo.gaps import Gap
from geo.load_fields import Kind, Strings
from geo.rejects import REASONS
from geo.repair import GAP_M, Repair


@dataclass(frozen=True)
class LoadOrder:
    """
    A file to load.

    Attributes
    ----------
    kind
        What its rows are.
    path
        The file.
    crs
        The declared reference system of its coordinates; that of the file if not given.
    layer, encoding
        See `readers.open_file`.
    columns
        By field, the column that it is taken from; the others are found by name.
    constants
        By field, the text that stands in every row.
    values
        By field, what a file's value stands for.
    defaults
        By field, what a value stands for that no catalogue knows.
    source
        The name of where the rows come from: with a row's key it makes the row the same one at the next load.
    timezone
        Of times that name none.
    time_format
        See `load_fields.Reading`.
    rejects
        The file for the rows that are refused; none is written if not given.
    dry_run
        Do everything, and undo it.
    root
        The name of the unit above all units of the file that name no parent.
    root_level
        The level of that unit.
    gap_m
        Gaps between units narrower than this are closed, metres.
    account
        Who loads.
    trust_crs
        Take coordinates for what was declared, even where they look like GCJ-02.
    """

    kind: Kind
    path: Path
    crs: str | None = None
    layer: str | None = None
    encoding: str | None = None
    columns: Strings = field(default_factory=dict)
    constants: Strings = field(default_factory=dict)
    values: Mapping[str, Strings] = field(default_factory=dict)
    defaults: Strings = field(default_factory=dict)
    source: str = ""
    timezone: str = "Asia/Shanghai"
    time_format: str | None = None
    rejects: Path | None = None
    dry_run: bool = False
    root: str | None = None
    root_level: str | None = None
    gap_m: float = GAP_M
    account: str = "operator"
    trust_crs: bool = False

    @property
    def gaps_file(self) -> Path | None:
        """Where gaps between units go: beside the rejects."""
        return None if self.rejects is None else self.rejects.with_name(f"{self.path.stem}.gaps.geojson")

    @property
    def named_source(self) -> str:
        """The source, which is the file's name without its suffix unless it was named."""
        return self.source or self.path.stem

    def options(self) -> dict[str, Any]:
        """What is kept of the order with the counts of the load."""
        kept = (
            *("crs", "layer", "encoding", "columns", "constants", "values", "defaults", "timezone"),
            *("root", "root_level", "gap_m", "trust_crs"),
        )
        return {name: value for name in kept if (value := getattr(self, name)) not in (None, {}, False)}


@dataclass(frozen=True)
class Unknown:
    """A word that no catalogue knows: its field, how many rows said it, and the value that is most like it."""

    field: str
    word: str
    rows: int
    nearest: str | None


OUTSIDE = ("near", "zero", "swapped", "far")
"""
How a place can lie outside of every unit: about the city or in a gap of it; at 0, 0; in the city once its axes are
swapped; farther from it than it is long.
"""


@dataclass
class LoadReport:
    """
    What became of a file: ``read = loaded + unchanged + rejected``.

    Attributes
    ----------
    format, encoding, layer, crs
        How the file was read.
    columns
        By field, the column that it was taken from.
    unused
        Columns that were not.
    read, loaded, unchanged
        Rows.
    kept
        Of the unchanged rows, those that differ in the file and were worked on here since.
    reasons
        Rejected rows by reason, see `rejects.REASONS`.
    examples
        The first rejected rows: number, reason, detail.
    repairs
        What was repaired.
    gaps
        What no unit covers, largest first; of a load of units.
    outside
        Of the loaded incidents, those outside of every unit, by how: see `OUTSIDE`.
    unknown
        Words of the file that no catalogue knows, with the value that is most like each.
    notes
        What else is to be known, in Chinese and English.
    preview
        The first rows as they were understood.
    """

    format: str
    encoding: str | None
    layer: str | None
    crs: str | None
    columns: Strings
    unused: list[str]
    read: int = 0
    loaded: int = 0
    unchanged: int = 0
    kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[int, str, str]] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    outside: Mapping[str, int] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    preview: list[dict[str, str]] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """Rows that were refused."""
        return sum(self.reasons[reason] for reason in REASONS)
