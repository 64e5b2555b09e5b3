"""The demonstration league written to a database, through the verbs that write any city's data."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from demo.identity import identifiers
from demo.league import SEED, League, Progress, in_silence, make
from demo.organisations import FOUNDED
from geo import db, incident_load, publication, registers, units
from geo.assign import Assigner
from geo.errors import Conflict
from geo.staging import Counted
from geo.weights import finish, lightened

SYSTEM = "stats"  # the statistics bureau's codes are the spine
OPERATOR = db.Scope(path="", account="demo")


@dataclass(frozen=True)
class Report:
    """
    What was loaded.

    Attributes
    ----------
    published
        Units made, changed and found as they were.
    counted
        Rows of each register, loaded and found as they were.
    disagreements
        What the sources say differently; see `disagreements.disagreements`.
    """

    published: publication.Published
    counted: Mapping[str, Counted]
    disagreements: pd.DataFrame


def load(
    pool: ConnectionPool[db.Connection], *, seed: int = SEED, scale: float = 1.0, progress: Progress = in_silence
) -> Report:
    """
    Make the demonstration league and write it; a second time changes nothing.

    Parameters
    ----------
    pool
        Of a migrated database.
    seed, scale
        What the league is made from; see `league.make`.
    progress
        Told what is being done, and which part of the whole is behind it.

    Raises
    ------
    Conflict
        The database holds a demonstration of another seed or scale, which this one would overlap.
    """
    with db.begin(pool, OPERATOR) as conn:
        _refuse_another(conn, seed, scale)
    league = make(seed=seed, scale=scale, progress=progress)
    progress("发布网格 · Publishing units", 0.38)
    with db.begin(pool, OPERATOR) as conn:
        published = publication.publish(conn, league.units, FOUNDED.to_pydatetime(), system=SYSTEM)
    with db.begin(pool, OPERATOR) as conn:
        counted = _put_registers(conn, league, progress)
    progress("写入事项 · Writing incidents", 0.8)
    with db.begin(pool, OPERATOR) as conn:
        counted["incident"] = _put_incidents(conn, league)
    finish(pool)
    progress("完成 · Done", 1.0)
    return Report(published, counted, league.disagreements)


def _refuse_another(conn: db.Connection, seed: int, scale: float) -> None:
    for known in db.rows(conn, db.statements("demo")["known_loads"]):
        if (known["seed"], known["scale"]) != (seed, scale):
            raise Conflict(
                f"The demonstration of seed {known['seed']} and scale {known['scale']} is loaded; "
                "another one needs an empty database."
            )


Put = Callable[[db.Connection, pd.DataFrame], Counted]


def _put_registers(conn: db.Connection, league: League, progress: Progress) -> dict[str, Counted]:
    places = units.in_force(conn).set_index("code")[["unit_id", "path"]]
    staff = league.organisations
    steps: list[tuple[str, Put, pd.DataFrame]] = [
        ("block", registers.put_blocks, league.blocks),
        ("building", registers.put_buildings, league.buildings),
        ("entrance", registers.put_entrances, league.entrances),
        ("street", registers.put_streets, league.streets.assign(source="demo", synthetic=True)),
        ("water", registers.put_water, league.water),
        ("station", registers.put_stations, staff.stations),
        ("department", registers.put_departments, staff.departments),
        ("team", registers.put_teams, staff.teams),
        ("default_team", registers.put_default_teams, staff.default_teams),
        ("post", registers.put_posts, staff.posts),
        ("route", registers.put_routes, league.routes),
        ("check_point", registers.put_check_points, league.check_points),
    ]
    counted: dict[str, Counted] = {}
    for number, (name, put, frame) in enumerate(steps):
        progress(f"写入 · Writing {name}", 0.55 + 0.25 * number / len(steps))
        counted[name] = put(conn, _placed(frame, places))
    _put_aliases(conn, league.aliases, places)
    return counted


def _placed(frame: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Ids and paths in place of the codes of units."""
    if "unit_code" not in frame:
        return frame
    at = places.reindex(frame["unit_code"])
    return frame.assign(unit_id=at["unit_id"].to_numpy(), path=at["path"].to_numpy())


def _put_aliases(conn: db.Connection, aliases: pd.DataFrame, places: pd.DataFrame) -> None:
    known = aliases[aliases["unit_code"].isin(places.index)]
    db.execute(
        conn,
        db.statements("demo")["put_aliases"],
        at=FOUNDED.to_pydatetime(),
        unit_ids=places["unit_id"].reindex(known["unit_code"]).tolist(),
        systems=known["system"].tolist(),
        codes=known["code"].tolist(),
        names=known["name"].tolist(),
        notes=known["note"].tolist(),
    )


def _put_incidents(conn: db.Connection, league: League) -> Counted:
    load_id = _put_load(conn, league)
    with lightened(conn, len(league.incidents), load_id) as light:
        straight = light if light.taken and incident_load.is_new(conn, "demo") else None
        filling = incident_load.begin_filling(conn, Assigner.load(conn), load_id, light=straight)
        return incident_load.put(conn, filling, filling.prepare(league.incidents))


def _put_load(conn: db.Connection, league: League) -> UUID:
    """The row of table `load` that the incidents point to, with the disagreements of the sources in its options."""
    made_from = [league.seed, round(league.scale * 1_000_000)]
    instant = pd.DatetimeIndex([FOUNDED.tz_convert("UTC").tz_localize(None)])
    load_id = UUID(identifiers(instant, np.random.default_rng(made_from))[0])
    differ: list[dict[str, Any]] = league.disagreements.to_dict("records")  # pyright: ignore[reportAssignmentType]
    options = {"seed": league.seed, "scale": league.scale, "disagreements": differ}
    db.execute(
        conn,
        db.statements("demo")["put_load"],
        id=load_id,
        source="demo",
        sha256=_digest(league.incidents),
        options=Jsonb(options),
        rows=len(league.incidents),
    )
    return load_id


def _digest(frame: pd.DataFrame) -> str:
    return hashlib.sha256(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()).hexdigest()
