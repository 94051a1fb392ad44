"""Attempts: what worker hosts write, by compare-and-set on the attempt id.

A start is accepted while the attempt is queued, a finish while it is running; a message that
says exactly what the row already holds is accepted once more, because it is the same message
whose first answer got lost. All else is refused: another host has it, or the scheduler closed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from slipstream.attempt import Outcome
from slipstream.clock import utcnow
from slipstream.errors import UserError
from slipstream.state import TaskInstanceState
from slipstream.store import dialect, xcom
from slipstream.store.codec import dump, safe_text
from slipstream.store.dialect.lean import Row
from slipstream.store.later import Later
from slipstream.store.lease import ACTIVE
from slipstream.store.row import ATTEMPT, AttemptRow
from slipstream.store.schema import attempt, dag_run

_SELECT = select(*ATTEMPT.columns)
_BY_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_STARTED_AS = select(attempt.c.id, attempt.c.host_id, attempt.c.pid, attempt.c.started_at).where(
    attempt.c.id.in_(_BY_IDS), attempt.c.state == "running"
)
_ENDED_AS = select(attempt.c.id, attempt.c.outcome).where(
    attempt.c.id.in_(_BY_IDS), attempt.c.state == "done"
)
_WHERE_IS = select(
    attempt.c.id, attempt.c.dag_run_id, attempt.c.task_id, attempt.c.map_index
).where(attempt.c.id.in_(_BY_IDS))
# By way of the few active runs: an index of what is open would be written three times per attempt.
_OF_OWNER = _SELECT.join(dag_run, dag_run.c.id == attempt.c.dag_run_id).where(
    dag_run.c.owner == bindparam("owner"),
    dag_run.c.state.in_(ACTIVE),
    attempt.c.applied.is_(False),
)
_UNAPPLIED = _OF_OWNER.where(attempt.c.state == "done").order_by(attempt.c.id)
_OPEN = _OF_OWNER.where(attempt.c.state.in_(("queued", "running"))).order_by(attempt.c.id)


@dataclass(frozen=True, slots=True)
class AttemptStart:
    """A worker host is about to run an attempt."""

    attempt_id: str
    host_id: str
    hostname: str
    pid: int
    started_at: datetime


class UnstorableOutcome(UserError):
    """XComs that do not fit the database: send those attempts' outcomes again, as failures.

    ``reasons`` says why, by attempt id.
    """

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(reasons.values()))
        self.reasons = reasons


def start(conn: Connection, starts: Sequence[AttemptStart]) -> Later[set[str]]:
    """Move attempts from queued to running; the ids that their host may run are known later."""
    rows = [
        {
            "id": s.attempt_id,
            "state": "running",
            "host_id": s.host_id,
            "hostname": safe_text(s.hostname, 255),
            "pid": s.pid,
            "started_at": s.started_at,
        }
        for s in starts
    ]
    updated = dialect.of(conn).compare_and_set(conn, attempt, "queued", rows)

    def accepted() -> set[str]:
        ids = updated()
        rest = {s.attempt_id: s for s in starts if s.attempt_id not in ids}
        if rest:
            for id, host_id, pid, started_at in conn.execute(_STARTED_AS, {"ids": list(rest)}):
                mine = rest[id]
                if (host_id, pid, started_at) == (mine.host_id, mine.pid, mine.started_at):
                    ids.add(id)
        return ids

    return Later(accepted)


def finish(conn: Connection, outcomes: Sequence[Outcome]) -> Later[set[str]]:
    """Move attempts from running to done, with their XComs; the accepted ids are known later.

    A refused outcome leaves no trace: its XComs are not written. Raises UnstorableOutcome if an
    XCom does not fit the database.
    """
    db = dialect.of(conn)
    xcoms = _encode_xcoms(conn, [o for o in outcomes if o.xcoms])
    texts = {o.attempt_id: _outcome_text(o) for o in outcomes}
    plain, rendered = [], []
    for o in outcomes:
        row = {
            "id": o.attempt_id,
            "state": "done",
            "ended_at": o.ended_at,
            "outcome": texts[o.attempt_id],
        }
        if o.rendered_fields is None:  # there may be some, written while the attempt ran
            plain.append(row)
        else:
            rendered.append({**row, "rendered_fields": dump(o.rendered_fields)})
    updates = [db.compare_and_set(conn, attempt, "running", rows) for rows in (plain, rendered)]

    def updated() -> set[str]:
        return set().union(*(ids() for ids in updates))

    if xcoms:
        fresh = updated()
        xcom.insert_rows(conn, [row for id in sorted(fresh & xcoms.keys()) for row in xcoms[id]])

    def accepted() -> set[str]:
        ids = updated()
        rest = [o.attempt_id for o in outcomes if o.attempt_id not in ids]
        if rest:
            told_before = conn.execute(_ENDED_AS, {"ids": rest})
            ids |= {id for id, text in told_before if text == texts[id]}
        return ids

    return Later(accepted)


def _outcome_text(outcome: Outcome) -> str:
    data = outcome.to_json()
    data.pop("xcoms", None)
    data.pop("rendered_fields", None)
    data.pop("token", None)
    return dump(data)


def _encode_xcoms(conn: Connection, outcomes: list[Outcome]) -> dict[str, Sequence[Row]]:
    """Return the XComs' rows by attempt id, and lock the runs that they refer to."""
    if not outcomes:
        return {}
    placed = {
        row.id: (row.dag_run_id, row.task_id, row.map_index)
        for row in conn.execute(_WHERE_IS, {"ids": [o.attempt_id for o in outcomes]})
    }
    dialect.of(conn).lock_parents(conn, dag_run, {pk for pk, _, _ in placed.values()})
    encoded: dict[str, Sequence[Row]] = {}
    unstorable: dict[str, str] = {}
    for outcome in outcomes:
        if outcome.attempt_id not in placed:
            continue
        pk, task_id, map_index = placed[outcome.attempt_id]
        entries = [
            xcom.NewXCom(
                dag_run_id=pk,
                task_id=entry.get("task_id", task_id),
                map_index=entry.get("map_index", map_index),
                key=entry["key"],
                value=entry["value"],
            )
            for entry in outcome.xcoms or ()
        ]
        try:
            encoded[outcome.attempt_id] = xcom.encode(conn, entries, outcome.ended_at or utcnow())
        except xcom.Unstorable as error:
            unstorable[outcome.attempt_id] = str(error)
    if unstorable:
        raise UnstorableOutcome(unstorable)
    return encoded


def save_rendered_fields(conn: Connection, items: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Write the rendered fields of attempts that run; those of attempts that are over are dropped."""
    rows = [{"id": id, "rendered_fields": dump(fields)} for id, fields in items]
    dialect.of(conn).compare_and_set(conn, attempt, "running", rows)


def finish_lost(conn: Connection, ids: Iterable[str], reason: str, now: datetime) -> set[str]:
    """End queued or running attempts whose host is gone; return those that this call ended."""
    wanted = sorted(set(ids))
    rows = [
        {
            "id": id,
            "state": "done",
            "ended_at": now,
            "outcome": _outcome_text(
                Outcome(
                    attempt_id=id,
                    state=TaskInstanceState.FAILED,
                    ended_at=now,
                    host_lost=True,
                    error=reason,
                    callbacks_done=False,
                )
            ),
        }
        for id in wanted
    ]
    db = dialect.of(conn)
    ended = db.compare_and_set(conn, attempt, "running", rows)()
    rest = [row for row in rows if row["id"] not in ended]
    return ended | db.compare_and_set(conn, attempt, "queued", rest)()


def unapplied(conn: Connection, owner: str) -> list[AttemptRow]:
    """Return the done attempts of a scheduler's runs whose outcome it has not applied yet."""
    return ATTEMPT.all(conn.execute(_UNAPPLIED, {"owner": owner}))


def open(conn: Connection, owner: str) -> list[AttemptRow]:
    """Return the queued and running attempts of a scheduler's runs."""
    return ATTEMPT.all(conn.execute(_OPEN, {"owner": owner}))


def get(conn: Connection, id: str) -> AttemptRow | None:
    """Return an attempt."""
    return ATTEMPT.first(conn.execute(_SELECT.where(attempt.c.id == id)))


def is_over(conn: Connection, id: str) -> bool:
    """Say whether an attempt has ended; one that has not stays so until the transaction ends."""
    state = conn.execute(
        select(attempt.c.state).where(attempt.c.id == id).with_for_update(read=True)
    ).scalar()
    return state == "done"


def get_many(conn: Connection, ids: Iterable[str]) -> dict[str, AttemptRow]:
    """Return the attempts that exist, by id."""
    rows = ATTEMPT.all(conn.execute(_SELECT.where(attempt.c.id.in_(_BY_IDS)), {"ids": list(ids)}))
    return {row.id: row for row in rows}


def list_tries(conn: Connection, pk: int, task_id: str, map_index: int = -1) -> list[AttemptRow]:
    """Return all attempts of a task instance, oldest first; a try may have had several."""
    return ATTEMPT.all(
        conn.execute(
            _SELECT.where(
                attempt.c.dag_run_id == pk,
                attempt.c.task_id == task_id,
                attempt.c.map_index == map_index,
            ).order_by(attempt.c.try_number, attempt.c.id)
        )
    )
