"""Two editions of the units on two maps that move together, with what differs between them marked and listed."""

from dataclasses import dataclass
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.comparison import CHANGES, changes, ground
from geo.units import LEVELS
from tiles import legends, maps
from tiles.encoding import column
from tiles.frames import shapes_of, table_of
from tiles.labels import Language, area_label, label
from tiles.legends import row
from tiles.pair import Pair, corners_of
from tiles.pyramid import areas_drawn
from tiles.sheet import Sheet

MOST_LISTED = 500
ROOM = 0.3
"""How much ground is shown around what differs, as a part of its extent."""


def side_by_side(
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    captions: tuple[str, str],
    lang: Language,
    title: str = "",
    timezone: str = "Asia/Shanghai",
) -> Pair:
    """
    Two maps that move together: the units before on the left, those after on the right.

    Units that were made, retired, redrawn or altered are coloured on the side where they are and listed below; a line
    of the list leads to its place on both. What is the same on both is carried once.

    Parameters
    ----------
    before, after
        As `units.in_force` gives them, in EPSG:4326; neither empty.
    captions
        What stands over the left and the right map, such as the instants of the editions.
    lang
        ``zh`` or ``en``.
    title
        Heading of the page.
    timezone
        The clock of the times that the page shows.
    """
    both = _Both(before, after, changes(before, after), lang)
    left, right = (maps.new_map(_bounds(both), lang, title, timezone) for _ in range(2))
    left.caption, right.caption = captions
    pair = Pair(left, right, _listed(both))
    _add_same(pair, after[~after["derived"] & ~after["unit_id"].isin(both.changed.index)].reset_index(drop=True))
    for sheet, frame, which in ((left, before, "was"), (right, after, "now")):
        at = both.changed[which].to_numpy()
        here = both.changed[(at >= 0) & ~_derived(frame, at)]
        _add_changed(sheet, frame.iloc[here[which]].reset_index(drop=True), here["change"].tolist())
        maps.add_outlines(sheet, frame)
    return pair


@dataclass(frozen=True)
class _Both:
    """Two editions, what differs between them as `changes` tells it, and the language to tell it in."""

    before: gpd.GeoDataFrame
    after: gpd.GeoDataFrame
    changed: pd.DataFrame
    lang: Language

    @property
    def names(self) -> dict[int, str]:
        """What each unit is called, in the later edition if it is there."""
        return {**_names(self.before, self.lang), **_names(self.after, self.lang)}

    def rows(self, one: Any) -> list[pd.Series]:
        """A changed unit before and after, as far as it was there."""
        return [frame.iloc[at] for frame, at in ((self.before, one.was), (self.after, one.now)) if at >= 0]


def _bounds(both: _Both) -> list[float]:
    """Of what differs, with room around it; of everything if nothing does."""
    areas = [both.before.geometry.to_numpy(), both.after.geometry.to_numpy()]
    if both.changed.empty:
        return shapely.total_bounds(np.concatenate(areas)).tolist()
    was, now = (both.changed[which].to_numpy() for which in ("was", "now"))
    west, south, east, north = shapely.total_bounds(np.concatenate([areas[0][was[was >= 0]], areas[1][now[now >= 0]]]))
    aside = ROOM * max(east - west, north - south)
    return [max(west - aside, -180), max(south - aside, -85), min(east + aside, 180), min(north + aside, 85)]


def _derived(frame: gpd.GeoDataFrame, at: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.append(frame["derived"].to_numpy(bool), True)[at]  # the last one stands for -1


def _add_same(pair: Pair, units: gpd.GeoDataFrame) -> None:
    what = {
        **areas_drawn(shapes_of(pair.left, units)),
        "at": [0] * len(units),
        "colours": [legends.UNCHANGED],
        "table": table_of(pair.left, units, ["code", "households"]),
    }
    pair.right.synthetic = pair.left.synthetic
    pair.draw("unchanged", "areas", what)


def _add_changed(sheet: Sheet, units: gpd.GeoDataFrame, change: list[str]) -> None:
    table = table_of(sheet, units, ["code", "households"])
    table["columns"].append(column(label("one.change", sheet.lang), [label(f"{one}", sheet.lang) for one in change]))
    what = {
        **areas_drawn(shapes_of(sheet, units)),
        "at": [CHANGES.index(one) for one in change],
        "colours": [legends.CHANGES[one] for one in CHANGES],
        "table": table,
    }
    sheet.draw("changes", "areas", what, None, show=True)


def _listed(both: _Both) -> dict[str, Any]:
    counts, lang = both.changed["change"].value_counts(), both.lang
    names = both.names
    went = _told_ground(ground(both.before, both.after, both.changed), names, lang)
    shown, left = both.changed.head(MOST_LISTED), max(0, len(both.changed) - MOST_LISTED)
    return {
        "legend": [row(legends.CHANGES[one], label(one, lang), int(counts.get(one, 0))) for one in CHANGES],
        "columns": [label(word, lang) for word in ("one.unit", "one.code", "one.change", "one.area", "one.ground")],
        "rows": [_line(both, one, names[one.Index], went.get(one.Index, "")) for one in cast(Any, shown.itertuples())],
        "notes": [label("more", lang, n=f"{left:,}")] if left else [],
    }


def _line(both: _Both, one: Any, name: str, went: str) -> dict[str, Any]:
    rows = both.rows(one)
    areas = [area_label(area, both.lang) for area in (one.was_m2, one.now_m2) if not np.isnan(area)]
    changed = label(one.change, both.lang) + _told_otherwise(rows[0], rows[-1], both.lang)
    return {
        "colour": legends.CHANGES[one.change],
        "corners": corners_of(shapely.total_bounds([each["geometry"] for each in rows]).tolist()),
        "cells": [name, rows[-1]["code"], changed, " → ".join(dict.fromkeys(areas)), went],
    }


def _told_otherwise(was: pd.Series, now: pd.Series, lang: Language) -> str:
    """What a unit was called before, if it was called otherwise; and its former level."""
    told = [str(was[name]) for name in ("name", "code") if was[name] != now[name]]
    told += [label(was["level"], lang)] if was["level"] != now["level"] and was["level"] in LEVELS else []
    return " (" + label("formerly", lang, what=", ".join(told)) + ")" if told else ""


def _names(frame: gpd.GeoDataFrame, lang: Language) -> dict[int, str]:
    names = frame["name_en"].fillna(frame["name"]) if lang == "en" else frame["name"]
    return dict(zip(frame["unit_id"].tolist(), names.astype(str), strict=True))


def _told_ground(given: pd.DataFrame, names: dict[int, str], lang: Language) -> dict[int, str]:
    """Of each unit, which part of whose ground it took, and to whom which part of its own went."""
    told: dict[int, list[str]] = {}
    for former, later, share in given.itertuples(index=False, name=None):
        told.setdefault(later, []).append(label("took", lang, whom=names[former], share=_percent(share)))
        told.setdefault(former, []).append(label("gave", lang, whom=names[later], share=_percent(share)))
    return {unit: {"zh": "；", "en": "; "}[lang].join(parts) for unit, parts in told.items()}


def _percent(share: float) -> str:
    return "< 0.1%" if share < 0.001 else f"{share:.1%}".replace(".0%", "%")
