"""The table of roles is the one that docs/roles.md shows to people."""

import os
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from api.app import create_app
from api.scope import declare
from geo.roles import ALL, ANYONE, MEANINGS, NAMES, PERMISSIONS, Role, granted
from geo.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "roles.md"


def permissions_table() -> str:
    head = "| permission | 含义 · meaning | " + " | ".join(f"{NAMES[role][0]} `{role}`" for role in Role) + " |"
    rule = "|---|---|" + "---|" * len(Role)
    lines = [
        f"| `{one}` | {MEANINGS[one][0]} · {MEANINGS[one][1]} | "
        + " | ".join("●" if one in PERMISSIONS[role] else " " for role in Role)
        + " |"
        for one in ALL
    ]
    return "\n".join([head, rule, *lines])


def routes_table() -> str:
    paths = create_app(Settings(dsn="host=/nowhere")).openapi()["paths"]
    lines = [
        f"| `{method.upper()}` | `{path}` | `{operation['x-permission']}` |"
        for path, operations in sorted(paths.items())
        for method, operation in sorted(operations.items())
    ]
    return "\n".join(["| method | route | permission |", "|---|---|---|", *lines])


@pytest.mark.parametrize(("name", "table"), [("permissions", permissions_table), ("routes", routes_table)])
def test_the_document_shows_the_table_of_the_program(name, table) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n\n", f"\n\n<!-- end of {name} -->"
    before, rest = text.split(begin)
    shown, after = rest.split(end)
    if os.environ.get("WANGGE_RENEW_SNAPSHOTS"):
        DOCUMENT.write_text(before + begin + table() + end + after, encoding="utf-8")
        shown = table()
    assert shown == table(), "read the difference; renew with WANGGE_RENEW_SNAPSHOTS=1"


def test_whoever_signs_in_keeps_what_the_public_may() -> None:
    assert {role for role in Role if not ANYONE.issubset(PERMISSIONS[role])} == set()


def test_the_public_sees_no_incident_and_no_telephone() -> None:
    assert PERMISSIONS[Role.PUBLIC].isdisjoint({"incident.read", "map.read", "team.read", "incident.change"})


def test_who_draws_a_plan_does_not_publish_it() -> None:
    assert [role for role in Role if {"plan.draft", "plan.publish"} <= PERMISSIONS[role]] == []


def test_a_token_is_cut_down_and_never_gains() -> None:
    assert granted(Role.DISPATCHER, frozenset({"incident.read"})) == ANYONE | {"incident.read"}
    assert granted(Role.PATROL, frozenset({"account.manage"})) == ANYONE
    assert granted(Role.PATROL) == PERMISSIONS[Role.PATROL]


def test_a_route_without_a_permission_does_not_start() -> None:
    with pytest.raises(LookupError, match="/v1/open"):
        declare([APIRoute("/v1/open", lambda: None)])
