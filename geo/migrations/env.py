"""Alembic's entry: `geo.migrate` hands over an open connection."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table_schema="wangge")
with context.begin_transaction():
    context.run_migrations()
