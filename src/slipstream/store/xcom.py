"""XComs: values that task instances leave for others, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select
from sqlalchemy import delete as sql_delete

from slipstream.clock import utcnow
from slipstream.errors import UserError
from slipstream.store import dialect
from slipstream.store.codec import dump
from slipstream.store.dialect.lean import Row, lean
from slipstream.store.row import XCOM, XComRow
from slipstream.store.schema import dag_run, xcom

RETURN_KEY = "return_value"

_KEYS = ("dag_run_id", "task_id", "map_index", "key")
_VALUES = ("value", "created_at")
_SELECT = select(*XCOM.columns)
_GET = _SELECT.where(
    xcom.c.dag_run_id == bindparam("pk"),
    xcom.c.task_id == bindparam("task_id"),
    xcom.c.map_index == bindparam("map_index"),
    xcom.c.key == bindparam("key"),
)


# Only values past this are measured for good: no database's limit is near it.
_SURELY_SMALL = 1 << 20
MAX_KEY = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class NewXCom:
    dag_run_id: int
    task_id: str
    map_index: int = -1
    key: str = RETURN_KEY
    value: Any


class Unstorable(UserError):
    """An XCom's key or value does not fit the database. Keep large data outside of XComs."""


def get(
    conn: Connection, pk: int, task_id: str, key: str = RETURN_KEY, map_index: int = -1
) -> XComRow | None:
    """Return one XCom of a run."""
    return XCOM.first(
        conn.execute(_GET, {"pk": pk, "task_id": task_id, "map_index": map_index, "key": key})
    )


def set(
    conn: Connection,
    pk: int,
    task_id: str,
    key: str,
    value: Any,
    map_index: int = -1,
    *,
    now: datetime | None = None,
) -> None:
    """Write one XCom, over an earlier value; ``value`` is anything that JSON holds."""
    entry = NewXCom(dag_run_id=pk, task_id=task_id, map_index=map_index, key=key, value=value)
    set_many(conn, [entry], now)


def set_many(conn: Connection, entries: Sequence[NewXCom], now: datetime | None = None) -> None:
    """Write XComs, over earlier values; of two with the same key the last one stays.

    Raises Unstorable.
    """
    if entries:
        insert_rows(conn, encode(conn, entries, now or utcnow()))


def encode(conn: Connection, entries: Sequence[NewXCom], now: datetime) -> Sequence[Row]:
    """Return the rows of XComs. Raises Unstorable for one that this database cannot hold."""
    db = dialect.of(conn)
    rows: dict[tuple[int, str, int, str], Row] = {}
    for e in entries:
        where = f"XCom {e.key!r:.80} of task {e.task_id!r}"
        if len(e.key) > MAX_KEY or "\x00" in e.key:
            raise Unstorable(f"{where}: a key has at most {MAX_KEY} characters and no NUL.")
        text = dump(e.value)
        if len(text) > _SURELY_SMALL and db.sent_bytes(text) > db.max_text_bytes(conn):
            raise Unstorable(
                f"{where} has {len(text)} bytes as JSON; this {db.name} database takes "
                f"{db.max_text_bytes(conn)} in one value. Keep large data elsewhere, and its "
                "address in the XCom."
            )
        rows[e.dag_run_id, e.task_id, e.map_index, e.key] = {
            "dag_run_id": e.dag_run_id,
            "task_id": e.task_id,
            "map_index": e.map_index,
            "key": e.key,
            "value": text,
            "created_at": now,
        }
    return [rows[key] for key in sorted(rows)]


def insert_rows(conn: Connection, rows: Sequence[Row]) -> None:
    """Write what ``encode`` returned."""
    if not rows:
        return
    db = dialect.of(conn)
    upsert = lean(conn, db.upsert(xcom, _KEYS, _VALUES), (*_KEYS, *_VALUES))
    db.send(conn, upsert, upsert.parameters(rows))


def delete(
    conn: Connection,
    pk: int,
    task_id: str,
    key: str | None = None,
    map_index: int | None = None,
) -> int:
    """Delete a task's XComs, or those of one key or map index; return how many there were."""
    statement = sql_delete(xcom).where(xcom.c.dag_run_id == pk, xcom.c.task_id == task_id)
    if key is not None:
        statement = statement.where(xcom.c.key == key)
    if map_index is not None:
        statement = statement.where(xcom.c.map_index == map_index)
    return conn.execute(statement).rowcount


def list(
    conn: Connection,
    pk: int,
    task_ids: Iterable[str] | None = None,
    key: str | None = None,
    map_index: int | None = None,
) -> Sequence[XComRow]:
    """Return XComs of a run by task, map index and key; a filter that is None lets all pass."""
    query = _SELECT.where(xcom.c.dag_run_id == pk)
    if task_ids is not None:
        query = query.where(xcom.c.task_id.in_(sorted(task_ids)))
    if key is not None:
        query = query.where(xcom.c.key == key)
    if map_index is not None:
        query = query.where(xcom.c.map_index == map_index)
    return XCOM.all(conn.execute(query.order_by(xcom.c.task_id, xcom.c.map_index, xcom.c.key)))


def list_prior(conn: Connection, pk: int, task_id: str, key: str = RETURN_KEY) -> Sequence[XComRow]:
    """Return a task's XComs of this run and of all before it, by map index, the oldest first."""
    query = _up_to(pk, task_id, key)
    return XCOM.all(
        conn.execute(query.order_by(xcom.c.map_index, dag_run.c.logical_date, dag_run.c.id))
    )


def get_prior(
    conn: Connection,
    pk: int,
    task_id: str,
    key: str = RETURN_KEY,
    map_index: int = -1,
) -> XComRow | None:
    """Return the XCom of the newest run at or before this one that has it (include_prior_dates)."""
    query = _up_to(pk, task_id, key).where(xcom.c.map_index == map_index)
    newest_first = (dag_run.c.id == pk).desc(), dag_run.c.logical_date.desc()
    return XCOM.first(conn.execute(query.order_by(*newest_first).limit(1)))


def _up_to(pk: int, task_id: str, key: str) -> Select[Any]:
    """Return the query for a task's XComs of a run and of all before it."""
    this = select(dag_run.c.dag_id, dag_run.c.logical_date).where(dag_run.c.id == pk).subquery()
    return (
        _SELECT.join(dag_run, dag_run.c.id == xcom.c.dag_run_id)
        .join(this, dag_run.c.dag_id == this.c.dag_id)
        .where(
            (dag_run.c.id == pk) | (dag_run.c.logical_date <= this.c.logical_date),
            xcom.c.task_id == task_id,
            xcom.c.key == key,
        )
    )
