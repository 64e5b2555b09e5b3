"""Revisions are one line, each a file of SQL, and go forward only."""

import re
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from geo import migrate

VERSIONS = migrate.MIGRATIONS / "versions"
REVISIONS = sorted(VERSIONS.glob("*.py"))


def test_the_newest_revision_is_the_last_file() -> None:
    assert REVISIONS[-1].name.startswith(migrate.newest())


def test_revisions_are_one_line_in_the_order_of_their_files() -> None:
    script = ScriptDirectory(str(migrate.MIGRATIONS))
    walked = [revision.revision for revision in script.walk_revisions()]
    assert walked[::-1] == [path.name.split("_")[0] for path in REVISIONS]


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: path.stem)
def test_no_revision_goes_back(path: Path) -> None:
    assert "def downgrade" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("*.sql")), ids=lambda path: path.stem)
def test_every_table_is_made_with_row_security(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    made = set(re.findall(r"^CREATE TABLE (\w+)", text, re.MULTILINE))
    guarded = set(re.findall(r"^ALTER TABLE (\w+) ENABLE ROW LEVEL SECURITY", text, re.MULTILINE))
    assert made == guarded
