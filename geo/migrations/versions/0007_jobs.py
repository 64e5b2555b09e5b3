"""The job queue: procrastinate's own schema, in a PostgreSQL schema of its own."""

from procrastinate.schema import SchemaManager

from geo.migrations import run_text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the queue's tables and functions under ``jobs``; its worker takes the role ``wangge_app``."""
    run_text("CREATE SCHEMA jobs; SET LOCAL search_path = jobs")
    run_text(SchemaManager.get_schema())
    run_text(
        """
        GRANT USAGE ON SCHEMA jobs TO wangge_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO wangge_app;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO wangge_app;
        SET LOCAL search_path = wangge, public;
        """
    )
