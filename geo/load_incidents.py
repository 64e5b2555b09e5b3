"""Incidents out of a file: checked, keyed, looked at for where they fall, and written batch by batch."""

import sys
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from geo import crs
from geo.assign import Assigner
from geo.buildings import NONE, Buildings
from geo.db import Connection, execute, rows, statements
from geo.errors import BadCoordinate
from geo.incident_load import begin_filling, is_new, put
from geo.incident_rows import Filling, Prepared
from geo.load_frames import Converted, Underway, unknown_words
from geo.places import SNAP_M, distances_m
from geo.weights import Lightened, Taken, lightened

SQL = statements("load_incidents")
Part = TypeVar("Part")
SAMPLE = 2_000
FEWEST = 20
"""Rows that are looked at to see where a file falls; fewer prove nothing."""
TURN_S = 0.0005
FIRST = 8_192
"""Rows that are written first, so that the server need not wait for a whole part."""
LONGEST_KEY = 500  # in characters: an index takes 2,700 bytes
BYTES_A_ROW = 200  # of a file that does not say how many rows it has


@dataclass(frozen=True)
class Quarantined:
    """
    A file that is kept out.

    Attributes
    ----------
    load_id, at, account, source, file_name
        The load that was tried.
    rows
        How many rows it has.
    suspected
        What its coordinates likely are.
    evidence
        ``by``: the units or the buildings that points fit; ``declared_share``, ``unshifted_share``: how many do.
    """

    load_id: UUID
    at: datetime
    account: str
    source: str
    file_name: str
    rows: int
    suspected: str
    evidence: dict[str, Any]


def quarantined(conn: Connection) -> list[Quarantined]:
    """The files that are kept out, newest first; a file that was loaded since is not among them."""
    return [Quarantined(**row) for row in rows(conn, SQL["quarantined"])]


def write(load: Underway, batches: Iterator[Converted], total: int | None) -> None:
    """Write the incidents of a file, a batch at a time; the indexes wait for the last of a large one."""
    coming = total or load.order.path.stat().st_size // BYTES_A_ROW
    none = nullcontext(Lightened(Taken.NOTHING))
    with none if load.order.dry_run else lightened(load.conn, coming, load.load_id) as light:
        # Read only now: what a large load has taken off guards no longer what is read here from being deleted.
        assigner = Assigner.load(load.conn)
        filling = begin_filling(
            load.conn,
            assigner,
            load.load_id,
            load.ring,
            light=light if light.taken and is_new(load.conn, load.order.named_source) else None,
            buildings=Buildings.read(load.conn) if {"building", "address"} & set(load.planned.columns) else None,
            as_wgs84=_may_be_shifted(load),
        )
        with _quick_turns():
            for prepared in _ahead(_prepared(load, batches, filling)):
                load.count(put(load.conn, filling, prepared))
                load.outside |= prepared.outside


def _may_be_shifted(load: Underway) -> bool:
    frame = load.planned.frame
    return frame is not None and crs.is_storage(frame) and not load.order.trust_crs


def _prepared(load: Underway, batches: Iterator[Converted], filling: Filling) -> Iterator[Prepared]:
    shifted = False
    for number, part in enumerate(batches):
        _check_incidents(part)
        _check_buildings(part, filling)
        if number == 0:
            # Another thread uses the connection here, while the one that writes waits for this first part.
            shifted = _look_at_places(load, part, filling)
        if shifted:
            part.verdicts.refuse(part.verdicts.fine, "likely_gcj02")
        ready = _ready_incidents(load, part)
        load.rejects.add(part.rows, part.verdicts, part.raw)
        if number == 0 and len(ready) > FIRST:
            yield filling.prepare(ready.iloc[:FIRST])
            ready = ready.iloc[FIRST:]
        yield filling.prepare(ready)


def _ahead(parts: Iterator[Part]) -> Iterator[Part]:
    """The same parts, the next of them made by another thread while this one is written."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = worker.submit(next, parts, None)
            yield part


@contextmanager
def _quick_turns() -> Generator[None]:
    """The thread that sends waits for its turn after every 200 kB that the socket took: it shall have it soon."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)


def _check_incidents(part: Converted) -> None:
    frame, verdicts = part.frame, part.verdicts
    if "source_key" in frame:
        long = frame["source_key"].str.len() > LONGEST_KEY
        verdicts.refuse(long.fillna(False).to_numpy(dtype=bool), "key_too_long", f"longer than {LONGEST_KEY}")
    if "priority" in frame:
        wrong = frame["priority"].notna() & ~frame["priority"].between(1, 5)
        verdicts.refuse(wrong.fillna(False).to_numpy(dtype=bool), "bad_number", "priority is 1 to 5")
    if "accuracy_m" in frame:
        verdicts.refuse((frame["accuracy_m"] < 0).to_numpy(dtype=bool), "bad_number", "accuracy_m is a radius")


def _check_buildings(part: Converted, filling: Filling) -> None:
    if "building" not in part.frame:
        return
    codes = part.frame["building"].astype(object).where(part.frame["building"].notna(), None)
    known = filling.buildings
    found = np.zeros(len(codes), dtype=bool) if known is None else known.named(codes.tolist()) != NONE
    unknown = codes.notna().to_numpy(dtype=bool) & ~found
    part.verdicts.refuse(unknown, "unknown_building", lambda row: str(codes.iloc[row]))


def _ready_incidents(load: Underway, part: Converted) -> pd.DataFrame:
    frame = part.frame
    if "source_key" in frame:
        load.refuse_seen(frame["source_key"], part.verdicts)
    else:
        frame = frame.assign(source_key=_content_keys(load, frame, part.verdicts.fine))
    said = unknown_words(part, load.planned, "category")
    if said.notna().any():
        told = frame["description"].fillna("") if "description" in frame else ""
        frame = frame.assign(description=("[" + said + "] " + told).fillna(frame.get("description")))
    return frame.loc[part.verdicts.fine].assign(source=load.order.named_source)


def _content_keys(load: Underway, frame: pd.DataFrame, fine: NDArray[np.bool_]) -> pd.Series:
    """A key of 128 bits out of what a row says, with a number where rows say the same: the same at every load."""
    said = frame.reindex(columns=sorted(frame.columns))
    halves = [
        pd.util.hash_pandas_object(said, index=False, hash_key=key) for key in ("wangge-content-1", "wangge-content-2")
    ]
    digests = pd.Series([f"{a:016x}{b:016x}" for a, b in zip(*halves, strict=True)], index=frame.index)
    mine = digests.where(fine)
    before = mine.map(load.times).fillna(0).astype(int) if load.times else 0
    number = mine.groupby(mine).cumcount() + before
    for digest, count in mine.value_counts().items():
        load.times[str(digest)] = load.times.get(str(digest), 0) + int(count)
    return digests.where(number.fillna(0) == 0, digests + "-" + number.fillna(0).astype(int).astype(str))


def _look_at_places(load: Underway, part: Converted, filling: Filling) -> bool:
    """Stop where longitude and latitude are swapped; tell whether WGS84 is likely GCJ-02, by where points fall."""
    ready = part.frame.loc[part.verdicts.fine]
    sample = ready.sample(min(len(ready), SAMPLE), random_state=0)
    lon, lat = sample["lon"].to_numpy(), sample["lat"].to_numpy()
    if len(sample) < FEWEST:
        return False
    assigner = filling.assigner
    outside = (assigner.assign(lon, lat).located == "outside").mean()
    swappable = np.abs(lon) <= 90
    if outside > 0.9 and swappable.any():
        swapped = (assigner.assign(lat[swappable], lon[swappable]).located == "outside").mean()
        if swapped < 0.5:
            raise BadCoordinate(
                "Longitude and latitude look swapped: as they are, the points lie outside of every unit."
            )
    if outside > 0.5:
        zh, en = f"抽样 {outside:.0%} 的点落在所有网格之外", f"{outside:.0%} of a sample lie outside of every unit"
        load.report.notes.append((zh, en))
    return filling.as_wgs84 and any(
        _quarantined(load, by, evidence) for by, evidence in _evidence(sample, filling).items() if evidence.likely
    )


def _evidence(sample: pd.DataFrame, filling: Filling) -> dict[str, crs.ShiftEvidence]:
    """Whether points are likely GCJ-02: by the units that they should lie in, and the buildings that they name."""
    lon, lat = sample["lon"].to_numpy(), sample["lat"].to_numpy()
    found = {"units": crs.evidence_of_gcj02(lon, lat, filling.assigner.areas)}
    known = filling.buildings
    if known is not None and "building" in sample:
        codes = sample["building"].astype(object).where(sample["building"].notna(), None)
        at = known.named(codes.tolist())
        named = at != NONE
        of = (known.lon[at[named]], known.lat[at[named]])
        declared = distances_m(lon[named], lat[named], *of) < SNAP_M
        unshifted = distances_m(*crs.gcj02_to_wgs84(lon[named], lat[named]), *of) < SNAP_M
        found["buildings"] = crs.evidence_of_shift(declared, unshifted)
    return found


def _quarantined(load: Underway, by: str, evidence: crs.ShiftEvidence) -> bool:
    """Keep the file out, with the reason why."""
    said = {"by": by, "declared_share": evidence.declared_share, "unshifted_share": evidence.unshifted_share}
    execute(load.conn, SQL["quarantine"], load_id=load.load_id, evidence=Jsonb(said))
    shares = f"{evidence.unshifted_share:.0%} > {evidence.declared_share:.0%}"
    zh, en = {"units": ("落在网格内", "inside of the units"), "buildings": ("靠近所指楼栋", "near their buildings")}[by]
    load.report.notes.append(
        (
            f"坐标很可能是 GCJ-02，整个文件已隔离：还原后{zh}的更多（{shares}）",
            f"the coordinates are likely GCJ-02, the file is quarantined: more lie {en} once unshifted ({shares})",
        )
    )
    return True
