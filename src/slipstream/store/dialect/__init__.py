"""One file per database for what differs; ``of(conn)`` finds the one in use.

Only the dialect in use is imported: PostgreSQL's alone would cost every process 3 MB.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection

from slipstream.store.dialect.base import Dialect, NotHeld, Trouble

__all__ = ["Dialect", "NotHeld", "Trouble", "named", "of"]


@cache
def named(name: str) -> Dialect:
    """Return the dialect with SQLAlchemy's name for the database."""
    if name == "sqlite":
        from slipstream.store.dialect.sqlite import SQLite

        return SQLite()
    if name == "postgresql":
        from slipstream.store.dialect.postgresql import PostgreSQL

        return PostgreSQL()
    if name == "mysql":
        from slipstream.store.dialect.mysql import MySQL

        return MySQL()
    raise ValueError(f"no dialect for the database {name!r}")


def of(conn: Connection) -> Dialect:
    """Return the dialect of a connection."""
    return named(conn.dialect.name)
