"""The inbox: what other processes tell the scheduler and the DAG processor they changed.

A message is written in the same transaction as the change it tells of, and deleted in the same
transaction as its effect, so it has its effect exactly once.

With several schedulers, each message has one reader: its recipient, if it names one; else the
scheduler that owns the message's DAG, or its run's; of one about neither, whoever comes first.
Messages about a DAG that nobody owns are shown to all, so that somebody claims it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, insert, or_, select
from sqlalchemy import delete as sql_delete

from slipstream.store import dialect
from slipstream.store.codec import dump
from slipstream.store.dialect.lean import lean
from slipstream.store.job import ONE_RUN_JOB_TYPE
from slipstream.store.row import INBOX, InboxMessage
from slipstream.store.schema import dag_lease, dag_run, inbox, job

_ANSWER = "answer"
_ANSWER_LIFE = timedelta(minutes=10)
_INSERT = insert(inbox)
_TAKE = (
    select(*INBOX.columns)
    .where(inbox.c.target == bindparam("target"))
    .order_by(inbox.c.id)
    .limit(bindparam("limit"))
)
# Scalar subqueries, which each message costs a look by key: as joins they may become scans of all runs.
_dag_of_run = select(dag_run.c.dag_id).where(dag_run.c.id == inbox.c.dag_run_id)
_about = func.coalesce(inbox.c.dag_id, _dag_of_run.correlate(inbox).scalar_subquery())
_owner = (
    select(dag_lease.c.owner).where(dag_lease.c.dag_id == _about).correlate(inbox).scalar_subquery()
)
# A run that is driven apart from its DAG's others has a reader of its own, or none.
_driven_apart = (
    select(func.count())
    .select_from(dag_run.join(job, job.c.id == dag_run.c.owner))
    .where(dag_run.c.id == inbox.c.dag_run_id)
    .where(job.c.job_type == ONE_RUN_JOB_TYPE, job.c.state == "running")
    .correlate(inbox)
    .scalar_subquery()
)
_TAKE_FOR = (
    select(*INBOX.columns, _about.label("about"), _owner.label("owner"))
    .where(inbox.c.target == "scheduler")
    .where(
        or_(
            inbox.c.recipient == bindparam("me"),
            and_(
                inbox.c.recipient.is_(None),
                or_(_owner.is_(None), _owner == bindparam("me")),
                or_(inbox.c.dag_run_id.is_(None), _driven_apart == 0),
            ),
        )
    )
    .order_by(inbox.c.id)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as the scheduler that asks gets it."""

    message: InboxMessage
    dag_id: str | None
    """The DAG that it is about, also if it names only the run."""
    is_free: bool
    """It is about a DAG that nobody owns: not to be acted upon until somebody does."""


def post(
    conn: Connection,
    *,
    target: str,
    kind: str,
    now: datetime,
    payload: dict[str, Any] | None = None,
    dag_id: str | None = None,
    dag_run_pk: int | None = None,
    recipient: str | None = None,
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
            "recipient": recipient,
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


def post_to(
    conn: Connection,
    recipients: Iterable[str],
    kind: str,
    now: datetime,
    payload: dict[str, Any] | None = None,
) -> None:
    """Leave a message for each of some schedulers. To one that has ended, it is never taken."""
    for recipient in sorted(set(recipients)):
        post(conn, target="scheduler", kind=kind, payload=payload, now=now, recipient=recipient)


def take(conn: Connection, target: str, limit: int) -> list[InboxMessage]:
    """Lock and return the oldest messages; ``delete`` them in the same transaction.

    Messages that another transaction has taken are passed over.
    """
    query = dialect.of(conn).lock_rows(_TAKE, of=inbox, skip_locked=True)
    return INBOX.all(conn.execute(query, {"target": target, "limit": limit}))


def take_for(conn: Connection, scheduler_id: str, limit: int) -> list[Letter]:
    """Return a scheduler's oldest messages; ``delete`` them under its lease, with their effect.

    The lease is their lock: no other scheduler is shown them while it holds.
    """
    rows = conn.execute(_TAKE_FOR, {"me": scheduler_id, "limit": limit})
    return [
        Letter(
            INBOX.make(row[:-2]),
            dag_id=row[-2],
            is_free=row[-2] is not None and row[-1] is None and row.recipient is None,
        )
        for row in rows
    ]


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
