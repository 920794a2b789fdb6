"""Runs migrations on the connection that the caller hands over."""

from alembic import context

from tillgate.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
