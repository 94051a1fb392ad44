"""Dag runs: creation, look-up and deletion. Their state is written by ``decision`` alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, func, select, update
from sqlalchemy import delete as sql_delete

from slipstream.errors import DuplicateRun
from slipstream.state import DagRunState, DagRunTriggeredByType, DagRunType
from slipstream.store import change, dialect, inbox
from slipstream.store.codec import dump, safe_text
from slipstream.store.row import RUN, RunRow
from slipstream.store.schema import dag_run

AUTOMATED = (DagRunType.SCHEDULED.value, DagRunType.BACKFILL.value)

_SELECT = select(*RUN.columns)
_GET = _SELECT.where(dag_run.c.dag_id == bindparam("dag_id"), dag_run.c.run_id == bindparam("run"))
_BY_PK = _SELECT.where(dag_run.c.id == bindparam("pk"))
_BY_DATE = _SELECT.where(
    dag_run.c.dag_id == bindparam("dag_id"), dag_run.c.logical_date == bindparam("logical_date")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """What a new dag run is made of; it starts ``queued``, and ``machine`` moves it from there."""

    dag_id: str
    run_id: str
    run_type: str
    run_after: datetime
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    conf: dict[str, Any] | None = None
    note: str | None = None
    triggered_by: str | None = None
    triggering_user: str | None = None
    partition_key: str | None = None
    dag_version_id: str | None = None
    backfill_id: int | None = None
    owner: str | None = None


def create(conn: Connection, new: NewRun, now: datetime, *, notify: bool = True) -> RunRow:
    """Insert a queued run and, with ``notify``, tell the scheduler by the inbox.

    Raises DuplicateRun, naming the run in the way, when the run id or the logical date is taken.
    """
    values = {
        "dag_id": new.dag_id,
        "run_id": new.run_id,
        "run_type": new.run_type,
        "state": DagRunState.QUEUED.value,
        "logical_date": new.logical_date,
        "data_interval_start": new.data_interval_start,
        "data_interval_end": new.data_interval_end,
        "run_after": new.run_after,
        "queued_at": now,
        "conf": dump(new.conf) if new.conf else None,
        "note": safe_text(new.note),
        "triggered_by": new.triggered_by,
        "triggering_user": new.triggering_user,
        "partition_key": new.partition_key,
        "dag_version_id": new.dag_version_id,
        "backfill_id": new.backfill_id,
        "clear_number": 0,
        "owner": new.owner,
        "updated_at": now,
    }
    pk = dialect.of(conn).insert_new(conn, dag_run, values)
    if pk is None:
        return _same_or_duplicate(conn, new, now)
    if notify:
        inbox.post(
            conn,
            target="scheduler",
            kind="run_created",
            dag_id=new.dag_id,
            dag_run_pk=pk,
            now=now,
        )
    found = get_by_pk(conn, pk)
    assert found is not None
    return found


def _same_or_duplicate(conn: Connection, new: NewRun, now: datetime) -> RunRow:
    found = get(conn, new.dag_id, new.run_id)
    if found is not None:
        if found.queued_at == now and found.triggered_by == new.triggered_by:
            return found  # our own: the commit succeeded, but its answer was lost
        raise DuplicateRun(
            f"DAG {new.dag_id!r} already has a run {new.run_id!r} ({found.state}): "
            "choose another run id, or clear that run."
        )
    other = get_by_logical_date(conn, new.dag_id, new.logical_date) if new.logical_date else None
    taken_by = f"run {other.run_id!r}" if other else "another run"
    raise DuplicateRun(
        f"DAG {new.dag_id!r} already has {taken_by} for the logical date {new.logical_date}: "
        "choose another logical date, or clear that run."
    )


def get(conn: Connection, dag_id: str, run_id: str) -> RunRow | None:
    """Return a run by its names."""
    return RUN.first(conn.execute(_GET, {"dag_id": dag_id, "run": run_id}))


def get_by_pk(conn: Connection, pk: int) -> RunRow | None:
    """Return a run by ``dag_run.id``."""
    return RUN.first(conn.execute(_BY_PK, {"pk": pk}))


def get_many(conn: Connection, pks: Iterable[int]) -> dict[int, RunRow]:
    """Return the runs that exist, by ``dag_run.id``."""
    rows = RUN.all(conn.execute(_SELECT.where(dag_run.c.id.in_(sorted(set(pks))))))
    return {row.id: row for row in rows}


def get_by_logical_date(conn: Connection, dag_id: str, logical_date: datetime) -> RunRow | None:
    """Return the one run of a logical date."""
    return RUN.first(conn.execute(_BY_DATE, {"dag_id": dag_id, "logical_date": logical_date}))


def list_by_logical_date(
    conn: Connection,
    dag_id: str,
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[RunRow]:
    """Return a DAG's runs with a logical date in ``[start, end]`` (None: open), oldest first."""
    query = _SELECT.where(dag_run.c.dag_id == dag_id)
    if start is not None:
        query = query.where(dag_run.c.logical_date >= start)
    if end is not None:
        query = query.where(dag_run.c.logical_date <= end)
    return RUN.all(conn.execute(query.order_by(dag_run.c.logical_date, dag_run.c.id)))


def latest_automated(conn: Connection, dag_id: str) -> RunRow | None:
    """Return the scheduled or backfill run with the newest logical date: where a timetable goes on."""
    return RUN.first(conn.execute(_LATEST_AUTOMATED, {"dag_id": dag_id}))


def latest_automated_of(conn: Connection, dag_ids: Iterable[str]) -> dict[str, RunRow]:
    """Return ``latest_automated`` of many DAGs in one query; DAGs without one are absent."""
    found = conn.execute(_LATEST_AUTOMATED_OF, {"dag_ids": sorted(set(dag_ids))})
    return {row.dag_id: row for row in RUN.all(found)}


def _select_latest_automated_of() -> Select[Any]:
    newest = (
        select(dag_run.c.dag_id, func.max(dag_run.c.logical_date).label("logical_date"))
        .where(dag_run.c.dag_id.in_(_DAG_IDS), dag_run.c.run_type.in_(AUTOMATED))
        .group_by(dag_run.c.dag_id)
        .subquery()
    )
    return _SELECT.join(
        newest,
        (dag_run.c.dag_id == newest.c.dag_id) & (dag_run.c.logical_date == newest.c.logical_date),
    )


_DAG_IDS: BindParameter[str] = bindparam("dag_ids", expanding=True)
# Made once: statements are full of reference cycles, and turns that create runs ask for these.
_LATEST_AUTOMATED = (
    _SELECT.where(dag_run.c.dag_id == bindparam("dag_id"), dag_run.c.run_type.in_(AUTOMATED))
    .order_by(dag_run.c.logical_date.desc())
    .limit(1)
)
_LATEST_AUTOMATED_OF = _select_latest_automated_of()


def previous(
    conn: Connection, dag_id: str, before_logical_date: datetime, state: str | None = None
) -> RunRow | None:
    """Return the run with the newest logical date before the given one, in ``state`` if given."""
    query = _SELECT.where(dag_run.c.dag_id == dag_id, dag_run.c.logical_date < before_logical_date)
    if state is not None:
        query = query.where(dag_run.c.state == state)
    return RUN.first(conn.execute(query.order_by(dag_run.c.logical_date.desc()).limit(1)))


def next_after(conn: Connection, dag_id: str, after_logical_date: datetime) -> RunRow | None:
    """Return the run with the oldest logical date after the given one."""
    return RUN.first(
        conn.execute(
            _SELECT.where(dag_run.c.dag_id == dag_id, dag_run.c.logical_date > after_logical_date)
            .order_by(dag_run.c.logical_date)
            .limit(1)
        )
    )


def count_active(conn: Connection, dag_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return ``(n_running, n_queued)`` for each of the DAGs."""
    counts = {dag_id: [0, 0] for dag_id in dag_ids}
    rows = conn.execute(
        select(dag_run.c.dag_id, dag_run.c.state, func.count())
        .where(
            dag_run.c.state.in_((DagRunState.RUNNING.value, DagRunState.QUEUED.value)),
            dag_run.c.dag_id.in_(sorted(counts)),
        )
        .group_by(dag_run.c.dag_id, dag_run.c.state)
    )
    for dag_id, state, n in rows:
        counts[dag_id][state != DagRunState.RUNNING] = n
    return {dag_id: (n_running, n_queued) for dag_id, (n_running, n_queued) in counts.items()}


def count_by_state(conn: Connection, dag_id: str, run_ids: Iterable[str] = ()) -> dict[str, int]:
    """Return how many runs of a DAG are in each state; only ``run_ids``, if any are given."""
    query = select(dag_run.c.state, func.count()).where(dag_run.c.dag_id == dag_id)
    if wanted := sorted(set(run_ids)):
        query = query.where(dag_run.c.run_id.in_(wanted))
    return {row[0]: row[1] for row in conn.execute(query.group_by(dag_run.c.state))}


def latest_states(conn: Connection, dag_id: str, limit: int) -> list[str]:
    """Return the states of a DAG's newest runs by ``run_after``, backfills included."""
    return list(
        conn.scalars(
            select(dag_run.c.state)
            .where(dag_run.c.dag_id == dag_id)
            .order_by(dag_run.c.run_after.desc(), dag_run.c.id.desc())
            .limit(limit)
        )
    )


def list_quarantined(conn: Connection, dag_ids: Iterable[str]) -> list[RunRow]:
    """Return the DAGs' unfinished runs that a scheduler set aside."""
    return RUN.all(
        conn.execute(
            _SELECT.where(
                dag_run.c.dag_id.in_(sorted(set(dag_ids))),
                dag_run.c.quarantined.is_not(None),
                dag_run.c.state.in_((DagRunState.RUNNING.value, DagRunState.QUEUED.value)),
            ).order_by(dag_run.c.run_after, dag_run.c.id)
        )
    )


def list_queued(conn: Connection, owner: str) -> list[RunRow]:
    """Return a scheduler's runs that wait for a slot of max_active_runs, oldest first."""
    return RUN.all(
        conn.execute(
            _SELECT.where(
                dag_run.c.owner == owner, dag_run.c.state == DagRunState.QUEUED.value
            ).order_by(dag_run.c.run_after, dag_run.c.id)
        )
    )


def set_note(conn: Connection, pk: int, note: str | None) -> None:
    """Set or remove the note that a person left on a run."""
    conn.execute(update(dag_run).where(dag_run.c.id == pk).values(note=safe_text(note)))
    change.note_run(conn, pk)


def join_backfill(conn: Connection, pk: int, backfill_id: int, conf: dict[str, Any] | None) -> None:
    """Make a finished run one of a backfill's; ``conf`` None keeps the run's own."""
    values: dict[str, Any] = {
        "backfill_id": backfill_id,
        "run_type": DagRunType.BACKFILL.value,
        "triggered_by": DagRunTriggeredByType.BACKFILL.value,
    }
    if conf is not None:
        values["conf"] = dump(conf)
    conn.execute(update(dag_run).where(dag_run.c.id == pk).values(values))
    change.note_run(conn, pk)


def set_quarantined(conn: Connection, pk: int, reason: str | None) -> None:
    """Set the run aside, with the reason in words, or take it back (None)."""
    conn.execute(
        update(dag_run).where(dag_run.c.id == pk).values(quarantined=safe_text(reason, 8000))
    )
    change.note_run(conn, pk)


def delete(conn: Connection, pk: int) -> bool:
    """Delete a run with all that hangs on it; False when there was none."""
    change.note_run(conn, pk, "deleted")
    return conn.execute(sql_delete(dag_run).where(dag_run.c.id == pk)).rowcount > 0
