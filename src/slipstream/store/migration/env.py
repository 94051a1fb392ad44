"""Alembic's entry: runs the versions on the connection that ``store.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from slipstream.store.schema import metadata

if context.is_offline_mode():
    context.configure(
        dialect_name=context.config.attributes["dialect"],
        literal_binds=True,
        target_metadata=metadata,
    )
else:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        # store.migrate opens the transaction, because it holds the migration lock in it.
        transactional_ddl=False,
    )
context.run_migrations()
