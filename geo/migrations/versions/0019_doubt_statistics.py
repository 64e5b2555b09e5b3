"""See 0019_doubt_statistics.sql."""

from geo.migrations import run_sql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_sql(__file__)
