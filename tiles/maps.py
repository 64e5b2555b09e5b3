"""
Maps of places and incidents with Folium: small functions that each add one layer to a sheet.

Frames carry a CRS and are shown in any; `geometry` is in no need of cleaning. A row with ``synthetic`` true
makes the sheet say that its data are synthetic. `tiles.offline` writes the page. Text from outside is text
in the page, never markup.
"""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from folium.plugins import MarkerCluster
from numpy.typing import NDArray

from geo.coverage import WGS84
from geo.errors import Invalid
from geo.lifecycle import SETTLED
from tiles import legends
from tiles.cells import cell_steps, cells_of, periods_of
from tiles.encoding import Shapes, area_steps, column, line_steps, point_steps
from tiles.frames import need, places_of, points_of, shapes_of, table_of, wall_clock
from tiles.labels import Language, distance_label, distances, label, state_label
from tiles.legends import row
from tiles.pyramid import areas_drawn
from tiles.sheet import Bounds, Drawing, Sheet

OUTLINES = {
    "league": ("#1f2933", 2.6, None),
    "banner": ("#1f2933", 1.8, None),
    "township": ("#52606d", 1.2, None),
    "community": ("#52606d", 0.8, "4 3"),
    "grid": ("#7b8794", 0.7, "2 3"),
    "micro_grid": ("#7b8794", 0.5, None),
}
LEAFLET_HEAT = ("leaflet-heat-fixed.js", "asset:leaflet.heat")
MOST_NAMES = 120
RIVER_PX, BROOK_PX = 2.2, 1.1
MOST_CELLS, MOST_CELLS_OVER_TIME = 30_000, 90_000


def new_map(bounds: Bounds, lang: Language, title: str = "", timezone: str = "Asia/Shanghai") -> Sheet:
    """
    Make an empty sheet, in Web Mercator (EPSG:3857) on a plain ground.

    Parameters
    ----------
    bounds
        West, south, east, north in degrees (EPSG:4326), such as `GeoDataFrame.total_bounds` gives.
    lang
        ``zh`` or ``en``; the language of everything added to the sheet.
    title
        Heading of the page.
    timezone
        The clock of the times that the sheet shows.

    Raises
    ------
    Invalid
        If the bounds are not four finite numbers in order.
    """
    edges = np.asarray(bounds, dtype=float)
    if edges.shape != (4,) or not np.isfinite(edges).all() or edges[0] > edges[2] or edges[1] > edges[3]:
        raise Invalid(f"bounds {list(bounds)}; give west, south, east, north in degrees")
    return Sheet(edges.tolist(), lang, title, timezone)


def add_base(
    sheet: Sheet, streets: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, most_buildings: int = 20_000
) -> Drawing:
    """
    Add a light ground of streets (lines) and buildings (polygons); of very many buildings the largest are shown.

    Parameters
    ----------
    sheet
        From `new_map`.
    streets, buildings
        Geometry with a CRS; no column is needed.
    most_buildings
        How many buildings the page carries.
    """
    areas = shapes_of(sheet, buildings)
    largest = np.sort(np.argsort(shapely.area(areas))[::-1][:most_buildings])
    what = {"buildings": area_steps(areas[largest]), "streets": line_steps(shapes_of(sheet, streets))}
    return sheet.draw("base_map", "ground", what, None, show=True)


def add_water(sheet: Sheet, water: gpd.GeoDataFrame, *, show: bool = True) -> Drawing:
    """
    Add lakes (polygons) and rivers (lines) to the ground.

    Parameters
    ----------
    sheet
        From `new_map`.
    water
        Column ``kind``, by which rivers are wider than brooks; polygons and lines with a CRS.
    show
        Whether the layer is on when the page opens.
    """
    shapes = shapes_of(sheet, water, "kind")
    flat = shapely.get_dimensions(shapes) == 2
    weights = [RIVER_PX if kind == "river" else BROOK_PX for kind in water["kind"][~flat]]
    what = {"areas": area_steps(shapes[flat]), "rivers": line_steps(shapes[~flat]), "weights": weights}
    return sheet.draw("water", "water", what, None, show=show)


def add_units(sheet: Sheet, units: gpd.GeoDataFrame, level: str, *, names: bool = True, show: bool = True) -> Drawing:
    """
    Add the outlines of units of one level, which tell their names and codes.

    Parameters
    ----------
    sheet
        From `new_map`.
    units
        Columns ``code``, ``name`` and, for English, optionally ``name_en``; polygons with a CRS.
    level
        One of `OUTLINES`: how strong the outline is.
    names
        Whether names are written on the map, if they are few enough to be read.
    show
        Whether the layer is on when the page opens.
    """
    if level not in OUTLINES:
        raise Invalid(f"level {level!r}; say one of {', '.join(OUTLINES)}")
    areas = shapes_of(sheet, units, "code", "name")
    colour, weight, dash = OUTLINES[level]
    few = len(units) <= MOST_NAMES
    what = {
        **areas_drawn(areas),
        "colour": colour,
        "weight": weight,
        "dash": dash,
        "land": level in {"league", "banner"},
        "middles": point_steps(_middles(areas)) if names and level != "micro_grid" and few else [],
        "table": table_of(sheet, units, ["code"]),
    }
    drawing = sheet.draw(level, "outlines", what, None, show=show)
    if len(units) == 1:  # a layer of one is that one: no city's root is called a league
        english = sheet.lang == "en" and "name_en" in units and pd.notna(units["name_en"].iloc[0])
        drawing.layer_name = str(units["name_en" if english else "name"].iloc[0])
    return drawing


def add_outlines(sheet: Sheet, units: gpd.GeoDataFrame) -> None:
    """
    Add the outlines of the two coarsest levels that are there; only the finer one is named, or names would overlap.

    Parameters
    ----------
    sheet
        From `new_map`.
    units
        Of several levels: ``level``, and what `add_units` takes.
    """
    levels = [level for level in OUTLINES if (units["level"] == level).any()][:2]
    for level in levels:
        outlined = units[units["level"] == level].reset_index(drop=True)
        add_units(sheet, outlined, level, names=level == levels[-1])


def add_stations(sheet: Sheet, stations: gpd.GeoDataFrame, *, show: bool = True) -> Drawing:
    """
    Add stations, or the home stations of teams, as dots.

    Parameters
    ----------
    sheet
        From `new_map`.
    stations
        Columns ``name`` and optionally ``name_en`` and ``kind``; points with a CRS.
    show
        Whether the layer is on when the page opens.
    """
    points = points_of(sheet, stations, "name")
    legend = _legend_of(sheet, "stations", [row(legends.STATION, label("stations", sheet.lang), len(points), "dot")])
    table = table_of(sheet, stations, ["kind"] if "kind" in stations else [])
    what = {"xy": point_steps(points), "colours": [legends.STATION], "at": [0] * len(points), "table": table}
    return sheet.draw("stations", "dots", what, legend, show=show)


def add_coverage(
    sheet: Sheet, micro_grids: gpd.GeoDataFrame, coverage: pd.DataFrame, radius_m: float, *, show: bool = True
) -> Drawing:
    """
    Add which micro-grids a team or station reaches, and which none.

    Parameters
    ----------
    sheet
        From `new_map`.
    micro_grids
        Columns ``code``, ``name`` and optionally ``households``; polygons with a CRS.
    coverage
        From `geo.coverage.coverage_of` for the same micro-grids, row by row.
    radius_m
        The radius that `coverage` was made with.
    show
        Whether the layer is on when the page opens.
    """
    areas = shapes_of(sheet, micro_grids, "code", "name")
    if list(coverage["code"]) != list(micro_grids["code"]):
        raise Invalid("coverage is of other micro-grids; make it with coverage_of from the same frame")
    lang, at = sheet.lang, 2 - np.minimum(coverage["reach"].to_numpy(np.int64), 2)
    colours = [legends.REACHED_BY_SEVERAL, legends.REACHED_BY_ONE, legends.REACHED_BY_NONE]
    words = ("reached_by_several", "reached_by_one", "reached_by_none")
    rows = [row(colours[i], label(word, lang), int((at == i).sum())) for i, word in enumerate(words)]
    table = table_of(sheet, micro_grids, ["code"])
    table["columns"] += [
        column(label("one.nearest", lang), coverage["nearest"]),
        column(label("one.distance", lang), distances(coverage["distance_m"], lang)),
        column(label("one.reach", lang), coverage["reach"]),
    ]
    what = {**areas_drawn(areas), "at": at.tolist(), "colours": colours, "table": table}
    notes = [label("within", lang, radius=distance_label(radius_m, lang)), *_shares(micro_grids, coverage, lang)]
    return sheet.draw("coverage", "areas", what, _legend_of(sheet, "coverage", rows, notes), show=show)


def add_rates(sheet: Sheet, micro_grids: gpd.GeoDataFrame, *, show: bool = True) -> Drawing:
    """
    Add incidents per 1,000 households, in classes of about equal size.

    Parameters
    ----------
    sheet
        From `new_map`.
    micro_grids
        Columns ``code``, ``name``, ``incidents`` and ``households`` (0 or missing where nobody lives);
        polygons with a CRS.
    show
        Whether the layer is on when the page opens.
    """
    areas = shapes_of(sheet, micro_grids, "code", "name", "incidents", "households")
    rate = rates_of(micro_grids["incidents"], micro_grids["households"])
    limits = legends.class_limits(rate[rate > 0])
    names = [label("no_households", sheet.lang), label("zero", sheet.lang), *legends.class_names(limits)]
    colours = [legends.NONE, legends.ZERO, *legends.ramp_of(len(limits) + 1)]
    at = np.where(np.isnan(rate), 0, np.where(rate == 0, 1, 2 + np.searchsorted(limits, rate, side="right")))
    counts = np.bincount(at, minlength=len(colours))
    rows = [row(colours[i], names[i], int(counts[i])) for i in [*range(1, len(colours)), 0] if counts[i]]
    table = table_of(sheet, micro_grids, ["code", "incidents", "households"])
    table["columns"].append(
        column(label("one.rate", sheet.lang), [None if np.isnan(r) else legends.plain(r) for r in rate])
    )
    what = {**areas_drawn(areas), "at": at.tolist(), "colours": colours, "table": table}
    return sheet.draw("rates", "areas", what, _legend_of(sheet, "rates", rows), show=show)


def rates_of(incidents: Sequence[float] | pd.Series, households: Sequence[float] | pd.Series) -> NDArray[np.float64]:
    """Incidents per 1,000 households; NaN where there is no household or their number is not known."""
    counts = np.nan_to_num(np.asarray(incidents, dtype=float))
    homes = np.asarray(households, dtype=float)
    homes = np.where(homes > 0, homes, np.nan)
    return counts * 1000 / homes


def add_heat(sheet: Sheet, points: gpd.GeoDataFrame, weights: str = "", *, show: bool = True) -> Drawing:
    """
    Add a heat map; points are counted in cells first, so that a page of 100,000 incidents stays small.

    Parameters
    ----------
    sheet
        From `new_map`.
    points
        Points with a CRS.
    weights
        The column of weights; each point weighs 1 if empty.
    show
        Whether the layer is on when the page opens.
    """
    lonlat, weight = places_of(sheet, points, weights)
    cells = cells_of(lonlat, weight, np.zeros(len(lonlat), dtype=np.int64), MOST_CELLS)
    what = {"zoom": cells.zoom, "frames": cell_steps(cells, 1), "gradient": legends.HEAT_RAMP}
    return _heated(sheet, "heat", what, len(points), show=show)


def add_heat_over_time(
    sheet: Sheet, points: gpd.GeoDataFrame, times: str, period: str = "month", weights: str = "", *, show: bool = True
) -> Drawing:
    """
    Add a heat map with a clock: one frame a period, all on one scale.

    Parameters
    ----------
    sheet
        From `new_map`.
    points
        Points with a CRS.
    times
        The column of instants (with a time zone) or local times (without); rows without one are left out.
    period
        ``hour`` (of the day), ``weekday``, ``day``, ``month`` or ``year``.
    weights
        The column of weights; each point weighs 1 if empty.
    show
        Whether the layer is on when the page opens.
    """
    need(points, times)
    points = points[points[times].notna()]
    frames, names = periods_of(wall_clock(sheet, points[times]), period, sheet.lang)
    lonlat, weight = places_of(sheet, points, weights)
    cells = cells_of(lonlat, weight, frames, MOST_CELLS_OVER_TIME)
    totals = np.bincount(frames, weights=weight, minlength=len(names)).tolist()
    steps = cell_steps(cells, len(names))
    what = {"zoom": cells.zoom, "frames": steps, "names": names, "totals": totals, "gradient": legends.HEAT_RAMP}
    return _heated(sheet, "heat_over_time", what, len(points), show=show)


def add_routes(sheet: Sheet, routes: gpd.GeoDataFrame, *, show: bool = True) -> Drawing:
    """
    Add patrol routes, a colour for each team, with arrows in the direction of the walk.

    Parameters
    ----------
    sheet
        From `new_map`.
    routes
        Columns ``name`` and ``team``, optionally ``name_en``; lines in walking order, with a CRS.
    show
        Whether the layer is on when the page opens.
    """
    lines, lang = shapes_of(sheet, routes, "name", "team"), sheet.lang
    at, teams = pd.factorize(routes["team"].fillna(label("unnamed", lang)).astype(str))
    colours = [legends.LINES[i % len(legends.LINES)] for i in range(len(teams))]
    dashes = [legends.DASHES[i // len(legends.LINES) % len(legends.DASHES)] for i in range(len(teams))]
    table = table_of(sheet, routes, ["team"])
    table["columns"].append(
        column(label("one.length", lang), distances([WGS84.geometry_length(line) for line in lines], lang))
    )
    what = {"shape": line_steps(lines), "colours": colours, "dashes": dashes, "at": at.tolist(), "table": table}
    most = 10
    rows = [row(colours[i], str(team), None, "line", dashes[i]) for i, team in enumerate(teams[:most])]
    notes = [label("more", lang, n=len(teams) - most)] if len(teams) > most else []
    return sheet.draw("routes", "routes", what, _legend_of(sheet, "routes", rows, notes), show=show)


def add_incidents(sheet: Sheet, incidents: gpd.GeoDataFrame, most: int = 5_000, *, show: bool = True) -> Drawing:
    """
    Add incidents in clusters that open; the latest `most` of them, and a note when there are more.

    Parameters
    ----------
    sheet
        From `new_map`.
    incidents
        Columns ``category``, ``state``, ``occurred_at``; optionally ``micro_grid`` and ``team``; points with a CRS.
    most
        How many the page carries.
    show
        Whether the layer is on when the page opens.
    """
    need(incidents, "category", "state", "occurred_at")
    latest = incidents.sort_values("occurred_at", ascending=False, kind="stable", na_position="last").head(most)
    lang, done = sheet.lang, latest["state"].isin(SETTLED)
    points = points_of(sheet, latest)
    when = wall_clock(sheet, latest["occurred_at"]).dt.strftime("%Y-%m-%d %H:%M")
    named = [name for name in ("micro_grid", "team") if name in latest]
    table = {
        "heading": column("", latest["category"]),
        "columns": [
            column(label("one.state", lang), latest["state"].map(lambda state: state_label(str(state), lang))),
            column(label("one.occurred", lang), when),
            *(column(label(f"one.{name}", lang), latest[name]) for name in named),
        ],
    }
    rows = [
        row(legends.OPEN, label("open", lang), int((~done).sum()), "dot"),
        row(legends.DONE, label("done", lang), int(done.sum()), "dot"),
    ]
    cut = len(incidents) > len(latest)
    notes = [label("capped", lang, n=f"{len(latest):,}", all=f"{len(incidents):,}")] if cut else []
    colours = [legends.OPEN, legends.DONE]
    what = {"xy": point_steps(points), "colours": colours, "at": done.astype(int).tolist(), "table": table}
    drawing = sheet.draw("incidents", "clusters", what, _legend_of(sheet, "incidents", rows, notes), show=show)
    return drawing.needs(MarkerCluster.default_js, MarkerCluster.default_css[:1])


def _heated(sheet: Sheet, word: str, what: dict[str, Any], count: int, *, show: bool) -> Drawing:
    ends = [label("few", sheet.lang), label("many", sheet.lang)]
    legend = _legend_of(
        sheet, word, [], [label("heat_count", sheet.lang, n=f"{count:,}"), label("log_scale", sheet.lang)]
    )
    legend["ramp"] = {"colours": list(legends.HEAT_RAMP.values()), "ends": ends}
    return sheet.draw(word, "heat", what, legend, show=show).needs([LEAFLET_HEAT])


def _legend_of(sheet: Sheet, word: str, rows: Sequence[dict[str, Any]], notes: Sequence[str] = ()) -> dict[str, Any]:
    return {"title": label(word, sheet.lang), "rows": list(rows), "notes": list(notes)}


def _shares(micro_grids: gpd.GeoDataFrame, coverage: pd.DataFrame, lang: Language) -> list[str]:
    reached = coverage["reached"].to_numpy(bool)
    if not len(reached):
        return [label("nothing", lang)]
    share = f"{reached.mean():.1%}"
    notes = [label("micro_grids_reached", lang, n=f"{reached.sum():,}", all=f"{len(reached):,}", share=share)]
    homes = micro_grids["households"].fillna(0).to_numpy(float) if "households" in micro_grids else np.zeros(1)
    if homes.sum():
        notes.append(label("households_reached", lang, share=f"{homes[reached].sum() / homes.sum():.1%}"))
    return notes


def _middles(areas: Shapes) -> Shapes:
    """Where a name stands best: the middle of the largest circle inside."""
    return shapely.get_point(shapely.maximum_inscribed_circle(areas, 0.005), 0)
