"""SQLite: WAL mode, one writer at a time, and a fair queue of writers.

SQLite's own busy handler sleeps in steps of 1 to 100 ms, so a waiting writer can miss many turns
and starve beside a busy one. Writers therefore queue on an flock beside the database, which the
kernel hands over in the moment it is released; SQLite's handler stays as the second line, against
writers that are not ours. Measured with six writing processes: 99 % of the waits under 0.5 ms
instead of 1.6, and with two that never pause, equal shares instead of 100 to 1.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, Executable, Select, Table
from sqlalchemy.dialects.sqlite import insert

from slipstream.store.dialect.base import NotHeld, Trouble
from slipstream.store.dialect.lean import Lean, Parameters, Row, lean_update

BUSY_TIMEOUT_S = 5.0
# A transaction that began as a reader could not become a writer any more.
_BEGIN = "BEGIN IMMEDIATE"

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # a crash of the machine may lose the last commits, never corrupt
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -4096",
    "PRAGMA journal_size_limit = 67108864",
    # Whoever commits when the log is this long (16 MB) waits for two fsyncs: let that be seldom.
    "PRAGMA wal_autocheckpoint = 4000",
)
_UNUSABLE = (
    "unable to open database",
    "file is not a database",
    "malformed",
    "readonly database",
    "disk is full",
    "disk i/o error",
    "permission denied",
)


class WriterQueue(AbstractContextManager[None]):
    """The flock that writers of all processes queue on, and a mutex for this process's threads.

    Neither has a timeout: a process that is stopped within its transaction stops all writers, as
    it would by SQLite's own lock. One that dies frees both.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd: int | None = None
        self._mutex = threading.Lock()
        self._thread: int | None = None

    def __enter__(self) -> None:
        if self._thread == threading.get_ident():
            raise RuntimeError("Store.write within Store.write: pass the connection on instead")
        self._mutex.acquire()
        self._thread = threading.get_ident()
        try:
            if self._fd is None:
                self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        except BaseException as error:
            self._thread = None
            self._mutex.release()
            if isinstance(error, OSError):
                raise sqlite3.OperationalError(f"unable to open database file: {error}") from error
            raise

    def __exit__(self, *_exc: object) -> None:
        if self._fd is not None:
            fcntl.flock(self._fd, fcntl.LOCK_UN)
        self._thread = None
        self._mutex.release()

    def close(self) -> None:
        with self._mutex:
            if self._fd is not None:
                os.close(self._fd)
                self._fd = None


class SQLite:
    name = "sqlite"

    def engine_options(self, url: URL) -> dict[str, Any]:
        # mode=rw: looking at a database that does not exist must not create an empty one.
        uri = f"file:{quote(url.database or '')}?mode=rw"

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(
                uri,
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )

        return {"creator": connect}

    def on_connect(self, dbapi_connection: Any) -> None:
        for pragma in _PRAGMAS:
            dbapi_connection.execute(pragma).close()

    def on_engine(self, engine: Engine) -> None:
        """Nothing to do."""

    def begin(self, conn: Connection) -> None:
        _driver(conn).execute(_BEGIN)

    def commit(self, conn: Connection) -> None:
        _driver(conn).execute("COMMIT")

    def rollback(self, conn: Connection) -> None:
        driver = _driver(conn)
        if driver.in_transaction:  # some errors end it by themselves, and BEGIN may be what failed
            driver.execute("ROLLBACK")

    def send(self, conn: Connection, statement: Lean, rows: Sequence[Parameters]) -> None:
        _driver(conn).executemany(statement.text, rows)

    def writer(self, url: URL) -> AbstractContextManager[None]:
        return WriterQueue(f"{url.database}.lock")

    def classify(self, error: BaseException) -> tuple[Trouble, str] | None:
        if not isinstance(error, sqlite3.Error):
            return None
        reason = str(error)
        text = reason.lower()
        if "locked" in text or "busy" in text:
            return Trouble.BUSY, reason
        if "no such table" in text or "no such column" in text or "has no column" in text:
            return Trouble.UNMIGRATED, reason
        if any(words in text for words in _UNUSABLE):
            return Trouble.UNUSABLE, reason
        return None

    def now(self, conn: Connection) -> datetime | None:
        return None

    def upsert(self, table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Executable:
        return _upsert(table, keys, columns)

    def insert_missing(self, table: Table, keys: tuple[str, ...]) -> Executable:
        return _insert_missing(table, keys)

    def insert_new(self, conn: Connection, table: Table, values: Row) -> int | None:
        result = conn.execute(insert(table).on_conflict_do_nothing(), values)
        return None if result.rowcount == 0 else int(result.lastrowid)

    def update_many(
        self, conn: Connection, table: Table, keys: tuple[str, ...], rows: Sequence[Row]
    ) -> None:
        if rows:
            columns = tuple([name for name in rows[0] if name not in keys])
            statement = lean_update(conn, table, keys, columns)
            self.send(conn, statement, statement.parameters(rows))

    def compare_and_set(
        self, conn: Connection, table: Table, expected: str, rows: Sequence[Row]
    ) -> Callable[[], set[str]]:
        if not rows:
            return set
        columns = tuple(name for name in rows[0] if name != "id")
        statement = lean_update(conn, table, ("id",), columns, expected)
        execute = _driver(conn).execute
        updated = {
            row["id"]
            for row, parameters in zip(rows, statement.parameters(rows), strict=True)
            if execute(statement.text, parameters).rowcount
        }
        return lambda: updated

    def require(self, conn: Connection, table: Table, id: str, expected: str) -> None:
        # The transaction is the only writer.
        found = _driver(conn).execute(f"SELECT state FROM {table.name} WHERE id = ?", (id,))
        if found.fetchall() != [(expected,)]:
            raise NotHeld(f"{table.name} {id} is not {expected}")

    def max_text_bytes(self, conn: Connection) -> int:
        return 1_000_000_000 - 65_536  # SQLITE_MAX_LENGTH, which holds for a whole row

    def sent_bytes(self, text: str) -> int:
        return len(text)

    def lock_rows(self, query: Select[Any], *, of: Table, skip_locked: bool = False) -> Select[Any]:
        return query

    def lock_parents(self, conn: Connection, table: Table, ids: Iterable[int]) -> None:
        """Nothing to do: the transaction is the only writer."""

    @contextmanager
    def migration_lock(self, conn: Connection, timeout_s: float) -> Iterator[None]:
        """Hold the one write transaction: SQLite's DDL is transactional, so this is enough."""
        conn.exec_driver_sql(_BEGIN)
        try:
            yield
        except BaseException:
            conn.exec_driver_sql("ROLLBACK")
            raise
        conn.exec_driver_sql("COMMIT")


def _driver(conn: Connection) -> sqlite3.Connection:
    connection: Any = conn.connection.dbapi_connection
    driver: sqlite3.Connection = connection
    return driver


@lru_cache(maxsize=64)
def _upsert(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Executable:
    statement = insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(keys), set_={name: statement.excluded[name] for name in columns}
    )


@lru_cache(maxsize=64)
def _insert_missing(table: Table, keys: tuple[str, ...]) -> Executable:
    return insert(table).on_conflict_do_nothing(index_elements=list(keys))
