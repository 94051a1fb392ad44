"""One file per database for what differs; ``of(conn)`` finds the one in use.

Only the dialect in use is imported: PostgreSQL's alone would cost every process 3 MB.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from sqlalchemy import Connection

from slipstream.store.alchemy import late
from slipstream.store.dialect.base import Dialect, NotHeld, Trouble

__all__ = ["Dialect", "NotHeld", "Trouble", "named", "of"]

_OTHER_DRIVERS = {
    "sqlite": ("aiosqlite", "pysqlcipher"),
    "postgresql": ("asyncpg", "pg8000", "psycopg2", "psycopg2cffi"),
    "mysql": (
        *("aiomysql", "asyncmy", "cymysql", "mariadbconnector"),
        *("mysqlconnector", "pyodbc"),
    ),
}
"""What SQLAlchemy imports with each dialect, and we never use."""


@cache
def named(name: str) -> Dialect:
    """Return the dialect with SQLAlchemy's name for the database."""
    if name == "sqlite":
        with _without_other_drivers(name):
            from slipstream.store.dialect.sqlite import SQLite

        return SQLite()
    if name == "postgresql":
        with _without_other_drivers(name):
            from slipstream.store.dialect.postgresql import PostgreSQL

        return PostgreSQL()
    if name == "mysql":
        with _without_other_drivers(name):
            from slipstream.store.dialect.mysql import MySQL

        return MySQL()
    raise ValueError(f"no dialect for the database {name!r}")


def of(conn: Connection) -> Dialect:
    """Return the dialect of a connection."""
    return named(conn.dialect.name)


def _without_other_drivers(name: str) -> AbstractContextManager[None]:
    return late(*(f"sqlalchemy.dialects.{name}.{driver}" for driver in _OTHER_DRIVERS[name]))
