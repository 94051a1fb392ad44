"""DAGs and their versions: look-up, pausing, the next run, deletion.

What parsing files writes is in ``dag_save``; ``upsert_file`` and its arguments are exported here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy import delete as sql_delete

from slipstream.spec import DagSpec
from slipstream.store import change
from slipstream.store.codec import unpack
from slipstream.store.dag_save import upsert_file
from slipstream.store.parsed import (
    KEEP,
    Keep,
    ParsedDag,
    ParsedError,
    ParsedFile,
    Saved,
    next_run_values,
)
from slipstream.store.row import DAG, DAG_VERSION, DAG_WARNING, DagRow, DagVersionRow, DagWarningRow
from slipstream.store.schema import (
    backfill,
    dag,
    dag_lease,
    dag_run,
    dag_source,
    dag_tag,
    dag_version,
    dag_warning,
    inbox,
)

if TYPE_CHECKING:
    from slipstream.timetable.base import NextRun

__all__ = [
    "KEEP",
    "Keep",
    "ParsedDag",
    "ParsedError",
    "ParsedFile",
    "Saved",
    "delete",
    "due",
    "get",
    "get_many",
    "in_files",
    "latest_spec",
    "latest_specs",
    "list_all",
    "list_owned",
    "mark_stale",
    "set_next_run",
    "set_paused",
    "source",
    "spec",
    "tags",
    "upsert_file",
    "version",
    "versions",
    "warnings",
]

_SELECT = select(*DAG.columns)
_GET = _SELECT.where(dag.c.dag_id == bindparam("dag_id"))
_DUE = (
    _SELECT.where(
        dag.c.next_run_after <= bindparam("now"),
        dag.c.is_paused.is_(False),
        dag.c.is_stale.is_(False),
    )
    .order_by(dag.c.next_run_after, dag.c.dag_id)
    .limit(bindparam("limit"))
)
_SET_NEXT_RUN = update(dag).where(dag.c.dag_id == bindparam("of_dag"))
_SPEC = select(dag_version.c.spec).where(dag_version.c.id == bindparam("id"))
_LATEST_SPEC = (
    select(dag_version.c.id, dag_version.c.spec)
    .join(dag, dag.c.latest_version_id == dag_version.c.id)
    .where(dag.c.dag_id == bindparam("dag_id"))
)


def get(conn: Connection, dag_id: str) -> DagRow | None:
    """Return a DAG, stale or not."""
    return DAG.first(conn.execute(_GET, {"dag_id": dag_id}))


def get_many(conn: Connection, dag_ids: Iterable[str]) -> dict[str, DagRow]:
    """Return the DAGs that exist, by id."""
    rows = DAG.all(conn.execute(_SELECT.where(dag.c.dag_id.in_(sorted(set(dag_ids))))))
    return {row.dag_id: row for row in rows}


def list_all(conn: Connection, *, stale: bool = True) -> list[DagRow]:
    """Return all DAGs by id; without ``stale``, only those that a file defines now."""
    query = _SELECT if stale else _SELECT.where(dag.c.is_stale.is_(False))
    return DAG.all(conn.execute(query.order_by(dag.c.dag_id)))


def list_owned(conn: Connection, owner: str) -> list[DagRow]:
    """Return a scheduler's DAGs by id."""
    query = _SELECT.join(dag_lease, dag_lease.c.dag_id == dag.c.dag_id)
    return DAG.all(conn.execute(query.where(dag_lease.c.owner == owner).order_by(dag.c.dag_id)))


def due(conn: Connection, now: datetime, limit: int = 1000) -> list[DagRow]:
    """Return the active DAGs whose next run is due, the longest overdue first."""
    return DAG.all(conn.execute(_DUE, {"now": now, "limit": limit}))


def set_paused(conn: Connection, dag_id: str, paused: bool) -> bool:
    """Pause or unpause a DAG; False when there is none."""
    statement = update(dag).where(dag.c.dag_id == dag_id).values(is_paused=paused)
    if conn.execute(statement).rowcount == 0:
        return False
    change.note(conn, "dag", dag_id=dag_id)
    return True


def set_next_run(conn: Connection, dag_id: str, next_run: NextRun | None) -> None:
    """Set when the next automated run is due; None: there is none, or it is being computed."""
    conn.execute(_SET_NEXT_RUN, {"of_dag": dag_id, **next_run_values(next_run)})


def spec(conn: Connection, version_id: str) -> DagSpec | None:
    """Return the spec of a DAG version."""
    packed = conn.execute(_SPEC, {"id": version_id}).scalar()
    return None if packed is None else cast(DagSpec, unpack(packed))


def latest_spec(conn: Connection, dag_id: str) -> tuple[str, DagSpec] | None:
    """Return ``(version_id, spec)`` of a DAG's newest version."""
    found = conn.execute(_LATEST_SPEC, {"dag_id": dag_id}).first()
    return None if found is None else (found.id, cast(DagSpec, unpack(found.spec)))


def latest_specs(conn: Connection, dag_ids: Iterable[str]) -> dict[str, tuple[str, DagSpec]]:
    """Return ``latest_spec`` of many DAGs in one query; DAGs without one are absent."""
    rows = conn.execute(
        select(dag.c.dag_id, dag_version.c.id, dag_version.c.spec)
        .join(dag_version, dag.c.latest_version_id == dag_version.c.id)
        .where(dag.c.dag_id.in_(sorted(set(dag_ids))))
    )
    return {row.dag_id: (row.id, cast(DagSpec, unpack(row.spec))) for row in rows}


def version(conn: Connection, version_id: str) -> DagVersionRow | None:
    """Return a DAG version, without its spec."""
    return DAG_VERSION.first(
        conn.execute(select(*DAG_VERSION.columns).where(dag_version.c.id == version_id))
    )


def versions(conn: Connection, dag_id: str) -> list[DagVersionRow]:
    """Return the versions of a DAG, oldest first, without their specs."""
    return DAG_VERSION.all(
        conn.execute(
            select(*DAG_VERSION.columns)
            .where(dag_version.c.dag_id == dag_id)
            .order_by(dag_version.c.version_number)
        )
    )


def source(conn: Connection, version_id: str) -> str | None:
    """Return the source text of the file that defined a DAG version."""
    return conn.execute(
        select(dag_source.c.content)
        .join(dag_version, dag_version.c.source_hash == dag_source.c.source_hash)
        .where(dag_version.c.id == version_id)
    ).scalar()


def tags(conn: Connection, dag_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the tags of each of the DAGs, sorted."""
    found: dict[str, list[str]] = {dag_id: [] for dag_id in dag_ids}
    rows = conn.execute(
        select(dag_tag.c.dag_id, dag_tag.c.name)
        .where(dag_tag.c.dag_id.in_(sorted(found)))
        .order_by(dag_tag.c.dag_id, dag_tag.c.name)
    )
    for dag_id, name in rows:
        found[dag_id].append(name)
    return found


def warnings(conn: Connection, dag_id: str | None = None) -> list[DagWarningRow]:
    """Return the warnings of one DAG, or of all."""
    query = select(*DAG_WARNING.columns)
    if dag_id is not None:
        query = query.where(dag_warning.c.dag_id == dag_id)
    return DAG_WARNING.all(
        conn.execute(query.order_by(dag_warning.c.dag_id, dag_warning.c.warning_type))
    )


def mark_stale(conn: Connection, dag_ids: Iterable[str]) -> set[str]:
    """Mark DAGs whose file is gone; return those that were not stale before."""
    wanted = dag.c.dag_id.in_(sorted(set(dag_ids))) & dag.c.is_stale.is_(False)
    fresh = set(conn.scalars(select(dag.c.dag_id).where(wanted)))
    if fresh:
        conn.execute(
            update(dag)
            .where(dag.c.dag_id.in_(sorted(fresh)))
            .values(is_stale=True, **next_run_values(None))
        )
        change.note_dags(conn, fresh)
    return fresh


def in_files(
    conn: Connection, bundle_name: str, relative_filelocs: Iterable[str] | None = None
) -> dict[str, str]:
    """Return ``dag_id -> relative_fileloc`` of a bundle's DAGs that are not stale."""
    query = select(dag.c.dag_id, dag.c.relative_fileloc).where(
        dag.c.bundle_name == bundle_name, dag.c.is_stale.is_(False)
    )
    if relative_filelocs is not None:
        query = query.where(dag.c.relative_fileloc.in_(sorted(set(relative_filelocs))))
    return {row.dag_id: row.relative_fileloc for row in conn.execute(query)}


def delete(conn: Connection, dag_id: str) -> int:
    """Delete a DAG with all its rows: runs, task instances, versions, warnings; return their count.

    Its file brings it back, without its history, when it is parsed again.
    """
    deleted = 0
    for table in _WITH_DAG_ID:
        deleted += conn.execute(sql_delete(table).where(table.c.dag_id == dag_id)).rowcount
    # Orders about runs that are gone; dag_changed tells the scheduler that the DAG is, too.
    conn.execute(
        sql_delete(inbox).where(
            inbox.c.dag_id == dag_id, inbox.c.target == "scheduler", inbox.c.kind != "dag_changed"
        )
    )
    orphaned = dag_source.c.source_hash.not_in(
        select(dag_version.c.source_hash).where(dag_version.c.source_hash.is_not(None))
    )
    conn.execute(sql_delete(dag_source).where(orphaned))
    if deleted:
        change.note(conn, "deleted", dag_id=dag_id)
    return deleted


# In the order of locks; dag takes its tags, dag_run its task instances, attempts, XComs and stories.
_WITH_DAG_ID = (dag, dag_run, dag_version, dag_warning, backfill)
