"""Incidents out of a file: checked, keyed, looked at for where they fall, and written batch by batch."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo import crs, units
from geo.assign import Assigner
from geo.errors import BadCoordinate
from geo.incident_load import Filling, Prepared, begin_filling, is_new, put
from geo.load_frames import Converted, Underway, unknown_words
from geo.weights import lightened

Part = TypeVar("Part")
BYTES_A_ROW = 200  # of a file that does not say how many rows it has


def write(load: Underway, batches: Iterator[Converted], total: int | None) -> None:
    """Write the incidents of a file, a batch at a time; the indexes wait for the last of a large one."""
    coming = total or load.order.path.stat().st_size // BYTES_A_ROW
    with nullcontext(False) if load.order.dry_run else lightened(load.conn, coming) as light:
        # Read only now: what a large load has taken off guards no longer what is read here from being deleted.
        assigner = Assigner.load(load.conn)
        straight = light and is_new(load.conn, load.order.named_source)
        filling = begin_filling(load.conn, assigner, load.load_id, load.ring, straight=straight)
        for number, (ready, prepared) in enumerate(_ahead(_prepared(load, batches, filling))):
            if number == 0:
                _look_at_places(load, ready, assigner)
            load.count(put(load.conn, filling, prepared))


def _prepared(
    load: Underway, batches: Iterator[Converted], filling: Filling
) -> Iterator[tuple[pd.DataFrame, Prepared]]:
    for part in batches:
        _check_incidents(part)
        ready = _ready_incidents(load, part)
        load.rejects.add(part.rows, part.verdicts, part.raw)
        yield ready, filling.prepare(ready)


def _ahead(parts: Iterator[Part]) -> Iterator[Part]:
    """The same parts, the next of them made by another thread while this one is written."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = worker.submit(next, parts, None)
            yield part


def _check_incidents(part: Converted) -> None:
    frame, verdicts = part.frame, part.verdicts
    if "priority" in frame:
        wrong = frame["priority"].notna() & ~frame["priority"].between(1, 5)
        verdicts.refuse(wrong.fillna(False).to_numpy(dtype=bool), "bad_number", "priority is 1 to 5")
    if "accuracy_m" in frame:
        verdicts.refuse((frame["accuracy_m"] < 0).to_numpy(dtype=bool), "bad_number", "accuracy_m is a radius")


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


def _look_at_places(load: Underway, ready: pd.DataFrame, assigner: Assigner) -> None:
    """Stop where longitude and latitude are swapped, and tell where WGS84 is likely GCJ-02, by where points fall."""
    sample = ready.sample(min(len(ready), 2000), random_state=0)
    lon, lat = sample["lon"].to_numpy(), sample["lat"].to_numpy()
    if len(sample) < 20:
        return
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
    if load.planned.frame is not None and load.planned.frame.name in ("EPSG:4326", "EPSG:4490"):
        _note_gcj02(load, lon, lat)


def _note_gcj02(load: Underway, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> None:
    grids = np.asarray(units.base(load.conn).geometry.to_numpy(), dtype=object)
    evidence = crs.evidence_of_gcj02(lon, lat, grids)
    if evidence.likely:
        shares = f"{evidence.unshifted_share:.0%} > {evidence.declared_share:.0%}"
        zh = f"坐标很可能是 GCJ-02：还原后落在网格内的更多（{shares}）；若是，请用 --crs gcj02 重新载入"
        en = f"the coordinates are likely GCJ-02: more lie inside of the units once unshifted ({shares}); --crs gcj02"
        load.report.notes.append((zh, en))
