"""Runs as grids and overviews show them: narrow, without their conf."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select, union_all

from slipstream.store.listing import Filter, Page, Window
from slipstream.store.listing.filter import where
from slipstream.store.listing.page import Listing, fetch
from slipstream.store.listing.run import FIELDS
from slipstream.store.schema import dag, dag_run, dag_version


class RunSeen(NamedTuple):
    id: int
    dag_id: str
    run_id: str
    run_type: str
    state: str
    run_after: datetime
    logical_date: datetime | None
    queued_at: datetime
    start_date: datetime | None
    end_date: datetime | None
    triggering_user: str | None
    dag_version_id: str | None
    has_note: bool
    version_number: int | None
    dag_display_name: str


class RecentRun(NamedTuple):
    dag_id: str
    run_id: str
    state: str
    run_type: str
    run_after: datetime
    start_date: datetime | None
    end_date: datetime | None


_OWN = RunSeen._fields[:12]
_SHOWN: Select[Any] = select(
    *(dag_run.c[name] for name in _OWN),
    dag_run.c.note.is_not(None),
    dag_version.c.version_number,
    func.coalesce(dag.c.display_name, dag_run.c.dag_id),
).select_from(
    dag_run.outerjoin(dag, dag.c.dag_id == dag_run.c.dag_id).outerjoin(
        dag_version, dag_version.c.id == dag_run.c.dag_version_id
    )
)
_LISTING = Listing(
    keys=(dag_run.c.id,),
    source=dag_run,
    shown=_SHOWN,
    sortable={"run_after": dag_run.c.run_after, "id": dag_run.c.id},
)
_NEWEST = ("-run_after", "-id")


def _seen(row: Sequence[Any]) -> RunSeen:
    seen = RunSeen._make(row)
    return seen._replace(has_note=bool(seen.has_note))


def page(
    conn: Connection, limit: int, offset: int, filters: Sequence[Filter] = ()
) -> Page[RunSeen]:
    """Return the newest runs that satisfy the filters (see ``listing.run``), by ``run_after``."""
    clauses = where(filters, FIELDS, conn.dialect.name)
    found = fetch(conn, _LISTING, Window(limit, offset, _NEWEST), clauses)
    return Page([_seen(row) for row in found.rows], found.total)


def get(conn: Connection, dag_id: str, run_id: str) -> RunSeen | None:
    """Return a run by its names."""
    query = _SHOWN.where(dag_run.c.dag_id == dag_id, dag_run.c.run_id == run_id)
    row = conn.execute(query).one_or_none()
    return None if row is None else _seen(row)


def newest_in_state(
    conn: Connection, state: str, limit: int, dag_ids: Collection[str] | None
) -> list[RunSeen]:
    """Return the newest runs of a state, of these DAGs or of all."""
    query = _SHOWN.where(dag_run.c.state == state)
    if dag_ids is not None:
        query = query.where(dag_run.c.dag_id.in_(sorted(dag_ids)))
    query = query.order_by(dag_run.c.run_after.desc(), dag_run.c.id.desc()).limit(limit)
    return [_seen(row) for row in conn.execute(query)]


def recent(conn: Connection, dag_ids: Sequence[str], limit: int) -> list[RecentRun]:
    """Return the newest runs of each of these DAGs, newest first, in one statement.

    A branch for each DAG walks its index and stops; a window function would number all runs.
    """
    if not dag_ids or not limit:
        return []

    def of(dag_id: str) -> Select[Any]:
        newest = (
            select(*(dag_run.c[name] for name in RecentRun._fields), dag_run.c.id)
            .where(dag_run.c.dag_id == dag_id)
            .order_by(dag_run.c.run_after.desc(), dag_run.c.id.desc())
            .limit(limit)
            .subquery()
        )
        return select(newest)

    rows = conn.execute(union_all(*(of(dag_id) for dag_id in dag_ids))).all()
    by_age = sorted(rows, key=lambda r: (r.run_after, r.id), reverse=True)
    return [RecentRun._make(row[:-1]) for row in by_age]
