"""Every statement of geo/sql can be prepared, is used by the program, and every name the program uses is there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from psycopg_pool import ConnectionPool

from geo import db
from geo.db import EVERYTHING, begin, statements

ROOT = Path(__file__).parents[2]
TOPICS = sorted(path.stem for path in (ROOT / "geo" / "sql").glob("*.sql"))
NAMED = [(topic, name) for topic in TOPICS for name in statements(topic)]
PROGRAM = [path for package in ("geo", "tiles", "api", "demo") for path in sorted((ROOT / package).rglob("*.py"))]


def numbered(statement: str) -> str:
    """The statement as it goes to the server: a number for each name."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], len(names) + 1)}"

    return re.sub(r"%\((\w+)\)s", number, statement).replace("%%", "%").rstrip().rstrip(";")


def verb(statement: str) -> str:
    lines = [line for line in statement.splitlines() if line and not line.startswith("--")]
    return lines[0].split()[0]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_statement_can_be_prepared(pool: ConnectionPool[db.Connection], topic: str) -> None:
    named = statements(topic)
    with begin(pool, EVERYTHING) as conn:
        for statement in named.values():  # staging tables first: other statements read them
            if verb(statement) == "CREATE":
                conn.execute(statement)
        for name, statement in named.items():
            if verb(statement) in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "MERGE"}:
                conn.execute(f"PREPARE {topic}_{name} AS {numbered(statement)}")
                conn.execute(f"DEALLOCATE {topic}_{name}")


@cache
def texts(path: Path) -> set[str]:
    """The strings of a module, as patterns; what an f-string puts in may be anything."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Constant(value=str(text)):
                found.add(re.escape(text))
            case ast.JoinedStr(values=parts):
                found.add("".join(re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in parts))
            case _:
                pass
    return found - {".+"}


@pytest.mark.parametrize("topic", TOPICS)
def test_every_statement_is_used(topic: str) -> None:
    said: set[str] = set()
    for path in PROGRAM:
        found = texts(path)
        if topic in found:
            said |= found
    assert [name for name in statements(topic) if not any(re.fullmatch(text, name) for text in said)] == []


def uses(path: Path) -> Iterator[tuple[str, str]]:
    """The (topic, name) of each ``SQL["name"]`` where ``SQL = statements("topic")``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    topics = {
        target.id: node.value.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value.args
        for target in node.targets
        if isinstance(target, ast.Name)
        and isinstance(node.value.args[0], ast.Constant)
        and ast.unparse(node.value.func).endswith("statements")
    }
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(used))) if name in topics:
                yield str(topics[name]), used
            case _:
                pass


def test_every_name_that_the_program_uses_is_there() -> None:
    used = {use for path in PROGRAM for use in uses(path)}
    assert len(used) > 10
    assert used - set(NAMED) == set()
