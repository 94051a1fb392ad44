"""One file per database for what differs; ``of(conn)`` finds the one in use."""

from __future__ import annotations

from sqlalchemy import Connection

from slipstream.store.dialect.base import Dialect, Trouble
from slipstream.store.dialect.mysql import MySQL
from slipstream.store.dialect.postgresql import PostgreSQL
from slipstream.store.dialect.sqlite import SQLite

__all__ = ["Dialect", "Trouble", "named", "of"]

_DIALECTS: dict[str, Dialect] = {"sqlite": SQLite(), "postgresql": PostgreSQL(), "mysql": MySQL()}


def named(name: str) -> Dialect:
    """Return the dialect with SQLAlchemy's name for the database."""
    return _DIALECTS[name]


def of(conn: Connection) -> Dialect:
    """Return the dialect of a connection."""
    return _DIALECTS[conn.dialect.name]
