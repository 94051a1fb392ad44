"""``db clean``: archive and delete old rows, in batches, so that no lock is held for long.

Rows that something alive needs stay, however old: active runs, the newest run of each DAG (its
timetable goes on from there), versions that a run or a DAG refers to, jobs that run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, func, select, tuple_
from sqlalchemy import delete as sql_delete

from slipstream.errors import UserError
from slipstream.store import archive, change
from slipstream.store.engine import Store
from slipstream.store.lease import ACTIVE
from slipstream.store.run import AUTOMATED
from slipstream.store.schema import (
    attempt,
    audit_log,
    backfill,
    callback_request,
    dag,
    dag_run,
    dag_version,
    import_error,
    job,
    metadata,
    task_event,
    task_instance,
    xcom,
)

BATCH = 1000
_Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Target:
    """A table that can be cleaned: which rows are old, and which of them must stay."""

    table: Table
    age: Any
    """The column whose time decides."""
    dag_id: Any = None
    """The column by which ``dag_ids`` filters; None: the table knows no DAGs."""
    run_pk: Any = None
    """The reference to the run, for tables that know a DAG only through it."""
    disposable: Callable[[], _Condition] | None = None


def _finished_run() -> _Condition:
    newest = (
        select(dag_run.c.dag_id, func.max(dag_run.c.logical_date))
        .where(dag_run.c.run_type.in_(AUTOMATED))
        .group_by(dag_run.c.dag_id)
        .subquery("newest")
    )
    keys = tuple_(dag_run.c.dag_id, dag_run.c.logical_date)
    return and_(
        dag_run.c.state.not_in(ACTIVE),
        dag_run.c.logical_date.is_(None) | keys.not_in(select(newest)),
    )


def _of_finished_run(run_pk: Any) -> Callable[[], _Condition]:
    return lambda: run_pk.not_in(select(dag_run.c.id).where(dag_run.c.state.in_(ACTIVE)))


def _unused_version() -> _Condition:
    used_by_runs = select(dag_run.c.dag_version_id).where(dag_run.c.dag_version_id.is_not(None))
    used_by_tis = select(task_instance.c.dag_version_id).where(
        task_instance.c.dag_version_id.is_not(None)
    )
    latest = select(dag.c.latest_version_id).where(dag.c.latest_version_id.is_not(None))
    return and_(*(dag_version.c.id.not_in(used) for used in (used_by_runs, used_by_tis, latest)))


TARGETS: dict[str, Target] = {
    "dag_run": Target(dag_run, dag_run.c.run_after, dag_run.c.dag_id, None, _finished_run),
    "task_instance": Target(
        task_instance,
        task_instance.c.start_date,
        None,
        task_instance.c.dag_run_id,
        _of_finished_run(task_instance.c.dag_run_id),
    ),
    "task_instance_history": Target(
        attempt,
        attempt.c.ended_at,
        None,
        attempt.c.dag_run_id,
        _of_finished_run(attempt.c.dag_run_id),
    ),
    "xcom": Target(
        xcom, xcom.c.created_at, None, xcom.c.dag_run_id, _of_finished_run(xcom.c.dag_run_id)
    ),
    "task_event": Target(
        task_event,
        task_event.c.at,
        None,
        task_event.c.dag_run_id,
        _of_finished_run(task_event.c.dag_run_id),
    ),
    "callback_request": Target(
        callback_request, callback_request.c.created_at, None, callback_request.c.dag_run_id
    ),
    "log": Target(audit_log, audit_log.c.when, audit_log.c.dag_id),
    "job": Target(job, job.c.heartbeat_at, disposable=lambda: job.c.id.not_in(_owners_and_hosts())),
    "import_error": Target(import_error, import_error.c.timestamp),
    "dag_version": Target(
        dag_version, dag_version.c.created_at, dag_version.c.dag_id, None, _unused_version
    ),
    "dag": Target(dag, dag.c.last_parsed_at, dag.c.dag_id, None, lambda: dag.c.is_stale.is_(True)),
    "backfill": Target(
        backfill,
        backfill.c.completed_at,
        backfill.c.dag_id,
    ),
}
"""By the names that people type, which are Airflow's where it has such a table."""


_NAMES = {target.table: name for name, target in TARGETS.items()}


def _going_with(table: Table, condition: _Condition) -> Iterator[tuple[Table, _Condition]]:
    """Yield which rows of other tables the database deletes with these."""
    for other in metadata.sorted_tables:
        for reference in other.foreign_keys:
            if reference.column.table is table and reference.ondelete == "CASCADE":
                keys = select(reference.column).where(condition)
                yield other, reference.parent.in_(keys)


def _owners_and_hosts() -> Any:
    return select(job.c.id).where(job.c.state == "running")


def count(
    store: Store,
    before: datetime,
    *,
    tables: Iterable[str] | None = None,
    dag_ids: Iterable[str] | None = None,
    exclude_dag_ids: Iterable[str] | None = None,
) -> dict[str, int]:
    """Return how many rows ``clean`` would delete by each table's own age; same arguments."""
    with store.read() as conn:
        return {
            name: 0 if where is None else _count(conn, TARGETS[name].table, where)
            for name, where in _conditions(before, tables, dag_ids, exclude_dag_ids)
        }


def clean(
    store: Store,
    before: datetime,
    *,
    tables: Iterable[str] | None = None,
    dag_ids: Iterable[str] | None = None,
    exclude_dag_ids: Iterable[str] | None = None,
    batch_size: int = BATCH,
    archive_as: str | None = None,
) -> dict[str, int]:
    """Delete rows older than ``before`` (aware) from ``tables`` (None: all that can be cleaned).

    With ``archive_as``, a suffix, they are copied to archive tables first, and so are those that go
    with their run. Returns the number of rows deleted from each; task instances, attempts, XComs
    and stories that went with their run are not counted. Raises UserError for a table that cannot
    be cleaned.
    """
    if batch_size < 1:
        raise UserError(f"db clean needs a batch size of 1 or more, not {batch_size}.")
    deleted: dict[str, int] = {}
    for name, where in _conditions(before, tables, dag_ids, exclude_dag_ids):
        deleted[name] = 0
        if where is None:
            continue
        while n := store.write(_delete_batch, TARGETS[name].table, where, batch_size, archive_as):
            deleted[name] += n
    return deleted


def _conditions(
    before: datetime,
    tables: Iterable[str] | None,
    dag_ids: Iterable[str] | None,
    exclude_dag_ids: Iterable[str] | None,
) -> list[tuple[str, _Condition | None]]:
    wanted = set(TARGETS) if tables is None else {name.strip() for name in tables}
    unknown = sorted(wanted - TARGETS.keys())
    if unknown:
        raise UserError(
            f"db clean knows no table {', '.join(unknown)}; it knows {', '.join(sorted(TARGETS))}."
        )
    if before.tzinfo is None:
        raise UserError(f"db clean needs a time with a zone, not {before}.")
    given = (
        None if dag_ids is None else sorted(set(dag_ids)),
        None if exclude_dag_ids is None else sorted(set(exclude_dag_ids)),
    )
    return [(n, _condition(TARGETS[n], before, *given)) for n in TARGETS if n in wanted]


def _condition(
    target: Target,
    before: datetime,
    dag_ids: Iterable[str] | None,
    exclude_dag_ids: Iterable[str] | None,
) -> _Condition | None:
    where: _Condition = target.age < before
    if target.disposable is not None:
        where &= target.disposable()
    for ids, keep in ((dag_ids, True), (exclude_dag_ids, False)):
        if ids is None:
            continue
        names = sorted(set(ids))
        if target.dag_id is not None:
            matches = target.dag_id.in_(names)
        elif target.run_pk is not None:
            matches = target.run_pk.in_(select(dag_run.c.id).where(dag_run.c.dag_id.in_(names)))
        elif keep:
            return None  # rows of no DAG are not rows of these DAGs
        else:
            continue
        where &= matches if keep else ~matches
    return where


def _count(conn: Connection, table: Table, where: _Condition) -> int:
    return int(conn.execute(select(func.count()).select_from(table).where(where)).scalar_one())


def _delete_batch(
    conn: Connection, table: Table, where: _Condition, size: int, archive_as: str | None
) -> int:
    keys = list(table.primary_key.columns)
    rows = conn.execute(select(*keys).where(where).order_by(*keys).limit(size)).all()
    if not rows:
        return 0
    if len(keys) == 1:
        condition: _Condition = keys[0].in_([row[0] for row in rows])
    else:
        condition = tuple_(*keys).in_([tuple(row) for row in rows])
    if archive_as is not None:
        going = [(table, condition), *_going_with(table, condition)]
        parts = [archive.Rows(_NAMES.get(each, each.name), each, rows) for each, rows in going]
        archive.copy(conn, parts, archive_as)
    change.note(conn, "deleted")
    return conn.execute(sql_delete(table).where(condition)).rowcount
