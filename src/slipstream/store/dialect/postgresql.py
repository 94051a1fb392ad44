"""PostgreSQL by psycopg 3: row locks, SKIP LOCKED, RETURNING, pipelined batches, prepared statements.

Isolation is READ COMMITTED: what must not change between a read and a write is locked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, Executable, Select, Table, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine.interfaces import Dialect as Compiler

from slipstream.config import conf
from slipstream.store.dialect import pipeline
from slipstream.store.dialect.base import STOPPED_S, NotHeld, Trouble, no_writer
from slipstream.store.dialect.lean import Lean, Parameters, Row, lean_update

# 26000: psycopg had the server forget all prepared statements, ours too, as it does after some
# rollbacks; nothing has taken effect, and the next try prepares them anew.
_BUSY = {"40001", "40P01", "55P03", "26000"}
_UNMIGRATED = {"42P01", "42703", "3F000"}
# Wrong user, password, database or privilege; and a full disk.
_UNUSABLE = {"28000", "28P01", "3D000", "42501", "53100"}
_LOST = {"57P01", "57P02", "57P03", "53300", "25P03"}
_UNUSABLE_WORDS = ("password authentication failed", "does not exist", "no pg_hba.conf entry")
_MIGRATION_LOCK = 7_521_983_004_411

# What a transaction has yet to run is kept in ``Connection.info`` and sent as one pipeline: a
# round trip costs as much as the statements of a whole turn. Each statement comes with a list for
# its rows, or with None.
_UNSENT = "slipstream.unsent"
_BEGIN = ("BEGIN", (), None)
_COMMIT = ("COMMIT", (), None)
_MANY = 8
"""From here on, an UPDATE takes arrays instead of a row at a time."""

_CONNECT = {
    "connect_timeout": 10,
    # Prepared on second use: the hot path has few statements and repeats them for ever.
    "prepare_threshold": 2,
    "application_name": "slipstream",
    # A server or a network that vanished is noticed within half a minute.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def _options(url: URL) -> str:
    given = url.query.get("options", "")
    ours = "-c timezone=UTC -c default_transaction_isolation=read\\ committed"
    ours += f" -c idle_in_transaction_session_timeout={STOPPED_S}s"
    schema = conf.get("database", "sql_alchemy_schema", fallback="")
    if schema:
        ours += f" -c search_path={schema}"
    return f"{ours} {given if isinstance(given, str) else ' '.join(given)}".strip()


class PostgreSQL:
    name = "postgresql"

    def engine_options(self, url: URL) -> dict[str, Any]:
        return {"connect_args": _CONNECT | dict(url.query) | {"options": _options(url)}}

    def on_connect(self, dbapi_connection: Any) -> None:
        """Nothing to do: the connection's options say it all."""

    def on_engine(self, engine: Engine) -> None:
        event.listen(engine, "before_cursor_execute", _run_before)

    def begin(self, conn: Connection) -> None:
        conn.info[_UNSENT] = [_BEGIN]

    def commit(self, conn: Connection) -> None:
        unsent = conn.info[_UNSENT]
        if unsent and unsent[0] is _BEGIN:
            del unsent[0]  # nothing ran yet: the pipeline is the transaction
        else:
            unsent.append(_COMMIT)
        _run(conn)
        del conn.info[_UNSENT]

    def rollback(self, conn: Connection) -> None:
        unsent = conn.info.pop(_UNSENT, ())
        if _BEGIN not in unsent:
            # By SQLAlchemy, which then learns of a connection that is lost, and drops its like.
            conn.exec_driver_sql("ROLLBACK")

    def send(self, conn: Connection, statement: Lean, rows: Sequence[Parameters]) -> None:
        conn.info[_UNSENT] += [(statement.text, row, None) for row in rows]

    def writer(self, url: URL) -> AbstractContextManager[None]:
        return no_writer(url)

    def classify(self, error: BaseException) -> tuple[Trouble, str] | None:
        if not isinstance(error, psycopg.Error):
            return None
        reason = " ".join(str(error).split())
        code = error.sqlstate or ""
        if code in _BUSY:
            return Trouble.BUSY, reason
        if code in _UNMIGRATED:
            return Trouble.UNMIGRATED, reason
        if code in _UNUSABLE or (not code and any(words in reason for words in _UNUSABLE_WORDS)):
            return Trouble.UNUSABLE, reason
        if code in _LOST or code.startswith("08"):
            return Trouble.LOST, reason
        if not code and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return Trouble.LOST, reason
        return None

    def now(self, conn: Connection) -> datetime | None:
        now: datetime = conn.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return now.astimezone(UTC)

    def upsert(self, table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Executable:
        return _upsert(table, keys, columns)

    def insert_missing(self, table: Table, keys: tuple[str, ...]) -> Executable:
        return _insert_missing(table, keys)

    def insert_new(self, conn: Connection, table: Table, values: Row) -> int | None:
        statement = insert(table).on_conflict_do_nothing().returning(table.c.id)
        return conn.execute(statement, values).scalar()

    def update_many(
        self, conn: Connection, table: Table, keys: tuple[str, ...], rows: Sequence[Row]
    ) -> None:
        if not rows:
            return
        columns = tuple([name for name in rows[0] if name not in keys])
        if len(rows) < _MANY:
            statement = lean_update(conn, table, keys, columns)
            self.send(conn, statement, statement.parameters(rows))
            return
        text = _update_from_arrays(table, keys, columns)
        arrays = _as_arrays(conn.dialect, table, (*keys, *columns), rows)
        conn.info[_UNSENT].append((text, arrays, None))

    def compare_and_set(
        self, conn: Connection, table: Table, expected: str, rows: Sequence[Row]
    ) -> Callable[[], set[str]]:
        if not rows:
            return set
        columns = tuple(name for name in rows[0] if name != "id")
        # In id order, so that two batches over the same rows wait instead of deadlocking.
        rows = sorted(rows, key=lambda row: str(row["id"]))
        found: list[Any] = []
        if len(rows) < _MANY:
            statement = lean_update(conn, table, ("id",), columns, expected)
            text = f'{statement.text} RETURNING "id"'
            conn.info[_UNSENT] += [(text, row, found) for row in statement.parameters(rows)]
        else:
            text = _update_from_arrays(table, ("id",), columns, expected)
            arrays = _as_arrays(conn.dialect, table, ("id", *columns), rows)
            conn.info[_UNSENT].append((text, arrays, found))

        def updated() -> set[str]:
            if conn.info.get(_UNSENT):
                _run(conn)
            return {id for (id,) in found}

        return updated

    def require(self, conn: Connection, table: Table, id: str, expected: str) -> None:
        conn.info[_UNSENT].append((_division_unless(table, expected), (id,), None))

    def max_text_bytes(self, conn: Connection) -> int:
        return (1 << 30) - 65_536

    def sent_bytes(self, text: str) -> int:
        return len(text)

    def lock_rows(self, query: Select[Any], *, of: Table, skip_locked: bool = False) -> Select[Any]:
        return query.with_for_update(of=of, skip_locked=skip_locked)

    def lock_parents(self, conn: Connection, table: Table, ids: Iterable[int]) -> None:
        """Nothing to do: a foreign key check and an update of other columns get along."""

    @contextmanager
    def migration_lock(self, conn: Connection, timeout_s: float) -> Iterator[None]:
        conn.exec_driver_sql("BEGIN")
        try:
            conn.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(timeout_s * 1000)}ms'")
            conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            yield
        except BaseException:
            conn.exec_driver_sql("ROLLBACK")
            raise
        conn.exec_driver_sql("COMMIT")


@lru_cache(maxsize=64)
def _upsert(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Executable:
    statement = insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(keys), set_={name: statement.excluded[name] for name in columns}
    )


@lru_cache(maxsize=64)
def _insert_missing(table: Table, keys: tuple[str, ...]) -> Executable:
    return insert(table).on_conflict_do_nothing(index_elements=list(keys))


@lru_cache(maxsize=512)
def _column_type(table: Table, name: str) -> str:
    return table.c[name].type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]


@lru_cache(maxsize=512)
def _update_from_arrays(
    table: Table, keys: tuple[str, ...], columns: tuple[str, ...], expected: str | None = None
) -> str:
    """Return an UPDATE whose rows come as one array per column: one text for any number of rows.

    Given ``expected``, only rows in that state are updated, and their ids returned.
    """
    names = (*keys, *columns)
    arrays = ", ".join(
        f"CAST(${i} AS {_column_type(table, n)}[])" for i, n in enumerate(names, start=1)
    )
    sets = ", ".join(f'"{n}" = v."{n}"' for n in columns)
    where = " AND ".join(f't."{k}" = v."{k}"' for k in keys)
    aliases = ", ".join(f'"{n}"' for n in names)
    statement = (
        f'UPDATE "{table.name}" AS t SET {sets} FROM unnest({arrays}) AS v({aliases}) WHERE {where}'
    )
    if expected is not None:
        statement += f""" AND t."state" = '{expected}' RETURNING t."id\""""
    return statement


@lru_cache(maxsize=16)
def _division_unless(table: Table, expected: str) -> str:
    """Return a SELECT that divides by zero unless a row is in the expected state, and locks it.

    An answer that must be looked at would keep what follows from going with it.
    """
    row = f"SELECT 1 FROM \"{table.name}\" WHERE id = $1 AND state = '{expected}' FOR SHARE"
    return f"SELECT 1 / count(*) FROM ({row}) AS held"


def _as_arrays(
    compiler: Compiler, table: Table, names: tuple[str, ...], rows: Sequence[Row]
) -> Parameters:
    arrays: list[list[Any]] = []
    for name in names:
        process = table.c[name].type.dialect_impl(compiler).bind_processor(compiler)
        values = [row[name] for row in rows]
        arrays.append(values if process is None else [process(value) for value in values])
    return tuple(arrays)


def _run_before(conn: Connection, *_statement: Any) -> None:
    """A statement of SQLAlchemy's comes: what was sent before it runs before it."""
    if conn.info.get(_UNSENT):
        _run(conn)


def _run(conn: Connection) -> None:
    """Run what was sent, in one round trip, and give each statement's rows to who waits for them."""
    unsent = conn.info[_UNSENT]
    conn.info[_UNSENT] = []
    if not unsent:
        return
    statements = [(text, parameters) for text, parameters, _ in unsent]
    try:
        results = pipeline.run(conn.connection.dbapi_connection, conn.info, statements)
    except psycopg.errors.DivisionByZero:
        raise NotHeld("a row is no longer in the state that was required") from None
    for (_, _, waiting), rows in zip(unsent, results, strict=True):
        if waiting is not None:
            waiting += rows
