"""One revision a pair of files in ``versions``: the SQL, and the few lines that tell Alembic its place."""

from pathlib import Path
from typing import LiteralString, cast

import psycopg
from alembic import op


def run_sql(revision_file: str) -> None:
    """Run the SQL file that stands beside a revision."""
    run_text(cast(LiteralString, Path(revision_file).with_suffix(".sql").read_text(encoding="utf-8")))


def run_text(statements: LiteralString) -> None:
    """Run statements as they are: through SQLAlchemy every per cent sign would be taken for a placeholder."""
    connection = cast("psycopg.Connection", op.get_bind().connection.driver_connection)
    connection.execute(statements)
