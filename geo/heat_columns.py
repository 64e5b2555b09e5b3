"""
All incidents in memory: an index that stays, and what is new since beside it.

A `View` never changes. `changed` gives the next one from what the database says of some incidents: their old rows are
struck out and their present ones stand among the new rows, which are few and looked at one by one. `merged` puts the
new rows into a fresh index. Readers hold one view for as long as they count, and need no lock.
"""

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from geo.heat_index import Index, all_alive, find, index_of, sums_of
from geo.heat_rows import NO_HANDED, NO_ROWS, Handed, Int32s, Int64s, Rows, Words, join, sorted_handed, take


@dataclass(frozen=True)
class Names:
    """
    What the numbers of rows stand for.

    Attributes
    ----------
    paths
        Sorted, so that a subtree is a range of ranks.
    new_paths
        Paths met since; their numbers go on after those of `paths`.
    categories, organisations
        In the order they were met.
    """

    paths: tuple[str, ...] = ()
    new_paths: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()

    def with_new(self, paths: Sequence[str], categories: Sequence[str], organisations: Sequence[str]) -> "Names":
        """The names with those among the given ones that are not known yet."""
        known = set(self.paths).union(self.new_paths)
        return Names(
            self.paths,
            self.new_paths + tuple(dict.fromkeys(path for path in paths if path not in known)),
            tuple(dict.fromkeys([*self.categories, *categories])),
            tuple(dict.fromkeys([*self.organisations, *organisations])),
        )

    def units(self, paths: Sequence[str]) -> Int32s:
        """The numbers of paths, all of which are known."""
        new = {path: len(self.paths) + at for at, path in enumerate(self.new_paths)}
        return np.array([new[path] if path in new else bisect_left(self.paths, path) for path in paths], np.int32)


@dataclass(frozen=True)
class Batch:
    """
    What the database says of some incidents.

    Attributes
    ----------
    high, low
        Halves of the ids of all of them, those that are gone too.
    rows
        Those that are there; `unit`, `category` are numbers of `paths` and `categories` of this batch.
    handed
        Their hand-overs; `organisation` is a number of `organisations` of this batch, `row` a place in `rows`.
    """

    high: Words
    low: Words
    rows: Rows
    handed: Handed
    paths: tuple[str, ...]
    categories: tuple[str, ...]
    organisations: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """
    All incidents at one moment.

    Attributes
    ----------
    names
        Of the numbers in all rows.
    index, handed
        The sorted incidents, and which of them are in whose hands.
    alive
        The bitmap of the incidents of the index that still stand so, shape (w,).
    new, new_handed
        Rows that came since, in any order.
    """

    names: Names
    index: Index
    handed: Handed
    alive: Words
    new: Rows
    new_handed: Handed

    @cached_property
    def sums(self) -> Int32s:
        """All and open incidents of the index that stand before each word, by which a map of all is counted."""
        return sums_of(self.alive, self.index.open)

    @cached_property
    def plans(self) -> dict[Hashable, Any]:
        """What filters mean in this view, by slice and filter; see `heat_filter.plan_of`."""
        return {}

    def organisation(self, named: str) -> int:
        """The number of an organisation, -1 for one that has nothing in hand."""
        return self.names.organisations.index(named) if named in self.names.organisations else -1

    @property
    def total(self) -> int:
        """How many incidents there are."""
        return int(np.bitwise_count(self.alive).sum()) + len(self.new.code)


def view_of(rows: Rows, handed: Handed, names: Names) -> View:
    """A view of rows in any order, whose units are numbers of `names`."""
    rows, names = _ranked(rows, names)
    order = np.argsort(rows.code, kind="stable")
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    index = index_of(take(rows, order), len(names.categories))
    handed = sorted_handed(handed.organisation, place[handed.row], handed.until)
    return View(names, index, handed, all_alive(len(order)), NO_ROWS, NO_HANDED)


def changed(view: View, batch: Batch) -> View:
    """The view after some incidents were made, changed or taken away."""
    names = view.names.with_new(batch.paths, batch.categories, batch.organisations)
    gone = find(view.index.rows, view.index.by_id, batch.high, batch.low)
    keep = ~_among(view.new, batch)
    kept, coming = take(view.new, keep), _renumbered(batch, names)
    return replace(
        view,
        names=names,
        alive=_struck(view.alive, gone[gone >= 0]),
        new=join([kept, coming]),
        new_handed=_joined(_kept(view.new_handed, keep), _handed(batch, names), len(kept.code)),
    )


def merged(view: View) -> View:
    """The same incidents, all of them in the index."""
    stands = alive_rows(view)
    rows = join([take(view.index.rows, stands), view.new])
    handed = _joined(_kept(view.handed, stands), view.new_handed, int(stands.sum()))
    return view_of(rows, handed, view.names)


def alive_rows(view: View) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which rows of the index still stand, shape (n,)."""
    bits = np.unpackbits(view.alive.view(np.uint8), bitorder="little")
    return bits[: len(view.index.rows.code)].astype(np.bool_)


def _ranked(rows: Rows, names: Names) -> tuple[Rows, Names]:
    paths = names.paths + names.new_paths
    order = np.array(sorted(range(len(paths)), key=paths.__getitem__), np.int32)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    ranked = replace(names, paths=tuple(paths[at] for at in order.tolist()), new_paths=())
    return rows._replace(unit=rank[rows.unit]), ranked


def _struck(alive: Words, gone: Int64s) -> Words:
    left = alive.copy()
    np.bitwise_and.at(left, gone >> 6, ~(np.uint64(1) << (gone & 63).astype(np.uint64)))
    return left


def _among(new: Rows, batch: Batch) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    ids = set(zip(batch.high.tolist(), batch.low.tolist(), strict=True))
    pairs = zip(new.high.tolist(), new.low.tolist(), strict=True)
    return np.fromiter((pair in ids for pair in pairs), np.bool_, len(new.high))


def _renumbered(batch: Batch, names: Names) -> Rows:
    number = {code: at for at, code in enumerate(names.categories)}
    categories = np.array([number[code] for code in batch.categories], np.int16)
    return batch.rows._replace(unit=names.units(batch.paths)[batch.rows.unit], category=categories[batch.rows.category])


def _handed(batch: Batch, names: Names) -> Handed:
    number = {organisation: at for at, organisation in enumerate(names.organisations)}
    organisations = np.array([number[one] for one in batch.organisations], np.int32)
    return batch.handed._replace(organisation=organisations[batch.handed.organisation])


def _kept(handed: Handed, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Handed:
    """The hand-overs of the rows that are kept, at their new places."""
    place = (np.cumsum(keep) - 1).astype(np.int32)
    stays = keep[handed.row]
    return Handed(handed.organisation[stays], place[handed.row[stays]], handed.until[stays])


def _joined(first: Handed, second: Handed, shift: int) -> Handed:
    return sorted_handed(
        np.concatenate([first.organisation, second.organisation]),
        np.concatenate([first.row, (second.row + shift).astype(np.int32)]),
        np.concatenate([first.until, second.until]),
    )
