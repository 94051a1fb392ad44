"""What the execution API, and hosts whose scheduler is gone, need to know of attempts.

The compare-and-sets themselves are in ``attempt``; here is whose an attempt is, whether its host
should go on with it, and how one ends that no host can begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, exists, insert, select

from slipstream.attempt import Outcome, new_id
from slipstream.state import TaskInstanceState
from slipstream.store import change, dialect
from slipstream.store.codec import dump, safe_text
from slipstream.store.schema import attempt, callback_request, dag_run, job, task_instance

_BY_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_PLACES = select(
    attempt.c.id,
    attempt.c.dag_run_id,
    attempt.c.task_id,
    attempt.c.map_index,
    attempt.c.state,
    attempt.c.host_id,
).where(attempt.c.id.in_(_BY_IDS))
_CALLBACK_RUNS = select(callback_request.c.id, callback_request.c.dag_run_id).where(
    callback_request.c.id.in_(_BY_IDS)
)
_IS_CLEARED = exists().where(
    task_instance.c.dag_run_id == attempt.c.dag_run_id,
    task_instance.c.task_id == attempt.c.task_id,
    task_instance.c.map_index == attempt.c.map_index,
    task_instance.c.state == "restarting",
)
_WANTED = select(attempt.c.id).where(
    attempt.c.id.in_(_BY_IDS),
    attempt.c.state == "running",
    attempt.c.host_id == bindparam("host_id"),
    ~_IS_CLEARED,
)
_CALLER = (
    select(
        attempt.c.id,
        dag_run.c.dag_id,
        dag_run.c.run_id,
        attempt.c.dag_run_id,
        attempt.c.task_id,
        attempt.c.map_index,
    )
    .join(dag_run, dag_run.c.id == attempt.c.dag_run_id)
    .where(attempt.c.id == bindparam("id"), attempt.c.state.in_(("queued", "running")))
)
_CALLBACK_CALLER = (
    select(
        callback_request.c.id,
        dag_run.c.dag_id,
        dag_run.c.run_id,
        callback_request.c.dag_run_id,
        callback_request.c.task_id,
        callback_request.c.map_index,
    )
    .join(dag_run, dag_run.c.id == callback_request.c.dag_run_id)
    .where(callback_request.c.id == bindparam("id"))
)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose an attempt is, and where it stands."""

    dag_run_id: int
    task_id: str
    map_index: int
    state: str
    host_id: str | None


def places(conn: Connection, ids: Iterable[str]) -> dict[str, Place]:
    """Return whose these attempts are; those that do not exist are left out."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {row[0]: Place(*row[1:]) for row in conn.execute(_PLACES, {"ids": wanted})}


def runs_of_callbacks(conn: Connection, ids: Iterable[str]) -> dict[str, int]:
    """Return the run of each callback request that is still due."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {row[0]: row[1] for row in conn.execute(_CALLBACK_RUNS, {"ids": wanted})}


def unwanted(conn: Connection, host_id: str, ids: Iterable[str]) -> frozenset[str]:
    """Return which of the attempts that run on a host nobody wants any more.

    They were closed by mark or by loss, belong to another host, or were cleared.
    """
    asked = frozenset(ids)
    if not asked:
        return asked
    return asked - set(conn.scalars(_WANTED, {"ids": list(asked), "host_id": host_id}))


def caller(conn: Connection, id: str, *, is_callback: bool) -> dict[str, Any] | None:
    """Return on whose behalf a request is made, as a workload's keys; None once that is over."""
    row = conn.execute(_CALLBACK_CALLER if is_callback else _CALLER, {"id": id}).first()
    if row is None:
        return None
    attempt_id, dag_id, run_id, pk, task_id, map_index = row
    return {
        "attempt_id": attempt_id,
        "dag_id": dag_id,
        "run_id": run_id,
        "dag_run_pk": pk,
        "task_id": task_id or "",
        "map_index": -1 if map_index is None else map_index,
        "callback": "of a remote host" if is_callback else None,
    }


def refuse(conn: Connection, reasons: Mapping[str, str], now: datetime) -> set[str]:
    """End queued attempts that no host can begin; return those that this call ended."""
    rows = [
        {
            "id": id,
            "state": "done",
            "ended_at": now,
            "outcome": dump(
                Outcome(
                    attempt_id=id,
                    state=TaskInstanceState.FAILED,
                    ended_at=now,
                    error=safe_text(reason, 4000),
                    callbacks_done=False,
                ).to_json()
            ),
        }
        for id, reason in sorted(reasons.items())
    ]
    return dialect.of(conn).compare_and_set(conn, attempt, "queued", rows)()


def register_host(
    conn: Connection,
    *,
    hostname: str,
    pid: int,
    pid_started: float | None,
    executor: str,
    now: datetime,
) -> str:
    """Add a worker host of another machine as a running job and return its id."""
    id = new_id()
    conn.execute(
        insert(job).values(
            id=id,
            job_type="WorkerHost",
            state="running",
            hostname=safe_text(hostname, 255),
            pid=pid,
            pid_started=pid_started,
            executor=safe_text(executor, 250),
            started_at=now,
            heartbeat_at=now,
        )
    )
    change.note(conn, "jobs")
    return id
