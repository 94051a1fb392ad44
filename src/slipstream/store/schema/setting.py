"""What people set up for their tasks: variables, connections and pools."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text

from slipstream.store.schema.column import Id, LongText, UtcDateTime, Uuid7, metadata

variable = Table(
    "variable",
    metadata,
    Column("key", Id, primary_key=True),
    Column("value", LongText),
    Column("description", Text),
    Column("is_encrypted", Boolean, nullable=False, default=False),
)

connection = Table(
    "connection",
    metadata,
    Column("conn_id", Id, primary_key=True),
    Column("conn_type", String(500), nullable=False),
    Column("description", Text),
    Column("host", String(500)),
    Column("schema", String(500)),
    Column("login", Text),
    Column("password", Text),
    Column("port", Integer),
    Column("extra", LongText),
    Column("is_encrypted", Boolean, nullable=False, default=False),
    Column("is_extra_encrypted", Boolean, nullable=False, default=False),
)

pool = Table(
    "pool",
    metadata,
    Column("name", Id, primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("description", Text),
    Column("include_deferred", Boolean, nullable=False, default=False),
)

# Each scheduler's part of a pool's slots.
pool_quota = Table(
    "pool_quota",
    metadata,
    Column("pool", Id, ForeignKey("pool.name", ondelete="CASCADE"), primary_key=True),
    Column("owner", Uuid7, primary_key=True),  # job.id
    Column("slots", Integer, nullable=False),
    Column("wanted", Integer, nullable=False),  # so many more would be used at once
    Column("least", Integer, nullable=False),  # with fewer slots than these in all, nothing starts
    Column("stuck_since", UtcDateTime),  # since when nothing is under way though something waits
)
