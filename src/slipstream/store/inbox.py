"""The inbox: what other processes tell the scheduler and the DAG processor they changed.

A message is written in the same transaction as the change it tells of, and deleted in the same
transaction as its effect, so it has its effect exactly once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select
from sqlalchemy import delete as sql_delete

from slipstream.store import dialect
from slipstream.store.codec import dump
from slipstream.store.dialect.lean import lean
from slipstream.store.row import INBOX, InboxMessage
from slipstream.store.schema import dag_run, inbox, job

_ANSWER = "answer"
_ANSWER_LIFE = timedelta(minutes=10)
_INSERT = insert(inbox)
_TAKE = (
    select(*INBOX.columns)
    .where(inbox.c.target == bindparam("target"))
    .order_by(inbox.c.id)
    .limit(bindparam("limit"))
)
# A message about a run goes to the scheduler that owns it, if that one is alive.
_OTHERS_RUNS = (
    select(dag_run.c.id)
    .join(job, job.c.id == dag_run.c.owner)
    .where(
        dag_run.c.owner != bindparam("owner"),
        job.c.state == "running",
        job.c.heartbeat_at >= bindparam("lapsed_before"),
    )
)
_TAKE_OWN = _TAKE.where(or_(inbox.c.dag_run_id.is_(None), inbox.c.dag_run_id.not_in(_OTHERS_RUNS)))


def post(
    conn: Connection,
    *,
    target: str,
    kind: str,
    now: datetime,
    payload: dict[str, Any] | None = None,
    dag_id: str | None = None,
    dag_run_pk: int | None = None,
) -> int:
    """Leave a message and return its id; ``Store.wake(target)`` after the commit."""
    result = conn.execute(
        _INSERT,
        {
            "target": target,
            "kind": kind,
            "dag_id": dag_id,
            "dag_run_id": dag_run_pk,
            "payload": dump(payload or {}),
            "created_at": now,
        },
    )
    key: Any = result.inserted_primary_key
    return int(key[0])


def post_about_runs(
    conn: Connection,
    target: str,
    kind: str,
    payloads: Mapping[int, dict[str, Any]],
    now: datetime,
) -> None:
    """Leave a message about each of several runs, by their primary keys."""
    rows = [
        {
            "target": target,
            "kind": kind,
            "dag_id": None,
            "dag_run_id": pk,
            "payload": dump(payload),
            "created_at": now,
        }
        for pk, payload in payloads.items()
    ]
    if rows:
        statement = lean(conn, _INSERT, tuple(rows[0]))
        dialect.of(conn).send(conn, statement, statement.parameters(rows))


def take(
    conn: Connection,
    target: str,
    limit: int,
    *,
    owner: str | None = None,
    lapsed_before: datetime | None = None,
) -> list[InboxMessage]:
    """Lock and return the oldest messages; ``delete`` them in the same transaction.

    Given ``owner`` and ``lapsed_before``, messages about runs that another live scheduler owns
    are left to it. Messages that another transaction has taken are passed over.
    """
    values: dict[str, Any] = {"target": target, "limit": limit}
    query = _TAKE
    if owner is not None:
        if lapsed_before is None:
            raise ValueError("owner needs lapsed_before, to tell which other owners are alive")
        query = _TAKE_OWN
        values |= {"owner": owner, "lapsed_before": lapsed_before}
    query = dialect.of(conn).lock_rows(query, of=inbox, skip_locked=True)
    return INBOX.all(conn.execute(query, values))


def is_empty(conn: Connection, target: str) -> bool:
    """Tell cheaply whether there is nothing to take."""
    query = select(inbox.c.id).where(inbox.c.target == target).limit(1)
    return conn.execute(query).first() is None


def delete(conn: Connection, ids: Iterable[int]) -> None:
    """Delete messages that had their effect."""
    wanted = sorted(ids)
    if wanted:
        conn.execute(sql_delete(inbox).where(inbox.c.id.in_(wanted)))


def withdraw(conn: Connection, id: int, token: str) -> bool:
    """Delete a question; False when it is gone. On SQLite, another message may have its id."""
    found = INBOX.first(conn.execute(select(*INBOX.columns).where(inbox.c.id == id)))
    if found is None or found.payload.get("token") != token:
        return False
    delete(conn, [id])
    return True


def post_answer(conn: Connection, token: str, payload: dict[str, Any], now: datetime) -> None:
    """Leave the answer to a question; answers that nobody fetched go."""
    conn.execute(
        sql_delete(inbox).where(inbox.c.target == _ANSWER, inbox.c.created_at < now - _ANSWER_LIFE)
    )
    post(conn, target=_ANSWER, kind=token, payload=payload, now=now)


def find_answer(conn: Connection, token: str) -> InboxMessage | None:
    """Return the answer to a question, if it is there; ``delete`` it then."""
    query = select(*INBOX.columns).where(inbox.c.target == _ANSWER, inbox.c.kind == token)
    return INBOX.first(conn.execute(query.limit(1)))


def pending(conn: Connection, ids: Iterable[int]) -> set[int]:
    """Return which of these messages have not had their effect yet."""
    return set(conn.scalars(select(inbox.c.id).where(inbox.c.id.in_(sorted(ids)))))
