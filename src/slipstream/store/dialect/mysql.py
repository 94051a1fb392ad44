"""MySQL 8 and MariaDB 10.6 or newer by PyMySQL: row locks, SKIP LOCKED, READ COMMITTED.

An UPDATE of many rows joins a derived table, instead of being parsed once for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pymysql
from pymysql.constants import CLIENT
from sqlalchemy import URL, Connection, Engine, Executable, Select, Table, event, select, text
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.exc import IntegrityError

from slipstream.store.dialect import packet
from slipstream.store.dialect.base import (
    STOPPED_S,
    NotHeld,
    Trouble,
    lock_expected,
    no_writer,
    state_of,
)
from slipstream.store.dialect.lean import Lean, Parameters, Row, lean_update

_BUSY = {1205, 1213, 1020}
_UNMIGRATED = {1146, 1054}
_UNUSABLE = {1044, 1045, 1049, 1142, 1227, 1698, 1021, 1114}
_LOST = {0, 1040, 1053, 1152, 1159, 1161, 1927, 2002, 2003, 2006, 2013, 2055}
_MANY = 6
"""From here on, an UPDATE joins a derived table."""
_MANY_TO_COMPARE = 40
"""The same where it must be known which rows were updated: they must be locked and read first."""
_ROWS_PER_STATEMENT = 200

# What a transaction has yet to run is kept in ``Connection.info`` and sent together. Each statement
# comes with what is called with the number of rows that it matched, or with None.
_UNSENT = "slipstream.unsent"
_BEGIN = ("BEGIN", None)
_COMMIT = ("COMMIT", None)


class MySQL:
    name = "mysql"

    def engine_options(self, url: URL) -> dict[str, Any]:
        return {
            "connect_args": {
                "charset": "utf8mb4",
                # The ids' collation, so that comparing them with parameters can use their indexes.
                "collation": "utf8mb4_bin",
                "autocommit": True,
                "client_flag": CLIENT.MULTI_STATEMENTS | CLIENT.FOUND_ROWS,
                "connect_timeout": 10,
                "max_allowed_packet": 1 << 30,  # the server's own limit decides
                "init_command": (
                    "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
                    "NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', innodb_lock_wait_timeout = 10,"
                    " group_concat_max_len = 67108864"  # grids read ids as one text
                    f" /*M!100301 , idle_transaction_timeout = {STOPPED_S} */"  # MariaDB only
                ),
            }
        }

    def on_connect(self, dbapi_connection: Any) -> None:
        with dbapi_connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")

    def on_engine(self, engine: Engine) -> None:
        event.listen(engine, "before_cursor_execute", _run_before)

    def begin(self, conn: Connection) -> None:
        conn.info[_UNSENT] = [_BEGIN]

    def commit(self, conn: Connection) -> None:
        unsent = conn.info[_UNSENT]
        if unsent and unsent[0] is _BEGIN and len(unsent) <= 2:
            del unsent[0]  # nothing ran yet: one statement is a transaction by itself
        else:
            unsent.append(_COMMIT)
        _run(conn)
        del conn.info[_UNSENT]

    def rollback(self, conn: Connection) -> None:
        if _BEGIN not in conn.info.pop(_UNSENT, ()):
            # By SQLAlchemy, which then learns of a connection that is lost, and drops its like.
            conn.exec_driver_sql("ROLLBACK")

    def send(self, conn: Connection, statement: Lean, rows: Sequence[Parameters]) -> None:
        unsent = conn.info[_UNSENT]
        if not statement.is_insert:
            unsent += [(packet.filled(statement.text, row), None) for row in rows]
            return
        for at in range(0, len(rows), _ROWS_PER_STATEMENT):
            some = rows[at : at + _ROWS_PER_STATEMENT]
            unsent.append((packet.insert_of(statement.text, some), None))

    def writer(self, url: URL) -> AbstractContextManager[None]:
        return no_writer(url)

    def classify(self, error: BaseException) -> tuple[Trouble, str] | None:
        if not isinstance(error, pymysql.MySQLError):
            return None
        code = error.args[0] if error.args and isinstance(error.args[0], int) else -1
        reason = str(error.args[1]) if len(error.args) > 1 else str(error)
        if code in _BUSY:
            return Trouble.BUSY, reason
        if code in _UNMIGRATED:
            return Trouble.UNMIGRATED, reason
        if code in _UNUSABLE:
            return Trouble.UNUSABLE, reason
        if code in _LOST:
            return Trouble.LOST, reason or "the connection was closed"
        return None

    def now(self, conn: Connection) -> datetime | None:
        now: datetime = conn.exec_driver_sql("SELECT UTC_TIMESTAMP(6)").scalar_one()
        return now.replace(tzinfo=UTC)

    def upsert(self, table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Executable:
        return _upsert(table, columns)

    def insert_missing(self, table: Table, keys: tuple[str, ...]) -> Executable:
        return _insert_missing(table, keys[0])

    def insert_new(self, conn: Connection, table: Table, values: Row) -> int | None:
        try:
            return int(conn.execute(insert(table), values).lastrowid)
        except IntegrityError:
            return None  # undoes the statement only; the transaction is as it was

    def update_many(
        self, conn: Connection, table: Table, keys: tuple[str, ...], rows: Sequence[Row]
    ) -> None:
        if len(rows) < _MANY:
            if rows:
                columns = tuple(name for name in rows[0] if name not in keys)
                statement = lean_update(conn, table, keys, columns)
                self.send(conn, statement, statement.parameters(rows))
            return
        for at in range(0, len(rows), _ROWS_PER_STATEMENT):
            text = _update_joined(conn, table, keys, rows[at : at + _ROWS_PER_STATEMENT])
            conn.info[_UNSENT].append((text, None))

    def compare_and_set(
        self, conn: Connection, table: Table, expected: str, rows: Sequence[Row]
    ) -> Callable[[], set[str]]:
        if not rows:
            return set
        if len(rows) < _MANY_TO_COMPARE:
            return _compare_each(conn, table, expected, rows)
        query = lock_expected(table, expected, [row["id"] for row in rows])
        accepted = set(conn.scalars(query.with_for_update()))
        if accepted:
            self.update_many(conn, table, ("id",), [r for r in rows if r["id"] in accepted])
        return lambda: accepted

    def require(self, conn: Connection, table: Table, id: str, expected: str) -> None:
        # MariaDB has no FOR SHARE.
        query = packet.filled(state_of(table, "LOCK IN SHARE MODE"), (id,))
        begins = conn.info[_UNSENT] == [_BEGIN]
        if begins:
            conn.info[_UNSENT] = []
        else:
            _run_before(conn)
        with _driver(conn).cursor() as cursor:
            cursor.execute(f"BEGIN;{query}" if begins else query)
            if begins:
                cursor.nextset()
            if list(cursor.fetchall()) != [(expected,)]:
                raise NotHeld(f"{table.name} {id} is not {expected}")

    def max_text_bytes(self, conn: Connection) -> int:
        # Per server, 16 MB by default; asked once per connection.
        limit = conn.info.get("max_allowed_packet")
        if limit is None:
            limit = conn.exec_driver_sql("SELECT @@max_allowed_packet").scalar_one()
            conn.info["max_allowed_packet"] = limit
        return int(limit) - 65_536

    def sent_bytes(self, text: str) -> int:
        # The driver puts values into the statement's text, with these escaped.
        return len(text) + sum(text.count(char) for char in "\"'\\")

    def lock_rows(self, query: Select[Any], *, of: Table, skip_locked: bool = False) -> Select[Any]:
        # MariaDB has no FOR UPDATE OF; our locking reads join no other table.
        return query.with_for_update(skip_locked=skip_locked)

    def lock_parents(self, conn: Connection, table: Table, ids: Iterable[int]) -> None:
        query = select(table.c.id).where(table.c.id.in_(sorted(ids))).order_by(table.c.id)
        conn.execute(query.with_for_update(read=True)).all()

    @contextmanager
    def migration_lock(self, conn: Connection, timeout_s: float) -> Iterator[None]:
        # DDL commits by itself here, so only a lock of the session spans the whole migration.
        name = text("CONCAT('slipstream.migrate.', MD5(DATABASE()))")
        taken = conn.execute(text(f"SELECT GET_LOCK({name}, :s)"), {"s": int(timeout_s)}).scalar()
        if taken != 1:
            raise TimeoutError(f"another process has been migrating for {timeout_s:.0f} s")
        try:
            yield
        finally:
            conn.execute(text(f"SELECT RELEASE_LOCK({name})"))


def _driver(conn: Connection) -> Any:
    return conn.connection.dbapi_connection


def _compare_each(
    conn: Connection, table: Table, expected: str, rows: Sequence[Row]
) -> Callable[[], set[str]]:
    columns = tuple(name for name in rows[0] if name != "id")
    statement = lean_update(conn, table, ("id",), columns, expected)
    # In id order, so that two batches over the same rows wait instead of deadlocking.
    rows = sorted(rows, key=lambda row: str(row["id"]))
    counts: list[int] = []
    conn.info[_UNSENT] += [
        (packet.filled(statement.text, each), counts.append) for each in statement.parameters(rows)
    ]

    def updated() -> set[str]:
        if conn.info.get(_UNSENT):
            _run(conn)
        return {row["id"] for row, n in zip(rows, counts, strict=True) if n}

    return updated


def _run_before(conn: Connection, *_statement: Any) -> None:
    """A statement of SQLAlchemy's comes: what was sent before it runs before it."""
    if conn.info.get(_UNSENT):
        _run(conn)


def _run(conn: Connection) -> None:
    """Run what was sent, and tell who waits for them how many rows it matched."""
    unsent = conn.info[_UNSENT]
    conn.info[_UNSENT] = []
    matched = packet.run(_driver(conn), [text for text, _ in unsent])
    for (_, waiting), n in zip(unsent, matched, strict=True):
        if waiting is not None:
            waiting(n)


@lru_cache(maxsize=64)
def _upsert(table: Table, columns: tuple[str, ...]) -> Executable:
    statement = insert(table)
    return statement.on_duplicate_key_update({name: statement.inserted[name] for name in columns})


@lru_cache(maxsize=64)
def _insert_missing(table: Table, key: str) -> Executable:
    # Not INSERT IGNORE, which would also turn bad values into warnings.
    return insert(table).on_duplicate_key_update({key: table.c[key]})


def _update_joined(
    conn: Connection, table: Table, keys: tuple[str, ...], rows: Sequence[Row]
) -> str:
    names = tuple(rows[0])
    columns = [name for name in names if name not in keys]
    compiler = conn.dialect
    processors = [
        table.c[name].type.dialect_impl(compiler).bind_processor(compiler) for name in names
    ]
    # Ids of attempts are ascii: compared as utf8mb4 they would lose their index.
    forms = [
        "CONVERT(%s USING ascii)"
        if name in keys and getattr(table.c[name].type, "length", 0) == 36
        else "%s"
        for name in names
    ]
    first = ", ".join(f"{form} AS `{name}`" for form, name in zip(forms, names, strict=True))
    others = ", ".join(forms)
    selects = " UNION ALL SELECT ".join(
        packet.filled(
            others if at else first,
            [
                value if process is None or value is None else process(value)
                for process, value in zip(processors, row.values(), strict=True)
            ],
        )
        for at, row in enumerate(rows)
    )
    on = " AND ".join(f"t.`{k}` = v.`{k}`" for k in keys)
    sets = ", ".join(f"t.`{c}` = v.`{c}`" for c in columns)
    # STRAIGHT_JOIN: read the batch first, then each row by its key.
    return f"UPDATE (SELECT {selects}) AS v STRAIGHT_JOIN `{table.name}` AS t ON {on} SET {sets}"
