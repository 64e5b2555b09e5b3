"""Live streams over a real wire: who is shown what, what is caught up with, and when they end."""

import json
import queue
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.testclient import TestClient

from api import live
from geo import accounts, db, feed, sessions
from geo.feed import Entry
from geo.roles import Role

from .conftest import City, account, asking

KIND = "test.happened"
PATIENCE_S = 20


@dataclass
class Listener:
    """A stream that is read by a thread of its own."""

    heard: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)
    status: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def next(self, kind: str = KIND) -> dict[str, Any]:
        while True:
            event = self.heard.get(timeout=PATIENCE_S)
            if event["event"] == kind:
                return event

    def is_quiet(self) -> bool:
        return self.heard.empty()


@contextmanager
def listening(wire: str, secret: str, seen: int | None = None) -> Generator[Listener]:
    """A client that listens from behind an entry, or from now on: it has been told where it begins."""
    listener = Listener()
    client = httpx.Client(timeout=30)
    headers = {"authorization": f"Bearer {secret}"} | ({} if seen is None else {"last-event-id": str(seen)})

    def read() -> None:
        try:
            with client.stream("GET", f"{wire}/v1/live", headers=headers) as answer:
                listener.status = answer.status_code
                event: dict[str, Any] = {}
                for line in answer.iter_lines():
                    name, _, value = line.partition(": ")
                    if name in {"id", "event", "data"}:
                        event[name] = json.loads(value) if name != "event" else value
                    elif not line and event:
                        listener.heard.put(event)
                        event = {}
        except httpx.TransportError:
            pass
        finally:
            listener.ended.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    if seen is None:
        listener.next("ready")
    try:
        yield listener
    finally:
        listener.ended.wait(0)
        client.close()


def happen(city: City, *places: str, subject: str = "", kind: str = KIND) -> int:
    """Something happens at some units; returns the number of the last entry."""
    with db.begin(city.pool, db.EVERYTHING) as conn:
        feed.append(conn, [Entry(city.paths[code], kind, subject or code, {"at_unit": code}) for code in places])
    with db.begin(city.pool, db.EVERYTHING) as conn:
        return feed.ends(conn)[1]


def desk(
    city: City, unit: str | None, role: Role = Role.DISPATCHER, organisation: str | None = None
) -> tuple[str, str]:
    name = f"live-{uuid4().hex[:12]}"
    return name, account(city.pool, name, role, unit, organisation)


def test_twenty_clients_hear_what_concerns_them_once_and_in_order(city: City, wire: str) -> None:
    units = ["L", "B1", "T1", "C1", "M1"] * 4
    secrets = {unit: desk(city, unit)[1] for unit in set(units)}
    happened = ["M1", "M3", "M5", "M7", "C1", "B2", "M1"]
    seen_from = {"L": happened, "B1": ["M1", "M3", "M5", "C1", "M1"], "T1": ["M1", "M3", "C1", "M1"],
                 "C1": ["M1", "C1", "M1"], "M1": ["M1", "M1"]}  # fmt: skip
    opened = [listening(wire, secrets[unit]) for unit in units]
    listeners = [one.__enter__() for one in opened]
    for code in happened:
        happen(city, code)
    for unit, listener in zip(units, listeners, strict=True):
        heard = [listener.next() for _ in seen_from[unit]]
        assert [event["data"]["at_unit"] for event in heard] == seen_from[unit]
        assert [event["id"] for event in heard] == sorted(event["id"] for event in heard)
    assert all(listener.is_quiet() for listener in listeners)
    for one in opened:
        one.__exit__(None, None, None)


@pytest.mark.parametrize("kept", [1, 3, 2_000])
def test_who_comes_back_hears_what_was_missed_from_memory_or_from_the_table(
    city: City, wire: str, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(live, "KEPT", kept)
    monkeypatch.setattr(live, "BATCH", 2)
    _, secret = desk(city, "T1")
    with listening(wire, secret) as first:  # so that the process reads the feed
        before = happen(city, "M1")
        first.next()
        missed = ["M1", "M7", "M2", "M3", "M8", "M4"]
        for code in missed:
            happen(city, code)
        with listening(wire, secret, before) as listener:
            assert [listener.next()["data"]["at_unit"] for _ in range(4)] == ["M1", "M2", "M3", "M4"]
            happen(city, "M1")
            assert listener.next()["data"]["at_unit"] == "M1"
            assert listener.is_quiet()


def test_what_cannot_be_had_again_is_said(city: City, wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = desk(city, "L")
    with listening(wire, secret) as witness:
        newest = happen(city, "M1")
        assert witness.next()["id"] == newest
    with listening(wire, secret, newest + 1_000) as ahead:  # as after a restore
        assert ahead.next("reset")["id"] == newest
    with listening(wire, secret) as witness:  # until the process has read them all
        for _ in range(5):
            newest = happen(city, "M1")
            assert witness.next()["id"] == newest
    monkeypatch.setattr(live, "MOST_BEHIND", 3)
    with listening(wire, secret, newest - 4) as behind:
        assert behind.next("reset")["id"] == newest


def test_an_incident_in_hand_is_heard_of_wherever_it_lies(city: City, public: TestClient, wire: str) -> None:
    _, secret = desk(city, "M8", Role.DEPARTMENT_HANDLER, "DEPT-B2")
    _, stranger = desk(city, "M8", Role.DEPARTMENT_HANDLER, "DEPT-B1")
    chief = asking(public, desk(city, "L")[1])
    one = str(city.placed["child"])
    accepted = chief.patch(f"/v1/incidents/{one}", json={"state": "accepted"}, headers={"If-Match": '"1"'})
    department = department_id(city, "DEPT-B2")
    change = {"state": "assigned", "department_id": department}
    with listening(wire, secret) as listener, listening(wire, stranger) as other:
        given = chief.patch(f"/v1/incidents/{one}", json=change, headers={"If-Match": accepted.headers["etag"]})
        assert given.status_code == 200
        assert listener.next("incident.changed")["data"]["subject"] == one
        happen(city, "M8")
        assert other.next()["data"]["at_unit"] == "M8"
        assert other.is_quiet()


def department_id(city: City, code: str) -> str:
    with db.begin(city.pool, db.EVERYTHING) as conn:
        return str(db.one(conn, "SELECT id FROM department WHERE code = %(code)s", code=code)["id"])


def test_no_free_text_and_nobody_is_in_a_stream(city: City, public: TestClient, wire: str) -> None:
    _, secret = desk(city, "L")
    report = {
        "category": "hazard.flue", "channel": "snap", "title": "私改烟道 13800138000",
        "contact": {"phone": "13900139000"}, "lon": 122.005, "lat": 46.005, "crs": "EPSG:4326",
    }  # fmt: skip
    with listening(wire, secret) as listener:
        assert asking(public, None).post("/v1/incidents", json=report).status_code == 201
        said = json.dumps(listener.next("incident.reported"), ensure_ascii=False)
    assert "烟道" not in said
    assert "138" not in said
    assert "139" not in said


@pytest.mark.parametrize("how", ["grant", "account", "token"])
def test_what_ends_a_session_ends_its_streams(city: City, wire: str, how: str) -> None:
    name, secret = desk(city, "T1")
    _, other = desk(city, "T1")
    with listening(wire, secret) as listener, listening(wire, other) as staying:
        with db.begin(city.pool, db.EVERYTHING) as conn:
            if how == "grant":
                accounts.revoke(conn, accounts.find(conn, name))
            elif how == "account":
                conn.execute("UPDATE account SET active = false WHERE name = %s", [name])
            else:
                sessions.revoke_token(conn, accounts.find(conn, name), secret.split("_")[1])
        assert listener.ended.wait(PATIENCE_S)
        happen(city, "M1")
        assert staying.next()["data"]["at_unit"] == "M1"
        assert listener.is_quiet()


def test_a_stream_ends_when_its_unit_moves_to_another_parent(city: City, wire: str) -> None:
    _, secret = desk(city, "C4")
    with listening(wire, secret) as listener:
        with db.begin(city.pool, db.EVERYTHING) as conn:
            code = "UPDATE unit_version SET path = %s WHERE code = 'C4' AND upper_inf(recorded)"
            conn.execute("SET LOCAL ROLE wangge_owner")
            conn.execute("ALTER TABLE unit_version DISABLE TRIGGER USER")
            conn.execute(code, ["1." + city.paths["C4"]])
        assert listener.ended.wait(PATIENCE_S)
        with db.begin(city.pool, db.EVERYTHING) as conn:
            conn.execute("SET LOCAL ROLE wangge_owner")
            conn.execute(code, [city.paths["C4"]])
            conn.execute("ALTER TABLE unit_version ENABLE TRIGGER USER")


def test_one_credential_opens_no_more_than_a_few_streams(city: City, wire: str) -> None:
    _, secret = desk(city, "T1")
    opened = [listening(wire, secret) for _ in range(live.MOST_OF_ONE)]
    for one in opened:
        one.__enter__()
    refused = httpx.get(f"{wire}/v1/live", headers={"authorization": f"Bearer {secret}"})
    assert (refused.status_code, refused.json()["code"]) == (503, "too-many-streams")
    for one in opened:
        one.__exit__(None, None, None)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:  # who went away is not counted any more
        with httpx.stream("GET", f"{wire}/v1/live", headers={"authorization": f"Bearer {secret}"}) as answer:
            if answer.status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("streams that were closed are still counted")


@pytest.mark.parametrize("seen", ["-1", "x", "1e3", "9" * 30])
def test_an_odd_last_event_id_is_refused(city: City, wire: str, seen: str) -> None:
    _, secret = desk(city, "T1")
    headers = {"authorization": f"Bearer {secret}", "last-event-id": seen}
    assert httpx.get(f"{wire}/v1/live", headers=headers).status_code == 400


def test_a_stream_is_of_its_kind_and_kept_by_nobody(city: City, wire: str) -> None:
    headers = {"authorization": f"Bearer {desk(city, 'T1')[1]}"}
    with httpx.stream("GET", f"{wire}/v1/live", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        assert "no-" in answer.headers["cache-control"]


def test_where_nobody_can_say_who_may_listen_nobody_listens(
    city: City, wire: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = desk(city, "T1")
    with listening(wire, secret) as listener:
        answered = threading.Event()
        monkeypatch.setattr(live.Live, "_standing", lambda *_: answered.wait(60))
        assert listener.ended.wait(PATIENCE_S)
        answered.set()
    monkeypatch.undo()
    with listening(wire, secret) as again:
        happen(city, "M1")
        assert again.next()["data"]["at_unit"] == "M1"
