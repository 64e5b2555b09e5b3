"""
Bulk verbs of the registers: places and organisations, written by `code`, and twice changes nothing.

Each takes a frame whose columns are the table's, without the ids that the database or this module makes. What
another table holds may be named by its code (``station_code``, ``building_code``, ``team_code``) or by its id.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from geo import db, identifiers
from geo.staging import AT, NUMBER, TEXT, UUID, WHOLE, YES_NO, Columns, Counted, refuse_repeated, stage

LIST = pa.list_(pa.string())
JSON = pa.struct([])

SQL = db.statements("registers")


@dataclass(frozen=True)
class Register:
    """The columns of a register and the names of its statements; `close` ends what the new rows replace."""

    columns: Columns
    stage: str
    copy: str
    put: str
    unstage: str
    close: str | None = None


_BLOCK = Register(
    Columns(
        {"code": TEXT, "path": TEXT, "households": WHOLE, "synthetic": YES_NO},
        frozenset({"code", "path"}),
        geometry=True,
    ),
    stage="stage_block", copy="copy_block", put="put_block", unstage="unstage_block",
)  # fmt: skip
_BUILDING = Register(
    Columns(
        {
            "code": TEXT, "path": TEXT, "name": TEXT, "address": TEXT, "use": TEXT, "floors": WHOLE,
            "households": WHOLE, "source": TEXT, "synthetic": YES_NO, "attributes": JSON,
        },
        frozenset({"code", "path", "source"}),
        geometry=True,
    ),
    stage="stage_building", copy="copy_building", put="put_building", unstage="unstage_building",
)  # fmt: skip
_ENTRANCE = Register(
    Columns(
        {"building_code": TEXT, "number": WHOLE, "households": WHOLE},
        frozenset({"building_code", "number"}),
        geometry=True,
    ),
    stage="stage_entrance", copy="copy_entrance", put="put_entrance", unstage="unstage_entrance",
)  # fmt: skip
_STREET = Register(
    Columns(
        {
            "code": TEXT, "name": TEXT, "class": TEXT, "oneway": YES_NO, "from_node": WHOLE, "to_node": WHOLE,
            "length_m": NUMBER, "source": TEXT, "synthetic": YES_NO,
        },
        frozenset({"code", "class", "length_m", "source"}),
        geometry=True,
    ),
    stage="stage_street", copy="copy_street", put="put_street", unstage="unstage_street",
)  # fmt: skip
_WATER = Register(
    Columns(
        {"code": TEXT, "name": TEXT, "name_en": TEXT, "kind": TEXT, "source": TEXT, "synthetic": YES_NO},
        frozenset({"code", "kind", "source"}),
        geometry=True,
    ),
    stage="stage_water", copy="copy_water", put="put_water", unstage="unstage_water",
)  # fmt: skip
_STATION = Register(
    Columns(
        {
            "id": UUID, "code": TEXT, "path": TEXT, "kind": TEXT, "name": TEXT, "address": TEXT, "phone": TEXT,
            "source": TEXT, "synthetic": YES_NO,
        },
        frozenset({"code", "path", "kind", "name", "source"}),
        geometry=True,
    ),
    stage="stage_station", copy="copy_station", put="put_station", unstage="unstage_station",
)  # fmt: skip
_DEPARTMENT = Register(
    Columns(
        {"id": UUID, "code": TEXT, "path": TEXT, "level": TEXT, "name": TEXT, "phone": TEXT, "synthetic": YES_NO},
        frozenset({"code", "path", "level", "name"}),
    ),
    stage="stage_department", copy="copy_department", put="put_department", unstage="unstage_department",
)  # fmt: skip
_TEAM = Register(
    Columns(
        {
            "id": UUID, "code": TEXT, "path": TEXT, "kind": TEXT, "name": TEXT, "station_id": UUID,
            "station_code": TEXT, "skills": LIST, "shift": TEXT, "members": WHOLE, "capacity_per_day": WHOLE,
            "phone": TEXT, "active": YES_NO, "source": TEXT, "synthetic": YES_NO,
        },
        frozenset({"code", "path", "kind", "name", "source"}),
    ),
    stage="stage_team", copy="copy_team", put="put_team", unstage="unstage_team",
)  # fmt: skip
_DEFAULT_TEAM = Register(
    Columns(
        {"unit_id": WHOLE, "path": TEXT, "category": TEXT, "team_id": UUID, "team_code": TEXT, "valid_from": AT},
        frozenset({"unit_id"}),
    ),
    stage="stage_default_team", copy="copy_default_team", put="put_default_team", unstage="unstage_default_team",
    close="close_default_team",
)  # fmt: skip
_POST = Register(
    Columns(
        {
            "unit_id": WHOLE, "path": TEXT, "kind": TEXT, "office_phone": TEXT, "filled": YES_NO, "valid_from": AT,
            "synthetic": YES_NO, "number": WHOLE,
        },
        frozenset({"unit_id", "kind", "filled"}),
    ),
    stage="stage_post", copy="copy_post", put="put_post", unstage="unstage_post",
    close="close_post",
)  # fmt: skip
_ROUTE = Register(
    Columns(
        {
            "id": UUID, "code": TEXT, "path": TEXT, "team_id": UUID, "team_code": TEXT, "name": TEXT, "shift": TEXT,
            "length_m": NUMBER, "source": TEXT, "synthetic": YES_NO,
        },
        frozenset({"code", "path", "name", "length_m", "source"}),
        geometry=True,
    ),
    stage="stage_route", copy="copy_route", put="put_route", unstage="unstage_route",
)  # fmt: skip
_CHECK_POINT = Register(
    Columns(
        {"route_code": TEXT, "number": WHOLE, "name": TEXT},
        frozenset({"route_code", "number", "name"}),
        geometry=True,
    ),
    stage="stage_check_point", copy="copy_check_point", put="put_check_point", unstage="unstage_check_point",
)  # fmt: skip


def put_blocks(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """Write blocks: code, path, geometry (polygons, EPSG:4326); households, synthetic."""
    return _put(conn, frame, _BLOCK, ["code"])


def put_buildings(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """Write buildings: code, path, source, geometry (polygons); name, address, use, floors, households, attributes."""
    return _put(conn, frame, _BUILDING, ["code"])


def put_entrances(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """Write entrances 单元: building_code, number, geometry (points or null); households."""
    return _put(conn, frame, _ENTRANCE, ["building_code", "number"])


def put_streets(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """Write streets: code, class, length_m, source, geometry (lines); name, oneway, from_node, to_node."""
    return _put(conn, frame, _STREET, ["code"])


def put_water(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """Write rivers and lakes: code, kind, source, geometry (polygons or lines); name, name_en, synthetic."""
    return _put(conn, frame, _WATER, ["code"])


def put_stations(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """Write stations: code, path, kind, name, source, geometry (points); address, phone; id for new ones."""
    return _put(conn, _identified(frame), _STATION, ["code"])


def put_departments(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """Write departments: code, path, level, name; phone; id for new ones."""
    return _put(conn, _identified(frame), _DEPARTMENT, ["code"])


def put_teams(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """Write teams: code, path, kind, name, source; station_code or station_id, skills (list), shift, members, ..."""
    return _put(conn, _identified(frame), _TEAM, ["code"])


def put_routes(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """Write routes: code, path, name, length_m, source, geometry (lines); team_code or team_id, shift."""
    return _put(conn, _identified(frame), _ROUTE, ["code"])


def put_check_points(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """Write the check-points of routes: route_code, number, name, geometry (points)."""
    return _put(conn, frame, _CHECK_POINT, ["route_code", "number"])


def put_default_teams(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """
    Name the default teams of units: unit_id, team_code or team_id; category, path, valid_from.

    The team that answered until now keeps its dates: its row is closed where the new one begins.
    """
    return _put(conn, frame.assign(category=_category(frame)), _DEFAULT_TEAM, ["unit_id", "category"])


def put_posts(conn: db.Connection, frame: pd.DataFrame) -> Counted:
    """
    Write posts: unit_id, kind, filled; office_phone, path, valid_from.

    For each unit and kind that the frame names, it names all posts open there: those that stand otherwise are
    closed, and those that are new begin at `valid_from` or now.
    """
    numbered = frame.assign(number=frame.groupby(["unit_id", "kind"]).cumcount() + 1)
    return _put(conn, numbered, _POST, ["unit_id", "kind", "number"])


def _put(conn: db.Connection, frame: pd.DataFrame, register: Register, key: list[str]) -> Counted:
    table = register.columns.table(frame)
    refuse_repeated(frame, key)
    stage(conn, SQL[register.stage], SQL[register.copy], table)
    if register.close:
        db.execute(conn, SQL[register.close])
    loaded = db.execute(conn, SQL[register.put])
    db.execute(conn, SQL[register.unstage])
    return Counted(loaded, len(frame) - loaded)


def _identified(frame: pd.DataFrame) -> pd.DataFrame:
    if "id" in frame.columns:
        return frame.assign(id=frame["id"].astype(str))
    return frame.assign(id=identifiers.make(len(frame)).astype(str))


def _category(frame: pd.DataFrame) -> "pd.Series[str] | np.ndarray":
    if "category" in frame.columns:
        return frame["category"].fillna("")
    return np.full(len(frame), "")
