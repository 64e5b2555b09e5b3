"""See 0009_sealed.sql."""

from geo.migrations import run_sql

revision = "0009"
down_revision = "0007"  # "0008" as soon as the accounts are there


def upgrade() -> None:
    run_sql(__file__)
